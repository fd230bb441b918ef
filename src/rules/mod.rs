//! The rules: what a user can have done to a feed. One file per rule, one word in the table at the end of the imports.
//!
//! The word is the file, the config key, the metric label, the heading in `docs/rules.md`. A rule's file holds its
//! documentation (the `//!` header, whose examples are run by a test), a `Config` that serde fills, and the rule made of
//! it; see [`limit`] for the pattern. [`Chain::build`] turns what the user wrote into a chain, or into all of its
//! problems; [`Chain::apply`] runs it. Rules never block, never fetch, and are bounded by the size of the feed.

pub mod chain;
mod conditions;
pub mod docs;
pub mod expression;
mod fragments;
mod headers;
mod one_or_many;
pub mod pages;
pub mod parameters;
pub mod pattern;
mod picks;
mod places;
mod relay;
pub mod schema;
pub mod sets;
pub mod source;
mod web_page;

use std::cell::Cell;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::base::clock::Time;
use crate::base::url::Url;
use crate::config::decode::decode_partly;
use crate::config::value::{Data, Entry, Value};
use crate::config::{Report, shape, suggest};
use crate::feed::Feed;

pub use chain::{BuildContext, Chain, Chains, Progress, check, refusal};
pub use pages::{Page, Pages, Want};
pub use source::{Raw, Reader};

/// Declares each rule's module and gathers them in [`Kind`].
macro_rules! rules {
    ($($name:ident),+ $(,)?) => {
        $(pub mod $name;)+

        /// Every rule there is; the variants are spelled as in the configuration.
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("The rule of [`mod@", stringify!($name), "`].")] $name,)+
        }

        impl Kind {
            /// All of them, in alphabetical order.
            pub const ALL: &[Kind] = &[$(Kind::$name),+];

            /// The key in the configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => stringify!($name)),+ }
            }

            /// The documentation in Markdown: the header of the rule's file.
            pub fn docs(self) -> String {
                match self {
                    $(Kind::$name => docs::header!(include_str!(concat!(stringify!($name), ".rs")))),+
                }
            }

            /// The key that the short form sets.
            fn short(self) -> Option<&'static str> {
                match self { $(Kind::$name => $name::Config::SHORT),+ }
            }

            /// The JSON Schema of the settings' long form.
            fn shape(self) -> serde_json::Value {
                match self { $(Kind::$name => shape::schema::<$name::Config>()),+ }
            }

            /// The rule that `value` describes; `None` where anything was reported.
            fn build(self, value: &Value, report: &mut Report) -> Option<Box<dyn Rule>> {
                match self { $(Kind::$name => build::<$name::Config>(value, report)),+ }
            }

            /// `value` as the table that the rule's configuration is read from: the short form made long.
            fn long_form(self, value: &Value, report: &mut Report) -> Option<Value> {
                match self { $(Kind::$name => long_form(self, $name::Config::SHORT, value, report)),+ }
            }
        }
    };
}

rules! {
    brief,
    cards,
    clean,
    dates,
    dedupe,
    drop,
    embed,
    enclosures,
    from_text,
    full_text,
    highlight,
    http,
    images,
    json,
    keep,
    language,
    lazy,
    limit,
    links,
    multimedia,
    note,
    opencc,
    page,
    podcast,
    remove,
    replace,
    reveal,
    sanitize,
    script,
    select,
    set,
    sitemap,
    sort,
    split,
    style,
    titles,
}

/// A compiled rule. Shared by all requests, so it keeps no state between feeds.
pub trait Rule: Send + Sync {
    /// Edits `feed`. Where nothing fits, nothing is changed: that is no error.
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError>;

    /// What makes a feed of a body that is none; the first of a chain is asked before all rules.
    fn reader(&self) -> Option<&dyn Reader> {
        None
    }

    /// Told once, before it is used, how the pages of the configuration's sites are read.
    fn know(&mut self, _sites: &Arc<full_text::sites::OwnSites>) {}

    /// The pages that it would read from `cx.pages` when applied, some perhaps several times. Asked again after they came: a page
    /// may lead to the next.
    fn wants(&self, _feed: &mut Feed, _cx: &Context) -> Vec<Want> {
        Vec::new()
    }
}

/// The settings of a rule as the user wrote them: a struct that serde fills, with [`toml::Spanned`] fields where
/// [`Build::build`] may have to blame one.
pub trait Build: DeserializeOwned {
    /// The key that the short form sets: with `Some("count")`, `{ limit = 20 }` means `{ limit = { count = 20 } }`. With
    /// `None` the rule takes a table or `true`.
    const SHORT: Option<&'static str>;

    /// What it becomes.
    type Rule: Rule + 'static;

