//! The pages that rules want: fetched through the same guard and manners as feeds, each once however many rules, feeds and
//! readers want it, and kept: in memory, and behind it in the store, so that a restart asks for none again.
//!
//! A wait is bounded by the caller's patience; the fetch goes on without it. Bounded: pages per feed, fetches per host
//! (`fetch.pages_per_host`), the size of a page, the memory for all, the store (`cache.disk`). What forbids to be stored
//! (`no-store`) stays in memory. A failure is held and tried again later.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::error::Error;
use super::failures::Failures;
use crate::base::clock::{Clock, Time};
use crate::base::limits;
use crate::base::url::Url;
use crate::cache::disk::{Kind, Record};
use crate::cache::flight::Flights;
use crate::cache::negative::{Held, Negative};
use crate::cache::said::Said;
use crate::cache::{Disk, Key};
use crate::fetch::{Client, Request};
use crate::rules::pages::Body;
use crate::rules::{Page, Pages, Want};

/// Fetches pages. Clones share everything.
#[derive(Clone)]
pub(super) struct Fetcher(Arc<Parts>);

struct Parts {
    client: Client,
    clock: Clock,
    /// Of hosts that ask for a pause.
    hosts: Failures,
    kept: Cache<Key, (Arc<Body>, Time)>,
    disk: Disk,
    /// A look into the store holds a connection.
    looks: Semaphore,
    failures: Negative<Error>,
    flights: Flights<Page>,
}

/// What is written of a page beside its body.
#[derive(Serialize, Deserialize)]
struct Written {
    url: Url,
    content_type: Option<String>,
    came: Time,
}

/// The form of what is written here; another one is no page.
const VERSION: u8 = 1;

