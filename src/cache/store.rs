//! Both stores as one: memory, and behind it the disk. What is asked for and not in memory is loaded from the disk, once for
//! all who ask meanwhile; what is stored is written behind.
//!
//! On the disk a copy is two records: its body, and what is known of it. A refresh that brought the same bytes writes the
//! second alone, unless the first has been lost since. They belong together where their digests agree; else there is no copy. What upstream forbids to store
//! (`no-store`) stays in memory.
//!
//! What other refeeds fetched is asked for by whoever is about to fetch ([`Store::shared`]): a reader's look costs no way through the net.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Content, Scope};
use super::disk::{Disk, DiskError, Kind, Record};
use super::fetched::{About, Fetched, Line};
use super::flight::Flights;
use super::freshness::Freshness;
use super::memory::{Key, Memory};
use super::shared::Shared;
use crate::base::clock::Time;
use crate::base::limits;

/// The form of what is written here; another one is no copy.
pub(super) const VERSION: u8 = 1;

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store {
    memory: Memory,
    disk: Disk,
    shared: Shared,
    loads: Arc<Flights<Option<Arc<Answer>>>>,
}

/// What is written of a copy beside its body.
#[derive(Serialize, Deserialize)]
struct Beside<M> {
    /// Of the body that it belongs to.
    digest: Key,
    about: M,
}

/// What is written of an answer beside its body.
#[derive(Serialize, Deserialize)]
struct Written {
    content_type: Line,
    modified: Time,
    freshness: Freshness,
    made_of: Option<Key>,
    errors: Option<Line>,
}

impl Store {
    /// `memory` before `disk`, beside `shared`.
    pub fn new(memory: Memory, disk: Disk, shared: Shared) -> Store {
        Store { memory, disk, shared, loads: Arc::new(Flights::new()) }
    }

    /// What is in memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What survives a restart.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// What other refeeds know.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The answer of `key`, fresh or not.
    pub async fn answer(&self, key: &Key) -> Option<Arc<Answer>> {
        if let Some(answer) = self.memory.answer(key).await {
            return Some(answer);
        }
        if self.disk.is_none() {
            return None;
        }
        let (store, key) = (self.clone(), *key);
        let load = async move {
            let (written, body) = store.load::<Written>(Kind::Answer, key).await?;
            let Written { content_type, modified, freshness, made_of, errors } = written;
            let content = Content::of(body, content_type.0, modified);
            let answer = Answer::new(content, made_of, freshness).with_errors(errors.map(|line| line.0));
            let answer = Arc::new(answer);
            store.memory.put_answer(key, Arc::clone(&answer)).await;
            Some(answer)
        };
        self.loads.run(key, limits::DISK_WAIT, load).await.ok()?.0
    }

    /// The good copy of `key`, fresh or not.
    pub async fn fetched(&self, key: &Key) -> Option<Arc<Fetched>> {
        if let Some(fetched) = self.memory.fetched(key).await {
            return Some(fetched);
        }
        if self.disk.is_none() {
            return None;
        }
        let (about, body) = self.load::<About>(Kind::Fetched, *key).await?;
        let fetched = Arc::new(Fetched { body, about });
        self.memory.put_fetched(*key, Arc::clone(&fetched)).await;
        Some(fetched)
    }

    /// Stores an answer; `label` names its feed. False where it is kept nowhere.
    pub async fn put_answer(&self, key: Key, label: &str, answer: Arc<Answer>) -> bool {
        let before = self.memory.answer(&key).await;
        let in_memory = self.memory.put_answer(key, Arc::clone(&answer)).await;
        if answer.freshness.scope == Scope::Unstored {
            self.forget(Kind::Answer, key);
            return in_memory;
        }
        let content = &answer.content;
        let written = Written {
            content_type: Line(content.content_type.clone()),
            modified: content.modified,
            freshness: answer.freshness,
            made_of: answer.made_of,
            errors: answer.errors.clone().map(Line),
        };
        let is_new = !before.is_some_and(|before| Arc::ptr_eq(&before.content, content));
        let body = &content.identity().body;
        let digest = Key::of(&[content.etag(None).as_bytes()]);
        self.write(Kind::Answer, key, label, Beside { digest, about: written }, (body, is_new));
        in_memory || !self.disk.is_none()
    }

    /// Stores a good copy.
    pub async fn put_fetched(&self, key: Key, label: &str, fetched: Arc<Fetched>) {
        let before = self.memory.fetched(&key).await;
        self.memory.put_fetched(key, Arc::clone(&fetched)).await;
        if fetched.about.said.forbids_storing() {
            return self.forget(Kind::Fetched, key);
        }
        let digest = fetched.about.digest;
        let is_new = before.is_none_or(|before| before.about.digest != digest);
        let beside = Beside { digest, about: fetched.about.clone() };
        self.write(Kind::Fetched, key, label, beside, (&fetched.body, is_new));
    }

    /// Forgets all that is kept under `label`; how many records that were.
    pub async fn purge(&self, label: &str) -> Result<usize, DiskError> {
        let gone = self.disk.purge(label).await?;
        for key in &gone.keys {
            self.memory.forget(key).await;
            self.shared.remove(key).await;
        }
        Ok(gone.records)
    }

    fn write<M: Serialize>(&self, kind: Kind, key: Key, label: &str, beside: Beside<M>, body: (&Bytes, bool)) {
        if self.disk.is_none() {
            return;
        }
        let (body, is_new) = body;
        let body = Record::new(VERSION, &beside.digest, body.clone());
        match is_new {
            true => self.disk.store(kind, key, label, body),
            false => self.disk.ensure(kind, key, label, body),
        }
        self.disk.store(kind, key.of_kind(b"about"), label, Record::new(VERSION, &beside, Bytes::new()));
    }

    async fn load<M: DeserializeOwned>(&self, kind: Kind, key: Key) -> Option<(M, Bytes)> {
        let beside = self.disk.load(kind, &key.of_kind(b"about")).await?;
        let Beside { digest, about } = beside.meta::<Beside<M>>(VERSION)?;
        let body = self.disk.load(kind, &key).await?;
        (body.meta::<Key>(VERSION)? == digest).then_some((about, body.body))
    }

    fn forget(&self, kind: Kind, key: Key) {
        if !self.disk.is_none() {
            self.disk.remove(kind, key);
            self.disk.remove(kind, key.of_kind(b"about"));
        }
    }
}
