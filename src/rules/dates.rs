//! Repair dates: the zone that was meant, items without a date, dates in the future.
//!
//! ## What it does
//! `zone` (an offset such as `+08:00`, or `Asia/Shanghai`, `Europe/Berlin` …; the short form) says where dates without a zone were written;
//! else they are read as UTC. With `ignore = "utc"` dates that say `GMT`, `Z` or `+0000` are read there too (local times under a wrong
//! label), with `ignore = "all"` every zone is. A date that changes is written again in the form of its format; the others keep their bytes.
//!
//! `undated` says what becomes of an item without a readable date: `keep` (the default), `drop`, `link` (the date in its address, as in
//! `/2024/05/07/`, where there is one), `feed` (the feed's own date), `now`. `future` says what becomes of one dated later than now:
//! `keep` (the default), `drop`, `now`.
//!
//! ## When to use
//! Items appear hours too late or in the future; a reader sorts items without a date to the end, or to the top.
//!
//! ## Example
//! ```toml
//! rules = [{ dates = "+08:00" }]
//! ```
//! Local times labelled as GMT, and items that have a date in their address only:
//! ```toml
//! rules = [{ dates = { zone = "Asia/Shanghai", ignore = "utc", undated = "link", future = "now" } }]
//! ```
//!
//! ## Order
//! Before rules that look at dates: `sort`, `keep` and `drop` by age, `when`. `now` is the time of each run: a reader sees the item move.
//!
//! ## Cost
//! Reading each date once.

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Context, Rule, RuleError};
use crate::base::clock::Time;
use crate::config::Report;
use crate::feed::dates::{self, Stated, Zone};
use crate::feed::{Feed, Field, Kind, Place};

/// Settings of `dates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    zone: Option<Spanned<String>>,
    ignore: Option<Spanned<Ignore>>,
    undated: Option<Undated>,
    future: Option<Future>,
}

/// Which stated zones are not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ignore {
    Utc,
    All,
}

/// What becomes of an item without a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Undated {
    Keep,
    Drop,
    Link,
    Feed,
    Now,
}

/// What becomes of an item of the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Future {
    Keep,
    Drop,
    Now,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("zone");
    type Rule = Dates;

    fn build(self, report: &mut Report) -> Option<Dates> {
        let before = report.count();
        if let Some(ignore) = self.ignore.as_ref().filter(|_| self.zone.is_none()) {
            report
                .error(ignore.span(), "`ignore` needs the zone that is meant instead")
                .help("add `zone = \"+08:00\"`");
        }
        let zone = self.zone.and_then(|zone| match Zone::parse(zone.get_ref()) {
            Ok(known) => Some(known),
            Err(error) => {
                let (message, help) = error.split_once('\n').unwrap_or((&error, ""));
                report.error(zone.span(), message).help(help);
                None
            }
        });
        let (undated, future) = (self.undated.unwrap_or(Undated::Keep), self.future.unwrap_or(Future::Keep));
        if report.count() == before && zone.is_none() && undated == Undated::Keep && future == Future::Keep {
            report.error_here("nothing to repair").help("write `{ dates = \"+08:00\" }`");
        }
        (report.count() == before).then_some(Dates {
            zone,
            ignore: self.ignore.map(Spanned::into_inner),
            undated,
            future,
        })
    }
}

/// The compiled rule.
pub struct Dates {
    zone: Option<Zone>,
    ignore: Option<Ignore>,
    undated: Undated,
    future: Future,
}

impl Rule for Dates {
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        if let Some(zone) = self.zone {
            for place in feed.places() {
                self.read_in(zone, feed, place);
            }
        }
        let of_feed = feed.date(Place::Head);
        for item in feed.items() {
            let date = match (feed.date(item), self.undated) {
                (None, Undated::Link) => {
                    feed.link(item).and_then(|link| date_in(&link, self.zone.unwrap_or(Zone::UTC)))
                }
                (None, Undated::Feed) => of_feed,
                (None, Undated::Now) => Some(cx.now),
                (Some(date), _) if date > cx.now && self.future == Future::Now => Some(cx.now),
                _ => continue,
            };
            if let Some(date) = date {
                set(feed, item, date);
            }
        }
        let (undated, future) = (self.undated, self.future);
        if undated == Undated::Drop || future == Future::Drop {
            feed.retain(|feed, item| match feed.date(item) {
                None => undated != Undated::Drop,
                Some(date) => future != Future::Drop || date <= cx.now,
            });
        }
        Ok(())
    }
}

