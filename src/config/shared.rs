//! Rules beside those of a feed: rule sets of one's own, the rules around every feed's, the rules of sites.
//!
//! A rule set may have parameters: `params` names them with their defaults, and a string `"$NAME"` in its rules stands for the value. The value
//! given must be of the default's kind. Only names that `params` has are replaced, and only strings that are nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problem::{Problems, Report, Source};
use super::rule_list::RuleList;
use super::suggest;
use super::value::{Data, Entry, Value};

/// Rule sets by name.
pub type SetTable = BTreeMap<String, Set>;

/// A rule set: rules with a name and perhaps parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    rules: RuleList,
    /// The parameters with their defaults.
    params: Vec<Entry>,
}

impl Set {
    /// From a table with `rules` and perhaps `params`; anything else is reported.
    pub fn read(mut value: Value, report: &mut Report) -> Option<Set> {
        let span = value.span.clone();
        let (rules, params) = (value.take("rules"), value.take("params"));
        strangers(&value, &["rules", "params"], "a rule set", report);
        if rules.is_none() {
            report.error(span, "a rule set needs the key `rules`");
        }
        let params = match params.map(|entry| entry.value) {
            None => Vec::new(),
            Some(Value { data: Data::Table(params), .. }) => params,
            Some(other) => {
                let message = format!("expected a table of parameters with their defaults, found {}", other.kind());
                report
                    .error(other.span, message)
                    .help("write `params = { count = 20 }`, and `\"$count\"` in the rules");
                return None;
            }
        };
        Some(Set { rules: RuleList::from_value(rules?.value, report)?, params })
    }

    /// The rules with the parameters put in: those `given` (`true`, or a table) where they are, else the defaults. What is
    /// wrong with `given` is reported to `report`, what is wrong in the set to `inner`.
    pub fn fill(&self, given: Option<&Value>, report: &mut Report, inner: &mut Report) -> Vec<Value> {
        let given = match given.map(|value| (&value.data, value)) {
            None | Some((Data::Boolean(true), _)) => &[][..],
            Some((Data::Table(given), _)) => given,
            Some((_, value)) => {
                let message = format!("expected a table of the rule set's parameters, found {}", value.kind());
                report.error(value.span.clone(), message).help(self.advice());
                &[]
            }
        };
        let mut values = self.params.clone();
        for entry in given {
            let Some(param) = values.iter_mut().find(|param| param.key == entry.key) else {
                let help = match self.params.is_empty() {
                    true => self.advice(),
                    false => suggest::advice(&entry.key, self.params.iter().map(|param| param.key.as_str())),
                };
                report.error(entry.key_span.clone(), format!("unknown parameter `{}`", entry.key)).help(help);
                continue;
            };
            if param.value.kind() != entry.value.kind() {
                let message =
                    format!("expected {} as the default is, found {}", param.value.kind(), entry.value.kind());
                report.error(entry.value.span.clone(), message);
                continue;
            }
            param.value = entry.value.clone();
        }
        let mut items = self.rules.items.clone();
        if !values.is_empty() {
            let before = inner.count();
            items.iter_mut().for_each(|item| put_in(item, &values, inner));
            if inner.count() > before {
                return Vec::new(); // what the rules say of a value that is not there helps nobody
            }
        }
        items
    }

    /// The text that its rules stand in.
    pub fn source(&self) -> &Arc<Source> {
        &self.rules.source
    }

    fn advice(&self) -> String {
        match self.params.iter().map(|param| param.key.as_str()).collect::<Vec<_>>() {
            params if params.is_empty() => "it has none: write its name alone, as a string".to_owned(),
            params => format!("its parameters are {}", suggest::list(params)),
        }
    }
}

