//! What goes into the pipeline and what comes out of it: the question, the body, the output, the answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;

use super::background::LastRead;
use super::error::{Failure, StartError};
use crate::base::clock::Time;
use crate::base::url::Url;
use crate::cache::flight::Role;
use crate::cache::freshness::{Grace, Policy};
use crate::cache::schedule::Pace;
use crate::cache::{Answer, Fetched, Key, Line};
use crate::config::{self, Cache, Feed, Origin, Refresh, Relative};
use crate::emit::model::Document;
use crate::emit::{About, Format, Templates};
use crate::rules::Chain;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The feed.
    pub feed: Which<'a>,
    /// Rules of the reader's own, applied after the feed's.
    pub rules: Chain,
    /// The format; the feed's own where none is named.
    pub format: Option<Format>,
    /// Which part of the feed.
    pub window: Window,
}

/// Which part of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// What upstream has, and of what is kept the newest.
    #[default]
    Newest,
    /// A page of the archive, from 1 for the oldest.
    Page(u64),
    /// What was new or changed after a moment.
    Since(Time),
    /// What was new or changed after a revision of the archive.
    After(u64),
    /// Of the newest, what the rules dropped.
    Dropped,
}

impl Window {
    /// What the rules see of it.
    pub fn before_rules(self) -> Window {
        if self == Window::Dropped { Window::Newest } else { self }
    }
}

