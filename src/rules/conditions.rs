//! What `keep` and `drop` ask of an item: patterns for its fields, bounds for its date, an expression.
//!
//! Values of one field are ORed, fields are ANDed. Text is matched as a person reads it (HTML without its tags), upper and lower case
//! as one, Simplified and Traditional Chinese as one, full-width letters as half-width; `exact = true` takes all as they stand.
//! Linear in the text. An item whose date cannot be read is neither young nor old: a condition on it is
//! neither met nor not.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::expression::{Expression, Trouble, Troubles};
use super::pattern::{Case, Matcher, Patterns};
use super::{Context, RuleError};
use crate::base::clock::Time;
use crate::chinese::fold;
use crate::config::{Report, quantity};
use crate::feed::{Feed, Field, Kind, Place, Slot, dates};

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
    when: Option<Spanned<String>>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    markup: bool,
}

/// What RSSHub calls the description: content and summary, or the title of an item that has neither.
const DESCRIPTION: &[Field] = &[Field::Content, Field::Summary];

/// The fields that `any` looks into: what a reader shows as text.
const SHOWN: &[Field] = &[Field::Title, Field::Summary, Field::Content, Field::Author, Field::Category];

/// The compiled conditions; never empty.
#[derive(Debug)]
pub struct Test {
    texts: Vec<(&'static [Field], Matcher)>,
    dates: Vec<Bound>,
    when: Option<Expression>,
    is_exact: bool,
    /// HTML is matched as it is written.
    as_markup: bool,
}

/// One bound of a date.
#[derive(Debug, Clone, Copy)]
enum Bound {
    NewerThan(Duration),
    OlderThan(Duration),
    Before(Time),
    After(Time),
}

impl Bound {
    fn holds(self, date: Time, now: Time) -> bool {
        match self {
            Bound::NewerThan(age) => date >= now - age,
            Bound::OlderThan(age) => date < now - age,
            Bound::Before(moment) => date < moment,
            Bound::After(moment) => date > moment,
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
        let mut bounds = Vec::new();
        bounds.extend(read(self.newer_than, report, quantity::duration).map(Bound::NewerThan));
        bounds.extend(read(self.older_than, report, quantity::duration).map(Bound::OlderThan));
        bounds.extend(read(self.before, report, moment).map(Bound::Before));
        bounds.extend(read(self.after, report, moment).map(Bound::After));
        let when = self.when.and_then(|text| Expression::compile(&text, report));
        if report.count() == before && texts.is_empty() && bounds.is_empty() && when.is_none() {
            report.error_here("no condition: nothing to look for\nname a field, as in `{ title = \"…\" }`");
        }
        (report.count() == before).then_some(Test { texts, dates: bounds, when, is_exact, as_markup: self.markup })
    }
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

impl Test {
    /// For each of the feed's items, whether it meets all conditions; `None` where it lacks what they ask for.
    pub fn ask(&self, rule: &'static str, feed: &mut Feed, cx: &Context) -> Result<Vec<Option<bool>>, RuleError> {
        self.prepare(feed);
        let mut troubles = Troubles::new(rule);
        let mut answers = Vec::new();
        for (index, item) in feed.items().into_iter().enumerate() {
            answers.push(match self.holds(feed, item, index + 1, cx) {
                Ok(answer) => answer,
                Err(trouble) => {
                    troubles.add(trouble)?;
                    None
                }
            });
        }
        troubles.note(feed);
        Ok(answers)
    }

    /// Reads the HTML that will be looked into, so that the rules that follow find it read.
    fn prepare(&self, feed: &mut Feed) {
        let is_asked =
            |slot: &Slot| !self.as_markup && self.texts.iter().any(|(fields, _)| fields.contains(&slot.field));
        for item in feed.items() {
            for slot in feed.slots(item).filter(|slot| slot.kind == Kind::Html && is_asked(slot)) {
                if feed.may_have_tags(&slot) {
                    feed.fragment(&slot);
                }
            }
        }
        if let Some(when) = &self.when {
            when.prepare(feed);
        }
    }

    fn holds(&self, feed: &Feed, item: Place, position: usize, cx: &Context) -> Result<Option<bool>, Trouble> {
        let dates = match feed.date(item) {
            _ if self.dates.is_empty() => Some(true),
            Some(date) => Some(self.dates.iter().all(|bound| bound.holds(date, cx.now))),
            None => None,
        };
        let texts = || self.texts.iter().all(|(fields, matcher)| self.finds(feed, item, fields, matcher));
        if dates == Some(false) || !texts() {
            return Ok(Some(false));
        }
        let when = self.when.as_ref().map_or(Ok(Some(true)), |when| when.holds(feed, item, position, cx))?;
        Ok(if when == Some(false) { when } else { dates.and(when) })
    }

    fn finds(&self, feed: &Feed, item: Place, fields: &[Field], matcher: &Matcher) -> bool {
        let finds = |text: &str| if self.is_exact { matcher.is_match(text) } else { matcher.is_match(&fold(text)) };
        let text = |slot: &Slot| if self.as_markup { feed.value(slot) } else { feed.plain(slot) };
        let texts =
            |place| feed.slots(place).filter(|slot| fields.contains(&slot.field)).any(|slot| finds(&text(&slot)));
        match fields {
            [Field::Content | Field::Summary] => feed.field(item, fields[0]).iter().any(|slot| finds(&text(slot))),
            [Field::Content, Field::Summary] if feed.first(item, Field::Content).is_none() => {
                feed.first(item, Field::Title).is_some_and(|title| finds(&title))
            }
            [Field::Link] => feed.link(item).is_some_and(|link| finds(&link)) || texts(item),
            [Field::Language] => {
                match feed.first(item, Field::Language).or_else(|| feed.first(Place::Head, Field::Language)) {
                    Some(Cow::Owned(language)) => finds(&language),
                    Some(Cow::Borrowed(language)) => finds(language),
                    None => false,
                }
            }
            _ => texts(item),
        }
    }
}
