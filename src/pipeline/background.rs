//! Refreshes the configured feeds without a reader: a queue of due times, and the refreshes under way.
//!
//! When a feed is due is `cache::schedule`'s; this holds the feeds to it. At most [`limits::FETCHES_PER_HOST`] refreshes of
//! one host and [`limits::REFRESHES_AT_ONCE`] of all run at once, so that one slow host delays its own feeds only, and readers'
//! questions find room. What is known of each feed is kept on disk, so that a restart asks for nothing before it is due. A
//! refresh that panics is a failure of that feed.
//!
//! [`Background::run`] follows the machine's clock; tests and simulations move theirs and call [`Background::settle`].

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::ask::Route;
use crate::base::clock::{Clock, Time};
use crate::base::limits;
use crate::cache::Disk;
use crate::cache::disk::{Kind, Record};
use crate::cache::schedule::{Habit, Pace, Seen};
use crate::config::Origin;

/// Version of the records on disk.
const VERSION: u8 = 1;

/// What a refresh found, or until when the upstream is to be left in peace.
pub type Refreshed = Result<Seen, Time>;

type Refresh = Box<dyn Fn(Arc<Route>) -> Pin<Box<dyn Future<Output = Refreshed> + Send>> + Send>;

/// When a reader last asked for a feed.
#[derive(Debug, Default)]
pub(super) struct LastRead(AtomicI64);

impl LastRead {
    /// One asks now.
    pub(super) fn note(&self, now: Time) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    /// None since the start.
    pub(super) fn get(&self) -> Option<Time> {
        Some(Time(self.0.load(Ordering::Relaxed))).filter(|time| time.0 != 0)
    }
}

/// A feed and its habit.
struct Feed {
    route: Arc<Route>,
    pace: Pace,
    habit: Habit,
    /// The other feeds of the same address: who reads one of them reads this.
    others: Box<[Arc<LastRead>]>,
}

impl Feed {
    /// When a reader last asked for it.
    fn read(&self) -> Option<Time> {
        let others = self.others.iter().filter_map(|other| other.get());
        others.chain(self.route.read.get()).max()
    }

    fn is_asleep(&self, now: Time) -> bool {
        self.habit.is_asleep(self.pace, self.read(), now)
    }
}

/// The pace of two feeds of one address: what the operator wrote, and of that the faster.
fn faster(one: Pace, other: Pace) -> Pace {
    match (one, other) {
        (Pace::Every(one), Pace::Every(other)) => Pace::Every(one.min(other)),
        (Pace::Every(every), Pace::Adaptive) | (Pace::Adaptive, Pace::Every(every)) => Pace::Every(every),
        (Pace::Adaptive, Pace::Adaptive) => Pace::Adaptive,
    }
}

/// The place of a feed in the list.
type Place = u32;

/// The feeds that are refreshed, and when.
pub struct Background {
    feeds: Vec<Feed>,
    due: BinaryHeap<Reverse<(Time, Place)>>,
    /// Nobody reads them: only a reader wakes them.
    asleep: Vec<Place>,
    /// Hosts with refreshes under way, and who waits for a turn at them.
    hosts: HashMap<String, Line>,
    /// By task, whose feed it refreshes: a panic leaves nothing else to tell.
    running: HashMap<tokio::task::Id, Place>,
    tasks: JoinSet<Refreshed>,
    refresh: Refresh,
    clock: Clock,
    disk: Disk,
}

#[derive(Default)]
struct Line {
    running: usize,
    waiting: VecDeque<Place>,
}

impl Background {
    /// `feeds` with their pace, as they were when they were last refreshed. What the disk knows of others is forgotten.
    pub(super) async fn new<F>(
        mut feeds: Vec<(Arc<Route>, Pace)>,
        clock: Clock,
        disk: Disk,
        refresh: impl Fn(Arc<Route>) -> F + Send + 'static,
    ) -> Background
    where
        F: Future<Output = Refreshed> + Send + 'static,
    {
        let refresh: Refresh = Box::new(move |route| Box::pin(refresh(route)));
        let kept = disk.load_all(Kind::Schedule).await;
        let mut kept: HashMap<_, _> =
            kept.into_iter().filter_map(|(key, record)| Some((key, record.meta::<Habit>(VERSION)?))).collect();
        feeds.sort_unstable_by_key(|(route, _)| *route.fetched.as_bytes());
        let addresses = feeds.chunk_by(|(one, _), (other, _)| one.fetched == other.fetched);
        let (now, crowd) = (clock.now(), addresses.clone().count());
        let mut all: Vec<Feed> = Vec::with_capacity(crowd);
        all.extend(addresses.filter_map(|feeds| {
            let ((route, pace), others) = feeds.split_first()?;
            let pace = others.iter().fold(*pace, |pace, (_, other)| faster(pace, *other));
            let others = others.iter().map(|(other, _)| Arc::clone(&other.read)).collect();
            let habit = match kept.remove(&route.fetched) {
                Some(habit) => habit.resumed(now, &route.fetched, crowd),
                None => Habit::new(now, &route.fetched, crowd),
            };
            Some(Feed { route: Arc::clone(route), pace, habit, others })
        }));
        for key in kept.into_keys() {
            disk.remove(Kind::Schedule, key);
        }
        let due = (0..).zip(&all).map(|(place, feed)| Reverse((feed.habit.due, place))).collect();
        let (asleep, hosts, running, tasks) = Default::default();
        Background { feeds: all, due, asleep, hosts, running, tasks, refresh, clock, disk }
    }

