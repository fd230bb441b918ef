//! What the dictionaries say of single characters: which side they show, to which spelling they fold, to what OpenCC
//! normalises them. Decoded once, on first use; about 0.2 MB.

use super::{
    Match,
    layout::{PAGE_END, PAGE_LEN, PAGE_START},
    sequence,
};
use std::sync::LazyLock;

/// A character's side and its folded spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    /// Only simplified text has it.
    pub simplified: bool,
    /// Only traditional text has it.
    pub traditional: bool,
    /// The spelling that stands for all of its spellings.
    pub fold: char,
}

/// Where the side begins in a packed character.
const SIDE_SHIFT: u32 = 30;

struct Characters {
    /// The folded spelling and side of the page's characters; 0 for a character of which nothing is told.
    page: Box<[u32]>,
    /// The sides alone, two bits for each: small enough to stay in the nearest cache.
    sides: Box<[u8; PAGE_LEN / 4]>,
    /// Character, folded spelling and side, and normalised character, of all others, ascending.
    others: Box<[[u32; 3]]>,
}

static CHARACTERS: LazyLock<Characters> = LazyLock::new(|| {
    let words = include_bytes!(concat!(env!("OUT_DIR"), "/characters.table")).as_chunks::<4>().0;
    let (mut page, mut others) = (vec![0; PAGE_LEN].into_boxed_slice(), Vec::new());
    let mut sides = Box::new([0; PAGE_LEN / 4]);
    for row in words.as_chunks::<3>().0 {
        let [c, fold, normal] = row.map(u32::from_le_bytes);
        let (c, told) = (c & 0x3FFF_FFFF, fold | c >> SIDE_SHIFT << SIDE_SHIFT);
        let index = c.wrapping_sub(PAGE_START) as usize;
        match page.get_mut(index).filter(|_| c < PAGE_END) {
            Some(place) => {
                *place = told;
                sides[index / 4] |= (told >> SIDE_SHIFT << (2 * (index % 4))) as u8;
            }
            None => others.push([c, told, normal]),
        }
    }
    Characters { page, sides, others: others.into() }
});

impl Characters {
    fn other(&self, c: u32) -> Option<&[u32; 3]> {
        self.others.binary_search_by_key(&c, |[known, ..]| *known).ok().and_then(|at| self.others.get(at))
    }
}

/// What is known of `c`; most characters are on neither side and fold to themselves.
pub(super) fn of(c: char) -> Traits {
    let code = u32::from(c);
    let told = match CHARACTERS.page.get(code.wrapping_sub(PAGE_START) as usize) {
        Some(told) if code < PAGE_END => *told,
        _ => CHARACTERS.other(code).map_or(0, |[_, told, _]| *told),
    };
    let fold = if told == 0 { c } else { char::from_u32(told & 0x3FFF_FFFF).unwrap_or(c) };
    Traits { simplified: told >> SIDE_SHIFT == 1, traditional: told >> SIDE_SHIFT == 2, fold }
}

/// The sides of the page's characters.
#[derive(Clone, Copy)]
pub(super) struct Sides(&'static [u8; PAGE_LEN / 4]);

/// To look up many characters.
pub(super) fn sides() -> Sides {
    Sides(&CHARACTERS.sides)
}

impl Sides {
    /// 1 of a character that only simplified text has, 2 of one that only traditional text has, else 0.
    #[inline(always)]
    pub fn of(self, index: usize) -> usize {
        usize::from(self.0[index / 4 % (PAGE_LEN / 4)] >> (2 * (index % 4)) & 3)
    }
}

/// What OpenCC's normalisation makes of `c`.
pub(super) fn normal(c: char) -> char {
    CHARACTERS.other(u32::from(c)).and_then(|[_, _, normal]| char::from_u32(*normal)).unwrap_or(c)
}

/// OpenCC's normalisation of a text: compatibility ideographs become what they are compatible with, but for those in
/// complete description sequences.
pub(super) fn normalise(text: &str, matches: &mut Vec<Match>) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if sequence::operands(c) > 0
            && let Some(length) = sequence::complete(rest)
        {
            out.push_str(rest.get(..length).unwrap_or_default());
            at += length;
            continue;
        }
        let (start, normal) = (out.len(), normal(c));
        out.push(normal);
        if normal != c {
            matches.push(Match::at(at..at + c.len_utf8(), start..out.len()));
        }
        at += c.len_utf8();
    }
    out
}
