//! How an answer is made: the good copy, the rules with the pages that they want, and what of it is remembered.
//!
//! Where neither the copy nor the moment makes a difference, the answer at hand is found good again without a rule being
//! run. Called by `pipeline.rs`, once for all who ask meanwhile.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use super::ask::Route;
use super::error::{Error, Failure};
use super::transform::{self, Recipe, Stage};
use super::upstream::{Came, Got};
use super::{Form, How, Input, Output, Pipeline, Window};
use crate::base::clock::Time;
use crate::base::limits;
use crate::cache::flight::Role;
use crate::cache::freshness::Freshness;
use crate::cache::{Answer, Content, Fetched};
use crate::feed::history::Links;
use crate::rules::Chain;

/// An answer, and how its copy was come by.
#[derive(Clone)]
pub(super) struct Made {
    pub answer: Arc<Answer>,
    pub came: Came,
    /// What it was made of; none where a fresh answer was at hand.
    pub copy: Option<Arc<Fetched>>,
    /// It is in the cache now.
    stored: bool,
}

/// What an answer is made of.
#[derive(Clone)]
pub(super) struct Brought {
    /// The feed before its rules.
    pub copy: Arc<Fetched>,
    /// Until when it may be used.
    pub freshness: Freshness,
    /// How it was come by.
    pub came: Came,
    /// The sources of a merged feed that have no answer, for the reader: `name: reason`.
    pub errors: Vec<String>,
    /// Where the rest of the feed is, if there is more.
    pub links: Option<Links>,
    /// The archive's revision that it shows.
    pub revision: Option<u64>,
}

impl Brought {
    /// What upstream has, without what is kept beside it.
    pub(super) fn of(copy: Arc<Fetched>, freshness: Freshness, came: Came) -> Brought {
        Brought { copy, freshness, came, errors: Vec::new(), links: None, revision: None }
    }

    /// For the transformation.
    pub(super) fn input(&self) -> Input {
        Fetched::clone(&self.copy).into()
    }
}

impl Made {
    /// The answer, and what a reader is told of it who had a stale one or none.
    pub(super) fn told(self, stale: bool, role: Role) -> (Arc<Answer>, How) {
        let (asked, status) = match self.came {
            Came::Instead(failure) => return (self.answer, How::Kept(failure)),
            Came::Asked(status) => (true, status),
            Came::Kept => (false, None),
        };
        (self.answer, How::Made { stale, role, asked, status, stored: self.stored })
    }
}

impl Pipeline {
    /// True where the stale `answer` of `route` may be used at once; not where a fresh copy is at hand: a better one can be
    /// made of that in no time.
    pub(super) async fn may_refresh_behind(&self, answer: &Answer, route: &Route) -> bool {
        answer.freshness.usable_stale(self.0.clock.now()) && !self.0.upstream.is_fresh(route).await
    }

    /// Why nothing is tried for `route` now: its rules failed, its upstream did, or the host asked for a pause.
    pub(super) async fn rests(&self, route: &Route) -> Option<Failure> {
        match self.0.upstream.ruled_out(route).await {
            Some(failure) => Some(failure),
            None => self.0.upstream.resting(route).await,
        }
    }

