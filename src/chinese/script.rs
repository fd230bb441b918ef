//! In which script a text is written: counted over as many pieces as belong together, then decided once.
//!
//! A character shows a side if it is a key of one of OpenCC's two character dictionaries and none of its own values:
//! 们 is only ever simplified, 們 only ever traditional, 人 and 后 show nothing. Kana show Japanese, Hangul Korean.
//! Names and quotations in another script are common, so shares decide, by the thresholds in `base/limits.rs`.

use super::characters;
use crate::base::limits::{JAPANESE_KANA_PERCENT, MIXED_SCRIPT_PERCENT};

/// The script of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Script {
    /// No Han, or only characters that both sides write alike.
    Neither,
    /// Chinese in simplified characters.
    Simplified,
    /// Chinese in traditional characters.
    Traditional,
    /// Chinese with much of both.
    Mixed,
    /// Japanese: enough kana.
    Japanese,
    /// Korean: more Hangul than Han.
    Korean,
}

/// Counts of characters that tell scripts apart. Add all texts of one item, then ask for its [`Script`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Han characters of any side.
    pub han: u64,
    /// Han characters that only simplified text has.
    pub simplified: u64,
    /// Han characters that only traditional text has.
    pub traditional: u64,
    /// Hiragana and katakana, without the marks ・ and ー that Chinese borrows.
    pub kana: u64,
    /// Hangul syllables and letters.
    pub hangul: u64,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the characters of `text`.
    pub fn add(&mut self, text: &str) {
        let (bytes, classes) = (text.as_bytes(), characters::classes());
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let start = at;
            let mut counts = 0;
            // Characters of three bytes, as many as the counts have room for; no branch tells what they are.
            let threes = rest.as_chunks::<3>().0.iter().take(COUNT_MASK as usize);
            for [a, b, c] in threes.take_while(|[lead, ..]| lead & 0xF0 == 0xE0) {
                let code = (u16::from(*a) << 12) | (u16::from(*b) << 6 & 0xFC0) | (u16::from(*c) & 0x3F);
                counts += COUNTS[classes[usize::from(code)] as usize];
                at += 3;
            }
            if at == start {
                at += rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            }
            if at == start {
                let c = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('\0');
                counts = COUNTS[characters::class(c) as usize];
                at += c.len_utf8();
            }
            self.add_counts(counts);
        }
    }

    /// Adds five counts in one number.
    fn add_counts(&mut self, counts: u64) {
        let count = |which: u32| counts >> (COUNT_BITS * which) & COUNT_MASK;
        self.han += count(0);
        self.simplified += count(1);
        self.traditional += count(2);
        self.kana += count(3);
        self.hangul += count(4);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.han += other.han;
        self.simplified += other.simplified;
        self.traditional += other.traditional;
        self.kana += other.kana;
        self.hangul += other.hangul;
    }

    /// What the counts say. Japanese from 5 % kana in kana and Han, Korean from more Hangul than Han, mixed where the
    /// rarer side has over 20 % of the characters that show one.
    pub fn script(&self) -> Script {
        if self.hangul > self.han + self.kana {
            return Script::Korean;
        }
        if self.kana > 0 && self.kana * 100 >= (self.kana + self.han) * JAPANESE_KANA_PERCENT {
            return Script::Japanese;
        }
        let (more, less) = (self.simplified.max(self.traditional), self.simplified.min(self.traditional));
        if more == 0 {
            Script::Neither
        } else if less * 100 > (more + less) * MIXED_SCRIPT_PERCENT {
            Script::Mixed
        } else if self.simplified > self.traditional {
            Script::Simplified
        } else {
            Script::Traditional
        }
    }
}

/// The script of one text; for an item of several texts use a [`Tally`].
pub fn script(text: &str) -> Script {
    let mut tally = Tally::new();
    tally.add(text);
    tally.script()
}

/// Bits of each of the five counts that stand in one number.
const COUNT_BITS: u32 = 12;
/// The most that each may hold.
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// What a character of each class adds to the counts: Han, simplified, traditional, kana, Hangul.
const COUNTS: [u64; 6] =
    [0, 1, 1 | 1 << COUNT_BITS, 1 | 1 << (2 * COUNT_BITS), 1 << (3 * COUNT_BITS), 1 << (4 * COUNT_BITS)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_decide_the_script() {
        for (text, expected) in [
            ("", Script::Neither),
            ("no Han at all", Script::Neither),
            ("人工智能", Script::Neither),
            ("我们在这里发布软件", Script::Simplified),
            ("我們在這裡發布軟體", Script::Traditional),
            ("我们在这里，他們在那裡", Script::Mixed),
            ("我们在这里发布软件，作者是陳水扁", Script::Simplified),
            ("株式会社の発表について", Script::Japanese),
            ("優の良品在這裡開設了許多新的店鋪，歡迎大家光臨", Script::Traditional),
            ("한국어 기사 大統領", Script::Korean),
        ] {
            assert_eq!(script(text), expected, "{text}");
        }
    }

    #[test]
    fn every_character_counts_as_what_it_is() {
        let tally = |text: &str| {
            let mut tally = Tally::new();
            tally.add(text);
            (tally.han, tally.simplified, tally.traditional, tally.kana, tally.hangul)
        };
        for (text, expected) in [
            ("a é ¶ ·，。—“😀\u{FFFD}・ー", (0, 0, 0, 0, 0)),
            ("人〇㐀\u{9FFF}\u{F900}\u{20000}", (6, 0, 0, 0, 0)),
            ("们發a们", (3, 2, 1, 0, 0)),
            ("ぁゟァヺヽｦﾝ", (0, 0, 0, 7, 0)),
            ("가힣ᄀᇿㄱㆎ", (0, 0, 0, 0, 6)),
        ] {
            assert_eq!(tally(text), expected, "{text}");
        }
        assert_eq!(tally(&"们發ぁ가".repeat(9000)), (18_000, 9000, 9000, 9000, 9000));
    }

    #[test]
    fn texts_of_one_item_are_counted_together() {
        let mut tally = Tally::new();
        tally.add("人工智能");
        tally.add("发布");
        assert_eq!(tally.script(), Script::Simplified);
        assert_eq!(tally.han, 6);
    }
}
