//! Keep only some elements of the HTML of items, by CSS selector.
//!
//! ## What it does
//! What `css` (a selector or a list of them, as in `remove`) finds is kept with all it holds, in the order in which it stands; all else
//! is removed. Where it finds nothing, the content stays as it is. The short form is `css`.
//!
//! ## When to use
//! A feed wraps its text in furniture, and the text has a place of its own.
//!
//! ## Example
//! ```toml
//! rules = [{ select = "article .text" }]
//! ```
//! ```toml
//! rules = [{ select = { css = ["figure.lead", ".story > p"] } }]
//! ```
//!
//! ## Order
//! Before `remove`, which then takes out what is unwanted inside.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it.

use serde::Deserialize;

use super::fragments::{self, Css};
use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::Feed;
use crate::html::Selectors;

/// Settings of `select`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is kept.
    css: Css,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("css");
    type Rule = Select;

    fn build(self, report: &mut Report) -> Option<Select> {
        self.css.compile(report).map(Select)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Select(Selectors);

impl Rule for Select {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        fragments::for_each(feed, items, |fragment| {
            let starts = fragment.select_outermost(&self.0);
            if !starts.is_empty() {
                fragment.keep_only(&starts);
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    #[test]
    fn the_rest_goes_unless_nothing_is_found() {
        let html = "<nav>n</nav><div class=x><p>a<p class=x>b</div>c<p class=x>d";
        assert_eq!(after("[{ select = '.x' }]", html), "<div class=x><p>a<p class=x>b</div><p class=x>d");
        assert_eq!(after("[{ select = 'p' }]", html), "<p>a<p class=x>b<p class=x>d");
        assert_eq!(after("[{ select = 'article' }]", html), html);
        assert_eq!(problems("[{ select = {} }]"), ["13: missing key `css`"]);
    }
}
