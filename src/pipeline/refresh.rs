//! What a refresh without a reader does: the same as a reader's question, and what it found, for the schedule.

use std::sync::Arc;

use super::Pipeline;
use super::ask::Route;
use super::background::{Background, Refreshed};
use super::error::Failure;
use super::subscriber::Ping;
use super::upstream::Came;
use crate::base::limits;
use crate::cache::schedule::Seen;
use crate::config::Origin;
use crate::websub::Hub;
use crate::websub::subscription::Question;

impl Pipeline {
    /// What refreshes the feeds of the configuration that are not on demand only; files of this machine need none.
    pub async fn background(&self) -> Background {
        let may = |route: &Route| matches!(*route.origin, Origin::Http(_) | Origin::Merge(_));
        let feeds = self.0.routes.all().filter(|route| may(route));
        let feeds = feeds.filter_map(|route| Some((Arc::clone(route), route.pace?))).collect();
        self.0.subscriber.restore(&self.0.routes.all().map(|route| route.fetched).collect()).await;
        let pipeline = self.clone();
        let refresh = move |route| pipeline.clone().refresh(route);
        Background::new(feeds, self.0.clock.clone(), self.0.store.disk().clone(), refresh).await
    }

    /// What to answer a hub that asks whether a subscription is meant; none: nothing of that kind is known.
    pub fn confirms(&self, token: &str, question: Question<'_>) -> Option<String> {
        self.0.subscriber.confirm(token, question)
    }

    /// True where a hub was given the callback of `token`.
    pub fn awaits(&self, token: &str) -> bool {
        self.0.subscriber.knows(token)
    }

    /// A hub says that a feed has changed: it is refreshed, if the hub is believed. False where nobody has that callback.
    pub fn pinged(&self, token: &str, signature: Option<&str>, body: &[u8]) -> bool {
        let key = match self.0.subscriber.ping(token, signature, body) {
            Ping::Unknown => return false,
            Ping::Ignored => return true,
            Ping::Changed(key) => key,
        };
        let route = self.0.routes.all().find(|route| route.fetched == key);
        if let Some(route) = route.filter(|_| self.0.upstream.outdate(key)) {
            let (pipeline, route) = (self.clone(), Arc::clone(route));
            tokio::spawn(async move {
                let asked = pipeline.0.store.fetched(&key).await.map(|held| held.about.said.received);
                let since = asked.map_or(limits::PING_GAP, |asked| pipeline.0.clock.now().since(asked));
                tokio::time::sleep(limits::PING_GAP.saturating_sub(since)).await;
                // what went wrong is in the log, and the feed is polled all the same
                let _ = pipeline.refresh(route).await;
            });
        }
        true
    }

    /// Makes the answer of `route` unless it is fresh.
    async fn refresh(self, route: Arc<Route>) -> Refreshed {
        let work = Box::pin(self.clone().make(Arc::clone(&route), None, limits::PAGES_PATIENCE));
        let made = self.0.answers.run(route.answer, self.0.wait, work).await;
        let made = made.map_err(Failure::from).and_then(|(made, _)| made);
        let held = |failure: &Failure| self.0.clock.now() + failure.retry_after.unwrap_or_default();
        let made = made.map_err(|failure| held(&failure))?;
        if let Came::Instead(failure) = &made.came {
            return Err(held(failure));
        }
        let freshness = made.answer.freshness;
        let mut told = false;
        let (digest, validators, gap) = match &made.copy {
            Some(copy) => {
                let about = &copy.about;
                let hub = about.url.as_ref().and_then(|url| Hub::of(&about.hubs, url));
                told = self.0.subscriber.offer(route.fetched, &route.label, hub.as_ref());
                // the sources of a merged feed have theirs
                let validators =
                    matches!(*route.origin, Origin::Merge(_)) || about.etag.is_some() || about.last_modified.is_some();
                (Some(about.digest), validators, about.rhythm.gap)
            }
            None => (made.answer.made_of, true, None),
        };
        let digest = digest.map_or(0, |digest| digest.short());
        Ok(Seen { digest, asked: freshness.generated, fresh_until: freshness.fresh_until, validators, gap, told })
    }
}
