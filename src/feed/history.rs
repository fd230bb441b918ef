//! A feed that has more items than it shows: which item is which, what the feed looks like as a window on them, and where the rest
//! is to be had (RFC 5005 §4; JSON Feed's `next_url`).

use super::names::Ns;
use super::shapes::{Body, Element, string};
use super::{Feed, FeedError, Field, Kind, Place};
use crate::base::clock::Time;

/// Where a document stands among those that have the whole feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The feed with the newest items: given in archives only.
    pub current: Option<String>,
    /// The archive before this document.
    pub older: Option<String>,
    /// The archive after this one.
    pub newer: Option<String>,
}

/// Rels that say where the rest of a feed is. Upstream's would lead around ours.
const RELS: [&str; 7] = ["current", "prev-archive", "next-archive", "next", "previous", "first", "last"];

impl Feed {
    /// What tells an item from the others of its feed, before any rule: its id, else its link, else its title and date.
    pub fn identity(&self, item: Place) -> String {
        let first = |field: Field| {
            let mut found = self.slots(item).filter(|slot| slot.field == field);
            found.find_map(|slot| Some(self.original(&slot).trim().to_owned()).filter(|value| !value.is_empty()))
        };
        match (first(Field::Id), first(Field::Link)) {
            (Some(id), _) => format!("id {id}"),
            (None, Some(link)) => format!("link {link}"),
            (None, None) => {
                let parts =
                    [Field::Title, Field::Published, Field::Enclosure, Field::Summary, Field::Content].map(first);
                format!("parts {parts:?}")
            }
        }
    }

    /// Gives items without a readable date the time that `seen` has for their identity.
    pub fn date_undated(&mut self, mut seen: impl FnMut(&str) -> Option<Time>) {
        for item in self.items() {
            if self.date(item).is_none()
                && let Some(time) = seen(&self.identity(item))
            {
                self.set_date(item, Field::Published, time);
            }
        }
    }

    /// The feed with other items, which are given as raw items of its family.
    ///
    /// # Errors
    /// As [`Feed::insert_items`].
    pub fn with_items_only(mut self, raw: &[impl AsRef<str>]) -> Result<Feed, FeedError> {
        self.truncate(0);
        if raw.is_empty() {
            return Ok(self);
        }
        self.insert_items(raw, 0)?;
        Ok(self)
    }

    /// Says where the rest of the feed is, in place of what the feed says of it. An archive is marked as one.
    pub fn set_links(&mut self, links: &Links) {
        let is_history = |slot: &super::Slot| {
            let rel = self.attribute(slot.node, "rel").unwrap_or_default();
            slot.kind == Kind::Url && RELS.iter().any(|known| known.eq_ignore_ascii_case(rel.trim()))
        };
        for slot in self.slots(Place::Head).filter(is_history).collect::<Vec<_>>() {
            self.remove(Place::Head, &slot);
        }
        if self.format.is_json() {
            let next = self
                .slots(Place::Head)
                .find(|slot| self.document.tree.node(slot.node).name(&self.source) == "next_url");
            match (next, &links.older) {
                (Some(slot), Some(older)) => self.set_value(&slot, older.clone()),
                (Some(slot), None) => drop(self.remove(Place::Head, &slot)),
                (None, Some(older)) => drop(self.add_member(Place::Head, None, "next_url", &string(older))),
                (None, None) => {}
            }
            return;
        }
        if links.current.is_some() {
            self.add_element(Place::Head, None, &Element::of(Some(Ns::History), "archive", Body::Empty));
        }
        let ns = if self.root_ns == Ns::Rss { Some(Ns::Atom10) } else { None };
        let all = [("current", &links.current), ("prev-archive", &links.older), ("next-archive", &links.newer)];
        for (rel, address) in all {
            if let Some(address) = address {
                let link = Element::of(ns, "link", Body::Empty).with("rel", rel).with("href", address.as_str());
                self.add_element(Place::Head, None, &link);
            }
        }
        self.find_again(Place::Head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(current: Option<&str>, older: Option<&str>, newer: Option<&str>) -> Links {
        Links { current: current.map(str::to_owned), older: older.map(str::to_owned), newer: newer.map(str::to_owned) }
    }

    fn linked(text: &str, links: &Links) -> String {
        let mut feed = Feed::read(text.as_bytes(), None, None).unwrap();
        feed.set_links(links);
        feed.into_string()
    }

    #[test]
    fn each_format_says_where_the_rest_is() {
        let archive = links(Some("/f"), Some("?archive=1"), None);
        assert_eq!(
            linked("<rss><channel><title/><item/></channel></rss>", &archive),
            "<rss xmlns:fh=\"http://purl.org/syndication/history/1.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title/><fh:archive/><atom:link rel=\"current\" href=\"/f\"/><atom:link rel=\"prev-archive\" href=\"?archive=1\"/><item/></channel></rss>"
        );
        let feed = |inside: &str| format!("<feed xmlns=\"http://www.w3.org/2005/Atom\">{inside}<entry/></feed>");
        assert_eq!(
            linked(
                &feed("<link rel=\"prev-archive\" href=\"theirs\"/><link rel=\"self\" href=\"s\"/>"),
                &links(None, Some("o"), Some("n"))
            ),
            feed(
                "<link rel=\"self\" href=\"s\"/><link rel=\"prev-archive\" href=\"o\"/><link rel=\"next-archive\" href=\"n\"/>"
            )
        );
        let json =
            |inside: &str| format!("{{\"version\": \"https://jsonfeed.org/version/1.1\"{inside}, \"items\": []}}");
        assert_eq!(
            linked(&json(", \"next_url\": \"theirs\""), &links(None, Some("o"), None)),
            json(", \"next_url\": \"o\"")
        );
        assert_eq!(linked(&json(", \"next_url\": \"theirs\""), &links(None, None, None)), json(""));
        assert_eq!(linked(&json(""), &links(None, Some("o"), None)), json(",\"next_url\": \"o\""));
    }
}
