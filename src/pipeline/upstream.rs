//! The first stage: what upstream has, from the cache where it is fresh, else fetched, once for all who ask meanwhile.
//!
//! Keeps failures too: while one is held, upstream is left in peace.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};

use super::ask::Route;
use super::error::{Error, Failure};
use crate::base::clock::Clock;
use crate::base::limits;
use crate::base::url::Url;
use crate::cache::flight::Flights;
use crate::cache::freshness::{Policy, freshness, shortest};
use crate::cache::negative::{Held, Negative, hold};
use crate::cache::{Fetched, Key, Memory};
use crate::config::{Config, Origin, read_capped};
use crate::fetch::{Client, FetchError, Request, Settings};

/// Fetches, behind the cache. Clones share everything.
#[derive(Clone)]
pub(super) struct Upstream(Arc<Parts>);

struct Parts {
    client: Client,
    clock: Clock,
    policy: Policy,
    max_body: usize,
    memory: Memory,
    failures: Negative<Error>,
    flights: Flights<Result<Arc<Fetched>, Failure>>,
}

impl Upstream {
    pub(super) fn new(config: &Config, clock: Clock, client: Client, memory: Memory) -> Upstream {
        let cache = &config.cache;
        Upstream(Arc::new(Parts {
            client,
            clock,
            policy: Policy { default: cache.default_ttl, min: cache.min_ttl, max: cache.max_ttl },
            max_body: config.fetch.max_body,
            memory,
            failures: Negative::new(limits::MAX_HELD_FAILURES),
            flights: Flights::new(config.fetch.timeout + limits::WAIT_SLACK),
        }))
    }

    /// The name of this instance in `Via`.
    pub(super) fn via(&self) -> String {
        self.0.client.via_token()
    }

    /// What upstream has for `route`.
    pub(super) async fn get(&self, route: &Arc<Route>, via: Option<HeaderValue>) -> Result<Arc<Fetched>, Failure> {
        let (upstream, asked) = (self.clone(), Arc::clone(route));
        self.0.flights.run(route.fetched, async move { upstream.fetch(&asked, via).await }).await?.0
    }

    /// An earlier failure of `key` that is still held is the failure of this try, too.
    pub(super) async fn check(&self, key: &Key) -> Result<(), Failure> {
        let now = self.0.clock.now();
        self.0.failures.get(key, now).await.map_or(Ok(()), |held| Err(Failure::held(held, now)))
    }

    /// What was fetched for `route` could not be used. What is no feed is none for every rule set over the URL: it is
    /// forgotten, so that the next try asks again. A rule that failed says nothing of the other rule sets.
    pub(super) async fn rejected(&self, route: &Route, error: Error) -> Failure {
        let key = match error {
            Error::NotAFeed(_) => {
                self.0.memory.forget(&route.fetched).await;
                route.fetched
            }
            _ => route.answer,
        };
        self.failed(key, &route.label, error).await
    }

    /// Remembers a failure for as long as its cause asks.
    async fn failed(&self, key: Key, feed: &str, error: Error) -> Failure {
        warn(feed, &error);
        let wait = hold(error.cause(), error.retry_after());
        let failure = Failure { retry_after: wait.or(error.retry_after()), error: Arc::new(error) };
        if let Some(wait) = wait {
            let held = Held { error: Arc::clone(&failure.error), retry_at: self.0.clock.now() + wait };
            self.0.failures.put(key, held).await;
        }
        failure
    }

    async fn fetch(&self, route: &Route, via: Option<HeaderValue>) -> Result<Arc<Fetched>, Failure> {
        let held = self.0.memory.fetched(&route.fetched).await;
        if let Some(fresh) = held.filter(|held| held.freshness.is_fresh(self.0.clock.now())) {
            return Ok(fresh);
        }
        self.check(&route.fetched).await?;
        let told = via.is_some();
        match self.ask(&route.origin, via).await {
            Ok(fetched) => {
                self.0.memory.put_fetched(route.fetched, Arc::clone(&fetched)).await;
                Ok(fetched)
            }
            // perhaps only this reader's way is a circle, and anyone may claim to have come any way
            Err(error @ Error::Fetch(FetchError::OwnLoop { .. })) if told => Err(error.into()),
            Err(error) => Err(self.failed(route.fetched, &route.label, error).await),
        }
    }

    /// The bytes behind `origin`, asked for now.
    pub(super) async fn ask(&self, origin: &Origin, via: Option<HeaderValue>) -> Result<Arc<Fetched>, Error> {
        let found = match origin {
            Origin::Http(url) => {
                let request = Request { via, ..Request::feed(url.as_str()) };
                let response = self.0.client.get(&request).await.map_err(Error::Fetch)?;
                let content_type = response.headers.get(header::CONTENT_TYPE).cloned();
                let freshness = freshness(&response.headers, self.0.clock.now(), self.0.policy);
                Fetched { body: response.body, content_type, url: Some(response.url), freshness }
            }
            Origin::File(path) => {
                let (path, most) = (path.clone(), self.0.max_body);
                let read = move || read_capped(&path, most, Some("fetch.max_body"));
                let body = tokio::task::spawn_blocking(read).await.map_err(|_| Error::Bug)?;
                self.local(body.map_err(Error::File)?.into(), None)
            }
            // `pipeline` asks its sources.
            Origin::Merge(_) => return Err(Error::Bug),
            Origin::Embedded { body, url } => self.local(Bytes::from_static(body.as_bytes()), Some(url.clone())),
        };
        Ok(Arc::new(found))
    }

    fn local(&self, body: Bytes, url: Option<Url>) -> Fetched {
        Fetched { body, content_type: None, url, freshness: shortest(self.0.clock.now(), self.0.policy) }
    }
}

/// For the operator: with the reason behind the error, which may name paths of this machine.
fn warn(feed: &str, error: &Error) {
    let reason = std::error::Error::source(error).map(tracing::field::display);
    tracing::warn!(feed, %error, reason, "no answer");
}

/// The client that `config` asks for.
pub(super) fn client(config: &Config, clock: Clock) -> Result<Client, FetchError> {
    let fetch = &config.fetch;
    Client::new(Settings {
        timeout: fetch.timeout,
        max_body: fetch.max_body,
        max_redirects: fetch.max_redirects,
        pages_per_host: fetch.pages_per_host,
        allow: fetch.allow.clone(),
        proxy: fetch.proxy.clone(),
        own_id: instance(),
        own_addresses: vec![config.server.listen],
        clock,
        ..Settings::default()
    })
}

/// What tells this process from other refeeds on the way. Random: containers that start together share process number
/// and time.
fn instance() -> String {
    format!("{:016x}", RandomState::new().hash_one(()))
}
