//! Rules that a reader asks for in the address: RSSHub's parameters with RSSHub's meaning, rule sets and rules by name.
//!
//! [`Parameters::list`] turns names and values into the list that a configuration would hold, so that one implementation serves both.
//! Whatever the order in the address, RSSHub's is applied: `sorted`, the filters, `filter_time`, `limit`, `tgiv`, `mode`, then rule
//! sets and other rules as they were written, then `opencc`, `brief` and the templates of addresses. Patterns are RSSHub's (RE2's): upper and
//! lower case differ, Simplified and Traditional too, HTML is matched as it is written. Empty values count as absent, as there.
//!
//! Bounded by the request's target. Called by `serve` for every request with parameters.

use std::fmt;
use std::sync::Arc;

use super::Kind;
use super::pattern::re2;
use super::sets::Sets;
use crate::base::limits::{EXCERPT_CHARS, MIN_BRIEF};
use crate::base::text::excerpt;
use crate::config::value::{Data, Entry, Value};
use crate::config::{Problems, Report, RuleList, Source, Span, suggest};

/// RSSHub's parameters, and `use`.
pub const NAMES: [&str; 22] = [
    "sorted",
    "filter",
    "filter_title",
    "filter_description",
    "filter_author",
    "filter_category",
    "filterout",
    "filterout_title",
    "filterout_description",
    "filterout_author",
    "filterout_category",
    "filter_case_sensitive",
    "filter_time",
    "limit",
    "tgiv",
    "mode",
    "use",
    "opencc",
    "brief",
    "image_hotlink_template",
    "multimedia_hotlink_template",
    "wrap_multimedia_in_iframe",
];

/// Names of other programs that mean one of ours: rss-funnel's, FiveFilters'.
const ALIASES: [(&str, &str); 2] = [("limit_posts", "limit"), ("max", "limit")];

/// Parameters of RSSHub that call a service which refeed does not call.
const FOREIGN: [&str; 2] = ["chatgpt", "scihub"];

/// Rules that a configuration may hold and an address may not: code, and requests to anywhere.
const CONFIG_ONLY: [&str; 2] = ["http", "script"];

/// Parameters that have pages fetched.
const FETCHING: [&str; 2] = ["mode", "full_text"];

/// True of the parameters that choose among the items: with one of them the newest come first, as RSSHub has them, unless
/// `sorted=false`.
fn chooses(name: &str) -> bool {
    name == "limit" || name.starts_with("filter") && !matches!(name, "filter_case_sensitive" | "filter_time")
}

/// What a reader asked for: names and values, decoded, as they were written.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// The values, and the names of those that mean something: what the spans point into.
    text: String,
    pairs: Vec<Pair>,
}

#[derive(Debug, Clone)]
struct Pair {
    name: String,
    value: Span,
}

/// Why parameters cannot be obeyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Names that mean nothing.
    #[error("unknown parameter {names}: {advice}")]
    Unknown {
        /// All of them, quoted.
        names: String,
        /// The nearest names, and all there are.
        advice: String,
    },
    /// One that cannot be used.
    #[error("parameter `{name}` {problem}")]
    Unusable {
        /// Its name as written.
        name: String,
        /// What is wrong with it and what to write instead.
        problem: String,
    },
}

impl Wrong {
    fn new(name: &str, problem: impl Into<String>) -> Wrong {
        Wrong::Unusable { name: excerpt(name, EXCERPT_CHARS), problem: problem.into() }
    }
}

impl Parameters {
    /// Adds a parameter.
    pub fn push(&mut self, name: &str, value: &str) {
        let escaped;
        let (name, value) = match (name, ALIASES.iter().find(|(alias, _)| *alias == name)) {
            // morss finds the words as they stand
            ("search", _) => {
                escaped = regex::escape(value);
                ("filter_title", escaped.as_str())
            }
            (_, Some((_, meant))) => (*meant, value),
            (name, None) => (name, value),
        };
        self.text.push_str(name);
        self.text.push('=');
        let start = self.text.len();
        self.text.push_str(value);
        self.pairs.push(Pair { name: name.to_owned(), value: start..self.text.len() });
        self.text.push('&');
    }

    /// True where nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// True where they ask for pages to be fetched.
    pub fn may_fetch(&self) -> bool {
        self.pairs.iter().any(|pair| FETCHING.contains(&pair.name.as_str()))
    }

    /// The rules that the parameters mean, in the order in which they are applied.
    pub fn list(&self, sets: &Sets) -> Result<RuleList, Wrong> {
        self.check(sets)?;
        let mut rules = Vec::new();
        self.choice(&mut rules)?;
        self.articles(&mut rules)?;
        self.named(&mut rules, sets)?;
        self.texts(&mut rules)?;
        self.addresses(&mut rules)?;
        Ok(RuleList { source: self.source(), items: rules })
    }

