//! What `keep` and `drop` ask of an item: patterns for its fields, bounds for its date and its counts, an expression, and
//! alternatives of such conditions.
//!
//! Values of one field are ORed, fields are ANDed; `any_of`, `all_of` and `none_of` nest. Text is matched as a person reads it (HTML
//! without its tags), upper and lower case as one, Simplified and Traditional Chinese as one, full-width letters as half-width;
//! `exact = true` takes all as they stand. Linear in the text. [`Test`] says what they say of an item.

mod amount;
mod test;

use std::time::Duration;

use jiff::civil::Weekday;
use serde::Deserialize;
use toml::Spanned;

use super::expression::{Expression, Look};
use super::one_or_many::OneOrMany;
use super::pattern::{Case, Patterns};
use crate::base::clock::Time;
use crate::chinese::fold;
use crate::config::{Report, quantity};
use crate::feed::dates::{self, Zone};
use crate::feed::{Field, Medium};
use amount::Amount;
pub use test::Test;

/// The settings of `keep` and `drop`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    title: Option<Patterns>,
    content: Option<Patterns>,
    summary: Option<Patterns>,
    description: Option<Patterns>,
    author: Option<Patterns>,
    category: Option<Patterns>,
    link: Option<Patterns>,
    id: Option<Patterns>,
    comments: Option<Patterns>,
    enclosure: Option<Patterns>,
    language: Option<Patterns>,
    any: Option<Patterns>,
    newer_than: Option<Spanned<String>>,
    older_than: Option<Spanned<String>>,
    before: Option<Spanned<String>>,
    after: Option<Spanned<String>>,
    future: Option<bool>,
    weekday: Option<OneOrMany<Day>>,
    hour: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    has: Option<OneOrMany<Has>>,
    words: Option<Spanned<String>>,
    chars: Option<Spanned<String>>,
    links: Option<Spanned<String>>,
    images: Option<Spanned<String>>,
    position: Option<Spanned<String>>,
    sample: Option<Spanned<f64>>,
    when: Option<Spanned<String>>,
    all_of: Option<Vec<Conditions>>,
    any_of: Option<Vec<Conditions>>,
    none_of: Option<Vec<Conditions>>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    markup: bool,
}

/// What RSSHub calls the description: content and summary, or the title of an item that has neither.
const DESCRIPTION: &[Field] = &[Field::Content, Field::Summary];

/// The fields that `any` looks into: what a reader shows as text.
const SHOWN: &[Field] = &[Field::Title, Field::Summary, Field::Content, Field::Author, Field::Category];

/// One bound of a date.
#[derive(Debug, Clone, Copy)]
enum Bound {
    NewerThan(Duration),
    OlderThan(Duration),
    Before(Time),
    After(Time),
    Future,
    Past,
}

impl Bound {
    fn holds(self, date: Time, now: Time) -> bool {
        match self {
            Bound::NewerThan(age) => date >= now - age,
            Bound::OlderThan(age) => date < now - age,
            Bound::Before(moment) => date < moment,
            Bound::After(moment) => date > moment,
            Bound::Future => date > now,
            Bound::Past => date <= now,
        }
    }
}

impl Conditions {
    /// Compiles all conditions, or reports each that cannot be.
    pub fn build(self, report: &mut Report) -> Option<Test> {
        let before = report.count();
        let fields: [(&'static [Field], Option<Patterns>); 12] = [
            (&[Field::Title], self.title),
            (&[Field::Content], self.content),
            (&[Field::Summary], self.summary),
            (DESCRIPTION, self.description),
            (&[Field::Author], self.author),
            (&[Field::Category], self.category),
            (&[Field::Link], self.link),
            (&[Field::Id], self.id),
            (&[Field::Comments], self.comments),
            (&[Field::Enclosure], self.enclosure),
            (&[Field::Language], self.language),
            (SHOWN, self.any),
        ];
        let (case, is_exact) = if self.exact { (Case::Exact, true) } else { (Case::Fold, false) };
        let prepare = |pattern: &str| if is_exact { pattern.to_owned() } else { fold(pattern).into_owned() };
        let mut texts = Vec::new();
        for (fields, patterns) in fields {
            let matcher = patterns.and_then(|patterns| patterns.compile(case, prepare, report));
            texts.extend(matcher.map(|matcher| (fields, matcher)));
        }
        let mut dates = Vec::new();
        dates.extend(read(self.newer_than, report, quantity::duration).map(Bound::NewerThan));
        dates.extend(read(self.older_than, report, quantity::duration).map(Bound::OlderThan));
        dates.extend(read(self.before, report, moment).map(Bound::Before));
        dates.extend(read(self.after, report, moment).map(Bound::After));
        dates.extend(self.future.map(|future| if future { Bound::Future } else { Bound::Past }));
        let mut counts = Vec::new();
        for (count, setting) in [
            (Count::Words, self.words),
            (Count::Chars, self.chars),
            (Count::Links, self.links),
            (Count::Images, self.images),
            (Count::Position, self.position),
        ] {
            counts.extend(read(setting, report, Amount::parse).map(|amount| (count, amount)));
        }
        let weekdays: Vec<Weekday> = self.weekday.into_iter().flat_map(|days| days.0).flat_map(Day::weekdays).collect();
        let hours = read(self.hour, report, hours);
        if let Some(zone) = self.zone.as_ref().filter(|_| weekdays.is_empty() && hours.is_none()) {
            report.error(zone.span(), "`zone` is for `weekday` and `hour`").help("leave it out");
        }
        let nested = |list: Option<Vec<Conditions>>, report: &mut Report| -> Vec<Test> {
            list.into_iter().flatten().filter_map(|conditions| conditions.build(report)).collect()
        };
        let test = Test {
            texts,
            dates,
            weekdays,
            hours,
            zone: read(self.zone, report, Zone::parse),
            counts,
            has: self.has.into_iter().flat_map(|has| has.0).map(Has::medium).collect(),
            sample: self.sample.and_then(|percent| percentage(&percent, report)),
            when: self.when.and_then(|text| Expression::compile(&text, report)),
            all_of: nested(self.all_of, report),
            any_of: nested(self.any_of, report),
            none_of: nested(self.none_of, report),
            is_exact,
            as_markup: self.markup,
        };
        if report.count() == before && test.is_empty() {
            report.error_here("no condition: nothing to look for\nname a field, as in `{ title = \"…\" }`");
        }
        (report.count() == before).then_some(test)
    }
}

/// A day of the week, or several.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
    Weekend,
}

