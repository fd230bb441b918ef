//! Drop items that were already there.
//!
//! ## What it does
//! Of items that are the same the first is kept. `by` says what makes them the same, the short form; of a list any does; `true` stands
//! for `["id", "link"]`:
//! - `id`, `link`: equal.
//! - `canonical`: links that lead to one page: without scheme, `www.`, `m.`, `/amp`, tracking parameters and fragment.
//! - `title`: equal without regard to case, script (臺灣 and 台湾 are one), width and white space.
//! - `similar`: titles that share most of their words (`likeness`, 0.7) and lie near in time (`within`, `"3d"`), in either script; numbers
//!   must be equal.
//!
//! An item that lacks a field is no duplicate by it.
//!
//! ## When to use
//! A feed repeats itself, lists one article under several sections, or was merged of feeds that tell the same news.
//!
//! ## Example
//! ```toml
//! rules = [{ dedupe = true }]
//! ```
//! ```toml
//! rules = [{ dedupe = ["link", "title"] }]
//! ```
//! One story of several agencies:
//! ```toml
//! rules = [{ sort = "oldest" }, { dedupe = { by = ["canonical", "similar"], likeness = 0.6, within = "1d" } }, { sort = "newest" }]
//! ```
//!
//! ## Order
//! After `sort`, where the newest of equal items is wanted; before `limit`.
//!
//! ## Cost
//! One look at each item's id, link and title.

mod canonical;
mod similar;

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::one_or_many::OneOrMany;
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{TITLE_LIKENESS, TITLES_WITHIN};
use crate::base::text::fold_space;
use crate::chinese::fold;
use crate::config::{Report, quantity};
use crate::feed::{Feed, Field, Place};
use canonical::canonical;
use similar::Titles;

/// Settings of `dedupe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "id_and_link")]
    by: OneOrMany<Key>,
    likeness: Option<Spanned<f64>>,
    within: Option<Spanned<String>>,
}

/// What makes two items the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    Id,
    Link,
    Canonical,
    Title,
    Similar,
}

fn id_and_link() -> OneOrMany<Key> {
    OneOrMany(vec![Key::Id, Key::Link])
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("by");
    type Rule = Dedupe;

    fn build(self, report: &mut Report) -> Option<Dedupe> {
        let before = report.count();
        let by = self.by.0;
        for (key, span) in [
            ("likeness", self.likeness.as_ref().map(Spanned::span)),
            ("within", self.within.as_ref().map(Spanned::span)),
        ] {
            if let Some(span) = span.filter(|_| !by.contains(&Key::Similar)) {
                report
                    .error(span, format!("`{key}` is for `similar` titles"))
                    .help("add \"similar\" to `by`, or leave it out");
            }
        }
        let likeness = self.likeness.map_or(TITLE_LIKENESS, |likeness| {
            if !(0.1..=1.0).contains(likeness.get_ref()) {
                report.error(likeness.span(), "a likeness is from 0.1 to 1").help("write `likeness = 0.7`");
            }
            likeness.into_inner()
        });
        let within = self.within.map_or(TITLES_WITHIN, |within| {
            quantity::duration(within.get_ref()).unwrap_or_else(|error| {
                let (message, help) = error.split_once('\n').unwrap_or((&error, ""));
                report.error(within.span(), message).help(help);
                TITLES_WITHIN
            })
        });
        (report.count() == before).then_some(Dedupe { by, likeness, within })
    }
}

/// The compiled rule.
pub struct Dedupe {
    by: Vec<Key>,
    likeness: f64,
    within: Duration,
}

impl Rule for Dedupe {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let mut seen = HashSet::new();
        let mut titles = Titles::new(self.likeness, self.within);
        feed.retain(|feed, item| {
            let keys: Vec<_> = self.by.iter().filter_map(|key| Some((*key, value(feed, item, *key)?))).collect();
            if keys.iter().any(|key| seen.contains(key)) {
                return false;
            }
            if self.by.contains(&Key::Similar)
                && let Some(title) = feed.first(item, Field::Title)
                && titles.has(&title, feed.date(item))
            {
                return false;
            }
            seen.extend(keys);
            true
        });
        Ok(())
    }
}

fn value(feed: &Feed, item: Place, key: Key) -> Option<String> {
    match key {
        Key::Id => feed.first(item, Field::Id).map(|id| id.into_owned()),
        Key::Link => feed.link(item),
        Key::Canonical => feed.link(item).map(|link| canonical(&link)),
        Key::Similar => None,
        Key::Title => feed.first(item, Field::Title).map(|title| fold_space(&fold(&title)).to_lowercase()),
    }
    .filter(|value| !value.is_empty())
}