    /// The parameter that `problems`, found in [`Parameters::list`]'s rules, are about.
    pub fn blame(&self, problems: &Problems) -> Wrong {
        let Some(problem) = problems.iter().next() else { return Wrong::new("", "cannot be used") };
        let is_of = |pair: &&Pair| pair.value.start <= problem.span.start && problem.span.start <= pair.value.end;
        let name = self.pairs.iter().find(is_of).map_or("use", |pair| pair.name.as_str());
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        Wrong::new(name, format!("cannot be used: {}{help}", problem.message))
    }

    fn source(&self) -> Arc<Source> {
        Source::new("the request's parameters", self.text.as_str())
    }

    fn check(&self, sets: &Sets) -> Result<(), Wrong> {
        let is_known = |name: &str| {
            NAMES.contains(&name) || FOREIGN.contains(&name) || Kind::named(name).is_some() || sets.contains(name)
        };
        let unknown: Vec<_> = self.pairs.iter().map(|pair| pair.name.as_str()).filter(|name| !is_known(name)).collect();
        if !unknown.is_empty() {
            let names: Vec<_> = unknown.iter().map(|name| format!("`{}`", excerpt(name, EXCERPT_CHARS))).collect();
            let nearest = |name| suggest::nearest(name, NAMES.into_iter().chain(Kind::names()));
            let meant = unknown.iter().find_map(|name| nearest(name));
            let meant = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
            let advice = format!("{meant}accepted are {}, rules and rule sets", NAMES.join(", "));
            return Err(Wrong::Unknown { names: names.join(", "), advice });
        }
        for (at, Pair { name, .. }) in self.pairs.iter().enumerate() {
            if FOREIGN.contains(&name.as_str()) {
                return Err(Wrong::new(name, "is RSSHub's and needs a service that refeed does not call"));
            }
            if CONFIG_ONLY.contains(&name.as_str()) {
                return Err(Wrong::new(name, "is a rule for the configuration only"));
            }
            if NAMES.contains(&name.as_str()) && self.pairs[..at].iter().any(|other| other.name == *name) {
                return Err(Wrong::new(name, "is there twice"));
            }
        }
        Ok(())
    }

    /// `sorted`, the filters, `filter_time`, `limit`.
    fn choice(&self, rules: &mut Vec<Value>) -> Result<(), Wrong> {
        let sorted = self.flag("sorted")?;
        if sorted == Some(true)
            || (sorted.is_none() && NAMES.iter().any(|name| chooses(name) && self.get(name).is_some()))
        {
            rules.push(rule("sort", string("newest", 0..0)));
        }
        let folds = self.flag("filter_case_sensitive")? == Some(false);
        let pattern = |pair: &Pair| {
            let mark = if folds { "(?i)" } else { "" };
            string(&format!("{mark}{}", re2::translated(self.value(pair))), pair.value.clone())
        };
        let condition = |rule_name, fields: Vec<(&'static str, Value)>| {
            let exactly = [("exact", flag(true)), ("markup", flag(true))];
            rule(rule_name, table(fields.into_iter().chain(exactly)))
        };
        let fields = [
            ("title", "filter_title"),
            ("description", "filter_description"),
            ("author", "filter_author"),
            ("category", "filter_category"),
        ];
        if let Some(any) = self.get("filter") {
            rules.push(condition("keep", vec![("any", pattern(any))]));
        } else {
            let wanted = fields.iter().filter_map(|(field, name)| Some((*field, pattern(self.get(name)?)))).collect();
            rules.extend(Some(wanted).filter(|wanted: &Vec<_>| !wanted.is_empty()).map(|all| condition("keep", all)));
        }
        let both = self.get("filterout");
        for (field, unwanted) in [
            ("title", self.get("filterout_title").or(both)),
            ("description", self.get("filterout_description").or(both)),
            ("author", self.get("filterout_author")),
            ("category", self.get("filterout_category")),
        ] {
            rules.extend(unwanted.map(|unwanted| condition("drop", vec![(field, pattern(unwanted))])));
        }
        if let Some(pair) = self.get("filter_time") {
            let seconds = self.count(pair, "a number of seconds")?;
            let age = string(&format!("{seconds}s"), pair.value.clone());
            rules.push(rule("keep", table([("newer_than", age)])));
        }
        if let Some(pair) = self.get("limit") {
            let count = self.count(pair, "a number of items")?;
            rules.push(rule("limit", integer(count, pair.value.clone())));
        }
        Ok(())
    }

