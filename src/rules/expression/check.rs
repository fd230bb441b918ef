//! What is wrong with an expression, found at load: names that nothing has, filters, tests and functions that there are
//! not, patterns that do not compile, dates compared with texts.
//!
//! minijinja says which names are free; a small reader of its tokens ([`tokens`]) finds where each stands.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use minijinja::{Error, ErrorKind, Value};
use toml::Spanned;

use super::LANGUAGE;
use super::functions::{Compiled, FILTERS, FUNCTIONS, TESTS};
use super::variables::Needs;
use crate::chinese;
use crate::config::{Report, suggest};
use crate::rules::pattern::{Case, compile_one};

/// False, and reported, for a text that is empty or too long.
pub(super) fn is_sized(text: &Spanned<String>, most: usize, what: &str, report: &mut Report) -> bool {
    let length = text.get_ref().len();
    if text.get_ref().trim().is_empty() {
        report
            .error(text.span(), format!("{what} is empty"))
            .help("write a condition such as `age < duration(\"7d\")`");
    } else if length > most {
        report.error(text.span(), format!("{what} of {length} bytes; at most {most} are allowed"));
    } else {
        return true;
    }
    false
}

/// Reports minijinja's error where it stands.
pub(super) fn refuse(text: &Spanned<String>, error: &Error, report: &mut Report) {
    let span = match error.range().filter(|range| range.end <= text.get_ref().len()) {
        Some(range) => report.within(text, range),
        None => text.span(),
    };
    let problem = report.error(span, format!("bad expression: {}", say(error)));
    if error.kind() == ErrorKind::BadEscape {
        problem.help("within the quotes of an expression, write two backslashes for one: `matches(\"\\\\d+\")`");
    }
}

/// minijinja's message without its place.
pub(super) fn say(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "too much to compute".to_owned(),
        (ErrorKind::TemplateNotFound | ErrorKind::BadInclude, _) => "other templates cannot be reached".to_owned(),
        (ErrorKind::SyntaxError | ErrorKind::InvalidOperation, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

/// True for an error of a trial run that no item can avoid.
pub(super) fn is_certain(error: &Error) -> bool {
    use ErrorKind::{BadInclude, MissingArgument, OutOfFuel, TemplateNotFound};
    use ErrorKind::{TooManyArguments, UnknownFilter, UnknownFunction, UnknownTest};
    let always = [
        BadInclude,
        MissingArgument,
        OutOfFuel,
        TemplateNotFound,
        TooManyArguments,
        UnknownFilter,
        UnknownFunction,
        UnknownTest,
    ];
    always.contains(&error.kind())
}

/// What the expressions in `code` (ranges of `text`) need, and their patterns compiled; reports names that nothing has.
/// `asked` are the free names that minijinja found, dotted.
pub(super) fn names(
    text: &Spanned<String>,
    asked: &HashSet<String>,
    code: &[Range<usize>],
    report: &mut Report,
) -> Option<(Needs, Value)> {
    let before = report.count();
    let tokens: Vec<Token<'_>> = code.iter().flat_map(|range| tokens(text.get_ref(), range.clone())).collect();
    let reader = Reader { text, tokens: &tokens };
    let mut needs = Needs::default();
    let mut asked: Vec<_> = asked.iter().collect();
    asked.sort();
    for name in asked {
        match name.as_str() {
            "sample" => needs.add_identity(),
            function if FUNCTIONS.contains(&function) => {}
            name => {
                if let Err(known) = needs.add(name) {
                    let known = known.iter().map(String::as_str).chain(FUNCTIONS.iter().copied());
                    let help = suggest::advice(name, known);
                    report.error(reader.place_of(name, report), format!("unknown name `{name}`")).help(help);
                }
            }
        }
    }
    reader.filters_and_tests(report);
    reader.comparisons(report);
    let patterns = reader.patterns(report);
    (report.count() == before).then(|| (needs, Value::from_object(patterns)))
}

struct Reader<'a> {
    text: &'a Spanned<String>,
    tokens: &'a [Token<'a>],
}

