//! In which script a text is written: counted over as many pieces as belong together, then decided once.
//!
//! A character shows a side if it is a key of one of OpenCC's two character dictionaries and none of its own values:
//! 们 is only ever simplified, 們 only ever traditional, 人 and 后 show nothing. Kana show Japanese, Hangul Korean.
//! Names and quotations in another script are common, so shares decide, by the thresholds in `base/limits.rs`.

use super::{characters, engine::page_index};
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
        let (bytes, sides) = (text.as_bytes(), characters::sides());
        let (mut han, mut both) = (0, 0_u64);
        let mut at = 0;
        while let Some(&lead) = bytes.get(at) {
            if lead < 0x80 {
                at +=
                    bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte >= 0x80)).unwrap_or(bytes.len());
            } else if han_index(bytes, at).is_some() {
                let start = at;
                for three in bytes.get(at..).unwrap_or_default().as_chunks::<3>().0 {
                    let Some(index) = han_index(three, 0) else { break };
                    // Both counts in one number: half of the work for each character.
                    let side = sides.of(index) as u64;
                    both += side & 1 | (side & 2) << 31;
                    at += 3;
                }
                han += (at - start) as u64 / 3;
            } else {
                let c = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('\0');
                self.add_other(c);
                at += c.len_utf8();
            }
        }
        self.merge(&Self { han, simplified: both & 0xFFFF_FFFF, traditional: both >> 32, kana: 0, hangul: 0 });
    }

    fn add_other(&mut self, c: char) {
        match c {
            '\u{3041}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FD}'..='\u{30FF}' | '\u{FF66}'..='\u{FF9D}' => {
                self.kana += 1;
            }
            '\u{AC00}'..='\u{D7A3}' | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' => self.hangul += 1,
            '\u{3007}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' => {
                let traits = characters::of(c);
                self.han += 1;
                self.simplified += u64::from(traits.simplified);
                self.traditional += u64::from(traits.traditional);
            }
            _ => {}
        }
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

/// The index in the page of U+3400.
const FIRST_HAN: usize = 0x400;

/// The index in the page of the Han character at `at`, U+3400 to U+9FFF; the 64 hexagrams among them make no difference.
#[inline(always)]
fn han_index(source: &[u8], at: usize) -> Option<usize> {
    page_index(source, at).filter(|index| *index >= FIRST_HAN)
}

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
    fn texts_of_one_item_are_counted_together() {
        let mut tally = Tally::new();
        tally.add("人工智能");
        tally.add("发布");
        assert_eq!(tally.script(), Script::Simplified);
        assert_eq!(tally.han, 6);
    }
}
