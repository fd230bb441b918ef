//! For how long a copy may be used: three clocks, from what upstream's headers say ([`Said`]), what the feed says itself
//! ([`Rhythm`]) and what the operator allows ([`Policy`]). Pure: data in, times out; nothing makes it fail.
//!
//! - *Fresh*: used without asking. HTTP's lifetime (RFC 9111 §4.2), or the feed's own `ttl` or period where that is longer and
//!   HTTP does not forbid stale use; where neither speaks, a tenth of the time since `Last-Modified`, between the default and
//!   [`limits::HEURISTIC_MOST`], or half the usual gap between items, up to [`limits::HEURISTIC_GAP`]. `Age` is taken off. Then the operator's floor and ceiling hold, whatever was said: the floor
//!   protects the upstream from us. An end that falls into the feed's `skipHours` or `skipDays` moves to their end.
//! - *Stale, refreshed behind* (RFC 5861 §3): used at once while one refresh runs. Upstream may shorten it.
//! - *Stale, upstream down* (RFC 5861 §4): used rather than an error. Upstream may lengthen it.
//!
//! Where upstream forbids stale use (`must-revalidate`, `proxy-revalidate`, `no-cache`, `no-store`, `s-maxage`, `Vary: *`:
//! RFC 9111 §4.2.4), there is none, unless the operator sets a [`Grace`] for this very feed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::Scope;
use super::said::Said;
use crate::base::clock::Time;
use crate::base::limits;
use crate::feed::Rhythm;

/// The operator's part: `cache.*`, and what a feed sets for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Fresh for so long where upstream and the feed say nothing.
    pub default: Duration,
    /// Floor of freshness.
    pub min: Duration,
    /// Ceiling of freshness; a ceiling below the floor counts as the floor.
    pub max: Duration,
    /// How long a stale copy may be used while it is refreshed behind.
    pub stale_while_revalidate: Grace,
    /// How long a stale copy may be used where upstream fails.
    pub stale_if_error: Grace,
}

/// How long something stale may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grace {
    /// For so long, unless upstream says otherwise.
    Default(Duration),
    /// For so long, whatever upstream says: the operator knows this upstream.
    Insisted(Duration),
}

/// Until when and by whom a copy may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// When it left the origin.
    pub generated: Time,
    /// Until when it may be used without asking again.
    pub fresh_until: Time,
    /// Until when it may be used while it is refreshed behind.
    pub stale_until: Time,
    /// Until when it may be used where upstream fails.
    pub kept_until: Time,
    /// Whether others than the reader may keep it.
    pub scope: Scope,
}

impl Freshness {
    /// True while no upstream need be asked. A clock that was set back to before the fetch makes everything stale: what
    /// it fetched would stay fresh for as long as the clock was wrong.
    pub fn is_fresh(&self, now: Time) -> bool {
        self.generated <= now && now < self.fresh_until
    }

    /// True while it may be used at once, if it is refreshed behind.
    pub fn usable_stale(&self, now: Time) -> bool {
        self.generated <= now && now < self.stale_until
    }

    /// True while it is better than upstream's error. (With a clock that was set back, too: it is the last good copy.)
    pub fn usable_on_error(&self, now: Time) -> bool {
        now < self.kept_until
    }
}

/// Until when a copy may be used of which its headers said `said` and the feed itself `rhythm`.
pub fn freshness(said: &Said, rhythm: &Rhythm, policy: &Policy) -> Freshness {
    let (now, age) = (said.received, said.age().min(limits::TTL_CEILING));
    let own = own_words(rhythm, now, age, policy).filter(|_| !said.forbids_stale());
    let http = said.lifetime().map(|lifetime| lifetime.saturating_sub(age));
    let remaining = http.max(own).unwrap_or_else(|| silent(said, rhythm, policy).saturating_sub(age));
    let fresh_until = awake(now + remaining.min(policy.max).max(policy.min), rhythm);
    let (wait, error) = (policy.stale_while_revalidate, policy.stale_if_error);
    Freshness {
        generated: now - age,
        fresh_until,
        stale_until: fresh_until + wait.open(said, |span| said.stale_while_revalidate().map_or(span, |s| s.min(span))),
        kept_until: fresh_until + error.open(said, |span| said.stale_if_error().map_or(span, |s| s.max(span))),
        scope: said.scope(),
    }
}

