//! The thread that writes, and the queue before it.
//!
//! The queue holds the newest operation per key, so that what is written often is written once, and is bounded in bytes:
//! while the disk does not keep up, or is refused, bodies are let go first. A transaction takes all that waits. What
//! was taken is still found by readers until it is written, and goes back into the queue where it could not be.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::watch;

use super::file::{Identity, OpenError, Place, is_damage};
use super::table::{self, Found};
use super::{DiskError, Kind, Record};
use crate::base::clock::Clock;
use crate::base::limits;
use crate::cache::Key;

/// What is to be done to a key.
#[derive(Clone)]
pub(super) enum Op {
    Put {
        label: Arc<str>,
        record: Record,
    },
    /// The same, unless it is there.
    Ensure {
        label: Arc<str>,
        record: Record,
    },
    Remove,
    /// It was used.
    Touch,
}

impl Op {
    fn weight(&self) -> usize {
        match self {
            Op::Put { label, record } | Op::Ensure { label, record } => label.len() + record.weight(),
            Op::Remove | Op::Touch => limits::DISK_ROW_OVERHEAD,
        }
    }
}

type Ops = HashMap<(Kind, Key), Op>;
/// Work on tables of their own; its error is what the disk said.
pub(super) type Job = Box<dyn FnOnce(&mut Connection) -> rusqlite::Result<()> + Send>;

#[derive(Default)]
struct Queue {
    waiting: Ops,
    /// Taken by the writer, not yet written.
    under_way: Arc<Ops>,
    jobs: Vec<Job>,
    /// Bytes of `waiting`.
    weight: usize,
    /// Operations ever queued: what [`Progress::written`] counts up to.
    queued: u64,
    /// Tries ever begun: what [`Progress::failed`] is one of.
    tries: u64,
    /// Somebody waits for the outcome: no rest after a failure.
    urgent: bool,
    /// A reader found the file damaged.
    damaged: Option<String>,
    closing: bool,
    lost: u64,
}

/// How far the writer is.
#[derive(Clone, Default)]
struct Progress {
    written: u64,
    /// The last try that failed, and why.
    failed: u64,
    reason: String,
}

/// What the handle, the readers and the writer share.
pub(super) struct Shared {
    directory: PathBuf,
    limit: usize,
    clock: Clock,
    queue: Mutex<Queue>,
    wake: Condvar,
    progress: watch::Sender<Progress>,
    readers: Mutex<Readers>,
}

/// Connections that read; none are given out while the file is not open.
#[derive(Default)]
struct Readers {
    file: Option<PathBuf>,
    /// Which opening of the file the idle ones belong to.
    generation: u64,
    idle: Vec<Connection>,
}

/// The writer's hold of the file.
pub(super) struct Open {
    connection: Connection,
    place: Place,
    identity: Identity,
}

/// Whether the last try failed: one line in the log for each change.
#[derive(Default)]
pub(super) struct Health {
    failing: bool,
}

impl Shared {
    pub(super) fn new(directory: PathBuf, limit: usize, clock: Clock) -> Shared {
        let (progress, _) = watch::channel(Progress::default());
        let (queue, wake, readers) = Default::default();
        Shared { directory, limit, clock, queue, wake, progress, readers }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }

