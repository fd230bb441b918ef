//! A piece of HTML as tokens over its source, and what edits have made of them. Reading only; edits are in `edit.rs`,
//! what comes out in `output.rs`.
//!
//! Parsing never fails, takes linear time and copies nothing: eight bytes per token beside the source. A token's id is its
//! index and stays valid through all edits. Text is not normalised: a CR or NUL of the source is still there.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use super::Syntax;
use super::attrs::{Scan, name_end};
use super::elements::Elements;
use super::overrides::Overrides;
use super::settle::Origin;
use super::spelling::{Spelling, decode, parts, spelled_plainly};
use super::tags;
use super::token::{EDITED, OPEN, REMOVED, SELF_CLOSING, Sort, Token, tokenize};

/// What a token is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text with character references; in XHTML also a CDATA section.
    Text,
    /// A start tag.
    Start {
        /// It ends with `/>`. HTML itself ignores that outside `svg` and `math`.
        self_closing: bool,
    },
    /// An end tag.
    End,
    /// A comment.
    Comment,
    /// The content of `script`, `style`, `textarea`, `title`, `xmp`, `iframe`, `noembed`, `noframes` or `plaintext`.
    /// `noscript` is not among them: feeds are read without scripts.
    RawText,
    /// Doctype, processing instruction, bogus comment, or a tag that the end of the source cut off. Not shown by readers.
    Other,
    /// Taken out by an edit.
    Removed,
}

/// HTML inside a feed item: its source, its tokens, its edits. See the module [`html`](super).
#[derive(Clone, Debug)]
pub struct Fragment {
    pub(super) source: String,
    pub(super) syntax: Syntax,
    pub(super) tokens: Vec<Token>,
    pub(super) overrides: Overrides,
    /// For every start tag, the id after its element.
    pub(super) ends: OnceLock<Vec<u32>>,
    /// The elements as they are now; forgotten when a tag changes.
    pub(super) elements: OnceLock<Elements>,
    /// What the tokens were made of, where that is no longer the source that came in.
    pub(super) origin: Option<Origin>,
}

impl Fragment {
    /// Reads `source` by the tokenizer of the HTML specification, or as XML markup. A source of 4 GiB or more is one
    /// token of kind [`Kind::Other`].
    pub fn parse(source: String, syntax: Syntax) -> Fragment {
        let tokens = tokenize(&source, syntax);
        let (ends, elements) = (OnceLock::new(), OnceLock::new());
        let overrides = Overrides::of(tokens.len());
        Fragment { source, syntax, tokens, overrides, ends, elements, origin: None }
    }

    /// What the tokens stand in: the source as it came in, or as it was when [`Fragment::settle`] read it again.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The syntax it is read and written in.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// How many tokens there are; ids are `0..len()`.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// True of an empty source.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// What token `id` is now. An id out of range counts as removed.
    pub fn kind(&self, id: usize) -> Kind {
        let Some(token) = self.tokens.get(id) else { return Kind::Removed };
        if token.flags & REMOVED != 0 {
            return Kind::Removed;
        }
        match token.sort {
            Sort::Text | Sort::Cdata => Kind::Text,
            Sort::Start => Kind::Start { self_closing: token.flags & SELF_CLOSING != 0 },
            Sort::End => Kind::End,
            Sort::Comment => Kind::Comment,
            Sort::Raw | Sort::Rcdata => Kind::RawText,
            Sort::Other => Kind::Other,
        }
    }

    /// Where token `id` stands in the source, in bytes. The spans of all tokens follow each other without a gap.
    pub fn span(&self, id: usize) -> Range<usize> {
        let start = self.tokens.get(id).map_or(self.source.len(), |token| token.start as usize);
        let end = self.tokens.get(id + 1).map_or(self.source.len(), |token| token.start as usize);
        start..end
    }

    /// How token `id` is spelled now; empty when removed.
    pub fn raw(&self, id: usize) -> &str {
        match self.flags(id) {
            flags if flags & REMOVED != 0 => "",
            flags if flags & EDITED != 0 => self.edited(id).unwrap_or_else(|| self.original(id)),
            _ => self.original(id),
        }
    }

    pub(super) fn elements(&self) -> &Elements {
        self.elements.get_or_init(|| Elements::of(self))
    }

    fn edited(&self, id: usize) -> Option<&str> {
        self.overrides.get(id)?.now.as_deref()
    }

    /// How token `id` is spelled in the source.
    pub(super) fn original(&self, id: usize) -> &str {
        self.source.get(self.span(id)).unwrap_or_default()
    }

    pub(super) fn flags(&self, id: usize) -> u8 {
        self.tokens.get(id).map_or(REMOVED, |token| token.flags)
    }

    pub(super) fn sort(&self, id: usize) -> Sort {
        self.tokens.get(id).map_or(Sort::Other, |token| token.sort)
    }

    /// The source ended inside this token, so nothing can stand after it.
    pub(super) fn is_open(&self, id: usize) -> bool {
        self.flags(id) & OPEN != 0
    }

    /// The name of a tag as it is written, without its prefix in XHTML; empty for other tokens. Compare names with
    /// [`Fragment::is`].
    pub fn name(&self, id: usize) -> &str {
        if self.flags(id) & REMOVED != 0 { "" } else { self.source_name(id) }
    }