impl Grace {
    fn open(self, said: &Said, asked: impl Fn(Duration) -> Duration) -> Duration {
        match self {
            Grace::Insisted(span) => span,
            Grace::Default(_) if said.forbids_stale() => Duration::ZERO,
            Grace::Default(span) => asked(span),
        }
    }
}

/// What remains, from `now`, of the time that the feed gives itself.
fn own_words(rhythm: &Rhythm, now: Time, age: Duration, policy: &Policy) -> Option<Duration> {
    if rhythm.finished {
        return Some(policy.max);
    }
    let period = rhythm.period.map(|period| match rhythm.base {
        Some(base) => until_next(base, period, now),
        None => period.saturating_sub(age),
    });
    rhythm.ttl.map(|ttl| ttl.saturating_sub(age)).max(period)
}

/// From `now` to the next of the moments that lie whole periods from `base`.
fn until_next(base: Time, period: Duration, now: Time) -> Duration {
    let Ok(period @ 1..) = i64::try_from(period.as_millis()) else { return Duration::ZERO };
    let past = now.0.saturating_sub(base.0).rem_euclid(period);
    Duration::from_millis(u64::try_from(period - past).unwrap_or(0))
}

/// The lifetime of what nobody speaks for.
fn silent(said: &Said, rhythm: &Rhythm, policy: &Policy) -> Duration {
    let modified = said.unchanged_for().unwrap_or_default() / limits::HEURISTIC_PART;
    let gap = rhythm.gap.unwrap_or_default() / 2;
    modified.min(limits::HEURISTIC_MOST).max(gap.min(limits::HEURISTIC_GAP)).max(policy.default)
}

