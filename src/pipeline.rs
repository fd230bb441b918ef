//! The one place that knows the order: fetch → decode → parse → rules → emit → variants, behind the cache.
//!
//! No header, no format and no algorithm is here: if it grows an `if` about content, that `if` is in the wrong file.
//! The server asks [`Pipeline::answer`]; the command line, tests and benches call [`Pipeline::run`] with bytes they have.
//! Whatever waits or computes runs once per key (`cache::flight`) in a task of its own, computing on [`workers`].

mod addresses;
mod adhoc;
mod archive;
mod ask;
mod deltas;
pub mod documents;
pub mod error;
pub mod explain;
mod listing;
mod merge;
mod pages;
mod sites;
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
use self::ask::{Brought, Route};
use self::deltas::Tags;
pub use self::error::{Error, Failure, RulesError, StartError};
use self::listing::Listing;
use self::merge::Merged;
use self::pages::Fetcher;
use self::sites::Sites;
use self::transform::{Recipe, Stage};
use self::upstream::Upstream;
use self::workers::Workers;
use crate::base::clock::{Clock, Time};
use crate::base::limits;
use crate::cache::answer::Prepared;
use crate::cache::flight::Flights;
use crate::cache::{Answer, Content, Disk, Encoding, Fetched, Key, Memory, Representation};
use crate::config::{self, Config, Origin, Relative};
use crate::emit::{Format, Templates};
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
    memory: Memory,
    disk: Disk,
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
    answers: Flights<Result<Arc<Answer>, Failure>>,
    encodings: Flights<()>,
}

