//! How a value stands in the source: XML text and CDATA, an attribute, inline markup, a JSON string. Decoding for the rules, and
//! writing edits back so that everything outside them keeps its bytes.
//!
//! Both walk the same [`Segments`], so a position in the decoded value always means the same place in the source.

use super::chars::{first_forbidden, is_allowed, reference_at};
use crate::base::text::common_ends;
use std::borrow::Cow;
use std::ops::Range;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// The inside of an XML element: text, references, CDATA sections; comments and instructions between them are not part of the value.
    Text,
    /// An attribute's value, with its quote.
    Attribute(char),
    /// Inline XML markup, taken as it stands.
    Markup,
    /// `<name/>`: an empty value at the place of `/>`.
    Empty,
    /// The inside of a JSON string.
    Json,
}

/// One stretch of the source and what it decodes to.
enum Segment {
    /// The same bytes decoded.
    Literal(Range<usize>),
    /// The same bytes decoded, inside a CDATA section.
    Cdata(Range<usize>),
    /// A reference or escape for one character.
    Character(Range<usize>, char),
    /// No part of the value: section marks, comments, instructions, tags.
    Mark,
}

impl Segment {
    fn decoded_len(&self) -> usize {
        match self {
            Segment::Literal(span) | Segment::Cdata(span) => span.len(),
            Segment::Character(_, c) => c.len_utf8(),
            Segment::Mark => 0,
        }
    }
}

/// Splits `source` by `coding`. Never fails: what is no reference or escape is literal.
struct Segments<'a> {
    source: &'a str,
    coding: Coding,
    at: usize,
    cdata_end: usize,
}

impl<'a> Segments<'a> {
    fn new(source: &'a str, coding: Coding) -> Segments<'a> {
        Segments { source, coding, at: 0, cdata_end: 0 }
    }

    fn to(&mut self, end: usize) -> Range<usize> {
        let span = self.at..end.min(self.source.len());
        self.at = span.end;
        span
    }

    fn mark(&mut self, end: usize) -> Segment {
        self.to(end);
        Segment::Mark
    }

    fn next_text(&mut self) -> Segment {
        let rest = &self.source[self.at..];
        match rest.as_bytes()[0] {
            b'&' => match reference_at(rest) {
                Some((length, c)) => Segment::Character(self.to(self.at + length), c),
                None => Segment::Literal(self.to(self.at + 1)),
            },
            b'<' if rest.starts_with("<![CDATA[") => {
                self.cdata_end = self.at + memchr::memmem::find(rest.as_bytes(), b"]]>").unwrap_or(rest.len());
                self.mark(self.at + 9)
            }
            b'<' if rest.starts_with("<!--") => self.mark(self.at + rest.find("-->").map_or(rest.len(), |end| end + 3)),
            b'<' if rest.starts_with("<?") => self.mark(self.at + rest.find("?>").map_or(rest.len(), |end| end + 2)),
            b'<' => self.mark(self.at + rest.find('>').map_or(rest.len(), |end| end + 1)),
            _ => {
                Segment::Literal(self.to(self.at + memchr::memchr2(b'&', b'<', rest.as_bytes()).unwrap_or(rest.len())))
            }
        }
    }

    fn next_attribute(&mut self) -> Segment {
        let rest = &self.source[self.at..];
        match rest.as_bytes()[0] {
            b'&' => self.next_text(),
            _ => Segment::Literal(self.to(self.at + memchr::memchr(b'&', rest.as_bytes()).unwrap_or(rest.len()))),
        }
    }

    fn next_json(&mut self) -> Segment {
        let rest = &self.source[self.at..];
        if !rest.starts_with('\\') {
            return Segment::Literal(self.to(self.at + memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len())));
        }
        let unit = |at: usize| {
            rest.get(at..at + 6).filter(|e| e.starts_with("\\u")).and_then(|e| u16::from_str_radix(&e[2..], 16).ok())
        };
        let (length, c) = match rest.as_bytes().get(1) {
            Some(b'b') => (2, '\u{8}'),
            Some(b'f') => (2, '\u{c}'),
            Some(b'n') => (2, '\n'),
            Some(b'r') => (2, '\r'),
            Some(b't') => (2, '\t'),
            Some(b'u') => match (unit(0), unit(6)) {
                (Some(high), Some(low)) if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) => {
                    let code = 0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                    (12, char::from_u32(code).unwrap_or('\u{FFFD}'))
                }
                (one, _) => (6, one.and_then(|one| char::from_u32(u32::from(one))).unwrap_or('\u{FFFD}')),
            },
            Some(other @ (b'"' | b'\\' | b'/')) => (2, char::from(*other)),
            _ => return Segment::Literal(self.to(self.at + 1)),
        };
        Segment::Character(self.to(self.at + length), c)
    }
}