    /// `tgiv`, `mode`.
    fn articles(&self, rules: &mut Vec<Value>) -> Result<(), Wrong> {
        if let Some(pair) = self.get("tgiv") {
            let rhash = self.value(pair);
            if !rhash.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Wrong::new("tgiv", "must be an rhash of letters and digits"));
            }
            let link = format!("https://t.me/iv?url={{{{ link | urlencode }}}}&rhash={rhash}");
            rules.push(rule("set", table([("link", string(&link, pair.value.clone()))])));
        }
        if let Some(pair) = self.get("mode") {
            if !self.value(pair).eq_ignore_ascii_case("fulltext") {
                return Err(Wrong::new("mode", "can only be `fulltext`"));
            }
            rules.push(rule("full_text", flag_at(true, pair.value.clone())));
        }
        Ok(())
    }

    /// Rule sets, and rules in their short form.
    fn named(&self, rules: &mut Vec<Value>, sets: &Sets) -> Result<(), Wrong> {
        for pair in &self.pairs {
            match pair.name.as_str() {
                "use" => rules.extend(RuleList::names("use", self.value(pair)).items.into_iter().map(|item| {
                    let Span { start, end } = item.span;
                    Value { data: item.data, span: pair.value.start + start..pair.value.start + end }
                })),
                name if NAMES.contains(&name) => {}
                name => match (Kind::named(name), self.value(pair)) {
                    (Some(kind), "") if !sets.contains(name) => {
                        rules.push(rule(kind.name(), flag_at(true, pair.value.clone())));
                    }
                    (_, "") => rules.push(string(name, pair.value.clone())),
                    (Some(kind), text) => rules.push(rule(kind.name(), self.short_form(kind, text, &pair.value))),
                    (None, _) => return Err(Wrong::new(name, "is a rule set and takes no value")),
                },
            }
        }
        Ok(())
    }

    /// A number where the rule takes one, else a text.
    fn short_form(&self, kind: Kind, text: &str, span: &Span) -> Value {
        let number = match text {
            "true" => Some(flag_at(true, span.clone())),
            _ => text.parse().ok().map(|number| integer(number, span.clone())),
        };
        number.filter(|number| kind.accepts(number, &self.source())).unwrap_or_else(|| string(text, span.clone()))
    }

    /// `opencc`, `brief`.
    fn texts(&self, rules: &mut Vec<Value>) -> Result<(), Wrong> {
        if let Some(pair) = self.get("opencc") {
            rules.push(rule("opencc", string(self.value(pair), pair.value.clone())));
        }
        if let Some(pair) = self.get("brief") {
            let characters = self.count(pair, "a number of characters")?;
            if characters < MIN_BRIEF {
                return Err(Wrong::new("brief", format!("must be at least {MIN_BRIEF}")));
            }
            rules.push(rule("brief", integer(characters, pair.value.clone())));
        }
        Ok(())
    }

    /// The templates of addresses.
    fn addresses(&self, rules: &mut Vec<Value>) -> Result<(), Wrong> {
        if let Some(pair) = self.get("image_hotlink_template") {
            rules.push(rule("images", string(self.value(pair), pair.value.clone())));
        }
        let template = self.get("multimedia_hotlink_template");
        let wraps = self.flag("wrap_multimedia_in_iframe")? == Some(true);
        if template.is_some() || wraps {
            let via = template.map(|pair| ("via", string(self.value(pair), pair.value.clone())));
            // without a template of their own, the still pictures of videos go with them
            let posters = template.is_some() && self.get("image_hotlink_template").is_none();
            let flags = [("posters", posters), ("frame", wraps)];
            let flags = flags.into_iter().filter(|(_, is_on)| *is_on).map(|(key, is_on)| (key, flag(is_on)));
            rules.push(rule("multimedia", table(via.into_iter().chain(flags))));
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.name == name && !pair.value.is_empty())
    }

    fn value(&self, pair: &Pair) -> &str {
        &self.text[pair.value.clone()]
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.get(name).map(|pair| self.value(pair)) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Wrong::new(name, "must be `true` or `false`")),
        }
    }

    fn count(&self, pair: &Pair, what: &str) -> Result<i64, Wrong> {
        let number = self.value(pair).parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| Wrong::new(&pair.name, format!("must be {what} above 0")))
    }
}

impl Kind {
    /// True where the rule can be built without settings: `{ links = true }`.
    pub(super) fn is_whole(self) -> bool {
        self.accepts(&flag(true), &Source::new("", ""))
    }

    /// True where the rule can be built of `value` in its short form.
    fn accepts(self, value: &Value, source: &Arc<Source>) -> bool {
        let mut report = Report::new(source);
        self.long_form(value, &mut report).is_some_and(|value| self.build(&value, &mut report).is_some())
    }
}

fn string(text: &str, span: Span) -> Value {
    Value { data: Data::String(text.to_owned()), span }
}

fn integer(number: i64, span: Span) -> Value {
    Value { data: Data::Integer(number), span }
}

fn flag(value: bool) -> Value {
    flag_at(value, 0..0)
}

fn flag_at(value: bool, span: Span) -> Value {
    Value { data: Data::Boolean(value), span }
}

/// A table that stands where its first value does.
fn table(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let entry = |(key, value): (&str, Value)| Entry { key: key.to_owned(), key_span: value.span.clone(), value };
    let entries: Vec<_> = entries.into_iter().map(entry).collect();
    let span = entries.first().map_or(0..0, |first| first.value.span.clone());
    Value { data: Data::Table(entries), span }
}

fn rule(name: &'static str, value: Value) -> Value {
    table([(name, value)])
}

/// As in a query, decoded.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end_matches('&'))
    }
}

#[cfg(test)]
mod tests;
