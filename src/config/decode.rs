//! From a spanned [`Value`] to a struct with `serde`, with every problem reported and not only the first.
//!
//! serde stops at the first error; so what is wrong is taken out of a copy and the rest is read again, until nothing is
//! wrong. A field that is missing only because it was taken out, or because its key was mistyped, is not reported again. Any struct refuses keys that it
//! does not know, whether or not it says `deny_unknown_fields`. Fields of the type [`toml::Spanned`] learn their place.
//!
//! Bounded by the number of values, and by `MAX_PROBLEMS` rounds.

use serde::de::DeserializeOwned;

use super::de::{Cursor, Fault, Kind};
use super::problem::{Report, Span};
use super::suggest;
use super::value::{Data, Value};
use crate::base::limits::MAX_PROBLEMS;

/// `value` as a `T`; `None` where anything was reported.
pub fn decode<T: DeserializeOwned>(value: &Value, report: &mut Report) -> Option<T> {
    let before = report.count();
    decode_partly(value, report).filter(|_| report.count() == before)
}

/// What `value` is without its wrong parts, which are reported: to look for further problems in, not to use.
pub fn decode_partly<T: DeserializeOwned>(value: &Value, report: &mut Report) -> Option<T> {
    let mut fault = match T::deserialize(Cursor(value)) {
        Ok(done) => return Some(done),
        Err(fault) => fault,
    };
    let mut rest = value.clone();
    let mut removed = Vec::new();
    for _ in 0..MAX_PROBLEMS {
        let span = fault.span.clone().unwrap_or(value.span.clone());
        if !is_echo(&fault, &span, &removed) {
            tell(&fault, span.clone(), report);
        }
        let mut gone = remove(&mut rest, &span)?;
        if let Kind::UnknownKey(name, known) = &fault.kind {
            gone.key = suggest::nearest(name, known.iter().copied()).unwrap_or_default().to_owned();
        }
        removed.push(gone);
        fault = match T::deserialize(Cursor(&rest)) {
            Ok(done) => return Some(done),
            Err(fault) => fault,
        };
    }
    None
}

/// A key that was taken out (the one that was meant, if it was mistyped), and the table it was taken from.
struct Removed {
    table: Span,
    key: String,
}

/// True for a missing field whose absence was explained already.
fn is_echo(fault: &Fault, table: &Span, removed: &[Removed]) -> bool {
    match fault.kind {
        Kind::Missing(field) => removed.iter().any(|gone| gone.key == field && gone.table == *table),
        _ => false,
    }
}

fn tell(fault: &Fault, span: Span, report: &mut Report) {
    match &fault.kind {
        Kind::UnknownKey(name, known) => {
            let help = if known.is_empty() {
                "nothing is set here".to_owned()
            } else {
                suggest::advice(name, known.iter().copied())
            };
            report.error(span, format!("unknown key `{name}`")).help(help);
        }
        Kind::UnknownValue(name, known) => {
            let help = suggest::advice(name, known.iter().copied());
            report.error(span, format!("unknown value `{name}`")).help(help);
        }
        Kind::Missing(field) => {
            report.error(span, format!("missing key `{field}`"));
        }
        Kind::Other(message) => {
            report.error(span, message);
        }
    }
}

/// Takes out the innermost entry or element that stands at exactly `span`. (Exactly, because the entries under a
/// `[header]` lie outside its span.)
fn remove(value: &mut Value, span: &Span) -> Option<Removed> {
    match &mut value.data {
        Data::Table(entries) => {
            for entry in entries.iter_mut() {
                if let Some(gone) = remove(&mut entry.value, span) {
                    return Some(gone);
                }
            }
            let at = entries.iter().position(|entry| entry.key_span == *span || entry.value.span == *span)?;
            Some(Removed { table: value.span.clone(), key: entries.remove(at).key })
        }
        Data::Array(items) => {
            for item in items.iter_mut() {
                if let Some(gone) = remove(item, span) {
                    return Some(gone);
                }
            }
            let at = items.iter().position(|item| item.span == *span)?;
            items.remove(at);
            Some(Removed { table: value.span.clone(), key: String::new() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::config::problem::{Problems, Source};

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Outer {
        count: std::num::NonZeroUsize,
        #[serde(default)]
        names: Vec<toml::Spanned<String>>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        mode: Mode,
        deep: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Keep,
        Drop,
    }

    fn read(text: &str) -> (Option<Outer>, Problems) {
        let mut report = Report::new(&Source::new("t", text));
        let value = Value::document(&mut report).unwrap();
        (decode(&value, &mut report), report.finish())
    }

    fn found(text: &str) -> Vec<String> {
        let (outer, problems) = read(text);
        assert!(outer.is_none() != problems.is_empty());
        problems
            .iter()
            .map(|problem| {
                let (line, column) = problem.position();
                format!("{line}:{column} {}; {}", problem.message, problem.help.as_deref().unwrap_or("-"))
            })
            .collect()
    }

    #[test]
    fn a_good_table_is_read_with_spans() {
        let (outer, problems) = read("count = 3\nnames = ['a', 'b']\n[inner]\nmode = 'drop'\ndeep = true\n");
        assert!(problems.is_empty(), "{problems}");
        let outer = outer.unwrap();
        assert_eq!(outer.names[1].span(), 24..27);
        assert_eq!(outer.names[1].get_ref(), "b");
    }

    #[test]
    fn every_problem_is_reported_once() {
        let text = "count = 0\ncuont = 1\nnames = [1, 'a', true]\n[inner]\nmode = 'kepe'\ndeep = 'no'\nx = 1\n";
        assert_eq!(
            found(text),
            [
                "1:9 expected a whole number above 0, found integer `0`; -",
                "2:1 unknown key `cuont`; did you mean `count`?",
                "3:10 expected a string, found integer `1`; -",
                "3:18 expected a string, found boolean `true`; -",
                "5:8 unknown value `kepe`; did you mean `keep`?",
                "6:8 expected a boolean, found string \"no\"; -",
                "7:1 unknown key `x`; known are `mode`, `deep`",
            ]
        );
    }

    #[test]
    fn a_missing_key_is_reported_at_its_table_and_only_when_it_is_missing() {
        assert_eq!(found("count = 1\n[inner]\nmode = 'keep'\n"), ["2:1 missing key `deep`; -"]);
        assert_eq!(found("count = 'x'"), ["1:9 expected a whole number above 0, found string \"x\"; -"]);
        assert_eq!(found("cuont = 1"), ["1:1 unknown key `cuont`; did you mean `count`?"]);
        assert_eq!(found("names = []"), ["1:1 missing key `count`; -"]);
        assert_eq!(found("count = 1\ninner = 3"), ["2:9 expected a table, found an integer; -"]);
    }
}