impl<'a> Reader<'a> {
    fn word(&self, at: usize) -> Option<&'a str> {
        self.tokens.get(at).and_then(|token| match token.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        })
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    fn span(&self, at: usize, report: &Report) -> Range<usize> {
        self.tokens.get(at).map_or(self.text.span(), |token| report.within(self.text, token.range.clone()))
    }

    /// Where a dotted name stands first.
    fn place_of(&self, name: &str, report: &Report) -> Range<usize> {
        let parts: Vec<&str> = name.split('.').collect();
        let stands_at = |at: usize| {
            let all = parts.iter().enumerate().all(|(index, part)| self.word(at + 2 * index) == Some(part));
            let is_name = at == 0 || !(self.is_mark(at - 1, '.') || self.is_mark(at - 1, '|'));
            all && is_name
        };
        match (0..self.tokens.len()).find(|at| stands_at(*at)) {
            Some(at) => self.span(at, report).start..self.span(at + 2 * (parts.len() - 1), report).end,
            None => self.text.span(),
        }
    }

    /// The tokens that name a filter (true) or a test.
    fn named(&self) -> impl Iterator<Item = (usize, &'a str, bool)> + '_ {
        (0..self.tokens.len()).filter_map(|at| {
            let word = self.word(at)?;
            let before = at.checked_sub(1)?;
            let after_is = self.word(before) == Some("is")
                || self.word(before) == Some("not") && before.checked_sub(1).and_then(|at| self.word(at)) == Some("is");
            match word {
                "not" => None,
                _ if self.is_mark(before, '|') => Some((at, word, true)),
                _ if after_is => Some((at, word, false)),
                _ => None,
            }
        })
    }

    fn filters_and_tests(&self, report: &mut Report) {
        let mut state = LANGUAGE.empty_state();
        for (at, word, is_filter) in self.named() {
            let (what, known) = if is_filter { ("filter", FILTERS) } else { ("test", TESTS) };
            if !state.perform_test(what, &[Value::from(word)]).unwrap_or(true) {
                let help = suggest::advice(word, known.iter().copied());
                report.error(self.span(at, report), format!("unknown {what} `{word}`")).help(help);
            }
        }
    }

    /// A date compared with a text would be compared by its kind, silently.
    fn comparisons(&self, report: &mut Report) {
        for (at, token) in self.tokens.iter().enumerate() {
            let Kind::Text(_) = token.kind else { continue };
            let mark = |at: usize| ['<', '>', '=', '!'].iter().any(|mark| self.is_mark(at, *mark));
            let marks = (1..=2).take_while(|back| at.checked_sub(*back).is_some_and(mark)).count();
            let name = at.checked_sub(marks + 1).and_then(|at| self.word(at));
            if marks > 0 && matches!(name, Some("published" | "updated" | "now" | "age")) {
                let advice = if name == Some("age") { "duration(\"7d\")" } else { "date(\"2024-03-02\")" };
                report
                    .error(self.span(at, report), format!("`{}` is no text", name.unwrap_or_default()))
                    .help(format!("compare with `{advice}`"));
            }
        }
    }

    /// The patterns of `matches` and `sub`.
    fn patterns(&self, report: &mut Report) -> Compiled {
        let mut compiled = HashMap::new();
        for (at, word, _) in self.named().filter(|(_, word, _)| matches!(*word, "matches" | "sub")) {
            let first = at + 1 + usize::from(self.is_mark(at + 1, '('));
            let Some(Token { kind: Kind::Text(literal), range }) = self.tokens.get(first) else {
                report
                    .error(self.span(at, report), format!("`{word}` needs its pattern written as a string"))
                    .help(format!("write `{word}(\"AI|人工智能\")`"));
                continue;
            };
            let Some(pattern) = unquoted(literal) else { continue };
            if pattern.contains('\u{8}') {
                report.error(self.span(first, report), "`\\b` is a backspace here").help(
                    "within the quotes of an expression, write two backslashes for one: `matches(\"\\\\bAI\\\\b\")`",
                );
                continue;
            }
            let exact = word == "sub" || self.is_exact(first + 1);
            let prepared = if exact { pattern.clone() } else { chinese::fold(&pattern).into_owned() };
            let case = if exact { Case::Exact } else { Case::Fold };
            let span = report.within(self.text, range.clone());
            if let Some(regex) = compile_one(&Spanned::new(span, prepared), case, report) {
                compiled.insert((pattern, exact), regex);
            }
        }
        Compiled(compiled)
    }

    /// `, exact=true` follows.
    fn is_exact(&self, at: usize) -> bool {
        let is_true = matches!(self.word(at + 3), Some("true" | "True"));
        self.is_mark(at, ',') && self.word(at + 1) == Some("exact") && self.is_mark(at + 2, '=') && is_true
    }
}

/// What a string of the language says.
fn unquoted(literal: &str) -> Option<String> {
    let value = LANGUAGE.compile_expression_owned(literal.to_owned()).ok()?.eval(()).ok()?;
    value.as_str().map(str::to_owned)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind<'a> {
    Word(&'a str),
    /// A string with its quotes.
    Text(&'a str),
    Mark(char),
}

#[derive(Debug, Clone, PartialEq)]
struct Token<'a> {
    kind: Kind<'a>,
    range: Range<usize>,
}

/// The tokens of the expression in `range`: words, strings, and every other character but white space.
fn tokens(text: &str, range: Range<usize>) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let code = text.get(range.clone()).unwrap_or_default();
    let mut chars = code.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if c == '"' || c == '\'' {
            let mut escaped = false;
            for (at, next) in chars.by_ref() {
                end = at + next.len_utf8();
                if next == c && !escaped {
                    break;
                }
                escaped = next == '\\' && !escaped;
            }
        } else if is_word(c) {
            while let Some((at, next)) = chars.next_if(|(_, next)| is_word(*next)) {
                end = at + next.len_utf8();
            }
        }
        let Some(part) = code.get(start..end) else { break };
        let kind = match c {
            '"' | '\'' => Kind::Text(part),
            c if is_word(c) => Kind::Word(part),
            c if c.is_whitespace() => continue,
            c => Kind::Mark(c),
        };
        tokens.push(Token { kind, range: range.start + start..range.start + end });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stand_where_they_stand() {
        let text = "a|b(\"x\\\"y\") is c.d";
        let found: Vec<_> = tokens(text, 0..text.len()).iter().map(|token| &text[token.range.clone()]).collect();
        assert_eq!(found, ["a", "|", "b", "(", "\"x\\\"y\"", ")", "is", "c", ".", "d"]);
        assert_eq!(tokens("'open", 0..5).len(), 1);
    }

    #[test]
    fn every_name_in_the_lists_is_known_to_the_language() {
        let mut state = LANGUAGE.empty_state();
        for (what, names) in [("filter", FILTERS), ("test", TESTS)] {
            for name in names {
                assert!(state.perform_test(what, &[Value::from(*name)]).unwrap(), "{what} {name}");
            }
        }
    }
}
