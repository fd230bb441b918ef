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
mod publisher;
mod refresh;
mod seen;
mod sites;
mod subscriber;
mod transform;
mod upstream;
pub mod workers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use self::addresses::Addresses;
use self::adhoc::Adhoc;
use self::archive::Kept;
pub use self::ask::{Ask, Form, How, Input, Output, Served, Which, Window};
use self::ask::{Haste, Route, policy, templates};
use self::deltas::Tags;
pub use self::error::{Error, Failure, RulesError, StartError};
use self::failures::Failures;
use self::listing::Listing;
use self::make::Made;
use self::merge::Merged;
use self::origin::Origins;
use self::pages::Fetcher;
use self::publisher::Publisher;
use self::seen::Sightings;
use self::sites::Sites;
use self::subscriber::Subscriber;
use self::upstream::Upstream;
use self::workers::Workers;
use crate::base::clock::Clock;
use crate::base::limits;
use crate::base::url::Url;
use crate::cache::answer::Prepared;
use crate::cache::disk::DiskError;
use crate::cache::flight::Flights;
use crate::cache::{Disk, Encoding, Key, Memory, Representation, Store};
use crate::config::{Cache, Config, Feed, Origin, Relative, RuleList};
use crate::emit::Format;
use crate::fetch::Client;
use crate::rules::parameters::Parameters;
use crate::rules::{BuildContext, Chain};

/// Feeds through their rules. Clones share everything.
#[derive(Clone)]
pub struct Pipeline(Arc<Parts>);

struct Parts {
    clock: Clock,
    feeds: HashMap<String, Arc<Route>>,
    links: Addresses,
    listing: Listing,
    store: Store,
    sightings: Sightings,
    subscriber: Subscriber,
    publisher: Publisher,
    upstream: Upstream,
    adhoc: Adhoc,
    sites: Sites,
    pages: Fetcher,
    workers: Workers,
    /// The merged feeds, by what stands for what was fetched.
    merged: HashMap<Key, Arc<Merged>>,
    /// What is kept of feeds, by name.
    kept: HashMap<String, Kept>,
    tags: Tags,
    /// `fetch.timeout`, for each source of merged feeds.
    patience: Duration,
    answers: Flights<Result<Made, Failure>>,
    encodings: Flights<()>,
    /// The operator's times, for feeds that are not in the configuration.
    times: Cache,
    /// How long a reader waits for an answer.
    wait: Duration,
}

impl Parts {
    /// What is known and under way beside the caches goes on: who reads which feed, pages that came, subscriptions, first-seen
    /// times, fetches.
    fn take_over(&mut self, before: &Parts) {
        for (name, route) in &self.feeds {
            let read = before.feeds.get(name).and_then(|before| before.read.get());
            if let Some(read) = read {
                route.read.note(read);
            }
        }
        self.sightings = before.sightings.clone();
        self.tags = before.tags.clone();
        self.subscriber = self.subscriber.after(&before.subscriber);
        self.upstream = self.upstream.after(&before.upstream);
        self.pages = self.pages.after(&before.pages);
        self.answers = before.answers.clone();
    }
}

