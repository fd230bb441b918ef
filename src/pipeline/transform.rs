//! decode → parse → rules → emit, in stages: a rule that reads pages stops the work, which goes on when they came.
//!
//! Each stage is CPU work for a blocking thread ([`Workers`](super::workers::Workers)); between two of them the feed waits
//! with its edits. Called by `pipeline.rs`.

use std::sync::Arc;

use super::ask::{Form, Input, Output, Window};
use super::error::Error;
use crate::base::clock::Time;
use crate::base::limits::MAX_PAGE_ROUNDS;
use crate::config::Relative;
use crate::emit;
use crate::feed::Feed;
use crate::feed::history;
use crate::rules::links::Links;
use crate::rules::{Chain, Context, Page, Pages, Progress, Raw, Rule, Want};

/// What a feed is put through.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub chain: Chain,
    pub form: Form,
    /// Where the rest of the feed is, if there is more.
    pub links: Option<history::Links>,
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

/// A feed between two rules, or a body that is none yet.
pub(super) struct Paused {
    work: Work,
    context: Context,
    recipe: Arc<Recipe>,
    wants: Vec<Want>,
    rounds: usize,
}

enum Work {
    Reading(Raw),
    Ruling { feed: Box<Feed>, at: usize },
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
        let Paused { work, context, recipe, rounds, .. } = self;
        match work {
            Work::Reading(raw) => read(raw, context, recipe, rounds + 1),
            Work::Ruling { feed, at } => advance(*feed, context, recipe, at, rounds + 1),
        }
    }
}

/// The first stage. The feed's address changes, so its relative URLs are made absolute unless it shall keep them.
pub(super) fn start(input: Input, recipe: Arc<Recipe>) -> Result<Stage, Error> {
    let context = Context::new(recipe.now, input.url.clone());
    read(Raw { bytes: input.bytes, content_type: input.content_type, url: input.url }, context, recipe, 0)
}

/// The feed of a body: what a rule makes of it where one does, once it has the pages that it wants.
fn read(raw: Raw, context: Context, recipe: Arc<Recipe>, rounds: usize) -> Result<Stage, Error> {
    if let Some(reader) = recipe.chain.reader() {
        let mut wants = reader.wants(&raw, &context);
        wants.retain(|want| context.pages.get(want).is_none());
        if !wants.is_empty() {
            return Ok(Stage::Paused(Box::new(Paused { work: Work::Reading(raw), context, recipe, wants, rounds })));
        }
    }
    let mut feed = recipe.chain.read(&raw, &context).map_err(Error::NotAFeed)?;
    if recipe.form.window == Window::Dropped {
        feed.watch_drops();
    }
    match recipe.form.relative {
        Relative::Absolute => Links.apply(&mut feed, &context).map_err(Error::Rule)?,
        Relative::Keep => {}
    }
    advance(feed, context, recipe, 0, rounds)
}

fn advance(mut feed: Feed, context: Context, recipe: Arc<Recipe>, from: usize, rounds: usize) -> Result<Stage, Error> {
    match recipe.chain.advance(&mut feed, &context, from).map_err(Error::Rule)? {
        Progress::Waiting { at, wants } => {
            let work = Work::Ruling { feed: Box::new(feed), at };
            Ok(Stage::Paused(Box::new(Paused { work, context, recipe, wants, rounds })))
        }
        Progress::Done => {
            let notes = feed.notes().to_vec();
            let incomplete = context.pages.is_pending();
            let timely = context.was_asked_now() || !context.pages.are_lasting();
            let form = &recipe.form;
            if form.window == Window::Dropped {
                feed.show_dropped().map_err(Error::NotAFeed)?;
            }
            let document = form.as_data.then(|| emit::normalise(&feed, form.about()).map(Box::new)).transpose();
            let document = document.map_err(|error| Error::Emit(error.into()))?;
            let written = match document {
                Some(_) => Ok((String::new(), feed.format().content_type())),
                None => emit::emit(feed, form.format, form.about()),
            };
            let (mut body, content_type) = written.map_err(Error::Emit)?;
            // A page for people has no place for them.
            if let Some(links) = &recipe.links
                && let Ok(mut feed) = Feed::read(body.as_bytes(), Some(content_type), None)
            {
                feed.set_links(links);
                body = feed.into_string();
            }
            Ok(Stage::Done(Output { body, content_type, notes, incomplete, timely, document }))
        }
    }
}