impl Day {
    fn weekdays(self) -> Vec<Weekday> {
        match self {
            Day::Monday => vec![Weekday::Monday],
            Day::Tuesday => vec![Weekday::Tuesday],
            Day::Wednesday => vec![Weekday::Wednesday],
            Day::Thursday => vec![Weekday::Thursday],
            Day::Friday => vec![Weekday::Friday],
            Day::Saturday => vec![Weekday::Saturday],
            Day::Sunday => vec![Weekday::Sunday],
            Day::Weekend => vec![Weekday::Saturday, Weekday::Sunday],
        }
    }
}

/// What stands in an item or is attached to it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Has {
    Image,
    Audio,
    Video,
}

impl Has {
    fn medium(self) -> Medium {
        match self {
            Has::Image => Medium::Image,
            Has::Audio => Medium::Audio,
            Has::Video => Medium::Video,
        }
    }
}

/// What can be counted.
#[derive(Debug, Clone, Copy)]
enum Count {
    Words,
    Chars,
    Links,
    Images,
    Position,
}

impl Count {
    fn of(self, look: &Look<'_>) -> u64 {
        let count = match self {
            Count::Words => look.words(),
            Count::Chars => look.chars(),
            Count::Links => look.addresses("a", "href").len(),
            Count::Images => look.addresses("img", "src").len(),
            Count::Position => look.position,
        };
        count as u64
    }
}

fn hours(text: &str) -> Result<Amount, String> {
    let amount = Amount::parse(text)?;
    let is_any = (0..24).any(|hour| amount.holds(hour));
    is_any.then_some(amount).ok_or_else(|| format!("no hour is `{text}`\nwrite `9-17`: hours are 0 to 23"))
}

fn percentage(percent: &Spanned<f64>, report: &mut Report) -> Option<f64> {
    let value = *percent.get_ref();
    if value > 0.0 && value < 100.0 {
        return Some(value);
    }
    report
        .error(percent.span(), "a sample is above 0 and below 100")
        .help("write `sample = 25` for a quarter of the items");
    None
}

fn moment(text: &str) -> Result<Time, String> {
    dates::parse(text)
        .ok_or_else(|| format!("`{text}` is no date\nwrite a date as `2024-03-02` or `2024-03-02T13:00:00+08:00`"))
}

/// A value with its own grammar; the second line of an error is the help.
fn read<T>(
    value: Option<Spanned<String>>,
    report: &mut Report,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let value = value?;
    match parse(value.get_ref()) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            let (message, help) = error.split_once('\n').unwrap_or((&error, ""));
            let problem = report.error(value.span(), message);
            if !help.is_empty() {
                problem.help(help);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::{BuildContext, Chain};

    #[test]
    fn wrong_conditions_are_refused_where_they_stand() {
        for (rule, message) in [
            ("{ words = 'many' }", "`many` is no bound of a number"),
            ("{ sample = 0.0 }", "a sample is above 0 and below 100"),
            ("{ hour = '24-30' }", "no hour is `24-30`"),
            ("{ zone = 'UTC', title = 'a' }", "`zone` is for `weekday` and `hour`"),
            ("{ zone = 'Mars', hour = '1' }", "unknown zone `Mars`"),
            ("{ weekday = 'caturday' }", "unknown value `caturday`"),
            ("{ has = [] }", "an empty list names nothing"),
            ("{ has = 'pictures' }", "unknown value `pictures`"),
            ("{ any_of = [{ titel = 'a' }] }", "unknown key `titel`"),
            ("{ any_of = [{}] }", "no condition: nothing to look for"),
            ("{ any_of = [] }", "no condition: nothing to look for"),
            ("{ none_of = [{ any_of = [{ title = '(' }] }] }", "bad pattern: unclosed group"),
        ] {
            let list = crate::config::RuleList::parse("--rules", &format!("[{{ keep = {rule} }}]")).unwrap();
            let problems = Chain::build(&list, &BuildContext::default()).unwrap_err();
            let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
            assert!(messages.iter().any(|found| found.starts_with(message)), "{rule}: {messages:?}");
            assert_eq!(problems.len(), 1, "{rule}: {problems}");
        }
    }
}
