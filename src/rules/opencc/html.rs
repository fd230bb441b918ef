//! Where HTML holds text to convert: text nodes gathered into blocks, a few attributes, language tags.
//!
//! Never: code and what else no person reads as prose, `translate="no"`, subtrees in Japanese, Korean or English. Linear in the tokens.

use std::borrow::Cow;

use super::blocks::{Block, Converted, Edit};
use crate::base::limits::SCRIPT_SAMPLE;
use crate::chinese::{Converter, Tally};
use crate::html::{Fragment, Kind};

/// What an element means for the text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It does not end a word.
    Inline,
    /// It does.
    Block,
    /// What stands above a word: no part of it, but text.
    Annotation,
    /// Its text is no prose.
    Skipped,
}

fn role(fragment: &Fragment, id: usize) -> Role {
    let mut lower = [0; 10];
    let name = fragment.name(id).as_bytes();
    let Some(lower) = lower.get_mut(..name.len()) else { return Role::Block };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    match &*lower {
        b"a" | b"abbr" | b"acronym" | b"b" | b"bdi" | b"bdo" | b"big" | b"cite" | b"data" | b"del" | b"dfn" | b"em"
        | b"font" | b"i" | b"ins" | b"label" | b"mark" | b"nobr" | b"q" | b"rb" | b"rtc" | b"ruby" | b"s"
        | b"small" | b"span" | b"strike" | b"strong" | b"sub" | b"sup" | b"time" | b"u" | b"wbr" => Role::Inline,
        b"rt" | b"rp" => Role::Annotation,
        b"code" | b"pre" | b"kbd" | b"samp" | b"var" | b"tt" | b"script" | b"style" | b"textarea" | b"math"
        | b"svg" | b"template" => Role::Skipped,
        _ => Role::Block,
    }
}

/// Attributes that a person reads.
const ATTRIBUTES: &[&str] = &["title", "alt", "aria-label", "placeholder", "label", "summary"];

/// Attributes that name the language of an element.
const LANGUAGES: &[&str] = &["lang", "xml:lang"];

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
                Kind::Start { .. } => match role(fragment, id) {
                    role if role == Role::Skipped || is_untranslated(fragment, id) => {
                        id = fragment.element_end(id).max(id + 1);
                        continue;
                    }
                    role => {
                        if has_attributes(fragment, id) {
                            text.tags.push(id);
                        }
                        match role {
                            Role::Annotation => {
                                id = text.annotation(fragment, id);
                                continue;
                            }
                            Role::Block => text.end(&mut block),
                            Role::Inline | Role::Skipped => {}
                        }
                    }
                },
                Kind::End if role(fragment, id) == Role::Block => text.end(&mut block),
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

    /// Counts the characters that tell scripts apart, until there are enough of them.
    pub fn count(&self, tally: &mut Tally) {
        for block in &self.blocks {
            if tally.han >= SCRIPT_SAMPLE {
                break;
            }
            tally.add(block.text());
        }
    }

    /// Converts what was gathered from this fragment.
    pub fn convert(&self, fragment: &mut Fragment, converter: &Converter, language: &str) {
        let mut converted = Converted::default();
        for block in &self.blocks {
            for edits in block.convert(converter, &mut converted).chunk_by(|a, b| a.node == b.node) {
                replace(fragment, edits);
            }
        }
        for tag in &self.tags {
            let changed = |(name, value): (&str, Cow<'_, str>)| {
                let is = |known: &&str| name.eq_ignore_ascii_case(known);
                if ATTRIBUTES.iter().any(&is) {
                    return super::convert(&value, converter).map(|value| (name.to_owned(), value));
                }
                let is_tag = LANGUAGES.iter().any(is) && super::names_chinese(&value);
                is_tag.then(|| (name.to_owned(), language.to_owned()))
            };
            let changes: Vec<_> = fragment.attrs(*tag).filter_map(changed).collect();
            for (name, value) in changes {
                fragment.set_attr(*tag, &name, &value);
            }
        }
    }
}

/// Makes the edits of one node.
fn replace(fragment: &mut Fragment, edits: &[Edit<'_>]) {
    let ranges: Vec<_> = edits.iter().map(|edit| (edit.range.clone(), edit.with)).collect();
    if let Some(first) = edits.first() {
        fragment.replace_in_text(first.node, &ranges);
    }
}

/// Cheap: whether a tag may hold an attribute to convert.
fn has_attributes(fragment: &Fragment, id: usize) -> bool {
    let raw = fragment.raw(id);
    !raw.is_ascii() || raw.contains("lang") || raw.contains("&#")
}

/// `translate="no"`, the class that means the same, and other languages.
fn is_untranslated(fragment: &Fragment, id: usize) -> bool {
    let raw = fragment.raw(id);
    if raw.contains("translate") {
        let untranslated = fragment.attr(id, "translate").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        let class = fragment.attr(id, "class");
        if untranslated || class.is_some_and(|class| class.split_ascii_whitespace().any(|class| class == "notranslate"))
        {
            return true;
        }
    }
    raw.contains("lang") && LANGUAGES.iter().any(|name| fragment.attr(id, name).is_some_and(|tag| is_foreign(&tag)))
}

/// Languages whose text is left alone even where it holds Han.
fn is_foreign(tag: &str) -> bool {
    matches!(super::primary(tag).as_str(), "ja" | "ko" | "en")
}
