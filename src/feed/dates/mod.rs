//! The dates of feeds, in every form they are found in.
//!
//! RFC 822/2822 with its abuses, RFC 3339, W3CDTF and ISO 8601 (weeks, ordinals, basic forms), `asctime`, US and European
//! numeric dates, seconds and milliseconds since 1970, month names of the languages feeds are written in, and the Chinese,
//! Japanese and Korean forms with their times of day. One tolerant reading of tokens (`lex`), not a list of patterns, so
//! that the abuses combine.
//!
//! **A date without a zone is read as UTC.** A date without a time is its midnight; a month its first day. Zones without a
//! number are read as feeds mean them (`zones`): CST is America's, IST India's, BST Britain's, military letters are UTC
//! (RFC 2822 §4.3). What is impossible (31 February, month 13, hour 25), lies outside years 1–9999, has no year, or is
//! relative ("yesterday", 昨天) is unknown: `None`, never the present. `3/2/2024` is read as in the US unless that is
//! impossible or contradicts the weekday given; `3.2.2024` and `3-2-2024` as in Europe.
//!
//! No allocation but for zones with summer time; time linear in the text, which may have `MAX_DATE` bytes.

mod lex;
mod months;
mod resolve;
mod words;
mod write;
mod zone;
mod zones;

pub use write::{rfc822, rfc3339};

use crate::base::clock::Time;
use crate::base::limits::MAX_DATE;

use lex::{Kind, Token, Tokens};
use resolve::{Day, Number, Parts};
use words::{Meaning, Part, Unit};

pub use zone::{Stated, Zone, parse_in};

/// The moment that `text` names, or `None` where it names none.
pub fn parse(text: &str) -> Option<Time> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '\u{FEFF}' | '"'));
    if text.is_empty() || text.len() > MAX_DATE {
        return None;
    }
    let tokens = lex::tokens(text)?;
    Reader { tokens: &tokens, at: 0, parts: Parts::default(), after_zone: false }.read()
}

/// Goes through the tokens once.
struct Reader<'a, 't> {
    tokens: &'t Tokens<'a>,
    at: usize,
    parts: Parts,
    /// The token before was a zone's name, so a sign continues it: `GMT+8`.
    after_zone: bool,
}

