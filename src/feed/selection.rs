//! Which items there are, in which order, and which of them a rule may see.
//!
//! A selection narrows the feed to some of its items for one rule: what the rule does not see stays as it is and where it
//! stands, and the feed's head stays out of its sight too.

use super::{Feed, Place};

impl Feed {
    /// The items that are left and may be seen, in their order.
    pub fn items(&self) -> Vec<Place> {
        self.order.iter().filter(|item| self.sees(**item)).map(|item| Place::Item(*item)).collect()
    }

    /// The head and the items that are left; of a selection, its items only.
    pub fn places(&self) -> Vec<Place> {
        let head = if self.selected.is_none() { Some(Place::Head) } else { None };
        head.into_iter().chain(self.items()).collect()
    }

    /// Until [`Feed::select_all`] only `items` are seen, kept, dropped, counted and ordered.
    pub fn select(&mut self, items: &[Place]) {
        let mut selected = vec![false; self.items.len()];
        for item in items {
            if let Place::Item(item) = item
                && let Some(seen) = selected.get_mut(*item as usize)
            {
                *seen = true;
            }
        }
        self.selected = Some(selected);
    }

    /// Ends a selection.
    pub fn select_all(&mut self) {
        self.selected = None;
    }

    fn sees(&self, item: u32) -> bool {
        self.selected.as_ref().is_none_or(|seen| seen.get(item as usize).is_some_and(|seen| *seen))
    }

    /// Keeps the items for which `keep` says so, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(&Feed, Place) -> bool) {
        let mut order = std::mem::take(&mut self.order);
        order.retain(|item| !self.sees(*item) || keep(self, Place::Item(*item)));
        self.order = order;
    }

    /// Keeps the first `count` items.
    pub fn truncate(&mut self, count: usize) {
        let mut left = count;
        self.retain(|_, _| {
            let fits = left > 0;
            left = left.saturating_sub(1);
            fits
        });
    }

    /// Puts the items into the order of `key`; equal ones stay as they stand. Selected items change places with each other.
    pub fn sort_by_key<K: Ord>(&mut self, mut key: impl FnMut(&Feed, Place) -> K) {
        let places: Vec<usize> =
            self.order.iter().enumerate().filter(|(_, item)| self.sees(**item)).map(|(place, _)| place).collect();
        let items = places.iter().filter_map(|place| self.order.get(*place).copied());
        let mut keyed: Vec<(K, u32)> = items.map(|item| (key(self, Place::Item(item)), item)).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        for (place, (_, item)) in places.into_iter().zip(keyed) {
            if let Some(at) = self.order.get_mut(place) {
                *at = item;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Field;

    const FEED: &str = "<rss version=\"2.0\"><channel><title>t</title>\
        <item><title>d</title></item><item><title>C</title></item><item><title>b</title></item><item><title>A</title></item>\
        </channel></rss>";

    /// The titles that are left, after `act` on the items in small letters.
    fn titles(act: impl Fn(&mut Feed)) -> String {
        let mut feed = Feed::read(FEED.as_bytes(), None, None).unwrap();
        let title = |feed: &Feed, item: &Place| feed.first(*item, Field::Title).unwrap_or_default().into_owned();
        let small: Vec<_> =
            feed.items().into_iter().filter(|item| title(&feed, item).to_lowercase() == title(&feed, item)).collect();
        feed.select(&small);
        act(&mut feed);
        feed.select_all();
        feed.items().iter().map(|item| title(&feed, item)).collect()
    }

    #[test]
    fn what_is_not_selected_stays_where_it_stands() {
        assert_eq!(titles(|feed| feed.retain(|_, _| false)), "CA");
        assert_eq!(titles(|feed| feed.truncate(1)), "dCA");
        assert_eq!(
            titles(|feed| feed.sort_by_key(|feed, item| feed.first(item, Field::Title).map(String::from))),
            "bCdA"
        );
        assert_eq!(titles(|feed| assert_eq!(feed.places().len(), 2)), "dCbA");
    }
}
