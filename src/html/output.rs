//! What comes out of an edited fragment: the list of edits against its source, and the whole.
//!
//! An edit covers what changed and no more: equal ends of the old and new spelling of a token are left out, but a
//! character or a character reference is never cut. Linear in the edited tokens (and, for the whole, in the source).

use std::borrow::Cow;
use std::ops::Range;

use super::Syntax;
use super::fragment::Fragment;
use super::overrides::Override;
use super::spelling::open_reference;
use super::token::{OPEN, REMOVED, Sort};
use crate::base::text::common_ends;

/// Bytes `range` of the source give way to `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// In bytes of the source that came in, on character boundaries; empty where something is inserted.
    pub range: Range<usize>,
    /// Markup.
    pub with: Cow<'a, str>,
}

impl Fragment {
    /// True where the output differs from the source.
    pub fn is_edited(&self) -> bool {
        self.origin.is_some() || self.is_edited_since()
    }

    /// True where it differs from what the tokens stand in.
    fn is_edited_since(&self) -> bool {
        let is_edit =
            |(id, it): (usize, &Override)| self.flags(id) & REMOVED != 0 || it.now.is_some() || it.has_insertions();
        self.overrides.iter().any(is_edit)
    }

    /// What to do to the source that came in, ascending, disjoint and apart from each other.
    pub fn edits(&self) -> Vec<Edit<'_>> {
        let mut edits = Vec::with_capacity(self.overrides.len());
        self.walk(|range, old, new| push(&mut edits, trimmed(range, old, new)));
        match &self.origin {
            Some(origin) => origin.composed(&self.source, &edits),
            None => edits,
        }
    }

    /// The fragment as it is now; [`Fragment::source`] where nothing is edited.
    pub fn render(&self) -> Cow<'_, str> {
        if !self.is_edited_since() {
            return Cow::Borrowed(&self.source);
        }
        let mut out = String::with_capacity(self.source.len() + self.source.len() / 8);
        let mut from = 0;
        self.walk(|range, _, new| {
            out.push_str(self.source.get(from..range.start).unwrap_or_default());
            out.push_str(&new);
            from = range.end;
        });
        out.push_str(self.source.get(from..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Every changed stretch of the source in order: its range, its old and its new spelling.
    fn walk<'a>(&'a self, mut change: impl FnMut(Range<usize>, &str, Cow<'a, str>)) {
        // the last token whose spelling has been given
        let mut written = None;
        let mut overrides = self.overrides.iter().peekable();
        while let Some((id, entry)) = overrides.next() {
            let removed = self.flags(id) & REMOVED != 0;
            let gap = removed || !entry.before.is_empty();
            if gap
                && let Some(before) = id.checked_sub(1)
                && written.is_none_or(|last| last < before)
                && let Some((at, tail)) = self.loose_end(before, self.original(before))
            {
                let start = self.span(before).start;
                change(
                    start + at..self.span(before).end,
                    self.original(before).get(at..).unwrap_or_default(),
                    tail.into(),
                );
            }
            let span = self.span(id);
            insert(&mut change, span.start, &entry.before);
            let next_gap = overrides.peek().is_some_and(|&(next, it)| {
                next == id + 1 && (self.flags(next) & REMOVED != 0 || !it.before.is_empty())
            });
            self.walk_token(id, entry, !entry.after.is_empty() || next_gap, &mut change);
            insert(&mut change, span.end, &entry.after);
            written = Some(id);
        }
    }

    fn walk_token<'a>(
        &'a self,
        id: usize,
        entry: &'a Override,
        gap_after: bool,
        change: &mut impl FnMut(Range<usize>, &str, Cow<'a, str>),
    ) {
        let (span, old) = (self.span(id), self.original(id));
        if self.flags(id) & REMOVED != 0 {
            return change(span, old, Cow::Borrowed(""));
        }
        let now = entry.now.as_deref().unwrap_or(old);
        match self.loose_end(id, now).filter(|_| gap_after) {
            Some((at, tail)) => change(span, old, [now.get(..at).unwrap_or_default(), &tail].concat().into()),
            None if entry.now.is_some() => change(span, old, now.into()),
            None => {}
        }
    }

    /// Text that ends in `<` or inside a reference would be read on into whatever comes to stand after it: where that end
    /// begins, and its safe spelling.
    fn loose_end(&self, id: usize, raw: &str) -> Option<(usize, String)> {
        if self.sort(id) != Sort::Text || self.syntax != Syntax::Html || self.flags(id) & (REMOVED | OPEN) != 0 {
            return None;
        }
        for mark in ["<", "</"] {
            if raw.ends_with(mark) {
                let at = raw.len() - mark.len();
                return Some((at, mark.replace('<', "&lt;")));
            }
        }
        let at = open_reference(raw)?;
        let text = super::spelling::decode(raw.get(at..)?, self.text_spelling(id));
        let mut tail = String::new();
        super::spelling::escape(&text, self.text_spelling(id), &mut tail);
        Some((at, tail))
    }
}

fn insert<'a>(change: &mut impl FnMut(Range<usize>, &str, Cow<'a, str>), at: usize, html: &'a str) {
    if !html.is_empty() {
        change(at..at, "", html.into());
    }
}

