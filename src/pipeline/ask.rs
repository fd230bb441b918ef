//! What goes into the pipeline and what comes out of it: the question, the body, the output, the answer.

use std::sync::Arc;

use bytes::Bytes;

use crate::base::url::Url;
use crate::cache::flight::Role;
use crate::cache::{Answer, Key};
use crate::config::{Origin, Relative};
use crate::rules::Chain;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The feed.
    pub feed: Which<'a>,
    /// Rules of the reader's own, applied after the feed's.
    pub rules: Chain,
}

/// A feed that can be asked for.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// One of the configuration.
    Named(&'a str),
    /// Any.
    Url(&'a Url),
}

impl<'a> Ask<'a> {
    /// A feed of the configuration, as it is configured.
    pub fn named(name: &'a str) -> Ask<'a> {
        Ask { feed: Which::Named(name), rules: Chain::empty() }
    }

    /// Any feed, without rules.
    pub fn url(url: &'a Url) -> Ask<'a> {
        Ask { feed: Which::Url(url), rules: Chain::empty() }
    }
}

impl Which<'_> {
    /// For messages and logs: the name, or the URL without what may be secret.
    pub fn label(&self) -> String {
        match self {
            Which::Named(name) => (*name).to_owned(),
            Which::Url(url) => public_part(url),
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
}

/// How an answer was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It was there.
    Hit,
    /// It was not there, or no longer fresh, and was made: for this caller, or for one that came before.
    Made {
        /// An older one was there.
        stale: bool,
        /// Who started it.
        role: Role,
    },
}

/// An answer and how it was come by.
#[derive(Clone, Debug)]
pub struct Served {
    /// What the reader gets.
    pub answer: Arc<Answer>,
    /// For `Cache-Status` and the log.
    pub how: How,
    /// The answer's place in the cache.
    pub(super) key: Key,
}

/// A feed, ready to be asked for.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) label: String,
    pub(super) origin: Origin,
    pub(super) chain: Chain,
    pub(super) relative: Relative,
    /// What upstream sent: one for all feeds of this URL.
    pub(super) fetched: Key,
    /// What the rules made of it.
    pub(super) answer: Key,
}

impl Route {
    /// `url` as typed: it is what two feeds must share to share a fetch.
    pub(super) fn new(label: String, url: &str, origin: Origin, chain: Chain, relative: Relative) -> Arc<Route> {
        Route::of(label, Key::of(&[b"fetched", url.as_bytes()]), origin, chain, relative)
    }

    /// The same feed with more rules after its own.
    pub(super) fn with(&self, rules: &Chain) -> Arc<Route> {
        Route::of(self.label.clone(), self.fetched, self.origin.clone(), self.chain.then(rules), self.relative)
    }

    fn of(label: String, fetched: Key, origin: Origin, chain: Chain, relative: Relative) -> Arc<Route> {
        let kept = [u8::from(relative == Relative::Keep)];
        let answer = Key::of(&[b"answer", fetched.as_ref(), chain.hash().as_bytes(), &kept]);
        Arc::new(Route { label, origin, chain, relative, fetched, answer })
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
        let route =
            |relative| Route::new("a".into(), url.as_str(), Origin::Http(url.clone()), Chain::empty(), relative);
        let (one, other) = (route(Relative::Absolute), route(Relative::Keep));
        assert_eq!(one.fetched, other.fetched);
        assert_ne!(one.answer, other.answer);
    }
}
