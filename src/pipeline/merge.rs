//! Merged feeds: every source is asked for as a reader asks, through the cache and its own rules, all at once; then they become one.
//!
//! A source that has no answer is left out and named; only where none has one is there no feed. The merged feed is in the family of
//! the first source that answered. It is made anew when one of its sources is due again.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use hyper::header::HeaderValue;
use tokio::task::JoinSet;

use super::ask::{Route, Served, Which};
use super::error::{Error, Failure};
use super::{Pipeline, StartError};
use crate::base::clock::Time;
use crate::base::limits;
use crate::cache::answer::Scope;
use crate::cache::freshness::Freshness;
use crate::cache::{Fetched, Key};
use crate::config::{self, Config, Origin, Relative, SourceFeed};
use crate::feed::merge::{Head, Part, merge};
use crate::feed::{Feed, Format};
use crate::rules::{BuildContext, Chain};

/// A merged feed, ready to be asked for.
#[derive(Debug)]
pub(super) struct Merged {
    head: Head,
    sources: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    route: Arc<Route>,
    name: Option<String>,
    limit: Option<usize>,
}

impl Source {
    /// How messages name it.
    fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.route.label)
    }
}

/// What the sources of a merged feed have together.
pub(super) struct Together {
    pub fetched: Arc<Fetched>,
    /// The sources without an answer, for the reader: `name: reason`.
    pub errors: Vec<String>,
}

/// The merged feeds of `config`, by what stands for what was fetched; `feeds` are the routes of all its feeds.
pub(super) fn all(
    config: &Config,
    feeds: &HashMap<String, Arc<Route>>,
) -> Result<HashMap<Key, Arc<Merged>>, StartError> {
    let mut found = HashMap::new();
    for (name, feed) in &config.feeds {
        if let (Origin::Merge(merge), Some(route)) = (&feed.origin, feeds.get(name)) {
            found.insert(route.fetched, Arc::new(Merged::new(name, merge, feeds)?));
        }
    }
    Ok(found)
}

impl Merged {
    fn new(name: &str, merge: &config::Merge, feeds: &HashMap<String, Arc<Route>>) -> Result<Merged, StartError> {
        let id = uuid(&Key::of(&[b"merged", name.as_bytes()]));
        let title = merge.title.clone().unwrap_or_else(|| name.to_owned());
        let source = |source: &config::FeedSource| -> Result<Option<Source>, StartError> {
            let chain = Chain::build(&source.rules, &BuildContext::default())?;
            let route = match &source.feed {
                // The configuration was checked to have it.
                SourceFeed::Named(name) => feeds.get(name).map(|route| route.with(&chain)),
                SourceFeed::Url { url, origin } => {
                    let label = origin.base().map_or_else(|| url.clone(), |url| Which::Url(url).label());
                    Some(Route::new(label, url, origin.clone(), chain, Relative::Absolute))
                }
            };
            Ok(route.map(|route| Source { route, name: source.name.clone(), limit: source.limit }))
        };
        let sources: Result<Vec<_>, _> = merge.sources.iter().map(source).collect();
        let head = Head { title, id, source_in_title: merge.source_in_title };
        Ok(Merged { head, sources: sources?.into_iter().flatten().collect() })
    }
}

impl Pipeline {
    /// What the sources of `merged` have together.
    pub(super) async fn together(&self, merged: &Arc<Merged>, via: Option<HeaderValue>) -> Result<Together, Failure> {
        let patience = self.0.patience + limits::WAIT_SLACK / 2;
        let mut under_way = JoinSet::new();
        for (number, source) in merged.sources.iter().enumerate() {
            let asked = self.source(Arc::clone(&source.route), via.clone());
            under_way.spawn(async move {
                let late = || Failure::from(Error::Late);
                (number, tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| Err(late())))
            });
        }
        let mut came: Vec<Option<Result<Served, Failure>>> = merged.sources.iter().map(|_| None).collect();
        while let Some(done) = under_way.join_next().await {
            if let Ok((number, result)) = done
                && let Some(slot) = came.get_mut(number)
            {
                *slot = Some(result);
            }
        }
        let came: Vec<_> = came.into_iter().map(|one| one.unwrap_or_else(|| Err(Error::Bug.into()))).collect();
        let (merged, now) = (Arc::clone(merged), self.0.clock.now());
        self.0.workers.run(move || compose(&merged, &came, now)).await?
    }

    /// One source, as a reader asks for it. Boxed, because it is an answer within an answer.
    fn source(
        &self,
        route: Arc<Route>,
        via: Option<HeaderValue>,
    ) -> Pin<Box<dyn Future<Output = Result<Served, Failure>> + Send>> {
        let pipeline = self.clone();
        Box::pin(async move { pipeline.answer_of(route, via).await })
    }
}

