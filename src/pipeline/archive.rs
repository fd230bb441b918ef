//! What refeed keeps of a feed beyond upstream's window: it is recorded when something was fetched, and put into the document before
//! the rules, so that they apply to old items too. Which part of it a document shows is its [`Window`].
//!
//! Items without a date get the time at which they were first seen, here too: with an archive by default, else where the feed says
//! `undated = "first-seen"`. Without a usable disk, and where upstream forbids to store the feed, it is served as upstream has it, and
//! the log says so.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::HeaderValue;
use tokio::time::timeout;

use super::Pipeline;
use super::ask::{Route, Window};
use super::error::{Error, Failure};
use super::make::Brought;
use crate::base::clock::Time;
use crate::base::limits::{DISK_WAIT, SEEN_REMEMBERED};
use crate::cache::disk::{DiskError, Kind, Record};
use crate::cache::items::{self, Item, Keeping, State, Which};
use crate::cache::{About, Fetched, Key, Line};
use crate::config::{Archive, Config, Settings, Undated};
use crate::feed::history::Links;
use crate::feed::{Feed, Place};

/// What is kept of a feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    key: Key,
    archive: Option<Archive>,
    /// Undated items get a date.
    dated: bool,
}

/// The feeds of which something is kept, by name.
pub(super) fn all(config: &Config) -> HashMap<Arc<str>, Kept> {
    let kept = |(name, feed): (&Arc<str>, &crate::config::Feed)| {
        let Settings { archive, undated, .. } = &*feed.settings;
        let default = if archive.is_some() { Undated::FirstSeen } else { Undated::Leave };
        let dated = undated.unwrap_or(default) == Undated::FirstSeen;
        // by name: a feed that has moved keeps what it had
        let key = Key::of(&[b"kept", name.as_bytes()]);
        (dated || archive.is_some()).then(|| (Arc::clone(name), Kept { key, archive: *archive, dated }))
    };
    config.feeds.iter().filter_map(kept).collect()
}

/// The form of what [`Kind::Seen`] keeps.
const SEEN_VERSION: u8 = 1;

/// First-seen times, in milliseconds, by the digest of an item's identity.
type Seen = BTreeMap<String, i64>;

impl Pipeline {
    /// True where the feed keeps an archive.
    pub fn has_archive(&self, name: &str) -> bool {
        self.0.kept.get(name).is_some_and(|kept| kept.archive.is_some())
    }

    /// `brought` with what is kept of the feed: the window that `route` is about.
    pub(super) async fn with_kept(&self, route: &Arc<Route>, brought: Brought) -> Result<Brought, Failure> {
        let Some(kept) = self.0.kept.get(&*route.label).copied() else { return Ok(brought) };
        match kept.archive {
            Some(archive) => self.with_archive(route, kept, archive, brought).await,
            None => Ok(self.with_dates(route, kept, brought).await),
        }
    }

    async fn with_archive(
        &self,
        route: &Arc<Route>,
        kept: Kept,
        archive: Archive,
        brought: Brought,
    ) -> Result<Brought, Failure> {
        if brought.copy.about.said.forbids_storing() {
            tracing::warn!(feed = %route.label, "the feed has no archive: upstream forbids to store it (`no-store`)");
            return if route.form.window == Window::Newest { Ok(brought) } else { Err(Error::NoArchive.into()) };
        }
        let (now, fetched) = (self.0.clock.now(), Arc::clone(&brought.copy));
        let read = move || {
            let feed = Feed::read(&fetched.body, content_type(&fetched), None).ok()?;
            let window = window(&feed, feed.format().family());
            Some((feed, window))
        };
        // where it is no feed, the next stage says why
        let Some((feed, window)) = self.0.workers.run(read).await? else { return Ok(brought) };
        let family = window.family;
        let keeping = Keeping { items: archive.items, age: archive.age };
        let recorded = items::record(self.0.store.disk(), kept.key, &route.label, window, keeping, now);
        let late = |_| Err(DiskError::Late);
        let recorded = timeout(DISK_WAIT, recorded).await.unwrap_or_else(late);
        let shown = match recorded {
            Ok(state) => shown(route.form.window.before_rules(), archive, state)?,
            Err(error) if route.form.window.before_rules() == Window::Newest => {
                tracing::warn!(feed = %route.label, %error, "the archive cannot be used: the feed is served as upstream has it");
                return Ok(brought);
            }
            Err(_) => return Err(Error::NoArchive.into()),
        };
        let loaded = items::load(self.0.store.disk(), kept.key, family, shown.which).await.unwrap_or_default();
        let newest = route.form.window.before_rules() == Window::Newest;
        let compose = move || compose(feed, loaded, newest.then_some(archive.page), kept.dated);
        let (body, count) = self.0.workers.run(compose).await?.map_err(Error::NotAFeed)?;
        let links = route.form.pages.as_ref().map(|own| shown.links(own, count));
        let copy = renewed(&brought.copy, body, links.as_ref());
        Ok(Brought { copy, links, revision: Some(shown.state.revision), ..brought })
    }

    /// Undated items get the time at which they were first seen.
    async fn with_dates(&self, route: &Arc<Route>, kept: Kept, brought: Brought) -> Brought {
        if !kept.dated || brought.copy.about.said.forbids_storing() {
            return brought;
        }
        let disk = self.0.store.disk();
        let known = disk.load(Kind::Seen, &kept.key).await.and_then(|record| record.meta::<Seen>(SEEN_VERSION));
        let (now, fetched) = (self.0.clock.now(), Arc::clone(&brought.copy));
        let known = known.unwrap_or_default();
        let job = move || {
            let mut feed = Feed::read(&fetched.body, content_type(&fetched), None).ok()?;
            let mut seen = known.clone();
            feed.date_undated(|identity| {
                let millis = *seen.entry(hex(&digest(identity))).or_insert(now.0);
                Some(Time(millis))
            });
            forget_oldest(&mut seen);
            Some((feed.into_string(), (seen != known).then_some(seen)))
        };
        let Ok(Some((body, seen))) = self.0.workers.run(job).await else { return brought };
        if let Some(seen) = seen {
            disk.store(Kind::Seen, kept.key, &route.label, Record::new(SEEN_VERSION, &seen, Bytes::new()));
        }
        Brought { copy: renewed(&brought.copy, body, None), ..brought }
    }
}

