//! The part of the walk that most of a text takes, with all that it needs in registers: character by character, without units.
//!
//! Nearly all units become what their characters become one by one (in the dictionary that tells simplified words apart, four of
//! five words do). So where units begin matters only at a place from which the longest path has another answer, and about one
//! character in a hundred is such a place. Until one is at hand this writes every character as it becomes alone; there it stops, and
//! `engine.rs` finds out whether a unit begins there at all: a word before may reach over it. So this changes the speed, never the result.

use super::{
    Match,
    engine::{CUTS, SPANS, Walk, length_of, page_index},
    layout::*,
    out::Pen,
    table::Table,
};
use std::ops::Range;

/// Copies a stretch of ASCII, or one character that is in no key of `table`, and gives where it ends; none where more
/// than copying may be needed. `ascii` is the last stretch of ASCII, kept when the buffer fills in its middle.
#[inline(always)]
fn copied(source: &[u8], table: &Table, at: usize, pen: &mut Pen<'_>, ascii: &mut Range<usize>) -> Option<usize> {
    let mut block = source.get(at..)?.first_chunk::<16>()?;
    let [lead, second, ..] = *block;
    if lead >= 0x80 {
        let special = lead == 0xE2 && second == 0xBF || lead == 0xEF && (0xA4..=0xAB).contains(&second);
        if length_of(lead) != 3 || special || table.is_told(source, at) {
            return None;
        }
        pen.put_block(block, 3);
        return Some(at + 3);
    }
    let (from, mut end) = (if ascii.end == at { ascii.start } else { at }, at);
    let end = loop {
        let high = u128::from_le_bytes(*block) & 0x8080_8080_8080_8080_8080_8080_8080_8080;
        let count = high.trailing_zeros() as usize / 8;
        pen.put_block(block, count);
        end += count;
        match source.get(end..).and_then(|rest| rest.first_chunk()) {
            Some(next) if count == 16 && !pen.is_full() => block = next,
            _ => break end,
        }
    };
    *ascii = from..end;
    Some(end)
}

/// Whether a key may have begun with the last characters of a stretch of ASCII that ends at `at`.
#[inline(always)]
pub(super) fn headed(source: &[u8], table: &Table, at: usize, ascii: &Range<usize>) -> bool {
    if ascii.end != at || page_index(source, at).is_none() {
        return false;
    }
    let tail = source.get(ascii.start.max(at.saturating_sub(3))..at).unwrap_or_default();
    tail.iter().any(|byte| table.heads(*byte))
}

/// Whether the path that has come to `place`, which holds `slot`, has another answer than the characters one by one where it goes on as
/// far as it can from `end`, or comes to a character that is not of the page.
#[inline(always)]
fn tells_more(source: &[u8], table: &Table, mut place: u64, mut slot: u64, mut end: usize) -> bool {
    while let Some(index) = page_index(source, end) {
        let code = table.page(index) >> CODE_SHIFT & CODE_MASK;
        let next = (slot >> SLOT_BASE_SHIFT) + code;
        let child = table.slot(next);
        if child & (CODE_MASK | OWN) != code | OWN {
            return is_own(table.answer(place).kind());
        }
        (place, slot, end) = (next, child, end + 3);
    }
    table.is_told(source, end) || is_own(table.answer(place).kind())
}

impl<const NOTE: u8> Walk<'_, NOTE> {
    /// Writes characters as they become alone, up to where a unit may be due that becomes something else, or until the buffer is
    /// full. Gives the place where that is.
    pub(super) fn fast(&mut self, mut at: usize) -> usize {
        let (source, table) = (self.source, self.table);
        if headed(source, table, at, &self.ascii) {
            return at;
        }
        let mut pen = self.out.pen();
        let mut next_cut = self.cuts.next;
        let mut note = |changed: bool, at: usize, end: usize, start: usize, pen: &Pen<'_>| {
            if NOTE == CUTS && end >= next_cut {
                self.cuts.passed(source, at..end, pen.since(start), pen.offset(start));
                next_cut = self.cuts.next;
            }
            if NOTE == SPANS && changed {
                self.matches.push(Match::at(at..end, pen.offset(start)..pen.offset(pen.at())));
            }
            end
        };
        'walk: while !pen.is_full() {
            let Some(index) = page_index(source, at) else {
                let start = pen.at();
                let Some(end) = copied(source, table, at, &mut pen, &mut self.ascii) else { break };
                at = note(false, at, end, start, &pen);
                self.sure = at;
                if headed(source, table, at, &self.ascii) {
                    break;
                }
                continue;
            };
            let mut entry = table.page(index);
            loop {
                let Some(next) = page_index(source, at + 3) else {
                    if table.is_told(source, at + 3) || entry & (LONG | SELF) != 0 {
                        break 'walk;
                    }
                    let start = pen.at();
                    pen.put_three(entry);
                    at = note(entry & CHANGED != 0, at, at + 3, start, &pen);
                    continue 'walk;
                };
                let next = table.page(next);
                let code = next >> CODE_SHIFT & CODE_MASK;
                // The base 0 of an entry without children is nobody's, so that no label there is its own code.
                let place = (entry >> ENTRY_BASE_SHIFT) + code;
                let slot = table.slot(place);
                if slot & (CODE_MASK | OWN) == code | OWN && tells_more(source, table, place, slot, at + 6) {
                    break 'walk;
                }
                if entry & (LONG | SELF) != 0 || pen.is_full() {
                    break 'walk;
                }
                let start = pen.at();
                pen.put_three(entry);
                at = note(entry & CHANGED != 0, at, at + 3, start, &pen);
                entry = next;
            }
        }
        pen.done();
        at
    }
}
