//! One walk over the text that gives what OpenCC's passes give one after the other.
//!
//! At each place the longest path of the configuration's trie tells what the library does there (`build/compile.rs`): that is a unit.
//! Three things are left to the walk: a match inside a stretch between words is cut where a word begins inside it;
//! where only the stages one after the other can tell, the stretch goes through their two tables; and a text with
//! compatibility ideographs is normalised and walked again. Units that become what their characters become one by one are not looked
//! at until one of another kind may follow (`fast.rs`). Time is linear: every byte is walked once, looked at again
//! at most twice as often as the longest key has characters, and goes at most once through the stages.

use super::{
    Config, Match, characters,
    cuts::{self, Cuts},
    fast::headed,
    layout::*,
    out::Out,
    sequence, spans,
    table::{self, Answer, Table},
};
use std::ops::Range;

/// What OpenCC makes of `text`; none where it changes nothing.
pub(super) fn convert(config: Config, text: &str) -> Option<String> {
    whole::<NOTHING>(config, text, Notes { matches: &mut Vec::new(), cuts: &[], targets: &mut Vec::new() })
}

/// As [`convert`], filling `matches`, which is empty.
pub(super) fn convert_spans(config: Config, text: &str, matches: &mut Vec<Match>) -> Option<String> {
    whole::<SPANS>(config, text, Notes { matches, cuts: &[], targets: &mut Vec::new() })
}

/// As [`convert`], filling `targets`, which is empty, with where the `cuts` of the text come to lie.
pub(super) fn convert_cut(config: Config, text: &str, cuts: &[usize], targets: &mut Vec<usize>) -> Option<String> {
    whole::<CUTS>(config, text, Notes { matches: &mut Vec::new(), cuts, targets })
}

/// What a walk notes beside the text.
pub(super) const NOTHING: u8 = 0;
/// What changed.
pub(super) const SPANS: u8 = 1;
/// Where the cuts come to lie.
pub(super) const CUTS: u8 = 2;

/// Where it is noted.
struct Notes<'a> {
    matches: &'a mut Vec<Match>,
    cuts: &'a [usize],
    targets: &'a mut Vec<usize>,
}

/// No byte below can begin a character that is a key, or a key after its ASCII head.
const FIRST_LEAD: u8 = 0xE3;

fn whole<const NOTE: u8>(config: Config, text: &str, notes: Notes<'_>) -> Option<String> {
    let plain = |block: &[u8]| block.iter().fold(0, |most, byte| most.max(*byte)) < FIRST_LEAD;
    if text.as_bytes().chunks(256).all(plain) {
        return None;
    }
    let Notes { matches, cuts, targets } = notes;
    let notes = Notes { matches: &mut *matches, cuts, targets: &mut *targets };
    let converted = match walked::<NOTE>(config, table::of(config), text, Normalise::Check, notes) {
        Ok(converted) => converted,
        Err(Compatibility) => {
            normalised::<NOTE>(config, text, Notes { matches: &mut *matches, cuts, targets: &mut *targets })
        }
    };
    if converted == text {
        // Changes that undo one another are none.
        matches.clear();
        targets.clear();
        return None;
    }
    Some(converted)
}

#[cold]
fn normalised<const NOTE: u8>(config: Config, text: &str, notes: Notes<'_>) -> String {
    let Notes { matches, cuts, targets } = notes;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let normal = characters::normalise(text, &mut first);
    let converted = spanned(config, table::of(config), &normal, &mut second).unwrap_or_default();
    matches.clear();
    targets.clear();
    if NOTE != NOTHING {
        matches.extend(spans::compose(&first, &second));
        matches.retain(|m| spans::slice(text, &m.source) != spans::slice(&converted, &m.target));
    }
    if NOTE == CUTS {
        cuts::place(text, &converted, matches, cuts, targets);
    }
    converted
}

/// A text without compatibility ideographs, with what changed.
fn spanned(
    config: Config,
    table: &'static Table,
    text: &str,
    matches: &mut Vec<Match>,
) -> Result<String, Compatibility> {
    walked::<SPANS>(config, table, text, Normalise::Done, Notes { matches, cuts: &[], targets: &mut Vec::new() })
}

/// The text has a character that OpenCC normalises before all else.
#[derive(Debug)]
struct Compatibility;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Normalise {
    Check,
    Done,
}

fn walked<const NOTE: u8>(
    config: Config,
    table: &'static Table,
    text: &str,
    normalise: Normalise,
    notes: Notes<'_>,
) -> Result<String, Compatibility> {
    let mut walk = Walk::<NOTE> {
        config,
        table,
        text,
        source: text.as_bytes(),
        normalise,
        matches: notes.matches,
        cuts: Cuts::new(notes.cuts, notes.targets),
        out: Out::new(text.len()),
        ascii: 0..0,
        sure: 0,
    };
    walk.all()?;
    Ok(walk.out.finish())
}