fn compose(merged: &Merged, came: &[Result<Served, Failure>], now: Time) -> Result<Together, Failure> {
    let mut parts: Vec<Part> = Vec::new();
    let (mut failures, mut freshness): (Vec<(&Source, Failure)>, Option<Freshness>) = (Vec::new(), None);
    let mut format = None;
    for (source, result) in merged.sources.iter().zip(came) {
        let read = match result {
            Ok(served) => {
                let content = &served.answer.content;
                let content_type = content.content_type.to_str().ok();
                let read = Feed::read(&content.identity().body, content_type, None).map_err(Error::NotAFeed);
                read.map(|feed| (feed, served.answer.freshness)).map_err(Failure::from)
            }
            Err(failure) => Err(failure.clone()),
        };
        match read {
            Ok((feed, own)) => {
                format.get_or_insert(family(feed.format()));
                freshness = Some(freshness.map_or(own, |other| sooner(other, own)));
                parts.push(Part { feed, name: source.name.clone(), limit: source.limit });
            }
            Err(failure) => failures.push((source, failure)),
        }
    }
    let errors: Vec<String> = failures.iter().map(|(source, failure)| named(source, failure)).collect();
    let (Some(format), Some(mut freshness)) = (format, freshness) else {
        let retry_after = failures.iter().filter_map(|(_, failure)| failure.retry_after).min();
        return Err(Failure { error: Arc::new(Error::NoSource { errors }), retry_after });
    };
    // The others are asked again as soon as they may be.
    let again = |failure: &Failure| now + failure.retry_after.unwrap_or(limits::HOLD_NETWORK);
    for retry_at in failures.iter().map(|(_, failure)| again(failure)) {
        freshness.fresh_until = freshness.fresh_until.min(retry_at.max(now + limits::HOLD_SHORTEST));
    }
    let feed = merge(parts, &merged.head, format).map_err(Error::NotAFeed)?;
    let content_type = HeaderValue::from_static(feed.format().content_type());
    let body = feed.into_string().into();
    let fetched = Fetched { body, content_type: Some(content_type), url: None, freshness };
    Ok(Together { fetched: Arc::new(fetched), errors })
}

fn named(source: &Source, failure: &Failure) -> String {
    tracing::warn!(source = source.label(), error = %failure.error, "a source of a merged feed has no answer");
    format!("{}: {}", source.label(), failure.error.without_place())
}

/// The format of the merged feed whose first source is of this one.
fn family(first: Format) -> Format {
    match first {
        Format::Json10 | Format::Json11 => Format::Json11,
        Format::Atom03 | Format::Atom10 => Format::Atom10,
        Format::Rss090 | Format::Rss09x | Format::Rss10 | Format::Rss20 => Format::Rss20,
    }
}

/// The freshness of both: as old as the older, fresh for as long as the shorter.
fn sooner(one: Freshness, other: Freshness) -> Freshness {
    let private = [one.scope, other.scope].contains(&Scope::Private);
    Freshness {
        generated: one.generated.min(other.generated),
        fresh_until: one.fresh_until.min(other.fresh_until),
        scope: if private { Scope::Private } else { Scope::Public },
    }
}

/// `urn:uuid:` of a key, marked as made of a digest (RFC 9562 §5.8).
fn uuid(key: &Key) -> String {
    let mut hex: String = key.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "8");
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
