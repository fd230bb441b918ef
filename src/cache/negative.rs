//! Failures, remembered until it is time to try again, so that a broken upstream is asked once and not by every reader.
//!
//! [`next_try`] is the table: each cause has its first pause, which doubles with every failure in a row and varies a little
//! from key to key. What upstream asks for is obeyed exactly. Bounded by count.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use serde::{Deserialize, Serialize};

use super::memory::Key;
use crate::base::clock::Time;
use crate::base::limits;

/// What failed, as far as the time of the next try depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Upstream could not be reached, or broke off.
    Network,
    /// Upstream answered with this status, which is not a success.
    Status(u16),
    /// Upstream's body cannot be used: it is not a feed, breaks a bound, or refeed itself failed on it.
    Unusable,
    /// Upstream's feed has lost all its items.
    Emptied,
    /// A rule failed on the feed. Only another body can help, which comes when it comes.
    Rule,
    /// We refuse to ask this address.
    Blocked,
    /// Our own: configuration, load, or the upstream is left in peace for another's sake. The next call may try at once.
    Ours,
}

/// When something that failed may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// At once.
    Now,
    /// Not before this time has passed.
    After(Duration),
    /// Never: upstream says that it is gone, and said so before.
    Never,
}

/// When to try again after failure number `failures` in a row. What upstream asked for (`Retry-After`) counts before our
/// own table, but nobody is asked again at once. `spread`, of 256, is the key's share of [`limits::HOLD_SPREAD`].
pub fn next_try(cause: Cause, asked: Option<Duration>, failures: u32, spread: u8) -> Next {
    let (first, longest) = match cause {
        Cause::Ours => return Next::Now,
        Cause::Status(410) if failures > 1 => return Next::Never,
        Cause::Network => (limits::HOLD_NETWORK, limits::HOLD_NETWORK_LONGEST),
        Cause::Status(404) => (limits::HOLD_NOT_FOUND, limits::HOLD_LONGEST),
        Cause::Status(410) => (limits::HOLD_GONE, limits::HOLD_GONE),
        Cause::Status(500..) => (limits::HOLD_SERVER_ERROR, limits::HOLD_LONGEST),
        Cause::Status(_) => (limits::HOLD_REFUSED, limits::HOLD_LONGEST),
        Cause::Unusable | Cause::Emptied => (limits::HOLD_UNUSABLE, limits::HOLD_LONGEST),
        Cause::Rule => (limits::HOLD_UNUSABLE, limits::HOLD_UNUSABLE),
        Cause::Blocked => (limits::HOLD_BLOCKED, limits::HOLD_LONGEST),
    };
    if let Some(asked) = asked {
        return Next::After(asked.clamp(limits::HOLD_SHORTEST, limits::MAX_RETRY_AFTER));
    }
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest);
    Next::After(doubled + doubled / limits::HOLD_SPREAD * u32::from(spread) / 256)
}

/// A failure, and when its work may be tried again.
#[derive(Debug)]
pub struct Held<E> {
    /// What happened last.
    pub error: Arc<E>,
    /// What sort of failure it was.
    pub cause: Cause,
    /// When the first one of this sort happened, without a success since.
    pub since: Time,
    /// How many there were in a row, of whatever sort.
    pub failures: u32,
    /// Not before this; `None`: never.
    pub retry_at: Option<Time>,
}

impl<E> Clone for Held<E> {
    fn clone(&self) -> Self {
        Held { error: Arc::clone(&self.error), ..*self }
    }
}

impl<E> Held<E> {
    /// The failure `error` at `now`, after `before`; `None` where the next call may try at once.
    pub fn after(
        before: Option<&Held<E>>,
        error: Arc<E>,
        why: (Cause, Option<Duration>),
        now: Time,
        spread: u8,
    ) -> Option<Held<E>> {
        let (cause, asked) = why;
        let failures = before.map_or(1, |before| before.failures.saturating_add(1));
        let since = before.filter(|before| before.cause == cause).map_or(now, |before| before.since);
        let retry_at = match next_try(cause, asked, failures, spread) {
            Next::Now => return None,
            Next::After(wait) => Some(now + wait),
            Next::Never => None,
        };
        Some(Held { error, cause, since, failures, retry_at })
    }

    /// True while it forbids a try.
    pub fn forbids(&self, now: Time) -> bool {
        // a clock that was set back must not hold a failure for as long as it was wrong
        self.retry_at.is_none_or(|at| now < at && at.since(now) <= limits::MAX_RETRY_AFTER)
    }
}

/// The failures remembered. Clones share them.
pub struct Negative<E> {
    held: Cache<Key, Held<E>>,
}

impl<E> Clone for Negative<E> {
    fn clone(&self) -> Self {
        Negative { held: self.held.clone() }
    }
}

