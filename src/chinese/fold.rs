//! One spelling for all spellings of a text, so that a rule that says 台灣 also finds 台湾 and 臺灣.
//!
//! Character by character, by OpenCC's own character dictionaries: compatibility ideographs and regional variants to
//! the standard form, then to the simplified one; full-width ASCII and the ideographic space to half width. Case and
//! kana stay. The result is for comparing, not for showing. Folding twice changes nothing more.

use super::characters;
use std::borrow::Cow;

/// Folds `text` for matching; borrowed where nothing changes. One character becomes one character.
pub fn fold(text: &str) -> Cow<'_, str> {
    let Some((first, _)) = text.char_indices().find(|&(_, c)| folded(c) != c) else {
        return Cow::Borrowed(text);
    };
    let (same, rest) = text.split_at_checked(first).unwrap_or(("", text));
    let mut out = String::with_capacity(text.len());
    out.push_str(same);
    out.extend(rest.chars().map(folded));
    Cow::Owned(out)
}

fn folded(c: char) -> char {
    match c {
        '\0'..='\u{2E7F}' | '\u{3001}'..='\u{3006}' | '\u{3008}'..='\u{3020}' => c,
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFF01 + 0x21).unwrap_or(c),
        _ => characters::fold(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_word_meet() {
        for (a, b) in [
            ("台灣", "台湾"),
            ("臺灣", "台湾"),
            ("頭髮", "头发"),
            ("裏面", "里面"),
            ("裡面", "里面"),
            ("爲", "为"),
            ("ＡＩ　２０２６！", "AI 2026!"),
            ("\u{F900}", "岂"),
        ] {
            assert_eq!(fold(a), fold(b));
        }
        assert_eq!(fold("ｱｲﾌｫﾝ Case"), "ｱｲﾌｫﾝ Case");
        assert!(matches!(fold("台湾 ok"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(text in "[\\PC一-龥㐀-䶵豈-龎𠀀-𪛖]*") {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
            prop_assert_eq!(once.chars().count(), text.chars().count());
        }
    }
}
