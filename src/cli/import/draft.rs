//! A configuration in the making: feeds with their rules, and what could not be translated.

use std::collections::BTreeSet;
use std::fmt;

use crate::base::text::excerpt;
use crate::config::RuleList;
use crate::config::value::{key, quoted};
use crate::rules::{BuildContext, Chain};

/// What is printed.
#[derive(Default)]
pub(super) struct Draft {
    tables: Vec<Table>,
    names: BTreeSet<String>,
    notes: Vec<String>,
}

/// A feed, or a rule set.
#[derive(Default)]
pub(super) struct Table {
    header: String,
    url: Option<String>,
    rules: Vec<String>,
}

impl Draft {
    /// A feed named after `title` and at `url`. Rules are added to what is returned.
    pub(super) fn feed(&mut self, title: &str, url: &str) -> Table {
        let name = self.name(title);
        Table { header: format!("[feeds.{}]", key(&name)), url: Some(url.to_owned()), rules: Vec::new() }
    }

    /// A rule set.
    pub(super) fn set(&mut self, title: &str) -> Table {
        Table { header: format!("[sets.{}]", self.name(title)), ..Table::default() }
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
        let problem = match RuleList::parse("", &format!("[{rule}]")) {
            Ok(list) => Chain::build(&list, &BuildContext::default()).err(),
            Err(problems) => Some(problems),
        };
        match problem.as_ref().and_then(|problems| problems.iter().next()) {
            None if table.rules.last() == Some(&format!("  {rule},")) => {} // two of theirs are one of ours
            None => table.rules.push(format!("  {rule},")),
            Some(problem) => {
                let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
                let why = format!("{}{help}", problem.message);
                self.omit(table, line, &rule, &why);
            }
        }
    }

    /// Says in `table` and among the notes that `what` has no translation.
    pub(super) fn omit(&mut self, table: &mut Table, line: Option<usize>, what: &str, why: &str) {
        let what = excerpt(what, 200);
        table.rules.push(format!("  # not translated: {what} ({})", excerpt(why, 200)));
        self.note(line, format!("`{what}` is not translated: {why}"));
    }

    /// A name of its own, that a path can hold.
    fn name(&mut self, title: &str) -> String {
        let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut name: String = words.collect::<Vec<_>>().join("-").to_lowercase().chars().take(40).collect();
        name = name.trim_end_matches('-').to_owned();
        if name.is_empty() {
            "feed".clone_into(&mut name);
        }
        let stem = name.clone();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        name
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, table) in self.tables.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", table.header)?;
            if let Some(url) = &table.url {
                writeln!(f, "url = {}", quoted(url))?;
            }
            if !table.rules.is_empty() {
                writeln!(f, "rules = [\n{}\n]", table.rules.join("\n"))?;
            } else if table.url.is_none() {
                writeln!(f, "rules = []")?;
            }
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
