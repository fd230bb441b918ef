//! A TOML value that owns its text and knows where each part stood, so that it can be kept, compared, hashed, and
//! blamed later. (`toml::Value` forgets the spans; `toml::de::DeValue` borrows from the text.)
//!
//! The depth is bounded by the parser (80), the size by what reads the text.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::pieces;
use super::problem::{Report, Span};

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub data: Data,
    /// Where it stands. A table written as `[header]` has the header's span.
    pub span: Span,
}

/// The kinds of TOML.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A string, unescaped.
    String(String),
    /// An integer of 64 bits.
    Integer(i64),
    /// A float.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time or both, as TOML prints it.
    Datetime(String),
    /// An array.
    Array(Vec<Value>),
    /// A table, in the order of the text; no key twice.
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, unquoted.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Value,
}

impl Value {
    /// The document in the report's source. Every syntax error is reported; then nothing is returned, because half a
    /// document only breeds follow-up errors.
    pub fn document(report: &mut Report) -> Option<Value> {
        pieces::document(report).or_else(|| Value::whole(report))
    }

    pub(super) fn whole(report: &mut Report) -> Option<Value> {
        let source = report.source().clone();
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        let span = table.span();
        syntax(errors, report).then(|| convert(&DeValue::Table(table.into_inner()), span, 0, report))
    }

    /// The single value in the report's source, such as an array of rules given on the command line.
    pub fn single(report: &mut Report) -> Option<Value> {
        let source = report.source().clone();
        let (value, errors) = DeValue::parse_recoverable(&source.text);
        let span = value.span();
        syntax(errors, report).then(|| convert(value.get_ref(), span, 0, report))
    }

    /// The member `key` of a table.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.data {
            Data::Table(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// Takes the member `key` out of a table.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        match &mut self.data {
            Data::Table(entries) => {
                let at = entries.iter().position(|entry| entry.key == key)?;
                Some(entries.remove(at))
            }
            _ => None,
        }
    }

    /// What it is, for messages: `a string`, `an array`.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::String(_) => "a string",
            Data::Integer(_) => "an integer",
            Data::Float(_) => "a float",
            Data::Boolean(_) => "a boolean",
            Data::Datetime(_) => "a date",
            Data::Array(_) => "an array",
            Data::Table(_) => "a table",
        }
    }

    /// Feeds the meaning (not the spelling, not the place) to `hasher`; two values that differ feed different bytes.
    pub fn digest(&self, hasher: &mut blake3::Hasher) {
        let mut text = |tag: u8, text: &[u8]| {
            hasher.update(&[tag]).update(&(text.len() as u64).to_le_bytes()).update(text);
        };
        match &self.data {
            Data::String(string) => text(b's', string.as_bytes()),
            Data::Integer(integer) => text(b'i', &integer.to_le_bytes()),
            Data::Float(float) => text(b'f', &float.to_bits().to_le_bytes()),
            Data::Boolean(boolean) => text(b'b', &[u8::from(*boolean)]),
            Data::Datetime(date) => text(b'd', date.as_bytes()),
            Data::Array(items) => {
                text(b'a', &(items.len() as u64).to_le_bytes());
                items.iter().for_each(|item| item.digest(hasher));
            }
            Data::Table(entries) => {
                text(b't', &(entries.len() as u64).to_le_bytes());
                for entry in entries {
                    hasher.update(&(entry.key.len() as u64).to_le_bytes()).update(entry.key.as_bytes());
                    entry.value.digest(hasher);
                }
            }
        }
    }
}

/// As TOML on one line.
impl Value {
    /// The same for others than its writer: what is likely a secret (keys, tokens, passwords, values of headers) is `…`.
    pub fn without_secrets(&self) -> Value {
        let data = match &self.data {
            Data::Array(items) => Data::Array(items.iter().map(Value::without_secrets).collect()),
            Data::Table(entries) => Data::Table(entries.iter().map(Entry::without_secrets).collect()),
            plain => plain.clone(),
        };
        Value { data, span: self.span.clone() }
    }

    fn hidden(&self) -> Value {
        let data = match &self.data {
            Data::Array(items) => Data::Array(items.iter().map(Value::hidden).collect()),
            Data::Table(entries) => Data::Table(
                entries.iter().map(|entry| Entry { value: entry.value.hidden(), ..entry.clone() }).collect(),
            ),
            Data::String(text) if text.is_empty() => Data::String(String::new()),
            _ => Data::String("…".to_owned()),
        };
        Value { data, span: self.span.clone() }
    }
}

