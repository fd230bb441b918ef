//! Reading an edited fragment again, so that inserted markup becomes tokens, while its edits still speak of the source
//! that came in: two lists of edits made one. Linear.

use super::fragment::Fragment;
use super::output::Edit;

/// What was done to the source before it was read again.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    edits: Vec<Edit<'static>>,
}

impl Fragment {
    /// Reads what earlier edits inserted, if they did: from here on it is made of tokens like all else. Ids change then.
    /// [`Fragment::edits`] still speaks of the source that came in.
    pub fn settle(&mut self) {
        if !self.overrides.has_insertions() {
            return;
        }
        let owned = |edit: Edit<'_>| Edit { range: edit.range, with: edit.with.into_owned().into() };
        let edits = self.edits().into_iter().map(owned).collect();
        let again = Fragment::parse(self.render().into_owned(), self.syntax);
        *self = Fragment { origin: Some(Origin { edits }), ..again };
    }
}

/// A place that both texts have.
#[derive(Clone, Copy)]
struct Anchor {
    source: usize,
    middle: usize,
}

impl Anchor {
    /// Where `middle`, at or after this with no edit between, stands in the source.
    fn source_of(self, middle: usize) -> usize {
        self.source + (middle - self.middle)
    }
}

impl Origin {
    /// These edits and then `later` ones, which speak of `middle`, the text that these made: edits that touch each other
    /// become one.
    pub(super) fn composed<'a>(&self, middle: &str, later: &[Edit<'_>]) -> Vec<Edit<'a>> {
        let mut out = Vec::new();
        let mut at = Anchor { source: 0, middle: 0 };
        let mut earlier = self.edits.iter().peekable();
        let mut later = later.iter().peekable();
        loop {
            let next_earlier = earlier.peek().map(|edit| at.middle + (edit.range.start - at.source));
            let next_later = later.peek().map(|edit| edit.range.start);
            let Some(start) = next_earlier.into_iter().chain(next_later).min() else { return out };
            let source = at.source_of(start);
            let (mut end, mut copied) = (start, start);
            let mut with = String::new();
            loop {
                if let Some(edit) = earlier.next_if(|edit| at.middle + (edit.range.start - at.source) <= end) {
                    let own_end = at.middle + (edit.range.start - at.source) + edit.with.len();
                    at = Anchor { source: edit.range.end, middle: own_end };
                    end = end.max(own_end);
                } else if let Some(edit) = later.next_if(|edit| edit.range.start <= end) {
                    with.push_str(middle.get(copied..edit.range.start).unwrap_or_default());
                    with.push_str(&edit.with);
                    copied = edit.range.end;
                    end = end.max(edit.range.end);
                } else {
                    break;
                }
            }
            with.push_str(middle.get(copied..end).unwrap_or_default());
            out.push(Edit { range: source..at.source_of(end), with: with.into() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Syntax;
    use super::*;
    use proptest::prelude::*;

    fn applied(source: &str, edits: &[Edit<'_>]) -> String {
        let (mut out, mut from) = (String::new(), 0);
        for edit in edits {
            out.push_str(&source[from..edit.range.start]);
            out.push_str(&edit.with);
            from = edit.range.end;
        }
        out + &source[from..]
    }

    /// Ascending edits, apart from each other, of a text of `len` bytes.
    fn edits(cuts: &[(usize, usize, String)], len: usize) -> Vec<Edit<'static>> {
        let mut out: Vec<Edit<'static>> = Vec::new();
        let mut from = 0;
        for (skip, cut, with) in cuts {
            let start = from + skip + 1;
            if start + cut > len {
                break;
            }
            out.push(Edit { range: start..start + cut, with: with.clone().into() });
            from = start + cut;
        }
        out
    }

    #[test]
    fn what_was_inserted_is_read_and_edited_further() {
        let source = "<p>a&nbsp;b</p><img src=x>";
        let mut fragment = Fragment::parse(source.into(), Syntax::Html);
        fragment.insert_before(0, "<a href=1>n</a>");
        fragment.settle();
        fragment.set_attr(0, "href", "2");
        fragment.insert_after(2, "!");
        fragment.settle();
        let last = fragment.len() - 1;
        fragment.set_attr(last, "src", "y");
        assert_eq!(fragment.render(), "<a href=\"2\">n</a>!<p>a&nbsp;b</p><img src=\"y\">");
        let edits = fragment.edits();
        assert_eq!(applied(source, &edits), fragment.render());
        assert_eq!(edits[0], Edit { range: 0..0, with: "<a href=\"2\">n</a>!".into() });
    }

    proptest! {
        #[test]
        fn edits_made_one_after_the_other_are_edits_made_at_once(
            source in "[a-z]{0,20}",
            first in prop::collection::vec((0usize..4, 0usize..4, "[A-Z]{0,4}"), 0..5),
            second in prop::collection::vec((0usize..4, 0usize..4, "[0-9]{0,4}"), 0..6),
        ) {
            let first = edits(&first, source.len());
            let middle = applied(&source, &first);
            let second = edits(&second, middle.len());
            let wanted = applied(&middle, &second);
            let composed = Origin { edits: first }.composed(&middle, &second);
            prop_assert!(composed.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
            prop_assert_eq!(applied(&source, &composed), wanted);
        }
    }
}