/// A feed that can be asked for.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// One of the configuration.
    Named(&'a str),
    /// Any.
    Url(&'a Url),
    /// Any, for a reader whose HTTP proxy refeed is: with the rules of its site, at its own address.
    Proxied(&'a Url),
}

impl<'a> Ask<'a> {
    /// A feed of the configuration, as it is configured.
    pub fn named(name: &'a str) -> Ask<'a> {
        Ask::of(Which::Named(name))
    }

    /// Any feed, without rules.
    pub fn url(url: &'a Url) -> Ask<'a> {
        Ask::of(Which::Url(url))
    }

    /// A feed in its own format, without rules of the reader's own.
    pub fn of(feed: Which<'a>) -> Ask<'a> {
        Ask { feed, rules: Chain::empty(), format: None, window: Window::Newest }
    }
}

impl Which<'_> {
    /// For messages and logs: the name, or the URL without what may be secret.
    pub fn label(&self) -> String {
        match self {
            Which::Named(name) => (*name).to_owned(),
            Which::Url(url) | Which::Proxied(url) => public_part(url),
        }
    }
}

fn public_part(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // a URL that can hold no credentials holds none
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}

/// A body to transform, and what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Decoded from its content coding, not from its charset.
    pub bytes: Bytes,
    /// `Content-Type` as sent.
    pub content_type: Option<String>,
    /// Where it came from, after redirects; relative URLs mean nothing without it.
    pub url: Option<Url>,
}

impl From<Fetched> for Input {
    fn from(Fetched { body, about }: Fetched) -> Input {
        let content_type = about.content_type.as_ref().and_then(Line::text).map(str::to_owned);
        Input { bytes: body, content_type, url: about.url }
    }
}

/// In which form a feed goes out: all that decides about the output beside the feed and its rules.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// What becomes of relative URLs.
    pub relative: Relative,
    /// The format; the feed's own where none is asked for.
    pub format: Option<Format>,
    /// The address at which this form is served, where it is known.
    pub own_url: Option<Box<Url>>,
    /// What tells the feed from all others, for ids that it does not give itself: the URL as typed. Not shown.
    pub identity: Arc<str>,
    /// True for the feed as plain data ([`Output::document`]) instead of a text.
    pub as_data: bool,
    /// The templates of documents; refeed's own where there are none.
    pub templates: Option<Templates>,
    /// When the items count as first seen by documents, where that is known.
    pub first_seen: Option<Time>,
    /// Which part of the feed.
    pub window: Window,
    /// The address of the whole, for links to its pages, perhaps relative; none where there shall be no links.
    pub pages: Option<Box<str>>,
}

impl Form {
    /// For the writers.
    pub(super) fn about(&self) -> About<'_> {
        let Form { own_url, identity, templates, first_seen, .. } = self;
        About { own_url: own_url.as_deref(), identity, templates: templates.as_ref(), first_seen: *first_seen }
    }

    /// What tells this form from others of one feed.
    fn name(&self) -> String {
        let kept = if self.relative == Relative::Keep { "keep" } else { "" };
        let own_url = self.own_url.as_ref().map_or("", |url| url.as_str());
        let templates = self.templates.as_ref().map(|templates| templates.hash().to_hex());
        let templates = templates.as_ref().map_or("", |hash| hash.as_str());
        let (format, window) = (self.format.map_or("", Format::name), self.window);
        let pages = self.pages.as_deref().unwrap_or_default();
        format!("{kept} {format} {own_url} {templates} {window:?} {pages}")
    }
}

/// A transformed feed.
#[derive(Clone, Debug)]
pub struct Output {
    /// The document, UTF-8.
    pub body: String,
    /// With its charset.
    pub content_type: &'static str,
    /// What had to be done to read the input: charset, repairs, items left out.
    pub notes: Vec<String>,
    /// True where pages that rules wanted were still on their way: the next run may say more.
    pub incomplete: bool,
    /// True where a rule asked for the time, or for pages that failed or soon change: the next run may say something else of the
    /// same feed.
    pub timely: bool,
    /// The feed as plain data, where that was asked for.
    pub document: Option<Box<Document>>,
}

/// How an answer was come by.
#[derive(Clone, Debug)]
pub enum How {
    /// It was there, and fresh.
    Hit,
    /// It was there, stale, and is being refreshed behind.
    Refreshing,
    /// It was there, stale, and there is no better one.
    Kept(Failure),
    /// It was made: for this caller, or for one that came before.
    Made {
        /// An older one was there.
        stale: bool,
        /// Who started it.
        role: Role,
        /// Upstream was asked for it; otherwise it was made of a fresh copy at hand.
        asked: bool,
        /// What upstream answered with.
        status: Option<u16>,
        /// It is in the cache now.
        stored: bool,
    },
}

/// An answer and how it was come by.
#[derive(Clone, Debug)]
pub struct Served {
    /// What the reader gets.
    pub answer: Arc<Answer>,
    /// For `Cache-Status` and the log.
    pub how: How,
    /// `Link`: the hub that tells of changes, where there is one.
    pub link: Option<HeaderValue>,
    /// The answer's place in the cache.
    pub(super) key: Key,
}

/// Whether a stale answer will do while it is refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// It will: a reader should not wait.
    AtOnce,
    /// Rather not: what is made of it would be stale, too.
    Fresh,
}

/// A feed, ready to be asked for.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) label: Arc<str>,
    pub(super) origin: Arc<Origin>,
    pub(super) chain: Chain,
    pub(super) form: Form,
    /// How long its copies may be used.
    pub(super) policy: Arc<Policy>,
    /// What upstream sent: one for all feeds of this URL.
    pub(super) fetched: Key,
    /// What the rules made of it.
    pub(super) answer: Key,
    /// How often it is refreshed without a reader; none: on demand only.
    pub(super) pace: Option<Pace>,
    /// When a reader last asked for this feed of the configuration.
    pub(super) read: Arc<LastRead>,
}

impl Route {
    /// `feed`, with the rules `chain`, under `policy`. Its URL as typed is what two feeds must share to share a fetch.
    pub(super) fn new(label: Arc<str>, feed: &Feed, chain: Chain, mut form: Form, policy: Arc<Policy>) -> Arc<Route> {
        form.identity = feed.url.clone();
        let (origin, fetched, answer) = (feed.origin.clone(), Key::default(), Key::default());
        let (pace, read) = (pace(feed.settings.refresh), Arc::default());
        Route { label, origin, chain, form, policy, fetched, answer, pace, read }.keyed()
    }

