//! Merged feeds: every source is asked for as a reader asks, through the cache and its own rules, all at once; then they become one.
//!
//! A source that has no answer is left out and named; only where none has one is there no feed. The merged feed is in the family of
//! the first source that answered (RSS, Atom, JSON Feed); items of another one are converted. It is made anew when one of its sources is due again.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use tokio::task::JoinSet;

use super::ask::{Form, Haste, How, Route, Served, Which, policy};
use super::error::{Error, Failure};
use super::make::Brought;
use super::routes::Routes;
use super::upstream::Came;
use super::{Pipeline, StartError};
use crate::base::clock::Time;
use crate::base::limits;
use crate::cache::freshness::Freshness;
use crate::cache::{About, Fetched, Key, Line};
use crate::config::{self, Config, Origin, SourceFeed};
use crate::emit;
use crate::feed::merge::{Head, Part, merge};
use crate::feed::{Feed, Format};
use crate::rules::{BuildContext, Chain, Chains};

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

/// The merged feeds of `config`, by what stands for what was fetched; `feeds` are the routes of all its feeds.
pub(super) fn all(
    config: &Config,
    routes: &Routes,
    context: &BuildContext,
) -> Result<HashMap<Key, Arc<Merged>>, StartError> {
    let (mut found, mut chains) = (HashMap::new(), Chains::new(context));
    for (name, feed) in &config.feeds {
        if let (Origin::Merge(merge), Some(route)) = (&*feed.origin, routes.named(name)) {
            found.insert(route.fetched, Arc::new(Merged::new(name, merge, (config, routes), &mut chains)?));
        }
    }
    Ok(found)
}

impl Merged {
    fn new(
        name: &str,
        merge: &config::Merge,
        (config, routes): (&Config, &Routes),
        chains: &mut Chains<'_>,
    ) -> Result<Merged, StartError> {
        let id = uuid(&Key::of(&[b"merged", name.as_bytes()]));
        let title = merge.title.clone().unwrap_or_else(|| name.to_owned());
        let source = |source: &config::FeedSource| -> Result<Option<Source>, StartError> {
            let chain = chains.build(&source.rules)?;
            let route = match &source.feed {
                // The configuration was checked to have it.
                SourceFeed::Named(name) => routes.named(name).map(|route| route.with(&chain, None, None)),
                SourceFeed::Url { url, origin } => {
                    let label = origin.base().map_or_else(|| url.clone(), |url| Which::Url(url).label());
                    let feed = config::Feed::new(url.as_str(), origin.clone(), config::RuleList::empty());
                    Some(Route::new(label.into(), &feed, chain, Form::default(), policy(&config.cache, &feed).into()))
                }
            };
            Ok(route.map(|route| Source { route, name: source.name.clone(), limit: source.limit }))
        };
        let sources: Result<Vec<_>, _> = merge.sources.iter().map(source).collect();
        let head = Head { title, id, source_in_title: merge.source_in_title };
        Ok(Merged { head, sources: sources?.into_iter().flatten().collect() })
    }
}

/// A source that answered.
struct Read {
    feed: Feed,
    freshness: Freshness,
}

impl Pipeline {
    /// What the sources of `merged` have together. Those of another family than the first are asked again in its format.
    pub(super) async fn together(&self, merged: &Arc<Merged>, via: Option<HeaderValue>) -> Result<Brought, Failure> {
        let all = merged.sources.iter().map(|source| Arc::clone(&source.route)).enumerate().collect();
        let mut parts = self.sources(all, via.clone()).await?;
        let first = parts.values().find_map(|part| part.as_ref().ok()).map(|read| family(read.feed.format()));
        if let Some((format, output)) = first {
            let is_other = |part: &Result<Read, Failure>| {
                part.as_ref().is_ok_and(|read| !format.takes_items_of(read.feed.format()))
            };
            let others =
                merged.sources.iter().enumerate().filter(|(number, _)| parts.get(number).is_some_and(is_other));
            let again =
                |(number, source): (usize, &Source)| (number, source.route.with(&Chain::empty(), Some(output), None));
            let others = others.map(again).collect();
            parts.extend(self.sources(others, via).await?);
        }
        let (merged, now) = (Arc::clone(merged), self.0.clock.now());
        self.0.workers.run(move || compose(&merged, parts, first.map(|(format, _)| format), now)).await?
    }

