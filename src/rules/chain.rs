//! A list of rules as the user wrote it, opened, compiled and ready to run: [`Chain`].
//!
//! Rule sets are opened in place, also those that rule sets name; one that contains itself is refused, and so is a list
//! of more than [`MAX_RULES`] rules. Any rule's table may hold `when`, an expression: the rule then sees only the items that
//! meet it (`keep` and `drop` take it as a condition among others). Every problem of every rule is reported at once, each in the file that it stands in.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use super::expression::Expression;
use super::full_text::sites::OwnSites;
use super::sets::Sets;
use super::{Context, Kind, Raw, Reader, Rule, RuleError, Want, single_rule};
use crate::base::limits::MAX_RULES;
use crate::config::decode::decode;
use crate::config::value::{Data, Entry, Value};
use crate::config::{Config, Problem, Problems, Report, RuleList, SetTable, Span, suggest};
use crate::feed::{Feed, FeedError};

/// What a chain is built with beside the list.
#[derive(Debug, Clone, Default)]
pub struct BuildContext {
    /// The rule sets that can be named.
    pub sets: Sets,
    /// How the pages of the configuration's sites are read.
    pub sites: Arc<OwnSites>,
}

impl BuildContext {
    /// With the rule sets and the sites of a configuration.
    pub fn of(config: &Config) -> BuildContext {
        BuildContext { sets: Sets::with(&config.sets), sites: Arc::new(OwnSites::of(&config.sites)) }
    }
}

/// Compiled rules in the order in which they are applied. Cheap to clone, shared by threads.
#[derive(Clone)]
pub struct Chain(Arc<Steps>);

struct Steps {
    steps: Box<[Arc<Step>]>,
    hash: blake3::Hash,
}

/// How far a chain came.
#[derive(Debug)]
pub enum Progress {
    /// To its end.
    Done,
    /// To a rule that would read these pages first: put them into the context and go on from `at`.
    Waiting {
        /// The rule's place in the chain.
        at: usize,
        /// What it asked for and the context does not know yet.
        wants: Vec<Want>,
    },
}

struct Step {
    kind: Kind,
    /// The rule in the form in which it was written, parameters put in.
    written: Value,
    /// The rule sets that it came from, outermost first.
    sets: Vec<String>,
    /// The rule sees only the items that meet it.
    when: Option<Expression>,
    rule: Box<dyn Rule>,
}

impl Step {
    /// Narrows the feed to what the rule may see; false where that is nothing. [`Feed::select_all`] ends it.
    fn select(&self, feed: &mut Feed, cx: &Context) -> Result<bool, RuleError> {
        let Some(when) = &self.when else { return Ok(true) };
        let selected = when.select(self.kind.name(), feed, cx)?;
        feed.select(&selected);
        Ok(!selected.is_empty())
    }
}

impl Step {
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let name = self.kind.name();
        // Of the others some put items in the place of one, and none drops any.
        let drops = matches!(self.kind, Kind::dates | Kind::dedupe | Kind::drop | Kind::keep | Kind::limit);
        let before = if drops { feed.watched() } else { None };
        self.rule.apply(feed, cx)?;
        feed.remember_dropped(name, before);
        Ok(())
    }
}

impl Chain {
    /// The chain without rules: what comes in goes out.
    pub fn empty() -> Chain {
        static EMPTY: LazyLock<Chain> = LazyLock::new(|| Chain::of(Box::new([]), first_hash().finalize()));
        EMPTY.clone()
    }

    /// Compiles `list`, or reports everything that is wrong with it.
    pub fn build(list: &RuleList, cx: &BuildContext) -> Result<Chain, Problems> {
        let mut builder = Builder {
            sets: &cx.sets,
            sites: &cx.sites,
            steps: Vec::new(),
            hasher: first_hash(),
            open: Vec::new(),
            seen: 0,
        };
        let mut report = Report::new(&list.source);
        builder.add(&list.items, &mut report);
        let Builder { steps, hasher, .. } = builder;
        report.finish().or(())?;
        if steps.is_empty() {
            return Ok(Chain::empty()); // of many feeds most have no rules: all share one
        }
        Ok(Chain::of(steps.into(), hasher.finalize()))
    }

    /// The rules of this chain, and after them those of `other`.
    pub fn then(&self, other: &Chain) -> Chain {
        if other.is_empty() {
            return self.clone();
        }
        let mut hasher = first_hash();
        hasher.update(self.0.hash.as_bytes()).update(other.0.hash.as_bytes());
        Chain::of(self.0.steps.iter().chain(&other.0.steps).cloned().collect(), hasher.finalize())
    }

