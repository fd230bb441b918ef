//! Hosts that asked to be left alone: a 429 or 503 with `Retry-After` speaks for the whole host, not for one of its feeds.
//!
//! Asked before every hop, told after every answer (`client.rs`). Bounded: past [`limits::MAX_HELD_HOSTS`] the one that ends
//! first goes. [`Holds::all`] and [`Holds::restore`] carry the table over a restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::Url;

use crate::base::clock::Time;
use crate::base::limits;

/// The table. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Holds(Arc<Mutex<HashMap<String, Time>>>);

impl Holds {
    /// How long the host of `url` is still to be left alone.
    pub fn left(&self, url: &Url, now: Time) -> Option<Duration> {
        let until = *self.lock().get(&Holds::host(url))?;
        let left = until.since(now);
        // a clock that was set back must not hold a host for as long as it was wrong
        (!left.is_zero() && left <= limits::MAX_RETRY_AFTER).then_some(left)
    }

    /// The host of `url` asked to be left alone until then.
    pub fn hold(&self, url: &Url, until: Time, now: Time) {
        let mut held = self.lock();
        held.retain(|_, until| *until > now);
        if held.len() >= limits::MAX_HELD_HOSTS
            && let Some(first) = held.iter().min_by_key(|(_, until)| **until).map(|(host, _)| host.clone())
        {
            held.remove(&first);
        }
        held.insert(Holds::host(url), until);
    }

    /// All hosts held, with the ends of their holds.
    pub fn all(&self) -> Vec<(String, Time)> {
        self.lock().iter().map(|(host, until)| (host.clone(), *until)).collect()
    }

    /// What the table calls the host of `url`: the host and, where it is not the scheme's own, the port: what runs there is another
    /// server.
    pub fn host(url: &Url) -> String {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", url.host_str().unwrap_or_default())
    }

    /// Puts back what [`Holds::all`] gave.
    pub fn restore(&self, all: Vec<(String, Time)>) {
        let mut held = self.lock();
        for (host, until) in all.into_iter().take(limits::MAX_HELD_HOSTS) {
            held.entry(host).and_modify(|known| *known = until.max(*known)).or_insert(until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Time>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_800_000_000);

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_hold_is_the_whole_hosts_and_ends_on_time() {
        let holds = Holds::default();
        holds.hold(&url("https://a.example/feed"), NOW + limits::HOUR, NOW);
        assert_eq!(holds.left(&url("http://a.example/other?q"), NOW), Some(limits::HOUR));
        for other in ["https://b.example/feed", "https://a.example:8443/feed"] {
            assert_eq!(holds.left(&url(other), NOW), None, "{other}");
        }
        assert_eq!(holds.left(&url("https://a.example/feed"), NOW + limits::HOUR), None);
        assert_eq!(holds.left(&url("https://a.example/feed"), NOW - limits::TTL_CEILING), None);
    }

    #[test]
    fn the_table_is_bounded_forgets_what_ended_and_is_carried_over() {
        let holds = Holds::default();
        for n in 0..=limits::MAX_HELD_HOSTS {
            let end = NOW + limits::MINUTE + Duration::from_secs(n as u64);
            holds.hold(&url(&format!("http://h{n}.example/")), end, NOW);
        }
        assert_eq!(holds.all().len(), limits::MAX_HELD_HOSTS);
        assert_eq!(holds.left(&url("http://h0.example/"), NOW), None);
        let next = Holds::default();
        next.restore(holds.all());
        assert!(next.left(&url("http://h9.example/"), NOW).is_some());
        next.hold(&url("http://a.example/"), NOW + limits::DAY * 2, NOW + limits::DAY);
        assert_eq!(next.all().len(), 1);
    }
}
