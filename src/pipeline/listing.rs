//! The list of this proxy's feeds, as OPML: what the configuration says of each, else what its last answer says.
//!
//! Asks no upstream. The head of an answer is read once and kept as long as the answer's tag stays.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::HeaderValue;

use super::Pipeline;
use super::addresses;
use super::error::Error;
use crate::base::url::Url;
use crate::config::{Config, Settings};
use crate::emit::opml::{self, Outline};
use crate::feed::{Feed, Field, Place};

/// The feeds of a configuration as they are listed.
#[derive(Debug)]
pub(super) struct Listing {
    /// By name, with what they set.
    feeds: Box<[(Arc<str>, Arc<Settings>)]>,
    heads: Mutex<HashMap<String, (HeaderValue, Head)>>,
}

/// What a feed says of itself.
#[derive(Clone, Debug, Default)]
struct Head {
    title: Option<String>,
    page: Option<String>,
}

impl Listing {
    pub(super) fn new(config: &Config) -> Listing {
        let feeds = config.feeds.iter().map(|(name, feed)| (Arc::clone(name), Arc::clone(&feed.settings)));
        Listing { feeds: feeds.collect(), heads: Mutex::default() }
    }
}

impl Pipeline {
    /// All feeds of the configuration, ready to be imported by a reader. Their addresses stand below `server.public_url`, else
    /// below `http://` and `host`, by which this server was reached.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub async fn opml(&self, host: &str) -> Result<String, Error> {
        let reached = || Url::parse(&format!("http://{host}/")).or_else(|_| Url::parse("http://localhost/")).ok();
        let Some(base) = self.0.routes.base().cloned().or_else(reached) else { return Ok(opml::write("refeed", &[])) };
        let mut outlines = Vec::new();
        for (name, settings) in &self.0.listing.feeds {
            let Settings { title, page, folder, .. } = &**settings;
            let complete = title.is_some() && page.is_some();
            let head = if complete { Head::default() } else { self.head(name).await? };
            outlines.push(Outline {
                title: title.clone().or(head.title).unwrap_or_else(|| name.to_string()),
                url: addresses::feed(&base, name, None).into(),
                page: page.as_ref().map(ToString::to_string).or(head.page),
                folders: folder.iter().flat_map(|folder| folder.split('/')).map(str::to_owned).collect(),
            });
        }
        Ok(opml::write("refeed", &outlines))
    }

    /// What the last answer of a feed says of it, where there is one in memory.
    async fn head(&self, name: &str) -> Result<Head, Error> {
        let Some(route) = self.0.routes.named(name) else { return Ok(Head::default()) };
        let Some(answer) = self.0.store.memory().answer(&route.answer).await else { return Ok(Head::default()) };
        let known = |tag: &HeaderValue| {
            let heads = self.0.listing.heads.lock().unwrap_or_else(PoisonError::into_inner);
            heads.get(name).filter(|(known, _)| known == tag).map(|(_, head)| head.clone())
        };
        let representation = answer.content.identity().clone();
        if let Some(head) = known(&representation.etag) {
            return Ok(head);
        }
        let head = self.0.workers.run(move || read_head(&representation.body)).await?;
        let tag = answer.content.identity().etag.clone();
        let mut heads = self.0.listing.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.insert(name.to_owned(), (tag, head.clone()));
        Ok(head)
    }
}

fn read_head(body: &[u8]) -> Head {
    let Ok(feed) = Feed::read(body, None, None) else { return Head::default() };
    let title = feed.first(Place::Head, Field::Title).map(|title| title.into_owned());
    let page = feed.link(Place::Head).filter(|page| Url::parse(page).is_ok());
    Head { title, page }
}
