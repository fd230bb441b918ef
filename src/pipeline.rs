//! The one place that knows the order: fetch → decode → parse → rules → emit → variants, behind the cache.
//!
//! No header, no format and no algorithm is here: if it grows an `if` about content, that `if` is in the wrong file.
//! The server asks [`Pipeline::answer`]; the command line, tests and benches call [`Pipeline::run`] with bytes they have.
//! Whatever waits or computes runs once per key (`cache::flight`) in a task of its own, computing on [`workers`].

mod ask;
pub mod error;
mod upstream;
pub mod workers;

use std::collections::HashMap;
use std::sync::Arc;

use self::ask::Route;
pub use self::ask::{Ask, How, Input, Output, Served};
pub use self::error::{Error, Failure};
use self::upstream::Upstream;
use self::workers::Workers;
use crate::base::clock::{Clock, Time};
use crate::base::limits;
use crate::cache::answer::Prepared;
use crate::cache::flight::Flights;
use crate::cache::{Answer, Content, Encoding, Fetched, Key, Memory, Representation};
use crate::config::Config;
use crate::feed::Feed;
use crate::fetch::Client;
use crate::rules::{Chain, Context};

/// Feeds through their rules. Clones share everything.
#[derive(Clone)]
pub struct Pipeline(Arc<Parts>);

struct Parts {
    clock: Clock,
    feeds: HashMap<String, Arc<Route>>,
    no_rules: Arc<Chain>,
    memory: Memory,
    upstream: Upstream,
    workers: Workers,
    answers: Flights<Result<Arc<Answer>, Failure>>,
    encodings: Flights<()>,
}

impl Pipeline {
    /// Compiles the rules of all feeds; the first that cannot work is the error.
    pub fn from_config(config: &Config, clock: Clock, client: Client) -> Result<Pipeline, Error> {
        let mut feeds = HashMap::new();
        for (name, feed) in &config.feeds {
            let wrong = |source| Error::Rules { feed: name.clone(), source };
            let chain = Chain::compile(&feed.rules, feed.relative).map_err(wrong)?;
            feeds.insert(name.clone(), Route::new(Ask::Named(name), &feed.url, Arc::new(chain)));
        }
        let memory = Memory::new(config.cache.memory);
        Ok(Pipeline(Arc::new(Parts {
            feeds,
            no_rules: Arc::default(),
            upstream: Upstream::new(config, clock.clone(), client, memory.clone()),
            memory,
            clock,
            workers: Workers::of_this_machine(),
            answers: Flights::new(config.fetch.timeout + limits::WAIT_SLACK),
            encodings: Flights::new(limits::ENCODING_WAIT),
        })))
    }

    /// The clock that judges freshness.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// `input` through the rules of `ask`, here and now: nothing is fetched, nothing is kept.
    pub fn run(&self, ask: Ask<'_>, input: Input<'_>) -> Result<Output, Error> {
        transform(&*self.route(ask)?, input, self.0.clock.now())
    }

    /// The answer to `ask`: from the cache where it is fresh, else made, once for all who ask meanwhile.
    pub async fn answer(&self, ask: Ask<'_>) -> Result<Served, Failure> {
        let route = self.route(ask)?;
        let key = route.answer;
        let found = self.0.memory.answer(&key).await;
        let stale = found.is_some();
        if let Some(answer) = found.filter(|answer| answer.is_fresh(self.0.clock.now())) {
            return Ok(Served { answer, how: How::Hit, key });
        }
        let pipeline = self.clone();
        let (answer, role) = self.0.answers.run(key, async move { pipeline.make(&route).await }).await?;
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

    fn route(&self, ask: Ask<'_>) -> Result<Arc<Route>, Error> {
        match ask {
            Ask::Named(name) => self.0.feeds.get(name).cloned().ok_or(Error::UnknownFeed),
            Ask::Url(url) => Ok(Route::new(ask, url.as_str(), Arc::clone(&self.0.no_rules))),
        }
    }

    async fn make(&self, route: &Arc<Route>) -> Result<Arc<Answer>, Failure> {
        let previous = self.0.memory.answer(&route.answer).await;
        if let Some(fresh) = previous.as_ref().filter(|answer| answer.is_fresh(self.0.clock.now())) {
            return Ok(Arc::clone(fresh)); // made between the caller's look and this one
        }
        self.0.upstream.check(&route.answer).await?;
        let fetched = self.0.upstream.get(route).await?;
        let (asked, now) = (Arc::clone(route), self.0.clock.now());
        let job = move || produce(&asked, &fetched, previous.as_deref(), now);
        match self.0.workers.run(job).await.map_err(Error::from).and_then(|made| made) {
            Ok(answer) => {
                self.0.memory.put_answer(route.answer, Arc::clone(&answer)).await;
                Ok(answer)
            }
            Err(error) => Err(self.0.upstream.rejected(route, error).await),
        }
    }

    async fn encode(&self, served: &Served, encoding: Encoding) {
        let content = Arc::clone(&served.answer.content);
        if self.0.workers.run(move || content.prepare(encoding)).await.is_ok() {
            self.0.memory.reweigh(served.key, &served.answer).await;
        }
    }
}

/// The answer made of what was fetched; `previous` is the one it replaces.
fn produce(route: &Route, fetched: &Fetched, previous: Option<&Answer>, now: Time) -> Result<Arc<Answer>, Error> {
    let content_type = fetched.content_type.as_ref().and_then(|value| value.to_str().ok());
    let input = Input { body: &fetched.body, content_type, url: Some(&fetched.url) };
    let output = transform(route, input, now)?;
    let content = Content::new(output.body, output.content_type, now, previous.map(|answer| &answer.content));
    Ok(Arc::new(Answer::new(content, &fetched.freshness)))
}

/// decode → parse → rules → emit.
fn transform(route: &Route, input: Input<'_>, now: Time) -> Result<Output, Error> {
    let mut feed = Feed::read(input.body, input.content_type, input.url).map_err(Error::NotAFeed)?;
    route.chain.apply(&mut feed, &Context { now, url: input.url }).map_err(Error::Rule)?;
    Ok(Output { body: feed.emit().into(), content_type: feed.content_type() })
}