    /// The same feed with more rules after its own, in another format, served at another address.
    pub(super) fn with(&self, rules: &Chain, format: Option<Format>, own_url: Option<Box<Url>>) -> Arc<Route> {
        self.in_form(rules, Form { format, own_url, ..self.form.clone() })
    }

    /// The same feed with more rules after its own, in another form.
    pub(super) fn in_form(&self, rules: &Chain, form: Form) -> Arc<Route> {
        Route { chain: self.chain.then(rules), form, ..self.clone() }.keyed()
    }

    /// With the names of what is fetched and of what is made of it, each of all that makes a difference to it. What a rule
    /// reads a feed from need not be one.
    fn keyed(mut self) -> Arc<Route> {
        let what: &[u8] = if self.chain.reader().is_some() { b"page" } else { b"feed" };
        self.fetched = Key::of(&[b"fetched", self.form.identity.as_bytes(), what]);
        let (chain, form, policy) = (self.chain.hash(), self.form.name(), format!("{:?}", self.policy));
        let parts = [b"answer", self.fetched.as_ref(), chain.as_bytes(), form.as_bytes(), policy.as_bytes()];
        self.answer = Key::of(&parts);
        Arc::new(self)
    }
}

fn pace(refresh: Refresh) -> Option<Pace> {
    match refresh {
        Refresh::Adaptive => Some(Pace::Adaptive),
        Refresh::Every(every) => Some(Pace::Every(every)),
        Refresh::OnDemand => None,
    }
}

/// The templates of a feed that has its own.
pub(super) fn templates(files: &config::Templates) -> Result<Option<Templates>, StartError> {
    let config::Templates { markdown, html } = files;
    if markdown.is_none() && html.is_none() {
        return Ok(None);
    }
    Ok(Some(Templates::compile(markdown.as_ref(), html.as_ref())?))
}

/// For how long copies of a feed may be used: what it sets for itself, else what `cache` says for all. A feed that sets how
/// long stale copies are used means it, also where upstream forbids it.
pub(super) fn policy(cache: &Cache, feed: &Feed) -> Policy {
    let times = feed.settings.times;
    let window = |own: Option<Duration>, all| own.map_or(Grace::Default(all), Grace::Insisted);
    let every = match feed.settings.refresh {
        Refresh::Every(every) => Some(every),
        Refresh::Adaptive | Refresh::OnDemand => None,
    };
    Policy {
        default: every.or(times.default_ttl).unwrap_or(cache.default_ttl),
        min: every.or(times.min_ttl).unwrap_or(cache.min_ttl),
        max: every.or(times.max_ttl).unwrap_or(cache.max_ttl),
        stale_while_revalidate: window(times.stale_while_revalidate, cache.stale_while_revalidate),
        stale_if_error: window(times.stale_if_error, cache.stale_if_error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_hold_no_secret() {
        let url = Url::parse("https://user:pass@example.org/feed?token=secret").unwrap();
        assert_eq!(Which::Url(&url).label(), "https://example.org/feed");
    }

    #[test]
    fn feeds_of_one_url_share_what_was_fetched() {
        let url = Url::parse("https://example.org/feed").unwrap();
        let form = |relative| Form { relative, ..Form::default() };
        let route = |form| {
            let feed = Feed::new(url.as_str(), Origin::Http(url.clone()), config::RuleList::empty());
            Route::new("a".into(), &feed, Chain::empty(), form, policy(&Cache::default(), &feed).into())
        };
        let (one, other) = (route(form(Relative::Absolute)), route(form(Relative::Keep)));
        let third = one.with(&Chain::empty(), Some(Format::Atom), None);
        assert!(one.fetched == other.fetched && one.fetched == third.fetched);
        assert!(one.answer != other.answer && one.answer != third.answer);
    }
}
