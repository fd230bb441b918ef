//! Drop items that were already there.
//!
//! ## What it does
//! Of items with the same id, link or title the first is kept. `by` says which of the three count; an item is dropped where any of
//! them equals that of an item before it. Titles are compared without regard to case, script (臺灣 and 台湾 are one), width and white
//! space. An item that lacks a field is no duplicate by it. `true` stands for `["id", "link"]`.
//!
//! ## When to use
//! A feed repeats itself, or lists one article under several sections.
//!
//! ## Example
//! ```toml
//! rules = [{ dedupe = true }]
//! ```
//! ```toml
//! rules = [{ dedupe = ["link", "title"] }]
//! ```
//!
//! ## Order
//! After `sort`, where the newest of equal items is wanted; before `limit`.
//!
//! ## Cost
//! One look at each item's id, link and title.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::{Build, Context, Rule, RuleError};
use crate::base::text::fold_space;
use crate::chinese::fold;
use crate::config::Report;
use crate::feed::{Feed, Field, Place};

/// Settings of `dedupe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    by: Keys,
}

/// What makes two items the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    Id,
    Link,
    Title,
}

/// One key or a list of them.
#[derive(Debug)]
struct Keys(Vec<Key>);

impl Default for Keys {
    fn default() -> Keys {
        Keys(vec![Key::Id, Key::Link])
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Keys;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`id`, `link`, `title`, or a list of them")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Keys, E> {
                Key::deserialize(de::value::StrDeserializer::new(name)).map(|key| Keys(vec![key]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = list.next_element()? {
                    keys.push(key);
                }
                if keys.is_empty() { Err(de::Error::custom("an empty list compares nothing")) } else { Ok(Keys(keys)) }
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("by");
    type Rule = Dedupe;

    fn build(self, _: &mut Report) -> Option<Dedupe> {
        Some(Dedupe(self.by.0))
    }
}

/// The compiled rule.
pub struct Dedupe(Vec<Key>);

impl Rule for Dedupe {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let mut seen = HashSet::new();
        feed.retain(|feed, item| {
            let keys: Vec<_> = self.0.iter().filter_map(|key| Some((*key, value(feed, item, *key)?))).collect();
            let is_new = !keys.iter().any(|key| seen.contains(key));
            if is_new {
                seen.extend(keys);
            }
            is_new
        });
        Ok(())
    }
}

fn value(feed: &Feed, item: Place, key: Key) -> Option<String> {
    match key {
        Key::Id => feed.first(item, Field::Id).map(|id| id.into_owned()),
        Key::Link => feed.link(item),
        Key::Title => feed.first(item, Field::Title).map(|title| fold_space(&fold(&title)).to_lowercase()),
    }
    .filter(|value| !value.is_empty())
}
