//! The first stage: what upstream has, from the cache where it is fresh, else fetched, once for all who ask meanwhile.
//!
//! Keeps failures too: while one is held, upstream is left in peace.

use std::sync::Arc;

use hyper::header;

use super::ask::Route;
use super::error::{Error, Failure};
use crate::base::clock::Clock;
use crate::base::limits;
use crate::cache::flight::Flights;
use crate::cache::freshness::{Policy, freshness, retry_after};
use crate::cache::negative::{Cause, Held, Negative, hold};
use crate::cache::{Fetched, Key, Memory};
use crate::config::Config;
use crate::fetch::{Client, Request};

/// Fetches, behind the cache. Clones share everything.
#[derive(Clone)]
pub(super) struct Upstream(Arc<Parts>);

struct Parts {
    client: Client,
    clock: Clock,
    policy: Policy,
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
            memory,
            failures: Negative::new(limits::MAX_HELD_FAILURES),
            flights: Flights::new(config.fetch.timeout + limits::WAIT_SLACK),
        }))
    }

    /// What upstream has for `route`.
    pub(super) async fn get(&self, route: &Arc<Route>) -> Result<Arc<Fetched>, Failure> {
        let (upstream, asked) = (self.clone(), Arc::clone(route));
        self.0.flights.run(route.fetched, async move { upstream.fetch(&asked).await }).await?.0
    }

    /// An earlier failure of `key` that is still held is the failure of this try, too.
    pub(super) async fn check(&self, key: &Key) -> Result<(), Failure> {
        let now = self.0.clock.now();
        self.0.failures.get(key, now).await.map_or(Ok(()), |held| Err(Failure::held(held, now)))
    }

    /// What was fetched for `route` could not be used: a body that never will be is forgotten, so that the next try asks
    /// again.
    pub(super) async fn rejected(&self, route: &Route, error: Error) -> Failure {
        if error.cause() == Cause::Unusable {
            self.0.memory.forget(&route.fetched).await;
        }
        self.failed(route.answer, &route.label, error).await
    }

    /// Remembers a failure for as long as its cause asks.
    async fn failed(&self, key: Key, feed: &str, error: Error) -> Failure {
        tracing::warn!(feed, %error, "no answer");
        let wait = hold(error.cause(), error.retry_after());
        let failure = Failure { error: Arc::new(error), retry_after: wait };
        if let Some(wait) = wait {
            let held = Held { error: Arc::clone(&failure.error), retry_at: self.0.clock.now() + wait };
            self.0.failures.put(key, held).await;
        }
        failure
    }

    async fn fetch(&self, route: &Route) -> Result<Arc<Fetched>, Failure> {
        let held = self.0.memory.fetched(&route.fetched).await;
        if let Some(fresh) = held.filter(|held| self.0.clock.now() < held.freshness.fresh_until) {
            return Ok(fresh);
        }
        self.check(&route.fetched).await?;
        match self.ask(&route.url).await {
            Ok(fetched) => {
                self.0.memory.put_fetched(route.fetched, Arc::clone(&fetched)).await;
                Ok(fetched)
            }
            Err(error) => Err(self.failed(route.fetched, &route.label, error).await),
        }
    }

    async fn ask(&self, url: &str) -> Result<Arc<Fetched>, Error> {
        let request = Request { url: url.to_owned(), ..Request::default() };
        let response = self.0.client.get(&request).await.map_err(Error::Fetch)?;
        let (status, headers, now) = (response.status, &response.headers, self.0.clock.now());
        if !(200..300).contains(&status) {
            return Err(Error::Status { status, retry_after: retry_after(headers, now) });
        }
        let content_type = headers.get(header::CONTENT_TYPE).cloned();
        let freshness = freshness(headers, now, self.0.policy);
        Ok(Arc::new(Fetched { body: response.body, content_type, url: response.url, freshness }))
    }
}
