//! The first stage: the good copy of what upstream has, from the cache while it is fresh, else asked for, once for all who ask
//! meanwhile. Where upstream fails, the copy at hand stays good for as long as its clocks say.
//!
//! Keeps failures too: while one is held, upstream is left in peace. Remembers where a feed moved for good, and which feed the
//! page at its address names.

mod discover;
mod together;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::HeaderValue;

use self::together::Plan;
use super::ask::Route;
use super::error::{Error, Failure};
use super::examine::{Rival, examine};
use super::failures::Failures;
use super::origin::{Asking, Found, Origins};
use super::workers::Workers;
use crate::base::clock::Time;
use crate::base::limits;
use crate::base::url::Url;
use crate::cache::flight::Flights;
use crate::cache::moved::Moved;
use crate::cache::negative::{Cause, Held};
use crate::cache::{About, Fetched, Key, Store};
use crate::config::Origin;
use crate::fetch::{FetchError, Holds, Place};

/// Fetches, behind the cache. Clones share everything.
#[derive(Clone)]
pub(super) struct Upstream(Arc<Parts>);

struct Parts {
    origins: Origins,
    store: Store,
    workers: Workers,
    failures: Failures,
    flights: Flights<Result<Got, Failure>>,
    /// What hubs say has changed since it was last asked for, by [`Route::fetched`].
    outdated: Arc<Mutex<HashSet<Key>>>,
    /// How long somebody waits for a fetch.
    wait: Duration,
}

/// A copy that may be used, and how it was come by.
#[derive(Clone)]
pub(super) struct Got {
    pub copy: Arc<Fetched>,
    pub came: Came,
}

/// How a copy was come by.
#[derive(Clone)]
pub(super) enum Came {
    /// It was at hand, and fresh.
    Kept,
    /// Upstream was asked, and answered with this status; a file has none.
    Asked(Option<u16>),
    /// It was at hand, and upstream has nothing better.
    Instead(Failure),
}

impl Upstream {
    pub(super) fn new(
        origins: Origins,
        store: Store,
        failures: Failures,
        workers: Workers,
        wait: Duration,
    ) -> Upstream {
        let (flights, outdated) = (Flights::new(), Arc::default());
        Upstream(Arc::new(Parts { origins, store, workers, failures, flights, outdated, wait }))
    }

    /// With what is under way for `before`, of the configuration before this one, and what hubs said to it.
    pub(super) fn after(&self, before: &Upstream) -> Upstream {
        let (flights, outdated) = (before.0.flights.clone(), Arc::clone(&before.0.outdated));
        let Parts { origins, store, workers, failures, wait, .. } = &*self.0;
        let (origins, store, workers) = (origins.clone(), store.clone(), workers.clone());
        let (failures, wait) = (failures.clone(), *wait);
        Upstream(Arc::new(Parts { origins, store, workers, failures, flights, outdated, wait }))
    }

    /// What is remembered of failures, for the one that comes after this.
    pub(super) fn failures(&self) -> &Failures {
        &self.0.failures
    }

    /// The hosts that asked for a pause.
    pub(super) fn holds(&self) -> &Holds {
        self.0.origins.client.holds()
    }

    /// The name of this instance in `Via`.
    pub(super) fn via(&self) -> String {
        self.0.origins.client.via_token()
    }

    /// The good copy for `route`: fresh, or the best there is.
    pub(super) async fn get(&self, route: &Arc<Route>, via: Option<HeaderValue>) -> Result<Got, Failure> {
        let (upstream, asked) = (self.clone(), Arc::clone(route));
        let work = async move { upstream.fetch(&asked, via).await };
        self.0.flights.run(route.fetched, self.0.wait, work).await?.0
    }

    /// True where a fresh copy is at hand: an answer can be made of it at once.
    pub(super) async fn is_fresh(&self, route: &Route) -> bool {
        let held = self.0.store.fetched(&route.fetched).await;
        held.is_some_and(|held| held.about.freshness(&route.policy).is_fresh(self.now()))
    }

    /// Upstream has something newer than what is at hand, says its hub. False where that is known already.
    pub(super) fn outdate(&self, key: Key) -> bool {
        self.outdated().insert(key)
    }

    /// True where a hub says that what is at hand for `key` is old, however fresh it seems.
    pub(super) fn is_outdated(&self, key: &Key) -> bool {
        self.outdated().contains(key)
    }

