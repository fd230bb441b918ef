//! The user's own dictionary: words to write otherwise, and words to leave alone. Asked before OpenCC's.
//!
//! The longest word that starts leftmost wins; what stands between two of the user's words is converted on its own.
//! Words are compared character by character as they stand in the text. Bounded by `MAX_WORDS`, `MAX_WORD_BYTES` and
//! `MAX_WORDS_FILE`; searching is linear in the text.

use crate::base::limits::{MAX_WORD_BYTES, MAX_WORDS, MAX_WORDS_FILE};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::HashMap;

/// Why a user's dictionary is refused: the user is to blame, trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct WordsError {
    /// The line in the file, counted from 1; none for a pair given by itself.
    pub line: Option<usize>,
    /// What is wrong there.
    pub problem: WordsProblem,
}

/// What is wrong with an entry, or with all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsProblem {
    /// No tab in the line.
    #[error("`{0}` has no tab; write the word, a tab, and what it becomes")]
    NoTab(String),
    /// Nothing before the tab.
    #[error("the word to replace is empty")]
    EmptyWord,
    /// Nothing after the tab.
    #[error("`{0}` becomes nothing; to leave a word as it is write it on both sides")]
    EmptyValue(String),
    /// A control character in a word or value.
    #[error("{0:?} holds a control character, such as a line feed; words are looked for within a line")]
    Control(String),
    /// A word or value over the limit.
    #[error("a word has {0} bytes, at most {MAX_WORD_BYTES} are allowed")]
    WordTooLong(usize),
    /// The same word twice, with different values.
    #[error("`{0}` is already given, as `{1}`")]
    Twice(String, String),
    /// More entries than the limit.
    #[error("more than {MAX_WORDS} words")]
    TooMany,
    /// The file is over the limit.
    #[error("the dictionary has {0} bytes, at most {MAX_WORDS_FILE} are allowed")]
    FileTooLarge(usize),
    /// The search table could not be built.
    #[error("these words make no search table: {0}")]
    NoTable(String),
}

impl From<WordsProblem> for WordsError {
    fn from(problem: WordsProblem) -> Self {
        Self { line: None, problem }
    }
}

/// The words of a user, ready to be searched for. Cheap to clone, `Send` and `Sync`.
#[derive(Debug, Clone)]
pub struct Words {
    table: AhoCorasick,
    values: std::sync::Arc<[Box<str>]>,
}

/// Gathers the words of a configuration from its tables and files, then builds the search table.
#[derive(Debug, Default)]
pub struct WordsBuilder {
    entries: HashMap<String, String>,
}

impl WordsBuilder {
    /// No words yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `word` becomes `value`. The same pair twice is fine, the same word with another value is not.
    pub fn add(&mut self, word: &str, value: &str) -> Result<&mut Self, WordsProblem> {
        if word.is_empty() {
            return Err(WordsProblem::EmptyWord);
        }
        if value.is_empty() {
            return Err(WordsProblem::EmptyValue(word.to_owned()));
        }
        let longest = word.len().max(value.len());
        if longest > MAX_WORD_BYTES {
            return Err(WordsProblem::WordTooLong(longest));
        }
        if let Some(text) = [word, value].into_iter().find(|text| text.contains(char::is_control)) {
            return Err(WordsProblem::Control(text.to_owned()));
        }
        match self.entries.get(word) {
            Some(known) if known != value => return Err(WordsProblem::Twice(word.to_owned(), known.clone())),
            Some(_) => return Ok(self),
            None if self.entries.len() >= MAX_WORDS => return Err(WordsProblem::TooMany),
            None => {}
        }
        self.entries.insert(word.to_owned(), value.to_owned());
        Ok(self)
    }

    /// `word` stays as it is.
    pub fn keep(&mut self, word: &str) -> Result<&mut Self, WordsProblem> {
        self.add(word, word)
    }

