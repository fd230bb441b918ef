//! Ready-made rule sets: the TOML files of `rules/`, embedded in the binary and used by name.
//!
//! A file begins with a comment (what it does, on what it was tried) and holds one key, `rules`. Adding one is the file
//! and its line in the table here.

use std::sync::Arc;

use crate::config::value::Value;
use crate::config::{Data, Report, RuleList, Source, suggest};

/// Name and text of each, in alphabetical order.
const EMBEDDED: &[(&str, &str)] = &[
    ("clean", include_str!("../../rules/clean.toml")),
    ("links", include_str!("../../rules/links.toml")),
    ("weserv", include_str!("../../rules/weserv.toml")),
    ("zh-hans", include_str!("../../rules/zh-hans.toml")),
    ("zh-hant", include_str!("../../rules/zh-hant.toml")),
    ("zh-hk", include_str!("../../rules/zh-hk.toml")),
    ("zh-tw", include_str!("../../rules/zh-tw.toml")),
];

/// The rule sets that can be named.
#[derive(Debug, Clone, Copy)]
pub struct Sets(&'static [(&'static str, &'static str)]);

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    /// The name to use it by.
    pub name: &'static str,
    /// The TOML text.
    pub text: &'static str,
}

impl Default for Sets {
    fn default() -> Sets {
        Sets::embedded()
    }
}

impl Sets {
    /// Those that come with the program.
    pub fn embedded() -> Sets {
        Sets(EMBEDDED)
    }

    /// Others: name and text of each.
    pub fn of(table: &'static [(&'static str, &'static str)]) -> Sets {
        Sets(table)
    }

    /// The rule set of this name.
    pub fn get(&self, name: &str) -> Option<Set> {
        self.iter().find(|set| set.name == name)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Set> + use<> {
        self.0.iter().map(|(name, text)| Set { name, text })
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl Set {
    /// Its text, called by the path in the repository.
    pub fn source(&self) -> Arc<Source> {
        Source::new(format!("rules/{}.toml", self.name), self.text)
    }

    /// The comment that it begins with, without the marks.
    pub fn docs(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix('#'));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }

    /// Its list; `report` is on [`Set::source`].
    pub fn list(&self, report: &mut Report) -> Option<RuleList> {
        let mut document = Value::document(report)?;
        let rules = document.take("rules");
        if let Data::Table(strangers) = &document.data {
            for stranger in strangers {
                let message = format!("unknown key `{}` in a rule set", stranger.key);
                report.error(stranger.key_span.clone(), message).help(suggest::advice(&stranger.key, ["rules"]));
            }
        }
        if rules.is_none() {
            report.error(document.span, "a rule set needs the key `rules`");
        }
        RuleList::from_value(rules?.value, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{BuildContext, Chain};

    #[test]
    fn every_file_of_the_folder_is_in_the_table_and_says_what_it_does() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().strip_suffix(".toml").map(str::to_owned))
            .collect();
        files.sort();
        assert_eq!(files, Sets::embedded().names().collect::<Vec<_>>());
        for set in Sets::embedded().iter() {
            assert!(set.docs().contains("Tried on"), "rules/{}.toml does not say on what it was tried", set.name);
        }
    }

    #[test]
    fn every_rule_set_builds() {
        for name in Sets::embedded().names() {
            let list = RuleList::names("test", name);
            if let Err(problems) = Chain::build(&list, &BuildContext::default()) {
                panic!("{problems}");
            }
        }
    }

    #[test]
    fn a_rule_set_without_rules_or_with_more_is_a_problem() {
        for text in ["", "rule = []", "rules = 1", "rules = []\nname = 'x'"] {
            let set = Set { name: "x", text };
            let mut report = Report::new(&set.source());
            set.list(&mut report);
            assert_ne!(report.count(), 0, "{text}");
        }
    }
}
