//! Parts of a spelled text replaced while the rest keeps its spelling.
//!
//! What comes out is read as it was meant: where something new could be read together with what stands beside it, all is read again, and
//! escaped as a whole where that differs. Linear in the text.

use std::borrow::Cow;
use std::ops::Range;

use super::{Expansion, Piece, Pieces, Spelling, decode, escape, spelled_plainly, xml_chars};

/// `raw` with `edits` done on the text it spells: ranges of the decoded text, ascending and disjoint (others, and those
/// that cut a character, are left out). All outside them keeps its spelling, unless that would then be read otherwise.
pub(in crate::html) fn splice(raw: &str, spelling: Spelling, edits: &[(Range<usize>, &str)]) -> String {
    if memchr::memchr2(b'&', b'<', raw.as_bytes()).is_none()
        && edits.iter().all(|(_, new)| spelled_plainly(new, spelling))
    {
        // Nothing is spelled with references, and nothing new needs one.
        return mend_xml(splice_plain(raw, edits), spelling);
    }
    if let Some(out) = splice_apart(raw, spelling, edits) {
        return mend_xml(out, spelling);
    }
    let decoded = decode(raw, spelling);
    let mut last = 0;
    let mut done: Vec<(Range<usize>, Cow<'_, str>)> = Vec::with_capacity(edits.len());
    for (range, new) in edits {
        if range.start >= last && decoded.get(range.clone()).is_some() {
            last = range.end;
            let new = if spelling.is_xml() { xml_chars(new) } else { Cow::Borrowed(*new) };
            done.push((range.clone(), new));
        }
    }
    let out = splice_pieces(raw, spelling, &done);
    if spelling == Spelling::Verbatim || memchr::memchr2(b'&', b'<', raw.as_bytes()).is_none() {
        return mend_xml(out, spelling);
    }
    let wanted = splice_plain(&decoded, &done);
    let text = matches!(spelling, Spelling::HtmlText | Spelling::XmlText);
    if decode(&out, spelling) == wanted && (!text || is_only_text(&out)) {
        return mend_xml(out, spelling);
    }
    let mut out = String::with_capacity(wanted.len());
    escape(&wanted, spelling, &mut out);
    out
}

/// `]]>` may not stand in XML text (§2.4); the `>` of the source may come to stand after new brackets.
fn mend_xml(out: String, spelling: Spelling) -> String {
    if spelling == Spelling::XmlText && out.contains("]]>") { out.replace("]]>", "]]&gt;") } else { out }
}

/// [`splice`] where it needs no second look: what is new cannot become a part of a reference, nor make one of what is beside it. Either
/// all of it stands before the first reference, or it is text that begins and ends with a character that no reference has, as
/// converted Chinese does. `None` where neither is so, or where a range cuts a character.
fn splice_apart(raw: &str, spelling: Spelling, edits: &[(Range<usize>, &str)]) -> Option<String> {
    if memchr::memchr(b'<', raw.as_bytes()).is_some() || !edits.iter().all(|(_, new)| spelled_plainly(new, spelling)) {
        return None;
    }
    let plain = memchr::memchr(b'&', raw.as_bytes()).unwrap_or(raw.len());
    let is_sound = |range: &Range<usize>| raw.is_char_boundary(range.start) && raw.is_char_boundary(range.end);
    if edits.iter().all(|(range, _)| range.start <= range.end && range.end <= plain && is_sound(range)) {
        return Some(splice_plain(raw, edits));
    }
    let is_apart = |new: &str| {
        let bytes = new.as_bytes();
        bytes.first().is_some_and(|byte| !byte.is_ascii()) && bytes.last().is_some_and(|byte| !byte.is_ascii())
    };
    let is_text = matches!(spelling, Spelling::HtmlText | Spelling::XmlText);
    if !is_text || !edits.iter().all(|(_, new)| is_apart(new)) {
        return None;
    }
    let mut out = String::with_capacity(raw.len() + raw.len() / 4);
    let mut edits = edits.iter().peekable();
    // Where the piece begins in the decoded text, and up to where that is written.
    let (mut start, mut done) = (0, 0);
    for piece in Pieces::new(raw, spelling) {
        let end = start + piece.len();
        while let Some((range, new)) = edits.next_if(|(range, _)| range.start < end) {
            if range.start < done.max(start) || range.end > end || range.end < range.start {
                return None; // out of order, or over more than one piece
            }
            piece.keep_whole(done.max(start) - start..range.start - start, &mut out)?;
            piece.has_boundary(range.end - start).then_some(())?;
            out.push_str(new);
            done = range.end;
        }
        if done < end {
            piece.keep_whole(done.max(start) - start..end - start, &mut out)?;
        }
        start = end;
    }
    edits.peek().is_none().then_some(out)
}

/// [`splice`] where the raw text is the decoded one.
fn splice_plain(raw: &str, edits: &[(Range<usize>, impl AsRef<str>)]) -> String {
    let grown = |(range, new): &(Range<usize>, _)| AsRef::<str>::as_ref(new).len().saturating_sub(range.len());
    let mut out = String::with_capacity(raw.len() + edits.iter().map(grown).sum::<usize>());
    let mut from = 0;
    for (range, new) in edits {
        if range.start >= from && raw.get(range.clone()).is_some() {
            out.push_str(raw.get(from..range.start).unwrap_or_default());
            out.push_str(new.as_ref());
            from = range.end;
        }
    }
    out.push_str(raw.get(from..).unwrap_or_default());
    out
}

fn splice_pieces(raw: &str, spelling: Spelling, edits: &[(Range<usize>, Cow<'_, str>)]) -> String {
    let mut out = String::with_capacity(raw.len() + 16);
    let mut edits = edits.iter().peekable();
    let (mut start, mut kept_from) = (0, 0);
    for piece in Pieces::new(raw, spelling) {
        let end = start + piece.len();
        let mut from = kept_from.max(start);
        while let Some((range, new)) = edits.next_if(|(range, _)| range.start < end) {
            piece.keep(from.saturating_sub(start)..range.start - start, spelling, &mut out);
            escape(new, spelling, &mut out);
            kept_from = range.end;
            from = range.end;
        }
        if from < end {
            piece.keep(from - start..end - start, spelling, &mut out);
        }
        start = end;
    }
    for (_, new) in edits {
        escape(new, spelling, &mut out);
    }
    out
}

impl Piece<'_> {
    /// Writes the part `range` as it is spelled; `None` where it would have to be spelled anew, or cuts a character.
    fn keep_whole(&self, range: Range<usize>, out: &mut String) -> Option<()> {
        match self {
            _ if range.is_empty() => {}
            Piece::Literal(text) => out.push_str(text.get(range)?),
            Piece::Reference { raw, text } if range == (0..text.len()) => out.push_str(raw),
            Piece::Reference { .. } => return None,
        }
        Some(())
    }

    /// True where what this stands for may be cut.
    fn has_boundary(&self, at: usize) -> bool {
        match self {
            Piece::Literal(text) => text.is_char_boundary(at),
            Piece::Reference { text, .. } => at == 0 || at == text.len(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Piece::Literal(text) => text.len(),
            Piece::Reference { text, .. } => text.len(),
        }
    }

    /// Writes the part `range` of what this stands for; a reference kept in part is spelled anew.
    fn keep(&self, range: Range<usize>, spelling: Spelling, out: &mut String) {
        match self {
            Piece::Literal(text) => out.push_str(text.get(range).unwrap_or_default()),
            Piece::Reference { raw, text } if range == (0..text.len()) => out.push_str(raw),
            Piece::Reference { text: Expansion::Name(text), .. } => {
                escape(text.get(range).unwrap_or_default(), spelling, out);
            }
            Piece::Reference { .. } => {}
        }
    }
}

/// True where HTML reads `raw`, and any tag after it, as text and then that tag.
fn is_only_text(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    memchr::memchr_iter(b'<', bytes).all(|at| match bytes.get(at + 1) {
        None => true,
        Some(&next) => !(next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')),
    })
}

/// Where the reference, or what could become one, begins that `raw` ends inside of: `a &am`, `&#3`, `&`.
pub(in crate::html) fn open_reference(raw: &str) -> Option<usize> {
    let bytes = raw.as_bytes();
    let run = bytes.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    let at = bytes.len().checked_sub(run + 1)?;
    (bytes.get(at) == Some(&b'&')).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_needs_no_second_look_is_read_as_meant(
            raw in "([ab;#= 漢1]|&|&amp;|&not|&copy|&#65|lt;|in;|&nGt;|&NotEqualTilde;){0,8}",
            news in prop::collection::vec("漢|漢a字|a|=|", 3),
            cuts in prop::collection::vec(0usize..24, 6),
            attribute in any::<bool>(),
        ) {
            let spelling = if attribute { Spelling::HtmlAttribute(b'"') } else { Spelling::HtmlText };
            let text = decode(&raw, spelling).into_owned();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
            cuts.sort_unstable();
            let edits: Vec<(Range<usize>, &str)> =
                cuts.chunks(2).zip(&news).map(|(cut, new)| (cut[0]..cut[1], new.as_str())).collect();
            let wanted = splice_plain(&text, &edits);
            if let Some(out) = splice_apart(&raw, spelling, &edits) {
                prop_assert_eq!(decode(&out, spelling), wanted.as_str(), "{} {:?}", raw, edits);
                prop_assert!(is_only_text(&out));
            }
            let out = splice(&raw, spelling, &edits);
            prop_assert_eq!(decode(&out, spelling), wanted.as_str());
        }
    }

    #[test]
    fn converted_text_beside_references_keeps_their_spelling() {
        let raw = "软件&nbsp;&mdash;&nbsp;头发&amp";
        let text = decode(raw, Spelling::HtmlText);
        let at = |what: &str| text.find(what).map(|at| at..at + what.len()).unwrap();
        let edits = [(at("软件"), "軟體"), (at("头发"), "頭髮")];
        let out = splice_apart(raw, Spelling::HtmlText, &edits);
        assert_eq!(out.as_deref(), Some("軟體&nbsp;&mdash;&nbsp;頭髮&amp"));
        assert_eq!(splice_apart(raw, Spelling::HtmlText, &[(at("发"), "amp;")]), None, "a second look is needed");
        assert_eq!(splice_apart(raw, Spelling::HtmlText, &[(1..3, "字")]), None, "a cut character");
    }
}
