//! Put the items into an order.
//!
//! ## What it does
//! `newest` (the default) puts the latest publication date first, `oldest` last; `updated` the latest change first; `title` the
//! alphabet's order by code point; `reversed` the last first, whatever their dates. Items without a readable date stand after those with one; equal items stay in their order.
//! Each item moves whole, with every byte it has; in RSS 1.0 the channel's list follows.
//!
//! ## When to use
//! A feed lists its items in another order than by date, or after merging.
//!
//! ## Example
//! ```toml
//! rules = [{ sort = "newest" }, { limit = 20 }]
//! ```
//!
//! ## Order
//! Before `limit` and `dedupe`, whose result depends on what stands first.
//!
//! ## Cost
//! One look at each item's dates or title.

use std::cmp::Reverse;

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::{Feed, Field};

/// Settings of `sort`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    by: Order,
}

/// What stands first.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Newest,
    Oldest,
    Updated,
    Title,
    Reversed,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("by");
    type Rule = Sort;

    fn build(self, _: &mut Report) -> Option<Sort> {
        Some(Sort(self.by))
    }
}

/// The compiled rule.
pub struct Sort(Order);

impl Rule for Sort {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        // Of two `Reverse`d options the missing one is the greater: undated items come last both ways.
        match self.0 {
            Order::Newest => feed.sort_by_key(|feed, item| Reverse(feed.date(item))),
            Order::Oldest => feed.sort_by_key(|feed, item| {
                let date = feed.date(item);
                (date.is_none(), date)
            }),
            Order::Updated => feed.sort_by_key(|feed, item| Reverse(feed.changed(item))),
            Order::Title => {
                feed.sort_by_key(|feed, item| feed.first(item, Field::Title).map(|title| title.into_owned()))
            }
            Order::Reversed => {
                let mut places = 0u32..;
                feed.sort_by_key(|_, _| Reverse(places.next()));
            }
        }
        Ok(())
    }
}
