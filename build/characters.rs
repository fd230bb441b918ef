//! The table of single characters: which side a character shows, what it folds to, what it is normalised to.
//!
//! Stream, little-endian, ascending by character: `u32` character | side << 30, `u32` folded spelling, `u32` what
//! OpenCC's normalisation makes of it. Side 1 is simplified, 2 traditional.

use crate::model::Dictionary;
use std::collections::{BTreeMap, HashMap};

/// The table of all characters of which anything is to be told.
pub fn table(read: &mut dyn FnMut(&str) -> String) -> Vec<u8> {
    let [st, ts] = ["STCharacters", "TSCharacters"].map(|name| values(&read(name)));
    let normalisation = values(&read("CJK_Compatibility_Ideographs"));
    let chain = ["CJK_Compatibility_Ideographs", "TWVariantsRev", "HKVariantsRev", "TSCharactersExt", "TSCharacters"]
        .map(|name| Dictionary::parse(&read(name)));
    let mut all = BTreeMap::new();
    for name in [
        "STCharacters",
        "TSCharacters",
        "TSCharactersExt",
        "CJK_Compatibility_Ideographs",
        "TWVariantsRev",
        "HKVariantsRev",
    ] {
        for c in values(&read(name)).into_keys() {
            let (simplified, traditional) = (shows(&st, c), shows(&ts, c));
            let side = u32::from(simplified && !traditional) | u32::from(traditional && !simplified) << 1;
            let normal = normalisation.get(&c).map_or(c, |values| values[0]);
            all.insert(c, (side, folded(&chain, c), normal));
        }
    }
    let told = all.into_iter().filter(|&(c, (side, folded, normal))| side != 0 || folded != c || normal != c);
    told.flat_map(|(c, (side, folded, normal))| [u32::from(c) | side << 30, folded.into(), normal.into()])
        .flat_map(u32::to_le_bytes)
        .collect()
}

fn values(text: &str) -> HashMap<char, Vec<char>> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    lines
        .map(|(key, values)| (key.chars().next().expect("a key"), values.chars().filter(|c| *c != ' ').collect()))
        .collect()
}

/// A character shows a side if it is a key there and none of its own values.
fn shows(side: &HashMap<char, Vec<char>>, c: char) -> bool {
    side.get(&c).is_some_and(|values| !values.contains(&c))
}

/// Through the dictionaries until nothing changes more.
fn folded(chain: &[Dictionary], c: char) -> char {
    let mut text = c.to_string();
    for _ in 0..4 {
        for step in chain {
            if let Some((_, value)) = step.prefix(&text) {
                text = value.to_owned();
            }
        }
    }
    text.chars().next().unwrap_or(c)
}