/// A walk over one text, which notes what `NOTE` says.
pub(super) struct Walk<'t, const NOTE: u8> {
    config: Config,
    pub(super) table: &'static Table,
    text: &'t str,
    pub(super) source: &'t [u8],
    normalise: Normalise,
    pub(super) matches: &'t mut Vec<Match>,
    pub(super) cuts: Cuts<'t>,
    pub(super) out: Out,
    /// The last stretch of ASCII that was copied: a key may begin at its end.
    pub(super) ascii: Range<usize>,
    /// The last place known where a unit begins; from there to where the walk is there are only characters of the page.
    pub(super) sure: usize,
}

/// The index in the page of the character at `at`, if it is one of the page.
#[inline(always)]
pub(super) fn page_index(source: &[u8], at: usize) -> Option<usize> {
    let [a, b, c] = *source.get(at..)?.first_chunk()?;
    let index = (usize::from(a) << 12 & 0xF000 | usize::from(b) << 6 & 0xFC0 | usize::from(c) & 0x3F)
        .wrapping_sub(PAGE_START as usize);
    (a.wrapping_sub(0xE3) < 7).then_some(index)
}

/// The length of the character that begins with this byte.
#[inline(always)]
pub(super) fn length_of(lead: u8) -> usize {
    match lead {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

impl<const NOTE: u8> Walk<'_, NOTE> {
    fn all(&mut self) -> Result<(), Compatibility> {
        let mut at = 0;
        loop {
            at = self.fast(at);
            if self.out.make_room() {
                continue;
            }
            let start = self.out.len();
            let end = match self.boundary(at) {
                after if after > at => self.characters(at, (after - at) / 3),
                _ => match self.unit(at)? {
                    Some(end) => end,
                    None => return Ok(()),
                },
            };
            if NOTE == CUTS && end >= self.cuts.next {
                self.cuts.passed(self.source, at..end, &self.out.written(start), start);
            }
            (at, self.sure) = (end, end);
        }
    }

    /// Where, at or after `at`, a unit begins. All since the last sure place is of the page, and the units that begin there become what
    /// their characters become alone: [`Walk::fast`] has seen so. No unit reaches over two characters that follow each other in no key,
    /// nor over the end of the page.
    fn boundary(&self, at: usize) -> usize {
        let Some(mut after) = page_index(self.source, at) else { return at };
        let mut place = at;
        while place > self.sure
            && let Some(before) = page_index(self.source, place - 3)
            && self.table.may_follow(before, after)
        {
            (place, after) = (place - 3, before);
        }
        while place < at {
            let base = self.entry(place).0 >> ENTRY_BASE_SHIFT;
            let count = match self.child(base, place + 3) {
                Some(_) => self.longest(place, usize::MAX).map_or(0, Answer::count),
                None => 0,
            };
            place += 3 * count.max(1);
        }
        place
    }

    /// What begins at `at`, and where it ends; none at the end of the text.
    #[inline(always)]
    fn unit(&mut self, at: usize) -> Result<Option<usize>, Compatibility> {
        if headed(self.source, self.table, at, &self.ascii) {
            let end = self.ascii(at)?;
            if end > at {
                return Ok(Some(end));
            }
        }
        Ok(Some(if let Some(index) = page_index(self.source, at) {
            let entry = self.table.page(index);
            match self.child(entry >> ENTRY_BASE_SHIFT, at + 3) {
                Some((place, end)) => self.path(at, entry, place, end)?,
                None => self.single(at, entry),
            }
        } else if let Some(&lead) = self.source.get(at) {
            if lead < 0x80 { self.ascii(at)? } else { self.other(at, lead)? }
        } else {
            return Ok(None);
        }))
    }

    /// The place of a parent's child for the character at `at`, and where that ends.
    #[inline(always)]
    fn child(&self, base: u64, at: usize) -> Option<(u64, usize)> {
        let (entry, end) = self.entry(at);
        let code = entry >> CODE_SHIFT & CODE_MASK;
        (self.table.slot(base + code) & CODE_MASK == code && base != 0).then_some((base + code, end))
    }

    /// The entry of any character, and where it ends.
    #[inline(always)]
    fn entry(&self, at: usize) -> (u64, usize) {
        self.table.entry(self.text, at)
    }

    /// The answer of the longest path from `at` of at most `limit` characters; none if there is none of two.
    fn longest(&self, at: usize, limit: usize) -> Option<Answer> {
        let (entry, mut end) = self.entry(at);
        let (mut base, mut found) = (entry >> ENTRY_BASE_SHIFT, None);
        for _ in 1..limit {
            let Some((place, next)) = self.child(base, end) else { break };
            (found, end, base) = (Some(place), next, self.table.slot(place) >> SLOT_BASE_SHIFT);
        }
        found.map(|place| self.table.answer(place))
    }

    /// Whether a word of the segmentation begins at `at`.
    fn word_at(&self, at: usize) -> bool {
        self.longest(at, usize::MAX).is_some_and(|answer| matches!(answer.kind(), WORD_CHARS | WORD_RECORD))
    }

    /// Goes on from the place of the second character, and does what the longest path says.
    fn path(&mut self, at: usize, entry: u64, mut place: u64, mut end: usize) -> Result<usize, Compatibility> {
        while let Some(next) = self.child(self.table.slot(place) >> SLOT_BASE_SHIFT, end) {
            (place, end) = next;
        }
        let answer = self.table.answer(place);
        if matches!(answer.kind(), RUN_CHARS | RUN_RECORD) {
            return self.run(at, entry, answer);
        }
        self.answered(at, entry, answer)
    }

    /// A match inside a stretch between words.
    fn run(&mut self, at: usize, entry: u64, answer: Answer) -> Result<usize, Compatibility> {
        let mut inside = at;
        for before in 1..answer.count() {
            inside = self.entry(inside).1;
            if self.word_at(inside) {
                // The stretch ends there: what is left of the path has its own answer, without a word inside.
                let left = self.longest(at, before).unwrap_or(Answer::ONE);
                return self.answered(at, entry, left);
            }
        }
        self.answered(at, entry, answer)
    }

    fn answered(&mut self, at: usize, entry: u64, answer: Answer) -> Result<usize, Compatibility> {
        match answer.kind() {
            WORD_CHARS | RUN_CHARS => Ok(self.characters(at, answer.count())),
            WORD_RECORD | RUN_RECORD => Ok(self.record(at, answer.record())),
            EXACT => self.exact(at, true),
            _ => Ok(self.single(at, entry)),
        }
    }

    /// One character as the chain makes it alone.
    #[inline(always)]
    fn single(&mut self, at: usize, entry: u64) -> usize {
        if entry & (LONG | SELF) == 0 {
            let start = self.start();
            self.out.put_three(entry);
            return self.note(at, at + 3, start);
        }
        self.long(at, entry)
    }

    fn long(&mut self, at: usize, entry: u64) -> usize {
        if entry & LONG != 0 {
            return self.record(at, (entry & (LONG - 1)) as u32);
        }
        let end = at + self.source.get(at).map_or(1, |lead| length_of(*lead));
        self.out.put(self.source.get(at..end).unwrap_or_default());
        end
    }

    /// As many characters, each as it becomes alone; all are of the page.
    fn characters(&mut self, at: usize, count: usize) -> usize {
        let (start, mut end) = (self.start(), at);
        for _ in 0..count {
            if let Some(index) = page_index(self.source, end) {
                self.out.put_three(self.table.page(index));
            }
            end += 3;
        }
        self.note(at, end, start)
    }

    /// The value of a record.
    fn record(&mut self, at: usize, place: u32) -> usize {
        let (start, record) = (self.start(), self.table.record(place));
        let value = self.table.records().get(record.start..).unwrap_or_default();
        match value.first_chunk::<16>() {
            Some(block) if record.length <= 16 => self.out.put_block(block, record.length),
            _ => self.out.put(value.get(..record.length).unwrap_or_default()),
        }
        self.note(at, at + record.source.max(1), start)
    }

    #[inline(always)]
    fn start(&self) -> usize {
        if NOTE == SPANS { self.out.len() } else { 0 }
    }

    /// Notes what was written since `start` for the source from `at` to `end`, if it changed; gives `end`.
    #[inline(always)]
    fn note(&mut self, at: usize, end: usize, start: usize) -> usize {
        if NOTE == SPANS && self.source.get(at..end) != Some(self.out.since(start)) {
            self.matches.push(Match::at(at..end, start..self.out.len()));
        }
        end
    }

    /// A stretch of ASCII, or what is left of it; at its end a key may have begun with up to three of it.
    fn ascii(&mut self, at: usize) -> Result<usize, Compatibility> {
        let mut end = at;
        while let Some(byte) = self.source.get(end).filter(|byte| byte.is_ascii()) {
            self.out.put_block(&[*byte], 1);
            self.out.make_room();
            end += 1;
        }
        let from = if self.ascii.end == at { self.ascii.start } else { at };
        for back in (1..=3.min(end - from)).rev() {
            if let Some(answer) = self.longest(end - back, usize::MAX).filter(|answer| answer.kind() != ONE) {
                return self.headed(end - back, back, answer);
            }
        }
        self.ascii = from..end;
        Ok(end)
    }

    /// A path that begins with `back` ASCII characters, which are written already.
    #[cold]
    fn headed(&mut self, at: usize, back: usize, answer: Answer) -> Result<usize, Compatibility> {
        self.out.take_back(back);
        let start = self.out.len();
        if NOTE == CUTS {
            self.cuts.take_back(at);
            self.cuts.copied(at, start);
        }
        let entry = self.entry(at).0;
        let end = match answer.kind() {
            RUN_CHARS | RUN_RECORD => self.run(at, entry, answer)?,
            _ => self.answered(at, entry, answer)?,
        };
        if NOTE == CUTS {
            self.cuts.passed(self.source, at..end, &self.out.written(start), start);
        }
        Ok(end)
    }

    /// Any character that is neither ASCII nor of the page.
    fn other(&mut self, at: usize, lead: u8) -> Result<usize, Compatibility> {
        let rest = self.source.get(at..).unwrap_or_default();
        if let [0xE2, 0xBF, 0xB0..=0xFF, ..] = rest {
            return self.operator(at);
        }
        if self.normalise == Normalise::Check && self.is_compatibility(at) {
            return Err(Compatibility);
        }
        let (entry, end) = self.entry(at);
        if let Some((place, next)) = self.child(entry >> ENTRY_BASE_SHIFT, end) {
            return self.path(at, entry, place, next);
        }
        if entry & SELF != 0 {
            self.out.put(self.source.get(at..at + length_of(lead)).unwrap_or_default());
            return Ok(end);
        }
        Ok(self.single(at, entry))
    }

    fn is_compatibility(&self, at: usize) -> bool {
        let rest = self.source.get(at..).unwrap_or_default();
        matches!(rest, [0xEF, 0xA4..=0xAB, ..] | [0xF0, 0xAF, 0xA0..=0xA8, ..])
            && self.text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(|c| characters::normal(c) != c)
    }

    /// An ideographic description operator: a complete sequence stays as it is.
    #[cold]
    fn operator(&mut self, at: usize) -> Result<usize, Compatibility> {
        let rest = self.text.get(at..).unwrap_or_default();
        match sequence::complete(rest) {
            Some(length) => {
                self.out.put(rest.as_bytes().get(..length).unwrap_or_default());
                Ok(at + length)
            }
            // A later stage may see a complete one, of what the first stage made of the characters after it.
            None if self.table.segmented => self.exact(at, false),
            None => {
                self.out.put(self.source.get(at..at + 3).unwrap_or_default());
                Ok(at + 3)
            }
        }
    }

    /// The stretch from `at` through the two stages: up to the next word, or with `barriers` to the next character that
    /// no key of any stage holds.
    #[cold]
    fn exact(&mut self, at: usize, barriers: bool) -> Result<usize, Compatibility> {
        let end = self.stretch(at, barriers)?;
        let piece = self.text.get(at..end).unwrap_or_default();
        let Some([first, second]) = table::stages(self.config) else { return Ok(end) };
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let middle = spanned(self.config, first, piece, &mut one)?;
        let converted = spanned(self.config, second, &middle, &mut two)?;
        if NOTE != NOTHING {
            let changed = |m: &Match| spans::slice(piece, &m.source) != spans::slice(&converted, &m.target);
            let start = self.out.len();
            let mut matches = spans::compose(&one, &two);
            matches.retain(changed);
            if NOTE == CUTS {
                self.cuts.placed(piece, at, &converted, start, &matches);
            } else {
                self.matches.extend(matches.iter().map(|m| m.moved(at, start)));
            }
        }
        self.out.put_text(&converted);
        Ok(end)
    }

    /// Where the stretch from `at` ends.
    fn stretch(&self, at: usize, barriers: bool) -> Result<usize, Compatibility> {
        let mut end = at;
        while let Some(rest) = self.text.get(end..).filter(|rest| !rest.is_empty()) {
            let operator = rest.chars().next().is_some_and(|c| sequence::operands(c) > 0);
            if end > at && (barriers && (operator || self.is_barrier(end)) || self.word_at(end)) {
                break;
            }
            if operator && let Some(length) = sequence::complete(rest) {
                end += length;
                continue;
            }
            if self.normalise == Normalise::Check && self.is_compatibility(end) {
                return Err(Compatibility);
            }
            end = self.entry(end).1;
        }
        Ok(end)
    }

    /// Whether the character at `at` is in no key and stays as it is: no match of any stage goes over it.
    fn is_barrier(&self, at: usize) -> bool {
        let (entry, end) = self.entry(at);
        if entry >> CODE_SHIFT != 0 || entry & LONG != 0 {
            return false;
        }
        entry & SELF != 0 || self.source.get(at..end) == entry.to_le_bytes().get(..3)
    }
}
