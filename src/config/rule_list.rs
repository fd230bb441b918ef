//! The rules of a feed as the user wrote them: a spanned array and the text it stands in. What they mean is the business
//! of `rules`, which lies above this folder.

use std::sync::{Arc, LazyLock};

use super::problem::{Problems, Report, Source};
use super::value::{Data, Value};

/// Rules, not yet understood.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleList {
    /// The text that the spans of `items` point into.
    pub source: Arc<Source>,
    /// Each a string (the name of a rule set) or a table of one key (a rule), if the user made no mistake.
    pub items: Vec<Value>,
}

impl RuleList {
    /// No rules: the feed as it came.
    pub fn empty() -> RuleList {
        static NOTHING: LazyLock<Arc<Source>> = LazyLock::new(|| Source::new("", ""));
        RuleList { source: Arc::clone(&NOTHING), items: Vec::new() }
    }

    /// A TOML array given by itself: `[{ opencc = "s2t" }, { limit = 20 }]`. `name` is what messages call the text.
    pub fn parse(name: &str, text: &str) -> Result<RuleList, Problems> {
        let source = Source::new(name, text);
        let mut report = Report::new(&source);
        let list = Value::single(&mut report).and_then(|value| RuleList::from_value(value, &mut report));
        report.finish().or(()).map(|()| list.unwrap_or_else(RuleList::empty))
    }

    /// Names of rule sets with commas between: `zh-hant,weserv`. Blank names are skipped. Cannot fail: an unknown name
    /// is found when the list is built.
    pub fn names(name: &str, text: &str) -> RuleList {
        let mut items = Vec::new();
        let mut at = 0;
        for part in text.split(',') {
            let word = part.trim();
            let start = at + (part.len() - part.trim_start().len());
            at += part.len() + 1;
            if !word.is_empty() {
                items.push(Value { data: Data::String(word.to_owned()), span: start..start + word.len() });
            }
        }
        RuleList { source: Source::new(name, text), items }
    }

    /// What the list says: the same for lists of one file whose rules are the same, however they are spelled.
    pub fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.source.name.as_bytes()); // files that rules name are read from its folder
        self.items.iter().for_each(|item| item.digest(&mut hasher));
        hasher.finalize()
    }

    /// From the value of a `rules` key; anything but an array is reported.
    pub fn from_value(value: Value, report: &mut Report) -> Option<RuleList> {
        match value.data {
            Data::Array(items) => Some(RuleList { source: Arc::clone(report.source()), items }),
            _ => {
                let found = value.kind();
                report
                    .error(value.span, format!("expected an array of rules, found {found}"))
                    .help("write `[\"zh-hant\", { limit = 20 }]`: names of rule sets, and tables of one rule each");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_know_their_place() {
        let list = RuleList::names("--use", " zh-hant, ,weserv");
        let spans: Vec<_> = list.items.iter().map(|item| &list.source.text[item.span.clone()]).collect();
        assert_eq!(spans, ["zh-hant", "weserv"]);
    }

    #[test]
    fn only_an_array_is_a_list() {
        assert_eq!(RuleList::parse("--rules", "[{ limit = 2 }, 'zh-hant']").unwrap().items.len(), 2);
        for text in ["{ limit = 2 }", "'zh-hant'", "[", ""] {
            assert!(RuleList::parse("--rules", text).is_err(), "{text}");
        }
    }
}
