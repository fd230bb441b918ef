//! What rules dropped, kept to be shown: the companion of a filtered feed.
//!
//! Off until [`Feed::watch_drops`]; costs a copy of each dropped item.

use super::{Feed, FeedError, Field, Place};

/// Dropped items as text, and the rule that dropped each, in the order in which they went.
pub(super) type Dropped = Vec<(String, &'static str)>;

impl Feed {
    /// From now on items that rules drop are remembered.
    pub fn watch_drops(&mut self) {
        self.dropped.get_or_insert_default();
    }

    /// The items that are left, where drops are watched: for [`Feed::remember_dropped`].
    pub fn watched(&self) -> Option<Vec<Place>> {
        self.dropped.as_ref().map(|_| self.items())
    }

    /// Remembers which of the items `before` the rule `by` are gone. It must not have added any.
    pub fn remember_dropped(&mut self, by: &'static str, before: Option<Vec<Place>>) {
        let Some(before) = before else { return };
        let left: std::collections::HashSet<Place> = self.items().into_iter().collect();
        let gone: Vec<Place> = before.into_iter().filter(|item| !left.contains(item)).collect();
        let texts = self.raw_items(&gone);
        if let Some(dropped) = &mut self.dropped {
            dropped.extend(texts.into_iter().map(|text| (text, by)));
        }
    }

    /// Turns the feed into one of the items that were dropped, each with a category that names the rule (`dropped by keep`).
    ///
    /// # Errors
    /// [`FeedError`]: the whole would exceed a bound.
    pub fn show_dropped(&mut self) -> Result<(), FeedError> {
        let dropped = self.dropped.take().unwrap_or_default();
        self.select_all();
        self.truncate(0);
        let texts: Vec<&str> = dropped.iter().map(|(text, _)| text.as_str()).collect();
        self.insert_items(&texts, 0)?;
        for (item, (_, by)) in self.items().into_iter().zip(&dropped) {
            self.add(item, Field::Category, &format!("dropped by {by}"));
        }
        let title = self.first(Place::Head, Field::Title).unwrap_or_default().into_owned();
        self.set(Place::Head, Field::Title, &format!("{title} (dropped)"));
        Ok(())
    }
}
