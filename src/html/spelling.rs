//! How text is written in markup: character references decoded (HTML §13.2.5.72–80 by `htmlize`'s table, or XML's five
//! and the numeric ones), text escaped, and parts of a spelled text replaced while the rest keeps its spelling.
//!
//! Linear in the text; nothing is allocated to decode a text without references.

mod splice;

use std::borrow::Cow;
use std::ops::Range;

pub(super) use splice::{open_reference, splice};

/// Where a text stands, which decides how it is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    HtmlText,
    /// In quotes of this kind, or unquoted (0).
    HtmlAttribute(u8),
    XmlText,
    /// In quotes of this kind.
    XmlAttribute(u8),
    /// As it stands: scripts, styles, CDATA.
    Verbatim,
}

impl Spelling {
    fn is_xml(self) -> bool {
        matches!(self, Spelling::XmlText | Spelling::XmlAttribute(_))
    }
}

/// A part of a spelled text.
enum Piece<'a> {
    Literal(&'a str),
    Reference { raw: &'a str, text: Expansion },
}

#[derive(Clone, Copy)]
enum Expansion {
    Char(char),
    Name(&'static str),
}

impl Expansion {
    fn push_to(self, out: &mut String) {
        match self {
            Expansion::Char(c) => out.push(c),
            Expansion::Name(text) => out.push_str(text),
        }
    }

    fn len(self) -> usize {
        match self {
            Expansion::Char(c) => c.len_utf8(),
            Expansion::Name(text) => text.len(),
        }
    }
}

/// Splits a spelled text into its references and what is between them.
struct Pieces<'a> {
    raw: &'a str,
    spelling: Spelling,
    /// Where the literal not yet handed out begins, and where the search for a reference goes on.
    from: usize,
    found: Option<(Range<usize>, Expansion)>,
}

impl<'a> Pieces<'a> {
    fn new(raw: &'a str, spelling: Spelling) -> Pieces<'a> {
        Pieces { raw, spelling, from: 0, found: None }
    }

    fn search(&self) -> Option<(Range<usize>, Expansion)> {
        if self.spelling == Spelling::Verbatim {
            return None;
        }
        let bytes = self.raw.as_bytes();
        memchr::memchr_iter(b'&', bytes.get(self.from..)?).find_map(|offset| {
            let at = self.from + offset;
            let (len, text) = reference(bytes.get(at..)?, self.spelling)?;
            Some((at..at + len, text))
        })
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.found.is_none() {
            if self.from >= self.raw.len() {
                return None;
            }
            self.found = self.search();
            let end = self.found.as_ref().map_or(self.raw.len(), |(range, _)| range.start);
            if end > self.from {
                let literal = self.raw.get(self.from..end)?;
                self.from = end;
                return Some(Piece::Literal(literal));
            }
        }
        let (range, text) = self.found.take()?;
        self.from = range.end;
        Some(Piece::Reference { raw: self.raw.get(range)?, text })
    }
}

/// The character reference that `bytes` begin with (`&`): its length and what it stands for.
fn reference(bytes: &[u8], spelling: Spelling) -> Option<(usize, Expansion)> {
    if bytes.get(1) == Some(&b'#') {
        return numeric(bytes, spelling.is_xml());
    }
    let run =
        bytes.iter().skip(1).take(htmlize::ENTITY_MAX_LENGTH).take_while(|b| b.is_ascii_alphanumeric()).count() + 1;
    let closed = bytes.get(run) == Some(&b';');
    if closed && let Some(text) = common(bytes.get(1..run)?) {
        return Some((run + 1, Expansion::Char(text)));
    }
    if spelling.is_xml() {
        return None;
    }
    let named = |len: usize| {
        let text = htmlize::ENTITIES.get(bytes.get(..len)?)?;
        Some((len, Expansion::Name(std::str::from_utf8(text).ok()?)))
    };
    if closed && let Some(found) = named(run + 1) {
        return Some(found);
    }
    // no name without a semicolon begins another such name, so the shortest is the longest
    let bare = (htmlize::ENTITY_MIN_LENGTH..=run.min(htmlize::BARE_ENTITY_MAX_LENGTH)).find_map(named)?;
    let next = bytes.get(bare.0).copied().unwrap_or(b' ');
    let swallowed = next == b'=' || next.is_ascii_alphanumeric();
    (!(matches!(spelling, Spelling::HtmlAttribute(_)) && swallowed)).then_some(bare)
}

/// XML's five names, which are also nearly all that feeds use.
fn common(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        _ => return None,
    })
}