impl Pipeline {
    /// Compiles the rules of all feeds and makes the client that `config` asks for. Keeps nothing on disk.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Pipeline, StartError> {
        Pipeline::with_disk(config, clock, Disk::none())
    }

    /// The same with a store.
    pub fn with_disk(config: &Config, clock: Clock, disk: Disk) -> Result<Pipeline, StartError> {
        let client = origin::client(config, clock.clone())?;
        Pipeline::with_parts(config, clock, client, disk)
    }

    /// The same with a client of the caller's.
    pub fn with_parts(config: &Config, clock: Clock, client: Client, disk: Disk) -> Result<Pipeline, StartError> {
        let store = Store::new(Memory::new(config.cache.memory), disk.clone());
        let workers = Workers::of_this_machine();
        Ok(Pipeline(Arc::new(Pipeline::assemble(config, clock, client, store, Failures::new(disk), workers)?)))
    }

    /// The pipeline of a changed configuration, with what this one has in its caches, knows of its upstreams and has under way.
    pub fn reloaded(&self, config: &Config) -> Result<Pipeline, StartError> {
        let Parts { clock, store, workers, upstream, .. } = &*self.0;
        let client = origin::client(config, clock.clone())?;
        client.holds().restore(upstream.holds().all());
        let failures = upstream.failures().clone();
        let mut parts = Pipeline::assemble(config, clock.clone(), client, store.clone(), failures, workers.clone())?;
        parts.take_over(&self.0);
        Ok(Pipeline(Arc::new(parts)))
    }

    fn assemble(
        config: &Config,
        clock: Clock,
        client: Client,
        store: Store,
        failures: Failures,
        workers: Workers,
    ) -> Result<Parts, StartError> {
        let context = BuildContext::of(&config.sets);
        let links = Addresses::new(&config.server);
        let mut feeds = HashMap::new();
        for (name, feed) in &config.feeds {
            let chain = Chain::build(&feed.rules, &context)?;
            let templates = templates(&feed.templates)?;
            let pages = feed.archive.map(|_| links.pages(name, None));
            let (relative, own_url) = (feed.relative, links.feed(name, None));
            let form = Form { relative, own_url, pages, templates, ..Form::default() };
            let route = Route::new(name.clone(), feed, chain, form, policy(&config.cache, feed));
            feeds.insert(name.clone(), route);
        }
        let wait = config.fetch.timeout + limits::WAIT_SLACK;
        let hubs = client.clone();
        let pages = Fetcher::new(client.clone(), clock.clone(), failures.clone());
        let origins = Origins { client, clock: clock.clone(), max_body: config.fetch.max_body };
        Ok(Parts {
            merged: merge::all(config, &feeds, &context)?,
            kept: archive::all(config),
            tags: Tags::new(store.disk().clone()),
            patience: config.fetch.timeout,
            upstream: Upstream::new(origins, store.clone(), failures, workers.clone(), wait),
            feeds,
            links,
            listing: Listing::new(config),
            sightings: Sightings::default(),
            sites: Sites::new(config, &context)?,
            adhoc: Adhoc::new(context),
            pages,
            publisher: Publisher::new(config.server.hub.as_ref(), hubs.clone()),
            subscriber: Subscriber::new(config.server.public_url.as_ref(), hubs, clock.clone(), store.disk().clone()),
            store,
            clock,
            workers,
            answers: Flights::new(),
            encodings: Flights::new(),
            times: config.cache.clone(),
            wait,
        })
    }

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
        if let Some(route) = self.0.feeds.get(name) {
            self.0.upstream.failures().forget(&route.fetched).await;
        }
        Ok(gone)
    }

    /// The rules of a feed of the configuration.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.0.feeds.get(name).map(|route| &route.chain)
    }

    /// The rules that came with a request, compiled.
    pub async fn rules(&self, parameters: &Parameters) -> Result<Chain, RulesError> {
        self.0.adhoc.chain(parameters, &self.0.workers).await
    }

    /// What is at `origin` now, past the cache.
    pub async fn fetch(&self, origin: &Origin) -> Result<Input, Arc<Error>> {
        match self.0.feeds.values().find(|route| matches!(origin, Origin::Merge(_)) && route.origin == *origin) {
            Some(route) => Ok(self.bring(route, None).await.map_err(|failure| failure.error)?.input()),
            None => Ok(self.0.upstream.ask(origin).await?.into_input()),
        }
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
        match ask.feed {
            Which::Named(name) => {
                let route = self.0.feeds.get(name).ok_or(Error::UnknownFeed)?;
                route.read.note(self.0.clock.now());
                let (format, window) = (ask.format, ask.window);
                if ask.rules.is_empty() && format.is_none() && window == Window::Newest {
                    return Ok(Arc::clone(route));
                }
                if !ask.rules.is_empty() {
                    // what a reader's own rules make of it has no address that refeed knows
                    let form = Form { format, window, own_url: None, pages: None, ..route.form.clone() };
                    return Ok(route.in_form(&ask.rules, form));
                }
                let (own_url, pages) = (self.0.links.window(name, format, window), self.0.links.pages(name, format));
                let pages = Some(pages).filter(|_| route.form.pages.is_some());
                Ok(route.in_form(&ask.rules, Form { format, window, own_url, pages, ..route.form.clone() }))
            }
            Which::Url(url) => {
                let form = Form { format: ask.format, window: ask.window, ..Form::default() };
                Ok(self.any(&ask.feed, url, ask.rules.clone(), form))
            }
            Which::Proxied(url) => {
                // at its own address its relative URLs mean what they meant
                let form = Form { relative: Relative::Keep, ..Form::default() };
                Ok(self.any(&ask.feed, url, self.0.sites.chain(url).clone(), form))
            }
        }
    }

    /// A feed that is not in the configuration.
    fn any(&self, which: &Which<'_>, url: &Url, chain: Chain, form: Form) -> Arc<Route> {
        let feed = Feed::new(url.as_str(), Origin::Http(url.clone()), RuleList::empty());
        Route::new(which.label(), &feed, chain, form, policy(&self.0.times, &feed))
    }

    /// In which form a feed of the configuration goes out when it is asked for in `format`.
    pub fn form(&self, name: &str, format: Option<Format>) -> Option<Form> {
        self.route(&Ask { format, ..Ask::named(name) }).ok().map(|route| route.form.clone())
    }

    /// True where the configuration has a feed of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.feeds.contains_key(name)
    }

    async fn encode(&self, served: &Served, encoding: Encoding) {
        let content = Arc::clone(&served.answer.content);
        if self.0.workers.run(move || content.prepare(encoding)).await.is_ok() {
            self.0.store.memory().reweigh(served.key, &served.answer).await;
        }
    }
}