impl Entry {
    fn without_secrets(&self) -> Entry {
        let name = self.key.to_ascii_lowercase();
        let is_secret = name == "headers"
            || name == "key"
            || ["_key", "-key", "token", "secret", "password", "authorization", "cookie"]
                .iter()
                .any(|end| name.ends_with(end));
        let value = if is_secret { self.value.hidden() } else { self.value.without_secrets() };
        Entry { value, ..self.clone() }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.data {
            Data::String(text) => f.write_str(&quoted(text)),
            Data::Integer(integer) => write!(f, "{integer}"),
            Data::Float(float) => write!(f, "{float:?}"),
            Data::Boolean(boolean) => write!(f, "{boolean}"),
            Data::Datetime(date) => f.write_str(date),
            Data::Array(items) => {
                let items: Vec<_> = items.iter().map(Value::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Data::Table(entries) => {
                let entry = |entry: &Entry| format!("{} = {}", key(&entry.key), entry.value);
                let entries: Vec<_> = entries.iter().map(entry).collect();
                if entries.is_empty() { f.write_str("{}") } else { write!(f, "{{ {} }}", entries.join(", ")) }
            }
        }
    }
}

/// A string of TOML: literal where it can be, so that a pattern reads as it was written.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| !c.is_control();
    if text.chars().all(|c| is_plain(c) && !matches!(c, '"' | '\\')) {
        return format!("\"{text}\"");
    }
    if text.chars().all(|c| is_plain(c) && c != '\'') {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_plain(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    out + "\""
}

/// A key of TOML, quoted where it must be.
pub fn key(name: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// Reports syntax errors; true where there is none.
fn syntax(errors: Vec<toml::de::Error>, report: &mut Report) -> bool {
    let sound = errors.is_empty();
    let mut told = None;
    for error in errors {
        let end = report.source().text.len();
        let span = error.span().unwrap_or(end..end);
        // Eighty open brackets are one mistake.
        if told.replace(span.clone()) != Some(span.clone()) {
            report.error(span, error.message().replace('\n', ", "));
        }
    }
    sound
}

/// `value` at `span` of a text that begins at `at` of the report's.
fn convert(value: &DeValue<'_>, span: Span, at: usize, report: &mut Report) -> Value {
    let span = moved(span, at);
    let data = match value {
        DeValue::String(string) => Data::String(string.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Data::Integer(integer),
            Err(_) => {
                report.error(span.clone(), "this integer does not fit 64 bits");
                Data::Integer(0)
            }
        },
        DeValue::Float(float) => Data::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(boolean) => Data::Boolean(*boolean),
        DeValue::Datetime(date) => Data::Datetime(date.to_string()),
        DeValue::Array(items) => {
            Data::Array(items.iter().map(|item| convert(item.get_ref(), item.span(), at, report)).collect())
        }
        DeValue::Table(entries) => Data::Table(convert_table(entries, at, report)),
    };
    Value { data, span }
}

/// The entries of `table`, which is read from a text that begins at `at` of the report's.
pub(super) fn convert_table(table: &DeTable<'_>, at: usize, report: &mut Report) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(table.len()); // many have one or two; `collect` makes room for four
    entries.extend(table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        key_span: moved(key.span(), at),
        value: convert(value.get_ref(), value.span(), at, report),
    }));
    entries
}

fn moved(span: Span, by: usize) -> Span {
    span.start + by..span.end + by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Source;

    fn read(text: &str) -> Result<Value, usize> {
        let mut report = Report::new(&Source::new("test", text));
        let value = Value::document(&mut report);
        value.ok_or(report.count())
    }

    #[test]
    fn every_syntax_error_is_reported_at_once() {
        assert_eq!(read("a = \nb = 1\nc = 'x\n"), Err(2));
    }

    #[test]
    fn secrets_are_not_shown_to_others() {
        let text = "a = { key = 'sk', keys = 1, headers = { Cookie = 'id', X = ['y'] }, api_key = '', rules = [{ Token = 't' }] }";
        let Data::Table(entries) = read(text).unwrap().without_secrets().data else { unreachable!() };
        let shown = r#"{ key = "…", keys = 1, headers = { Cookie = "…", X = ["…"] }, api_key = "", rules = [{ Token = "…" }] }"#;
        assert_eq!(entries[0].value.to_string(), shown);
    }

    #[test]
    fn the_digest_sees_meaning_not_spelling() {
        let digest = |text: &str| {
            let mut hasher = blake3::Hasher::new();
            read(text).unwrap().digest(&mut hasher);
            hasher.finalize()
        };
        assert_eq!(digest("a = 0x10 # ten and six"), digest("'a'=16"));
        assert_eq!(digest("a = { b = 'c' }"), digest("[a]\nb = \"c\""));
        assert_ne!(digest("a = ['b', 'c']"), digest("a = ['bc']"));
        assert_ne!(digest("a = '1'"), digest("a = 1"));
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        for text in [
            r#"a = { b = [1, -2.5, true, "x"], "c d" = 'a\d"', "台" = "it's \"\u0007" }"#,
            "a = []\nb = {}\nc = 2024-01-02T03:04:05Z\nd = 1.0",
        ] {
            let digest = |text: &str| {
                let mut hasher = blake3::Hasher::new();
                read(text).unwrap().digest(&mut hasher);
                hasher.finalize()
            };
            let Data::Table(entries) = read(text).unwrap().data else { unreachable!() };
            let lines: Vec<_> = entries.iter().map(|entry| format!("{} = {}", key(&entry.key), entry.value)).collect();
            assert_eq!(digest(&lines.join("\n")), digest(text), "{lines:?}");
        }
    }

    #[test]
    fn an_integer_too_large_is_a_problem_not_a_zero() {
        let mut report = Report::new(&Source::new("test", "a = 99999999999999999999"));
        Value::document(&mut report);
        assert_eq!(report.count(), 1);
    }
}
