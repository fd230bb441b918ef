//! Bytes to text: which character encoding a body is in, and the body as UTF-8.
//!
//! Order: byte order mark, the pattern of zero bytes of UTF-16 and UTF-32, then the labels (HTTP before the XML
//! declaration, RFC 7303 §3; JSON is UTF-8, RFC 8259 §8.1), then detection. A label is a claim: it holds only where the
//! bytes fit it, and bytes that are UTF-8 beat a legacy label. A document that fits as a whole but for some strings is
//! handled string by string (`runs`), and strings that were encoded twice are put right (`double`).
//!
//! The byte order mark is removed and the label in the XML declaration is made true. Valid UTF-8 with a true label costs
//! one validation and one scan, and is borrowed. Linear time; the size of the body is the caller's to bound. Never fails:
//! what fits nothing carries U+FFFD. UTF-7 is never decoded (a label that claims it is ignored). Called by `pipeline`.

mod double;
mod runs;
mod wide;

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{Encoding, UTF_8};
use memchr::memmem;

use crate::base::limits::{EXCERPT_CHARS, XML_DECLARATION_WITHIN};
use crate::feed::sniff::Root;

/// A body as text, and how it was read.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The text without its byte order mark. Borrowed where the body was valid UTF-8 and truly labelled.
    pub text: Cow<'a, str>,
    /// The WHATWG name of the encoding of the document as a whole (`UTF-8`, `GBK`, `UTF-16LE`, also `UTF-32BE`).
    pub encoding: &'static str,
    /// What did not go by the labels; empty for an honest body.
    pub notes: Vec<Note>,
}

/// Something a log or the inspector should say about how a body was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A label (as the WHATWG name, or as written where unknown) that the bytes do not fit, so it was not followed.
    LabelIgnored(String),
    /// So many strings did not fit the encoding of the rest and were decoded each by its own guess.
    StringsGuessed(usize),
    /// So many strings had been encoded to UTF-8 twice and were put right.
    DoubleEncoded(usize),
    /// The body ends in the middle of a character; the piece was left out.
    CutCharacter,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::LabelIgnored(label) => write!(f, "the charset label `{label}` does not fit the bytes"),
            Note::StringsGuessed(count) => write!(f, "{count} strings are not in the document's charset"),
            Note::DoubleEncoded(count) => write!(f, "{count} strings were encoded to UTF-8 twice"),
            Note::CutCharacter => write!(f, "the body ends in the middle of a character"),
        }
    }
}

/// Decodes `body`. `http_label` is the `charset` parameter of `Content-Type`, quoted or not, where there is one.
pub fn decode<'a>(body: &'a [u8], http_label: Option<&str>) -> Decoded<'a> {
    let mut notes = Vec::new();
    let (text, encoding) = match wide::detect(body) {
        Some(found) => (Cow::Owned(found.decode(body)), found.name()),
        None => {
            // also a mark of UTF-16 that the bytes after it refute
            let marks: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];
            let body = marks.iter().find_map(|mark| body.strip_prefix(*mark)).unwrap_or(body);
            let labels = Labels::of(body, http_label, &mut notes);
            decode_bytes(body, &labels, &mut notes)
        }
    };
    let text = double::undo(text, &mut notes);
    Decoded { text: true_label(text), encoding, notes }
}

/// The `charset` of a `Content-Type` (RFC 9110 §8.3.1).
pub fn label(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// Which of two labels of one document is followed, HTTP's or its own: HTTP's, but one that cannot fail (windows-1252 is every
/// server's default) only where the other could not either.
pub fn surer<'a>(http: Option<&'a str>, own: Option<&'a str>) -> Option<&'a str> {
    let of = |label: &str| Encoding::for_label(label.trim().as_bytes());
    match (http.and_then(of), own.and_then(of)) {
        (Some(said), Some(declared)) if said.is_single_byte() && !declared.is_single_byte() => own,
        (Some(_), _) => http,
        (None, _) => own.or(http),
    }
}

/// The two labels of a body, where they name an encoding that ASCII markup can be in.
struct Labels {
    http: Option<&'static Encoding>,
    declared: Option<&'static Encoding>,
}

impl Labels {
    fn of(body: &[u8], http_label: Option<&str>, notes: &mut Vec<Note>) -> Labels {
        let declared = declared_label(body);
        let mut known = |label: &[u8]| {
            // a UTF-16 label over bytes that show no UTF-16 is a lie, as HTML's own sniffing says
            let found = Encoding::for_label_no_replacement(label).filter(|e| e.is_ascii_compatible() || iso_2022_jp(e));
            if found.is_none() {
                notes.push(Note::LabelIgnored(String::from_utf8_lossy(label).chars().take(EXCERPT_CHARS).collect()));
            }
            found
        };
        let http = http_label.map(|label| label.trim().trim_matches(['"', '\''])).filter(|label| !label.is_empty());
        Labels { http: http.and_then(|label| known(label.as_bytes())), declared: declared.and_then(&mut known) }
    }

    /// The labels of encodings other than UTF-8 in the order in which they are tried: HTTP first, but an encoding that
    /// has no invalid bytes (windows-1252 is every server's default) only after one that could have failed.
    fn legacy(&self) -> impl Iterator<Item = &'static Encoding> {
        let mut labels = [self.http, self.declared];
        if let (Some(http), Some(declared)) = (self.http, self.declared)
            && http.is_single_byte()
            && !declared.is_single_byte()
            && declared != UTF_8
        {
            labels.swap(0, 1);
        }
        labels.into_iter().flatten().filter(|label| *label != UTF_8)
    }
}

