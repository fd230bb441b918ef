//! Dates as feeds write them: RFC 822 with a year of four digits for RSS, RFC 3339 for all else. UTC both.

use super::resolve::EPOCH;
use crate::base::clock::Time;
use jiff::SignedDuration;
use jiff::civil::DateTime;

/// `Sat, 07 Sep 2024 09:42:31 +0000` (RFC 822 as RSS 2.0 reads it).
pub fn rfc822(time: Time) -> String {
    let at = civil(time);
    let (date, time) = (at.date(), at.time());
    let weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        [usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[usize::from(date.month().unsigned_abs() - 1)];
    format!(
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} +0000",
        date.day(),
        date.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// `2024-09-07T09:42:31Z`, with milliseconds where there are any (RFC 3339).
pub fn rfc3339(time: Time) -> String {
    let at = civil(time);
    let (date, time) = (at.date(), at.time());
    let fraction = match time.millisecond() {
        0 => String::new(),
        millis => format!(".{millis:03}"),
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// The moment on the calendar of UTC; what lies outside of years 1–9999 becomes the epoch.
fn civil(time: Time) -> DateTime {
    EPOCH.checked_add(SignedDuration::from_millis(time.0)).ok().filter(|at| at.year() >= 1).unwrap_or(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::dates::parse;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_those_of_their_rfc() {
        let time = Time::from_secs(1_725_702_151);
        assert_eq!(rfc822(time), "Sat, 07 Sep 2024 09:42:31 +0000");
        assert_eq!(rfc3339(time), "2024-09-07T09:42:31Z");
        assert_eq!(rfc3339(Time(time.0 + 40)), "2024-09-07T09:42:31.040Z");
        assert_eq!(rfc3339(Time(i64::MAX)), "1970-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_moment(secs in -62_135_596_800_i64..253_402_300_799) {
            prop_assert_eq!(parse(&rfc822(Time::from_secs(secs))), Some(Time::from_secs(secs)));
            prop_assert_eq!(parse(&rfc3339(Time::from_secs(secs))), Some(Time::from_secs(secs)));
        }
    }
}
