//! From a trie to the bytes that the program embeds: places are found for all nodes, so that decoding only writes.
//!
//! All numbers are little-endian: `u32` number of slots, of singles, of bytes of pairs, of bytes of records; the slots, the answers, the
//! singles (each `u32` character and `u64` entry, ascending), the pairs, the records (`layout.rs`). The program reads all but the
//! singles where they are embedded.

use crate::{
    compile::{Answer, Node, Trie},
    layout,
};
use std::collections::{HashMap, HashSet};

/// The embedded form of a trie.
pub fn encode(trie: &Trie) -> Vec<u8> {
    let mut encoder = Encoder { trie, codes: codes(trie), alone: alone(trie), records: Vec::new() };
    let (bases, count) = encoder.place();
    let roots: HashMap<char, usize> = trie.roots.iter().map(|&root| (trie.nodes[root].c, root)).collect();
    let mut singles = Vec::new();
    for (c, value) in &trie.singles {
        let base = roots.get(c).map_or(0, |root| bases[*root]);
        let code = encoder.codes.get(c).copied().unwrap_or(0);
        let out = encoder.single(*c, value);
        singles.push((*c, out | u64::from(code) << layout::CODE_SHIFT | u64::from(base) << layout::ENTRY_BASE_SHIFT));
    }
    let empty = u32::try_from(layout::EMPTY).expect("small");
    let mut places = Places { slots: vec![empty; count], answers: vec![0; count] };
    for &root in &trie.roots {
        encoder.subtree(root, &trie.nodes[root].c.to_string(), layout::ONE << layout::KIND_SHIFT, &bases, &mut places);
    }
    encoder.records.extend([0; layout::PADDING]);
    let pairs = pairs(trie);
    let numbers = [count, singles.len(), pairs.len(), encoder.records.len()];
    let numbers = numbers.map(|number| u32::try_from(number).expect("small"));
    let mut out: Vec<u8> = numbers.iter().chain(&places.slots).flat_map(|number| number.to_le_bytes()).collect();
    out.extend(places.answers.iter().flat_map(|answer| answer.to_le_bytes().into_iter().take(3)));
    for (c, entry) in singles {
        out.extend(u32::from(c).to_le_bytes());
        out.extend(entry.to_le_bytes());
    }
    out.extend(pairs);
    out.extend(encoder.records);
    out
}

/// The pairs of the trie's keys, as one bit of about five.
fn pairs(trie: &Trie) -> Vec<u8> {
    let index = |c: char| usize::try_from(u32::from(c) - layout::PAGE_START).expect("small");
    let of_node = |node: &Node| node.children.iter().map(|child| (node.c, trie.nodes[*child].c)).collect::<Vec<_>>();
    let all: HashSet<_> = trie.nodes.iter().flat_map(of_node).filter(|(a, b)| in_page(*a) && in_page(*b)).collect();
    let mut bits = vec![0; (4 * all.len()).next_power_of_two().max(8) / 8];
    for (first, second) in all {
        let pair = layout::pair(index(first), index(second), 8 * bits.len());
        bits[pair / 8] |= 1 << (pair % 8);
    }
    bits
}

/// The slots and their answers.
struct Places {
    slots: Vec<u32>,
    answers: Vec<u32>,
}

/// A code for every character that follows another in a key, the frequent ones first: their slots lie close.
fn codes(trie: &Trie) -> HashMap<char, u16> {
    let mut counts: HashMap<char, usize> = HashMap::new();
    for child in trie.nodes.iter().flat_map(|node| &node.children) {
        *counts.entry(trie.nodes[*child].c).or_default() += 1;
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by_key(|&(c, count)| (usize::MAX - count, c));
    assert!(sorted.len() < usize::try_from(layout::EMPTY).expect("small"), "too many codes");
    sorted.into_iter().zip(1..).map(|((c, _), code)| (c, code)).collect()
}

/// What the characters become that the engine writes one by one: three bytes in, three bytes out.
fn alone(trie: &Trie) -> HashMap<char, &str> {
    let singles = trie.singles.iter();
    singles.filter(|(c, value)| in_page(*c) && value.len() == 3).map(|(c, value)| (*c, value.as_str())).collect()
}

fn in_page(c: char) -> bool {
    (layout::PAGE_START..layout::PAGE_END).contains(&u32::from(c))
}

struct Encoder<'t> {
    trie: &'t Trie,
    codes: HashMap<char, u16>,
    alone: HashMap<char, &'t str>,
    records: Vec<u8>,
}

