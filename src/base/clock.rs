//! Time, injected. [`Clock::system`] reads the machine's clock; a manual clock stands still until it is told to move.
//!
//! The only place that asks the operating system for the time of day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, negative before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// The moment of whole seconds since the epoch.
    pub const fn from_secs(seconds: i64) -> Time {
        Time(seconds.saturating_mul(1000))
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// For HTTP's date formats; moments before the epoch become the epoch.
    pub fn to_system(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// From the operating system's or HTTP's representation.
    pub fn from_system(time: SystemTime) -> Time {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Time(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
            Err(before) => Time(-i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Time;
    fn add(self, by: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, by: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Tells the time. Clones of a manual clock share its hands.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(None)
    }

    /// A clock that stands at `start` until [`Clock::advance`].
    pub fn manual(start: Time) -> Clock {
        Clock(Some(Arc::new(AtomicI64::new(start.0))))
    }

    /// The present moment.
    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn now(&self) -> Time {
        match &self.0 {
            None => Time::from_system(SystemTime::now()),
            Some(hands) => Time(hands.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock back, as an administrator may the machine's; the machine's clock is left alone.
    pub fn set_back(&self, by: Duration) {
        if let Some(hands) = &self.0 {
            hands.fetch_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Moves a manual clock forward; the machine's clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Some(hands) = &self.0 {
            hands.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}
