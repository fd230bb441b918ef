//! Drop the items that meet all conditions, keep the rest.
//!
//! ## What it does
//! Takes the same conditions as `keep`: patterns of one field are ORed, fields are ANDed. An item that lacks what they ask
//! for (a readable date) is not dropped. The short form is `any`. A dropped item takes its own white space along
//! and, in RSS 1.0, its entry in the channel's list; nothing else of the document changes.
//!
//! ## When to use
//! Advertisements, subjects, authors or old items that you do not want to see. For "either of these fields", write `any_of`.
//!
//! ## Example
//! ```toml
//! rules = [{ drop = "广告|推广" }]
//! ```
//! ```toml
//! rules = [{ drop = { link = "/shorts/" } }, { drop = { older_than = "30d" } }]
//! ```
//!
//! ```toml
//! rules = [{ drop = { when = "has_video and words < 20 or published > now" } }]
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
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let mut answers = self.0.ask("drop", feed, cx)?.into_iter();
        feed.retain(|_, _| answers.next().flatten() != Some(true));
        Ok(())
    }
}
