//! Mark words in the text of items.
//!
//! ## What it does
//! Puts `<mark>` around what a pattern (a regular expression or a list of them) is found in, in contents and summaries: across inline
//! tags, in either script (`台灣` also marks 台湾 and 臺灣), upper and lower case as one. `tag` is another element to put around it (`strong`,
//! `b`, `em`, `u`, `i`, `span`), `style` its inline style. Never inside `code`, `pre`, scripts and the like. The short form is `words`.
//!
//! ## When to use
//! To see at a glance why an item was kept.
//!
//! ## Example
//! ```toml
//! rules = [{ highlight = ["人工智能", "\\bAI\\b"] }]
//! ```
//! ```toml
//! rules = [{ highlight = { words = "台灣|香港", tag = "span", style = "background: yellow" } }]
//! ```
//!
//! ## Order
//! After rules that change or shorten the text.
//!
//! ## Cost
//! One pass over the text with each pattern, in linear time.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use toml::Spanned;

use super::pattern::{Case, Patterns};
use super::{Build, Context, Rule, RuleError, fragments};
use crate::base::limits::MAX_PATTERN_PROGRAM;
use crate::chinese::fold;
use crate::config::{Report, suggest};
use crate::feed::Feed;
use crate::html::{Fragment, Kind, escape};

/// Settings of `highlight`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is marked.
    words: Patterns,
    /// The element put around it.
    tag: Option<Spanned<String>>,
    /// Its style.
    style: Option<String>,
}

const TAGS: &[&str] = &["mark", "strong", "b", "em", "i", "u", "span"];

impl Build for Config {
    const SHORT: Option<&'static str> = Some("words");
    type Rule = Highlight;

    fn build(self, report: &mut Report) -> Option<Highlight> {
        let before = report.count();
        self.words.compile(Case::Fold, |pattern| fold(pattern).into_owned(), report);
        let tag = self.tag.as_ref().map_or("mark", |tag| tag.get_ref());
        if let Some(written) = self.tag.as_ref().filter(|_| !TAGS.contains(&tag)) {
            report
                .error(written.span(), format!("`{tag}` is not put around words"))
                .help(suggest::advice(tag, TAGS.iter().copied()));
        }
        if report.count() > before {
            return None;
        }
        let alternatives: Vec<_> = self.words.list.iter().map(|word| format!("(?:{})", fold(word.get_ref()))).collect();
        let mut builder = RegexBuilder::new(&alternatives.join("|"));
        let words = match builder.case_insensitive(true).size_limit(MAX_PATTERN_PROGRAM).build() {
            Ok(words) => words,
            Err(_) => {
                report
                    .error(self.words.span.clone(), "these patterns together are too large")
                    .help("write fewer, or two rules");
                return None;
            }
        };
        let style = self.style.map(|style| format!(" style=\"{}\"", escape(&style))).unwrap_or_default();
        Some(Highlight { words, open: format!("<{tag}{style}>"), close: format!("</{tag}>") })
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Highlight {
    words: Regex,
    open: String,
    close: String,
}

/// Text that a person reads as one, over one or more tokens.
#[derive(Default)]
struct Run {
    text: String,
    /// Each token, with where its text begins.
    parts: Vec<(usize, usize)>,
}

impl Highlight {
    fn edit(&self, fragment: &mut Fragment) {
        let mut run = Run::default();
        let mut id = 0;
        while id < fragment.len() {
            match fragment.kind(id) {
                Kind::Text => {
                    run.parts.push((id, run.text.len()));
                    run.text.push_str(&fragment.text(id));
                }
                Kind::Start { .. } if is_code(fragment, id) => {
                    self.end(fragment, &mut run);
                    id = fragment.element_end(id).max(id + 1);
                    continue;
                }
                Kind::Start { .. } | Kind::End if fragment.is_block(id) => self.end(fragment, &mut run),
                _ => {}
            }
            id += 1;
        }
        self.end(fragment, &mut run);
    }

    /// Marks what is found in a run.
    fn end(&self, fragment: &mut Fragment, run: &mut Run) {
        let run = std::mem::take(run);
        let found = self.find(&run.text);
        if found.is_empty() {
            return;
        }
        let mut found = found.into_iter().peekable();
        for (at, &(id, start)) in run.parts.iter().enumerate() {
            let end = run.parts.get(at + 1).map_or(run.text.len(), |(_, next)| *next);
            let mut html = String::new();
            let mut from = start;
            while let Some(range) = found.peek().filter(|range| range.start < end).cloned() {
                let (first, last) = (range.start.max(start), range.end.min(end));
                let text = |range: Range<usize>| escape(run.text.get(range).unwrap_or_default());
                html.extend([&*text(from..first), &self.open, &*text(first..last), &self.close]);
                from = last;
                if range.end > end {
                    break; // goes on in the next token
                }
                found.next();
            }
            if from > start {
                html.push_str(&escape(run.text.get(from..end).unwrap_or_default()));
                fragment.insert_before(id, &html);
                fragment.remove(id..id + 1);
            }
        }
    }

    /// What is found, as ranges of `text`: none empty, in order.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let folded = fold(text);
        let found = self.words.find_iter(&folded).map(|found| found.range()).filter(|range| !range.is_empty());
        if folded.len() == text.len() {
            return found.collect(); // one character becomes one, and all of them kept their length
        }
        // Where each character of the folded text begins, and where in the text.
        let mut places = folded.char_indices().map(|(at, _)| at).zip(text.char_indices().map(|(at, _)| at)).peekable();
        let mut place = |at: usize| {
            while places.next_if(|(folded, _)| *folded < at).is_some() {}
            places.peek().map_or(text.len(), |(_, place)| *place)
        };
        found.map(|range| place(range.start)..place(range.end)).collect()
    }
}

fn is_code(fragment: &Fragment, id: usize) -> bool {
    ["code", "pre", "kbd", "samp", "script", "style", "textarea", "svg", "math", "mark"]
        .iter()
        .any(|name| fragment.is(id, name))
}

impl Rule for Highlight {
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
    fn words_are_marked_across_tags_and_scripts() {
        let rules = "[{ highlight = ['台湾', 'ai\\b'] }]";
        for (html, marked) in [
            ("臺灣<b>和</b>香港", "<mark>臺灣</mark><b>和</b>香港"),
            ("a<i>台</i>灣&amp;b &nbsp;", "a<i><mark>台</mark></i><mark>灣</mark>&amp;b \u{A0}"),
            ("台<p>灣</p>", "台<p>灣</p>"),
            ("AI, AIR <code>AI</code>", "<mark>AI</mark>, AIR <code>AI</code>"),
            ("<p title='AI'>x&nbsp;y</p>", "<p title='AI'>x&nbsp;y</p>"),
            ("台灣台灣", "<mark>台灣</mark><mark>台灣</mark>"),
        ] {
            assert_eq!(after(rules, html), marked);
        }
        assert_eq!(
            after("[{ highlight = { words = 'Ａ', tag = 'b', style = 'color:\"x' } }]", "a"),
            "<b style=\"color:&quot;x\">a</b>"
        );
        assert_eq!(after("[{ highlight = '𠮷|b' }]", "𠮷野ａb"), "<mark>𠮷</mark>野ａ<mark>b</mark>");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(
            problems("[{ highlight = { words = 'x', tag = 'script' } }]"),
            ["37: `script` is not put around words"]
        );
        assert_eq!(problems("[{ highlight = '(' }]").len(), 1);
    }
}
