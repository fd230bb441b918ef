//! One start tag, read tolerantly: every attribute form of HTML, quotes left open, junk between.
//!
//! Each piece keeps its source bytes, so that a tag that is fine is written as it was. Linear: a quote that is searched
//! ahead and not believed is the opening quote of the next tag, so no stretch is searched twice for long.

use super::chars::{self, space_len};

/// What stands at a `<`.
pub(super) enum Read<'a> {
    Tag(Tag<'a>),
    /// No tag begins here.
    NotATag,
    /// A tag that the end of the text cuts.
    Cut,
}

/// A start tag.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Vec<Attribute<'a>>,
    /// White space before its `>`.
    pub(super) tail: &'a str,
    pub(super) self_closing: bool,
    /// It has its own `>`; else the next `<` ends it.
    pub(super) closed: bool,
    /// Something in it was no attribute.
    pub(super) junk: bool,
    /// Just after it.
    pub(super) end: usize,
}

/// An attribute as written.
pub(super) struct Attribute<'a> {
    /// White space before it.
    pub(super) lead: &'a str,
    pub(super) name: &'a str,
    /// `=` with the white space around it; empty where there is no value.
    pub(super) equals: &'a str,
    pub(super) value: &'a str,
    /// Byte offset of the value.
    pub(super) at: usize,
    /// Its quote, where it has both.
    pub(super) quote: Option<u8>,
}

/// Reads the start tag at `start`, where a `<` stands.
pub(super) fn read(text: &str, start: usize) -> Read<'_> {
    let name = chars::name(&text[start + 1..]);
    if name.is_empty() {
        return Read::NotATag;
    }
    let mut at = start + 1 + name.len();
    let mut tag =
        Tag { name, attributes: Vec::new(), tail: "", self_closing: false, closed: true, junk: false, end: 0 };
    loop {
        let space = space_len(&text[at..]);
        tag.tail = &text[at..at + space];
        at += space;
        let rest = &text[at..];
        match rest.as_bytes() {
            [] => return Read::Cut,
            [b'>', ..] => {
                tag.end = at + 1;
                return Read::Tag(tag);
            }
            [b'/', b'>', ..] => {
                tag.end = at + 2;
                tag.self_closing = true;
                return Read::Tag(tag);
            }
            [b'<', ..] => {
                tag.end = at;
                tag.closed = false;
                return Read::Tag(tag);
            }
            _ => match attribute(text, at, tag.tail, name) {
                Some((attribute, end)) => {
                    tag.attributes.push(attribute);
                    at = end;
                }
                None => {
                    tag.junk = true;
                    at += rest.chars().next().map_or(1, char::len_utf8);
                }
            },
        }
    }
}

/// The attribute at `at` and where it ends.
fn attribute<'a>(text: &'a str, at: usize, lead: &'a str, element: &str) -> Option<(Attribute<'a>, usize)> {
    let name = chars::name(&text[at..]);
    if name.is_empty() {
        return None;
    }
    let after = at + name.len();
    let before_equals = after + space_len(&text[after..]);
    if text.as_bytes().get(before_equals) != Some(&b'=') {
        return Some((Attribute { lead, name, equals: "", value: "", at: after, quote: None }, after));
    }
    let value_at = before_equals + 1 + space_len(&text[before_equals + 1..]);
    let equals = &text[after..value_at];
    let (value, at, quote, end) = match text.as_bytes().get(value_at) {
        Some(quote @ (b'"' | b'\'')) => match quoted(&text[value_at + 1..], *quote) {
            (value, true) => (value, value_at + 1, Some(*quote), value_at + 1 + value.len() + 1),
            (value, false) => (value, value_at + 1, None, value_at + 1 + value.len()),
        },
        _ => {
            let value = unquoted(&text[value_at..], element);
            (value, value_at, None, value_at + value.len())
        }
    };
    Some((Attribute { lead, name, equals, value, at, quote }, end))
}

/// The value that starts `rest`, just after its opening quote, and whether its closing quote follows it.
fn quoted(rest: &str, quote: u8) -> (&str, bool) {
    if let Some(end) = memchr::memchr(quote, rest.as_bytes()) {
        let value = &rest[..end];
        // a `<` inside is a slip of escaping where the quote ends a value, else the quote opens the next tag's
        let ends = matches!(rest.as_bytes().get(end + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>'));
        if ends || memchr::memchr(b'<', value.as_bytes()).is_none() {
            return (value, true);
        }
    }
    let end = memchr::memchr2(b'<', b'>', rest.as_bytes()).unwrap_or(rest.len());
    (rest[..end].trim_end_matches('/'), false)
}

fn unquoted<'a>(rest: &'a str, element: &str) -> &'a str {
    let end = rest.bytes().position(|b| chars::is_space(b) || matches!(b, b'>' | b'<')).unwrap_or(rest.len());
    let value = &rest[..end];
    // `<br clear=all/>` closes itself; `<a href=http://example.org/>` goes on, as in HTML
    if rest.as_bytes().get(end) == Some(&b'>') && !element.eq_ignore_ascii_case("a") {
        return value.strip_suffix('/').unwrap_or(value);
    }
    value
}
