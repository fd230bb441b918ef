//! What each rule did to each item: the same way through the rules as `transform`, one rule at a time, with a look at the feed
//! before and after each. Costs a copy of the feed's values for each rule; nothing where nobody asks.
//!
//! Called by `refeed explain` and for `?explain`.

pub mod diff;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use self::diff::{Hunk, hunks};
use super::ask::{Form, Input};
use super::error::Error;
use super::{Ask, Failure, Pipeline};
use crate::base::limits::{DIFFS_TIME, EXPLAINED_CHARS, MAX_EXPLAINED, MAX_PAGE_ROUNDS, PAGE_WAIT};
use crate::base::text::excerpt;
use crate::config::Relative;
use crate::feed::{Feed, Field, Place};
use crate::rules::links::Links;
use crate::rules::{Chain, Context, Page, Progress, Raw, Rule, Want};

/// The whole story of a feed.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The format as read.
    pub format: &'static str,
    /// What had to be done to read it.
    pub notes: Vec<String>,
    /// The rules in order.
    pub rules: Vec<Told>,
    /// The changes to the feed itself: its title, its links …
    pub head: Vec<Change>,
    /// Every item that there was at any time.
    pub items: Vec<Story>,
    /// Why a rule gave up, if one did: then the feed has no answer.
    pub failed: Option<String>,
    /// True where more changed than is told.
    pub abridged: bool,
}

/// What one rule did.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Its place in the list, from 1; 0 is what refeed does unasked.
    pub number: usize,
    /// The rule as it was written.
    pub rule: String,
    /// The rule sets that it came from, outermost first.
    pub sets: Vec<String>,
    /// Time on the processor, in microseconds.
    pub microseconds: u64,
    /// Items before it.
    pub before: usize,
    /// Items after it.
    pub after: usize,
    /// How many items it changed.
    pub changed: usize,
    /// The items that are left stand in another order.
    pub reordered: bool,
    /// The pages that it read.
    pub fetched: Vec<Fetched>,
    /// What it could not do, for a few items.
    pub notes: Vec<String>,
}

/// A page that a rule read.
#[derive(Debug, Serialize)]
pub struct Fetched {
    /// Its address without the query.
    pub url: String,
    /// `ready`, `pending`, or why it could not be had.
    pub outcome: String,
}

/// What became of one item.
#[derive(Debug, Serialize)]
pub struct Story {
    /// Its number when the feed was read, from 1; later ones were added.
    pub item: u32,
    /// Its title as it is now, or was when it was dropped.
    pub title: String,
    /// Its id.
    pub id: String,
    /// Its place in the output, from 1.
    pub position: Option<usize>,
    /// The rule that dropped it.
    pub dropped_by: Option<usize>,
    /// The rule that added it.
    pub added_by: Option<usize>,
    /// What was changed, in order.
    pub changes: Vec<Change>,
}

/// One value that a rule changed.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The rule's number.
    pub rule: usize,
    /// The field.
    pub field: String,
    /// Before; none where there was nothing.
    pub before: Option<String>,
    /// After; none where it is gone.
    pub after: Option<String>,
    /// Where they differ.
    pub diff: Vec<Hunk>,
}

/// The head and the items that are left, in their order.
struct Snapshot(Vec<Seen>);

/// The values of a place. An item is known by its number: its place changes where a rule inserts items.
struct Seen {
    /// None for the head.
    number: Option<u32>,
    place: Place,
    values: Vec<(Field, String)>,
}

impl Snapshot {
    fn of(feed: &Feed) -> Snapshot {
        let values = |place| feed.slots(place).map(|slot| (slot.field, feed.value(&slot).into_owned())).collect();
        let seen = |place| Seen { number: feed.number(place), place, values: values(place) };
        Snapshot(feed.places().into_iter().map(seen).collect())
    }

    fn items(&self) -> Vec<u32> {
        self.0.iter().filter_map(|seen| seen.number).collect()
    }
}

/// A feed on its way through the rules.
struct Walk {
    feed: Feed,
    context: Context,
    seen: Snapshot,
    stories: BTreeMap<u32, Story>,
    told: Explanation,
    /// Notes told so far.
    noted: usize,
    /// Changes told so far.
    count: usize,
    /// Time left for what differs within changed values.
    patience: Duration,
}

