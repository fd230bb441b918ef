//! The compiled conditions: what they say of an item.
//!
//! An answer is yes, no, or neither: where an item lacks what a condition asks for (a date). `no` decides a conjunction, `yes` an
//! alternative, whatever else is not known.

use std::borrow::Cow;

use jiff::civil::Weekday;

use super::amount::Amount;
use super::{Bound, Count};
use crate::chinese::fold;
use crate::feed::dates::Zone;
use crate::feed::{Feed, Field, Kind, Medium, Place, Slot};
use crate::rules::expression::{Expression, Look, Trouble, Troubles, is_sampled};
use crate::rules::pattern::Matcher;
use crate::rules::{Context, RuleError};

/// Compiled conditions; never empty.
#[derive(Debug, Default)]
pub struct Test {
    pub(super) texts: Vec<(&'static [Field], Matcher)>,
    pub(super) dates: Vec<Bound>,
    pub(super) weekdays: Vec<Weekday>,
    pub(super) hours: Option<Amount>,
    /// Where weekdays and hours are read off.
    pub(super) zone: Option<Zone>,
    pub(super) counts: Vec<(Count, Amount)>,
    /// Any of these is there.
    pub(super) has: Vec<Medium>,
    /// Percent.
    pub(super) sample: Option<f64>,
    pub(super) when: Option<Expression>,
    pub(super) all_of: Vec<Test>,
    pub(super) any_of: Vec<Test>,
    pub(super) none_of: Vec<Test>,
    pub(super) is_exact: bool,
    /// HTML is matched as it is written.
    pub(super) as_markup: bool,
}

impl Test {
    /// True where nothing is asked.
    pub(super) fn is_empty(&self) -> bool {
        let parts = [&self.all_of, &self.any_of, &self.none_of];
        self.texts.is_empty()
            && self.dates.is_empty()
            && self.weekdays.is_empty()
            && self.hours.is_none()
            && self.counts.is_empty()
            && self.has.is_empty()
            && self.sample.is_none()
            && self.when.is_none()
            && parts.into_iter().all(Vec::is_empty)
    }

    /// For each of the feed's items, whether it meets all conditions; `None` where it lacks what they ask for.
    pub fn ask(&self, rule: &'static str, feed: &mut Feed, cx: &Context) -> Result<Vec<Option<bool>>, RuleError> {
        self.prepare(feed);
        let mut troubles = Troubles::new(rule);
        let mut answers = Vec::new();
        for (index, item) in feed.items().into_iter().enumerate() {
            let look = Look { feed, place: item, position: index + 1, cx };
            answers.push(match self.holds(&look) {
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
        let asks_content = !self.counts.is_empty() || !self.has.is_empty();
        let is_asked = |slot: &Slot| {
            let is_matched = || self.texts.iter().any(|(fields, _)| fields.contains(&slot.field));
            asks_content && matches!(slot.field, Field::Content | Field::Summary) || !self.as_markup && is_matched()
        };
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
        for part in [&self.all_of, &self.any_of, &self.none_of].into_iter().flatten() {
            part.prepare(feed);
        }
    }

    fn holds(&self, look: &Look<'_>) -> Result<Option<bool>, Trouble> {
        let mut answer = self.date_holds(look);
        let own = || {
            self.texts.iter().all(|(fields, matcher)| self.finds(look.feed, look.place, fields, matcher))
                && self.counts.iter().all(|(count, amount)| amount.holds(count.of(look)))
                && (self.has.is_empty() || self.has.iter().any(|medium| look.has(*medium)))
                && self.sample.is_none_or(|percent| is_sampled(&look.identity(), percent))
        };
        if answer == Some(false) || !own() {
            return Ok(Some(false));
        }
        if let Some(when) = &self.when {
            answer = and(answer, when.holds(look)?);
        }
        for test in &self.all_of {
            answer = and(answer, test.holds(look)?);
        }
        for test in &self.none_of {
            answer = and(answer, test.holds(look)?.map(|holds| !holds));
        }
        if !self.any_of.is_empty() {
            let mut none = Some(true);
            for test in &self.any_of {
                none = and(none, test.holds(look)?.map(|holds| !holds));
            }
            answer = and(answer, none.map(|none| !none));
        }
        Ok(answer)
    }

    fn date_holds(&self, look: &Look<'_>) -> Option<bool> {
        if self.dates.is_empty() && self.weekdays.is_empty() && self.hours.is_none() {
            return Some(true);
        }
        let date = look.feed.date(look.place)?;
        let local = self.zone.unwrap_or(Zone::UTC).local(date)?;
        let is_day = self.weekdays.is_empty() || self.weekdays.contains(&local.weekday());
        let is_hour = self.hours.is_none_or(|hours| hours.holds(u64::from(local.hour().unsigned_abs())));
        Some(is_day && is_hour && self.dates.iter().all(|bound| bound.holds(date, look.cx.now())))
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

/// Both; `None` where that is not known.
fn and(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
