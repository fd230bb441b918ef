//! Single flight: however many ask for one key at once, its work is done once.
//!
//! The work runs in a task of its own and its callers wait for the outcome: one that leaves stops nothing. Work that
//! panics is a failure for all who wait; the next call starts it again. Bounded: pieces of work under way, callers per
//! piece, and the time a caller waits. Outcomes are not kept: work that stores its result must look for it first, because
//! a caller may miss both the store and the flight that just filled it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::memory::Key;
use crate::base::limits;

/// Why a caller got no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlightError {
    /// Too much work under way, or too many wait for this one.
    #[error("too many requests are waiting for the same work")]
    Busy,
    /// The work goes on, but the caller waited long enough.
    #[error("the answer took too long; it is still being made")]
    Late,
    /// The work panicked: a bug.
    #[error("the work failed inside refeed")]
    Panicked,
}

/// Whether a caller started the work or joined it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Started it.
    Led,
    /// Found it under way.
    Joined,
}

type Outcome<T> = watch::Sender<Option<T>>;

/// The work under way, by key. Clones share it.
pub struct Flights<T> {
    under_way: Arc<Mutex<HashMap<Key, Arc<Outcome<T>>>>>,
}

impl<T> Clone for Flights<T> {
    fn clone(&self) -> Self {
        Flights { under_way: Arc::clone(&self.under_way) }
    }
}

impl<T: Clone + Send + Sync + 'static> Default for Flights<T> {
    fn default() -> Flights<T> {
        Flights::new()
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Nothing under way.
    pub fn new() -> Flights<T> {
        Flights { under_way: Arc::default() }
    }

    /// Starts `work` under `key` unless it is under way already, and waits for nothing. Past the bound it is left out.
    pub fn start<W>(&self, key: Key, work: W)
    where
        W: Future<Output = T> + Send + 'static,
    {
        let _ = self.board(key, work);
    }

    /// The outcome of `work` under `key`: started here, or joined where it is under way already. The caller waits no longer
    /// than `wait`.
    pub async fn run<W>(&self, key: Key, wait: Duration, work: W) -> Result<(T, Role), FlightError>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let (mut outcome, role) = self.board(key, work)?;
        match timeout(wait, outcome.wait_for(Option::is_some)).await {
            Err(_) => Err(FlightError::Late),
            Ok(Err(_)) => Err(FlightError::Panicked),
            Ok(Ok(value)) => value.clone().map(|value| (value, role)).ok_or(FlightError::Panicked),
        }
    }

    fn board<W>(&self, key: Key, work: W) -> Result<(watch::Receiver<Option<T>>, Role), FlightError>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = under_way.len() >= limits::MAX_FLIGHTS;
        match under_way.entry(key) {
            Entry::Occupied(flight) if flight.get().receiver_count() >= limits::MAX_WAITERS => Err(FlightError::Busy),
            Entry::Occupied(flight) => Ok((flight.get().subscribe(), Role::Joined)),
            Entry::Vacant(_) if busy => Err(FlightError::Busy),
            Entry::Vacant(place) => {
                let (sender, receiver) = watch::channel(None);
                let landing = Landing { under_way: Arc::clone(&self.under_way), key, outcome: Arc::new(sender) };
                place.insert(Arc::clone(&landing.outcome));
                tokio::spawn(async move {
                    let value = work.await;
                    landing.outcome.send_replace(Some(value));
                });
                Ok((receiver, Role::Led))
            }
        }
    }
}

/// Ends a flight, also when its work panics: off the list first, then the last sender goes and wakes who waits.
struct Landing<T> {
    under_way: Arc<Mutex<HashMap<Key, Arc<Outcome<T>>>>>,
    key: Key,
    outcome: Arc<Outcome<T>>,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Notify;

    fn flights() -> Arc<Flights<usize>> {
        Arc::new(Flights::new())
    }

    fn key() -> Key {
        Key::of(&[b"a"])
    }

    #[tokio::test]
    async fn many_callers_one_piece_of_work() {
        let (flights, gate, count) = (flights(), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let callers: Vec<_> = (0..200)
            .map(|_| {
                let (gate, count) = (Arc::clone(&gate), Arc::clone(&count));
                let work = async move {
                    gate.notified().await;
                    count.fetch_add(1, Ordering::SeqCst)
                };
                flights.board(key(), work).unwrap()
            })
            .collect();
        gate.notify_one();
        let led = callers.iter().filter(|(_, role)| *role == Role::Led).count();
        for (mut outcome, _) in callers {
            assert_eq!(*outcome.wait_for(Option::is_some).await.unwrap(), Some(0));
        }
        assert_eq!((led, count.load(Ordering::SeqCst)), (1, 1));
    }

    #[tokio::test]
    async fn a_caller_that_leaves_stops_nothing() {
        let (flights, gate) = (flights(), Arc::new(Notify::new()));
        let go = Arc::clone(&gate);
        let leader = flights.board(key(), async move {
            go.notified().await;
            7
        });
        let (mut joined, role) = flights.board(key(), async { 8 }).unwrap();
        drop(leader);
        gate.notify_one();
        assert_eq!(role, Role::Joined);
        assert_eq!(*joined.wait_for(Option::is_some).await.unwrap(), Some(7));
    }

    #[tokio::test]
    async fn work_can_be_started_without_waiting_and_is_started_once() {
        let (flights, gate, count) = (flights(), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        for _ in 0..3 {
            let (gate, count) = (Arc::clone(&gate), Arc::clone(&count));
            flights.start(key(), async move {
                gate.notified().await;
                count.fetch_add(1, Ordering::SeqCst)
            });
        }
        let (mut joined, role) = flights.board(key(), async { 9 }).unwrap();
        gate.notify_one();
        assert_eq!((*joined.wait_for(Option::is_some).await.unwrap(), role), (Some(0), Role::Joined));
    }

    #[tokio::test]
    async fn a_panic_fails_those_who_wait_and_the_next_call_tries_again() {
        let flights = flights();
        let failed = flights.run(key(), limits::FETCH_TIMEOUT, async { panic!("as the test wants") }).await;
        assert_eq!(failed, Err(FlightError::Panicked));
        assert_eq!(flights.run(key(), limits::FETCH_TIMEOUT, async { 1 }).await, Ok((1, Role::Led)));
    }

    #[tokio::test]
    async fn waiters_are_counted_and_waits_end() {
        let (flights, moment) = (Flights::<usize>::new(), Duration::from_millis(1));
        let _waiting: Vec<_> =
            (0..limits::MAX_WAITERS).map(|_| flights.board(key(), std::future::pending()).unwrap()).collect();
        assert_eq!(flights.run(key(), moment, async { 1 }).await, Err(FlightError::Busy));
        assert_eq!(flights.run(Key::of(&[b"b"]), moment, std::future::pending()).await, Err(FlightError::Late));
    }

    #[tokio::test]
    async fn work_under_way_is_bounded() {
        let flights = flights();
        for n in 0..limits::MAX_FLIGHTS {
            flights.board(Key::of(&[&n.to_le_bytes()]), std::future::pending()).unwrap();
        }
        assert!(matches!(flights.board(key(), async { 1 }), Err(FlightError::Busy)));
    }
}
