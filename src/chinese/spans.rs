//! Which bytes of a converted text came from which bytes of the source.
//!
//! A list of matches is ascending and disjoint on both sides; between matches both texts are the same bytes. So any
//! position outside a match maps by adding the shift so far.

use std::ops::Range;

/// One stretch that changed, in bytes of the source and of the target. A source side is never empty.
///
/// Offsets are 32 bits wide: texts are bounded far below 4 GiB by `fetch.max_body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Where it was.
    pub source: Range<u32>,
    /// Where it is.
    pub target: Range<u32>,
}

/// Matches of a text and what it became, where no engine tells: character by character where both have equally many, else one.
#[cfg(any(test, feature = "libopencc"))]
pub(super) fn pair(source: &str, target: &str, matches: &mut Vec<Match>) {
    if source.chars().count() != target.chars().count() {
        let same = |a: &str, b: &str| {
            a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum::<usize>()
        };
        let start = same(source, target);
        let back = source[start..].chars().rev().zip(target[start..].chars().rev());
        let end: usize = back.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        matches.push(Match::at(start..source.len() - end, start..target.len() - end));
        return;
    }
    let (mut from, mut to) = (0, 0);
    for (a, b) in source.chars().zip(target.chars()) {
        let (next_from, next_to) = (from + a.len_utf8(), to + b.len_utf8());
        if a != b {
            matches.push(Match::at(from..next_from, to..next_to));
        }
        (from, to) = (next_from, next_to);
    }
}

impl Match {
    /// A match between two offsets that a text of under 4 GiB has.
    pub fn at(source: Range<usize>, target: Range<usize>) -> Match {
        let narrow = |range: Range<usize>| narrow(range.start)..narrow(range.end);
        Match { source: narrow(source), target: narrow(target) }
    }

    /// The match of a piece that begins at `source` of the whole source and at `target` of the whole target.
    #[must_use]
    pub fn moved(&self, source: usize, target: usize) -> Match {
        let (source, target) = (narrow(source), narrow(target));
        let moved = |range: &Range<u32>, by: u32| range.start.saturating_add(by)..range.end.saturating_add(by);
        Match { source: moved(&self.source, source), target: moved(&self.target, target) }
    }
}

/// The bytes of `text` that one side of a match covers.
pub(super) fn slice<'t>(text: &'t str, range: &Range<u32>) -> Option<&'t str> {
    text.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// The matches of two passes as those of one: `first` from source to middle, `second` from middle to target.
/// Matches that touch the same bytes of the middle become one.
pub(super) fn compose(first: &[Match], second: &[Match]) -> Vec<Match> {
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    let (mut source_shift, mut target_shift) = (0_i64, 0_i64);
    let mut out = Vec::new();
    loop {
        let start = match (first.peek(), second.peek()) {
            (None, None) => return out,
            (Some(a), None) => a.target.start,
            (None, Some(b)) => b.source.start,
            (Some(a), Some(b)) => a.target.start.min(b.source.start),
        };
        let (source, target) = (shifted(start, -source_shift), shifted(start, target_shift));
        let mut end = start;
        loop {
            if let Some(a) = first.next_if(|a| a.target.start < end || a.target.start == start) {
                end = end.max(a.target.end);
                source_shift += growth(a);
            } else if let Some(b) = second.next_if(|b| b.source.start < end || b.source.start == start) {
                end = end.max(b.source.end);
                target_shift += growth(b);
            } else {
                break;
            }
        }
        out.push(Match { source: source..shifted(end, -source_shift), target: target..shifted(end, target_shift) });
    }
}

/// By how many bytes a match makes the text longer.
fn growth(m: &Match) -> i64 {
    i64::from(m.target.end) - i64::from(m.target.start) - i64::from(m.source.end) + i64::from(m.source.start)
}

fn shifted(offset: u32, by: i64) -> u32 {
    u32::try_from(i64::from(offset) + by).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(source: &str, target: &str) -> Vec<(String, String)> {
        let mut matches = Vec::new();
        pair(source, target, &mut matches);
        let text = |text: &str, range: &Range<u32>| slice(text, range).unwrap().to_owned();
        matches.iter().map(|m| (text(source, &m.source), text(target, &m.target))).collect()
    }

    #[test]
    fn characters_are_paired_where_the_counts_agree() {
        assert_eq!(paired("在头发上", "在頭髮上"), [("头".into(), "頭".into()), ("发".into(), "髮".into())]);
        assert_eq!(paired("用打印机打", "用印表機臺打"), [("打印机".into(), "印表機臺".into())]);
    }

    fn m(source: Range<u32>, target: Range<u32>) -> Match {
        Match { source, target }
    }

    #[test]
    fn matches_that_do_not_meet_stay_apart_and_shift() {
        let first = [m(0..3, 0..6)];
        let second = [m(9..12, 9..10)];
        assert_eq!(compose(&first, &second), [m(0..3, 0..6), m(6..9, 9..10)]);
    }

    #[test]
    fn matches_that_meet_become_one() {
        let first = [m(0..3, 0..3), m(6..9, 6..12)];
        let second = [m(0..9, 0..3)];
        assert_eq!(compose(&first, &second), [m(0..9, 0..6)]);
    }

    #[test]
    fn touching_matches_stay_apart() {
        let first = [m(0..3, 0..3)];
        let second = [m(3..6, 3..9)];
        assert_eq!(compose(&first, &second), [m(0..3, 0..3), m(3..6, 3..9)]);
    }
}
