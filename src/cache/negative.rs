//! Failures, remembered until it is time to try again, so that a broken upstream is asked once and not by every reader.
//!
//! Bounded by count. A failure of the configuration, or of our own load, is not held: [`hold`] says `None`.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;

use super::memory::Key;
use crate::base::clock::Time;
use crate::base::limits;

/// What failed, as far as the time of the next try depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Upstream could not be reached, or broke off.
    Network,
    /// Upstream answered with this status, which is not a success.
    Status(u16),
    /// Upstream's body cannot be used: it is not a feed, breaks a bound, or a rule (or refeed itself) failed on it.
    Unusable,
    /// We refuse to ask this address.
    Blocked,
    /// Our own: configuration, load. The next call may try at once.
    Ours,
}

/// How long not to try again. What upstream asked for (`Retry-After`) counts before our own table, but nobody is asked
/// again at once.
pub fn hold(cause: Cause, asked: Option<Duration>) -> Option<Duration> {
    let own = match cause {
        Cause::Ours => return None,
        Cause::Network => limits::HOLD_NETWORK,
        Cause::Status(404) => limits::HOLD_NOT_FOUND,
        Cause::Status(410) => limits::HOLD_GONE,
        Cause::Status(500..) => limits::HOLD_SERVER_ERROR,
        Cause::Status(_) => limits::HOLD_REFUSED,
        Cause::Unusable => limits::HOLD_UNUSABLE,
        Cause::Blocked => limits::HOLD_BLOCKED,
    };
    Some(asked.unwrap_or(own).clamp(limits::HOLD_SHORTEST, limits::MAX_RETRY_AFTER))
}

/// A failure and the time from which its work may be tried again.
#[derive(Debug)]
pub struct Held<E> {
    /// What happened.
    pub error: Arc<E>,
    /// Not before this.
    pub retry_at: Time,
}

impl<E> Clone for Held<E> {
    fn clone(&self) -> Self {
        Held { error: Arc::clone(&self.error), retry_at: self.retry_at }
    }
}

/// The failures remembered.
pub struct Negative<E> {
    held: Cache<Key, Held<E>>,
}

impl<E: Send + Sync + 'static> Negative<E> {
    /// Room for `count` failures; the least recently asked goes first.
    pub fn new(count: u64) -> Negative<E> {
        Negative { held: Cache::builder().max_capacity(count).eviction_policy(EvictionPolicy::lru()).build() }
    }

    /// The failure of `key` that still forbids a try at `now`.
    pub async fn get(&self, key: &Key, now: Time) -> Option<Held<E>> {
        // a clock that was set back must not hold a failure for as long as it was wrong
        let still = |held: &Held<E>| now < held.retry_at && held.retry_at.since(now) <= limits::MAX_RETRY_AFTER;
        self.held.get(key).await.filter(still)
    }

    /// Remembers `held`.
    pub async fn put(&self, key: Key, held: Held<E>) {
        self.held.insert(key, held).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_holds() {
        let minutes = |m: u64| Some(Duration::from_secs(m * 60));
        for (cause, asked, expected) in [
            (Cause::Network, None, minutes(1)),
            (Cause::Status(500), None, minutes(5)),
            (Cause::Status(404), None, minutes(60)),
            (Cause::Status(410), None, minutes(24 * 60)),
            (Cause::Status(429), None, minutes(15)),
            (Cause::Status(429), minutes(60), minutes(60)),
            (Cause::Status(503), Some(Duration::ZERO), Some(limits::HOLD_SHORTEST)),
            (Cause::Status(503), Some(Duration::MAX), Some(limits::MAX_RETRY_AFTER)),
            (Cause::Unusable, None, minutes(15)),
            (Cause::Blocked, None, minutes(60)),
            (Cause::Ours, minutes(1), None),
        ] {
            assert_eq!(hold(cause, asked), expected, "{cause:?} {asked:?}");
        }
    }

    #[tokio::test]
    async fn a_clock_set_back_does_not_prolong_a_hold() {
        let (negative, key) = (Negative::<&str>::new(8), Key::of(&[b"a"]));
        let wrong = Time::from_secs(0) + limits::TTL_CEILING;
        negative.put(key, Held { error: Arc::new("down"), retry_at: wrong + limits::HOLD_NETWORK }).await;
        assert!(negative.get(&key, wrong).await.is_some());
        assert!(negative.get(&key, Time::from_secs(0)).await.is_none());
    }

    #[tokio::test]
    async fn a_failure_is_held_until_its_time() {
        let negative: Negative<&str> = Negative::new(8);
        let key = Key::of(&[b"a"]);
        negative.put(key, Held { error: Arc::new("down"), retry_at: Time::from_secs(60) }).await;
        assert!(negative.get(&key, Time::from_secs(59)).await.is_some());
        assert!(negative.get(&key, Time::from_secs(60)).await.is_none());
        assert!(negative.get(&Key::of(&[b"b"]), Time::from_secs(0)).await.is_none());
    }
}