impl Pipeline {
    /// Compiles the rules of all feeds and makes the client that `config` asks for. Keeps nothing on disk.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Pipeline, StartError> {
        Pipeline::with_disk(config, clock, Disk::none())
    }

    /// The same with a store.
    pub fn with_disk(config: &Config, clock: Clock, disk: Disk) -> Result<Pipeline, StartError> {
        let client = upstream::client(config, clock.clone())?;
        Pipeline::with_parts(config, clock, client, disk)
    }

    /// The same with a client of the caller's.
    pub fn with_parts(config: &Config, clock: Clock, client: Client, disk: Disk) -> Result<Pipeline, StartError> {
        let memory = Memory::new(config.cache.memory);
        Pipeline::assemble(config, clock, client, disk, memory, Workers::of_this_machine())
    }

    /// The pipeline of a changed configuration, with what this one has in its caches.
    pub fn reloaded(&self, config: &Config) -> Result<Pipeline, StartError> {
        let Parts { clock, disk, memory, workers, .. } = &*self.0;
        let client = upstream::client(config, clock.clone())?;
        Pipeline::assemble(config, clock.clone(), client, disk.clone(), memory.clone(), workers.clone())
    }

    fn assemble(
        config: &Config,
        clock: Clock,
        client: Client,
        disk: Disk,
        memory: Memory,
        workers: Workers,
    ) -> Result<Pipeline, StartError> {
        let context = BuildContext::of(&config.sets);
        let links = Addresses::new(&config.server);
        let mut feeds = HashMap::new();
        for (name, feed) in &config.feeds {
            let chain = Chain::build(&feed.rules, &context)?;
            let templates = templates(&feed.templates)?;
            let pages = feed.archive.map(|_| links.pages(name, None));
            let (relative, own_url) = (feed.relative, links.feed(name, None));
            let form = Form { relative, own_url, pages, templates, ..Form::default() };
            let route = Route::new(name.clone(), &feed.url, feed.origin.clone(), chain, form);
            feeds.insert(name.clone(), route);
        }
        Ok(Pipeline(Arc::new(Parts {
            merged: merge::all(config, &feeds, &context)?,
            kept: archive::all(config),
            tags: Tags::new(disk.clone()),
            patience: config.fetch.timeout,
            feeds,
            links,
            listing: Listing::new(config),
            sites: Sites::new(config, &context)?,
            adhoc: Adhoc::new(context),
            pages: Fetcher::new(client.clone(), clock.clone()),
            upstream: Upstream::new(config, clock.clone(), client, memory.clone()),
            memory,
            disk,
            clock,
            workers,
            answers: Flights::new(config.fetch.timeout + limits::WAIT_SLACK),
            encodings: Flights::new(limits::ENCODING_WAIT),
        })))
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
        &self.0.disk
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
            Some(route) => Ok(input(&self.bring(route, None).await.map_err(|failure| failure.error)?.fetched)),
            None => Ok(input(&*self.0.upstream.ask(origin, None).await?)),
        }
    }

    /// `input` through `chain`: decode → parse → rules (with the pages that they want) → emit.
    pub async fn run(&self, input: Input, chain: &Chain, form: Form) -> Result<Output, Error> {
        self.transform(input, self.recipe(chain, &form), limits::PAGE_WAIT).await
    }

    /// The answer to `ask`: from the cache where it is fresh, else made, once for all who ask meanwhile. `via` names the
    /// refeeds that the question came through (`fetch::Request::via`).
    pub async fn answer(&self, ask: Ask<'_>, via: Option<HeaderValue>) -> Result<Served, Failure> {
        self.answer_of(self.route(&ask)?, via).await
    }

    async fn answer_of(&self, route: Arc<Route>, via: Option<HeaderValue>) -> Result<Served, Failure> {
        let key = route.answer;
        let found = self.0.memory.answer(&key).await;
        let stale = found.is_some();
        if let Some(answer) = found.filter(|answer| answer.is_fresh(self.0.clock.now())) {
            return Ok(Served { answer, how: How::Hit, key });
        }
        let pipeline = self.clone();
        let work = async move { pipeline.make(&route, via, limits::PAGES_PATIENCE).await };
        let (answer, role) = self.0.answers.run(key, work).await?;
        Ok(Served { answer: answer?, how: How::Made { stale, role }, key })
    }

    /// The answer's bytes in `encoding`, made on first ask; `None` where they do not pay or are not ready in time.
    pub async fn encoded(&self, served: &Served, encoding: Encoding) -> Option<Representation> {
        let content = &served.answer.content;
        if let Prepared::NotYet = content.encoded(encoding) {
            let flight = Key::of(&[b"encoding", content.etag(Some(encoding)).as_bytes()]);
            let (pipeline, served) = (self.clone(), served.clone());
            self.0.encodings.run(flight, async move { pipeline.encode(&served, encoding).await }).await.ok()?;
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
                Ok(Route::new(ask.feed.label(), url.as_str(), Origin::Http(url.clone()), ask.rules.clone(), form))
            }
            Which::Proxied(url) => {
                // at its own address its relative URLs mean what they meant
                let form = Form { relative: Relative::Keep, ..Form::default() };
                let chain = self.0.sites.chain(url).clone();
                Ok(Route::new(ask.feed.label(), url.as_str(), Origin::Http(url.clone()), chain, form))
            }
        }
    }

    /// In which form a feed of the configuration goes out when it is asked for in `format`.
    pub fn form(&self, name: &str, format: Option<Format>) -> Option<Form> {
        self.route(&Ask { format, ..Ask::named(name) }).ok().map(|route| route.form.clone())
    }

    /// True where the configuration has a feed of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.feeds.contains_key(name)
    }

    /// Makes the answer of `route`, with the pages that came within `patience`.
    async fn make(
        &self,
        route: &Arc<Route>,
        via: Option<HeaderValue>,
        patience: Duration,
    ) -> Result<Arc<Answer>, Failure> {
        let previous = self.0.memory.answer(&route.answer).await;
        if let Some(fresh) = previous.as_ref().filter(|answer| answer.is_fresh(self.0.clock.now())) {
            return Ok(Arc::clone(fresh)); // made between the caller's look and this one
        }
        self.0.upstream.check(&route.answer).await?;
        let brought = self.bring(route, via).await?;
        let Brought { fetched, errors, links, revision } = self.with_kept(route, brought).await?;
        let recipe = Arc::new(Recipe { links, ..Recipe::clone(&self.recipe(&route.chain, &route.form)) });
        match self.transform(input(&fetched), recipe, patience).await {
            Ok(output) => {
                let incomplete = output.incomplete;
                let (asked, now) = (Arc::clone(route), self.0.clock.now());
                let job = move || answer(&asked, &fetched, output, &errors, previous.as_deref(), now);
                let answer = self.0.workers.run(job).await.map_err(Error::from)?;
                self.0.memory.put_answer(route.answer, Arc::clone(&answer)).await;
                if let Some(revision) = revision.filter(|_| route.form.window == Window::Newest) {
                    self.0.tags.remember(route, &answer, revision).await;
                }
                if incomplete {
                    self.complete(Arc::clone(route));
                }
                Ok(answer)
            }
            Err(error) => Err(self.0.upstream.rejected(route, error).await),
        }
    }

    /// What the answer of `route` is made of: what upstream has, or what its sources have together.
    async fn bring(&self, route: &Arc<Route>, via: Option<HeaderValue>) -> Result<Brought, Failure> {
        match self.0.merged.get(&route.fetched) {
            Some(merged) => self.together(merged, via).await,
            None => Ok(Brought::of(self.0.upstream.get(route, via).await?)),
        }
    }

    /// Makes the answer again with the pages that are still on their way, so that the next reader has them. One try: an
    /// answer that stays incomplete is made anew when it is asked for.
    fn complete(&self, route: Arc<Route>) {
        let key = route.answer.of_kind(b"complete");
        let pipeline = self.clone();
        let work = async move { pipeline.make(&route, None, limits::PAGE_WAIT).await };
        let flights = self.clone();
        tokio::spawn(async move { flights.0.answers.run(key, work).await.map(drop) });
    }

    fn recipe(&self, chain: &Chain, form: &Form) -> Arc<Recipe> {
        Arc::new(Recipe { chain: chain.clone(), form: form.clone(), links: None, now: self.0.clock.now() })
    }

    async fn transform(&self, input: Input, recipe: Arc<Recipe>, patience: Duration) -> Result<Output, Error> {
        let mut stage = self.0.workers.run(move || transform::start(input, recipe)).await??;
        loop {
            let mut paused = match stage {
                Stage::Done(output) => return Ok(output),
                Stage::Paused(paused) => paused,
            };
            let wants = paused.ask();
            self.0.pages.bring(paused.pages(), wants, patience).await;
            stage = self.0.workers.run(move || paused.resume()).await??;
        }
    }

    async fn encode(&self, served: &Served, encoding: Encoding) {
        let content = Arc::clone(&served.answer.content);
        if self.0.workers.run(move || content.prepare(encoding)).await.is_ok() {
            self.0.memory.reweigh(served.key, &served.answer).await;
        }
    }
}

