//! When a feed is asked for without a reader. Pure: what was seen and a time in, a due time out.
//!
//! The interval follows the feed's own rhythm: half the usual gap between its items, within [`limits::REFRESH_LEAST`] and
//! [`limits::REFRESH_MOST`]; each answer that brought nothing new stretches it by half. Never before the copy at hand has had
//! its time, nor before an upstream that failed may be asked again; an upstream that sends no validators, so that each answer
//! is a whole feed, is asked every [`limits::REFRESH_UNCONDITIONAL`] at most while nothing changes. The longer nobody has
//! read a feed, the less it is refreshed; after [`limits::REFRESH_UNREAD`] only a reader wakes it.
//!
//! Due times lie where a hash of the feed puts them within its interval, so that no two starts of refeed, and no two feeds,
//! ask at one moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Key;
use crate::base::clock::Time;
use crate::base::limits;

/// What is known of a feed between two refreshes; kept across restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// When it is to be asked for.
    pub due: Time,
    /// From one refresh to the next, while it is read.
    interval: Duration,
    /// When a reader last asked for it, to about an interval; its first start counts as one.
    read: Time,
    /// What was at hand after the last refresh, as [`Seen::digest`].
    digest: Option<u64>,
}

/// How often, as the operator wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As often as it changes.
    Adaptive,
    /// Once in so long.
    Every(Duration),
}

/// What is at hand after a refresh, whether this one fetched it or a reader's question had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Other bytes have another.
    pub digest: u64,
    /// When upstream was last asked.
    pub asked: Time,
    /// Until when it may be used.
    pub fresh_until: Time,
    /// Upstream sends validators: asking again costs it little.
    pub validators: bool,
    /// The usual time from one item to the next.
    pub gap: Option<Duration>,
    /// A hub has promised to tell of changes: polling is for what it misses.
    pub told: bool,
}

impl Habit {
    /// Of a feed that was never asked for, one of `crowd` that start together at `now`.
    pub fn new(now: Time, key: &Key, crowd: usize) -> Habit {
        Habit { due: now, interval: limits::REFRESH_FIRST, read: now, digest: None }.resumed(now, key, crowd)
    }

    /// After a restart: what fell due meanwhile is spread out, the rest stays as it was. A due time beyond all bounds (the
    /// clock was wrong when it was set) is brought back.
    pub fn resumed(self, now: Time, key: &Key, crowd: usize) -> Habit {
        let crowd = u32::try_from(crowd).unwrap_or(u32::MAX);
        let window = limits::REFRESH_START_STEP.saturating_mul(crowd).min(limits::REFRESH_START_MOST);
        let due = if self.due <= now { now + share(key, window) } else { self.due.min(now + limits::MAX_RETRY_AFTER) };
        Habit { due, read: self.read.min(now), ..self }
    }

    /// After a refresh that found `seen`. `read` is when a reader last asked, where one did.
    pub fn after(self, pace: Pace, seen: Seen, read: Option<Time>, now: Time, key: &Key) -> Habit {
        let changed = self.digest != Some(seen.digest);
        let interval = match (pace, changed) {
            (Pace::Every(interval), _) => interval,
            (Pace::Adaptive, _) if seen.told => limits::REFRESH_MOST,
            (Pace::Adaptive, true) => bounded(seen.gap.map_or(limits::REFRESH_FIRST, |gap| gap / 2)),
            (Pace::Adaptive, false) => bounded(self.interval * 3 / 2),
        };
        let wait = match pace {
            Pace::Adaptive if !changed && !seen.validators => interval.max(limits::REFRESH_UNCONDITIONAL),
            _ => interval,
        };
        let read = self.last_read(read);
        let due = seen.asked.min(now) + spread(stretched(wait, read, now), key);
        Habit { due: due.max(seen.fresh_until), interval, read, digest: Some(seen.digest) }
    }

    /// After one at `now` that failed; upstream may be asked again at `retry`. A feed that nothing was ever had of has no rhythm to
    /// keep to: it waits for the upstream alone, where that says how long.
    pub fn failed(self, pace: Pace, retry: Time, read: Option<Time>, now: Time, key: &Key) -> Habit {
        let read = self.last_read(read);
        let interval = match pace {
            Pace::Every(interval) => interval,
            Pace::Adaptive if self.digest.is_none() && retry > now => Duration::ZERO,
            Pace::Adaptive => self.interval,
        };
        let due = now + spread(stretched(interval, read, now), key);
        Habit { due: due.max(retry), read, ..self }
    }