    fn of(steps: Box<[Arc<Step>]>, hash: blake3::Hash) -> Chain {
        Chain(Arc::new(Steps { steps, hash }))
    }

    /// The rule that makes a feed of a body that is none, if there is one.
    pub fn reader(&self) -> Option<&dyn Reader> {
        self.0.steps.iter().find_map(|step| step.rule.reader())
    }

    /// The feed of a body: read as it is, or made by the rule that makes one where it is none.
    pub fn read(&self, raw: &Raw, cx: &Context) -> Result<Feed, FeedError> {
        let url = raw.url.as_ref();
        let read = Feed::read(&raw.bytes, raw.content_type.as_deref(), url);
        let (Err(FeedError::NotAFeed { .. }), Some(reader)) = (&read, self.reader()) else { return read };
        let draft = reader.read(raw, cx).map_err(|why| FeedError::NotAFeed { why })?;
        Feed::read(draft.write().as_bytes(), None, url)
    }

    /// Runs every rule on `feed`, in order; the first that gives up ends it. Nothing is fetched: rules that read pages have
    /// those of `cx`.
    pub fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        self.run(feed, cx, 0, |_, _| Vec::new()).map(|_| ())
    }

    /// Runs the rules from number `from` on, up to one that wants pages that `cx` does not know.
    pub fn advance(&self, feed: &mut Feed, cx: &Context, from: usize) -> Result<Progress, RuleError> {
        self.run(feed, cx, from, |rule, feed| {
            let mut wants = rule.wants(feed, cx);
            let mut seen = HashSet::new();
            wants.retain(|want| cx.pages.get(want).is_none() && seen.insert(want.clone()));
            wants
        })
    }

    fn run(
        &self,
        feed: &mut Feed,
        cx: &Context,
        from: usize,
        wants: impl Fn(&dyn Rule, &mut Feed) -> Vec<Want>,
    ) -> Result<Progress, RuleError> {
        for (at, step) in self.0.steps.iter().enumerate().skip(from) {
            let done = match step.select(feed, cx) {
                Ok(true) => match wants(&*step.rule, feed) {
                    wants if wants.is_empty() => step.apply(feed, cx),
                    wants => {
                        feed.select_all();
                        return Ok(Progress::Waiting { at, wants });
                    }
                },
                nothing => nothing.map(|_| ()),
            };
            feed.select_all();
            done?;
        }
        Ok(Progress::Done)
    }

    /// The identity of what the chain does: equal for the same rules with the same settings in the same order, however
    /// they were spelled, in the same version of refeed. A part of cache keys.
    pub fn hash(&self) -> blake3::Hash {
        self.0.hash
    }

    /// The names of the rules in order, rule sets opened.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.steps.iter().map(|step| step.kind.name())
    }

    /// The rules as they were written, parameters put in, each with the rule sets that it came from, outermost first.
    pub fn written(&self) -> impl Iterator<Item = (&Value, &[String])> {
        self.0.steps.iter().map(|step| (&step.written, step.sets.as_slice()))
    }

    /// Each rule as a chain of its own, for who looks at the feed between them.
    pub fn steps(&self) -> impl Iterator<Item = Chain> + '_ {
        self.0.steps.iter().map(|step| Chain::of(Box::new([Arc::clone(step)]), self.0.hash))
    }

    /// True for a chain without rules.
    pub fn is_empty(&self) -> bool {
        self.0.steps.is_empty()
    }
}

/// Chains of many lists: those that say the same become one, for the patterns of a rule may take a hundred kilobytes.
pub struct Chains<'a> {
    context: &'a BuildContext,
    known: HashMap<blake3::Hash, Chain>,
}

