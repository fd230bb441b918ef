//! From the parts that were read to a moment: which number is the year, which the day, and whether such a day exists.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;

use super::words::TimeOfDay;
use super::zones::Zone;
use crate::base::clock::Time;

/// A number of the date proper.
#[derive(Clone, Copy, Default)]
pub(super) struct Number {
    pub(super) value: u64,
    pub(super) digits: u8,
    /// The mark before it.
    pub(super) before: char,
}

/// Up to three numbers.
#[derive(Default)]
pub(super) struct Numbers {
    numbers: [Number; 3],
    len: usize,
}

impl Numbers {
    pub(super) fn push(&mut self, number: Number) -> Option<()> {
        *self.numbers.get_mut(self.len)? = number;
        self.len += 1;
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn as_slice(&self) -> &[Number] {
        &self.numbers[..self.len]
    }
}

/// The parts that signs of their own mark: 年, 月, 日.
#[derive(Default)]
pub(super) struct Day {
    pub(super) year: Option<u64>,
    pub(super) month: Option<u64>,
    pub(super) date: Option<u64>,
    /// Years to add.
    pub(super) era: i64,
}

impl Day {
    /// Sets a part; `None` where it is there already.
    pub(super) fn set(part: &mut Option<u64>, value: u64) -> Option<()> {
        part.replace(value).is_none().then_some(())
    }
}

/// All that was read.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) numbers: Numbers,
    /// A month by name, and how many numbers came before it.
    month: Option<(u8, usize)>,
    pub(super) day: Day,
    pub(super) week: Option<(u64, u64)>,
    pub(super) weekday: Option<Weekday>,
    /// Hour, minute, second, millisecond.
    pub(super) clock: Option<[u64; 4]>,
    pub(super) time_of_day: Option<TimeOfDay>,
    zone: Option<Zone>,
    /// The text begins with a minus: ISO 8601's omitted century.
    pub(super) leading_minus: bool,
}

impl Parts {
    /// A part of the date has been read, so that a word can no longer be a weekday's.
    pub(super) fn begun(&self) -> bool {
        self.numbers.len > 0 || self.month.is_some() || self.day.year.is_some() || self.clock.is_some()
    }

    pub(super) fn set_clock(&mut self, hour: u64, minute: u64, second: u64, millis: u64) -> Option<()> {
        let fits = minute < 60 && second <= 60 && (hour < 24 || (hour == 24 && minute == 0 && second == 0));
        (fits && self.clock.replace([hour, minute, second, millis]).is_none()).then_some(())
    }

    pub(super) fn set_minute(&mut self, minute: u64) -> Option<()> {
        let clock = self.clock.as_mut()?;
        clock[1] = minute;
        (minute < 60).then_some(())
    }

    pub(super) fn set_second(&mut self, second: u64) -> Option<()> {
        let clock = self.clock.as_mut()?;
        clock[2] = second;
        (second <= 60).then_some(())
    }

    /// The second month's name is the month: the first was a weekday (`mar., 01 déc. 2020`).
    pub(super) fn set_month(&mut self, month: u8) -> Option<()> {
        let before = self.numbers.len;
        match self.month.replace((month, before)) {
            None | Some((_, 0)) => Some(()),
            Some(_) => None,
        }
    }

    pub(super) fn set_zone(&mut self, zone: Zone) -> Option<()> {
        // `-05:00Z`, `+0800 CST`: the number is the truth
        self.zone.get_or_insert(zone);
        Some(())
    }

    /// An offset also replaces the `GMT` that it was written after.
    pub(super) fn set_offset(&mut self, minutes: i32) -> Option<()> {
        self.zone = Some(Zone::Fixed(minutes));
        Some(())
    }

    /// What the text says of its zone.
    pub(super) fn zone(&self) -> Option<Zone> {
        self.zone
    }

