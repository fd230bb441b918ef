//! A configuration in the making: feeds with their rules, and what could not be translated.

use std::fmt;

use crate::base::text::excerpt;
use crate::cli::names::Names;
use crate::config::value::{key, quoted};
use crate::config::{Config, Problem, Source};
use crate::rules::{self, refusal};

/// What is printed.
#[derive(Default)]
pub(super) struct Draft {
    tables: Vec<Table>,
    names: Names,
    notes: Vec<String>,
}

/// A feed, or a rule set.
#[derive(Default)]
pub(super) struct Table {
    header: String,
    url: Option<String>,
    rules: Vec<String>,
    /// The address is none that refeed can fetch: all of it is written as a comment.
    is_comment: bool,
}

impl Draft {
    /// A feed named after `title` and at `url`, which stands on `line`. Rules are added to what is returned.
    pub(super) fn feed(&mut self, title: &str, url: &str, line: Option<usize>) -> Table {
        let name = self.names.make(title, url);
        let header = format!("[feeds.{}]", key(&name));
        let alone = Source::new("", format!("{header}\nurl = {}\n", quoted(url)));
        let problems = Config::parse(&alone, rules::check).err();
        let why = problems.as_ref().and_then(|problems| problems.iter().next()).map(Problem::in_short);
        if let Some(why) = &why {
            self.note(line, format!("the feed `{name}` is written as a comment: {why}"));
        }
        Table { header, url: Some(url.to_owned()), rules: Vec::new(), is_comment: why.is_some() }
    }

    /// A rule set.
    pub(super) fn set(title: &str) -> Table {
        Table { header: format!("[sets.{}]", key(title)), ..Table::default() }
    }

    /// Takes a table in.
    pub(super) fn push(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Something that is not translated, at a line of the input.
    pub(super) fn note(&mut self, line: Option<usize>, text: impl fmt::Display) {
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        self.notes.push(format!("{place}{text}"));
    }

    /// All that is not translated.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds `rule` (TOML) to `table` if refeed can build it; says so otherwise.
    pub(super) fn rule(&mut self, table: &mut Table, line: Option<usize>, rule: String) {
        match refusal(&rule) {
            None if table.rules.last() == Some(&format!("  {rule},")) => {} // two of theirs are one of ours
            None => table.rules.push(format!("  {rule},")),
            Some(why) => self.omit(table, line, &rule, &why),
        }
    }

    /// Says in `table` and among the notes that `what` has no translation.
    pub(super) fn omit(&mut self, table: &mut Table, line: Option<usize>, what: &str, why: &str) {
        let what = excerpt(what, 200);
        table.rules.push(format!("  # not translated: {what} ({})", excerpt(why, 200)));
        self.note(line, format!("`{what}` is not translated: {why}"));
    }
}

/// Tables (TOML, without braces) of which one holds where any of `patterns` is found in the field `key`, in a content as it is written. As few
/// as refeed can build: the patterns of one list share a bound of memory.
pub(super) fn field(key: &str, patterns: &[String]) -> Vec<String> {
    let markup = if key == "content" { ", markup = true" } else { "" };
    let table = format!("{key} = {}, exact = true{markup}", strings(patterns));
    if patterns.len() < 2 || refusal(&format!("{{ drop = {{ {table} }} }}")).is_none() {
        return vec![table];
    }
    let (some, others) = patterns.split_at(patterns.len() / 2);
    [field(key, some), field(key, others)].concat()
}

/// The `keep` or `drop` (which of them `rule` says) of what meets any of `tables` (TOML, without braces).
pub(super) fn any(rule: &str, tables: &[String]) -> Option<String> {
    match tables {
        [] => None,
        [one] => Some(format!("{{ {rule} = {{ {one} }} }}")),
        many => {
            let each: String = many.iter().map(|one| format!("    {{ {one} }},\n")).collect();
            Some(format!("{{ {rule} = {{ any_of = [\n{each}  ] }} }}"))
        }
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, table) in self.tables.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            let mut lines = table.header.clone();
            if let Some(url) = &table.url {
                lines += &format!("\nurl = {}", quoted(url));
            }
            if !table.rules.is_empty() {
                lines += &format!("\nrules = [\n{}\n]", table.rules.join("\n"));
            } else if table.url.is_none() {
                lines += "\nrules = []";
            }
            let mark = if table.is_comment { "# " } else { "" };
            lines.lines().try_for_each(|line| writeln!(f, "{mark}{line}"))?;
        }
        Ok(())
    }
}

/// A list of strings in TOML; one by itself.
pub(super) fn strings(list: &[String]) -> String {
    match list {
        [one] => quoted(one),
        many => format!("[{}]", many.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
    }
}

/// A string of an expression.
pub(super) fn expression_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