impl Iterator for Segments<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        if self.at >= self.source.len() {
            return None;
        }
        Some(match self.coding {
            _ if self.at < self.cdata_end => Segment::Cdata(self.to(self.cdata_end)),
            Coding::Text if self.cdata_end > 0 && self.at == self.cdata_end => {
                self.cdata_end = 0;
                self.mark(self.at + 3)
            }
            Coding::Text => self.next_text(),
            Coding::Attribute(_) => self.next_attribute(),
            Coding::Json => self.next_json(),
            Coding::Markup | Coding::Empty => Segment::Literal(self.to(self.source.len())),
        })
    }
}

/// The value that stands at `source`.
pub fn decode(source: &str, coding: Coding) -> Cow<'_, str> {
    let plain = match coding {
        Coding::Text => memchr::memchr2(b'&', b'<', source.as_bytes()).is_none(),
        Coding::Attribute(_) => memchr::memchr(b'&', source.as_bytes()).is_none(),
        Coding::Json => memchr::memchr(b'\\', source.as_bytes()).is_none(),
        Coding::Markup => true,
        Coding::Empty => return Cow::Borrowed(""),
    };
    if plain {
        return Cow::Borrowed(source);
    }
    if let Some(only) = sole_cdata(source).filter(|_| coding == Coding::Text) {
        return Cow::Borrowed(only);
    }
    let mut value = String::with_capacity(source.len());
    for segment in Segments::new(source, coding) {
        match segment {
            Segment::Literal(span) | Segment::Cdata(span) => value.push_str(&source[span]),
            Segment::Character(_, c) => value.push(c),
            Segment::Mark => {}
        }
    }
    Cow::Owned(value)
}

/// The inside of the one CDATA section that, but for white space that is not part of what was meant, is all there is.
fn sole_cdata(source: &str) -> Option<&str> {
    let inside = source.strip_prefix("<![CDATA[")?.strip_suffix("]]>")?;
    memchr::memmem::find(inside.as_bytes(), b"]]>").is_none().then_some(inside)
}

/// One edit of a decoded value: `range` of it becomes `with`.
#[derive(Debug, Clone)]
pub struct Splice<'a> {
    /// Bytes of the decoded value.
    pub range: Range<usize>,
    /// What stands there afterwards, decoded.
    pub with: &'a str,
}

/// Writes `source` with the edits (ascending, disjoint) to `out`: outside of them the bytes stay, CDATA stays CDATA.
pub fn splice(out: &mut String, source: &str, coding: Coding, edits: &[Splice<'_>]) {
    let mut writer = Writer { out, source, coding, copied: 0, seam: None };
    let mut edits = edits.iter().peekable();
    let mut start = 0;
    let mut last = (0, false);
    for segment in Segments::new(source, coding) {
        if edits.peek().is_none() {
            break;
        }
        let (span, is_cdata) = match &segment {
            Segment::Mark => continue,
            Segment::Cdata(span) => (span.clone(), true),
            Segment::Literal(span) | Segment::Character(span, _) => (span.clone(), false),
        };
        let end = start + segment.decoded_len();
        // A reference goes whole or not at all.
        let place = |decoded: usize| if decoded >= end { span.end } else { span.start + (decoded - start) };
        // What begins at the end belongs to the next segment.
        while let Some(edit) = edits.peek().filter(|edit| edit.range.start < end) {
            if edit.range.start >= start {
                writer.replace(place(edit.range.start), edit.with, is_cdata);
            } else {
                writer.copy_to(span.start);
            }
            writer.skip_to(place(edit.range.end), is_cdata);
            if edit.range.end > end {
                break;
            }
            edits.next();
        }
        start = end;
        last = (span.end, is_cdata);
    }
    for edit in edits.filter(|edit| edit.range.start >= start) {
        // An empty value takes the new one behind its marks.
        writer.replace(if start == 0 { source.len() } else { last.0 }, edit.with, last.1);
    }
    writer.copy_to(source.len());
}

/// The source as it is copied and left out.
struct Writer<'a> {
    out: &'a mut String,
    source: &'a str,
    coding: Coding,
    /// How much of the source is done.
    copied: usize,
    /// An edit was written last; what follows it stands in CDATA or not.
    seam: Option<bool>,
}

