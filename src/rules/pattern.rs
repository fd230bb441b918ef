//! Patterns that a user writes: regular expressions, matched in linear time, refused at load where they cannot work.
//!
//! A setting is one pattern or a list of them; a list matches where any of its patterns does. Upper and lower case are
//! one unless the rule says exact. Bounds: [`MAX_PATTERN`] bytes of text each, [`MAX_PATTERN_PROGRAM`] bytes compiled
//! for each and for the list. Refused, each under its caret: syntax errors, look-around and back-references (with
//! advice), the empty pattern, and one that matches every text by matching nothing (`广告|`).

pub mod re2;

use std::fmt;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use crate::base::limits::{MAX_PATTERN, MAX_PATTERN_PROGRAM};
use crate::base::text::{human_size, is_word_alone};
use crate::config::{Report, Span};

/// One pattern or a list of them, as written.
#[derive(Debug, Clone)]
pub struct Patterns {
    /// Each pattern with its place.
    pub list: Vec<Spanned<String>>,
    /// Where all of it stands.
    pub span: Span,
}

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `ai` finds `AI`.
    Fold,
    /// Letters are themselves.
    Exact,
}

/// A compiled list of patterns.
#[derive(Debug, Clone)]
pub struct Matcher {
    set: RegexSet,
    /// One of them speaks of the ends of words.
    has_boundary: bool,
    is_local: bool,
}

impl Matcher {
    /// True where any of the patterns is found in `text`. Linear in its length.
    pub fn is_match(&self, text: &str) -> bool {
        self.set.is_match(text)
            || self.has_boundary && with_words_apart(text).is_some_and(|text| self.set.is_match(&text))
    }
}

impl Matcher {
    /// True where what is found in a part of a text is surely found in the whole text too: no pattern speaks of ends.
    pub fn is_local(&self) -> bool {
        self.is_local
    }
}

/// What stands for the end of a word: no letter, no white space, shown as nothing.
const BOUNDARY: char = '\u{200B}';

/// True where `regex` is found in `text`, a word ending where another script begins: what a [`Matcher`] does with one pattern.
pub(super) fn is_found(regex: &Regex, text: &str) -> bool {
    regex.is_match(text)
        || has_boundary(regex.as_str()) && with_words_apart(text).is_some_and(|text| regex.is_match(&text))
}

/// A pattern that may speak of the ends of words, lines or texts.
fn speaks_of_ends(pattern: &str) -> bool {
    pattern.contains(['^', '$']) || ["\\b", "\\B", "\\A", "\\z"].iter().any(|mark| pattern.contains(mark))
}

/// A pattern that speaks of the ends of words (`\b`).
fn has_boundary(pattern: &str) -> bool {
    pattern.contains("\\b")
}