impl Fetcher {
    pub(super) fn new(client: Client, clock: Clock, disk: Disk, hosts: Failures) -> Fetcher {
        let weigh = |_: &Key, (body, _): &(Arc<Body>, Time)| {
            u32::try_from(body.bytes.len() + limits::ENTRY_OVERHEAD).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(limits::PAGES_MEMORY as u64).weigher(weigh).build();
        let (failures, flights) = (Negative::new(limits::MAX_HELD_FAILURES), Flights::new());
        let looks = Semaphore::new(limits::DISK_READERS_KEPT);
        Fetcher(Arc::new(Parts { client, clock, hosts, kept, disk, looks, failures, flights }))
    }

    /// With what came, failed and is on its way to `before`, of the configuration before this one.
    pub(super) fn after(&self, before: &Fetcher) -> Fetcher {
        let Parts { kept, failures, flights, .. } = &*before.0;
        let (kept, failures, flights) = (kept.clone(), failures.clone(), flights.clone());
        let Parts { client, clock, hosts, disk, .. } = &*self.0;
        let (client, clock, hosts, disk) = (client.clone(), clock.clone(), hosts.clone(), disk.clone());
        let looks = Semaphore::new(limits::DISK_READERS_KEPT);
        Fetcher(Arc::new(Parts { client, clock, hosts, kept, disk, looks, failures, flights }))
    }

    /// Forgets what is in memory: some of it may have been purged from the store.
    pub(super) fn forget(&self) {
        self.0.kept.invalidate_all();
    }

    /// Puts into `pages` what became of `wants` within `patience`.
    pub(super) async fn bring(&self, pages: &mut Pages, wants: Vec<Want>, patience: Duration) {
        let until = Instant::now() + patience;
        let mut under_way = JoinSet::new();
        for (place, want) in wants.into_iter().enumerate() {
            if place >= limits::MAX_PAGES_WANTED {
                let why = format!("one feed may want {} pages at once", limits::MAX_PAGES_WANTED);
                pages.put(want, Page::Failed(why.into()));
                continue;
            }
            pages.put(want.clone(), Page::Pending);
            let fetcher = self.clone();
            under_way.spawn(async move {
                let page = fetcher.page(&want).await;
                (want, page)
            });
        }
        while let Ok(Some(came)) = timeout_at(until, under_way.join_next()).await {
            if let Ok((want, page)) = came {
                pages.put(want, page);
            }
        }
    }

    async fn page(&self, want: &Want) -> Page {
        let key = key(want);
        if let Some(body) = self.kept(&key, want).await {
            return Page::Ready(body);
        }
        if let Some(held) = self.0.failures.get(&key).await.filter(|held| held.forbids(self.0.clock.now())) {
            return Page::Failed(held.error.to_string().into());
        }
        let (fetcher, asked) = (self.clone(), want.clone());
        let work = async move { fetcher.fetch(key, &asked).await };
        let fetched = self.0.flights.run(key, limits::PAGE_WAIT, work).await;
        fetched.map_or(Page::Pending, |(page, _)| page)
    }

    async fn kept(&self, key: &Key, want: &Want) -> Option<Arc<Body>> {
        let now = self.0.clock.now();
        let young = |came: Time| came <= now && now.since(came) < want.kept;
        let known = match self.0.kept.get(key).await {
            Some(known) => Some(known),
            None => self.load(key, want).await,
        };
        known.filter(|(_, came)| young(*came)).map(|(body, _)| body)
    }

    /// What the store has of `key`.
    async fn load(&self, key: &Key, want: &Want) -> Option<(Arc<Body>, Time)> {
        if self.0.disk.is_none() || !is_written(want) {
            return None;
        }
        let _turn = self.0.looks.acquire().await.ok()?;
        let record = self.0.disk.load(Kind::Page, key).await?;
        let Written { url, content_type, came } = record.meta(VERSION)?;
        let known = (Arc::new(Body { bytes: record.body, content_type, url }), came);
        self.0.kept.insert(*key, known.clone()).await;
        Some(known)
    }

    async fn keep(&self, key: Key, want: &Want, body: &Arc<Body>, may_be_stored: bool) {
        let came = self.0.clock.now();
        self.0.kept.insert(key, (Arc::clone(body), came)).await;
        if !may_be_stored {
            self.0.disk.remove(Kind::Page, key);
        } else if is_written(want) {
            let written = Written { url: body.url.clone(), content_type: body.content_type.clone(), came };
            self.0.disk.store(Kind::Page, key, &label(&want.url), Record::new(VERSION, &written, body.bytes.clone()));
        }
    }

    async fn fetch(&self, key: Key, want: &Want) -> Page {
        if let Some(body) = self.kept(&key, want).await {
            return Page::Ready(body); // came between the caller's look and this one
        }
        self.0.hosts.restore_holds(self.0.client.holds()).await;
        self.0.hosts.hear_pause(&want.url, self.0.client.holds(), self.0.clock.now()).await;
        let request = Request { post: want.post.clone(), ..Request::page(want.url.as_str(), headers(&want.headers)) };
        match self.0.client.get(&request).await {
            Ok(response) => {
                let content_type = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let content_type = content_type.map(str::to_owned);
                let may_be_stored = !Said::read(&response.headers, self.0.clock.now()).forbids_storing();
                let body = Arc::new(Body { bytes: response.body, content_type, url: response.url });
                self.keep(key, want, &body, may_be_stored).await;
                self.0.failures.forget(&key).await;
                Page::Ready(body)
            }
            Err(error) => {
                let error = Arc::new(Error::Fetch(error));
                tracing::info!(%error, "a page could not be had");
                self.0.hosts.note_pause(&error, self.0.client.holds(), self.0.clock.now());
                let (before, why) = (self.0.failures.get(&key).await, (error.cause(), error.retry_after()));
                let held = Held::after(before.as_ref(), Arc::clone(&error), why, self.0.clock.now(), key.spread());
                if let Some(held) = held {
                    self.0.failures.put(key, held).await;
                }
                Page::Failed(error.to_string().into())
            }
        }
    }
}

/// What is read again for some minutes only is not worth a write.
fn is_written(want: &Want) -> bool {
    want.kept >= limits::PAGE_WRITTEN
}

/// What the store lists it under.
fn label(url: &Url) -> String {
    format!("pages of {}", url.host_str().unwrap_or_default())
}

fn key(want: &Want) -> Key {
    let mut parts: Vec<&[u8]> = vec![b"page", want.url.as_str().as_bytes()];
    parts.extend(want.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
    parts.extend(want.post.as_deref());
    Key::of(&parts)
}

/// Rules check at load what they have sent; what is no header after all is left out.
fn headers(wanted: &[(String, String)]) -> HeaderMap {
    let header = |(name, value): &(String, String)| {
        Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
    };
    wanted.iter().filter_map(header).collect()
}