/// Replaces the `"$NAME"` of one rule.
fn put_in(value: &mut Value, params: &[Entry], report: &mut Report) {
    match &mut value.data {
        Data::Array(items) => items.iter_mut().for_each(|item| put_in(item, params, report)),
        Data::Table(entries) => entries.iter_mut().for_each(|entry| put_in(&mut entry.value, params, report)),
        Data::String(text) => {
            let Some(name) = text.strip_prefix('$').filter(|name| is_name(name)) else { return };
            match params.iter().find(|param| param.key == name) {
                Some(param) => value.data = param.value.data.clone(),
                None => {
                    let help = suggest::advice(name, params.iter().map(|param| param.key.as_str()));
                    report.error(value.span.clone(), format!("the rule set has no parameter `{name}`")).help(help);
                }
            }
        }
        _ => {}
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// `[rules]`: what comes before and after the rules of every configured feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// Before them.
    pub before: RuleList,
    /// After them.
    pub after: RuleList,
}

impl Default for Around {
    fn default() -> Around {
        Around { before: RuleList::empty(), after: RuleList::empty() }
    }
}

impl Around {
    /// `list` between the two; all stand in one text.
    pub fn put(&self, list: RuleList) -> RuleList {
        let source = [&self.before, &list, &self.after].into_iter().find(|list| !list.items.is_empty());
        let source = source.unwrap_or(&list).source.clone();
        let items = [&self.before.items[..], &list.items, &self.after.items].concat();
        RuleList { source, items }
    }

    /// From the table `[rules]`.
    pub(super) fn read(value: Value, check: &mut dyn FnMut(&RuleList) -> Problems, report: &mut Report) -> Around {
        let found = value.kind();
        let mut value = match value.data {
            Data::Table(_) => value,
            _ => {
                report
                    .error(value.span, format!("expected a table with `before` and `after`, found {found}"))
                    .help("the rules of a feed stand in its own `[feeds.NAME]`");
                return Around::default();
            }
        };
        let mut part = |key: &str, report: &mut Report| {
            let list = value.take(key).and_then(|entry| RuleList::from_value(entry.value, report));
            list.inspect(|list| report.extend(check(list))).unwrap_or_else(RuleList::empty)
        };
        let around = Around { before: part("before", report), after: part("after", report) };
        strangers(&value, &["before", "after"], "`[rules]`", report);
        around
    }
}

/// Every entry of `value`, a table by name, through `read`; the name goes through `check_name` first.
pub(super) fn table<K: From<String> + Ord, T>(
    value: Value,
    (of, example): (&str, &str),
    check_name: impl Fn(&str) -> Result<(), String>,
    mut read: impl FnMut(Value, &mut Report) -> Option<T>,
    report: &mut Report,
) -> BTreeMap<K, T> {
    let found = value.kind();
    let Data::Table(entries) = value.data else {
        report.error(value.span, format!("expected a table of {of}, found {found}")).help(format!("write `{example}`"));
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for Entry { key, key_span, value } in entries {
        if let Err(message) = check_name(&key) {
            report.error(key_span, message);
        }
        if let Some(read) = read(value, report) {
            all.insert(key.into(), read);
        }
    }
    all
}

/// A rule set's name: it stands in lists with commas between, and in paths.
pub(super) fn set_name(name: &str) -> Result<(), String> {
    match is_name(name) {
        true => Ok(()),
        false => Err(format!("`{name}` cannot be the name of a rule set\nuse letters, digits, `-` and `_`")),
    }
}

/// A site: the host and all below it.
pub(super) fn site_name(name: &str) -> Result<(), String> {
    let host = url::Host::parse(name).map(|host| host.to_string());
    match host {
        Ok(host) if host == name => Ok(()),
        Ok(host) => Err(format!("the host `{name}` is written `{host}`")),
        Err(_) => {
            Err(format!("`{name}` is not a host\nwrite `[sites.\"example.org\"]`, which is the host and all below it"))
        }
    }
}

/// The rules of a site, in a table of its own.
pub(super) fn site_rules(
    mut value: Value,
    check: &mut dyn FnMut(&RuleList) -> Problems,
    report: &mut Report,
) -> Option<RuleList> {
    let span = value.span.clone();
    let rules = value.take("rules");
    strangers(&value, &["rules"], "a site", report);
    if rules.is_none() {
        report.error(span, "a site needs the key `rules`");
    }
    RuleList::from_value(rules?.value, report).inspect(|list| report.extend(check(list)))
}

/// Reports what is left of a table.
fn strangers(value: &Value, known: &[&str], of: &str, report: &mut Report) {
    match &value.data {
        Data::Table(entries) => {
            for Entry { key, key_span, .. } in entries {
                let help = suggest::advice(key, known.iter().copied());
                report.error(key_span.clone(), format!("unknown key `{key}` in {of}")).help(help);
            }
        }
        _ => drop(report.error(value.span.clone(), format!("expected a table, found {}", value.kind()))),
    }
}