impl Encoder<'_> {
    /// Writes a record, and gives its place.
    fn record(&mut self, source: &str, value: &str) -> u32 {
        let place = u32::try_from(self.records.len() / 2).expect("small");
        assert!(place < 1 << layout::RECORD_BITS, "too many records");
        self.records.extend([source.len(), value.len()].map(|length| u8::try_from(length).expect("a short word")));
        self.records.extend(value.as_bytes());
        self.records.resize(self.records.len().next_multiple_of(2), 0);
        place
    }

    fn single(&mut self, c: char, value: &str) -> u64 {
        if in_page(c) && value.len() == 3 {
            let bytes = value.as_bytes();
            let changed = if value == c.to_string() { 0 } else { layout::CHANGED };
            return changed | u64::from(bytes[0]) | u64::from(bytes[1]) << 8 | u64::from(bytes[2]) << 16;
        }
        if value == c.to_string() {
            return layout::SELF;
        }
        layout::LONG | u64::from(self.record(&c.to_string(), value))
    }

    /// Fills the slots of the children of `node`, whose answer is `answer`. True where one of their answers is other than the
    /// characters one by one.
    fn subtree(&mut self, node: usize, path: &str, answer: u32, bases: &[u32], places: &mut Places) -> bool {
        let (base, mut any) = (bases[node], false);
        for (code, child) in self.children(node) {
            let node = &self.trie.nodes[child];
            let path = format!("{path}{}", node.c);
            let answer = node.answer.as_ref().map_or(answer, |own| self.answer(&path, own));
            let at = usize::try_from(base).expect("small") + usize::from(code);
            places.answers[at] = answer;
            let is_own =
                self.subtree(child, &path, answer, bases, places) | layout::is_own(answer >> layout::KIND_SHIFT & 7);
            let own = if is_own { u32::try_from(layout::OWN).expect("small") } else { 0 };
            places.slots[at] = u32::from(code) | own | bases[child] << layout::SLOT_BASE_SHIFT;
            any |= is_own;
        }
        any
    }

    fn answer(&mut self, path: &str, answer: &Answer) -> u32 {
        let (chars, record, count, value) = match answer {
            Answer::One => return layout::ONE << layout::KIND_SHIFT,
            Answer::Exact => return layout::EXACT << layout::KIND_SHIFT,
            Answer::Word(count, value) => (layout::WORD_CHARS, layout::WORD_RECORD, *count, value),
            Answer::Run(count, value) => (layout::RUN_CHARS, layout::RUN_RECORD, *count, value),
        };
        let source: String = path.chars().take(count).collect();
        let count = u32::try_from(count).expect("few characters");
        let each: Option<String> = source.chars().map(|c| self.alone.get(&c).copied()).collect();
        if each.as_deref() == Some(value) {
            return chars << layout::KIND_SHIFT | count;
        }
        self.record(&source, value) << layout::RECORD_SHIFT | record << layout::KIND_SHIFT | count
    }

    fn children(&self, node: usize) -> Vec<(u16, usize)> {
        let children = &self.trie.nodes[node].children;
        let mut sorted: Vec<_> = children.iter().map(|&child| (self.codes[&self.trie.nodes[child].c], child)).collect();
        sorted.sort_unstable();
        sorted
    }

    /// A base for every node with children, the fullest first, and the number of slots.
    fn place(&self) -> (Vec<u32>, usize) {
        let mut parents: Vec<usize> =
            (0..self.trie.nodes.len()).filter(|&n| !self.trie.nodes[n].children.is_empty()).collect();
        parents.sort_by_key(|&node| (usize::MAX - self.trie.nodes[node].children.len(), node));
        let mut bases = vec![0; self.trie.nodes.len()];
        let (mut taken, mut used, mut slots) = (Bits::default(), HashSet::new(), 0);
        let (mut from, mut before) = (1, usize::MAX);
        for node in parents {
            let codes: Vec<usize> = self.children(node).into_iter().map(|(code, _)| usize::from(code)).collect();
            // Where one did not fit, the next as full will hardly; a less full one looks from the start again.
            if codes.len() < before {
                (from, before) = (1, codes.len());
            }
            from = from.max(codes[0]);
            let base = loop {
                let mut free = codes.iter().fold(u64::MAX, |free, code| free & !taken.word(from - codes[0] + code));
                let mut found = None;
                while free != 0 && found.is_none() {
                    let base = from - codes[0] + free.trailing_zeros() as usize;
                    found = Some(base).filter(|base| *base > 0 && !used.contains(base));
                    free &= free - 1;
                }
                match found {
                    Some(base) => break base,
                    None => from += 64,
                }
            };
            used.insert(base);
            for code in codes {
                taken.set(base + code);
                slots = slots.max(base + code + 1);
            }
            bases[node] = u32::try_from(base).expect("small");
        }
        assert!(slots < 1 << layout::BASE_BITS, "too many slots");
        (bases, slots)
    }
}

/// A growing set of small numbers, read 64 at a time from any place.
#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, at: usize) {
        if self.0.len() <= at / 64 {
            self.0.resize(at / 64 + 1, 0);
        }
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn word(&self, at: usize) -> u64 {
        let get = |index: usize| self.0.get(index).copied().unwrap_or(0);
        let (index, shift) = (at / 64, at % 64);
        if shift == 0 { get(index) } else { get(index) >> shift | get(index + 1) << (64 - shift) }
    }
}