impl<'a> Chains<'a> {
    /// Built with `context`.
    pub fn new(context: &'a BuildContext) -> Chains<'a> {
        Chains { context, known: HashMap::new() }
    }

    /// [`Chain::build`].
    pub fn build(&mut self, list: &RuleList) -> Result<Chain, Problems> {
        match self.known.entry(list.digest()) {
            Occupied(known) => Ok(known.get().clone()),
            Vacant(place) => Ok(place.insert(Chain::build(list, self.context)?).clone()),
        }
    }
}

/// Every problem of `list`: what [`crate::config::Config::parse`] asks for.
pub fn check(list: &RuleList, sets: &Arc<SetTable>) -> Problems {
    let context = BuildContext { sets: Sets::with(sets), ..BuildContext::default() };
    Chain::build(list, &context).err().unwrap_or_default()
}

/// Why refeed cannot build `rules` (a list in TOML, without its brackets), and what to write instead, of the first that it cannot;
/// nothing if it can build them all. For those who write rules for others.
pub fn refusal(rules: &str) -> Option<String> {
    let built = RuleList::parse("", &format!("[\n{rules}\n]"))
        .and_then(|list| Chain::build(&list, &BuildContext::default()).map(drop));
    built.err()?.iter().next().map(Problem::in_short)
}

impl Default for Chain {
    fn default() -> Chain {
        Chain::empty()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// The version stands in the hash because a rule may do something else in the next one.
fn first_hash() -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher
}

struct Builder<'a> {
    sets: &'a Sets,
    sites: &'a Arc<OwnSites>,
    steps: Vec<Arc<Step>>,
    hasher: blake3::Hasher,
    /// The rule sets that are being opened, outermost first.
    open: Vec<String>,
    /// Items looked at, rule sets included: an empty set counts too.
    seen: usize,
}

impl Builder<'_> {
    fn add(&mut self, items: &[Value], report: &mut Report) {
        for item in items {
            self.seen += 1;
            if self.seen == MAX_RULES + 1 {
                report.error(item.span.clone(), format!("more than {MAX_RULES} rules, rule sets included"));
            }
            if self.seen > MAX_RULES {
                return;
            }
            match &item.data {
                Data::String(name) => self.add_set(name, None, &item.span, report),
                Data::Table(entries) => match entries.as_slice() {
                    [Entry { key, key_span, value }] if Kind::named(key).is_none() && self.sets.contains(key) => {
                        self.add_set(key, Some(value), key_span, report);
                    }
                    _ => self.add_rule(item, report),
                },
                _ => self.add_rule(item, report),
            }
        }
    }

    fn add_rule(&mut self, item: &Value, report: &mut Report) {
        let Some((kind, value)) = single_rule(item, report) else { return };
        let Some(mut value) = kind.long_form(value, report) else { return };
        let mut meaning = blake3::Hasher::new();
        value.digest(&mut meaning);
        let before = report.count();
        // To these it is a condition among others: what it does not meet is dropped, or kept.
        let when = if matches!(kind, Kind::keep | Kind::drop) { None } else { value.take("when") };
        let when = when.and_then(|entry| Expression::compile(&decode(&entry.value, report)?, report));
        if let Some(mut rule) = kind.build(&value, report)
            && report.count() == before
        {
            rule.know(self.sites);
            if kind == Kind::full_text {
                self.hasher.update(self.sites.hash().as_bytes());
            }
            self.hasher.update(kind.name().as_bytes()).update(&[0]).update(meaning.finalize().as_bytes());
            let (written, sets) = (item.clone(), self.open.clone());
            self.steps.push(Arc::new(Step { kind, written, sets, when, rule }));
        }
    }

