//! How a pipeline is put together: of a configuration, or of a changed one and what the running pipeline has in its caches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use super::adhoc::Adhoc;
use super::archive::{self, Kept};
use super::deltas::Tags;
use super::error::{Failure, StartError};
use super::failures::Failures;
use super::listing::Listing;
use super::make::Made;
use super::merge::{self, Merged};
use super::origin::{self, Origins};
use super::pages::Fetcher;
use super::publisher::Publisher;
use super::routes::Routes;
use super::seen::Sightings;
use super::subscriber::Subscriber;
use super::upstream::Upstream;
use super::workers::Workers;
use crate::base::clock::Clock;
use crate::base::limits;
use crate::cache::flight::Flights;
use crate::cache::{Disk, Key, Memory, Shared, Store};
use crate::config::Config;
use crate::fetch::Client;
use crate::rules::BuildContext;

/// What all clones of a pipeline share.
pub(super) struct Parts {
    pub(super) clock: Clock,
    pub(super) routes: Routes,
    pub(super) listing: Listing,
    pub(super) store: Store,
    pub(super) sightings: Sightings,
    pub(super) subscriber: Subscriber,
    pub(super) publisher: Publisher,
    pub(super) upstream: Upstream,
    pub(super) adhoc: Adhoc,
    pub(super) pages: Fetcher,
    pub(super) workers: Workers,
    /// The merged feeds, by what stands for what was fetched.
    pub(super) merged: HashMap<Key, Arc<Merged>>,
    /// What is kept of feeds, by name.
    pub(super) kept: HashMap<Arc<str>, Kept>,
    pub(super) tags: Tags,
    /// `fetch.timeout`, for each source of merged feeds.
    pub(super) patience: Duration,
    pub(super) answers: Flights<Result<Made, Failure>>,
    pub(super) encodings: Flights<()>,
    /// How long a reader waits for an answer.
    pub(super) wait: Duration,
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
        let shared = config.cache.shared.as_ref().map_or_else(Shared::none, |address| Shared::at(address.reveal()));
        let store = Store::new(Memory::new(config.cache.memory), disk.clone(), shared.clone());
        let (workers, failures) = (Workers::of_this_machine(), Failures::new(disk, shared));
        Ok(Pipeline(Arc::new(Parts::assemble(config, clock, client, store, failures, workers)?)))
    }

    /// The pipeline of a changed configuration, with what this one has in its caches, knows of its upstreams and has under way.
    pub fn reloaded(&self, config: &Config) -> Result<Pipeline, StartError> {
        let Parts { clock, store, workers, upstream, .. } = &*self.0;
        let client = origin::client(config, clock.clone())?;
        client.holds().restore(upstream.holds().all());
        let failures = upstream.failures().clone();
        let mut parts = Parts::assemble(config, clock.clone(), client, store.clone(), failures, workers.clone())?;
        parts.take_over(&self.0);
        Ok(Pipeline(Arc::new(parts)))
    }
}

impl Parts {
    fn assemble(
        config: &Config,
        clock: Clock,
        client: Client,
        store: Store,
        failures: Failures,
        workers: Workers,
    ) -> Result<Parts, StartError> {
        let context = BuildContext::of(config);
        let routes = Routes::new(config, &context)?;
        let wait = config.fetch.timeout + limits::WAIT_SLACK;
        let hubs = client.clone();
        let pages = Fetcher::new(client.clone(), clock.clone(), store.disk().clone(), failures.clone());
        let origins = Origins { client, clock: clock.clone(), max_body: config.fetch.max_body };
        Ok(Parts {
            merged: merge::all(config, &routes, &context)?,
            kept: archive::all(config),
            tags: Tags::new(store.disk().clone()),
            patience: config.fetch.timeout,
            upstream: Upstream::new(origins, store.clone(), failures, workers.clone(), wait),
            routes,
            listing: Listing::new(config),
            sightings: Sightings::default(),
            adhoc: Adhoc::new(context),
            pages,
            publisher: Publisher::new(config.server.hub.as_ref(), hubs.clone()),
            subscriber: Subscriber::new(config.server.public_url.as_ref(), hubs, clock.clone(), store.disk().clone()),
            store,
            clock,
            workers,
            answers: Flights::new(),
            encodings: Flights::new(),
            wait,
        })
    }

    /// What is known and under way beside the caches goes on: who reads which feed, pages that came, subscriptions, first-seen
    /// times, fetches.
    fn take_over(&mut self, before: &Parts) {
        for route in self.routes.all() {
            let before = before.routes.named(&route.label);
            if let Some(read) = before.and_then(|before| before.read.get()) {
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
