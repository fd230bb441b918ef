//! The one place that knows the order: fetch → decode → parse → rules → emit → variants, behind the cache.
//!
//! No header, no format and no algorithm is here: if it grows an `if` about content, that `if` is in the wrong file.
//! The server asks [`Pipeline::answer`]; the command line, tests and benches call [`Pipeline::run`] with bytes they have.
//! Whatever waits or computes runs once per key (`cache::flight`) in a task of its own, computing on [`workers`].

mod addresses;
mod adhoc;
mod archive;
mod ask;
mod background;
mod deltas;
pub mod documents;
pub mod error;
mod examine;
pub mod explain;
mod failures;
mod listing;
mod make;
mod merge;
mod origin;
mod pages;
mod parts;
mod publisher;
mod refresh;
mod routes;
mod seen;
mod sites;
mod subscriber;
mod transform;
mod upstream;
pub mod workers;

use std::sync::Arc;

use hyper::header::HeaderValue;

pub use self::ask::{Ask, Form, How, Input, Output, Served, Which, Window};
use self::ask::{Haste, Route};
pub use self::error::{Error, Failure, RulesError, StartError};
use self::parts::Parts;
use crate::base::clock::Clock;
use crate::base::limits;
use crate::cache::answer::Prepared;
use crate::cache::disk::DiskError;
use crate::cache::{Disk, Encoding, Key, Representation};
use crate::config::Origin;
use crate::emit::Format;
use crate::rules::Chain;
use crate::rules::parameters::Parameters;

/// Feeds through their rules. Clones share everything.
#[derive(Clone)]
pub struct Pipeline(Arc<Parts>);

impl Pipeline {
    /// The clock that judges freshness.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The name of this instance in `Via`: a request that arrives with it has come back to where it was sent from.
    pub fn via(&self) -> String {
        self.0.upstream.via()
    }

    /// What survives a restart.
    pub fn disk(&self) -> &Disk {
        self.0.store.disk()
    }

    /// Forgets all that is kept of a feed, or of a URL without what may be secret; how many records that were.
    pub async fn purge(&self, name: &str) -> Result<usize, DiskError> {
        let gone = self.0.store.purge(name).await?;
        self.0.pages.forget();
        if let Some(route) = self.0.routes.named(name) {
            self.0.upstream.failures().forget(&route.fetched).await;
            self.0.store.shared().remove(&route.fetched).await;
        }
        Ok(gone)
    }

    /// The rules of a feed of the configuration.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.0.routes.named(name).map(|route| &route.chain)
    }

    /// The rules that came with a request, compiled.
    pub async fn rules(&self, parameters: &Parameters) -> Result<Chain, RulesError> {
        self.0.adhoc.chain(parameters, &self.0.workers).await
    }

    /// The feed at `origin` now, past the cache: for a page the feed that it names, unless `chain` makes one of pages.
    pub async fn fetch(&self, origin: &Origin, chain: &Chain) -> Result<Input, Arc<Error>> {
        let is_it = |route: &&Arc<Route>| matches!(origin, Origin::Merge(_)) && *route.origin == *origin;
        if let Some(route) = self.0.routes.all().find(is_it) {
            return Ok(self.bring(route, None).await.map_err(|failure| failure.error)?.input());
        }
        let Origin::Http(url) = origin else { return Ok(self.0.upstream.ask(origin).await?.into_input()) };
        let route = self.route(&Ask { rules: chain.clone(), ..Ask::url(url) })?;
        Ok(self.0.upstream.ask_feed(&route).await?.into())
    }

    /// `input` through `chain`: decode → parse → rules (with the pages that they want) → emit.
    pub async fn run(&self, input: Input, chain: &Chain, form: Form) -> Result<Output, Error> {
        self.transform(input, self.recipe(chain, &form), limits::PAGE_WAIT).await
    }

    /// The answer to `ask`: from the cache while it is fresh; stale but at once while it is refreshed behind; else made, once
    /// for all who ask meanwhile; the last good one where that fails. `via` names the refeeds that the question came through
    /// (`fetch::Request::via`).
    pub async fn answer(&self, ask: Ask<'_>, via: Option<HeaderValue>) -> Result<Served, Failure> {
        self.answer_of(self.route(&ask)?, via, Haste::AtOnce).await
    }

    async fn answer_of(&self, route: Arc<Route>, via: Option<HeaderValue>, haste: Haste) -> Result<Served, Failure> {
        let now = self.0.clock.now();
        let (key, link) = (route.answer, self.0.publisher.link(&route));
        let found = self.0.store.answer(&key).await;
        let (answer, how) = match found {
            Some(answer) if answer.freshness.is_fresh(now) => (answer, How::Hit),
            Some(answer) if haste == Haste::AtOnce && self.may_refresh_behind(&answer, &route).await => {
                match self.rests(&route).await {
                    Some(failure) => (answer, How::Kept(failure)),
                    None => {
                        self.0.answers.start(key, self.clone().make(route, via, limits::PAGES_PATIENCE));
                        (answer, How::Refreshing)
                    }
                }
            }
            found => {
                let usable = found.as_ref().is_some_and(|found| found.freshness.usable_on_error(now));
                let wait = if usable { limits::STALE_WAIT.min(self.0.wait) } else { self.0.wait };
                let work = self.clone().make(route, via, limits::PAGES_PATIENCE);
                let made = self.0.answers.run(key, wait, work).await.map_err(Failure::from);
                match (made.and_then(|(made, role)| Ok((made?, role))), found) {
                    (Ok((made, role)), found) => made.told(found.is_some(), role),
                    (Err(failure), Some(found)) if failure.leaves(&found.freshness, now) => (found, How::Kept(failure)),
                    (Err(failure), _) => return Err(failure),
                }
            }
        };
        Ok(Served { answer, how, key, link })
    }

    /// The answer's bytes in `encoding`, made on first ask; `None` where they do not pay or are not ready in time.
    pub async fn encoded(&self, served: &Served, encoding: Encoding) -> Option<Representation> {
        let content = &served.answer.content;
        if let Prepared::NotYet = content.encoded(encoding) {
            let flight = Key::of(&[b"encoding", content.etag(Some(encoding)).as_bytes()]);
            let (pipeline, served) = (self.clone(), served.clone());
            let work = async move { pipeline.encode(&served, encoding).await };
            self.0.encodings.run(flight, limits::ENCODING_WAIT, work).await.ok()?;
        }
        match content.encoded(encoding) {
            Prepared::Ready(ready) => Some(ready),
            Prepared::NotYet | Prepared::Useless => None,
        }
    }

    fn route(&self, ask: &Ask<'_>) -> Result<Arc<Route>, Error> {
        self.0.routes.asked(ask, self.0.clock.now())
    }

    /// In which form a feed of the configuration goes out when it is asked for in `format`.
    pub fn form(&self, name: &str, format: Option<Format>) -> Option<Form> {
        let route = self.0.routes.named(name)?;
        Some(self.0.routes.in_form(route, &Ask { format, ..Ask::named(name) }).form.clone())
    }

    /// True where the configuration has a feed of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.routes.named(name).is_some()
    }

    async fn encode(&self, served: &Served, encoding: Encoding) {
        let content = Arc::clone(&served.answer.content);
        if self.0.workers.run(move || content.prepare(encoding)).await.is_ok() {
            self.0.store.memory().reweigh(served.key, &served.answer).await;
        }
    }
}