    fn add_set(&mut self, name: &str, given: Option<&Value>, span: &Span, report: &mut Report) {
        let Some((items, mut inner)) = self.sets.open(name, given, report) else {
            let help = match Kind::named(name) {
                Some(_) => format!("`{name}` is a rule: write `{{ {name} = … }}`"),
                None => suggest::advice(name, self.sets.names()),
            };
            report.error(span.clone(), format!("unknown rule set `{name}`")).help(help);
            return;
        };
        if self.open.iter().any(|open| open == name) {
            let way = [self.open.join(" → ").as_str(), name].join(" → ");
            report.error(span.clone(), format!("the rule set `{name}` contains itself: {way}"));
            return;
        }
        self.open.push(name.to_owned());
        self.add(&items, &mut inner);
        self.open.pop();
        report.extend(inner.finish());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(rules: &str) -> Result<Chain, Problems> {
        Chain::build(&RuleList::parse("--rules", rules).unwrap(), &BuildContext::default())
    }

    fn messages(rules: &str) -> Vec<String> {
        build(rules)
            .unwrap_err()
            .iter()
            .map(|p| format!("{}; {}", p.message, p.help.as_deref().unwrap_or("-")))
            .collect()
    }

    #[test]
    fn short_and_long_form_are_the_same_rule() {
        let (short, long) = (build("[{ limit = 20 }]").unwrap(), build("[{ 'limit' = { count = 0x14 } }]").unwrap());
        assert_eq!(short.hash(), long.hash());
        assert_ne!(short.hash(), build("[{ limit = 21 }]").unwrap().hash());
        assert_ne!(short.hash(), build("[{ limit = 20 }, { limit = 20 }]").unwrap().hash());
        assert_eq!(short.names().collect::<Vec<_>>(), ["limit"]);
        assert!(Chain::empty().is_empty());
    }

    #[test]
    fn lists_that_say_the_same_become_one_chain() {
        let context = BuildContext::default();
        let mut chains = Chains::new(&context);
        let mut chain = |rules: &str| chains.build(&RuleList::parse("--rules", rules).unwrap()).unwrap().0;
        let first = chain("[{ limit = 20 }, 'clean']");
        assert!(Arc::ptr_eq(&first, &chain("[ { 'limit' = 0x14 }, \"clean\" ]")));
        assert!(!Arc::ptr_eq(&first, &chain("['clean', { limit = 20 }]")));
        assert!(!Arc::ptr_eq(&first, &chain("[{ limit = { count = 20 } }, 'clean']")), "explain shows them as written");
    }

    #[test]
    fn every_problem_of_every_rule_is_reported() {
        let found = messages(
            "[{ limit = 0 }, { limmit = 1 }, { limit = { cuont = 1 } }, 'zh-hunt', 'limit', 7, {}, { limit = false }]",
        );
        assert_eq!(
            found,
            [
                "expected a whole number above 0, found integer `0`; -",
                "unknown rule `limmit`; did you mean `limit`?",
                "unknown key `cuont`; did you mean `count`?",
                "unknown rule set `zh-hunt`; did you mean `zh-hant`?",
                "unknown rule set `limit`; `limit` is a rule: write `{ limit = … }`",
                "expected a rule or the name of a rule set, found an integer; write `{ limit = 20 }` or `\"zh-hant\"`",
                "a rule is a table of one key, not of 0; write `{ limit = 20 }`",
                "`limit = false` does nothing; leave the rule out",
            ]
        );
    }

    #[test]
    fn two_rules_in_one_table_are_told_apart() {
        assert_eq!(
            messages("[{ limit = 1, sort = true }]"),
            ["a rule is a table of one key, not of 2; write { limit = … }, { sort = … }"]
        );
        assert_eq!(build("[{ zh-hant = true }]").unwrap().hash(), build("['zh-hant']").unwrap().hash());
    }

    #[test]
    fn any_rule_takes_when() {
        let chain = build("[{ limit = { count = 1, when = \"title is matches('a')\" } }]").unwrap();
        assert_ne!(chain.hash(), build("[{ limit = 1 }]").unwrap().hash());
        let source = "<rss version='2.0'><channel><title>t</title><item><title>a1</title></item>\
            <item><title>b1</title></item><item><title>a2</title></item></channel></rss>";
        let mut feed = Feed::read(source.as_bytes(), None, None).unwrap();
        chain.apply(&mut feed, &Context::new(crate::base::clock::Time(0), None)).unwrap();
        assert_eq!(feed.into_string(), source.replace("<item><title>a2</title></item>", ""));
    }

    #[test]
    fn a_wrong_when_is_refused_with_the_rest() {
        assert_eq!(
            messages(
                "[{ limit = { count = 0, when = 'titel' } }, { sort = { when = 1 } }, { keep = { when = 'pubished' } }]"
            ),
            [
                "expected a whole number above 0, found integer `0`; -",
                "unknown name `titel`; did you mean `title`?",
                "expected a string, found integer `1`; -",
                "unknown name `pubished`; did you mean `published`?",
            ]
        );
    }

    #[test]
    fn a_rule_set_that_contains_itself_is_refused() {
        let sets = Sets::of(&[("a", "rules = ['b']"), ("b", "rules = [{ limit = 1 }, 'a']")]);
        let list = RuleList::names("--use", "a");
        let problems = Chain::build(&list, &BuildContext { sets, ..BuildContext::default() }).unwrap_err().to_string();
        assert!(problems.contains("the rule set `a` contains itself: a → b → a"), "{problems}");
        assert!(problems.contains("rules/b.toml:1:"), "{problems}");
    }

    #[test]
    fn a_rule_set_may_be_used_twice_but_the_number_of_rules_is_bounded() {
        let sets = Sets::of(&[
            ("one", "rules = [{ limit = 1 }]"),
            ("none", "rules = []"),
            ("many", "rules = ['none', 'none']"),
        ]);
        let build = |names: &str| {
            Chain::build(
                &RuleList::names("--use", names),
                &BuildContext { sets: sets.clone(), ..BuildContext::default() },
            )
        };
        assert_eq!(build("one,one").unwrap().names().count(), 2);
        for name in ["one", "none", "many"] {
            let names = vec![name; MAX_RULES + 1].join(",");
            let problems = build(&names).unwrap_err();
            assert_eq!(problems.len(), 1);
            assert!(problems.to_string().contains("more than"));
        }
    }
}
