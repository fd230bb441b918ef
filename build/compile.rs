//! From the dictionaries of a model to the trie of one table: for every path, the answer of the whole chain.
//!
//! The answer of a path is what the library does where the text goes on with this path and no further along the trie.
//! A key of the segmentation wins; its value is the chain's on the key. Else the first stage's match is a unit, and the
//! second stage's on it the value, unless a mark says that the second stage may look further.

use crate::{
    layout, marks,
    model::{Model, pass},
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What is done at a place: how many characters are taken, and their value; none for the character alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    One,
    Word(usize, String),
    Run(usize, String),
    Exact,
}

/// A node of two or more characters, or of one under [`Trie::roots`].
#[derive(Debug)]
pub struct Node {
    pub c: char,
    pub children: Vec<usize>,
    /// None: as the parent.
    pub answer: Option<Answer>,
}

/// The trie of one table.
#[derive(Debug)]
pub struct Trie {
    pub nodes: Vec<Node>,
    /// The node of each first character.
    pub roots: Vec<usize>,
    /// What each character of any key becomes alone.
    pub singles: Vec<(char, String)>,
}

/// Compiles a model. One without segmentation must have one stage.
pub fn compile(model: &Model) -> Trie {
    let words: HashSet<&str> = model.segmentation.iter().flat_map(|group| group.keys()).collect();
    let stage_keys: BTreeSet<&str> = model.stages.iter().flat_map(|stage| stage.keys()).collect();
    let marks = (model.stages.len() == 2).then(|| marks::marks(model, &words));
    assert!(model.stages.len() == if words.is_empty() { 1 } else { 2 }, "no such chain is known");
    let mut trie = Trie { nodes: Vec::new(), roots: Vec::new(), singles: Vec::new() };
    let mut index = HashMap::new();
    let mut ends = HashSet::new();
    // Keys of the last stage alone stand in the marks; alone they tell only what single characters become.
    let first_keys = model.stages[0].keys();
    let sources = words
        .iter()
        .copied()
        .chain(first_keys)
        .chain(marks.iter().flat_map(|marks| marks.sources.iter().map(|s| &**s)));
    let sorted: BTreeSet<&str> = sources.filter(|key| key.chars().nth(1).is_some()).collect();
    for key in &sorted {
        check(key);
        ends.insert(trie.insert(key, &mut index));
    }
    stage_keys.iter().for_each(|key| check(key));
    let singles: BTreeSet<char> = stage_keys.iter().chain(&sorted).flat_map(|key| key.chars()).collect();
    trie.singles = singles.into_iter().map(|c| (c, model.chain(&c.to_string()))).collect();
    let compiler = Compiler { model, words: &words, marks: marks.as_ref(), ends: &ends };
    for root in trie.roots.clone() {
        let text = trie.nodes[root].c.to_string();
        compiler.descend(&mut trie, root, &text, None, false);
    }
    trie
}

/// What the engine takes for granted of keys.
fn check(key: &str) {
    let ascii = key.bytes().take_while(u8::is_ascii).count();
    assert!(ascii < key.len() && ascii <= 3, "{key}: the engine looks back over three ASCII characters");
    assert!(key.chars().any(|c| u32::from(c) >= layout::PAGE_START), "{key} is overlooked by the engine's first look");
    assert!(key.chars().count() < 1 << layout::COUNT_BITS, "{key} is too long");
    assert!(!key.chars().any(|c| crate::model::operands(c).is_some()), "{key} has a description operator");
}

impl Trie {
    fn insert(&mut self, key: &str, index: &mut HashMap<(usize, char), usize>) -> usize {
        let mut at = usize::MAX;
        for c in key.chars() {
            let next = self.nodes.len();
            let node = *index.entry((at, c)).or_insert(next);
            if node == next {
                self.nodes.push(Node { c, children: Vec::new(), answer: None });
                if at == usize::MAX { self.roots.push(node) } else { self.nodes[at].children.push(node) }
            }
            at = node;
        }
        at
    }
}

struct Compiler<'m> {
    model: &'m Model,
    words: &'m HashSet<&'m str>,
    marks: Option<&'m marks::Marks>,
    ends: &'m HashSet<usize>,
}

impl Compiler<'_> {
    fn descend(&self, trie: &mut Trie, node: usize, path: &str, word: Option<&str>, marked: bool) {
        let marked = marked || self.marks.is_some_and(|marks| marks.sources.contains(path));
        let is_word = self.words.contains(path);
        if self.ends.contains(&node) {
            trie.nodes[node].answer = match (is_word, word) {
                (true, _) => Some(Answer::Word(path.chars().count(), self.model.chain(path))),
                (false, Some(_)) => None,
                (false, None) => Some(self.run(path, marked)),
            };
        }
        let word = if is_word { Some(path) } else { word };
        for child in trie.nodes[node].children.clone() {
            let path = format!("{path}{}", trie.nodes[child].c);
            self.descend(trie, child, &path, word, marked);
        }
    }

    /// The answer where no word begins.
    fn run(&self, path: &str, marked: bool) -> Answer {
        let first = path.chars().next().map_or(0, char::len_utf8);
        let (length, value) = self.model.stages[0].prefix(path).unwrap_or((first, &path[..first]));
        let Some(second) = self.model.stages.get(1) else {
            return answer(path[..length].chars().count(), value.to_owned(), Answer::Word);
        };
        let marks = self.marks.expect("two stages have marks");
        if !marked {
            return answer(path[..length].chars().count(), pass(second, value), Answer::Run);
        }
        if !marks.simple {
            return Answer::Exact;
        }
        let middle: String = path.chars().map(|c| pass(&self.model.stages[0], &c.to_string())).collect();
        match second.prefix(&middle) {
            Some((length, value)) => answer(middle[..length].chars().count(), value.to_owned(), Answer::Run),
            None => Answer::One,
        }
    }
}

fn answer(count: usize, value: String, kind: fn(usize, String) -> Answer) -> Answer {
    if count < 2 { Answer::One } else { kind(count, value) }
}