/// What a window shows, and where it stands among the pages.
struct Shown {
    which: Which,
    state: State,
    /// Items of a page.
    page: u64,
    /// The number of an archived page; none for other windows.
    number: Option<u64>,
    /// Pages are for those who read the feed whole.
    has_pages: bool,
}

/// Page N, from 1, has the places from (N − 1) · page on: a full page never changes its places.
fn shown(window: Window, archive: Archive, state: State) -> Result<Shown, Error> {
    let page = archive.page as u64;
    let (which, number, has_pages) = match window {
        Window::Newest | Window::Dropped => (Which::Newest(archive.page), None, true),
        Window::Since(time) => (Which::Since(time), None, false),
        Window::After(revision) => (Which::After(revision), None, false),
        Window::Page(number) => {
            let (oldest, newest) = (state.first / page + 1, state.next / page);
            if number < oldest || number > newest {
                return Err(Error::NoSuchPage { number, oldest, newest });
            }
            (Which::Places((number - 1) * page, number * page), Some(number), true)
        }
    };
    Ok(Shown { which, state, page, number, has_pages })
}

impl Shown {
    /// The links of a document with `count` items, of the feed that is served at `own`.
    fn links(&self, own: &str, count: usize) -> Links {
        let address = |number: u64| format!("{own}?archive={number}");
        let has_older = |number: u64| number > 0 && number * self.page > self.state.first;
        match self.number {
            _ if !self.has_pages => Links::default(),
            Some(number) => Links {
                current: Some(own.to_owned()),
                older: Some(number - 1).filter(|older| has_older(*older)).map(address),
                newer: Some(number + 1).filter(|newer| newer * self.page <= self.state.next).map(address),
            },
            None => {
                let is_all = self.state.next - self.state.first <= count as u64;
                let newest = self.state.next / self.page;
                Links {
                    older: Some(newest).filter(|page| !is_all && has_older(*page)).map(address),
                    ..Links::default()
                }
            }
        }
    }
}

/// What upstream has, oldest first: by date where all have one, else from the end of the document.
fn window(feed: &Feed, family: u8) -> items::Window {
    let mut places: Vec<Place> = feed.items();
    places.reverse();
    if places.iter().all(|item| feed.date(*item).is_some()) {
        places.sort_by_key(|item| feed.date(*item));
    }
    let items: Vec<(Key, String)> =
        places.iter().map(|item| (digest(&feed.identity(*item)), feed.original_item(*item))).collect();
    let parts: Vec<&[u8]> = items.iter().flat_map(|(key, raw)| [key.as_ref(), raw.as_bytes()]).collect();
    let digest = Key::of(&parts);
    items::Window { items, family, digest }
}

/// The document with these items: beside what upstream has, up to so many, or alone. And how many it has then.
fn compose(
    feed: Feed,
    items: Vec<Item>,
    fill_to: Option<usize>,
    dated: bool,
) -> Result<(String, usize), crate::feed::FeedError> {
    let seen: HashMap<Key, Time> = items.iter().map(|item| (item.key, item.seen)).collect();
    let mut feed = match fill_to {
        Some(page) => {
            let mut feed = feed;
            let present = feed.items().len();
            let gone = items.iter().filter(|item| !item.present).take(page.saturating_sub(present));
            let gone: Vec<&str> = gone.map(|item| item.raw.as_str()).collect();
            feed.insert_items(&gone, present)?;
            feed
        }
        None => {
            let raw: Vec<&str> = items.iter().map(|item| item.raw.as_str()).collect();
            feed.with_items_only(&raw)?
        }
    };
    if dated {
        feed.date_undated(|identity| seen.get(&digest(identity)).copied());
    }
    let count = feed.items().len();
    Ok((feed.into_string(), count))
}

/// `copy` with another body, which is UTF-8, and with these links.
fn renewed(copy: &Fetched, body: String, links: Option<&Links>) -> Arc<Fetched> {
    let media_type = content_type(copy).map(|value| value.split(';').next().unwrap_or_default().trim().to_owned());
    let content_type =
        media_type.and_then(|media_type| HeaderValue::try_from(format!("{media_type}; charset=utf-8")).ok()).map(Line);
    let digest = Key::of(&[b"kept", copy.about.digest.as_ref(), body.as_bytes(), format!("{links:?}").as_bytes()]);
    Arc::new(Fetched { body: body.into(), about: About { content_type, digest, ..copy.about.clone() } })
}

fn content_type(copy: &Fetched) -> Option<&str> {
    copy.about.content_type.as_ref().and_then(Line::text)
}

fn digest(identity: &str) -> Key {
    Key::of(&[b"item", identity.as_bytes()])
}

fn hex(key: &Key) -> String {
    key.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps the newest [`SEEN_REMEMBERED`]. (A feed with more undated items than that in its window begins anew with some.)
fn forget_oldest(seen: &mut Seen) {
    if seen.len() > SEEN_REMEMBERED {
        let mut times: Vec<i64> = seen.values().copied().collect();
        times.sort_unstable();
        let oldest = times.get(seen.len() - SEEN_REMEMBERED).copied().unwrap_or(i64::MIN);
        seen.retain(|_, time| *time >= oldest);
    }
}
