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
use super::{Form, How, Input, Output, Pipeline};
use crate::base::clock::Time;
use crate::base::limits;
use crate::cache::flight::Role;
use crate::cache::{Answer, Content, Fetched};
use crate::rules::Chain;

/// An answer, and how its copy was come by.
#[derive(Clone)]
pub(super) struct Made {
    answer: Arc<Answer>,
    came: Came,
    /// It is in the cache now.
    stored: bool,
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
    /// Why nothing is tried for `route` now: its rules failed, its upstream did, or the host asked for a pause.
    pub(super) async fn rests(&self, route: &Route) -> Option<Failure> {
        match self.0.upstream.failing(&route.answer).await {
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
        let previous = self.0.memory.answer(&route.answer).await;
        if let Some(fresh) = previous.as_ref().filter(|answer| answer.freshness.is_fresh(self.0.clock.now())) {
            // made between the caller's look and this one
            return Ok(Made { answer: Arc::clone(fresh), came: Came::Kept, stored: true });
        }
        if let Some(failure) = self.0.upstream.failing(&route.answer).await {
            return Err(failure);
        }
        let Got { copy, came } = self.0.upstream.get(&route, via).await?;
        let same = previous.as_ref().filter(|previous| previous.made_of == Some(copy.about.digest));
        let (answer, incomplete) = match same {
            Some(same) => (Arc::new(same.again(copy.about.freshness(&route.policy))), false),
            None => match self.transformed(&route, &copy, previous, patience).await {
                Ok(made) => made,
                Err(error) => return Err(self.0.upstream.failed(route.answer, &route.label, error).await),
            },
        };
        self.0.upstream.works(&route.answer, &route.label).await;
        let stored = self.0.memory.put_answer(route.answer, Arc::clone(&answer)).await;
        if incomplete {
            self.complete(route);
        }
        Ok(Made { answer, came, stored })
    }

    /// The answer made of `copy`; true where pages for it are still on their way.
    async fn transformed(
        &self,
        route: &Arc<Route>,
        copy: &Arc<Fetched>,
        previous: Option<Arc<Answer>>,
        patience: Duration,
    ) -> Result<(Arc<Answer>, bool), Error> {
        let output = self.transform(input(copy), self.recipe(&route.chain, &route.form), patience).await?;
        let incomplete = output.incomplete;
        let (route, copy, now) = (Arc::clone(route), Arc::clone(copy), self.0.clock.now());
        let job = move || answer(&route, &copy, output, previous.as_deref(), now);
        Ok((self.0.workers.run(job).await?, incomplete))
    }

    /// Makes the answer again with the pages that are still on their way, so that the next reader has them. One try: an
    /// answer that stays incomplete is made anew when it is asked for.
    fn complete(&self, route: Arc<Route>) {
        let key = route.answer.of_kind(b"complete");
        self.0.answers.start(key, self.clone().make(route, None, limits::PAGE_WAIT));
    }

    pub(super) fn recipe(&self, chain: &Chain, form: &Form) -> Arc<Recipe> {
        Arc::new(Recipe { chain: chain.clone(), form: form.clone(), now: self.0.clock.now() })
    }

    pub(super) async fn transform(
        &self,
        input: Input,
        recipe: Arc<Recipe>,
        patience: Duration,
    ) -> Result<Output, Error> {
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

/// The answer made of what was fetched; `previous` is the one it replaces. An incomplete one is stale from the start.
fn answer(route: &Route, copy: &Fetched, mut output: Output, previous: Option<&Answer>, now: Time) -> Arc<Answer> {
    for note in &output.notes {
        tracing::info!(feed = %route.label, %note, "noted on the way");
    }
    output.body.shrink_to_fit(); // the cache keeps this allocation and weighs its length
    let previous = previous.map(|answer| &answer.content);
    let content = Content::new(output.body.into(), output.content_type, now, previous);
    let mut freshness = copy.about.freshness(&route.policy);
    if output.incomplete {
        freshness.fresh_until = now;
    }
    let lasts = !output.incomplete && !output.timely;
    Arc::new(Answer::new(content, lasts.then_some(copy.about.digest), freshness))
}

fn input(copy: &Fetched) -> Input {
    let content_type = copy.about.content_type.as_ref().and_then(|line| line.0.to_str().ok().map(str::to_owned));
    Input { bytes: copy.body.clone(), content_type, url: copy.about.url.clone() }
}
