//! (stand-in) Drops items.
//!
//! ## What it does
//! Nothing yet.
//!
//! ## When to use
//! Not yet.
//!
//! ## Example
//! ```toml
//! rules = [{ drop = { title = '广告' } }]
//! ```
//!
//! ## Order
//! Any.
//!
//! ## Cost
//! None.

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::Feed;

/// Settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub struct Config {
    title: Option<super::pattern::Patterns>,
    any: Option<super::pattern::Patterns>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("any");
    type Rule = Nothing;

    fn build(self, report: &mut Report) -> Option<Nothing> {
        for patterns in [self.title, self.any].into_iter().flatten() {
            patterns.compile(super::pattern::Case::Fold, str::to_owned, report)?;
        }
        Some(Nothing)
    }
}

/// Does nothing.
pub struct Nothing;

impl Rule for Nothing {
    fn apply(&self, _: &mut Feed, _: &Context) -> Result<(), RuleError> {
        Ok(())
    }
}