fn iso_2022_jp(encoding: &Encoding) -> bool {
    encoding == encoding_rs::ISO_2022_JP
}

/// The fast check, which does not say where an error is, then the one that does.
fn utf8(body: &[u8]) -> Result<&str, std::str::Utf8Error> {
    simdutf8::basic::from_utf8(body).or_else(|_| std::str::from_utf8(body))
}

fn decode_bytes<'a>(body: &'a [u8], labels: &Labels, notes: &mut Vec<Note>) -> (Cow<'a, str>, &'static str) {
    if let Some(text) = japanese_escapes(body) {
        return (text, encoding_rs::ISO_2022_JP.name());
    }
    match utf8(body) {
        Ok(text) => match labels.legacy().next().filter(|label| runs::label_beats_utf8(label, text)) {
            Some(label) => (runs::decode(body, label, notes), label.name()),
            None => {
                if labels.legacy().next().is_some() && !text.is_ascii() {
                    notes.extend(labels.legacy().map(ignored));
                }
                (Cow::Borrowed(text), UTF_8.name())
            }
        },
        // only the last character is incomplete, and there are others to say that this is UTF-8
        Err(e) if e.error_len().is_none() && body[..e.valid_up_to()].iter().any(|b| *b >= 0x80) => {
            notes.push(Note::CutCharacter);
            (String::from_utf8_lossy(&body[..e.valid_up_to()]), UTF_8.name())
        }
        Err(_) => {
            let encoding = runs::encoding_of(body, labels);
            notes.extend([labels.http, labels.declared].into_iter().flatten().filter(|l| *l != encoding).map(ignored));
            (runs::decode(body, encoding, notes), encoding.name())
        }
    }
}

fn ignored(label: &'static Encoding) -> Note {
    Note::LabelIgnored(label.name().to_owned())
}

/// ISO-2022-JP is 7-bit, so nothing else tells it: its escape sequences are no part of any XML or JSON text.
fn japanese_escapes(body: &[u8]) -> Option<Cow<'_, str>> {
    let escape = memchr::memchr(0x1B, body)?;
    if !matches!(body.get(escape + 1..escape + 3)?, b"$B" | b"$@" | b"(J" | b"(I") || !body.is_ascii() {
        return None;
    }
    encoding_rs::ISO_2022_JP.decode_without_bom_handling_and_without_replacement(body)
}

fn looks_like_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Where the value of `encoding` stands in the XML declaration; the declaration may be late (a blank line, a comment).
fn label_span(head: &[u8]) -> Option<std::ops::Range<usize>> {
    let head = &head[..head.len().min(XML_DECLARATION_WITHIN)];
    let start = memmem::find_iter(head, b"<?xml")
        .filter(|at| head.get(at + 5).is_some_and(u8::is_ascii_whitespace))
        .find(|at| !is_commented(&head[..*at]))?;
    if looks_like_json(head) || has_root(&head[..start]) {
        return None; // the feed's text speaks of it
    }
    let end = start + memchr::memchr(b'>', &head[start..])?;
    let mut at = start + memmem::find(&head[start..end], b"encoding")? + b"encoding".len();
    let skip_space = |at: usize| at + head[at..end].iter().take_while(|b| b.is_ascii_whitespace()).count();
    at = skip_space(at);
    if head[at] != b'=' {
        return None;
    }
    at = skip_space(at + 1);
    let quote = head[at];
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let len = memchr::memchr(quote, &head[at + 1..end])?;
    Some(at + 1..at + 1 + len)
}

/// True where a comment is open at the end of `before`.
fn is_commented(before: &[u8]) -> bool {
    memmem::rfind(before, b"<!--").is_some_and(|open| memmem::find(&before[open..], b"-->").is_none())
}

/// True where the root of a feed begins in `before`.
fn has_root(before: &[u8]) -> bool {
    memchr::memchr_iter(b'<', before).any(|at| {
        let name = before[at + 1..].split(|b| !b.is_ascii_alphanumeric() && *b != b':').next().unwrap_or_default();
        let local = name.rsplit(|b| *b == b':').next().unwrap_or_default();
        Root::named(local).is_some()
    })
}

fn declared_label(body: &[u8]) -> Option<&[u8]> {
    let label = body[label_span(body)?].trim_ascii();
    (!label.is_empty()).then_some(label)
}

/// The text is UTF-8 from here on, so its declaration has to say so; only the label's value changes.
pub(super) fn true_label(text: Cow<'_, str>) -> Cow<'_, str> {
    match label_span(text.as_bytes()) {
        Some(span) if !text.as_bytes()[span.clone()].eq_ignore_ascii_case(b"utf-8") => {
            let mut text = text.into_owned();
            // the span lies between two ASCII quotes, so both ends are character boundaries
            text.replace_range(span, "UTF-8");
            Cow::Owned(text)
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests;
