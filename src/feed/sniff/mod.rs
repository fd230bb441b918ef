//! What a decoded body is: an XML feed and where its root starts, a JSON Feed, or not a feed and why.
//!
//! Looks at the start, not at the grammar: a feed that is malformed is still a feed (`repair` or the reader judge it). A
//! feed inside HTML (the browser's "view source", an error page around it) is found too. What is no feed is named as what
//! it is (an HTML page, a challenge page, a sitemap, a picture …) with a short excerpt, never more. Linear, allocates only
//! for the excerpt. Called by `pipeline` between `charset` and the document.

mod json;
mod other;

use std::fmt;

use crate::base::limits::{FEED_ROOT_WITHIN, MAX_ROOTS_TRIED, MAX_TAG};
use crate::base::text::excerpt;
use crate::feed::chars::{is_name_char, is_name_start};

pub use other::binary;

/// What a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A feed in XML.
    Xml {
        /// The kind of its root element.
        root: Root,
        /// Byte offset of the root's `<`; for [`Wrap::Escaped`], of the first visible text.
        start: usize,
        /// Whether it stands inside an HTML page.
        wrap: Wrap,
    },
    /// A JSON Feed (1, 1.1, or an object with `items` and `title`).
    Json {
        /// Byte offset of the `{`.
        start: usize,
        /// Whether it stands inside an HTML page.
        wrap: Wrap,
    },
    /// No feed.
    NotAFeed(NotAFeed),
}

/// Root elements of feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `rss`: 0.91 to 2.0.
    Rss,
    /// `rdf:RDF`, by any prefix: RSS 0.90 and 1.0.
    Rdf,
    /// `feed`: Atom 0.3 and 1.0.
    Atom,
    /// `channel` without an `rss` around it.
    Channel,
}

impl Root {
    /// The root that an element of that name is, its prefix left out; in any letter case.
    pub(super) fn named(local: &[u8]) -> Option<Root> {
        let is = |name: &[u8]| local.eq_ignore_ascii_case(name);
        match () {
            () if is(b"rss") => Some(Root::Rss),
            () if is(b"rdf") => Some(Root::Rdf),
            () if is(b"feed") => Some(Root::Atom),
            () if is(b"channel") => Some(Root::Channel),
            () => None,
        }
    }
}

/// How a feed stands in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// By itself (perhaps after white space, comments, a server's warnings).
    Bare,
    /// As markup inside an HTML page: needs `repair`, however well-formed the page is.
    Markup,
    /// As escaped text inside an HTML page (`&lt;rss …`): needs `repair`.
    Escaped,
}

/// A body that is no feed. Displays as a clause: ``an HTML page (`Log in`)``.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotAFeed {
    /// What the body is instead.
    pub kind: Kind,
    /// Its title or its beginning on one line, at most `EXCERPT_CHARS` characters.
    pub excerpt: String,
}

/// What a body is that is no feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, or white space.
    Empty,
    /// An HTML page.
    Html,
    /// A page that wants proof of a person; the name is who asks.
    Challenge(&'static str),
    /// XML of another kind, as it is called (`a sitemap`).
    Xml(&'static str),
    /// JSON of another kind.
    Json,
    /// A file format (`a PNG picture`) or bytes that are no text.
    Binary(&'static str),
    /// Text without markup.
    Text,
}

impl fmt::Display for NotAFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Empty => return f.write_str("an empty body"),
            Kind::Html => f.write_str("an HTML page"),
            Kind::Challenge(who) => write!(f, "a challenge page of {who}"),
            Kind::Xml(what) | Kind::Binary(what) => f.write_str(what),
            Kind::Json => f.write_str("JSON that is no JSON Feed"),
            Kind::Text => f.write_str("plain text"),
        }?;
        if self.excerpt.is_empty() { Ok(()) } else { write!(f, " (`{}`)", self.excerpt) }
    }
}

impl NotAFeed {
    fn sniffed(kind: Kind, text: &str) -> Sniffed {
        Sniffed::NotAFeed(NotAFeed { kind, excerpt: excerpt(text, crate::base::limits::EXCERPT_CHARS) })
    }
}

/// Says what `text` is.
pub fn classify(text: &str) -> Sniffed {
    let body = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let start = text.len() - body.len();
    if body.is_empty() {
        return NotAFeed::sniffed(Kind::Empty, "");
    }
    if let Some(what) = other::not_text(body) {
        return NotAFeed::sniffed(Kind::Binary(what), "");
    }
    if body.starts_with(['{', '[']) {
        return if json::is_feed(body) {
            Sniffed::Json { start, wrap: Wrap::Bare }
        } else {
            NotAFeed::sniffed(Kind::Json, body)
        };
    }
    match Elements::from(text, 0).next() {
        Some(element) if element.is_root(text) => element.sniffed(Wrap::Bare),
        first => without_root(text, first),
    }
}