    /// What became of these sources, by their number.
    async fn sources(
        &self,
        routes: Vec<(usize, Arc<Route>)>,
        via: Option<HeaderValue>,
    ) -> Result<BTreeMap<usize, Result<Read, Failure>>, Failure> {
        let patience = self.0.patience + limits::WAIT_SLACK / 2;
        let mut came: BTreeMap<_, _> = routes.iter().map(|(number, _)| (*number, Err(Error::Bug.into()))).collect();
        let mut under_way = JoinSet::new();
        for (number, route) in routes {
            let asked = self.source(route, via.clone());
            under_way.spawn(async move {
                let late = |_| Err(Failure::from(Error::Late));
                (number, tokio::time::timeout(patience, asked).await.unwrap_or_else(late))
            });
        }
        let mut weight = 0;
        while let Some(done) = under_way.join_next().await {
            let Ok((number, result)) = done else { continue };
            let result = result.and_then(|served| {
                weight += served.answer.content.identity().body.len();
                if weight > limits::MAX_MERGED { Err(Error::TooMuch.into()) } else { Ok(served) }
            });
            came.insert(number, result);
        }
        let now = self.0.clock.now();
        let read = move |result: Result<Served, Failure>| result.and_then(|served| read(&served, now));
        let job = move || came.into_iter().map(|(number, result)| (number, read(result))).collect();
        Ok(self.0.workers.run(job).await?)
    }

    /// One source, as a reader asks for it. Boxed, because it is an answer within an answer.
    fn source(
        &self,
        route: Arc<Route>,
        via: Option<HeaderValue>,
    ) -> Pin<Box<dyn Future<Output = Result<Served, Failure>> + Send>> {
        let pipeline = self.clone();
        Box::pin(async move { pipeline.answer_of(route, via, Haste::Fresh).await })
    }
}

fn read(served: &Served, now: Time) -> Result<Read, Failure> {
    let content = &served.answer.content;
    let content_type = content.content_type.to_str().ok();
    let feed = Feed::read(&content.identity().body, content_type, None).map_err(Error::NotAFeed)?;
    let mut freshness = served.answer.freshness;
    if let How::Kept(failure) = &served.how {
        // nothing new comes of it before that
        freshness.fresh_until = freshness.fresh_until.max(now + again(failure));
    }
    Ok(Read { feed, freshness })
}

/// One feed of the parts that there are, in `format`; none where there is no part.
fn compose(
    merged: &Merged,
    came: BTreeMap<usize, Result<Read, Failure>>,
    format: Option<Format>,
    now: Time,
) -> Result<Brought, Failure> {
    let (mut parts, mut errors, mut freshness, mut retry_after) = (Vec::new(), Vec::new(), None, None);
    for (source, result) in merged.sources.iter().zip(came.into_values()) {
        match result {
            Ok(Read { feed, freshness: own }) => {
                freshness = Some(freshness.map_or(own, |other| sooner(other, own)));
                parts.push(Part { feed, name: source.name.clone(), limit: source.limit });
            }
            Err(failure) => {
                let again = again(&failure);
                retry_after = Some(retry_after.map_or(again, |other: Duration| other.min(again)));
                errors.push(named(source, &failure));
            }
        }
    }
    let (Some(format), Some(mut freshness)) = (format, freshness) else {
        return Err(Failure { retry_after, ..Error::NoSource { errors }.into() });
    };
    // The sources that failed are asked again as soon as they may be, and a reader waits for that.
    if let Some(again) = retry_after {
        freshness.fresh_until = freshness.fresh_until.min(now + again);
        freshness.stale_until = freshness.fresh_until;
    }
    let feed = merge(parts, &merged.head, format).map_err(Error::NotAFeed)?;
    let content_type = Some(Line(HeaderValue::from_static(feed.format().content_type())));
    let body = Bytes::from(feed.into_string());
    let about = About { content_type, digest: Key::of(&[b"body", &body]), ..About::default() };
    let copy = Arc::new(Fetched { body, about });
    Ok(Brought { errors, ..Brought::of(copy, freshness, Came::Asked(None)) })
}

/// When a source that failed may have something new.
fn again(failure: &Failure) -> Duration {
    failure.retry_after.unwrap_or(limits::HOLD_NETWORK).max(limits::HOLD_SHORTEST)
}

fn named(source: &Source, failure: &Failure) -> String {
    tracing::warn!(source = source.label(), error = %failure.error, "a source of a merged feed has no answer");
    format!("{}: {}", source.label(), failure.error.without_place())
}

/// The format of the merged feed whose first source is of this one: as the document's, and as one asks for it.
fn family(first: Format) -> (Format, emit::Format) {
    match first {
        Format::Json10 | Format::Json11 => (Format::Json11, emit::Format::Json),
        Format::Atom03 | Format::Atom10 => (Format::Atom10, emit::Format::Atom),
        Format::Rss090 | Format::Rss09x | Format::Rss10 | Format::Rss20 => (Format::Rss20, emit::Format::Rss),
    }
}

/// The freshness of both: as old as the older, fresh for as long as the shorter.
fn sooner(one: Freshness, other: Freshness) -> Freshness {
    Freshness {
        generated: one.generated.min(other.generated),
        fresh_until: one.fresh_until.min(other.fresh_until),
        stale_until: one.stale_until.min(other.stale_until),
        kept_until: one.kept_until.min(other.kept_until),
        scope: one.scope.max(other.scope),
    }
}

/// `urn:uuid:` of a key, marked as made of a digest (RFC 9562 §5.8).
fn uuid(key: &Key) -> String {
    let mut hex: String = key.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "8");
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
