//! (stand-in) Converts Chinese.
//!
//! ## What it does
//! Nothing yet.
//!
//! ## When to use
//! Not yet.
//!
//! ## Example
//! ```toml
//! rules = [{ opencc = 's2twp' }]
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
    config: String,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("config");
    type Rule = Nothing;

    fn build(self, _report: &mut Report) -> Option<Nothing> {
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
