//! Where one stage after another may do what no single key says.
//!
//! In a stretch between two segments the first stage turns the text into units; the second stage may then match a key
//! over several units. For every key of several characters of the second stage this lists all sources whose units
//! spell it: a table that holds them as marks knows, where a walk passes none, that the first unit stands alone.

use crate::model::{Group, Model, pass};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Longest key that a slot can count.
const MAX_CHARS: usize = (1 << crate::layout::COUNT_BITS) - 1;

/// The marks of a model of two stages.
pub struct Marks {
    /// The sources.
    pub sources: BTreeSet<String>,
    /// Every unit of the first stage is one character that becomes one: then the second stage's match tells the source.
    pub simple: bool,
}

struct Units {
    singles: HashMap<char, Vec<char>>,
    phrases: Vec<(String, String)>,
}

/// Lists the marks; `words` are the keys of the segmentation.
pub fn marks(model: &Model, words: &HashSet<&str>) -> Marks {
    let (first, second) = (&model.stages[0], &model.stages[1]);
    let keys: BTreeSet<&str> = second.keys().into_iter().filter(|key| key.chars().count() > 1).collect();
    let units = units(first, &keys, words);
    let mut sources = BTreeSet::new();
    for key in &keys {
        units.tile(key, String::new(), &mut sources);
        for (source, value) in &units.phrases {
            for (at, _) in value.char_indices().skip(1) {
                if let Some(rest) = key.strip_prefix(&value[at..]).filter(|rest| !rest.is_empty()) {
                    units.tile(rest, source.clone(), &mut sources);
                }
            }
        }
    }
    let simple = units.phrases.is_empty();
    if !simple {
        // Such marks only send to the exact stages: the beginning of a long one does as well.
        sources = sources.iter().map(|source| source.chars().take(MAX_CHARS).collect()).collect();
    }
    assert!(sources.len() < 100_000, "too many marks: {}", sources.len());
    Marks { sources, simple }
}

fn units(first: &Group, keys: &BTreeSet<&str>, words: &HashSet<&str>) -> Units {
    let mut singles: HashMap<char, BTreeSet<char>> = HashMap::new();
    let mut phrases = Vec::new();
    for c in keys.iter().flat_map(|key| key.chars()) {
        if pass(first, &c.to_string()) == c.to_string() {
            singles.entry(c).or_default().insert(c);
        }
    }
    for key in first.keys().into_iter().filter(|key| !words.contains(key)).collect::<BTreeSet<_>>() {
        // A shorter key of an earlier dictionary may stand before this one.
        let Some((_, value)) = first.prefix(key).filter(|(length, _)| *length == key.len()) else { continue };
        match (one(key), one(value)) {
            (Some(source), Some(value)) => _ = singles.entry(value).or_default().insert(source),
            _ => phrases.push((key.to_owned(), value.to_owned())),
        }
    }
    Units { singles: singles.into_iter().map(|(c, set)| (c, set.into_iter().collect())).collect(), phrases }
}

impl Units {
    /// All sources from `source` on whose units spell `rest` or go beyond it.
    fn tile(&self, rest: &str, source: String, out: &mut BTreeSet<String>) {
        let Some(first) = rest.chars().next() else {
            out.insert(source);
            return;
        };
        for c in self.singles.get(&first).into_iter().flatten() {
            self.tile(&rest[first.len_utf8()..], format!("{source}{c}"), out);
        }
        for (key, value) in &self.phrases {
            if let Some(left) = rest.strip_prefix(value.as_str()) {
                // The unit alone spells the key: nothing goes over its end.
                if !(source.is_empty() && left.is_empty()) {
                    self.tile(left, format!("{source}{key}"), out);
                }
            } else if !source.is_empty() && value.starts_with(rest) {
                out.insert(format!("{source}{key}"));
            }
        }
    }
}

fn one(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}