    pub(super) fn unusable(&self, reason: &str) -> DiskError {
        DiskError::Unusable { path: self.directory.display().to_string(), reason: reason.to_owned() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the queue knows of `key`: `Some(None)` where it is to be removed.
    pub(super) fn waiting(&self, kind: Kind, key: &Key) -> Option<Option<Record>> {
        let queue = self.lock();
        let known = |ops: &Ops| match ops.get(&(kind, *key)) {
            Some(Op::Put { record, .. } | Op::Ensure { record, .. }) => Some(Some(record.clone())),
            Some(Op::Remove) => Some(None),
            Some(Op::Touch) | None => None,
        };
        known(&queue.waiting).or_else(|| known(&queue.under_way))
    }

    pub(super) fn enqueue(&self, kind: Kind, key: Key, op: Op) {
        let mut queue = self.lock();
        let says_so = |waiting: &Op| match op {
            Op::Touch => true,
            Op::Ensure { .. } => matches!(waiting, Op::Put { .. }),
            Op::Put { .. } | Op::Remove => false,
        };
        if queue.waiting.get(&(kind, key)).is_some_and(says_so) {
            return; // what waits says so, too
        }
        let most = if kind.is_body() { limits::DISK_QUEUE_BODIES } else { limits::DISK_QUEUE };
        if queue.weight + op.weight() > most {
            queue.lost += 1;
            return;
        }
        queue.weight += op.weight();
        queue.queued += 1;
        if let Some(older) = queue.waiting.insert((kind, key), op) {
            queue.weight -= older.weight();
        }
        self.wake.notify_one();
    }

    pub(super) fn submit(&self, job: Job) -> Result<(), DiskError> {
        let mut queue = self.lock();
        if queue.jobs.len() >= limits::DISK_QUEUE_JOBS {
            return Err(self.unusable("too much is waiting for it"));
        }
        queue.jobs.push(job);
        queue.urgent = true;
        self.wake.notify_one();
        Ok(())
    }

    pub(super) async fn flush(&self) -> Result<(), DiskError> {
        let mut progress = self.progress.subscribe();
        let (queued, tries) = {
            let mut queue = self.lock();
            queue.urgent = true;
            self.wake.notify_one();
            (queue.queued, queue.tries)
        };
        let done = progress.wait_for(|now| now.written >= queued || now.failed > tries).await;
        match done {
            Ok(now) if now.written >= queued => Ok(()),
            Ok(now) => Err(self.unusable(&now.reason)),
            Err(_) => Err(self.unusable("it is closed")),
        }
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    // ── readers ─────────────────────────────────────────────────────────────────────────────────────────

    /// The record of `key` from the file. Blocks.
    pub(super) fn load(&self, kind: Kind, key: &Key) -> Option<Record> {
        let of = *key;
        match self.read(move |on| table::get(on, kind, &of)).ok()? {
            Found::Nothing => None,
            Found::Record(record, used) => {
                if self.clock.now().since(used) >= limits::DISK_TOUCH {
                    self.enqueue(kind, *key, Op::Touch);
                }
                Some(record)
            }
            Found::Damaged => {
                tracing::warn!(kind = kind.name(), "a record on disk is damaged: it is forgotten");
                self.enqueue(kind, *key, Op::Remove);
                None
            }
        }
    }

    /// The outcome of `job` with a connection that reads. Blocks.
    pub(super) fn read<T>(&self, job: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, DiskError> {
        let (connection, generation) = self.reader()?;
        let outcome = job(&connection);
        match &outcome {
            Err(error) if is_damage(error) => {
                self.lock().damaged = Some(error.to_string());
                self.wake.notify_one();
            }
            _ => self.give_back(connection, generation),
        }
        outcome.map_err(|error| self.unusable(&error.to_string()))
    }

    fn reader(&self) -> Result<(Connection, u64), DiskError> {
        let mut readers = self.readers();
        if let Some(connection) = readers.idle.pop() {
            return Ok((connection, readers.generation));
        }
        let file = readers.file.as_ref().ok_or_else(|| self.unusable("it is not open"))?;
        let connection = Place::reader(file).map_err(|error| self.unusable(&error.to_string()))?;
        Ok((connection, readers.generation))
    }

    fn give_back(&self, connection: Connection, generation: u64) {
        let mut readers = self.readers();
        if generation == readers.generation && readers.idle.len() < limits::DISK_READERS_KEPT {
            readers.idle.push(connection);
        }
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers_are(&self, file: Option<&Path>) {
        let mut readers = self.readers();
        readers.file = file.map(Path::to_owned);
        readers.generation += 1;
        readers.idle.clear();
    }

    // ── the writer ──────────────────────────────────────────────────────────────────────────────────────

    /// Opens the file before the first reader comes; where that fails, it is tried again later.
    pub(super) fn connect_first(&self) -> (Option<Open>, Health) {
        let mut health = Health::default();
        let open = self.connect(None).map_err(|error| self.failed(&mut health, &error.to_string())).ok();
        (open, health)
    }

    fn connect(&self, place: Option<Place>) -> Result<Open, OpenError> {
        let place = place.map_or_else(|| Place::claim(&self.directory), Ok)?;
        let (connection, aside) = place.open(self.clock.now())?;
        if let Some(why) = aside {
            tracing::warn!(store = %place.path().display(), "the store was damaged, a new one was started: {why}");
        }
        let identity = place.identity();
        self.readers_are(Some(place.path()));
        Ok(Open { connection, place, identity })
    }

    /// Writes until told to stop.
    pub(super) fn run(&self, (mut open, mut health): (Option<Open>, Health)) {
        loop {
            let closing = self.wait(health.failing);
            if let Some(why) = self.lock().damaged.take() {
                open = self.replace(open, &why);
            }
            match self.write(&mut open) {
                Ok(()) => self.succeeded(&mut health),
                Err(error) => {
                    if let OpenError::Damaged(why) = &error {
                        open = self.replace(open, why);
                    }
                    self.failed(&mut health, &error.to_string());
                }
            }
            if closing {
                break;
            }
        }
        self.readers_are(None);
    }

    /// Waits for work; after a failure, until it is time to try again or somebody wants to know. True where this is the end.
    fn wait(&self, failing: bool) -> bool {
        let queue = self.lock();
        let idle = |queue: &mut Queue| {
            let work = !failing && !queue.waiting.is_empty();
            !(work || queue.closing || queue.urgent || queue.damaged.is_some())
        };
        let time = if failing { limits::DISK_RETRY } else { limits::DISK_LOOK };
        let (mut queue, _) = self.wake.wait_timeout_while(queue, time, idle).unwrap_or_else(PoisonError::into_inner);
        queue.urgent = false;
        queue.closing
    }

    /// Writes all that waits, and makes sure that it is in the file that others will find.
    fn write(&self, open: &mut Option<Open>) -> Result<(), OpenError> {
        let (ops, jobs, upto) = {
            let mut queue = self.lock();
            queue.under_way = Arc::new(std::mem::take(&mut queue.waiting));
            queue.weight = 0;
            queue.tries += 1;
            (Arc::clone(&queue.under_way), std::mem::take(&mut queue.jobs), queue.queued)
        };
        let outcome = self.write_ops(open, &ops).and_then(|connection| Ok(table::evict(connection, self.limit)?));
        // each asker learns what became of its own work; the file's damage is everybody's
        let connection = open.as_mut().map(|open| &mut open.connection);
        let damage =
            connection.and_then(|on| jobs.into_iter().filter_map(|job| job(on).err().filter(is_damage)).next());
        let outcome = outcome.and(damage.map_or(Ok(()), |error| Err(error.into())));
        match outcome {
            Ok(()) => {
                self.lock().under_way = Arc::default();
                self.progress.send_modify(|progress| progress.written = upto);
                Ok(())
            }
            Err(error) => {
                self.put_back(&ops);
                Err(error)
            }
        }
    }

    fn write_ops<'a>(&self, open: &'a mut Option<Open>, ops: &Ops) -> Result<&'a mut Connection, OpenError> {
        // twice: where the file was taken away under the first transaction, a new one gets the same
        for _ in 0..2 {
            let gone = open.as_mut().is_some_and(|open| !open.identity.holds(&open.place));
            let place = open.take_if(|_| gone).map(|Open { connection, place, .. }| {
                let store = place.path().display();
                tracing::warn!(%store, "the store was replaced, emptied or removed while in use: it is opened anew");
                self.readers_are(None);
                drop(connection);
                place
            });
            let held = match open.take() {
                Some(held) => held,
                None => self.connect(place)?,
            };
            let held = open.insert(held);
            if !ops.is_empty() {
                let transaction = held.connection.transaction()?;
                for ((kind, key), op) in ops {
                    let now = self.clock.now();
                    match op {
                        Op::Put { label, record } => table::put(&transaction, *kind, key, label, record, now)?,
                        Op::Ensure { label, record } if !table::has(&transaction, *kind, key, record)? => {
                            table::put(&transaction, *kind, key, label, record, now)?;
                        }
                        Op::Ensure { .. } => {}
                        Op::Remove => table::remove(&transaction, *kind, key)?,
                        Op::Touch => table::touch(&transaction, *kind, key, now)?,
                    }
                }
                // SQLite does not see that an index is out of order: it takes a row and never finds it again
                for ((kind, key), op) in ops {
                    if let Op::Put { record, .. } | Op::Ensure { record, .. } = op
                        && !table::has(&transaction, *kind, key, record)?
                    {
                        return Err(OpenError::Damaged("what was written is not found".to_owned()));
                    }
                }
                transaction.commit()?;
            }
            if held.identity.holds(&held.place) {
                break;
            }
        }
        open.as_mut().map(|open| &mut open.connection).ok_or(OpenError::InUse)
    }

    /// What could not be written waits again, behind what came since.
    fn put_back(&self, ops: &Ops) {
        let mut queue = self.lock();
        queue.under_way = Arc::default();
        for (key, op) in ops {
            if queue.waiting.contains_key(key) {
                continue; // a newer one came meanwhile
            }
            let most = if key.0.is_body() { limits::DISK_QUEUE_BODIES } else { limits::DISK_QUEUE };
            if queue.weight + op.weight() > most {
                queue.lost += 1;
            } else {
                queue.weight += op.weight();
                queue.waiting.insert(*key, op.clone());
            }
        }
    }

    /// Sets the damaged file aside; the next write starts another.
    fn replace(&self, open: Option<Open>, why: &str) -> Option<Open> {
        let Open { connection, place, .. } = open?;
        self.readers_are(None);
        drop(connection);
        match place.set_aside(self.clock.now()) {
            Ok(aside) => {
                let (store, aside) = (place.path().display(), aside.display());
                tracing::warn!(%store, %aside, "the store is damaged, it was set aside and a new one is started: {why}");
            }
            Err(error) => tracing::warn!(%error, "the damaged store cannot be set aside"),
        }
        self.connect(Some(place)).ok()
    }

    fn succeeded(&self, health: &mut Health) {
        if std::mem::take(&mut health.failing) {
            tracing::info!(store = %self.directory.display(), "the store on disk is used again");
        }
    }

    fn failed(&self, health: &mut Health, reason: &str) {
        if !std::mem::replace(&mut health.failing, true) {
            let every = limits::DISK_RETRY.as_secs();
            tracing::warn!(
                store = %self.directory.display(),
                "the store on disk (`cache.path`) cannot be written; serving from memory, trying again every {every} s: {reason}"
            );
        }
        let tries = self.lock().tries;
        self.progress.send_modify(|progress| {
            progress.failed = tries;
            progress.reason = reason.to_owned();
        });
    }
}
