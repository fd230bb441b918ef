//! Ready-made rule sets: the TOML files of `rules/`, embedded in the binary and used by name.
//!
//! A file begins with a comment (what it does, on what it was tried) and holds `rules`, perhaps with `params`. Adding one is the
//! file and its line in the table here. A configuration has more of them (`[sets.NAME]`).

use std::sync::Arc;

use crate::config::decode::decode;
use crate::config::{self, Report, SetTable, Source, Value};

/// Name and text of each, in alphabetical order.
const EMBEDDED: &[(&str, &str)] = &[
    ("clean", include_str!("../../rules/clean.toml")),
    ("deepl", include_str!("../../rules/deepl.toml")),
    ("libretranslate", include_str!("../../rules/libretranslate.toml")),
    ("links", include_str!("../../rules/links.toml")),
    ("openai", include_str!("../../rules/openai.toml")),
    ("plain", include_str!("../../rules/plain.toml")),
    ("privacy", include_str!("../../rules/privacy.toml")),
    ("sites/voachinese", include_str!("../../rules/sites/voachinese.toml")),
    ("weserv", include_str!("../../rules/weserv.toml")),
    ("zh-hans", include_str!("../../rules/zh-hans.toml")),
    ("zh-hant", include_str!("../../rules/zh-hant.toml")),
    ("zh-hk", include_str!("../../rules/zh-hk.toml")),
    ("zh-tw", include_str!("../../rules/zh-tw.toml")),
];

/// The rule sets that can be named: those of the program, and those of a configuration, which come first.
#[derive(Debug, Clone)]
pub struct Sets {
    embedded: &'static [(&'static str, &'static str)],
    own: Arc<SetTable>,
}

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
        Sets::of(EMBEDDED)
    }

    /// Others: name and text of each.
    pub fn of(table: &'static [(&'static str, &'static str)]) -> Sets {
        Sets { embedded: table, own: Arc::default() }
    }

    /// Those that come with the program and those of a configuration.
    pub fn with(own: &Arc<SetTable>) -> Sets {
        Sets { own: Arc::clone(own), ..Sets::embedded() }
    }

    /// The rule set of the program that has this name.
    pub fn get(&self, name: &str) -> Option<Set> {
        self.iter().find(|set| set.name == name)
    }

    /// Is there a rule set of this name?
    pub fn contains(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.get(name).is_some()
    }

    /// The rules of the set `name` with the parameters of `given` put in, and a report on the text in which they stand, with what is
    /// wrong in it; what is wrong with `given` goes to `report`. `None` where no set has this name.
    pub(super) fn open(&self, name: &str, given: Option<&Value>, report: &mut Report) -> Option<(Vec<Value>, Report)> {
        if let Some(own) = self.own.get(name) {
            let mut inner = Report::new(own.source());
            return Some((own.fill(given, report, &mut inner), inner));
        }
        let set = self.get(name)?;
        let mut inner = Report::new(&set.source());
        let rules = set.read(&mut inner).map(|(set, _)| set.fill(given, report, &mut inner));
        Some((rules.unwrap_or_default(), inner))
    }

    /// Each of those of the program.
    pub fn iter(&self) -> impl Iterator<Item = Set> + use<> {
        self.embedded.iter().map(|(name, text)| Set { name, text })
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.own.keys().map(String::as_str).chain(self.embedded.iter().map(|(name, _)| *name))
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

    /// Its rules, and the hosts whose pages it is for (`*.example.org`: all below one); no hosts where it is for any feed.
    /// `report` is on [`Set::source`].
    pub fn read(&self, report: &mut Report) -> Option<(config::Set, Vec<String>)> {
        let mut document = Value::document(report)?;
        let hosts = document.take("hosts").map(|hosts| decode(&hosts.value, report));
        Some((config::Set::read(document, report)?, hosts.flatten().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::config::RuleList;
    use crate::rules::{BuildContext, Chain};

    #[test]
    fn every_file_of_the_folder_is_in_the_table_and_says_what_it_does() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let name = |path: PathBuf| {
            path.strip_prefix(&root).unwrap().to_str().unwrap().strip_suffix(".toml").map(str::to_owned)
        };
        let folder = |folder: &str| std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<String> = folder("").chain(folder("sites")).filter_map(name).collect();
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
            let sets = Sets::of(Box::leak(Box::new([("x", text)])));
            let mut report = Report::new(&Source::new("", ""));
            let (_, inner) = sets.open("x", None, &mut report).unwrap();
            assert_ne!(inner.count(), 0, "{text}");
        }
    }
}