/// Adds an edit, joined to the one before where they touch.
fn push<'a>(edits: &mut Vec<Edit<'a>>, edit: Edit<'a>) {
    if edit.range.is_empty() && edit.with.is_empty() {
        return;
    }
    match edits.last_mut() {
        Some(last) if last.range.end == edit.range.start => {
            last.range.end = edit.range.end;
            last.with.to_mut().push_str(&edit.with);
        }
        _ => edits.push(edit),
    }
}

fn trimmed<'a>(range: Range<usize>, old: &str, new: Cow<'a, str>) -> Edit<'a> {
    let (mut start, mut end) = common_ends(old, &new);
    if let Some(at) = old.get(..start).and_then(open_reference) {
        start = at;
    }
    // the common end begins after any reference that reaches into it from either side
    let inside = |text: &str| text.get(..text.len() - end).is_some_and(|head| open_reference(head).is_some());
    if inside(old) || inside(&new) {
        let tail = old.get(old.len() - end..).unwrap_or_default();
        let run = tail.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count();
        end -= run + usize::from(tail.as_bytes().get(run) == Some(&b';'));
    }
    let middle = start..new.len() - end;
    let with = match new {
        Cow::Borrowed(new) => Cow::Borrowed(new.get(middle).unwrap_or_default()),
        Cow::Owned(new) => Cow::Owned(new.get(middle).unwrap_or_default().to_owned()),
    };
    Edit { range: range.start + start..range.end - end, with }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit<'a>(old: &str, new: &'a str) -> (Range<usize>, Cow<'a, str>) {
        let edit = trimmed(0..old.len(), old, new.into());
        (edit.range, edit.with)
    }

    #[test]
    fn an_edit_covers_only_what_changed() {
        assert_eq!(edit("<img src=\"a.png\">", "<img src=\"b.png\">"), (10..11, "b".into()));
        assert_eq!(edit("aa", "aaa"), (2..2, "a".into()));
        assert_eq!(edit("头发", "頭髮"), (0..6, "頭髮".into()));
        // U+4E2D and U+4E2E share two bytes
        assert_eq!(edit("中a", "丮a"), (0..3, "丮".into()));
    }

    #[test]
    fn a_reference_is_never_cut() {
        assert_eq!(edit("a&nbsp;b", "a&nsub;b"), (1..7, "&nsub;".into()));
        assert_eq!(edit("x&amp;y", "x&lamp;y"), (1..6, "&lamp;".into()));
        assert_eq!(edit("&amp", "&amp;"), (0..4, "&amp;".into()));
    }
}
