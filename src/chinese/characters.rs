//! What the dictionaries say of single characters: which side they show, to which spelling they fold, to what OpenCC
//! normalises them. Decoded once, on first use; about 0.25 MB.

use super::{
    Match,
    layout::{PAGE_END, PAGE_LEN, PAGE_START},
    sequence,
};
use std::{ops::RangeInclusive, sync::LazyLock};

/// Where the side begins in a packed character.
const SIDE_SHIFT: u32 = 30;

struct Characters {
    /// The folded spelling and side of the page's characters; 0 for a character of which nothing is told.
    page: Box<[u32]>,
    /// The class of every character of up to three bytes: small enough to stay in a near cache.
    classes: Box<[Class; 0x1_0000]>,
    /// Character, folded spelling and side, and normalised character, of all others, ascending.
    others: Box<[[u32; 3]]>,
}

/// What a character counts as where scripts are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// Nothing.
    None,
    /// Han of both sides.
    Han,
    /// Han that only simplified text has.
    Simplified,
    /// Han that only traditional text has.
    Traditional,
    /// Hiragana and katakana, without the marks ・ and ー that Chinese borrows.
    Kana,
    /// Hangul syllables and letters.
    Hangul,
}

/// The characters of up to three bytes that count whatever the dictionaries say.
const CLASSES: &[(RangeInclusive<usize>, Class)] = &[
    (0x3007..=0x3007, Class::Han),
    (0x3400..=0x9FFF, Class::Han), // with the 64 hexagrams, which make no difference
    (0xF900..=0xFAFF, Class::Han),
    (0x3041..=0x309F, Class::Kana),
    (0x30A1..=0x30FA, Class::Kana),
    (0x30FD..=0x30FF, Class::Kana),
    (0xFF66..=0xFF9D, Class::Kana),
    (0xAC00..=0xD7A3, Class::Hangul),
    (0x1100..=0x11FF, Class::Hangul),
    (0x3131..=0x318E, Class::Hangul),
];

static CHARACTERS: LazyLock<Characters> = LazyLock::new(|| {
    let words = include_bytes!(concat!(env!("OUT_DIR"), "/characters.table")).as_chunks::<4>().0;
    let (mut page, mut others) = (vec![0; PAGE_LEN].into_boxed_slice(), Vec::new());
    let mut classes = vec![Class::None; 0x1_0000];
    for (range, class) in CLASSES {
        classes.get_mut(range.clone()).unwrap_or_default().fill(*class);
    }
    for row in words.as_chunks::<3>().0 {
        let [c, fold, normal] = row.map(u32::from_le_bytes);
        let (c, told) = (c & 0x3FFF_FFFF, fold | c >> SIDE_SHIFT << SIDE_SHIFT);
        if let Some(class) = classes.get_mut(c as usize).filter(|class| **class == Class::Han) {
            *class = side(told);
        }
        let index = c.wrapping_sub(PAGE_START) as usize;
        match page.get_mut(index).filter(|_| c < PAGE_END) {
            Some(place) => *place = told,
            None => others.push([c, told, normal]),
        }
    }
    let classes = classes.into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([Class::None; 0x1_0000]));
    Characters { page, classes, others: others.into() }
});

/// The class of a Han character of which this is told.
fn side(told: u32) -> Class {
    match told >> SIDE_SHIFT {
        1 => Class::Simplified,
        2 => Class::Traditional,
        _ => Class::Han,
    }
}

impl Characters {
    fn other(&self, c: u32) -> Option<&[u32; 3]> {
        self.others.binary_search_by_key(&c, |[known, ..]| *known).ok().and_then(|at| self.others.get(at))
    }
}

/// The spelling that stands for all spellings of `c`; most characters fold to themselves.
pub(super) fn fold(c: char) -> char {
    let code = u32::from(c);
    let told = match CHARACTERS.page.get(code.wrapping_sub(PAGE_START) as usize) {
        Some(told) if code < PAGE_END => *told,
        _ => CHARACTERS.other(code).map_or(0, |[_, told, _]| *told),
    };
    if told == 0 { c } else { char::from_u32(told & 0x3FFF_FFFF).unwrap_or(c) }
}

/// The classes of the characters of up to three bytes, by code point: to look up many.
pub(super) fn classes() -> &'static [Class; 0x1_0000] {
    &CHARACTERS.classes
}

/// The class of any character.
pub(super) fn class(c: char) -> Class {
    match CHARACTERS.classes.get(c as usize) {
        Some(class) => *class,
        None if ('\u{20000}'..='\u{3FFFF}').contains(&c) => {
            CHARACTERS.other(u32::from(c)).map_or(Class::Han, |[_, told, _]| side(*told))
        }
        None => Class::None,
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
