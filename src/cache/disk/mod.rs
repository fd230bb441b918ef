//! The store on disk: what must survive a restart, in one SQLite file, bounded, written behind the answer.
//!
//! [`Disk::store`] and [`Disk::remove`] return at once: one thread writes (`writer`), all that waits in one transaction.
//! [`Disk::flush`] waits until what was stored before it survives the end of this process. (The end of the machine's power
//! may cost the last seconds; nothing is ever damaged by it.) A load sees what was stored before it, written or not.
//!
//! No caller has to care for the disk: a file that is damaged, emptied or replaced is set aside or made anew, a disk that is full
//! or read-only is tried again later, and meanwhile what is there is read and what does not fit into the queue is let go.
//! Each of these is said in the log once. What upstream forbids to store (`no-store`) must not be handed in.
//!
//! Bodies are evicted, the longest unused first, so that the file stays within `cache.disk`; small state goes only where
//! no body is left and it does not fit by itself. Parts of the program with a table of their own: see `schema`.

mod file;
mod record;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

pub use self::record::Record;
pub(super) use self::record::Sealed;
use self::writer::{Op, Shared};
use super::Key;
use crate::base::clock::{Clock, Time};

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// A body as it came from upstream, with its validators. Evicted.
    Fetched = 1,
    /// What a reader gets. Evicted.
    Answer = 2,
    /// Of an upstream, a feed or a host: back-off, holds, redirects.
    State = 3,
    /// When the items of a feed were first seen.
    Seen = 4,
    /// What the archive keeps of a feed. (Its items have a table of their own.)
    Archive = 5,
    /// Subscriptions to hubs.
    Subscription = 6,
    /// When the feeds of the configuration are to be refreshed.
    Schedule = 7,
    /// A page or a service's answer that a rule reads. Evicted.
    Page = 8,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 8] = [
        Kind::Fetched,
        Kind::Answer,
        Kind::State,
        Kind::Seen,
        Kind::Archive,
        Kind::Subscription,
        Kind::Schedule,
        Kind::Page,
    ];
    /// What can be had again from upstream.
    const BODIES: [Kind; 3] = [Kind::Fetched, Kind::Answer, Kind::Page];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Fetched => "fetched",
            Kind::Answer => "answers",
            Kind::State => "state",
            Kind::Seen => "first seen",
            Kind::Archive => "archive",
            Kind::Subscription => "subscriptions",
            Kind::Schedule => "schedule",
            Kind::Page => "pages",
        }
    }

    /// True for what can be had again from upstream.
    fn is_body(self) -> bool {
        Kind::BODIES.contains(&self)
    }
}

/// Why something is not on disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// The configuration wants none.
    #[error("nothing is kept on disk: `cache.path` is \"none\"")]
    None,
    /// The disk takes too long.
    #[error("the store on disk takes too long (`cache.path`)")]
    Late,
    /// The disk does not take it now; it is tried again.
    #[error("the store in {path} (`cache.path`) cannot be used: {reason}")]
    Unusable {
        /// The directory.
        path: String,
        /// What the system or SQLite said.
        reason: String,
    },
}

/// The records of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Which.
    pub kind: Kind,
    /// How many.
    pub records: usize,
    /// Their bytes in the file, about.
    pub bytes: usize,
}

/// The records under one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The feed's name, or its URL without what may be secret.
    pub label: String,
    /// How many.
    pub records: usize,
    /// Their bytes in the file, about.
    pub bytes: usize,
    /// When one of them was last written.
    pub stored: Time,
    /// When one of them was last used, to about an hour.
    pub used: Time,
}

/// What was purged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// How many records, an archive's items among them.
    pub records: usize,
    /// The keys of those that have one.
    pub keys: Vec<Key>,
}

/// The state of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The file.
    pub path: PathBuf,
    /// Its pages in use, in bytes.
    pub used: usize,
    /// `cache.disk`.
    pub limit: usize,
    /// Records let go because the disk did not take them in time, since the start.
    pub lost: u64,
    /// By kind; kinds without records are left out.
    pub counts: Vec<Count>,
}

/// The store. Clones share it; the last one that is dropped waits until all is written.
#[derive(Clone)]
pub struct Disk(Option<Arc<Handle>>);

struct Handle {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it has said what it could not do
        }
    }
}

impl Disk {
    /// The store in `directory`, of about `bytes` (`cache.disk`). Never fails: a file that cannot be read is set aside,
    /// and while the directory cannot be used nothing is kept; both are logged.
    pub fn open(directory: impl Into<PathBuf>, bytes: usize, clock: Clock) -> Disk {
        let shared = Arc::new(Shared::new(directory.into(), bytes, clock));
        let writer = Arc::clone(&shared);
        let connection = shared.connect_first();
        let thread = std::thread::Builder::new().name("refeed-disk".to_owned()).spawn(move || writer.run(connection));
        if let Err(error) = &thread {
            tracing::warn!(%error, "nothing will be kept on disk: its thread cannot be started");
            return Disk::none();
        }
        Disk(Some(Arc::new(Handle { shared, thread: thread.ok() })))
    }

    /// The directory, where there is one.
    pub fn directory(&self) -> Option<&Path> {
        self.0.as_ref().map(|handle| handle.shared.directory())
    }