    /// True where nobody has read it for so long that only a reader wakes it. A fixed pace is the operator's word.
    pub fn is_asleep(&self, pace: Pace, read: Option<Time>, now: Time) -> bool {
        pace == Pace::Adaptive && now.since(self.last_read(read)) >= limits::REFRESH_UNREAD
    }

    fn last_read(&self, read: Option<Time>) -> Time {
        read.map_or(self.read, |read| read.max(self.read))
    }
}

fn bounded(interval: Duration) -> Duration {
    interval.clamp(limits::REFRESH_LEAST, limits::REFRESH_MOST)
}

/// Twice the time after a day without readers, three times after two, at most a day.
fn stretched(interval: Duration, read: Time, now: Time) -> Duration {
    let idle = now.since(read).as_secs() / limits::REFRESH_IDLE_STEP.as_secs();
    let times = u32::try_from(idle).unwrap_or(u32::MAX).saturating_add(1);
    interval.saturating_mul(times).min(limits::REFRESH_IDLE_MOST.max(interval))
}

/// Up to a tenth later, each feed by its own share.
fn spread(interval: Duration, key: &Key) -> Duration {
    interval + share(key, interval / 10)
}

/// The key's share of `window`: even over all keys, to the second.
fn share(key: &Key, window: Duration) -> Duration {
    let [a, b, c, d, ..] = *key.as_bytes();
    Duration::from_secs((window.as_secs() * u64::from(u32::from_le_bytes([a, b, c, d]))) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_800_000_000);
    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn key() -> Key {
        Key::from_bytes([0; 16]) // its share of every window is nothing
    }

    fn seen(digest: u64, gap: Option<Duration>) -> Seen {
        Seen { digest, asked: NOW, fresh_until: NOW, validators: true, gap, told: false }
    }

    fn habit() -> Habit {
        Habit { due: NOW, interval: HOUR, read: NOW, digest: Some(1) }
    }

    fn wait(pace: Pace, seen: Seen) -> Duration {
        habit().after(pace, seen, None, NOW, &key()).due.since(NOW)
    }

    #[test]
    fn half_the_usual_gap_within_bounds() {
        for (gap, expected) in [
            (None, HOUR),
            (Some(Duration::ZERO), 30 * MINUTE),
            (Some(40 * MINUTE), 30 * MINUTE),
            (Some(4 * HOUR), 2 * HOUR),
            (Some(7 * DAY), 12 * HOUR),
        ] {
            assert_eq!(wait(Pace::Adaptive, seen(2, gap)), expected, "{gap:?}");
            assert_eq!(wait(Pace::Every(MINUTE), seen(2, gap)), MINUTE);
        }
    }

    #[test]
    fn nothing_new_stretches_the_interval_by_half_up_to_its_bound() {
        let mut habit = habit();
        let mut waits = Vec::new();
        for _ in 0..9 {
            habit = habit.after(Pace::Adaptive, seen(1, Some(HOUR)), Some(NOW), NOW, &key());
            waits.push(habit.due.since(NOW).as_secs() / 60);
        }
        assert_eq!(waits, [90, 135, 202, 303, 455, 683, 720, 720, 720]);
        assert_eq!(habit.after(Pace::Adaptive, seen(2, Some(2 * HOUR)), None, NOW, &key()).due, NOW + HOUR);
    }

    #[test]
    fn never_before_what_is_at_hand_has_had_its_time() {
        let fresh = Seen { fresh_until: NOW + 5 * HOUR, ..seen(2, Some(HOUR)) };
        assert_eq!(wait(Pace::Adaptive, fresh), 5 * HOUR);
        assert_eq!(wait(Pace::Every(HOUR), fresh), 5 * HOUR);
    }

    #[test]
    fn who_is_told_of_changes_asks_seldom() {
        let told = Seen { told: true, ..seen(2, Some(HOUR)) };
        assert_eq!(wait(Pace::Adaptive, told), 12 * HOUR);
        assert_eq!(wait(Pace::Every(HOUR), told), HOUR);
    }

    #[test]
    fn what_a_reader_fetched_counts_from_then() {
        let earlier = Seen { asked: NOW - 20 * MINUTE, ..seen(2, Some(2 * HOUR)) };
        assert_eq!(wait(Pace::Adaptive, earlier), 40 * MINUTE);
    }

    #[test]
    fn without_validators_and_without_news_once_in_six_hours() {
        let bare = |digest| Seen { validators: false, ..seen(digest, Some(HOUR)) };
        assert_eq!(wait(Pace::Adaptive, bare(1)), 6 * HOUR);
        assert_eq!(wait(Pace::Adaptive, bare(2)), 30 * MINUTE, "news: its rhythm counts");
        assert_eq!(wait(Pace::Every(HOUR), bare(1)), HOUR, "the operator's word");
    }

    #[test]
    fn a_failure_waits_for_the_upstream_and_keeps_the_rhythm() {
        let failed = |habit: Habit, pace, retry| habit.failed(pace, NOW + retry, None, NOW, &key()).due.since(NOW);
        let known = Habit { digest: Some(1), ..habit() };
        assert_eq!(
            known.failed(Pace::Adaptive, NOW + 10 * MINUTE, None, NOW, &key()),
            Habit { due: NOW + HOUR, ..known }
        );
        assert_eq!(failed(known, Pace::Adaptive, DAY), DAY);
        assert_eq!(failed(known, Pace::Every(2 * MINUTE), MINUTE), 2 * MINUTE);
        let never = Habit { digest: None, ..habit() };
        assert_eq!(failed(never, Pace::Adaptive, 5 * MINUTE), 5 * MINUTE, "there is no rhythm yet");
        assert_eq!(failed(never, Pace::Adaptive, Duration::ZERO), HOUR, "our own failure");
    }

    #[test]
    fn the_longer_nobody_reads_it_the_less_it_is_refreshed_and_then_not_at_all() {
        let at = |days: u32| {
            let now = NOW + DAY * days;
            let seen = Seen { asked: now, fresh_until: now, ..seen(2, Some(4 * HOUR)) };
            let next = habit().after(Pace::Adaptive, seen, None, now, &key());
            (next.due.since(now).as_secs() / 3600, next.is_asleep(Pace::Adaptive, None, now))
        };
        assert_eq!([0, 1, 2, 6].map(at), [(2, false), (4, false), (6, false), (14, false)]);
        assert_eq!(at(7), (16, true));
        let week = NOW + 7 * DAY;
        assert!(!habit().is_asleep(Pace::Adaptive, Some(week), week), "a reader wakes it");
        assert!(!habit().is_asleep(Pace::Every(HOUR), None, week), "the operator's word");
        assert_eq!(
            Habit { digest: Some(1), ..habit() }.failed(Pace::Adaptive, NOW, None, NOW + 1000 * DAY, &key()).due,
            NOW + 1001 * DAY,
            "once a day at least"
        );
    }

    #[test]
    fn starts_are_spread_evenly_and_a_small_one_is_soon_done() {
        for (feeds, window) in [(5, 10), (100, 200), (100_000, 3600)] {
            let due = |n: usize| Habit::new(NOW, &Key::of(&[&n.to_le_bytes()]), feeds).due.since(NOW).as_secs();
            let mut minutes = vec![0; 60];
            for due in (0..feeds).map(due) {
                assert!(due < window, "{feeds} feeds: {due}");
                minutes[usize::try_from(due * 60 / window).unwrap()] += 1;
            }
            assert!(
                feeds < 1000 || minutes.iter().all(|count| (feeds / 70..feeds / 50).contains(count)),
                "{minutes:?}"
            );
        }
    }

    #[test]
    fn after_a_restart_nothing_is_asked_before_it_is_due() {
        let later = Habit { due: NOW + 3 * HOUR, ..habit() };
        assert_eq!(later.resumed(NOW, &Key::of(&[b"a"]), 1000), later);
        let overdue = Habit { due: NOW - DAY, ..habit() }.resumed(NOW, &Key::of(&[b"a"]), 1000);
        assert!(overdue.due >= NOW && overdue.due <= NOW + HOUR && overdue.digest == Some(1), "{overdue:?}");
        let absurd = Habit { due: NOW + 1000 * DAY, read: NOW + DAY, ..habit() }.resumed(NOW, &key(), 1);
        assert_eq!(absurd, Habit { due: NOW + 7 * DAY, ..habit() });
    }

    #[test]
    fn no_two_feeds_keep_step() {
        let due = |n: u8| habit().after(Pace::Adaptive, seen(2, Some(DAY)), None, NOW, &Key::of(&[&[n]])).due;
        let dues: std::collections::HashSet<Time> = (0..100).map(due).collect();
        assert!(dues.len() > 90 && dues.iter().all(|due| (12 * HOUR..=14 * HOUR).contains(&due.since(NOW))));
    }
}
