//! A page where a feed was expected: the feed that it names is asked for in its place, and remembered like a redirect.
//!
//! Never in the place of a good copy: a feed that has become a page is a broken answer, and what is at hand is better. Only a
//! feed that was come by through a page, or none, is looked for on one. Bounded: [`MAX_PAGES_TO_FEED`] pages, no address twice;
//! each is asked through the same guard and manners as any feed.

use std::sync::Arc;

use hyper::header::HeaderValue;

use super::Upstream;
use crate::base::limits::MAX_PAGES_TO_FEED;
use crate::base::url::Url;
use crate::cache::moved::Moved;
use crate::cache::{Fetched, Line};
use crate::config::Origin;
use crate::feed::{FeedError, discover};
use crate::fetch::{FetchError, Place};
use crate::pipeline::ask::Route;
use crate::pipeline::error::Error;
use crate::pipeline::origin::{Asking, Found};

impl Upstream {
    /// True where a page that is found at `at` (the configured address where there is none) may stand for the feed that it names.
    pub(super) fn may_be_a_page(&self, route: &Route, at: Option<&Url>, held: Option<&Arc<Fetched>>) -> bool {
        let is_good = |held: &&Arc<Fetched>| {
            held.about.discovered.is_none() && held.about.freshness(&route.policy).usable_on_error(self.now())
        };
        at.is_none() && route.chain.reader().is_none() && held.filter(is_good).is_none()
    }

    /// The feed that `found`, a page, names; `error` is why the page itself is none. With upstream's status.
    pub(super) async fn discover(
        &self,
        route: &Route,
        mut found: Found,
        mut error: FeedError,
        held: Option<&Arc<Fetched>>,
        via: Option<HeaderValue>,
    ) -> Result<(Fetched, Option<u16>), Error> {
        let mut seen: Vec<Url> = route.origin.base().cloned().into_iter().collect();
        let mut named = None;
        for pages in 0..MAX_PAGES_TO_FEED {
            let Some(feeds) = self.named(&found, &mut seen).await? else { break };
            let Some(feed) = feeds.into_iter().find(|feed| !seen.contains(feed)) else {
                error = names_none(error, pages);
                break;
            };
            let at = Place::of(&feed);
            tracing::info!(feed = %route.label, %at, "a page: the feed that it names is asked for");
            let led = |error| named_at(&at, error);
            let asking = Asking { via: via.clone(), ..Asking::default() };
            let came = self.0.origins.bring(&Origin::Http(feed.clone()), asking).await.map_err(led)?;
            let (status, moved) = (came.status, Moved::heard(None, came.moved.as_ref(), self.now()));
            match self.judge(route, came.clone(), moved, Some(feed.clone()), held).await {
                Err(Error::NotAFeed(why)) => (found, error) = (came, why),
                copy => return Ok((copy.map_err(led)?, status)),
            }
            named = Some(at);
            seen.push(feed);
        }
        let error = Error::NotAFeed(error);
        Err(match named {
            Some(at) => named_at(&at, error),
            None => error,
        })
    }

    /// The feeds that `found` names, which is seen then; none where it is no page.
    async fn named(&self, found: &Found, seen: &mut Vec<Url>) -> Result<Option<Vec<Url>>, Error> {
        let (Some(body), Some(url)) = (found.body.clone(), found.url.clone()) else { return Ok(None) };
        let content_type = found.content_type.clone();
        let job = move || {
            let content_type = content_type.as_ref().and_then(Line::text);
            discover::feeds(&body, content_type, &url)
        };
        seen.extend(found.url.clone());
        Ok(self.0.workers.run(job).await?)
    }
}

/// What became of the feed at `at`. (Whether a circle is this reader's only is for the caller to see.)
fn named_at(at: &Place, error: Error) -> Error {
    match error {
        Error::Fetch(FetchError::OwnLoop { .. }) => error,
        _ => Error::Named { at: at.clone(), error: Box::new(error) },
    }
}

/// `error` of a page that names no feed, after so many other pages.
fn names_none(error: FeedError, pages: usize) -> FeedError {
    let what = if pages == 0 { "names no feed" } else { "names no other one" };
    match error {
        FeedError::NotAFeed { why } => FeedError::NotAFeed { why: format!("{why}, and it {what}") },
        other => other,
    }
}
