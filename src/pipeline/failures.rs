//! The failures that forbid a try, in memory and, where an upstream is to be left in peace, on the disk: a restart asks nobody
//! again before it is time. A host's own wish for a pause is told to other refeeds and heard from them (`cache.shared`); why else a try failed
//! may be this machine's trouble alone.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::error::{Earlier, Error};
use crate::base::clock::Time;
use crate::base::limits;
use crate::base::url::Url;
use crate::cache::disk::{Kind, Record};
use crate::cache::negative::{Cause, Held, Negative};
use crate::cache::{Disk, Key, Shared};
use crate::fetch::Holds;

/// The form of what is written here.
const VERSION: u8 = 1;

/// The table. Clones share it.
#[derive(Clone)]
pub(super) struct Failures {
    held: Negative<Error>,
    disk: Disk,
    shared: Shared,
    /// The hosts that asked for a pause before the last start are known.
    restored: Arc<OnceCell<()>>,
}

/// A failure as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    earlier: Earlier,
    since: Time,
    failures: u32,
    retry_at: Option<Time>,
}

impl Failures {
    pub(super) fn new(disk: Disk, shared: Shared) -> Failures {
        Failures { held: Negative::new(limits::MAX_HELD_FAILURES), disk, shared, restored: Arc::default() }
    }

    /// The failure of `key` that is known in memory.
    pub(super) async fn get(&self, key: &Key) -> Option<Held<Error>> {
        self.held.get(key).await
    }

    /// The failure of the upstream `key`, also from before the last start.
    pub(super) async fn recall(&self, key: &Key) -> Option<Held<Error>> {
        if let Some(held) = self.get(key).await {
            return Some(held);
        }
        let record = self.disk.load(Kind::State, &name(key)).await?;
        let Written { earlier, since, failures, retry_at } = record.meta(VERSION)?;
        let cause = earlier.cause;
        let held = Held { error: Arc::new(Error::Earlier(earlier)), cause, since, failures, retry_at };
        self.held.put(*key, held.clone()).await;
        Some(held)
    }

    /// Remembers `held` until the process ends.
    pub(super) async fn put(&self, key: Key, held: Held<Error>) {
        self.held.put(key, held).await;
    }

    /// Remembers `held`, which is an upstream's, also over a restart; `label` names its feed.
    pub(super) async fn keep(&self, key: Key, label: &str, held: Held<Error>) {
        let Held { since, failures, retry_at, .. } = held;
        let written = Written { earlier: Earlier::of(&held.error), since, failures, retry_at };
        self.disk.store(Kind::State, name(&key), label, Record::new(VERSION, &written, Bytes::new()));
        self.put(key, held).await;
    }

    /// It works again. True where it was failing.
    pub(super) async fn forget(&self, key: &Key) -> bool {
        let was_failing = self.held.forget(key).await;
        if was_failing {
            self.disk.remove(Kind::State, name(key));
        }
        was_failing
    }

    /// Writes the hosts that asked for a pause.
    fn keep_holds(&self, holds: &Holds) {
        let record = Record::new(VERSION, &holds.all(), Bytes::new());
        self.disk.store(Kind::State, Key::of(&[HOLDS]), "hosts", record);
    }

    /// Puts back the hosts that asked for a pause before the last start, when first called.
    pub(super) async fn restore_holds(&self, holds: &Holds) {
        let restore = || async {
            let record = self.disk.load(Kind::State, &Key::of(&[HOLDS])).await;
            holds.restore(record.and_then(|record| record.meta(VERSION)).unwrap_or_default());
        };
        self.restored.get_or_init(restore).await;
    }

    /// Where `error` is a host's wish for a pause, it is written down with those of all others, and other refeeds are told.
    pub(super) fn note_pause(&self, error: &Error, holds: &Holds, now: Time) {
        if matches!(error.cause(), Cause::Status(429 | 503)) && error.retry_after().is_some() {
            self.keep_holds(holds);
            let left = holds.all().into_iter().map(|(host, until)| (host, until.since(now)));
            self.shared.hold(&left.collect::<Vec<_>>());
        }
    }

    /// Learns whether the host of `url` asked another refeed for a pause.
    pub(super) async fn hear_pause(&self, url: &Url, holds: &Holds, now: Time) {
        if self.shared.is_none() || holds.left(url, now).is_some() {
            return;
        }
        let host = Holds::host(url);
        if let Some(left) = self.shared.held(&host).await {
            holds.restore(vec![(host, now + left)]);
        }
    }
}

const HOLDS: &[u8] = b"holds of hosts";

fn name(key: &Key) -> Key {
    key.of_kind(b"failure")
}
