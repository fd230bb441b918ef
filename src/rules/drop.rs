//! Drop the items that meet all conditions, keep the rest.
//!
//! ## What it does
//! Takes the same conditions as `keep`: patterns of one field are ORed, fields are ANDed. An item without a readable date is not
//! dropped by `newer_than`, `older_than`, `before` or `after`. The short form is `any`. A dropped item takes its own white space along
//! and, in RSS 1.0, its entry in the channel's list; nothing else of the document changes.
//!
//! ## When to use
//! Advertisements, subjects, authors or old items that you do not want to see. For "either of these fields", write two rules.
//!
//! ## Example
//! ```toml
//! rules = [{ drop = "广告|推广" }]
//! ```
//! ```toml
//! rules = [{ drop = { link = "/shorts/" } }, { drop = { older_than = "30d" } }]
//! ```
//!
//! ## Order
//! Early: rules after it have less to do.
//!
//! ## Cost
//! One pass over the text of the fields it names, in linear time.

use serde::Deserialize;

use super::conditions::{Conditions, Test};
use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::Feed;

/// Settings of `drop`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Config(Conditions);

impl Build for Config {
    const SHORT: Option<&'static str> = Some("any");
    type Rule = Drop;

    fn build(self, report: &mut Report) -> Option<Drop> {
        self.0.build(report).map(Drop)
    }
}

/// The compiled rule.
pub struct Drop(Test);

impl Rule for Drop {
    fn depends_on_time(&self) -> bool {
        self.0.depends_on_time()
    }

    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        self.0.prepare(feed);
        feed.retain(|feed, item| !self.0.holds(feed, item, cx, false));
        Ok(())
    }
}
