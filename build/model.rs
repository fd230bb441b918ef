//! OpenCC's conversion as its configurations describe it, pass after pass, written to be read, not to be fast.
//!
//! A configuration is: a normalisation pass, an optional segmentation, and a chain of stages. Each pass walks the text
//! from the left; at each place its group of dictionaries gives the match (in a `short_circuit` group the first
//! dictionary that has any match, in a `union` the longest match of all), a complete ideographic description sequence
//! is copied whole, anything else is copied as one character. With a segmentation, each matched word and each stretch
//! between matched words goes through the chain on its own.
//!
//! The build script applies it to every key, and the tests hold the fast engine against it. It panics on a broken
//! configuration or dictionary: those are part of the source.

use std::collections::HashMap;

/// One dictionary: each key with the first of its values.
#[derive(Debug, Default)]
pub struct Dictionary {
    entries: HashMap<Box<str>, Box<str>>,
    starts: std::collections::HashSet<char>,
    longest: usize,
}

impl Dictionary {
    /// Reads OpenCC's text format: `key TAB value SPACE value …`, `#` starts a comment line.
    pub fn parse(text: &str) -> Self {
        let mut dictionary = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (key, values) = line.split_once('\t').unwrap_or((line, line));
            let value = values.split(' ').next().unwrap_or(key);
            dictionary.starts.extend(key.chars().next());
            dictionary.longest = dictionary.longest.max(key.len());
            dictionary.entries.insert(key.into(), value.into());
        }
        dictionary
    }

    /// The longest key at the start of `text`: its length in bytes, and its value.
    pub fn prefix<'a>(&'a self, text: &str) -> Option<(usize, &'a str)> {
        if !self.starts.contains(&text.chars().next()?) {
            return None;
        }
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = ends.take_while(|end| *end <= self.longest).collect();
        ends.into_iter().rev().find_map(|end| Some((end, &**self.entries.get(&text[..end])?)))
    }
}

/// A dictionary or a group of them.
#[derive(Debug)]
pub enum Group {
    Leaf(Dictionary),
    First(Vec<Group>),
    Union(Vec<Group>),
}

impl Group {
    /// The match at the start of `text`: the key's length in bytes, and the value.
    pub fn prefix<'a>(&'a self, text: &str) -> Option<(usize, &'a str)> {
        match self {
            Self::Leaf(dictionary) => dictionary.prefix(text),
            Self::First(groups) => groups.iter().find_map(|group| group.prefix(text)),
            // The earlier of two equally long matches wins, so later ones must be longer.
            Self::Union(groups) => groups
                .iter()
                .filter_map(|group| group.prefix(text))
                .reduce(|best, next| if next.0 > best.0 { next } else { best }),
        }
    }

    /// Every key with its value as the group's own match answers it, in no order.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Self::Leaf(dictionary) => dictionary.entries.keys().map(|key| &**key).collect(),
            Self::First(groups) | Self::Union(groups) => groups.iter().flat_map(Self::keys).collect(),
        }
    }
}

/// One configuration.
#[derive(Debug)]
pub struct Model {
    pub normalisation: Group,
    pub segmentation: Option<Group>,
    pub stages: Vec<Group>,
}

impl Model {
    /// Reads a configuration; `read` gives the text of a dictionary by its name without extension.
    pub fn new(json: &str, read: &mut dyn FnMut(&str) -> String) -> Self {
        let config: serde_json::Value = serde_json::from_str(json).expect("a configuration is JSON");
        let normalisation = group(&config["normalization"][0]["dict"], read);
        let segmentation = config.get("segmentation").map(|segmentation| group(&segmentation["dict"], read));
        let chain = config["conversion_chain"].as_array().expect("a chain is a list");
        let stages = chain.iter().map(|stage| group(&stage["dict"], read)).collect();
        Self { normalisation, segmentation, stages }
    }

    /// What the library gives.
    pub fn convert(&self, text: &str) -> String {
        let text = pass(&self.normalisation, text);
        self.segments(&text).into_iter().map(|segment| self.chain(segment)).collect()
    }

    /// The chain on one segment.
    pub fn chain(&self, segment: &str) -> String {
        self.stages.iter().fold(segment.to_owned(), |text, stage| pass(stage, &text))
    }

    /// The segments of a normalised text.
    pub fn segments<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let Some(segmentation) = &self.segmentation else { return vec![text] };
        let mut segments = Vec::new();
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            if let Some((length, _)) = segmentation.prefix(&text[at..]) {
                if start < at {
                    segments.push(&text[start..at]);
                }
                segments.push(&text[at..at + length]);
                at += length;
                start = at;
            } else {
                at += unmatched(&text[at..]);
            }
        }
        if start < text.len() {
            segments.push(&text[start..]);
        }
        segments
    }
}

fn group(json: &serde_json::Value, read: &mut dyn FnMut(&str) -> String) -> Group {
    if json["type"] == "group" {
        let groups =
            json["dicts"].as_array().expect("a group is a list").iter().map(|json| group(json, read)).collect();
        return if json["match_policy"] == "union" { Group::Union(groups) } else { Group::First(groups) };
    }
    let file = json["file"].as_str().expect("a dictionary is a file");
    Group::Leaf(Dictionary::parse(&read(file.trim_end_matches(".ocd2"))))
}

/// One pass of one group over `text`.
pub fn pass(group: &Group, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 5);
    let mut at = 0;
    while at < text.len() {
        if let Some((length, value)) = group.prefix(&text[at..]) {
            out.push_str(value);
            at += length;
        } else {
            let length = unmatched(&text[at..]);
            out.push_str(&text[at..at + length]);
            at += length;
        }
    }
    out
}

/// The length of what is copied where nothing matches: a description sequence, else one character.
pub fn unmatched(text: &str) -> usize {
    description(text).unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8))
}

/// The length of the complete ideographic description sequence at the start of `text`.
fn description(text: &str) -> Option<usize> {
    operands(text.chars().next()?)?;
    let mut characters = 0;
    component(text, 16, &mut characters)
}

/// One component, an operator with its operands or any other character; at most 16 deep and 64 characters in all.
fn component(text: &str, depth: usize, characters: &mut usize) -> Option<usize> {
    if depth == 0 || *characters >= 64 {
        return None;
    }
    let first = text.chars().next()?;
    *characters += 1;
    let mut length = first.len_utf8();
    for _ in 0..operands(first).unwrap_or(0) {
        length += component(&text[length..], depth - 1, characters)?;
    }
    Some(length)
}

/// How many operands an ideographic description operator takes; U+31EF is none to OpenCC.
pub fn operands(c: char) -> Option<usize> {
    match c {
        '\u{2FFE}' | '\u{2FFF}' => Some(1),
        '\u{2FF2}' | '\u{2FF3}' => Some(3),
        '\u{2FF0}'..='\u{2FFD}' => Some(2),
        _ => None,
    }
}