    /// Counted from 1970, so that no zone changes it.
    pub(super) fn is_epoch(&self) -> bool {
        self.epoch().is_some()
    }

    /// The moment.
    pub(super) fn time(&self) -> Option<Time> {
        self.time_in(self.zone.unwrap_or(Zone::Fixed(0)))
    }

    /// The moment, were `zone` what the text says.
    pub(super) fn time_in(&self, zone: Zone) -> Option<Time> {
        if let Some(epoch) = self.epoch() {
            return Some(epoch);
        }
        let mut parts = self.numbers.as_slice();
        let mut clock = self.clock;
        // `20240302130509`
        let whole = match parts {
            [Number { value, digits: digits @ (12 | 14), .. }] if clock.is_none() => {
                let value = if *digits == 12 { value * 100 } else { *value };
                let time = value % 1_000_000;
                clock = Some([time / 10_000, time / 100 % 100, time % 100, 0]);
                [Number { value: value / 1_000_000, digits: 8, before: ' ' }]
            }
            _ => [Number::default()],
        };
        if whole[0].digits > 0 {
            parts = &whole;
        }
        let date = self.date(parts)?;
        let [hour, minute, second, millis] = clock.unwrap_or_default();
        let hour = self.time_of_day.map_or(hour, |time| time.hour(hour));
        if minute > 59 || second > 60 || hour > 24 || (hour == 24 && minute + second > 0) {
            return None;
        }
        let of_day = i64::try_from(((hour * 60 + minute) * 60 + second) * 1000 + millis).ok()?;
        let local = EPOCH.duration_until(date.at(0, 0, 0, 0)).as_secs() * 1000 + of_day;
        let offset = match zone {
            Zone::Fixed(minutes) => i64::from(minutes) * 60_000,
            Zone::Rule(rule) => {
                let wall = EPOCH.checked_add(SignedDuration::from_millis(local)).ok()?;
                let there = TimeZone::posix(rule).ok()?.to_timestamp(wall).ok()?;
                local - there.as_millisecond()
            }
        };
        let time = local - offset;
        (FIRST..=LAST).contains(&time).then_some(Time(time))
    }

    /// Seconds or milliseconds since 1970, alone.
    fn epoch(&self) -> Option<Time> {
        if self.clock.is_some() || self.zone.is_some() || self.month.is_some() || self.day.year.is_some() {
            return None;
        }
        let millis = match self.numbers.as_slice() {
            [Number { value, digits: 9 | 10, .. }] => value * 1000,
            [Number { value, digits: 13, .. }] => *value,
            [Number { value, digits: 16, .. }] => value / 1000,
            [Number { value, digits: 9 | 10, .. }, Number { value: part, digits, before: '.' }] => {
                value * 1000 + part.checked_mul(1000)? / 10_u64.checked_pow(u32::from(*digits))?
            }
            _ => return None,
        };
        i64::try_from(millis).ok().filter(|millis| *millis <= LAST).map(Time)
    }

    fn date(&self, numbers: &[Number]) -> Option<Date> {
        if let Some(year) = self.day.year {
            // 年 marks it all; numbers left over have no meaning
            if !numbers.is_empty() || self.month.is_some() {
                return None;
            }
            return day(
                year.checked_add_signed(self.day.era)?,
                self.day.month.unwrap_or(1),
                self.day.date.unwrap_or(1),
            );
        }
        if let Some(date) = self.day.date {
            // `3月2日 2024`; without the year it is none
            let ([year], Some((month, _))) = (numbers, self.month) else { return None };
            return day(year.value, u64::from(month), date);
        }
        if let Some((week, weekday)) = self.week {
            let [Number { value, digits: 4, .. }] = numbers else { return None };
            let weekday = Weekday::from_monday_one_offset(i8::try_from(weekday).ok()?).ok()?;
            return Some(ISOWeekDate::new(i16::try_from(*value).ok()?, i8::try_from(week).ok()?, weekday).ok()?.date());
        }
        match self.month {
            Some((month, before)) => with_month(u64::from(month), before, numbers),
            None => self.numeric(numbers),
        }
    }

