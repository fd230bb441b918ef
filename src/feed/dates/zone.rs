//! Time zones as a user of refeed names them, and the dates that are read and shown in one.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::{Reader, lex, resolve, zones};
use crate::base::clock::Time;
use crate::base::limits::MAX_DATE;

/// A zone: an offset, or a place with summer time by its present rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zone(zones::Zone);

impl Zone {
    /// Greenwich without summer time.
    pub const UTC: Zone = Zone(zones::Zone::Fixed(0));

    /// A zone by its name or offset: `+08:00`, `-0530`, `UTC`, `HKT`, `Asia/Shanghai`, `Europe/Berlin`.
    pub fn parse(name: &str) -> Result<Zone, String> {
        let name = name.trim();
        let offset = || {
            let west = name.starts_with('-');
            let digits: String = name.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
            let number: i32 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
            let (hours, minutes) = match digits.len() {
                1 | 2 => (number, 0),
                4 => (number / 100, number % 100),
                _ => return None,
            };
            let east = hours * 60 + minutes;
            (hours <= 18 && minutes < 60).then_some(zones::Zone::Fixed(if west { -east } else { east }))
        };
        offset().or_else(|| zones::named(name)).map(Zone).ok_or_else(|| {
            format!(
                "unknown zone `{name}`\nwrite an offset (`+08:00`), or a known zone (`Asia/Shanghai`, `Europe/Berlin`)"
            )
        })
    }

    /// How far east of UTC the zone is at `time`, in minutes.
    pub fn offset_at(self, time: Time) -> i32 {
        let rule = match self.0 {
            zones::Zone::Fixed(minutes) => return minutes,
            zones::Zone::Rule(rule) => rule,
        };
        let known = TimeZone::posix(rule).ok().zip(Timestamp::from_millisecond(time.0).ok());
        known.map_or(0, |(zone, moment)| zone.to_offset(moment).seconds() / 60)
    }

    /// `time` on the zone's calendar and clock; `None` outside the years that a calendar has.
    pub fn local(self, time: Time) -> Option<ZonedDateTime> {
        let offset = Offset::from_seconds(self.offset_at(time).checked_mul(60)?).ok()?;
        Some(Timestamp::from_millisecond(time.0).ok()?.to_zoned_datetime(TimeZone::fixed(offset)))
    }
}

/// What a date says of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// Nothing: it is read as UTC.
    Nothing,
    /// UTC, by name or as an offset of nothing.
    Utc,
    /// Another one.
    Other,
}

/// The moment that `text` names where `zone` is meant, and what the text itself says of its zone. The zone counts only
/// where `trust` says that what is stated is not to be believed.
pub fn parse_in(text: &str, zone: Zone, trust: impl Fn(Stated) -> bool) -> Option<(Time, Stated)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '\u{FEFF}' | '"'));
    if text.is_empty() || text.len() > MAX_DATE {
        return None;
    }
    let tokens = lex::tokens(text)?;
    let parts = Reader { tokens: &tokens, at: 0, parts: resolve::Parts::default(), after_zone: false }.parts()?;
    let stated = match parts.zone() {
        _ if parts.is_epoch() => Stated::Other,
        None => Stated::Nothing,
        Some(zones::Zone::Fixed(0)) => Stated::Utc,
        Some(_) => Stated::Other,
    };
    let time = if trust(stated) { parts.time() } else { parts.time_in(zone.0) };
    Some((time?, stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_offset_and_by_name() {
        let at = |name: &str| Zone::parse(name).map(|zone| zone.offset_at(Time::from_secs(1_715_126_400)));
        for (name, minutes) in [
            ("+08:00", 480),
            ("+8", 480),
            ("-0530", -330),
            ("UTC", 0),
            ("Asia/Taipei", 480),
            ("Europe/Berlin", 120),
            ("America/New_York", -240),
        ] {
            assert_eq!(at(name), Ok(minutes), "{name}");
        }
        for name in ["", "+", "+19", "+8:5", "08:00", "Mars/Olympus", "+08:60"] {
            assert!(at(name).is_err(), "{name}");
        }
    }

    #[test]
    fn summer_time_depends_on_the_moment() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(berlin.offset_at(Time::from_secs(1_704_067_200)), 60);
    }

    #[test]
    fn a_date_is_read_in_the_zone_that_is_meant() {
        let east = Zone::parse("+08:00").unwrap();
        let read =
            |text, trust: fn(Stated) -> bool| parse_in(text, east, trust).map(|(time, stated)| (time.secs(), stated));
        let only_stated = |stated| stated != Stated::Nothing;
        assert_eq!(read("2024-05-08 08:00", only_stated), Some((1_715_126_400, Stated::Nothing)));
        assert_eq!(read("2024-05-08T08:00:00Z", only_stated), Some((1_715_155_200, Stated::Utc)));
        assert_eq!(read("2024-05-08T08:00:00Z", |stated| stated == Stated::Other), Some((1_715_126_400, Stated::Utc)));
        assert_eq!(read("2024-05-08T09:00:00+09:00", only_stated), Some((1_715_126_400, Stated::Other)));
        assert_eq!(read("1715126400", only_stated), Some((1_715_126_400, Stated::Other)));
        assert_eq!(read("yesterday", only_stated), None);
    }
}