/// `&#39;`, `&#x27;`. HTML reads them without the semicolon and mends what is no character (§13.2.5.80).
fn numeric(bytes: &[u8], xml: bool) -> Option<(usize, Expansion)> {
    let hex = matches!(bytes.get(2), Some(b'x')) || !xml && matches!(bytes.get(2), Some(b'X'));
    let (first, radix) = if hex { (3, 16) } else { (2, 10) };
    let mut at = first;
    let mut number = 0u32;
    while let Some(digit) = bytes.get(at).and_then(|&b| char::from(b).to_digit(radix)) {
        number = number.saturating_mul(radix).saturating_add(digit);
        at += 1;
    }
    if at == first {
        return None;
    }
    let closed = bytes.get(at) == Some(&b';');
    if xml {
        return char::from_u32(number).filter(|_| closed).map(|c| (at + 1, Expansion::Char(c)));
    }
    let text = match number {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9F => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[number as u8]).0.chars().next()?,
        _ => char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    Some((at + usize::from(closed), Expansion::Char(text)))
}

/// The text that `raw` spells. Borrowed where it holds no reference.
pub(super) fn decode(raw: &str, spelling: Spelling) -> Cow<'_, str> {
    let mut pieces = Pieces::new(raw, spelling);
    let first = match pieces.next() {
        None => return Cow::Borrowed(raw),
        Some(Piece::Literal(text)) if text.len() == raw.len() => return Cow::Borrowed(raw),
        Some(first) => first,
    };
    let mut out = String::with_capacity(raw.len());
    for piece in std::iter::once(first).chain(pieces) {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Reference { text, .. } => text.push_to(&mut out),
        }
    }
    Cow::Owned(out)
}

/// `text` written so that HTML and XML read it as itself, between tags and in an attribute in double quotes.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    escape(text, Spelling::HtmlAttribute(b'"'), &mut out);
    Cow::Owned(out)
}

/// Where the text that `raw` spells may be cut so that each part is either spelled as it is read and as [`escape`] would spell it, or is
/// one reference or character that is not: the ends of the parts, in bytes of the decoded text.
pub(super) fn parts(raw: &str, spelling: Spelling) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    for piece in Pieces::new(raw, spelling) {
        if let Piece::Literal(text) = piece {
            for (offset, _) in text.char_indices().filter(|(_, c)| c.is_ascii() && !is_plain(*c as u8, spelling)) {
                ends.extend([at + offset, at + offset + 1]);
            }
        }
        at += piece.len();
        ends.push(at);
    }
    ends.dedup();
    ends
}

