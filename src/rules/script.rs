//! Change items by a JavaScript function of yours.
//!
//! ## What it does
//! Calls `item(item, feed)` for each item, or `feed(feed)` once with all of them, whichever the script defines (or both; also
//! rss-funnel's `modify_post(feed, post)` and `modify_feed(feed)`). An item has `index id title link content summary author categories
//! published updated enclosures image`: texts as they are read, `content` and `summary` as HTML, dates as RFC 3339, `enclosures` as a list of
//! `{ url, type, length, title }`, null where there is none. What the function changes is written back; `null` or `false` instead of an item drops
//! it; the order of `feed.items` is the order of the feed. `id` and `image` cannot be changed. `console.log` goes to the log.
//!
//! The script runs in QuickJS without network and files (`Date` tells the time), with at most `memory` (32 MiB) and `steps` (100 million, about a
//! second; one that does fewer than five million a second is ended too). Nothing is waited for: an `async` function is an error. An error of the script names its line and column; the feed is then not served in part: the last good copy is.
//!
//! ## When to use
//! No other rule does it.
//!
//! ## Example
//! ```toml
//! rules = [{ script = "function item(item) { item.title = item.title.replace(/^News: /, ''); return item }" }]
//! ```
//! ```toml
//! rules = [{ script = { code = '''
//! function feed(feed) {
//!   feed.items = feed.items.filter(item => item.categories.includes("tech"));
//!   return feed;
//! }
//! ''', steps = 1_000_000 } }]
//! ```
//!
//! ## Order
//! Where it stands.
//!
//! ## Cost
//! Half a millisecond for the engine, then what the script does: about a microsecond a step of a thousand.

#[cfg(feature = "script")]
mod engine;
#[cfg(not(feature = "script"))]
#[path = "script/absent.rs"]
mod engine;
mod exchange;

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{MAX_NOTES, MAX_SCRIPT, MAX_SCRIPT_MEMORY, MAX_SCRIPT_STEPS, SCRIPT_MEMORY, SCRIPT_STEPS};
use crate::base::text::human_size;
use crate::config::{Report, quantity};
use crate::feed::Feed;

/// Settings of `script`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    code: Spanned<String>,
    memory: Option<Spanned<String>>,
    steps: Option<Spanned<u64>>,
}

/// What a script may use.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Bytes.
    memory: usize,
    steps: u64,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("code");
    type Rule = Script;

    fn build(self, report: &mut Report) -> Option<Script> {
        let before = report.count();
        let mut limits = Limits { memory: SCRIPT_MEMORY, steps: SCRIPT_STEPS };
        if let Some(memory) = &self.memory {
            match quantity::size(memory.get_ref()) {
                Ok(bytes) if (1..=MAX_SCRIPT_MEMORY).contains(&bytes) => limits.memory = bytes,
                Ok(_) => {
                    let most = human_size(MAX_SCRIPT_MEMORY);
                    report.error(memory.span(), format!("a script has at most {most} of memory"));
                }
                Err(message) => {
                    report.error(memory.span(), message);
                }
            }
        }
        match self.steps {
            Some(steps) if !(1..=MAX_SCRIPT_STEPS).contains(steps.get_ref()) => {
                report.error(steps.span(), format!("a script has 1 to {MAX_SCRIPT_STEPS} steps"));
            }
            Some(steps) => limits.steps = steps.into_inner(),
            None => {}
        }
        if self.code.get_ref().len() > MAX_SCRIPT {
            report.error(self.code.span(), format!("a script has at most {}", human_size(MAX_SCRIPT)));
        }
        if report.count() == before
            && let Err(message) = engine::check(self.code.get_ref(), limits)
        {
            report.error(self.code.span(), format!("bad script: {message}"));
        }
        (report.count() == before).then(|| Script { code: self.code.into_inner(), limits })
    }
}

/// The checked rule.
#[derive(Debug)]
pub struct Script {
    code: String,
    limits: Limits,
}

impl Rule for Script {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let refused = |reason| RuleError::Edit { rule: "script", reason };
        let given = exchange::give(feed);
        let answer = engine::run(&self.code, self.limits, &given.to_string()).map_err(refused)?;
        for line in answer.logged.iter().take(MAX_NOTES) {
            feed.note(format!("script: {line}"));
        }
        let taken: serde_json::Value = serde_json::from_str(&answer.json)
            .map_err(|error| refused(format!("the script's answer cannot be read: {error}")))?;
        exchange::take(feed, &given, &taken).map_err(refused)
    }
}