/// The answer made of what was fetched; `previous` is the one it replaces. An incomplete one is stale from the start.
fn answer(
    route: &Route,
    fetched: &Fetched,
    mut output: Output,
    errors: &[String],
    previous: Option<&Answer>,
    now: Time,
) -> Arc<Answer> {
    for note in &output.notes {
        tracing::info!(feed = %route.label, %note, "noted on the way");
    }
    output.body.shrink_to_fit(); // the cache keeps this allocation and weighs its length
    let previous = previous.map(|answer| &answer.content);
    let content = Content::new(output.body.into(), output.content_type, now, previous);
    let mut freshness = fetched.freshness;
    if output.incomplete {
        freshness.fresh_until = now;
    }
    Arc::new(Answer::new(content, &freshness).without(errors))
}

/// The templates of a feed that has its own.
fn templates(files: &config::Templates) -> Result<Option<Templates>, StartError> {
    let config::Templates { markdown, html } = files;
    if markdown.is_none() && html.is_none() {
        return Ok(None);
    }
    Ok(Some(Templates::compile(markdown.as_ref(), html.as_ref())?))
}

fn input(fetched: &Fetched) -> Input {
    let content_type = fetched.content_type.as_ref().and_then(|value| value.to_str().ok().map(str::to_owned));
    Input { bytes: fetched.body.clone(), content_type, url: fetched.url.clone() }
}