    /// Compiles the settings. Reports every problem and then returns `None`; returns `Some` only if it reported nothing.
    /// [`Report::error_here`] blames the whole of the settings.
    fn build(self, report: &mut Report) -> Option<Self::Rule>;
}

/// What a rule may know beside the feed.
#[derive(Debug, Clone)]
pub struct Context {
    now: Time,
    /// A rule asked for the present moment.
    asked_now: Cell<bool>,
    /// The address that the feed came from, after redirects; unknown for a file or standard input.
    pub feed_url: Option<Url>,
    /// What was fetched for the rules that asked.
    pub pages: Pages,
}

impl Context {
    /// A context without pages.
    pub fn new(now: Time, feed_url: Option<Url>) -> Context {
        Context { now, asked_now: Cell::new(false), feed_url, pages: Pages::default() }
    }

    /// The present moment: rules ask no clock. What a rule makes of it changes with time, so that an unchanged feed is put
    /// through its rules again when it is refreshed.
    pub fn now(&self) -> Time {
        self.asked_now.set(true);
        self.now
    }

    /// True where a rule has asked for the present moment.
    pub fn was_asked_now(&self) -> bool {
        self.asked_now.get()
    }
}

/// Why a rule gave up on a feed. The feed is then not served in part: the last good copy is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The document refuses an edit, mostly because the result would pass a bound. Upstream is to blame.
    #[error("the rule `{rule}` cannot edit this feed: {reason}")]
    Edit {
        /// The rule's name.
        rule: &'static str,
        /// What stood against it, with the limit.
        reason: String,
    },
    /// An expression takes too long on this feed. Its author is to blame.
    #[error("the rule `{rule}` gave up on this feed: {reason}; write a simpler expression")]
    Expression {
        /// The rule's name.
        rule: &'static str,
        /// The expression and what went wrong.
        reason: String,
    },
}

impl Kind {
    /// The rule of this name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// All names, in alphabetical order.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Kind::ALL.iter().map(|kind| kind.name())
    }
}

fn build<C: Build>(value: &Value, report: &mut Report) -> Option<Box<dyn Rule>> {
    let before = report.count();
    let config: C = decode_partly(value, report)?;
    report.set_here(value.span.clone());
    if report.count() == before {
        return Some(Box::new(config.build(report)?));
    }
    // What is left of a wrong table may hold more mistakes; that it is incomplete is none.
    let mut rest = Report::new(report.source());
    rest.set_here(value.span.clone());
    config.build(&mut rest);
    for problem in rest.finish().iter().filter(|problem| problem.span != value.span) {
        report.error(problem.span.clone(), problem.message.as_str()).help = problem.help.clone();
    }
    None
}

fn long_form(kind: Kind, short: Option<&str>, value: &Value, report: &mut Report) -> Option<Value> {
    let table = |entries| Some(Value { data: Data::Table(entries), span: value.span.clone() });
    let name = kind.name();
    match (&value.data, short) {
        (Data::Table(_), _) => Some(value.clone()),
        (Data::Boolean(true), _) => table(Vec::new()),
        (Data::Boolean(false), _) => {
            report.error(value.span.clone(), format!("`{name} = false` does nothing")).help("leave the rule out");
            None
        }
        (_, Some(key)) => {
            table(vec![Entry { key: key.to_owned(), key_span: value.span.clone(), value: value.clone() }])
        }
        (_, None) => {
            let message = format!("`{name}` has no short form, found {}", value.kind());
            report.error(value.span.clone(), message).help(format!("write `{{ {name} = true }}` or a table"));
            None
        }
    }
}

/// The one rule in a table of a list, and its settings; reports anything else.
fn single_rule<'a>(item: &'a Value, report: &mut Report) -> Option<(Kind, &'a Value)> {
    let Data::Table(entries) = &item.data else {
        report
            .error(item.span.clone(), format!("expected a rule or the name of a rule set, found {}", item.kind()))
            .help("write `{ limit = 20 }` or `\"zh-hant\"`");
        return None;
    };
    let [Entry { key, key_span, value }] = entries.as_slice() else {
        let split: Vec<_> = entries.iter().map(|entry| format!("{{ {} = … }}", entry.key)).collect();
        let help =
            if split.is_empty() { "write `{ limit = 20 }`".to_owned() } else { format!("write {}", split.join(", ")) };
        report.error(item.span.clone(), format!("a rule is a table of one key, not of {}", entries.len())).help(help);
        return None;
    };
    let kind = Kind::named(key);
    if kind.is_none() {
        let help = suggest::advice(key, Kind::names());
        report.error(key_span.clone(), format!("unknown rule `{key}`")).help(help);
    }
    Some((kind?, value))
}