/// The first element is no feed's root: a feed may still stand further in, else say what this is.
fn without_root(text: &str, first: Option<Element<'_>>) -> Sniffed {
    let html = first.as_ref().is_some_and(|e| other::is_html(e.name)) || other::has_html_doctype(text);
    if let Some(element) = embedded_root(text) {
        let page = first.as_ref().is_some_and(|e| e.name.eq_ignore_ascii_case("html")) || other::has_html_doctype(text);
        return element.sniffed(if page { Wrap::Markup } else { Wrap::Bare });
    }
    match first {
        None => match text.find('{').filter(|at| *at < FEED_ROOT_WITHIN && json::is_feed(&text[*at..])) {
            Some(start) => Sniffed::Json { start, wrap: Wrap::Bare },
            None => NotAFeed::sniffed(Kind::Text, text),
        },
        Some(_) if html => other::escaped_feed(text).unwrap_or_else(|| other::html_page(text)),
        Some(element) => other::xml_document(&element),
    }
}

/// A start tag: its name and where its `<` is.
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    pub(super) start: usize,
}

impl Element<'_> {
    /// The kind of feed whose root this name is; none where it is no qualified name, which no repair can make one.
    fn root(&self) -> Option<Root> {
        let (prefix, local) = self.name.split_once(':').unwrap_or(("", self.name));
        Root::named(local.as_bytes()).filter(|_| prefix != "xmlns")
    }

    /// True where this, the document's first element, makes it a feed. RDF is also other things than RSS.
    fn is_root(&self, text: &str) -> bool {
        match self.root() {
            Some(Root::Rdf) => other::names_rss(self.tag(text)) || text[self.start..].contains("<channel"),
            found => found.is_some(),
        }
    }

    /// True where this element, found inside something else, surely is a feed's root.
    fn is_surely_root(&self, text: &str) -> bool {
        let tag = self.tag(text);
        let has = |what: &str| memchr::memmem::find(tag.as_bytes(), what.as_bytes()).is_some();
        match self.root() {
            Some(Root::Rss) => has("version") || other::follows(text, self.start + tag.len(), "channel"),
            Some(Root::Rdf) => other::names_rss(tag),
            Some(Root::Atom) => has("http://www.w3.org/2005/Atom") || has("http://purl.org/atom/"),
            Some(Root::Channel) | None => false,
        }
    }

    /// The start tag, or its first `MAX_TAG` bytes.
    fn tag<'t>(&self, text: &'t str) -> &'t str {
        let mut end = text.len().min(self.start + MAX_TAG);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let tag = &text[self.start..end];
        tag.find('>').map_or(tag, |at| &tag[..=at])
    }

    fn sniffed(&self, wrap: Wrap) -> Sniffed {
        let root = self.root().unwrap_or(Root::Rss);
        Sniffed::Xml { root, start: self.start, wrap }
    }
}

/// The start tags of `text` in order; comments, processing instructions and declarations are stepped over.
pub(super) struct Elements<'a> {
    text: &'a str,
    /// Where the next one is looked for; callers may move it forward.
    pub(super) at: usize,
    /// An unclosed comment, or instruction, was met: it hides nothing, and no other one can be closed.
    open_comment: bool,
    open_instruction: bool,
}

impl<'a> Elements<'a> {
    /// From byte offset `at` of `text`, which has to be a character's start.
    pub(super) fn from(text: &'a str, at: usize) -> Elements<'a> {
        Elements { text, at, open_comment: false, open_instruction: false }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            let start = self.at + memchr::memchr(b'<', self.text.as_bytes().get(self.at..)?)?;
            let rest = &self.text[start + 1..];
            self.at = start + 1;
            if rest.starts_with("!--") && !self.open_comment {
                // as in XML: `<!-->` only opens one
                match memchr::memmem::find(&rest.as_bytes()[3..], b"-->") {
                    Some(end) => self.at += end + 6,
                    None => self.open_comment = true,
                }
            } else if rest.starts_with('?') && !rest.starts_with("?xml ") && !self.open_instruction {
                match memchr::memmem::find(&rest.as_bytes()[1..], b"?>") {
                    Some(end) => self.at += end + 3,
                    None => self.open_instruction = true,
                }
            } else if rest.starts_with(|c| is_name_start(c) && c != ':') {
                // as far as `repair` reads a name: what follows is an attribute or junk
                let name = &rest[..rest.find(|c| !is_name_char(c)).unwrap_or(rest.len())];
                self.at += name.len();
                return Some(Element { name, start });
            }
        }
    }
}

/// The first element that surely is a feed's root, wherever it stands but in a script.
fn embedded_root(text: &str) -> Option<Element<'_>> {
    let mut elements = Elements::from(text, 0);
    let mut tried = 0;
    while let Some(element) = elements.next() {
        if element.root().is_some() {
            tried += 1;
            if element.is_surely_root(text) {
                return Some(element);
            }
            if tried == MAX_ROOTS_TRIED {
                return None;
            }
        } else if element.name.eq_ignore_ascii_case("script") {
            elements.at += memchr::memmem::find(&text.as_bytes()[elements.at..], b"</script")?;
        }
    }
    None
}

#[cfg(test)]
mod tests;