    /// The name of a tag, removed or not.
    pub(super) fn source_name(&self, id: usize) -> &str {
        let Some(token) = self.tokens.get(id) else { return "" };
        let from = match token.sort {
            Sort::Start => 1,
            Sort::End => 2,
            _ => return "",
        };
        let raw = self.original(id); // edits leave the name alone
        let to = match token.name {
            u16::MAX => name_end(raw.as_bytes(), from),
            len => from + usize::from(len),
        };
        let name = raw.get(from..to).unwrap_or_default();
        match self.syntax {
            Syntax::Html => name,
            Syntax::Xhtml => name.split_once(':').map_or(name, |(_, local)| local),
        }
    }

    /// True where token `id` is a start or end tag called `name`, ASCII case ignored.
    pub fn is(&self, id: usize, name: &str) -> bool {
        let found = self.name(id);
        !found.is_empty() && found.eq_ignore_ascii_case(name)
    }

    /// True of the tag of an element that has no content and no end tag.
    pub fn is_void(&self, id: usize) -> bool {
        tags::is_void(self.key(id))
    }

    /// True of a start tag whose element ends with its own end tag.
    pub fn is_closed(&self, start: usize) -> bool {
        let last = self.element_end(start).saturating_sub(1);
        last > start && self.kind(last) == Kind::End && self.key(last) == self.key(start)
    }

    /// The name of a tag as a number.
    pub(super) fn key(&self, id: usize) -> u64 {
        tags::key(self.name(id).as_bytes())
    }

    pub(super) fn text_spelling(&self, id: usize) -> Spelling {
        match (self.sort(id), self.syntax) {
            (Sort::Text, Syntax::Xhtml) => Spelling::XmlText,
            (Sort::Text | Sort::Rcdata, _) => Spelling::HtmlText,
            _ => Spelling::Verbatim,
        }
    }

    /// The text of a token as [`Fragment::text`] gives it, with the ends of its parts: stretches that are spelled as they are read, and
    /// the references and characters between them that are not. Replacing a part is the same as replacing what differs in it. In bytes
    /// of the text, the last its length; none where the whole is one.
    pub fn text_in_parts(&self, id: usize) -> (Cow<'_, str>, Option<Vec<usize>>) {
        let (raw, spelling) = (self.raw(id), self.text_spelling(id));
        match self.sort(id) {
            Sort::Text if spelled_plainly(raw, spelling) => (Cow::Borrowed(raw), None),
            Sort::Text => (decode(raw, spelling), Some(parts(raw, spelling))),
            _ => (self.text(id), None),
        }
    }

    /// The text a [`Kind::Text`] or [`Kind::RawText`] token spells now, references decoded; empty for other tokens.
    pub fn text(&self, id: usize) -> Cow<'_, str> {
        match self.sort(id) {
            Sort::Text | Sort::Rcdata | Sort::Raw => decode(self.raw(id), self.text_spelling(id)),
            Sort::Cdata => cdata_text(self.raw(id)),
            _ => Cow::Borrowed(""),
        }
    }

    pub(super) fn attribute_spelling(&self, quote: u8) -> Spelling {
        match self.syntax {
            Syntax::Html => Spelling::HtmlAttribute(quote),
            Syntax::Xhtml => Spelling::XmlAttribute(quote),
        }
    }

    /// The attributes of the start tag `id` as it is spelled now; none for other tokens.
    pub(super) fn scan(&self, id: usize) -> Scan<'_> {
        let raw = match self.sort(id) {
            Sort::Start => self.raw(id),
            _ => "",
        };
        let name = match self.tokens.get(id).map_or(0, |token| token.name) {
            u16::MAX => name_end(raw.as_bytes(), 1),
            len => 1 + usize::from(len),
        };
        Scan::new(raw.as_bytes(), name)
    }

    /// The value of attribute `name` (ASCII case ignored) of a start tag, references decoded; empty where the tag names it
    /// without a value. Of duplicates the first counts, as in browsers.
    pub fn attr(&self, id: usize, name: &str) -> Option<Cow<'_, str>> {
        self.attrs_called(id, |found| found.eq_ignore_ascii_case(name)).next().map(|(_, value)| value)
    }

    /// Names, as written, and decoded values of a start tag's attributes, duplicates included.
    pub fn attrs(&self, id: usize) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.attrs_called(id, |_| true)
    }

    /// Those of [`Fragment::attrs`] whose names, as written, `is_meant` says so of; no other value is decoded.
    pub fn attrs_called(
        &self,
        id: usize,
        is_meant: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let raw = self.raw(id);
        self.scan(id).filter_map(move |attr| {
            let name = raw.get(attr.name).unwrap_or_default();
            let value = || attr.value.and_then(|range| raw.get(range)).unwrap_or_default();
            is_meant(name).then(|| (name, decode(value(), self.attribute_spelling(attr.quote))))
        })
    }

    /// The address in the first `<base href>`: what relative URLs of this fragment stand against.
    pub fn base_href(&self) -> Option<Cow<'_, str>> {
        let base = |&id: &usize| matches!(self.kind(id), Kind::Start { .. }) && self.is(id, "base");
        (0..self.len()).filter(base).find_map(|id| self.attr(id, "href"))
    }
}

pub(super) const CDATA_OPEN: &str = "<![CDATA[";
pub(super) const CDATA_CLOSE: &str = "]]>";
/// What an edit writes where its text holds `]]>`: the end of one section and the start of the next, inside the mark.
pub(super) const CDATA_SPLIT: &str = "]]]]><![CDATA[>";

fn cdata_text(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix(CDATA_OPEN).and_then(|raw| raw.strip_suffix(CDATA_CLOSE)).unwrap_or_default();
    if inner.contains(CDATA_SPLIT) { Cow::Owned(inner.replace(CDATA_SPLIT, CDATA_CLOSE)) } else { Cow::Borrowed(inner) }
}