/// Writes `text` so that it is read as itself where `spelling` says it stands.
pub(super) fn escape(text: &str, spelling: Spelling, out: &mut String) {
    let (quote, attribute) = match spelling {
        Spelling::Verbatim => return out.push_str(text),
        Spelling::HtmlAttribute(quote) | Spelling::XmlAttribute(quote) => (quote, true),
        Spelling::HtmlText | Spelling::XmlText => (0, false),
    };
    let xml = spelling.is_xml();
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let reference = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' if attribute && quote != b'\'' => "&quot;",
            b'\'' if attribute && quote != b'"' => "&#39;",
            b'\r' if xml => "&#13;", // XML would read a line feed
            b'\n' if xml && attribute => "&#10;",
            b'\t' if xml && attribute => "&#9;",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(reference);
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

/// True of a byte that stands for itself and that neither [`escape`] nor [`xml_chars`] would change.
fn is_plain(byte: u8, spelling: Spelling) -> bool {
    let is_text = matches!(spelling, Spelling::HtmlText | Spelling::XmlText);
    let quote = !is_text & ((byte == b'"') | (byte == b'\''));
    let control = (byte < 0x20) & (!is_text | ((byte != b'\n') & (byte != b'\t')));
    !((byte == b'&') | (byte == b'<') | (byte == b'>') | quote | control)
}

/// True where `text` stands for itself and holds nothing that [`escape`] or [`xml_chars`] would change.
pub(super) fn spelled_plainly(text: &str, spelling: Spelling) -> bool {
    let is_text = matches!(spelling, Spelling::HtmlText | Spelling::XmlText);
    let is_quote = |byte| !is_text & ((byte == b'"') | (byte == b'\''));
    // `<` and `>` differ in one bit; white space is looked at again.
    let may_be_sign = |byte: u8| (byte < 0x20) | (byte == b'&') | (byte | 2 == b'>') | is_quote(byte);
    // Without an early end the loop is done in blocks.
    if text.bytes().fold(false, |found, byte| found | may_be_sign(byte))
        && text.bytes().any(|byte| !is_plain(byte, spelling))
    {
        return false;
    }
    !(spelling.is_xml() && text.contains(['\u{FFFE}', '\u{FFFF}']))
}

/// `text` without what XML 1.0 §2.2 does not allow, each such character replaced by U+FFFD.
pub(super) fn xml_chars(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if text.contains(bad) { Cow::Owned(text.replace(bad, "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> Cow<'_, str> {
        decode(raw, Spelling::HtmlText)
    }

    #[test]
    fn references_are_read_as_the_specification_reads_them() {
        for (raw, read) in [
            ("a&amp;b", "a&b"),
            ("&ampx", "&x"),
            ("&notit;", "¬it;"),
            ("&notin;", "∉"),
            ("&#x4E2D;&#25991", "中文"),
            ("&#150;", "–"),
            ("&#0;&#xD800;&#99999999999;", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("&#;&#x;&;&", "&#;&#x;&;&"),
            ("&NotEqualTilde;", "≂̸"),
            ("AT&T", "AT&T"),
        ] {
            assert_eq!(text(raw), read, "{raw}");
        }
        assert_eq!(decode("?a&copy=1&amp;b", Spelling::HtmlAttribute(b'"')), "?a&copy=1&b");
        assert_eq!(decode("&copy &nbsp;&apos;", Spelling::XmlText), "&copy &nbsp;'");
    }

    #[test]
    fn decoding_agrees_with_htmlize() {
        for raw in
            ["&lt;p&gt; &hellip; &hellip &frac12 &sup1x &#x1F600; &nosuch; &&amp;&", "&ltimes;&ltimesx", "&#128;&#x81;"]
        {
            assert_eq!(text(raw), htmlize::unescape(raw));
            assert_eq!(decode(raw, Spelling::HtmlAttribute(b'"')), htmlize::unescape_attribute(raw));
        }
    }

    #[test]
    fn spelling_outside_an_edit_is_kept() {
        let raw = "a&nbsp;b &#8217;c&copy";
        assert_eq!(text(raw), "a\u{A0}b ’c©");
        assert_eq!(splice(raw, Spelling::HtmlText, &[(3..4, "<x>")]), "a&nbsp;&lt;x&gt; &#8217;c&copy");
        assert_eq!(splice("x&NotEqualTilde;y", Spelling::HtmlText, &[(4..6, "")]), "x≂y");
        assert_eq!(
            splice(raw, Spelling::HtmlText, &[(0..0, "0"), (1..1, "1"), (11..11, "2")]),
            "0a1&nbsp;b &#8217;c&copy2"
        );
    }

    #[test]
    fn an_edit_never_makes_a_tag_or_reference_of_its_surroundings() {
        assert_eq!(splice("a < b", Spelling::HtmlText, &[(3..4, "")]), "a &lt;b");
        assert_eq!(splice("& amp;", Spelling::HtmlText, &[(1..2, "")]), "&amp;amp;");
        assert_eq!(splice("&ampx", Spelling::HtmlText, &[(1..2, ";")]), "&amp;;");
        assert_eq!(splice("]>", Spelling::XmlText, &[(0..0, "]")]), "]]&gt;");
    }

    #[test]
    fn ranges_that_do_not_fit_are_left_out() {
        assert_eq!(splice("中文", Spelling::HtmlText, &[(0..1, "x"), (3..6, "y"), (0..3, "z"), (90..91, "w")]), "中y");
    }

    #[test]
    fn the_end_of_an_open_reference_is_found() {
        assert_eq!(open_reference("a &am"), Some(2));
        assert_eq!(open_reference("&"), Some(0));
        assert_eq!(open_reference("&amp;x"), None);
        assert_eq!(open_reference("amp"), None);
    }
}
