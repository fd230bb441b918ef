//! Dates as the formats write them, in UTC. A moment that no calendar of theirs holds (before year 0, after 9999) is left out.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::base::clock::Time;

/// RFC 3339, in seconds: `2024-03-02T13:00:00Z`.
pub(super) fn rfc3339(time: Time) -> Option<String> {
    timestamp(time).map(|moment| moment.to_string())
}

/// RFC 822 with a year of four digits: `Sat, 02 Mar 2024 13:00:00 GMT`.
pub(super) fn rfc822(time: Time) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&timestamp(time)?).ok()
}

fn timestamp(time: Time) -> Option<Timestamp> {
    const YEARS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800; // 0000-01-01 to 9999-12-31
    YEARS.contains(&time.secs()).then(|| Timestamp::from_second(time.secs()).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_specifications_show_them() {
        let time = Time(1_709_384_400_999);
        assert_eq!(rfc3339(time).as_deref(), Some("2024-03-02T13:00:00Z"));
        assert_eq!(rfc822(time).as_deref(), Some("Sat, 02 Mar 2024 13:00:00 GMT"));
        assert_eq!(rfc822(Time::from_secs(-1)).as_deref(), Some("Wed, 31 Dec 1969 23:59:59 GMT"));
        assert_eq!((rfc3339(Time(i64::MAX)), rfc822(Time(i64::MIN))), (None, None));
    }
}