impl Walk {
    fn start(raw: &Raw, chain: &Chain, context: Context, relative: Relative) -> Result<Walk, Error> {
        let feed = chain.read(raw, &context).map_err(Error::NotAFeed)?;
        let told = Explanation {
            format: feed.format().name(),
            notes: feed.notes().to_vec(),
            rules: Vec::new(),
            head: Vec::new(),
            items: Vec::new(),
            failed: None,
            abridged: false,
        };
        let (seen, stories) = (Snapshot(Vec::new()), BTreeMap::new());
        let noted = feed.notes().len();
        let mut walk = Walk { feed, context, seen, stories, told, noted, count: 0, patience: DIFFS_TIME };
        let seen = Snapshot::of(&walk.feed);
        for Seen { number, place, .. } in &seen.0 {
            if let Some(number) = number {
                walk.meet(*number, *place, None);
            }
        }
        walk.seen = seen;
        if relative == Relative::Absolute {
            let started = Instant::now();
            Links.apply(&mut walk.feed, &walk.context).map_err(Error::Rule)?;
            walk.tell(0, "relative URLs made absolute".to_owned(), Vec::new(), started.elapsed(), &[]);
        }
        Ok(walk)
    }

    fn meet(&mut self, number: u32, place: Place, by: Option<usize>) {
        let story = Story {
            item: number + 1,
            title: String::new(),
            id: String::new(),
            position: None,
            dropped_by: None,
            added_by: by,
            changes: Vec::new(),
        };
        self.stories.insert(number, story);
        self.name(number, place);
    }

    /// How a person knows the item.
    fn name(&mut self, number: u32, place: Place) {
        let value = |field| self.feed.first(place, field).unwrap_or_default().into_owned();
        let (title, id) = (value(Field::Title), value(Field::Id));
        if let Some(story) = self.stories.get_mut(&number) {
            (story.title, story.id) = (excerpt(&title, EXPLAINED_CHARS), excerpt(&id, EXPLAINED_CHARS));
        }
    }

    /// Records what the rule that was just applied did.
    fn tell(&mut self, number: usize, rule: String, sets: Vec<String>, took: Duration, pages: &[Want]) {
        let now = Snapshot::of(&self.feed);
        let before = std::mem::replace(&mut self.seen, Snapshot(Vec::new()));
        let (was, is) = (before.items(), now.items());
        let mut earlier: HashMap<_, _> = before.0.into_iter().map(|seen| (seen.number, seen.values)).collect();
        let mut changed = 0;
        for Seen { number: item, place, values } in &now.0 {
            let changes = earlier.remove(item).map(|earlier| self.changes(number, &earlier, values));
            match (*item, changes) {
                (None, changes) => self.told.head.extend(changes.unwrap_or_default()),
                (Some(item), None) => self.meet(item, *place, Some(number)),
                (Some(_), Some(changes)) if changes.is_empty() => {}
                (Some(item), Some(changes)) => {
                    changed += 1;
                    self.stories.entry(item).and_modify(|story| story.changes.extend(changes));
                    self.name(item, *place);
                }
            }
        }
        for item in earlier.keys().flatten() {
            self.stories.entry(*item).and_modify(|story| story.dropped_by = Some(number));
        }
        let [before, after] = [&was, &is].map(|items| items.iter().collect::<HashSet<_>>());
        let left = was.iter().filter(|item| after.contains(item));
        let stand = is.iter().filter(|item| before.contains(item));
        let reordered = !left.eq(stand);
        let fetched = pages.iter().map(|want| self.fetched(want)).collect();
        let notes = self.feed.notes().iter().skip(std::mem::replace(&mut self.noted, self.feed.notes().len()));
        self.told.rules.push(Told {
            number,
            rule,
            sets,
            microseconds: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            before: was.len(),
            after: is.len(),
            changed,
            reordered,
            fetched,
            notes: notes.cloned().collect(),
        });
        self.seen = now;
    }

    fn fetched(&self, want: &Want) -> Fetched {
        let outcome = match self.context.pages.get(want) {
            Some(Page::Ready(_)) => "ready".to_owned(),
            Some(Page::Failed(why)) => why.to_string(),
            Some(Page::Pending) | None => "pending".to_owned(),
        };
        Fetched { url: super::Which::Url(&want.url).label(), outcome }
    }

