//! decode → parse → rules → emit, in stages: a rule that reads pages stops the work, which goes on when they came.
//!
//! Each stage is CPU work for a blocking thread ([`Workers`](super::workers::Workers)); between two of them the feed waits
//! with its edits. Called by `pipeline.rs`.

use std::sync::Arc;

use super::ask::{Form, Input, Output};
use super::error::Error;
use crate::base::clock::Time;
use crate::base::limits::MAX_PAGE_ROUNDS;
use crate::config::Relative;
use crate::emit;
use crate::feed::Feed;
use crate::rules::links::Links;
use crate::rules::{Chain, Context, Page, Pages, Progress, Rule, Want};

/// What a feed is put through.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub chain: Chain,
    pub form: Form,
    /// The present moment.
    pub now: Time,
}

/// How far the work came.
pub(super) enum Stage {
    /// To its end.
    Done(Output),
    /// To a rule that wants pages.
    Paused(Box<Paused>),
}

/// A feed between two rules.
pub(super) struct Paused {
    feed: Feed,
    context: Context,
    recipe: Arc<Recipe>,
    at: usize,
    wants: Vec<Want>,
    rounds: usize,
}

impl Paused {
    /// What the rule wants. After [`MAX_PAGE_ROUNDS`] pauses nothing is asked for any more: it has failed.
    pub fn ask(&mut self) -> Vec<Want> {
        let wants = std::mem::take(&mut self.wants);
        if self.rounds < MAX_PAGE_ROUNDS {
            return wants;
        }
        let why: Arc<str> = format!("more than {MAX_PAGE_ROUNDS} pages, each leading to the next").into();
        for want in wants {
            self.context.pages.put(want, Page::Failed(Arc::clone(&why)));
        }
        Vec::new()
    }

    /// What is known of pages; to be filled with what became of those that were asked for.
    pub fn pages(&mut self) -> &mut Pages {
        &mut self.context.pages
    }

    /// On to the next pause, or to the end.
    pub fn resume(self) -> Result<Stage, Error> {
        advance(self.feed, self.context, self.recipe, self.at, self.rounds + 1)
    }
}

/// The first stage. The feed's address changes, so its relative URLs are made absolute unless it shall keep them.
pub(super) fn start(input: Input, recipe: Arc<Recipe>) -> Result<Stage, Error> {
    let Input { bytes, content_type, url } = input;
    let mut feed = Feed::read(&bytes, content_type.as_deref(), url.as_ref()).map_err(Error::NotAFeed)?;
    let context = Context::new(recipe.now, url);
    match recipe.form.relative {
        Relative::Absolute => Links.apply(&mut feed, &context).map_err(Error::Rule)?,
        Relative::Keep => {}
    }
    advance(feed, context, recipe, 0, 0)
}

fn advance(mut feed: Feed, context: Context, recipe: Arc<Recipe>, from: usize, rounds: usize) -> Result<Stage, Error> {
    match recipe.chain.advance(&mut feed, &context, from).map_err(Error::Rule)? {
        Progress::Waiting { at, wants } => {
            Ok(Stage::Paused(Box::new(Paused { feed, context, recipe, at, wants, rounds })))
        }
        Progress::Done => {
            let (notes, incomplete) = (feed.notes().to_vec(), context.pages.is_pending());
            let form = &recipe.form;
            let (body, content_type) = emit::emit(feed, form.format, form.about()).map_err(Error::Emit)?;
            Ok(Stage::Done(Output { body, content_type, notes, incomplete }))
        }
    }
}
