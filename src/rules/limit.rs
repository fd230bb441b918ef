//! Keep the first items of a feed.
//!
//! ## What it does
//! Keeps the first `count` items in the order in which they stand, and drops the rest.
//!
//! ## When to use
//! A feed carries its whole archive and the reader, or the connection, cannot take it.
//!
//! ## Example
//! ```toml
//! rules = [{ limit = 20 }]
//! ```
//! The same in the long form:
//! ```toml
//! rules = [{ limit = { count = 20 } }]
//! ```
//!
//! ## Order
//! After rules that drop items, so that enough are left; after `sort`, where the newest are wanted; before rules that
//! cost time, which then have less to do.
//!
//! ## Cost
//! Next to nothing.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::Feed;

/// Settings of `limit`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many items to keep; at least one.
    count: NonZeroUsize,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("count");
    type Rule = Limit;

    fn build(self, _: &mut Report) -> Option<Limit> {
        Some(Limit { count: self.count.get() })
    }
}

/// The compiled rule.
pub struct Limit {
    count: usize,
}

impl Rule for Limit {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        feed.truncate(self.count);
        Ok(())
    }
}
