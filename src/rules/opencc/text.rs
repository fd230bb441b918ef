//! The text of a place that may be converted, gathered into blocks: values, and in HTML text nodes, a few attributes, language tags.
//!
//! Never in HTML: code and what else no person reads as prose, `translate="no"`, subtrees in Japanese, Korean or English. Linear in the tokens.

use super::blocks::{Blocks, Change, Node, Part, spliced};
use crate::chinese::Tally;
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
const PROSE: &[&str] = &["title", "alt", "aria-label", "placeholder", "label", "summary"];

/// Attributes that name the language of an element.
const LANGUAGES: &[&str] = &["lang", "xml:lang"];

/// What an attribute means for the text in its element or in itself.
enum Meaning {
    Prose(&'static str),
    Language(&'static str),
    Translate,
    Class,
}

impl Meaning {
    fn of(name: &str) -> Option<Meaning> {
        let among = |names: &[&'static str]| names.iter().copied().find(|known| name.eq_ignore_ascii_case(known));
        match name.len() {
            5 if name.eq_ignore_ascii_case("class") => Some(Meaning::Class),
            9 if name.eq_ignore_ascii_case("translate") => Some(Meaning::Translate),
            _ => among(PROSE).map(Meaning::Prose).or_else(|| among(LANGUAGES).map(Meaning::Language)),
        }
    }
}

/// The text of a place's slots, each by its number.
#[derive(Debug, Default)]
pub struct Text {
    prose: Blocks,
    /// What stands beside it, each a block of its own: annotations and attributes.
    asides: Blocks,
    languages: Vec<Tag>,
}

/// A language tag inside HTML that names Chinese.
#[derive(Debug)]
pub struct Tag {
    /// The slot it stands in.
    pub slot: usize,
    /// The start tag.
    pub token: usize,
    /// The attribute.
    pub attribute: &'static str,
}

impl Text {
    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.prose.clear();
        self.asides.clear();
        self.languages.clear();
    }

    /// Adds the value of a slot that is no HTML.
    pub fn add_value(&mut self, slot: usize, value: &str) {
        self.prose.add(Node { slot, part: Part::Value }, value, &[value.len()]);
        self.prose.end();
    }

    /// Adds the text of a slot's fragment.
    pub fn add_html(&mut self, slot: usize, fragment: &Fragment) {
        let mut id = 0;
        while id < fragment.len() {
            match fragment.kind(id) {
                Kind::Text => add(&mut self.prose, slot, fragment, id),
                Kind::Start { .. } => {
                    let role = role(fragment, id);
                    if role == Role::Skipped || !self.attributes(slot, fragment, id) {
                        id = fragment.element_end(id).max(id + 1);
                        continue;
                    }
                    match role {
                        Role::Annotation => {
                            id = self.annotation(slot, fragment, id);
                            continue;
                        }
                        Role::Block => self.prose.end(),
                        Role::Inline | Role::Skipped => {}
                    }
                }
                Kind::End if role(fragment, id) == Role::Block => self.prose.end(),
                _ => {}
            }
            id += 1;
        }
        self.prose.end();
    }

    /// Gathers the attributes of a tag that a person reads. False, and nothing is gathered, where they say that the element is not to
    /// be translated (`translate="no"`, the class that means the same) or is in another language.
    fn attributes(&mut self, slot: usize, fragment: &Fragment, id: usize) -> bool {
        let first = self.languages.len();
        let mut found = Vec::new();
        for (name, value) in fragment.attrs_called(id, |name| Meaning::of(name).is_some()) {
            let is_left = match Meaning::of(name) {
                Some(Meaning::Prose(name)) => {
                    // Of duplicates the first counts.
                    if !found.iter().any(|(before, _)| *before == name) {
                        found.push((name, value));
                    }
                    false
                }
                Some(Meaning::Language(name)) => {
                    if super::names_chinese(&value) {
                        self.languages.push(Tag { slot, token: id, attribute: name });
                    }
                    is_foreign(&value)
                }
                Some(Meaning::Translate) => value.eq_ignore_ascii_case("no"),
                Some(Meaning::Class) => value.split_ascii_whitespace().any(|class| class == "notranslate"),
                None => false,
            };
            if is_left {
                self.languages.truncate(first);
                return false;
            }
        }
        for (name, value) in found.iter().filter(|(_, value)| !value.is_ascii()) {
            self.asides.add(Node { slot, part: Part::Attribute(id, name) }, value, &[value.len()]);
            self.asides.end();
        }
        true
    }

    /// The text over a word is a block of its own; returns the token after it.
    fn annotation(&mut self, slot: usize, fragment: &Fragment, start: usize) -> usize {
        let end = fragment.element_end(start).max(start + 1);
        let texts = (start..end).filter(|id| fragment.kind(*id) == Kind::Text);
        texts.for_each(|id| add(&mut self.asides, slot, fragment, id));
        self.asides.end();
        end
    }

    /// Counts of the characters that tell scripts apart.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::new();
        self.blocks().iter().for_each(|blocks| tally.add(blocks.text()));
        tally
    }

    /// What is to be converted.
    pub fn blocks(&self) -> [&Blocks; 2] {
        [&self.prose, &self.asides]
    }

    /// The language tags inside HTML that name Chinese.
    pub fn languages(&self) -> &[Tag] {
        &self.languages
    }
}

/// Adds the text of a token.
fn add(blocks: &mut Blocks, slot: usize, fragment: &Fragment, id: usize) {
    let (text, ends) = fragment.text_in_parts(id);
    blocks.add(Node { slot, part: Part::Text(id) }, &text, ends.as_deref().unwrap_or(&[text.len()]));
}

/// Makes the changes of one fragment.
pub fn replace(fragment: &mut Fragment, changes: &[Change<'_>]) {
    let mut edits = Vec::new();
    for changes in changes.chunk_by(|a, b| a.node == b.node) {
        match changes.first().map(|change| change.node.part) {
            Some(Part::Text(id)) => {
                edits.clear();
                edits.extend(changes.iter().map(|change| (change.range.clone(), change.with)));
                fragment.replace_in_text(id, &edits);
            }
            Some(Part::Attribute(id, name)) => {
                let Some(old) = fragment.attr(id, name) else { continue };
                let value = spliced(&old, changes);
                fragment.set_attr(id, name, &value);
            }
            Some(Part::Value) | None => {}
        }
    }
}

/// Languages whose text is left alone even where it holds Han.
fn is_foreign(tag: &str) -> bool {
    matches!(super::primary(tag).as_str(), "ja" | "ko" | "en")
}
