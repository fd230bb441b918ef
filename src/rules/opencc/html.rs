//! Where HTML holds text to convert: text nodes gathered into blocks, a few attributes, language tags.
//!
//! Never: code and what else no person reads as prose, `translate="no"`, subtrees in Japanese, Korean or English. Linear in the tokens.

use super::blocks::{Block, Edit};
use crate::chinese::{Converter, Tally};
use crate::html::{Fragment, Kind};

/// Elements whose text is no prose.
const SKIPPED: &[&str] =
    &["code", "pre", "kbd", "samp", "var", "tt", "script", "style", "textarea", "math", "svg", "template"];

/// Elements that do not end a word.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins", "label",
    "mark", "nobr", "q", "rb", "rtc", "ruby", "s", "small", "span", "strike", "strong", "sub", "sup", "time", "u",
    "wbr",
];

/// Attributes that a person reads.
const ATTRIBUTES: &[&str] = &["title", "alt", "aria-label", "placeholder", "label", "summary"];

/// What of a fragment is to be converted.
#[derive(Debug, Default)]
pub struct Text {
    blocks: Vec<Block>,
    /// Start tags that hold an attribute or a language tag to look at.
    tags: Vec<usize>,
}

impl Text {
    /// Gathers the text of a fragment; nothing is converted yet.
    pub fn gather(fragment: &Fragment) -> Text {
        let mut text = Text::default();
        let mut block = Block::default();
        let mut id = 0;
        while id < fragment.len() {
            match fragment.kind(id) {
                Kind::Text => block.add(id, &fragment.text(id)),
                Kind::Start { .. } if is_skipped(fragment, id) => {
                    id = fragment.element_end(id).max(id + 1);
                    continue;
                }
                Kind::Start { .. } => {
                    if has_attributes(fragment, id) {
                        text.tags.push(id);
                    }
                    if fragment.is(id, "rt") || fragment.is(id, "rp") {
                        // What stands above a word does not stand in it.
                        id = text.annotation(fragment, id);
                        continue;
                    }
                    if !is_inline(fragment, id) {
                        text.end(&mut block);
                    }
                }
                Kind::End if !is_inline(fragment, id) => text.end(&mut block),
                _ => {}
            }
            id += 1;
        }
        text.end(&mut block);
        text
    }

    /// The text over a word is a block of its own; returns the token after it.
    fn annotation(&mut self, fragment: &Fragment, start: usize) -> usize {
        let end = fragment.element_end(start).max(start + 1);
        let mut block = Block::default();
        (start..end).filter(|id| fragment.kind(*id) == Kind::Text).for_each(|id| block.add(id, &fragment.text(id)));
        self.end(&mut block);
        end
    }

    fn end(&mut self, block: &mut Block) {
        if !block.text().is_ascii() {
            self.blocks.push(std::mem::take(block));
        } else if !block.text().is_empty() {
            *block = Block::default();
        }
    }

    /// Counts the characters that tell scripts apart.
    pub fn count(&self, tally: &mut Tally) {
        self.blocks.iter().for_each(|block| tally.add(block.text()));
    }

    /// Converts what was gathered from this fragment.
    pub fn convert(&self, fragment: &mut Fragment, converter: &Converter, language: &str) {
        for block in &self.blocks {
            let edits = block.convert(converter);
            for of_node in edits.chunk_by(|a, b| a.node == b.node) {
                let ranges: Vec<_> =
                    of_node.iter().map(|Edit { range, with, .. }| (range.clone(), with.as_str())).collect();
                if let Some(first) = of_node.first() {
                    fragment.replace_in_text(first.node, &ranges);
                }
            }
        }
        for tag in &self.tags {
            for name in ATTRIBUTES {
                let changed = fragment.attr(*tag, name).and_then(|value| super::convert(&value, converter));
                if let Some(value) = changed {
                    fragment.set_attr(*tag, name, &value);
                }
            }
            for name in ["lang", "xml:lang"] {
                if fragment.attr(*tag, name).is_some_and(|tag| super::names_chinese(&tag)) {
                    fragment.set_attr(*tag, name, language);
                }
            }
        }
    }
}

fn is_inline(fragment: &Fragment, id: usize) -> bool {
    INLINE.iter().any(|name| fragment.is(id, name))
}

fn has_attributes(fragment: &Fragment, id: usize) -> bool {
    let raw = fragment.raw(id);
    !raw.is_ascii() || raw.contains("lang") || raw.contains('&')
}

fn is_skipped(fragment: &Fragment, id: usize) -> bool {
    if SKIPPED.iter().any(|name| fragment.is(id, name)) {
        return true;
    }
    let raw = fragment.raw(id);
    if raw.contains("translate") {
        let untranslated = fragment.attr(id, "translate").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        let class = fragment.attr(id, "class");
        if untranslated || class.is_some_and(|class| class.split_ascii_whitespace().any(|class| class == "notranslate"))
        {
            return true;
        }
    }
    raw.contains("lang")
        && ["lang", "xml:lang"].iter().any(|name| fragment.attr(id, name).is_some_and(|tag| is_foreign(&tag)))
}

/// Languages whose text is left alone even where it holds Han.
fn is_foreign(tag: &str) -> bool {
    let primary = tag.trim().split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    matches!(primary.as_str(), "ja" | "ko" | "en")
}