/// `at`, or the end of the hours and days to skip that it falls into.
fn awake(at: Time, rhythm: &Rhythm) -> Time {
    let latest = at + limits::SKIP_MOST;
    let hour = limits::HOUR.as_secs() as i64;
    let mut moment = at;
    while moment < latest {
        let hours = moment.secs().div_euclid(hour);
        let day = (hours.div_euclid(24) + 3).rem_euclid(7); // 1970-01-01 was a Thursday
        let skipped = rhythm.skip_hours >> hours.rem_euclid(24) & 1 == 1 || rhythm.skip_days >> day & 1 == 1;
        if !skipped {
            return moment;
        }
        moment = Time::from_secs((hours + 1) * hour);
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::super::said::tests::{NOW, said};
    use super::*;
    use proptest::prelude::*;

    const fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    const POLICY: Policy = Policy {
        default: minutes(30),
        min: minutes(5),
        max: minutes(24 * 60),
        stale_while_revalidate: Grace::Default(minutes(6 * 60)),
        stale_if_error: Grace::Default(minutes(7 * 24 * 60)),
    };
    const OPEN: Policy = Policy { min: Duration::ZERO, max: Duration::MAX, ..POLICY };

    fn remaining(lines: &[&str], rhythm: Rhythm, policy: Policy) -> u64 {
        freshness(&said(lines), &rhythm, &policy).fresh_until.since(NOW).as_secs() / 60
    }

    fn ttl(count: u64) -> Rhythm {
        Rhythm { ttl: Some(minutes(count)), ..Rhythm::default() }
    }

    #[test]
    fn http_first_then_the_feed_then_the_default() {
        let period = |count, base| Rhythm { period: Some(minutes(count)), base, ..Rhythm::default() };
        let (none, gap) = (Rhythm::default(), |count| Rhythm { gap: Some(minutes(count)), ..Rhythm::default() });
        for (lines, rhythm, expected) in [
            (&[][..], none, 30),
            (&["cache-control: max-age=600"], none, 10),
            (&["cache-control: max-age=600", "age: 300"], none, 5),
            (&["cache-control: max-age=600", "age: 1200"], none, 0),
            (&["cache-control: max-age=600", "date: Fri, 15 Jan 2027 07:56:00 GMT"], none, 6),
            (&[], ttl(90), 90),
            (&["age: 600"], ttl(90), 80),
            (&["cache-control: max-age=600"], ttl(90), 90),
            (&["cache-control: max-age=6000"], ttl(90), 100),
            (&["cache-control: max-age=600, must-revalidate"], ttl(90), 10),
            (&["cache-control: must-revalidate"], ttl(90), 30),
            (&["cache-control: no-cache"], ttl(90), 0),
            (&["cache-control: s-maxage=600"], ttl(90), 10),
            (&["expires: 0"], ttl(90), 90),
            (&[], period(60, None), 60),
            (&[], Rhythm { ttl: Some(minutes(20)), ..period(60, None) }, 60),
            // six-hourly from midnight: at 8:00 the next is at noon
            (&[], period(360, Some(NOW - minutes(8 * 60))), 240),
            (&[], period(360, Some(NOW + minutes(10 * 60))), 240),
            (&[], period(0, Some(NOW)), 0),
            (&["last-modified: Fri, 15 Jan 2027 03:00:00 GMT"], none, 30),
            (&["last-modified: Thu, 14 Jan 2027 22:00:00 GMT"], none, 60),
            (&["last-modified: Fri, 01 Jan 2027 00:00:00 GMT"], none, 120),
            (&["last-modified: Fri, 01 Jan 2027 00:00:00 GMT", "age: 600"], none, 110),
            (&["last-modified: Fri, 01 Jan 2027 00:00:00 GMT", "cache-control: max-age=60"], none, 1),
            (&["last-modified: Fri, 01 Jan 2027 00:00:00 GMT"], ttl(20), 20),
            (&["last-modified: never"], none, 30),
            (&[], gap(10), 30),
            (&[], gap(90), 45),
            (&["age: 600"], gap(24 * 60), 50),
            (&["last-modified: Fri, 01 Jan 2027 00:00:00 GMT"], gap(24 * 60), 120),
            (&["cache-control: max-age=600"], gap(24 * 60), 10),
        ] {
            assert_eq!(remaining(lines, rhythm, OPEN), expected, "{lines:?} {rhythm:?}");
            assert_eq!(remaining(lines, rhythm, POLICY), expected.clamp(5, 24 * 60), "clamped {lines:?} {rhythm:?}");
        }
        assert_eq!(remaining(&[], Rhythm { finished: true, ..none }, POLICY), 24 * 60);
        let floor_above_ceiling = Policy { min: minutes(15), max: minutes(1), ..POLICY };
        assert_eq!(remaining(&[], none, floor_above_ceiling), 15);
    }

    #[test]
    fn hours_and_days_to_skip_put_the_next_fetch_off() {
        let skip = |skip_hours, skip_days| Rhythm { skip_hours, skip_days, ..Rhythm::default() };
        // Friday 8:00; the default ends at 8:30
        for (rhythm, expected) in [
            (skip(1 << 8, 0), 60),
            (skip(1 << 8 | 1 << 9 | 1 << 11, 0), 120),
            (skip(1 << 7, 0), 30),
            (skip(0, 1 << 4), 16 * 60),
            (skip(1, 1 << 4), 17 * 60),
            (skip(0, 1 << 3), 30),
            (skip(0, 1 << 4 | 1 << 5 | 1 << 6), 30 + 48 * 60),
            (skip(u32::MAX, u8::MAX), 30 + 48 * 60),
        ] {
            assert_eq!(remaining(&[], rhythm, POLICY), expected, "{rhythm:?}");
        }
        assert_eq!(remaining(&["cache-control: max-age=7200"], skip(1 << 8, 0), POLICY), 120);
    }

    #[test]
    fn stale_use_ends_when_upstream_or_the_operator_says() {
        let insisted = Policy {
            stale_while_revalidate: Grace::Insisted(minutes(1)),
            stale_if_error: Grace::Insisted(minutes(2)),
            ..POLICY
        };
        for (line, wait, error) in [
            ("max-age=600", 360, 7 * 24 * 60),
            ("max-age=600, stale-while-revalidate=120", 2, 7 * 24 * 60),
            ("max-age=600, stale-while-revalidate=9999999", 360, 7 * 24 * 60),
            ("max-age=600, stale-if-error=60", 360, 7 * 24 * 60),
            ("max-age=600, stale-if-error=1209600", 360, 14 * 24 * 60),
            ("max-age=600, must-revalidate, stale-if-error=60", 0, 0),
            ("max-age=600, proxy-revalidate", 0, 0),
            ("s-maxage=600", 0, 0),
            ("no-cache", 0, 0),
            ("no-store", 0, 0),
        ] {
            let said = said(&[&format!("cache-control: {line}")]);
            let windows = |policy| {
                let found = freshness(&said, &Rhythm::default(), &policy);
                let minutes = |until: Time| until.since(found.fresh_until).as_secs() / 60;
                (minutes(found.stale_until), minutes(found.kept_until))
            };
            assert_eq!(windows(POLICY), (wait, error), "{line}");
            assert_eq!(windows(insisted), (1, 2), "{line}");
        }
    }

    #[test]
    fn age_counts_from_the_origin_and_a_clock_set_back_ends_freshness() {
        let found = freshness(&said(&["age: 100", "cache-control: max-age=600"]), &Rhythm::default(), &OPEN);
        assert_eq!(found.generated, NOW - Duration::from_secs(100));
        let before = found.generated - minutes(1);
        assert!(found.is_fresh(NOW) && !found.is_fresh(before) && !found.usable_stale(before));
        assert!(found.usable_on_error(before));
    }

    #[test]
    fn a_file_is_looked_at_again_after_the_floor() {
        let found = freshness(&Said::local(NOW), &Rhythm::default(), &POLICY);
        assert_eq!((found.fresh_until, found.stale_until), (NOW + POLICY.min, NOW + POLICY.min));
        assert!(found.usable_on_error(found.fresh_until));
    }

    #[test]
    fn what_upstream_calls_private_is_for_the_reader_alone() {
        for (value, scope) in [("private", Scope::Private), ("no-store", Scope::Unstored), ("max-age=1", Scope::Public)]
        {
            let said = said(&[&format!("cache-control: {value}")]);
            assert_eq!(freshness(&said, &Rhythm::default(), &OPEN).scope, scope, "{value}");
        }
    }

    proptest! {
        #[test]
        fn nothing_escapes_the_bounds(
            control in "[ -~]{0,60}", expires in "[ -~]{0,40}", age in "[ -~]{0,20}", date in "[ -~]{0,40}",
            ttl: Option<u32>, period: Option<u32>, base: Option<i64>, skip_hours: u32, skip_days: u8,
        ) {
            let seconds = |span: Option<u32>| span.map(|span| Duration::from_secs(span.into()));
            let lines = [("cache-control", control), ("expires", expires), ("age", age), ("date", date)];
            let lines = lines.map(|(name, value)| format!("{name}: {value}"));
            let said = said(&lines.each_ref().map(String::as_str));
            let (ttl, period, base) = (seconds(ttl), seconds(period), base.map(Time));
            let rhythm = Rhythm { ttl, period, base, skip_hours, skip_days, finished: false, gap: None };
            let found = freshness(&said, &rhythm, &POLICY);
            let left = found.fresh_until.since(NOW);
            prop_assert!(POLICY.min <= left && left <= POLICY.max + limits::SKIP_MOST);
            prop_assert!(found.generated <= NOW && found.stale_until >= found.fresh_until);
        }
    }
}
