//! A changed configuration, taken up while the server runs.
//!
//! The file is looked at every [`RELOAD_POLL`] (its time and size, then its bytes), and read again at once on SIGHUP, which also takes up
//! the files that it names. A good one replaces the running one between two requests: feeds and rules that are gone are gone at
//! once, answers that are being made are finished with what they began with, and the cache stays. A bad one is named in the log, and the
//! running one runs on. What is bound to the process (`server.listen`, `cache.memory`, `cache.path`, `cache.disk`, `cache.shared`) waits for a restart.

use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::listen::Stop;
use super::{Access, Router};
use crate::base::limits::{MAX_CONFIG, RELOAD_POLL};
use crate::config::Config;
use crate::config::fields::Secret;

/// Reads and checks the configuration, or says everything that is wrong with it. Blocks.
pub type Load = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// Where a changed configuration comes from.
#[derive(Clone)]
pub struct Source {
    /// The file to look at.
    pub path: PathBuf,
    /// How it is read.
    pub load: Load,
}

/// What became of a look at the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// It is as it was.
    Unchanged,
    /// It replaced the running one.
    TakenUp,
    /// It is wrong: the running one runs on.
    Refused,
}

/// Keeps a router up to date.
pub struct Reloader {
    source: Source,
    router: Router,
    address: SocketAddr,
    /// Of the file that was read last: its time and size, and its bytes.
    seen: (Option<Stamp>, Option<blake3::Hash>),
    /// What the process began with, as far as it is bound to it.
    bound: Bound,
}

type Stamp = (Option<SystemTime>, u64);

#[derive(PartialEq)]
struct Bound {
    listen: SocketAddr,
    memory: usize,
    disk: (crate::config::Store, usize),
    shared: Option<Secret>,
}

impl Bound {
    fn of(config: &Config) -> Bound {
        let cache = &config.cache;
        let (disk, shared) = ((cache.path.clone(), cache.disk), cache.shared.clone());
        Bound { listen: config.server.listen, memory: cache.memory, disk, shared }
    }
}

impl Reloader {
    /// For `router`, which listens on `address` and began with `config`.
    pub async fn new(source: Source, router: Router, address: SocketAddr, config: &Config) -> Reloader {
        let mut reloader = Reloader { source, router, address, seen: (None, None), bound: Bound::of(config) };
        reloader.seen = (reloader.stamp().await, reloader.hash().await);
        reloader
    }

    /// Looks at the file from time to time, and on SIGHUP, until the server stops.
    pub async fn run(mut self, mut stop: watch::Receiver<Stop>) {
        let mut hangup = hangups();
        let mut ticks = interval(RELOAD_POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                Some(()) = hangup.recv() => drop(self.take_up().await),
                _ = ticks.tick() => drop(self.look().await),
            }
        }
    }

    /// Takes the file up if it has changed.
    pub async fn look(&mut self) -> Looked {
        let stamp = self.stamp().await;
        if stamp == self.seen.0 {
            return Looked::Unchanged;
        }
        let hash = self.hash().await;
        if hash == self.seen.1 {
            self.seen.0 = stamp;
            return Looked::Unchanged;
        }
        self.take_up().await
    }

    /// Takes the file up, changed or not.
    pub async fn take_up(&mut self) -> Looked {
        // before it is read: a change while it is read is seen by the next look
        self.seen = (self.stamp().await, self.hash().await);
        let load = Arc::clone(&self.source.load);
        let loaded = tokio::task::spawn_blocking(move || load()).await;
        let config = match loaded.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(config) => config,
            Err(why) => return self.refuse(&why),
        };
        match self.router.pipeline().reloaded(&config) {
            Ok(pipeline) => self.router.replace(pipeline, Access::new(&config.server, self.address)),
            Err(error) => return self.refuse(&error.to_string()),
        }
        tracing::info!(feeds = config.feeds.len(), "the changed configuration is taken up");
        if Bound::of(&config) != self.bound {
            tracing::warn!(
                "server.listen, cache.memory, cache.path, cache.disk and cache.shared change with a restart only"
            );
        }
        Looked::TakenUp
    }

    fn refuse(&self, why: &str) -> Looked {
        tracing::error!("the changed configuration is wrong, the running one stays:\n{why}");
        Looked::Refused
    }

    async fn stamp(&self) -> Option<Stamp> {
        let data = tokio::fs::metadata(&self.source.path).await.ok()?;
        Some((data.modified().ok(), data.len()))
    }

    async fn hash(&self) -> Option<blake3::Hash> {
        let path = self.source.path.clone();
        tokio::task::spawn_blocking(move || hash(&path)).await.ok()?.ok()
    }
}

/// Of the bytes of a file, as far as a configuration may be long, without holding them.
fn hash(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?.take(MAX_CONFIG as u64 + 1))?;
    Ok(hasher.finalize())
}

/// Until the server is to stop, or nobody can tell any more.
async fn stopped(stop: &mut watch::Receiver<Stop>) {
    let _ = stop.wait_for(|stop| *stop != Stop::Running).await;
}

/// SIGHUP, as long as the system tells of it.
fn hangups() -> tokio::sync::mpsc::Receiver<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    if let Ok(mut hangup) = signal(SignalKind::hangup()) {
        tokio::spawn(async move { while hangup.recv().await.is_some() && sender.send(()).await.is_ok() {} });
    }
    receiver
}
