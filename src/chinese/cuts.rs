//! Where the cuts of a text that was put together of pieces come to lie in what it is converted to.
//!
//! The walk tells each unit that reaches a cut, so that nothing else of the alignment needs to be noted. Linear in the text and the cuts.

use super::{Match, spans::slice};
use std::ops::Range;

/// The cuts of a text, as a walk over it finds them.
#[derive(Debug)]
pub(super) struct Cuts<'a> {
    all: &'a [usize],
    done: usize,
    /// The first that is not found yet.
    pub next: usize,
    targets: &'a mut Vec<usize>,
}

impl<'a> Cuts<'a> {
    /// None found yet; `all` are ascending. `targets` is filled.
    pub fn new(all: &'a [usize], targets: &'a mut Vec<usize>) -> Self {
        let mut cuts = Self { all, done: 0, next: usize::MAX, targets };
        cuts.found(0, |cut| cut);
        cuts
    }

    /// Adds the targets of all cuts up to `end`.
    fn found(&mut self, end: usize, target: impl Fn(usize) -> usize) {
        while let Some(cut) = self.all.get(self.done).copied().filter(|cut| *cut <= end) {
            self.targets.push(target(cut));
            self.done += 1;
        }
        self.next = self.all.get(self.done).copied().unwrap_or(usize::MAX);
    }

    /// The unit at `range` of `source` became `target`, which begins at `start`; it reaches the next cut.
    #[inline(never)]
    pub fn passed(&mut self, source: &[u8], range: Range<usize>, target: &[u8], start: usize) {
        let unit = source.get(range.clone()).unwrap_or_default();
        self.found(range.end, |cut| start + within(unit, target, cut.saturating_sub(range.start)));
    }

    /// All up to `end`, which came to lie at `target`, was copied.
    pub fn copied(&mut self, end: usize, target: usize) {
        self.found(end, |cut| target.saturating_sub(end - cut));
    }

    /// As [`place`], for the stretch `source` at `at` that became `target` at `start`.
    pub fn placed(&mut self, source: &str, at: usize, target: &str, start: usize, matches: &[Match]) {
        let rest = self.all.get(self.done..).unwrap_or_default();
        let inside: Vec<usize> = rest.iter().take_while(|cut| **cut <= at + source.len()).map(|cut| cut - at).collect();
        let mut targets = Vec::with_capacity(inside.len());
        place(source, target, matches, &inside, &mut targets);
        self.targets.extend(targets.iter().map(|target| start + target));
        self.done += inside.len();
        self.next = self.all.get(self.done).copied().unwrap_or(usize::MAX);
    }

    /// Forgets where the cuts after `at` lie.
    pub fn take_back(&mut self, at: usize) {
        while self.done > 0 && self.all.get(self.done - 1).is_some_and(|cut| *cut > at) {
            self.done -= 1;
            self.targets.pop();
        }
        self.next = self.all.get(self.done).copied().unwrap_or(usize::MAX);
    }
}

/// Where cuts of a source come to lie in its target: `cuts` are ascending offsets, one offset for each is added to `targets`.
pub(super) fn place(source: &str, target: &str, matches: &[Match], cuts: &[usize], targets: &mut Vec<usize>) {
    let mut rest = matches.iter().peekable();
    let mut last: Option<&Match> = None;
    for &cut in cuts {
        while let Some(m) = rest.next_if(|m| (m.source.end as usize) <= cut) {
            last = Some(m);
        }
        targets.push(match rest.peek().filter(|m| (m.source.start as usize) < cut) {
            Some(m) => {
                let (from, to) = (slice(source, &m.source).unwrap_or(""), slice(target, &m.target).unwrap_or(""));
                m.target.start as usize + within(from.as_bytes(), to.as_bytes(), cut - m.source.start as usize)
            }
            None => last.map_or(cut, |m| cut - m.source.end as usize + m.target.end as usize),
        });
    }
}

/// Where a cut inside a stretch comes to lie in what the stretch became: at the same character where both sides have equally
/// many, else at the end, so that all stays before the cut.
pub(super) fn within(source: &[u8], target: &[u8], cut: usize) -> usize {
    if cut == source.len() {
        return target.len();
    }
    if source == target || cut == 0 {
        return cut;
    }
    let starts = |text: &[u8]| text.iter().filter(|byte| (**byte as i8) >= -0x40).count();
    if starts(source) != starts(target) {
        return target.len();
    }
    let before = starts(source.get(..cut).unwrap_or_default());
    let starts = target.iter().enumerate().filter(|(_, byte)| (**byte as i8) >= -0x40);
    starts.map(|(at, _)| at).nth(before).unwrap_or(target.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(source: Range<u32>, target: Range<u32>) -> Match {
        Match { source, target }
    }

    #[test]
    fn cuts_are_found_again() {
        let places = |source: &str, target: &str, matches: &[Match], cuts: &[usize]| {
            let mut targets = Vec::new();
            place(source, target, matches, cuts, &mut targets);
            targets
        };
        // What cannot be split stays before the cut.
        assert_eq!(places("头发展", "头x発展", &[m(3..9, 3..10)], &[0, 3, 6, 9]), [0, 3, 10, 10]);
        assert_eq!(places("在头发上", "在頭髮上", &[m(3..9, 3..9)], &[0, 3, 6, 9]), [0, 3, 6, 9]);
        assert_eq!(places("在a头发", "在bb头发", &[m(3..4, 3..5)], &[0, 3, 4, 7, 10]), [0, 3, 5, 8, 11]);
    }
}