impl Writer<'_> {
    fn copy_to(&mut self, end: usize) {
        let Some(text) = self.source.get(self.copied..end).filter(|text| !text.is_empty()) else { return };
        match self.seam.take().filter(|_| matches!(self.coding, Coding::Text | Coding::Markup)) {
            Some(in_cdata) => push_after_edit(self.out, text, in_cdata),
            None => self.out.push_str(text),
        }
        self.copied = end;
    }

    fn replace(&mut self, at: usize, with: &str, in_cdata: bool) {
        self.copy_to(at);
        encode(self.out, with, self.coding, in_cdata);
        self.seam = Some(in_cdata);
    }

    fn skip_to(&mut self, end: usize, in_cdata: bool) {
        self.copied = self.copied.max(end);
        self.seam = self.seam.map(|_| in_cdata);
    }
}

/// Copies `text`, where an edit before it may have made the end mark of a section of what was apart: `]]` and then `>`.
fn push_after_edit(out: &mut String, text: &str, in_cdata: bool) {
    let brackets = text.bytes().take(2).take_while(|byte| *byte == b']').count();
    let rest =
        text[brackets..].strip_prefix('>').filter(|_| (out.ends_with(']') && brackets == 1) || out.ends_with("]]"));
    let Some(rest) = rest.filter(|_| brackets < 2) else { return out.push_str(text) };
    out.push_str(&text[..brackets]);
    out.push_str(if in_cdata { "]]><![CDATA[>" } else { "&gt;" });
    out.push_str(rest);
}

/// The one edit that turns `old` into `new`, as small as it can be.
pub fn difference<'a>(old: &str, new: &'a str) -> Option<Splice<'a>> {
    if old == new {
        return None;
    }
    let (prefix, suffix) = common_ends(old, new);
    Some(Splice { range: prefix..old.len() - suffix, with: &new[prefix..new.len() - suffix] })
}

/// Writes a decoded value as `coding` wants it. Characters that XML forbids are left out of XML.
pub fn encode(out: &mut String, value: &str, coding: Coding, in_cdata: bool) {
    match coding {
        Coding::Json => encode_json(out, value),
        Coding::Markup => out.push_str(value),
        _ if in_cdata => encode_cdata(out, value),
        Coding::Text | Coding::Empty => encode_xml(out, value, None),
        Coding::Attribute(quote) => encode_xml(out, value, Some(quote)),
    }
}

fn encode_xml(out: &mut String, value: &str, quote: Option<char>) {
    let special = |b: u8| (b == b'&') | (b == b'<') | (b == b'>') | (b == b'"') | (b == b'\'');
    if !may_hold(value, special) {
        return out.push_str(value);
    }
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if quote == Some('"') => out.push_str("&quot;"),
            '\'' if quote == Some('\'') => out.push_str("&#39;"),
            '\t' if quote.is_some() => out.push_str("&#9;"),
            '\n' if quote.is_some() => out.push_str("&#10;"),
            // As it stands a parser would read it as the end of a line.
            '\r' => out.push_str("&#13;"),
            c if is_allowed(c) => out.push(c),
            _ => {}
        }
    }
}

/// Whether a text may hold a `special` character, ASCII, or one that XML forbids. Without an early end the loop is done in blocks:
/// nearly no text does.
fn may_hold(text: &str, special: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let is_sign = |b: u8| (b < 0x20) | special(b);
    bytes.last().is_some_and(|last| is_sign(*last))
        | pairs.fold(false, |found, (a, b)| found | is_sign(*a) | (*a == 0xEF) & (*b == 0xBF))
}

/// Inside a section: its end mark may not occur, so it is cut between the brackets and goes on in a section of its own.
fn encode_cdata(out: &mut String, value: &str) {
    let from = out.len();
    if !may_hold(value, |b| (b == b']') | (b == b'>')) {
        return out.push_str(value);
    }
    match first_forbidden(value) {
        None => out.push_str(value),
        Some(_) => out.extend(value.chars().filter(|c| is_allowed(*c))),
    }
    // The mark may also arise across the seam with what was written before.
    let seam = from - out.as_bytes()[..from].iter().rev().take(2).take_while(|byte| **byte == b']').count();
    if memchr::memchr(b']', &out.as_bytes()[seam..]).is_some() && out[seam..].contains("]]>") {
        let tail = out[seam..].replace("]]>", "]]]]><![CDATA[>");
        out.truncate(seam);
        out.push_str(&tail);
    }
}