/// `text` with a mark between words of a script without spaces and others (用AI写), so that `\b` finds an end there, which to Unicode is
/// none; `None` where no such words meet.
fn with_words_apart(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    // Whether the character before is of such a script; none where it belongs to no word.
    let mut before: Option<bool> = None;
    for (at, c) in text.char_indices() {
        let is_alone = (c.is_alphanumeric() || c == '_').then(|| is_word_alone(c));
        if before.is_some_and(|before| is_alone == Some(!before)) {
            out.push_str(text.get(copied..at)?);
            out.push(BOUNDARY);
            copied = at;
        }
        before = is_alone;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}

impl Patterns {
    /// Compiles all of them, or reports each that cannot be. `prepare` is applied to each pattern after its syntax was
    /// found good: a caller that folds the texts it looks into (Traditional to Simplified) folds the pattern likewise.
    pub fn compile(&self, case: Case, prepare: impl Fn(&str) -> String, report: &mut Report) -> Option<Matcher> {
        if self.list.is_empty() {
            report.error(self.span.clone(), "an empty list matches nothing").help("leave it out");
            return None;
        }
        let before = report.count();
        for pattern in &self.list {
            check(pattern, case, report);
        }
        if report.count() > before {
            return None;
        }
        let has_boundary = self.list.iter().any(|pattern| has_boundary(pattern.get_ref()));
        let is_local = !self.list.iter().any(|pattern| speaks_of_ends(pattern.get_ref()));
        let prepared = self.list.iter().map(|pattern| prepare(pattern.get_ref()));
        let mut builder = RegexSetBuilder::new(prepared);
        match builder.case_insensitive(case == Case::Fold).size_limit(MAX_PATTERN_PROGRAM).build() {
            Ok(set) => Some(Matcher { set, has_boundary: case == Case::Fold && has_boundary, is_local }),
            Err(error) => {
                report.error(self.span.clone(), explain(&error).message);
                None
            }
        }
    }
}

/// Compiles one pattern that is no list (a template's, a host's); reports what is wrong with it.
pub fn compile_one(pattern: &Spanned<String>, case: Case, report: &mut Report) -> Option<Regex> {
    check(pattern, case, report)
}

fn check(pattern: &Spanned<String>, case: Case, report: &mut Report) -> Option<Regex> {
    let text = pattern.get_ref();
    if text.is_empty() {
        report.error(pattern.span(), "an empty pattern matches every text").help("leave it out, or write what to find");
        return None;
    }
    if text.len() > MAX_PATTERN {
        report
            .error(pattern.span(), format!("a pattern of {} bytes; at most {MAX_PATTERN} are allowed", text.len()))
            .help("write a list of shorter patterns: any of them may match");
        return None;
    }
    let mut builder = RegexBuilder::new(text);
    match builder.case_insensitive(case == Case::Fold).size_limit(MAX_PATTERN_PROGRAM).build() {
        Ok(regex) if matches_by_nothing(&regex) => {
            report
                .error(pattern.span(), "this pattern matches every text, because it may match nothing at all")
                .help("remove the empty alternative (`a|`), or write `+` for `*` and `?`");
            None
        }
        Ok(regex) => Some(regex),
        Err(error) => {
            let explained = explain(&error);
            let span = explained.column.and_then(|column| place(pattern, column, report));
            let problem = report.error(span.unwrap_or(pattern.span()), explained.message);
            if let Some(help) = explained.help {
                problem.help(help);
            }
            None
        }
    }
}

/// True where an empty match is found in a text that no pattern means.
fn matches_by_nothing(regex: &Regex) -> bool {
    regex.find("\u{1}").is_some_and(|found| found.is_empty())
}

struct Explained {
    message: String,
    help: Option<&'static str>,
    /// Where in the pattern, in characters from 0.
    column: Option<usize>,
}

/// The regex crate's report, of several lines, as one.
fn explain(error: &regex::Error) -> Explained {
    let text = match error {
        regex::Error::CompiledTooBig(_) => {
            let most = human_size(MAX_PATTERN_PROGRAM);
            let message = format!("this pattern needs more than {most} when compiled");
            return Explained { message, help: Some("use smaller repetitions than `{1000}`"), column: None };
        }
        regex::Error::Syntax(text) => text.clone(),
        other => other.to_string(),
    };
    let message = text.rsplit("error: ").next().unwrap_or_default().trim().replace('\n', " ");
    let help = if message.contains("look-around") {
        Some(
            "patterns run in linear time and cannot look around: match the words themselves, or add a second rule (`drop` before `keep`)",
        )
    } else if message.contains("backreferences") {
        Some("patterns run in linear time and cannot refer back: write the alternatives out")
    } else if message.contains("escape sequence") {
        Some("in TOML, '…' keeps backslashes as they are and \"…\" does not")
    } else {
        None
    };
    // A pattern of one line is drawn with four spaces before it and carets below it.
    let column = match text.lines().collect::<Vec<_>>().as_slice() {
        [_, _, carets, _] => carets.find('^').and_then(|at| at.checked_sub(4)),
        _ => None,
    };
    Explained { message: format!("bad pattern: {message}"), help, column }
}

/// The character `column` of a pattern in the source.
pub(super) fn place(pattern: &Spanned<String>, column: usize, report: &Report) -> Option<Span> {
    let (at, c) = pattern.get_ref().char_indices().nth(column)?;
    Some(report.within(pattern, at..at + c.len_utf8()))
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Patterns, D::Error> {
        let spanned = Spanned::<OneOrMany>::deserialize(from)?;
        let span = spanned.span();
        let list = match spanned.into_inner() {
            OneOrMany::One(pattern) => vec![Spanned::new(span.clone(), pattern)],
            OneOrMany::Many(list) => list,
        };
        Ok(Patterns { list, span })
    }
}

enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<OneOrMany, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern or a list of patterns")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(OneOrMany::Many(list))
            }
        }
        from.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::decode::decode;
    use crate::config::{Problems, Source, Value};

    fn compile(text: &str, case: Case) -> Result<Matcher, Problems> {
        let mut report = Report::new(&Source::new("t", text));
        let value = Value::single(&mut report).unwrap();
        let matcher = decode::<Patterns>(&value, &mut report).and_then(|p| p.compile(case, str::to_owned, &mut report));
        report.finish().or(()).map(|()| matcher.unwrap())
    }

    #[test]
    fn a_list_matches_where_any_pattern_does() {
        let list = compile("['广告', 'ad(vert)?s']", Case::Fold).unwrap();
        assert!(list.is_match("这是广告") && list.is_match("ADVERTS") && !list.is_match("news"));
        let exact = compile("'AI'", Case::Exact).unwrap();
        assert!(exact.is_match("AI") && !exact.is_match("ai"));
    }

    #[test]
    fn a_word_ends_where_another_script_begins() {
        let ai = compile("'\\bAI\\b'", Case::Fold).unwrap();
        for (text, is_found) in
            [("用AI写作", true), ("AI。", true), ("AI2", false), ("用OpenAI写作", false), ("ＡＩ", false)]
        {
            assert_eq!(ai.is_match(text), is_found, "{text}");
        }
        let whole = compile("['用AI写', '\\bété\\b']", Case::Fold).unwrap();
        assert!(whole.is_match("他用AI写作") && whole.is_match("l'été。") && whole.is_match("夏été夏"));
        assert!(!compile("'\\bAI\\b'", Case::Exact).unwrap().is_match("用AI写作"), "as it stands");
        assert_eq!(with_words_apart("台湾 AI, 2024。"), None);
    }

    #[test]
    fn every_bad_pattern_is_shown_under_its_caret() {
        let problems =
            compile("['好(', 'fine', 'a(?=b)', '(a)\\1', '', 'x|', '((a{900}){900}){90}']", Case::Fold).unwrap_err();
        let found: Vec<_> = problems.iter().map(|p| (p.position().1, p.message.as_str(), p.help.is_some())).collect();
        assert_eq!(
            found,
            [
                (4, "bad pattern: unclosed group", false),
                (18, "bad pattern: look-around, including look-ahead and look-behind, is not supported", true),
                (30, "bad pattern: backreferences are not supported", true),
                (35, "an empty pattern matches every text", true),
                (39, "this pattern matches every text, because it may match nothing at all", true),
                (45, "this pattern needs more than 1.0 MiB when compiled", true),
            ]
        );
    }

    #[test]
    fn what_is_no_pattern_is_told_apart() {
        assert!(compile("5", Case::Fold).unwrap_err().to_string().contains("expected a pattern or a list of patterns"));
        assert!(compile("['a', 5]", Case::Fold).unwrap_err().to_string().contains("expected a string"));
        assert!(compile("[]", Case::Fold).unwrap_err().to_string().contains("matches nothing"));
        let long = format!("'{}'", "x".repeat(MAX_PATTERN + 1));
        assert!(compile(&long, Case::Fold).unwrap_err().to_string().contains("at most"));
    }

    #[test]
    fn anchors_and_texts_that_must_be_empty_are_fine() {
        for pattern in ["'^$'", "'.*'", "'^'", "'\\bAI\\b'"] {
            let compiled = compile(pattern, Case::Fold);
            assert_eq!(compiled.is_ok(), pattern != "'^'", "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_makes_the_report_panic(pattern in "\\PC{0,30}") {
            let text = Value { data: crate::config::Data::String(pattern.clone()), span: 0..pattern.len() };
            let mut report = Report::new(&Source::new("t", pattern));
            if let Some(patterns) = decode::<Patterns>(&text, &mut report) {
                patterns.compile(Case::Fold, str::to_owned, &mut report);
            }
            report.finish().to_string();
        }
    }
}