impl Dates {
    /// Writes anew what the zone changes.
    fn read_in(&self, zone: Zone, feed: &mut Feed, place: Place) {
        let is_believed = |stated| match (stated, self.ignore) {
            (Stated::Nothing, _) | (_, Some(Ignore::All)) => false,
            (Stated::Utc, ignore) => ignore != Some(Ignore::Utc),
            (Stated::Other, _) => true,
        };
        for slot in feed.slots(place).filter(|slot| slot.kind == Kind::Date) {
            let value = feed.value(&slot);
            let meant = dates::parse_in(&value, zone, is_believed);
            if let Some((time, _)) = meant.filter(|(time, _)| dates::parse(&value) != Some(*time)) {
                let written = feed.write_date(&slot, time);
                feed.set_value(&slot, written);
            }
        }
    }
}

/// Sets the dates that are there, or a date of publication.
fn set(feed: &mut Feed, item: Place, date: Time) {
    let written: Vec<_> = feed.slots(item).filter(|slot| slot.kind == Kind::Date).collect();
    if written.is_empty() && feed.set_date(item, Field::Published, date).is_none() {
        feed.set_date(item, Field::Updated, date);
    }
    for slot in written {
        let value = feed.write_date(&slot, date);
        feed.set_value(&slot, value);
    }
}

/// The date in an address: `/2024/05/07/`, `/2024-05-07-title`, `/20240507/`.
fn date_in(link: &str, zone: Zone) -> Option<Time> {
    let path = link.split(['?', '#']).next()?;
    let bytes = path.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter(|at| is_digit(*at) && !at.checked_sub(1).is_some_and(is_digit)).find_map(|start| {
        let run = |from: usize| (from..bytes.len()).take_while(|at| is_digit(*at)).count();
        let number = |from: usize, length: usize| path.get(from..from + length)?.parse::<u32>().ok();
        let (year, month, day) = match run(start) {
            8 => (number(start, 4)?, number(start + 4, 2)?, number(start + 6, 2)?),
            4 => {
                let month = start + 5;
                let day = month + run(month) + 1;
                let are_apart =
                    [start + 4, day - 1].iter().all(|at| matches!(bytes.get(*at), Some(b'/' | b'-' | b'_')));
                if !are_apart || !(1..=2).contains(&run(month)) || !(1..=2).contains(&run(day)) {
                    return None;
                }
                (number(start, 4)?, number(month, run(month))?, number(day, run(day))?)
            }
            _ => return None,
        };
        let is_likely = (1990..2100).contains(&year);
        let (time, _) = dates::parse_in(&format!("{year:04}-{month:02}-{day:02}"), zone, |_| false)?;
        is_likely.then_some(time)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fragments::problems;
    use super::*;

    #[test]
    fn a_date_is_found_in_an_address() {
        let found = |link| date_in(link, Zone::UTC).map(|time| time.secs() / 86_400);
        for link in [
            "https://a.example/2024/05/07/title-12",
            "https://a.example/n/2024-5-7-title?p=20230101",
            "https://a.example/20240507/1",
            "https://a.example/123/4567/2024_05_07.html",
        ] {
            assert_eq!(found(link), Some(19_850), "{link}");
        }
        for link in ["https://a.example/2024/05/", "https://a.example/20249907/", "https://a.example/99990101", "x"] {
            assert_eq!(found(link), None, "{link}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(
            problems(
                "[{ dates = 'Mars' }, { dates = { ignore = 'utc' } }, { dates = { undated = 'keep' } }, { dates = true }]"
            ),
            [
                "12: unknown zone `Mars`",
                "43: `ignore` needs the zone that is meant instead",
                "64: nothing to repair",
                "98: nothing to repair",
            ]
        );
    }
}
