//! Texts on which two engines are held against each other: everything in the dictionaries, and random texts that are
//! hard on segmentation, description sequences and normalisation. The same texts on every run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// xorshift64*: enough for drawing test texts.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % u64::try_from(bound).unwrap()).unwrap()
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Every key and every value of every dictionary, sorted.
pub fn dictionary_words() -> Vec<String> {
    let mut words = BTreeSet::new();
    for file in fs::read_dir("data/opencc/dictionary").unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            words.extend(line.split(['\t', ' ']).map(str::to_owned));
        }
    }
    words.remove("");
    words.into_iter().collect()
}

/// Pieces of dictionary words run together: keys that overlap, begin inside one another and break off.
pub fn run_together(words: &[&str], random: &mut Random, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        let word: Vec<char> = random.of(words).chars().collect();
        let from = if random.below(3) == 0 { random.below(word.len()) } else { 0 };
        let to = if random.below(3) == 0 { from + 1 + random.below(word.len() - from) } else { word.len() };
        text.extend(&word[from..to]);
        if random.below(60) == 0 {
            // Keys that begin with ASCII, after stretches of any length.
            text.extend(std::iter::repeat_n('x', random.below(40)));
            text.push_str(random.of(&["SQL注入", "B超", "PN結", "BMW集團", "A肝", "SQL", "B", "BM", "é"]));
        }
        if random.below(40) == 0 {
            text.push_str(random.of(&["，", "。", "\n", " ", "a", "<b>", "é", "·", "SQL", "A", "B", "PN"]));
        }
    }
    text
}

/// Words of which each begins with the last character, or two, of the one before: whether a word is one depends on where the one before
/// began, over long stretches.
pub fn overlapping(words: &[&str], random: &mut Random, count: usize) -> String {
    let mut beginning: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    for word in words {
        beginning.entry(word.chars().next().unwrap()).or_default().push(word);
    }
    let mut text = random.of(words).to_owned();
    for _ in 0..count {
        let back = 1 + random.below(2);
        let (at, shared) = text.char_indices().rev().nth(back - 1).unwrap_or((0, '\0'));
        match beginning.get(&shared).filter(|_| random.below(20) > 0) {
            Some(next) => {
                text.truncate(at);
                text.push_str(random.of(next));
            }
            None => {
                let word = random.of(words);
                text.push_str(random.of(&["，", "。", "·", "一", word]));
            }
        }
    }
    text
}

/// Single characters of the dictionaries in any order.
pub fn characters(words: &[&str], random: &mut Random, count: usize) -> String {
    (0..count).filter_map(|_| random.of(words).chars().next()).collect()
}

/// Anything: planes, combining marks, NUL, description operators, compatibility ideographs, variation selectors.
pub fn unicode(words: &[&str], random: &mut Random, count: usize) -> String {
    let ranges: [(u32, u32); 16] = [
        (0, 0x80),
        (0, 1),
        (0x80, 0x800),
        (0x300, 0x370),
        (0x2E80, 0x3400),
        (0x2FF0, 0x3000),
        (0x2FF0, 0x3000),
        (0x3400, 0xA000),
        (0x4E00, 0xA000),
        (0xAC00, 0xD7A4),
        (0xF900, 0xFB00),
        (0xFE00, 0x1_0000),
        (0x1_0000, 0x11_0000),
        (0x2_0000, 0x3_2000),
        (0x2_F800, 0x2_FA20),
        (0xE_0100, 0xE_01F0),
    ];
    let mut text = String::new();
    for _ in 0..count {
        if random.below(3) == 0 {
            text.push_str(random.of(words));
        } else {
            let (from, to) = ranges[random.below(ranges.len())];
            let width = usize::try_from(to - from).unwrap();
            text.extend(char::from_u32(from + u32::try_from(random.below(width)).unwrap()));
        }
    }
    text
}

/// Description sequences, whole and broken, over dictionary words.
pub fn sequences(words: &[&str], random: &mut Random, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        match random.below(4) {
            0 => text.extend(char::from_u32(0x2FF0 + u32::try_from(random.below(16)).unwrap())),
            1 => text.push_str(random.of(&["，", "\u{F900}", "\u{2F800}", "𠀀", "A", "\0", "\u{31EF}"])),
            _ => text.push_str(random.of(words)),
        }
    }
    text
}