    fn outdated(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.0.outdated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure of the rules of `route` that still forbids a try.
    pub(super) async fn ruled_out(&self, route: &Route) -> Option<Failure> {
        let now = self.now();
        let held = self.0.failures.get(&route.answer).await.filter(|held| held.forbids(now))?;
        Some(Failure::held(held, now))
    }

    /// Why upstream is not asked for `route` now: it failed, its host asked for a pause, or nobody is asked.
    pub(super) async fn resting(&self, route: &Route) -> Option<Failure> {
        let now = self.now();
        if let Origin::Http(url) = &*route.origin
            && self.0.origins.client.is_offline()
        {
            return Some(Failure { asked: false, ..Error::Fetch(FetchError::Offline { at: Place::of(url) }).into() });
        }
        if let Some(held) = self.0.failures.recall(&route.fetched).await.filter(|held| held.forbids(now)) {
            return Some(Failure::held(held, now));
        }
        self.0.failures.restore_holds(self.holds()).await;
        let Origin::Http(url) = &*route.origin else { return None };
        let left = self.holds().left(url, now)?;
        let error = Error::Fetch(FetchError::Held { at: Place::of(url), left });
        Some(Failure { asked: false, ..error.into() })
    }

    /// Remembers that the rules of `route` failed.
    pub(super) async fn unruly(&self, route: &Route, error: Error) -> Failure {
        let (failure, held) = self.failed(&route.answer, &route.label, error).await;
        if let Some(held) = held {
            self.0.failures.put(route.answer, held).await;
        }
        failure
    }

    /// The rules of `route` work.
    pub(super) async fn ruled(&self, route: &Route) {
        self.0.failures.forget(&route.answer).await;
    }

    /// What becomes of `error`, which came of `key`.
    async fn failed(&self, key: &Key, feed: &str, error: Error) -> (Failure, Option<Held<Error>>) {
        warn(feed, &error);
        let (why, error, now) = ((error.cause(), error.retry_after()), Arc::new(error), self.now());
        let before = self.0.failures.get(key).await;
        let held = Held::after(before.as_ref(), Arc::clone(&error), why, now, key.spread());
        let failure = match &held {
            Some(held) => Failure { asked: true, ..Failure::held(held.clone(), now) },
            None => Failure { retry_after: error.retry_after(), error, asked: true, withheld: false },
        };
        (failure, held)
    }

    async fn fetch(&self, route: &Route, via: Option<HeaderValue>) -> Result<Got, Failure> {
        let held = self.0.store.fetched(&route.fetched).await;
        // one try is what a hub's word is good for; without success, the copy's own time counts again
        let outdated = self.outdated().remove(&route.fetched);
        let fresh = |held: &&Arc<Fetched>| !outdated && held.about.freshness(&route.policy).is_fresh(self.now());
        if let Some(copy) = held.as_ref().filter(fresh) {
            return Ok(Got { copy: Arc::clone(copy), came: Came::Kept });
        }
        let (held, _claim) = match self.plan(route, held, outdated).await {
            Plan::Settled(settled) => return settled,
            Plan::Ask(held, claim) => (held, claim),
        };
        let told = via.is_some();
        match self.bring(route, held.as_ref(), via).await {
            Ok((copy, status)) => {
                let copy = Arc::new(copy);
                self.0.store.put_fetched(route.fetched, &route.label, Arc::clone(&copy)).await;
                self.share(route, &copy).await;
                self.forget_failure(route).await;
                Ok(Got { copy, came: Came::Asked(status) })
            }
            // perhaps only this reader's way is a circle, and anyone may claim to have come any way
            Err(error @ Error::Fetch(FetchError::OwnLoop { .. })) if told => Err(error.into()),
            Err(error) => {
                let (failure, failing) = self.failed(&route.fetched, &route.label, error).await;
                if let Some(failing) = failing {
                    self.0.failures.keep(route.fetched, &route.label, failing).await;
                }
                self.0.failures.note_pause(&failure.error, self.holds(), self.now());
                instead(route, held, failure, self.now())
            }
        }
    }

    async fn forget_failure(&self, route: &Route) {
        if self.0.failures.forget(&route.fetched).await {
            tracing::info!(feed = %route.label, "works again");
        }
    }

    /// Asks where the feed is by now; where that address is dead, at its own again.
    async fn bring(
        &self,
        route: &Route,
        held: Option<&Arc<Fetched>>,
        via: Option<HeaderValue>,
    ) -> Result<(Fetched, Option<u16>), Error> {
        let Some(at) = held.and_then(|held| held.about.elsewhere()) else {
            return self.bring_from(route, None, held, via).await;
        };
        let error = match self.bring_from(route, Some(at), held, via.clone()).await {
            Ok(brought) => return Ok(brought),
            Err(error) => error,
        };
        let failures = self.0.failures.get(&route.fetched).await.map_or(0, |held| held.failures);
        if !is_dead(&error, failures) {
            return Err(error);
        }
        tracing::warn!(feed = %route.label, at = %Place::of(at), %error, "the feed's own address is asked again: this one is dead");
        let back = held.filter(|held| held.about.moved.is_some()).map(|held| {
            let about = About { moved: None, ..held.about.clone() };
            Arc::new(Fetched { about, body: held.body.clone() })
        });
        if let Some(back) = &back {
            self.0.store.put_fetched(route.fetched, &route.label, Arc::clone(back)).await;
        }
        self.bring_from(route, None, back.as_ref().or(held), via).await
    }

    /// Asks at `at`, the configured address where there is none. A page may stand for the feed that it names.
    async fn bring_from(
        &self,
        route: &Route,
        at: Option<&Url>,
        held: Option<&Arc<Fetched>>,
        via: Option<HeaderValue>,
    ) -> Result<(Fetched, Option<u16>), Error> {
        let asking = Asking { at, held: held.map(|held| &held.about), via: via.clone() };
        let found = self.0.origins.bring(&route.origin, asking).await?;
        let (page, status) = (self.may_be_a_page(route, at, held).then(|| found.clone()), found.status);
        let known = held.and_then(|held| held.about.moved.as_ref());
        let moved = match (known.filter(|moved| at == Some(&moved.to)), &found.moved) {
            (Some(settled), None) => Some(settled.clone()),
            (_, to) => heard(route, known, to.as_ref(), self.now()),
        };
        let discovered = at.and(held).and_then(|held| held.about.discovered.clone());
        match (self.judge(route, found, moved, discovered, held).await, page) {
            (Err(Error::NotAFeed(error)), Some(page)) => self.discover(route, page, error, held, via).await,
            (copy, _) => Ok((copy?, status)),
        }
    }

    /// The copy at hand after `found`.
    async fn judge(
        &self,
        route: &Route,
        found: Found,
        moved: Option<Moved>,
        discovered: Option<Url>,
        held: Option<&Arc<Fetched>>,
    ) -> Result<Fetched, Error> {
        let now = self.now();
        let failing = self.0.failures.get(&route.fetched).await;
        let emptiness_believed =
            failing.is_some_and(|held| held.cause == Cause::Emptied && now.since(held.since) >= limits::EMPTY_BELIEVED);
        let rival = held.map(|held| {
            let usable = held.about.freshness(&route.policy).usable_on_error(now);
            Rival { copy: Arc::clone(held), usable, emptiness_believed }
        });
        let is_page = route.chain.reader().is_some();
        let mut copy = self.0.workers.run(move || examine(found, is_page, moved, rival)).await??;
        copy.about.discovered = discovered;
        Ok(copy)
    }

    /// What is at `origin` now, past the cache, as far as it is a feed for `route`.
    pub(super) async fn ask_feed(&self, route: &Route) -> Result<Fetched, Error> {
        self.bring_from(route, None, None, None).await.map(|(copy, _)| copy)
    }

    /// What is at `origin` now, past the cache.
    pub(super) async fn ask(&self, origin: &Origin) -> Result<Found, Error> {
        self.0.origins.bring(origin, Asking::default()).await
    }

    fn now(&self) -> Time {
        self.0.origins.clock.now()
    }
}

/// The copy at hand, where it may be used although upstream fails.
fn instead(route: &Route, held: Option<Arc<Fetched>>, failure: Failure, now: Time) -> Result<Got, Failure> {
    match held {
        Some(copy) if failure.leaves(&copy.about.freshness(&route.policy), now) => {
            Ok(Got { copy, came: Came::Instead(failure) })
        }
        held => Err(Failure { withheld: held.is_some_and(|held| held.about.said.forbids_stale()), ..failure }),
    }
}

/// What is known of a permanent redirect after an answer that named `to`.
fn heard(route: &Route, known: Option<&Moved>, to: Option<&Url>, now: Time) -> Option<Moved> {
    let moved = Moved::heard(known, to, now)?;
    if moved.is_settled() && !known.is_some_and(Moved::is_settled) {
        let to = Place::of(&moved.to);
        tracing::warn!(feed = %route.label, %to, "moved for good: asked there from now on; change the feed's `url`");
    }
    Some(moved)
}

/// True where an address that a feed moved to is not worth another try after `failures` before this one. What refused or
/// answered with something else is dead at once; what cannot be reached may be so for a moment.
fn is_dead(error: &Error, failures: u32) -> bool {
    match error.cause() {
        Cause::Status(404 | 410) | Cause::Blocked | Cause::Unusable => true,
        Cause::Network => failures + 1 >= limits::MOVED_TIMES,
        _ => false,
    }
}

/// For the operator: with the reason behind the error, which may name paths of this machine.
fn warn(feed: &str, error: &Error) {
    let reason = std::error::Error::source(error).map(tracing::field::display);
    tracing::warn!(feed, %error, reason, "upstream failed");
}