impl<E: Send + Sync + 'static> Negative<E> {
    /// Room for `count` failures; the least recently asked goes first.
    pub fn new(count: u64) -> Negative<E> {
        Negative { held: Cache::builder().max_capacity(count).eviction_policy(EvictionPolicy::lru()).build() }
    }

    /// The last failure of `key` without a success since, also when it may be tried again by now.
    pub async fn get(&self, key: &Key) -> Option<Held<E>> {
        self.held.get(key).await
    }

    /// Remembers `held`.
    pub async fn put(&self, key: Key, held: Held<E>) {
        self.held.insert(key, held).await;
    }

    /// It works again. True where it was failing.
    pub async fn forget(&self, key: &Key) -> bool {
        self.held.remove(key).await.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    #[test]
    fn the_table_of_pauses() {
        let day = 24 * 60;
        for (cause, asked, pauses) in [
            (Cause::Network, None, [1, 2, 4, 60]),
            (Cause::Status(500), None, [5, 10, 20, day]),
            (Cause::Status(404), None, [60, 120, 240, day]),
            (Cause::Status(429), None, [15, 30, 60, day]),
            (Cause::Status(429), Some(minutes(61)), [61, 61, 61, 61]),
            (Cause::Status(503), Some(Duration::MAX), [7 * day, 7 * day, 7 * day, 7 * day]),
            (Cause::Unusable, None, [15, 30, 60, day]),
            (Cause::Emptied, None, [15, 30, 60, day]),
            (Cause::Rule, None, [15, 15, 15, 15]),
            (Cause::Blocked, None, [60, 120, 240, day]),
        ] {
            for (failures, expected) in [1, 2, 3, 99].into_iter().zip(pauses) {
                assert_eq!(next_try(cause, asked, failures, 0), Next::After(minutes(expected)), "{cause:?} {failures}");
            }
        }
        assert_eq!(next_try(Cause::Status(503), Some(Duration::ZERO), 1, 9), Next::After(limits::HOLD_SHORTEST));
        assert_eq!(next_try(Cause::Ours, Some(minutes(1)), 1, 0), Next::Now);
    }

    #[test]
    fn what_is_gone_twice_is_gone_for_good() {
        assert_eq!(next_try(Cause::Status(410), None, 1, 0), Next::After(limits::HOLD_GONE));
        assert_eq!(next_try(Cause::Status(410), None, 2, 0), Next::Never);
    }

    #[test]
    fn pauses_spread_by_at_most_a_tenth_and_what_was_asked_for_does_not() {
        for spread in [0, 1, 128, 255] {
            let Next::After(pause) = next_try(Cause::Unusable, None, 1, spread) else { unreachable!() };
            assert!((minutes(15)..=minutes(15) * 11 / 10).contains(&pause), "{pause:?}");
            assert_eq!(next_try(Cause::Status(503), Some(minutes(2)), 1, spread), Next::After(minutes(2)));
        }
    }

    fn fail(before: Option<&Held<&'static str>>, cause: Cause, now: Time) -> Held<&'static str> {
        Held::after(before, Arc::new("down"), (cause, None), now, 0).unwrap()
    }

    #[test]
    fn failures_in_a_row_are_counted_and_dated_by_their_sort() {
        let at = |secs| Time::from_secs(secs);
        let first = fail(None, Cause::Emptied, at(0));
        let second = fail(Some(&first), Cause::Emptied, at(1000));
        let third = fail(Some(&second), Cause::Network, at(3000));
        assert_eq!((second.failures, second.since), (2, at(0)));
        assert_eq!((third.failures, third.since, third.retry_at), (3, at(3000), Some(at(3000 + 240))));
    }

    #[test]
    fn a_failure_forbids_until_its_time_and_not_longer_when_the_clock_is_set_back() {
        let now = Time::from_secs(1_800_000_000);
        let held = fail(None, Cause::Network, now);
        let end = now + limits::HOLD_NETWORK;
        assert!(held.forbids(now) && held.forbids(end - Duration::from_millis(1)) && !held.forbids(end));
        assert!(!held.forbids(now - limits::TTL_CEILING));
        assert!(Held { retry_at: None, ..held }.forbids(end));
    }

    #[tokio::test]
    async fn a_success_forgets() {
        let (negative, key) = (Negative::new(8), Key::of(&[b"a"]));
        negative.put(key, fail(None, Cause::Network, Time::from_secs(0))).await;
        assert!(negative.get(&key).await.is_some() && negative.get(&Key::of(&[b"b"])).await.is_none());
        assert!(negative.forget(&key).await && !negative.forget(&key).await);
        assert!(negative.get(&key).await.is_none());
    }
}