fn encode_json(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(source: &str, coding: Coding, edits: &[(Range<usize>, &str)]) -> String {
        let edits: Vec<_> = edits.iter().map(|(range, with)| Splice { range: range.clone(), with }).collect();
        let mut out = String::new();
        splice(&mut out, source, coding, &edits);
        out
    }

    #[test]
    fn values_are_decoded_as_they_are_written() {
        assert_eq!(decode("a &amp; &#x53f0;<![CDATA[<b>&amp;]]><!-- no --> c", Coding::Text), "a & 台<b>&amp; c");
        assert_eq!(decode("<![CDATA[<p>台]]>", Coding::Text), "<p>台");
        assert_eq!(decode("a=1&amp;b='", Coding::Attribute('"')), "a=1&b='");
        assert_eq!(decode(r#"\u53f0\ud83d\ude00\n\"\/\ud800x"#, Coding::Json), "台😀\n\"/\u{FFFD}x");
        assert_eq!(decode("a & b &unknown;", Coding::Text), "a & b &unknown;");
        assert_eq!(decode("a<?b c>d?>e", Coding::Text), "ae");
    }

    #[test]
    fn an_edit_leaves_every_other_spelling_alone() {
        // decoded: <a href="x">Q&A</a>
        let source = "&lt;a href=&#34;x&quot;>Q&amp;amp;A&#60;/a&gt;";
        assert_eq!(
            spliced(source, Coding::Text, &[(9..10, "y&z")]),
            "&lt;a href=&#34;y&amp;z&quot;>Q&amp;amp;A&#60;/a&gt;"
        );
    }

    #[test]
    fn cdata_stays_cdata_and_its_end_mark_is_cut() {
        assert_eq!(spliced("<![CDATA[ab]]>", Coding::Text, &[(1..1, "]]>")]), "<![CDATA[a]]]]><![CDATA[>b]]>");
        assert_eq!(spliced("<![CDATA[a]]>", Coding::Text, &[(0..1, "<台>&")]), "<![CDATA[<台>&]]>");
        assert_eq!(spliced("<![CDATA[a]]><![CDATA[b]]>", Coding::Text, &[(0..2, "c")]), "<![CDATA[c]]><![CDATA[]]>");
        assert_eq!(spliced("<![CDATA[a]]]>", Coding::Text, &[(2..2, "]>")]), "<![CDATA[a]]]]><![CDATA[>]]>");
    }

    #[test]
    fn what_xml_forbids_is_left_out_wherever_it_stands() {
        for forbidden in ["\u{1}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
            for text in
                [format!("{forbidden}台"), format!("台{forbidden}"), format!("台{forbidden}北"), forbidden.into()]
            {
                for (coding, in_cdata) in [(Coding::Text, false), (Coding::Text, true), (Coding::Attribute('"'), false)]
                {
                    let mut out = String::new();
                    encode(&mut out, &text, coding, in_cdata);
                    assert_eq!(out, text.replace(forbidden, ""), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn no_end_mark_arises_where_an_edit_joins_what_was_apart() {
        assert_eq!(spliced("]]x>y", Coding::Text, &[(2..3, "")]), "]]&gt;y");
        assert_eq!(spliced("]x]>y", Coding::Text, &[(1..2, "")]), "]]&gt;y");
        assert_eq!(spliced("]] <b/>", Coding::Markup, &[(2..3, "")]), "]]<b/>");
        assert_eq!(spliced("<![CDATA[]]x>y]]>", Coding::Text, &[(2..3, "")]), "<![CDATA[]]]]><![CDATA[>y]]>");
        assert_eq!(spliced("<![CDATA[x>y]]>", Coding::Text, &[(0..1, "]]")]), "<![CDATA[]]]]><![CDATA[>y]]>");
        assert_eq!(spliced("<![CDATA[a x]>]]>", Coding::Text, &[(2..3, "]")]), "<![CDATA[a ]]]]><![CDATA[>]]>");
    }

    #[test]
    fn edits_may_cross_segments_and_stand_at_the_ends() {
        assert_eq!(spliced("a&amp;b", Coding::Text, &[(0..0, "<"), (1..3, "c"), (3..3, "!")]), "&lt;ac!");
        assert_eq!(spliced("", Coding::Text, &[(0..0, "x")]), "x");
        assert_eq!(spliced("<![CDATA[]]>", Coding::Text, &[(0..0, "x")]), "<![CDATA[]]>x");
        assert_eq!(spliced(r#"\n台"#, Coding::Json, &[(0..1, "\""), (4..4, "\\")]), r#"\"台\\"#);
    }

    #[test]
    fn the_difference_is_as_small_as_it_can_be() {
        let edit = difference("人工智能好", "人工智慧好").unwrap();
        assert_eq!((edit.range, edit.with), (9..12, "慧"));
        assert_eq!(difference("aa", "a").map(|e| (e.range, e.with)), Some((1..2, "")));
        assert!(difference("a", "a").is_none());
    }
}
