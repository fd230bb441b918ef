//! What refeeds that share a store (`cache.shared`) do for each other before one of them asks upstream: the newer copy is taken in
//! place of the older, a host that asked one for a pause is asked by none, and of those that want the same feed at once one fetches
//! it while the others wait a little.
//!
//! Without such a store, or with one that does not answer, every refeed goes its own way. Only what comes over HTTP is shared: a
//! file of this machine need not be that of another.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::{Came, Got, Upstream, instead};
use crate::base::clock::Time;
use crate::base::limits;
use crate::cache::Fetched;
use crate::cache::shared::{Claim, Turn};
use crate::config::Origin;
use crate::pipeline::ask::Route;
use crate::pipeline::error::Failure;

/// What is to be done for a feed of which there is no fresh copy here.
pub(super) enum Plan {
    /// Upstream is not asked: another refeed has a fresh copy, or upstream is to be left in peace.
    Settled(Result<Got, Failure>),
    /// Upstream is asked, with the best copy that there is; the others wait for the end of the claim.
    Ask(Option<Arc<Fetched>>, Option<Claim>),
}

impl Upstream {
    /// What to do for `route`, of which `held` is at hand and not fresh, or `outdated` as a hub says.
    pub(super) async fn plan(&self, route: &Route, held: Option<Arc<Fetched>>, outdated: bool) -> Plan {
        let shared = self.0.store.shared();
        let (mut held, began) = (held, self.now());
        let (until, mut pause) = (Instant::now() + limits::SHARED_WAIT, limits::SHARED_LOOK);
        let is_shared = !shared.is_none() && matches!(*route.origin, Origin::Http(_));
        loop {
            // the turn before the look: whoever had it before has stored what it fetched
            let turn = if is_shared { shared.turn(route.fetched).await } else { Turn::Unknown };
            if is_shared {
                held = self.newest(route, held).await;
                if let Some(copy) = held.as_ref().filter(|held| self.is_good(route, held, outdated.then_some(began))) {
                    self.forget_failure(route).await;
                    return Plan::Settled(Ok(Got { copy: Arc::clone(copy), came: Came::Kept }));
                }
                self.hear(route, held.as_deref()).await;
            }
            if let Some(failure) = self.resting(route).await {
                return Plan::Settled(instead(route, held, failure, self.now()));
            }
            match turn {
                Turn::Ours(claim) => return Plan::Ask(held, Some(claim)),
                Turn::Unknown => return Plan::Ask(held, None),
                Turn::Theirs if Instant::now() >= until => {
                    let stale = |held: &&Arc<Fetched>| held.about.freshness(&route.policy).usable_stale(self.now());
                    return match held.as_ref().filter(stale) {
                        Some(copy) => Plan::Settled(Ok(Got { copy: Arc::clone(copy), came: Came::Kept })),
                        None => Plan::Ask(held, None),
                    };
                }
                Turn::Theirs => {
                    // those that wait together need not look together
                    sleep(pause + pause.mul_f64(f64::from(spread()) / 256.0)).await;
                    pause = (pause * 2).min(limits::SHARED_LOOK_LONGEST);
                }
            }
        }
    }

    /// Stores `copy`, which upstream just sent, for the others.
    pub(super) async fn share(&self, route: &Route, copy: &Arc<Fetched>) {
        let shared = self.0.store.shared();
        if shared.is_none() || !matches!(*route.origin, Origin::Http(_)) {
            return;
        }
        if copy.about.said.forbids_storing() {
            return shared.remove(&route.fetched).await;
        }
        let lasts = copy.about.freshness(&route.policy).kept_until.since(self.now());
        shared.put(route.fetched, Arc::clone(copy), lasts.clamp(limits::SHARED_LEAST, limits::SHARED_MOST));
    }

    /// The newer of `held` and what the others have, which is kept here then.
    async fn newest(&self, route: &Route, held: Option<Arc<Fetched>>) -> Option<Arc<Fetched>> {
        let received = |copy: &Fetched| copy.about.said.received;
        let theirs = self.0.store.shared().copy(&route.fetched, self.now()).await;
        let newer = theirs.filter(|theirs| held.as_ref().is_none_or(|held| received(held) < received(theirs)));
        let Some(newer) = newer.map(Arc::new) else { return held };
        tracing::debug!(feed = %route.label, "another refeed has a newer copy");
        self.0.store.put_fetched(route.fetched, &route.label, Arc::clone(&newer)).await;
        Some(newer)
    }

    /// True where `copy` is fresh; and came in after the moment `since` which a hub spoke of, if one did.
    fn is_good(&self, route: &Route, copy: &Fetched, since: Option<Time>) -> bool {
        let about = &copy.about;
        about.freshness(&route.policy).is_fresh(self.now()) && since.is_none_or(|since| about.said.received > since)
    }

    /// Learns whether the hosts that `route` leads to asked another refeed for a pause.
    async fn hear(&self, route: &Route, held: Option<&Fetched>) {
        let Origin::Http(url) = &*route.origin else { return };
        let mut urls = vec![url];
        if let Some(held) = held {
            urls.extend(held.about.elsewhere());
            urls.extend(&held.about.url);
        }
        for url in urls {
            self.0.failures.hear_pause(url, self.holds(), self.now()).await;
        }
    }
}

/// A number without a pattern.
fn spread() -> u8 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte); // without one they look together, which does no harm
    byte[0]
}
