//! How upstreams are treated: few fetches at once, and `Retry-After` read as it was meant.
//!
//! Promises: at most so many fetches of one host ([`limits::FETCHES_PER_HOST`] of feeds, `fetch.pages_per_host` of pages) and [`limits::FETCHES_AT_ONCE`] of all run at once;
//! more wait in line (the fetch's own timeout bounds the wait), and past [`limits::FETCHES_PENDING`] they are refused.
//! The table of hosts holds those of pending fetches and no other. Called by `client.rs` once per hop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::base::clock::Time;
use crate::base::limits;

/// The turnstile all fetches pass.
#[derive(Clone)]
pub(super) struct Manners(Arc<Shared>);

struct Shared {
    all: Arc<Semaphore>,
    per_host: usize,
    hosts: Mutex<Hosts>,
}

#[derive(Default)]
struct Hosts {
    by_name: HashMap<String, Host>,
    pending: usize,
}

struct Host {
    gate: Arc<Semaphore>,
    pending: usize,
}

/// The right to fetch from one host. Given back on drop, also while it is still waited for.
pub(super) struct Turn {
    _place: Pending,
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// A fetch in the table: running or waiting.
struct Pending {
    shared: Arc<Shared>,
    host: String,
}

impl Manners {
    /// A turnstile for `per_host` fetches of one host at once.
    pub fn new(per_host: usize) -> Manners {
        let all = Arc::new(Semaphore::new(limits::FETCHES_AT_ONCE));
        Manners(Arc::new(Shared { all, per_host, hosts: Mutex::default() }))
    }

    /// Waits for a turn at `host`. `None` when too many wait already. The host's own gate comes first, so that one slow
    /// host's line does not fill the places of all.
    pub async fn turn(&self, host: &str) -> Option<Turn> {
        let (place, gate) = self.enter(host)?;
        let host = gate.acquire_owned().await.ok()?;
        let all = self.0.all.clone().acquire_owned().await.ok()?;
        Some(Turn { _place: place, _host: host, _all: all })
    }

    fn enter(&self, name: &str) -> Option<(Pending, Arc<Semaphore>)> {
        let mut hosts = self.0.lock();
        if hosts.pending >= limits::FETCHES_PENDING {
            return None;
        }
        hosts.pending += 1;
        let host = hosts
            .by_name
            .entry(name.to_owned())
            .or_insert_with(|| Host { gate: Arc::new(Semaphore::new(self.0.per_host)), pending: 0 });
        host.pending += 1;
        Some((Pending { shared: self.0.clone(), host: name.to_owned() }, host.gate.clone()))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut hosts = self.shared.lock();
        hosts.pending = hosts.pending.saturating_sub(1);
        let left = hosts.by_name.get_mut(&self.host).map_or(0, |host| {
            host.pending = host.pending.saturating_sub(1);
            host.pending
        });
        if left == 0 {
            hosts.by_name.remove(&self.host);
        }
    }
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds or an HTTP date, as the time from `now`. A date in the past is zero; what
/// cannot be read is [`limits::RETRY_AFTER_UNREADABLE`]; nothing exceeds [`limits::MAX_RETRY_AFTER`].
pub fn retry_after(value: &[u8], now: Time) -> Duration {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    let asked = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::new(text.parse().unwrap_or(u64::MAX), 0) // more digits than fit are a very long time
    } else {
        match httpdate::parse_http_date(text) {
            Ok(date) => Time::from_system(date).since(now),
            Err(_) => limits::RETRY_AFTER_UNREADABLE,
        }
    };
    asked.min(limits::MAX_RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT

    #[test]
    fn retry_after_is_read_as_seconds_or_date() {
        for (value, seconds) in [
            ("0", 0),
            ("3600", 3600),
            (" 120 ", 120),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
            ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
            ("Sun Nov  6 08:50:37 1994", 60),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ] {
            assert_eq!(retry_after(value.as_bytes(), NOW), Duration::new(seconds, 0), "{value}");
        }
    }

    #[test]
    fn garbage_is_a_quarter_of_an_hour_and_ten_years_are_a_week() {
        for garbage in ["", "soon", "-5", "1.5", "+3", "3600s", "\u{660}"] {
            assert_eq!(retry_after(garbage.as_bytes(), NOW), limits::RETRY_AFTER_UNREADABLE, "{garbage}");
        }
        for long in ["315360000", "99999999999999999999999999", "Sat, 06 Nov 2094 08:49:37 GMT"] {
            assert_eq!(retry_after(long.as_bytes(), NOW), limits::MAX_RETRY_AFTER, "{long}");
        }
    }

    #[tokio::test]
    async fn a_third_fetch_of_one_host_waits_and_another_host_does_not() {
        let manners = Manners::new(limits::FETCHES_PER_HOST);
        let first = manners.turn("a.example").await.unwrap();
        let _second = manners.turn("a.example").await.unwrap();
        let mut third = std::pin::pin!(manners.turn("a.example"));
        assert!(futures_poll(third.as_mut()).await.is_none());
        assert!(manners.turn("b.example").await.is_some());
        drop(first);
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn no_more_run_at_once_in_all_than_the_bound_allows() {
        let manners = Manners::new(limits::FETCHES_PER_HOST);
        let mut turns = Vec::new();
        for n in 0..limits::FETCHES_AT_ONCE {
            turns.push(manners.turn(&format!("{n}.example")).await.unwrap());
        }
        let mut one_more = std::pin::pin!(manners.turn("one.more"));
        assert!(futures_poll(one_more.as_mut()).await.is_none());
        turns.pop();
        assert!(one_more.await.is_some());
    }

    #[tokio::test]
    async fn the_table_forgets_hosts_also_when_the_wait_is_given_up() {
        let manners = Manners::new(limits::FETCHES_PER_HOST);
        {
            let _turns = [manners.turn("a.example").await, manners.turn("a.example").await];
            let mut given_up = Box::pin(manners.turn("a.example"));
            assert!(futures_poll(given_up.as_mut()).await.is_none());
        }
        let hosts = manners.0.lock();
        assert_eq!((hosts.by_name.len(), hosts.pending), (0, 0));
    }

    #[tokio::test]
    async fn past_the_bound_a_fetch_is_refused_at_once() {
        let manners = Manners::new(limits::FETCHES_PER_HOST);
        let mut waiting = Vec::new();
        for n in 0..limits::FETCHES_PENDING {
            waiting.push(manners.enter(&n.to_string()).unwrap());
        }
        assert!(manners.turn("one.more").await.is_none());
        waiting.pop();
        assert!(manners.turn("one.more").await.is_some());
    }

    /// One poll: `None` while the future waits.
    async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match future.as_mut().poll(cx) {
                std::task::Poll::Ready(out) => Some(out),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics_or_exceeds_the_cap(value in proptest::collection::vec(0u8.., 0..60), now: i64) {
            proptest::prop_assert!(retry_after(&value, Time(now)) <= limits::MAX_RETRY_AFTER);
        }
    }
}