    fn numeric(&self, numbers: &[Number]) -> Option<Date> {
        match *numbers {
            [one] => self.one_number(one),
            [year, rest] if year.digits == 4 && rest.digits == 3 => ordinal(year.value, rest.value),
            [year, month] if year.digits == 4 && month.digits <= 2 => day(year.value, month.value, 1),
            [month, year] if year.digits == 4 && month.digits <= 2 => day(year.value, month.value, 1),
            [year, month] if self.leading_minus && year.digits == 2 => {
                day(full_year(year.value, false), month.value, 1)
            }
            [a, b, c] => self.three_numbers(a, b, c),
            _ => None,
        }
    }

    fn one_number(&self, Number { value, digits, .. }: Number) -> Option<Date> {
        match digits {
            4 if self.leading_minus => day(full_year(value / 100, false), value % 100, 1),
            4 => day(value, 1, 1),
            5 => ordinal(full_year(value / 1000, false), value % 1000),
            6 => day(full_year(value / 10_000, false), value / 100 % 100, value % 100)
                .or_else(|| day(value / 100, value % 100, 1)),
            7 => ordinal(value / 1000, value % 1000),
            8 => day(value / 10_000, value / 100 % 100, value % 100),
            _ => None,
        }
    }

    fn three_numbers(&self, a: Number, b: Number, c: Number) -> Option<Date> {
        if a.digits >= 3 || a.value > 31 {
            // three digits in the middle: a zero too many
            return (c.digits <= 2).then(|| day(full_year(a.value, a.digits > 3), b.value, c.value))?;
        }
        if c.digits == 3 || c.digits > 4 {
            return None;
        }
        let year = full_year(c.value, c.digits == 4);
        let day_first = day(year, b.value, a.value);
        let month_first = day(year, a.value, b.value);
        match b.before {
            '-' if c.digits <= 2 => day(full_year(a.value, false), b.value, c.value).or(day_first),
            '/' => {
                let fits = |date: &Date| self.weekday.is_none_or(|weekday| date.weekday() == weekday);
                month_first.filter(fits).or(day_first.filter(fits)).or(month_first).or(day_first)
            }
            _ => day_first.or(month_first),
        }
    }
}

pub(super) const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// The first and the last millisecond of the years 1–9999.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

fn day(year: u64, month: u64, day: u64) -> Option<Date> {
    let year = i16::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn ordinal(year: u64, number: u64) -> Option<Date> {
    let first = day(year, 1, 1)?;
    let number = i64::try_from(number).ok().filter(|n| (1..=366).contains(n))?;
    let date = first.checked_add(jiff::Span::new().try_days(number - 1).ok()?).ok()?;
    (date.year() == first.year()).then_some(date)
}

/// A year of two or three digits as RFC 2822 §4.3 reads it; `whole` says that it was written out.
pub(super) fn full_year(year: u64, whole: bool) -> u64 {
    match year {
        _ if whole => year,
        0..=49 => year + 2000,
        50..=999 => year + 1900,
        _ => year,
    }
}

/// A month by name, `before` numbers before it.
fn with_month(month: u64, before: usize, numbers: &[Number]) -> Option<Date> {
    let is_year = |n: &Number| n.digits > 2 || n.value > 31;
    match numbers {
        [year] if is_year(year) => day(full_year(year.value, year.digits > 3), month, 1),
        // `2024-July-13`, `2024 July 13`
        [year, date] if is_year(year) && before > 0 => day(full_year(year.value, year.digits > 3), month, date.value),
        [date, year] if date.digits <= 2 && year.digits <= 4 && year.digits > 1 => {
            day(full_year(year.value, year.digits > 3), month, date.value)
        }
        _ => None,
    }
}