    /// Refreshes what falls due, for ever.
    pub async fn run(mut self) {
        loop {
            self.begin();
            let pause = self.pause();
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.end(ended),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Refreshes all that is due by now, and returns when that is done.
    pub async fn settle(&mut self) {
        self.begin();
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.end(ended);
            self.begin();
        }
    }

    /// When the next feed is due, if one is.
    pub fn next_due(&self) -> Option<Time> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    fn pause(&self) -> Duration {
        let until_due = self.next_due().map(|due| due.since(self.clock.now()));
        let full = self.tasks.len() >= limits::REFRESHES_AT_ONCE;
        let longest = limits::REFRESH_LOOK;
        until_due.filter(|_| !full).map_or(longest, |until| until.min(longest))
    }

    /// Starts what is due, as far as there is room.
    fn begin(&mut self) {
        let now = self.clock.now();
        self.wake(now);
        while self.tasks.len() < limits::REFRESHES_AT_ONCE {
            let Some(Reverse((_, place))) = self.due.peek().copied().filter(|Reverse((due, _))| *due <= now) else {
                return;
            };
            self.due.pop();
            let feed = &self.feeds[place as usize];
            if feed.is_asleep(now) {
                tracing::debug!(feed = %feed.route.label, "nobody reads it: refreshed on demand only");
                self.asleep.push(place);
                continue;
            }
            let line = self.hosts.entry(host(&feed.route)).or_default();
            if line.running < limits::FETCHES_PER_HOST {
                line.running += 1;
                self.start(place);
            } else {
                line.waiting.push_back(place);
            }
        }
    }

    /// Puts who was read again back into the queue.
    fn wake(&mut self, now: Time) {
        let (feeds, due) = (&self.feeds, &mut self.due);
        self.asleep.retain(|place| {
            let asleep = feeds[*place as usize].is_asleep(now);
            if !asleep {
                due.push(Reverse((now, *place)));
            }
            asleep
        });
    }

    fn start(&mut self, place: Place) {
        let task = self.tasks.spawn((self.refresh)(Arc::clone(&self.feeds[place as usize].route)));
        self.running.insert(task.id(), place);
    }

    fn end(&mut self, ended: Result<(tokio::task::Id, Refreshed), tokio::task::JoinError>) {
        let now = self.clock.now();
        let (task, refreshed) = match ended {
            Ok((task, refreshed)) => (task, refreshed),
            Err(error) => (error.id(), Err(now)),
        };
        let Some(place) = self.running.remove(&task) else { return };
        let feed = &mut self.feeds[place as usize];
        let (route, read) = (&feed.route, feed.read());
        feed.habit = match refreshed {
            Ok(seen) => feed.habit.after(feed.pace, seen, read, now, &route.fetched),
            Err(retry) => feed.habit.failed(feed.pace, retry, read, now, &route.fetched),
        };
        let record = Record::new(VERSION, &feed.habit, Bytes::new());
        self.disk.store(Kind::Schedule, route.fetched, &route.label, record);
        self.due.push(Reverse((feed.habit.due, place)));
        let host = host(route);
        let Some(line) = self.hosts.get_mut(&host) else { return };
        match line.waiting.pop_front() {
            Some(next) => self.start(next),
            None => {
                line.running -= 1;
                if line.running == 0 {
                    self.hosts.remove(&host);
                }
            }
        }
    }
}

/// The host whose turn it is.
fn host(route: &Route) -> String {
    match &*route.origin {
        Origin::Http(url) => url.host_str().unwrap_or_default().to_owned(),
        // the sources of a merged feed have hosts, which `fetch` holds to their turns
        Origin::Merge(_) | Origin::File(_) | Origin::Embedded { .. } => route.label.to_string(),
    }
}

#[cfg(test)]
mod tests;
