//! Make HTML of contents that are plain text: paragraphs' line breaks, links, base64.
//!
//! ## What it does
//! Three parts: `breaks` (on unless `false`) puts a `<br>` for each line break of a content that has no paragraph, list, table or break of
//! its own; `links` (on unless `false`) makes links of web addresses that stand in the text, but not inside links and code; `base64` (off
//! unless `true`) first decodes contents that are base64 of UTF-8 text, `base64_in` the texts of the elements that a CSS selector finds.
//!
//! ## When to use
//! A feed's texts run together into one block, or its addresses cannot be followed.
//!
//! ## Example
//! ```toml
//! rules = [{ from_text = true }]
//! ```
//! ```toml
//! rules = [{ from_text = { base64 = true, links = false } }]
//! ```
//!
//! ## Order
//! First of the rules on HTML: the others then find markup.
//!
//! ## Cost
//! One pass over the text.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use super::{Build, Context, Rule, RuleError, fragments};
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Kind, Selectors, escape};

/// Settings of `from_text`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "yes")]
    breaks: bool,
    #[serde(default = "yes")]
    links: bool,
    #[serde(default)]
    base64: bool,
    /// Elements whose texts are base64.
    base64_in: Option<Spanned<String>>,
}

fn yes() -> bool {
    true
}

/// An address of the web in running text; the marks that end a sentence are no part of it. Miniflux's pattern, with
/// pairs of parentheses.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?-u:\b)https?://(?:[-A-Z0-9+&@#/%?=~_|!:,.;]|\([-A-Z0-9+&@#/%?=~_|!:,.;]*\))*(?:[-A-Z0-9+&@#/%=~_|]|\([-A-Z0-9+&@#/%?=~_|!:,.;]*\))").ok()
});

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = FromText;

    fn build(self, report: &mut Report) -> Option<FromText> {
        if !(self.breaks || self.links || self.base64 || self.base64_in.is_some()) {
            report.error_here("every part is off").help("leave the rule out");
            return None;
        }
        let before = report.count();
        let coded = self.base64_in.and_then(|css| fragments::selectors(&css, report));
        if report.count() > before {
            return None;
        }
        let structure = Selectors::parse("p, br, ul, ol, table, pre, div, blockquote, h1, h2, h3, h4, h5, h6").ok()?;
        Some(FromText { breaks: self.breaks, links: self.links, base64: self.base64, coded, structure })
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct FromText {
    breaks: bool,
    links: bool,
    base64: bool,
    /// Elements whose texts are base64.
    coded: Option<Selectors>,
    /// What a content has that is more than text.
    structure: Selectors,
}

impl FromText {
    fn edit(&self, fragment: &mut Fragment) {
        if self.base64
            && let Some(text) = decoded(&fragment.render())
        {
            fragment.replace_all(&escape(&text));
            fragment.settle();
        }
        for start in self.coded.as_ref().map_or_else(Vec::new, |css| fragment.select_outermost(css)) {
            for id in start..fragment.element_end(start) {
                if fragment.kind(id) == Kind::Text
                    && let Some(text) = decoded(&fragment.text(id))
                {
                    fragment.set_text(id, &text);
                }
            }
        }
        let breaks = self.breaks
            && fragment.source().contains('\n')
            && fragment.select(&self.structure).iter().all(|start| fragment.is_wrapper(*start));
        let mut id = 0;
        while id < fragment.len() {
            match fragment.kind(id) {
                Kind::Start { .. } if is_closed(fragment, id) => {
                    id = fragment.element_end(id).max(id + 1);
                    continue;
                }
                Kind::Text => self.text(fragment, id, breaks),
                _ => {}
            }
            id += 1;
        }
    }

    fn text(&self, fragment: &mut Fragment, id: usize, breaks: bool) {
        let text = fragment.text(id);
        let text = text.trim_matches(|c: char| breaks && c.is_whitespace());
        let mut html = String::new();
        let mut from = 0;
        if let Some(address) = ADDRESS.as_ref().filter(|_| self.links && text.contains("://")) {
            for found in address.find_iter(text) {
                let url = escape(found.as_str());
                html.push_str(&broken(text.get(from..found.start()).unwrap_or_default(), breaks));
                html.extend(["<a href=\"", &url, "\">", &url, "</a>"]);
                from = found.end();
            }
        }
        if from == 0 && !(breaks && text.contains('\n')) {
            return;
        }
        html.push_str(&broken(text.get(from..).unwrap_or_default(), breaks));
        fragment.insert_before(id, &html);
        fragment.remove(id..id + 1);
    }
}

/// The text that `text` is base64 of, if it is.
fn decoded(text: &str) -> Option<String> {
    let decoded = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.filter(|text| !text.trim().is_empty())
}

fn broken(text: &str, breaks: bool) -> String {
    let html = escape(text);
    if breaks { html.replace("\r\n", "\n").replace('\n', "<br>\n") } else { html.into_owned() }
}

/// Elements whose text stays.
fn is_closed(fragment: &Fragment, id: usize) -> bool {
    ["a", "code", "pre", "kbd", "samp", "script", "style", "textarea", "button", "svg", "math"]
        .iter()
        .any(|name| fragment.is(id, name))
}

impl Rule for FromText {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        fragments::for_each_text(feed, items, |fragment| self.edit(fragment));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    #[test]
    fn text_gets_breaks_and_links() {
        for (text, html) in [
            ("第一行\n第二行\n", "第一行<br>\n第二行"),
            ("<p>a\nb</p>", "<p>a\nb</p>"),
            (
                "見https://a.example/b?c=1&amp;d，或(http://b.example/x_(y)).",
                "見<a href=\"https://a.example/b?c=1&amp;d\">https://a.example/b?c=1&amp;d</a>，或(<a href=\"http://b.example/x_(y)\">http://b.example/x_(y)</a>).",
            ),
            (
                "<a href=x>https://a.example</a><code>https://b.example</code>",
                "<a href=x>https://a.example</a><code>https://b.example</code>",
            ),
            ("a &nbsp; b", "a &nbsp; b"),
        ] {
            assert_eq!(after("[{ from_text = true }]", text), html);
        }
        assert_eq!(after("[{ from_text = { base64 = true } }]", "5riv5Y+jIDw+Cui9iQ=="), "港口 &lt;&gt;<br>\n轉");
        assert_eq!(after("[{ from_text = { base64 = true } }]", "plain text"), "plain text");
        let hidden = "[{ from_text = { base64_in = '.x' } }]";
        assert_eq!(after(hidden, "<p class=x>5riv5Y+j</p><p>5riv5Y+j</p>"), "<p class=x>港口</p><p>5riv5Y+j</p>");
        assert_eq!(problems("[{ from_text = { breaks = false, links = false } }]").len(), 1);
        assert_eq!(problems("[{ from_text = { base64_in = 'p[' } }]").len(), 1);
    }
}