    /// True where a store was opened in `directory` before.
    pub fn exists(directory: &Path) -> bool {
        directory.join(file::NAME).exists()
    }

    /// No store: nothing is kept, nothing found (`cache.path = "none"`).
    pub fn none() -> Disk {
        Disk(None)
    }

    /// True where nothing is kept.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The record of `key`.
    pub async fn load(&self, kind: Kind, key: &Key) -> Option<Record> {
        let shared = &self.0.as_ref()?.shared;
        if let Some(waiting) = shared.waiting(kind, key) {
            return waiting;
        }
        let (of, key) = (Arc::clone(shared), *key);
        tokio::task::spawn_blocking(move || of.load(kind, &key)).await.ok()?
    }

    /// All records of a kind, once what was stored before is written. For small state only: bodies would fill the memory.
    pub async fn load_all(&self, kind: Kind) -> Vec<(Key, Record)> {
        let _ = self.flush().await; // unwritten, what is there counts
        self.read(move |on| table::all(on, kind)).await.unwrap_or_default()
    }

    /// Keeps `record` under `key`, in place of what was there. `label` is the feed's name or public URL: `refeed cache` lists
    /// and purges by it.
    pub fn store(&self, kind: Kind, key: Key, label: &str, record: Record) {
        if let Some(handle) = &self.0 {
            handle.shared.enqueue(kind, key, Op::Put { label: label.into(), record });
        }
    }

    /// Makes sure that `record` is there, which was stored before: the disk may have refused it, or was made anew since. Costs a
    /// look where it is.
    pub fn ensure(&self, kind: Kind, key: Key, label: &str, record: Record) {
        if let Some(handle) = &self.0 {
            handle.shared.enqueue(kind, key, Op::Ensure { label: label.into(), record });
        }
    }

    /// Forgets `key`.
    pub fn remove(&self, kind: Kind, key: Key) {
        if let Some(handle) = &self.0 {
            handle.shared.enqueue(kind, key, Op::Remove);
        }
    }

    /// Returns once what was stored before is on disk, or the disk has refused it (it is tried again later).
    pub async fn flush(&self) -> Result<(), DiskError> {
        self.0.as_ref().ok_or(DiskError::None)?.shared.flush().await
    }

    /// Runs `job` with a connection that reads, on a blocking thread. For tables of their own (see `schema`).
    pub async fn read<T, J>(&self, job: J) -> Result<T, DiskError>
    where
        T: Send + 'static,
        J: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.0.as_ref().ok_or(DiskError::None)?.shared);
        let lost = shared.unusable("the work failed inside refeed");
        tokio::task::spawn_blocking(move || shared.read(job)).await.unwrap_or(Err(lost))
    }

    /// Runs `job` in a transaction of its own on the thread that writes, after what was stored before it. Written once it
    /// returns. For tables of their own (see `schema`).
    pub async fn write<T, J>(&self, job: J) -> Result<T, DiskError>
    where
        T: Send + 'static,
        J: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let shared = &self.0.as_ref().ok_or(DiskError::None)?.shared;
        let (tell, told) = oneshot::channel();
        shared.submit(Box::new(move |connection| {
            let done = connection.transaction().and_then(|transaction| {
                let value = job(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
            let (value, outcome) = match done {
                Ok(value) => (Ok(value), Ok(())),
                Err(error) => (Err(error.to_string()), Err(error)),
            };
            let _ = tell.send(value); // who asked may have left
            outcome
        }))?;
        match told.await {
            Ok(value) => value.map_err(|reason| shared.unusable(&reason)),
            Err(_) => Err(shared.unusable("it is not open")),
        }
    }

    /// What the store holds.
    pub async fn stats(&self) -> Result<Stats, DiskError> {
        let shared = Arc::clone(&self.0.as_ref().ok_or(DiskError::None)?.shared);
        let (path, limit, lost) = (shared.directory().to_owned(), shared.limit(), shared.lost());
        self.read(move |on| {
            let pages = table::pragma(on, "page_count")? - table::pragma(on, "freelist_count")?;
            let used = usize::try_from(pages * table::pragma(on, "page_size")?).unwrap_or_default();
            let mut counts = table::counts(on)?;
            let (records, bytes) = super::items::count_all(on)?;
            match counts.iter_mut().find(|count| count.kind == Kind::Archive) {
                Some(count) => (count.records, count.bytes) = (count.records + records, count.bytes + bytes),
                None if records == 0 => {}
                None => counts.push(Count { kind: Kind::Archive, records, bytes }),
            }
            Ok(Stats { path, used, limit, lost, counts })
        })
        .await
    }

    /// What the store holds by label, the largest first.
    pub async fn list(&self) -> Result<Vec<Listed>, DiskError> {
        self.read(table::list).await
    }

    /// Forgets all that was stored under `label`; what that was.
    pub async fn purge(&self, label: &str) -> Result<Gone, DiskError> {
        let label = label.to_owned();
        self.write(move |on| {
            let keys = table::purge(on, &label)?;
            let gone = Gone { records: keys.len() + super::items::purge(on, &label)?, keys };
            table::give_back(on)?;
            Ok(gone)
        })
        .await
    }
}
