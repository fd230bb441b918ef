//! When the items of a feed's documents were first seen here: each has a millisecond of its own and keeps it, across restarts where
//! there is a disk. Only for feeds of the configuration, whose number bounds what is remembered; of each, the latest
//! `SEEN_REMEMBERED` items.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::ask::{Input, Output, Route};
use super::error::Error;
use super::transform::Recipe;
use super::{Form, Pipeline};
use crate::base::clock::Time;
use crate::base::limits::SEEN_REMEMBERED;
use crate::cache::Key;
use crate::cache::disk::{Kind, Record};
use crate::emit::model::Document;
use crate::emit::{self, Format};

/// The form of what is kept on disk.
const VERSION: u8 = 1;

/// Milliseconds since 1970, by the digest of an item's id.
type Seen = BTreeMap<String, i64>;

/// What is known of each feed. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sightings(Arc<Mutex<HashMap<Key, Seen>>>);

impl Pipeline {
    /// `input` in the form of `route`: documents tell when their items were first seen.
    pub(super) async fn write(
        &self,
        route: &Route,
        input: Input,
        recipe: Recipe,
        patience: Duration,
    ) -> Result<Output, Error> {
        if route.form.format != Some(Format::Markdown) || !self.has(&route.label) {
            return self.transform(input, recipe, patience).await;
        }
        let form = Form { as_data: true, ..recipe.form.clone() };
        let mut output = self.transform(input, Recipe { form, ..recipe }, patience).await?;
        let mut document = output.document.take().unwrap_or_default();
        self.date(route, &mut document).await;
        let templates = route.form.templates.clone();
        let job = move || emit::documents(&document, &document.items, Format::Markdown, templates.as_ref());
        output.body = self.0.workers.run(job).await?.map_err(Error::Emit)?;
        Ok(Output { content_type: Format::Markdown.content_type(), ..output })
    }

    /// Gives each item its time, and remembers the new ones.
    async fn date(&self, route: &Route, document: &mut Document) {
        let key = Key::of(&[b"documents", route.label.as_bytes()]);
        let is_known = self.0.sightings.lock().contains_key(&key);
        if !is_known {
            let record = self.0.store.disk().load(Kind::Seen, &key).await;
            let found = record.and_then(|record| record.meta::<Seen>(VERSION)).unwrap_or_default();
            self.0.sightings.lock().entry(key).or_insert(found);
        }
        let now = self.0.clock.now();
        let changed = self.0.sightings.lock().get_mut(&key).and_then(|seen| see(document, seen, now));
        if let Some(seen) = changed {
            self.0.store.disk().store(Kind::Seen, key, &route.label, Record::new(VERSION, &seen, Bytes::new()));
        }
    }
}

impl Sightings {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known then, where an item is new.
fn see(document: &mut Document, seen: &mut Seen, now: Time) -> Option<Seen> {
    let digest = |id: &str| blake3::hash(id.as_bytes()).to_hex()[..32].to_owned(); // 128 bits
    for item in &mut document.items {
        item.first_seen = seen.get(&digest(&item.id)).map(|millis| Time(*millis));
    }
    let taken: HashSet<i64> = seen.values().copied().collect();
    document.see(now, |time| !taken.contains(&time.0));
    let before = seen.len();
    for item in &document.items {
        if let Some(time) = item.first_seen {
            seen.entry(digest(&item.id)).or_insert(time.0);
        }
    }
    let is_changed = seen.len() > before;
    let most = SEEN_REMEMBERED.max(document.items.len());
    if seen.len() > most {
        let mut times: Vec<i64> = seen.values().copied().collect();
        times.sort_unstable();
        let oldest = times[times.len() - most];
        seen.retain(|_, time| *time >= oldest);
    }
    is_changed.then(|| seen.clone())
}