    /// The values that differ; the n-th value of a field is compared with the n-th.
    fn changes(&mut self, rule: usize, old: &[(Field, String)], new: &[(Field, String)]) -> Vec<Change> {
        if old == new {
            return Vec::new();
        }
        let mut fields: Vec<Field> = Vec::new();
        for (field, _) in old.iter().chain(new) {
            if !fields.contains(field) {
                fields.push(*field);
            }
        }
        let mut found = Vec::new();
        for field in fields {
            let of = |list: &[(Field, String)]| -> Vec<String> {
                list.iter().filter(|(other, _)| *other == field).map(|(_, value)| value.clone()).collect()
            };
            let (old, new) = (of(old), of(new));
            for at in 0..old.len().max(new.len()) {
                let (before, after) = (old.get(at), new.get(at));
                if before == after {
                    continue;
                }
                self.count += 1;
                if self.count > MAX_EXPLAINED {
                    self.told.abridged = true;
                    continue;
                }
                let started = Instant::now();
                let diff = hunks(before.map_or("", String::as_str), after.map_or("", String::as_str), self.patience);
                self.patience = self.patience.saturating_sub(started.elapsed());
                let short = |value: Option<&String>| value.map(|value| excerpt(value, EXPLAINED_CHARS));
                let field = format!("{field:?}").to_lowercase();
                found.push(Change { rule, field, before: short(before), after: short(after), diff });
            }
        }
        found
    }

    fn end(mut self) -> Explanation {
        for (at, item) in self.seen.items().into_iter().enumerate() {
            self.stories.entry(item).and_modify(|story| story.position = Some(at + 1));
        }
        self.told.items = self.stories.into_values().collect();
        self.told
    }
}

impl Pipeline {
    /// What each rule of `chain` does to `input`.
    pub async fn explain(&self, input: Input, chain: &Chain, form: &Form) -> Result<Explanation, Error> {
        let relative = form.relative;
        let mut context = Context::new(self.0.clock.now(), input.url.clone());
        let raw = Raw { bytes: input.bytes, content_type: input.content_type, url: input.url };
        let mut listed = Vec::new();
        for _ in 0..MAX_PAGE_ROUNDS {
            let mut wants = chain.reader().map_or_else(Vec::new, |reader| reader.wants(&raw, &context));
            wants.retain(|want| context.pages.get(want).is_none());
            if wants.is_empty() {
                break;
            }
            listed.extend(wants.iter().cloned());
            self.0.pages.bring(&mut context.pages, wants, PAGE_WAIT).await;
        }
        let whole = chain.clone();
        let mut walk = self.0.workers.run(move || Walk::start(&raw, &whole, context, relative)).await??;
        for ((step, (rule, sets)), number) in chain.steps().zip(chain.written()).zip(1..) {
            let (rule, sets) = (rule.without_secrets().to_string(), sets.to_vec());
            let step = Arc::new(step);
            let mut took = Duration::ZERO;
            let mut asked = if step.reader().is_some() { listed.clone() } else { Vec::new() };
            for _ in 0..=MAX_PAGE_ROUNDS {
                let step = Arc::clone(&step);
                let (back, progress, time) = self
                    .0
                    .workers
                    .run(move || {
                        let started = Instant::now();
                        let progress = step.advance(&mut walk.feed, &walk.context, 0);
                        (walk, progress, started.elapsed())
                    })
                    .await?;
                walk = back;
                took += time;
                match progress {
                    Ok(Progress::Done) => break,
                    Ok(Progress::Waiting { wants, .. }) => {
                        asked.extend(wants.iter().cloned());
                        self.0.pages.bring(&mut walk.context.pages, wants, PAGE_WAIT).await;
                    }
                    Err(error) => {
                        walk.told.failed = Some(error.to_string());
                        break;
                    }
                }
            }
            walk = self
                .0
                .workers
                .run(move || {
                    walk.tell(number, rule, sets, took, &asked);
                    walk
                })
                .await?;
            if walk.told.failed.is_some() {
                break;
            }
        }
        Ok(walk.end())
    }

    /// The same for a feed that is asked for, with what upstream has.
    pub async fn explain_feed(&self, ask: &Ask<'_>) -> Result<Explanation, Failure> {
        let route = self.route(ask)?;
        let brought = self.bring(&route, None).await?;
        Ok(self.explain(brought.input(), &route.chain, &route.form).await?)
    }
}