impl<'a> Reader<'a, '_> {
    fn read(self) -> Option<Time> {
        self.parts()?.time()
    }

    fn parts(mut self) -> Option<Parts> {
        while let Some(token) = self.peek(0) {
            self.at += 1;
            let after_zone = std::mem::take(&mut self.after_zone);
            match token.kind {
                Kind::Number { value, digits } => self.number(token, value, digits)?,
                Kind::Word(word) => self.word(word)?,
                Kind::Part(part) => self.part(part)?,
                Kind::Mark(sign @ ('+' | '-' | '−')) => self.sign(token, sign == '+', after_zone)?,
                Kind::Mark(_) => {}
            }
        }
        Some(self.parts)
    }

    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    /// The number that follows directly, `skip` tokens on.
    fn number_at(&self, skip: usize) -> Option<(u64, u8, Token<'a>)> {
        match self.peek(skip)? {
            token @ Token { kind: Kind::Number { value, digits }, .. } => Some((value, digits, token)),
            _ => None,
        }
    }

    fn is_mark(&self, skip: usize, marks: &str) -> bool {
        matches!(self.peek(skip), Some(Token { kind: Kind::Mark(mark), .. }) if marks.contains(mark))
    }

    fn number(&mut self, token: Token<'a>, value: u64, digits: u8) -> Option<()> {
        if self.is_mark(0, ":：") && self.number_at(1).is_some() && digits < 4 {
            return self.clock(value, digits);
        }
        match self.peek(0).map(|next| next.kind) {
            Some(Kind::Part(Part::Unit(unit))) => {
                self.at += 1;
                return self.unit(unit, value, digits);
            }
            // `13h05`, `13h`, `9 Uhr`
            Some(Kind::Word(word)) if self.parts.clock.is_none() && words::is_hour_mark(word) => {
                self.at += 1;
                let minute = self.number_at(0).filter(|(_, digits, _)| *digits == 2);
                self.at += usize::from(minute.is_some());
                return self.parts.set_clock(value, minute.map_or(0, |(minute, ..)| minute), 0, 0);
            }
            // `3pm`
            Some(Kind::Word(word)) if self.parts.clock.is_none() && digits <= 2 => {
                if let Some(Meaning::Part(part @ Part::Day(_))) = words::meaning(word) {
                    self.at += 1;
                    self.parts.set_clock(value, 0, 0, 0)?;
                    return self.part(part);
                }
            }
            _ => {}
        }
        if self.parts.clock.is_none() && token.after_t && self.parts.numbers.len() > 0 {
            return self.basic_clock(value, digits);
        }
        self.parts.numbers.push(Number { value, digits, before: token.before })
    }

    /// `13:05`, `13:05:09`, `13:05:09.123`; the hour has been read.
    fn clock(&mut self, hour: u64, digits: u8) -> Option<()> {
        let (minute, ..) = self.number_at(1)?;
        self.at += 2;
        let (mut second, mut millis) = (0, 0);
        if self.is_mark(0, ":：") {
            (second, ..) = self.number_at(1)?;
            self.at += 2;
            millis = self.fraction();
        }
        if self.is_mark(0, ":：") || digits > 2 {
            return None; // a fourth part
        }
        self.parts.set_clock(hour, minute, second, millis)
    }

    /// Milliseconds of a decimal fraction, after a point or a comma that touches its digits.
    fn fraction(&mut self) -> u64 {
        match (self.peek(0), self.number_at(1)) {
            (Some(Token { kind: Kind::Mark('.' | ','), end, .. }), Some((value, digits, token)))
                if token.start == end =>
            {
                self.at += 2;
                match digits {
                    0..=3 => value * 10_u64.pow(3 - u32::from(digits)),
                    _ => value / 10_u64.saturating_pow(u32::from(digits) - 3),
                }
            }
            _ => 0,
        }
    }

    /// `130509`, `1305`, `13` after a `T`.
    fn basic_clock(&mut self, value: u64, digits: u8) -> Option<()> {
        let (hour, minute, second) = match digits {
            1 | 2 => (value, 0, 0),
            3 | 4 => (value / 100, value % 100, 0),
            5 | 6 => (value / 10_000, value / 100 % 100, value % 100),
            _ => return None,
        };
        let millis = if digits > 4 { self.fraction() } else { 0 };
        self.parts.set_clock(hour, minute, second, millis)
    }

    fn unit(&mut self, unit: Unit, value: u64, digits: u8) -> Option<()> {
        let day = &mut self.parts.day;
        match unit {
            Unit::Year => Day::set(&mut day.year, resolve::full_year(value, digits > 2 || day.era > 0)),
            // `02 3月 2024`: a month's name like any other
            Unit::Month if day.year.is_none() => self.parts.set_month(u8::try_from(value).ok()?),
            Unit::Month => Day::set(&mut day.month, value),
            Unit::Date => Day::set(&mut day.date, value),
            Unit::Hour => {
                let half = matches!(self.peek(0), Some(Token { kind: Kind::Part(Part::Half), .. }));
                self.at += usize::from(half);
                self.parts.set_clock(value, if half { 30 } else { 0 }, 0, 0)?;
                // `13时05` without its 分
                if let Some((minute, 2, token)) = self.number_at(0)
                    && token.before == '\0'
                    && !matches!(self.peek(1), Some(Token { kind: Kind::Part(Part::Unit(_)), .. }))
                {
                    self.at += 1;
                    return self.unit(Unit::Minute, minute, 2);
                }
                Some(())
            }
            Unit::Minute => self.parts.set_minute(value),
            Unit::Second => self.parts.set_second(value),
        }
    }

    fn part(&mut self, part: Part) -> Option<()> {
        match part {
            Part::Unit(_) => None, // no number before it
            Part::Half => None,
            Part::Weekday => Some(()),
            Part::Day(time) => {
                self.parts.time_of_day = Some(time);
                Some(())
            }
            Part::Era(years) => {
                self.parts.day.era = years;
                Some(())
            }
            Part::Zone(minutes) => self.parts.set_offset(minutes),
        }
    }

    fn word(&mut self, word: &'a str) -> Option<()> {
        // `2024-W09-6`
        if word.eq_ignore_ascii_case("w") && self.parts.numbers.len() == 1 {
            let (value, digits, _) = self.number_at(0)?;
            self.at += 1;
            let (week, weekday) = match digits {
                3 => (value / 10, Some(value % 10)),
                _ => (value, self.number_at(1).filter(|_| self.is_mark(0, "-")).map(|(weekday, ..)| weekday)),
            };
            self.at += if digits < 3 && weekday.is_some() { 2 } else { 0 };
            self.parts.week = Some((week, weekday.unwrap_or(1)));
            return Some(());
        }
        if let Some(zone) = zones::named(word).filter(|_| self.parts.begun()) {
            self.after_zone = true;
            // `Etc/GMT+8` lies west of Greenwich, and hardly anyone knows
            if word.starts_with("Etc/") && self.is_mark(0, "+-") {
                return None;
            }
            return self.parts.set_zone(zone);
        }
        match words::meaning(word) {
            Some(Meaning::Month(month)) => self.parts.set_month(month),
            Some(Meaning::Weekday(weekday)) => {
                self.parts.weekday = Some(weekday);
                Some(())
            }
            Some(Meaning::Part(part)) if self.parts.clock.is_some() => self.part(part), // German `am 2.3.` is none
            Some(Meaning::Nothing | Meaning::Part(_)) => Some(()),
            Some(Meaning::Relative) => None,
            // a weekday in another language, or misspelt, comes first
            None => (!self.parts.begun()).then_some(()),
        }
    }

    /// A sign begins an offset after a time or a zone's name, and a plus always does; else it stands between numbers.
    fn sign(&mut self, token: Token<'a>, plus: bool, after_zone: bool) -> Option<()> {
        let Some((value, digits, next)) = self.number_at(0).filter(|(_, _, next)| next.start == token.end) else {
            return (!plus).then_some(());
        };
        let year_known = self.parts.numbers.len() >= 2 && self.parts.clock.is_none();
        let is_offset =
            plus || after_zone || self.parts.clock.is_some() || (year_known && digits == 4 && token.before == ' ');
        if !is_offset {
            self.parts.leading_minus |= !self.parts.begun();
            return Some(());
        }
        self.at += 1;
        let (hours, mut minutes) = match digits {
            1 | 2 => (value, 0),
            3 | 4 => (value / 100, value % 100),
            _ => return None,
        };
        if digits <= 2 && self.is_mark(0, ":：") {
            (minutes, ..) = self.number_at(1)?;
            self.at += 2;
        }
        if hours > 18 || minutes > 59 || self.is_mark(0, ":") || self.glued_word(next) {
            return None;
        }
        let offset = i32::try_from(hours * 60 + minutes).ok()?;
        self.parts.set_offset(if plus { offset } else { -offset })
    }

    /// A word follows the offset without a space (`+00:xx`); only a second `Z` may.
    fn glued_word(&self, last: Token<'a>) -> bool {
        let end = self.tokens.get(self.at.wrapping_sub(1)).map_or(last.end, |token| token.end);
        matches!(self.peek(0), Some(Token { kind: Kind::Word(word), start, .. }) if start == end && !matches!(word, "Z" | "z"))
    }
}

#[cfg(test)]
mod tests;