    /// Makes the answer of `route`, with the pages that came within `patience`.
    pub(super) async fn make(
        self,
        route: Arc<Route>,
        via: Option<HeaderValue>,
        patience: Duration,
    ) -> Result<Made, Failure> {
        let previous = self.0.store.answer(&route.answer).await;
        let outdated = self.0.upstream.is_outdated(&route.fetched);
        let fresh = |answer: &&Arc<Answer>| !outdated && answer.freshness.is_fresh(self.0.clock.now());
        if let Some(fresh) = previous.as_ref().filter(fresh) {
            // made between the caller's look and this one
            return Ok(Made { answer: Arc::clone(fresh), came: Came::Kept, copy: None, stored: true });
        }
        if let Some(failure) = self.0.upstream.ruled_out(&route).await {
            return Err(failure);
        }
        let brought = self.bring(&route, via).await?;
        let brought = self.with_kept(&route, brought).await?;
        let digest = Some(brought.copy.about.digest);
        let before = previous.as_ref().map(|previous| previous.content.etag(None).clone());
        let same = previous.as_ref().filter(|previous| previous.made_of == digest);
        if let Some(same) = same.filter(|same| same.freshness == brought.freshness) {
            return Ok(Made { answer: Arc::clone(same), came: brought.came, copy: Some(brought.copy), stored: true });
        }
        let (answer, incomplete) = match same {
            Some(same) => (Arc::new(same.again(brought.freshness).without(&brought.errors)), false),
            None => match self.transformed(&route, &brought, previous, patience).await {
                Ok(made) => made,
                Err(error) => return Err(self.0.upstream.unruly(&route, error).await),
            },
        };
        self.0.upstream.ruled(&route).await;
        self.0.publisher.announce(&route, before.as_ref(), &answer);
        let stored = self.0.store.put_answer(route.answer, &route.label, Arc::clone(&answer)).await;
        if let Some(revision) = brought.revision.filter(|_| route.form.window == Window::Newest) {
            self.0.tags.remember(&route, &answer, revision).await;
        }
        if incomplete {
            self.complete(route);
        }
        Ok(Made { answer, came: brought.came, copy: Some(brought.copy), stored })
    }

    /// What the answer of `route` is made of: what upstream has, or what its sources have together.
    pub(super) async fn bring(&self, route: &Arc<Route>, via: Option<HeaderValue>) -> Result<Brought, Failure> {
        if let Some(merged) = self.0.merged.get(&route.fetched) {
            return self.together(merged, via).await;
        }
        let Got { copy, came } = self.0.upstream.get(route, via).await?;
        let freshness = copy.about.freshness(&route.policy);
        Ok(Brought::of(copy, freshness, came))
    }

    /// The answer made of `brought`; true where pages for it are still on their way.
    async fn transformed(
        &self,
        route: &Arc<Route>,
        brought: &Brought,
        previous: Option<Arc<Answer>>,
        patience: Duration,
    ) -> Result<(Arc<Answer>, bool), Error> {
        let recipe = Recipe { links: brought.links.clone(), ..self.recipe(&route.chain, &route.form) };
        let output = self.write(route, brought.input(), recipe, patience).await?;
        let incomplete = output.incomplete;
        let (label, brought, now) = (route.label.clone(), brought.clone(), self.0.clock.now());
        let job = move || answer(&label, &brought, output, previous.as_deref(), now);
        Ok((self.0.workers.run(job).await?, incomplete))
    }

    /// Makes the answer again with the pages that are still on their way, so that the next reader has them. One try: an
    /// answer that stays incomplete is made anew when it is asked for.
    fn complete(&self, route: Arc<Route>) {
        let key = route.answer.of_kind(b"complete");
        self.0.answers.start(key, self.clone().make(route, None, limits::PAGE_WAIT));
    }

    pub(super) fn recipe(&self, chain: &Chain, form: &Form) -> Recipe {
        Recipe { chain: chain.clone(), form: form.clone(), links: None, now: self.0.clock.now() }
    }

    pub(super) async fn transform(&self, input: Input, recipe: Recipe, patience: Duration) -> Result<Output, Error> {
        let recipe = Arc::new(recipe);
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
}

/// The answer made of `brought`; `previous` is the one it replaces. An incomplete one is stale from the start.
fn answer(label: &str, brought: &Brought, mut output: Output, previous: Option<&Answer>, now: Time) -> Arc<Answer> {
    for note in &output.notes {
        tracing::info!(feed = %label, %note, "noted on the way");
    }
    output.body.shrink_to_fit(); // the cache keeps this allocation and weighs its length
    let previous = previous.map(|answer| &answer.content);
    let content = Content::new(output.body.into(), output.content_type, now, previous);
    let mut freshness = brought.freshness;
    if output.incomplete {
        freshness.fresh_until = now;
    }
    let lasts = !output.incomplete && !output.timely;
    Arc::new(Answer::new(content, lasts.then_some(brought.copy.about.digest), freshness).without(&brought.errors))
}