    /// The text of a file in OpenCC's format: a word, a tab, one or more values between spaces of which the first
    /// counts; blank lines and lines that start with `#` are skipped. All wrong lines are reported.
    pub fn file(&mut self, text: &str) -> Result<&mut Self, Vec<WordsError>> {
        self.lines(text, |builder, line| match line.split_once('\t') {
            None => Err(WordsProblem::NoTab(line.chars().take(crate::base::limits::EXCERPT_CHARS).collect())),
            Some((word, values)) => builder.add(word, values.split(' ').next().unwrap_or_default()).map(drop),
        })
    }

    /// The text of a file of words that stay as they are, one a line; what stands after a tab does not count.
    pub fn keep_file(&mut self, text: &str) -> Result<&mut Self, Vec<WordsError>> {
        self.lines(text, |builder, line| builder.keep(line.split('\t').next().unwrap_or_default()).map(drop))
    }

    fn lines(
        &mut self,
        text: &str,
        mut add: impl FnMut(&mut Self, &str) -> Result<(), WordsProblem>,
    ) -> Result<&mut Self, Vec<WordsError>> {
        if text.len() > MAX_WORDS_FILE {
            return Err(vec![WordsProblem::FileTooLarge(text.len()).into()]);
        }
        let mut errors = Vec::new();
        for (index, line) in text.strip_prefix('\u{FEFF}').unwrap_or(text).lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err(problem) = add(self, line) {
                let full = problem == WordsProblem::TooMany;
                errors.push(WordsError { line: Some(index + 1), problem });
                if full {
                    break;
                }
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// The search table over all words so far.
    pub fn build(&self) -> Result<Words, WordsError> {
        let table = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // The only kind whose memory stays in proportion to the words.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(self.entries.keys())
            .map_err(|error| WordsProblem::NoTable(error.to_string()))?;
        Ok(Words { table, values: self.entries.values().map(|value| value.as_str().into()).collect() })
    }
}

impl Words {
    /// Builds from pairs of a word and what it becomes.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, WordsError> {
        let mut builder = WordsBuilder::new();
        for (word, value) in pairs {
            builder.add(word, value)?;
        }
        builder.build()
    }

    /// The user's words in `text`, ascending and disjoint: where each stands, and what it becomes.
    pub(super) fn find<'s>(&'s self, text: &'s str) -> impl Iterator<Item = (std::ops::Range<usize>, &'s str)> {
        self.table
            .find_iter(text)
            .map(|found| (found.range(), self.values.get(found.pattern().as_usize()).map_or("", |value| value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_lines_are_all_named() {
        let mut builder = WordsBuilder::new();
        let errors = builder.file("# mine\n软件\t軟體 軟件\n\n无\n\t空\n好\t\n软件\t軟件\n").unwrap_err();
        let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [Some(4), Some(5), Some(6), Some(7)]);
        assert_eq!(errors[3].to_string(), "line 7: `软件` is already given, as `軟體`");
    }

    #[test]
    fn words_stand_within_a_line() {
        for (word, value) in [("软\n件", "軟體"), ("软件", "軟\0體")] {
            assert!(matches!(Words::new([(word, value)]).unwrap_err().problem, WordsProblem::Control(_)));
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let long = "长".repeat(MAX_WORD_BYTES);
        assert_eq!(Words::new([(long.as_str(), "短")]).unwrap_err().problem, WordsProblem::WordTooLong(long.len()));
        let many: Vec<_> = (0..=MAX_WORDS).map(|n| n.to_string()).collect();
        let error = Words::new(many.iter().map(|word| (word.as_str(), "x"))).unwrap_err();
        assert_eq!(error.problem, WordsProblem::TooMany);
        assert!(WordsBuilder::new().file(&"\n".repeat(MAX_WORDS_FILE + 1)).is_err());
    }

    #[test]
    fn the_longest_leftmost_word_wins() {
        let words = Words::new([("皇后", "皇后"), ("皇后区", "昆斯區"), ("后区", "後區")]).unwrap();
        let found: Vec<_> = words.find("去皇后区，后区").collect();
        assert_eq!(found, [(3..12, "昆斯區"), (15..21, "後區")]);
    }
}
