//! Make several items of one: a digest, a list of news, a page of short notes.
//!
//! ## What it does
//! The content of each item is cut into parts, each of which becomes an item in its place; an item of fewer than two parts stays as it is.
//! One of three settings says how:
//! - `at`, a CSS selector (the short form): a part begins at each such element, a heading or a line, and ends before the next;
//!   what stands before the first one is a part too where it says something, unless `head = false`.
//! - `each`, a CSS selector: each such element is a part, the rest is left out.
//! - `line`, a regular expression: a part begins at each line that it finds something in (`^\\d+[.、]`): a paragraph, a list's item, a line
//!   after a break. What stands before is a part as with `at`.
//!
//! A part's title is its heading, else its first words, and the item's own for what stands before the first; its link is that of the item with the heading's own anchor, with `each` the part's
//! first link. With `each`, `title`, `link`, `author` and `content` say what else they are: each a selector inside the part, with ` @name` for
//! an attribute. Dates, authors and categories are the item's. Its id is made of the item's id and the part's title, so that it stays when
//! other parts come and go. Attached files are left out.
//!
//! ## When to use
//! A newsletter or link list that comes as one item, which no filter can sort.
//!
//! ## Example
//! ```toml
//! rules = [{ split = "h2" }, { drop = { title = "广告|Sponsored" } }]
//! ```
//! ```toml
//! rules = [{ split = { line = "^[0-9]+[.、]", head = false } }]
//! ```
//! ```toml
//! rules = [{ split = { each = "li.story", title = ".headline", link = "a.more", author = ".by" } }]
//! ```
//!
//! ## Order
//! Early: `keep`, `drop` and all others then see the parts.
//!
//! ## Cost
//! The feed is read once more where an item was cut.

mod inside;
mod parts;

use std::collections::{HashMap, HashSet};

use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use self::inside::Inside;
use self::parts::{Part, at, each, line};
use super::fragments::{is_body, selectors};
use super::pattern::{Case, compile_one};
use super::picks::Written;
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{MAX_ITEMS, MAX_PARTS};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Place};
use crate::html::Selectors;

/// Settings of `split`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    at: Option<Spanned<String>>,
    each: Option<Spanned<String>>,
    line: Option<Spanned<String>>,
    head: Option<bool>,
    title: Option<Written>,
    link: Option<Written>,
    author: Option<Written>,
    content: Option<Written>,
}

/// Where to cut.
#[derive(Debug)]
enum Cut {
    At(Selectors),
    Each(Selectors),
    Line(Regex),
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("at");
    type Rule = Split;

    fn build(self, report: &mut Report) -> Option<Split> {
        let cut = match (&self.at, &self.each, &self.line) {
            (Some(css), None, None) => selectors(css, report).map(Cut::At),
            (None, Some(css), None) => selectors(css, report).map(Cut::Each),
            (None, None, Some(pattern)) => compile_one(pattern, Case::Exact, report).map(Cut::Line),
            _ => {
                report
                    .error_here("one of `at`, `each` and `line` says where to cut")
                    .help("write `{ split = \"h2\" }`");
                None
            }
        };
        if self.head.is_some() && self.each.is_some() {
            report.error_here("with `each` nothing stands before the first part").help("leave out `head`");
            return None;
        }
        let before = report.count();
        let mut picks = |written: Option<Written>| written.and_then(|written| written.compile(report));
        let inside = Inside {
            title: picks(self.title),
            link: picks(self.link),
            author: picks(self.author),
            content: picks(self.content),
        };
        if self.each.is_none() && inside.is_some() {
            report.error_here("`title`, `link`, `author` and `content` are read inside the parts of `each`");
        }
        let rule = Split { cut: cut?, head: self.head.unwrap_or(true), inside };
        (report.count() == before).then_some(rule)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Split {
    cut: Cut,
    /// What stands before the first part is one.
    head: bool,
    inside: Inside,
}

/// A part, and the values that it has from its item.
struct Whole {
    part: Part,
    link: Option<String>,
    inherited: Vec<(Field, String)>,
}

impl Rule for Split {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let selected: HashSet<Place> = feed.items().into_iter().collect();
        feed.select_all();
        let items = feed.items();
        let mut raw = Vec::new();
        // Each part with the number of its item, and the numbers of the items that were cut.
        let mut wholes: Vec<(usize, Whole)> = Vec::new();
        let mut cut = HashSet::new();
        for (number, item) in items.iter().enumerate().filter(|(_, item)| selected.contains(item)) {
            let parts = self.parts(feed, *item);
            if parts.len() < 2 || items.len() + wholes.len() + parts.len() > MAX_ITEMS {
                continue;
            }
            cut.insert(number);
            let id = identity(feed, *item);
            let mut seen: HashMap<String, usize> = HashMap::new();
            for part in parts {
                let again = seen.entry(part.title.clone()).or_default();
                *again += 1;
                let name = blake3::hash(format!("{} {again}", part.title).as_bytes()).to_hex();
                raw.push(feed.blank_item(&format!("{id}#{}", name.get(..12).unwrap_or_default())));
                wholes.push((number, self.whole(feed, *item, part)));
            }
        }
        let refused = |error: crate::feed::FeedError| RuleError::Edit { rule: "split", reason: error.to_string() };
        feed.insert_items(&raw, items.len()).map_err(refused)?;
        if wholes.is_empty() {
            return Ok(());
        }
        let now = feed.items();
        let added: Vec<Place> = now.iter().skip(items.len()).copied().collect();
        let mut order: HashMap<Place, usize> = now.iter().take(items.len()).copied().zip(0..).collect();
        let gone: HashSet<Place> = cut.iter().filter_map(|number| now.get(*number).copied()).collect();
        for (place, (number, whole)) in added.into_iter().zip(&wholes) {
            order.insert(place, *number);
            whole.write(feed, place);
        }
        feed.retain(|_, item| !gone.contains(&item));
        feed.sort_by_key(|_, item| order.get(&item).copied());
        Ok(())
    }
}

/// What the ids of an item's parts begin with: its own id, else its page, else a name made of its title.
fn identity(feed: &Feed, item: Place) -> String {
    let id = feed.first(item, Field::Id).map(|id| id.into_owned()).or_else(|| feed.link(item));
    id.unwrap_or_else(|| {
        let title = feed.first(item, Field::Title).unwrap_or_default();
        format!("urn:refeed:{}", blake3::hash(title.as_bytes()).to_hex().get(..16).unwrap_or_default())
    })
}

impl Split {
    fn parts(&self, feed: &Feed, item: Place) -> Vec<Part> {
        let slots = feed.field(item, Field::Content);
        let Some(slot) = slots.iter().find(|slot| is_body(slot)) else { return Vec::new() };
        let html = feed.html(slot);
        let mut parts = match &self.cut {
            Cut::At(css) => at(&html, &html.select(css), self.head),
            Cut::Each(css) => {
                let base = feed.link(item).and_then(|link| Url::parse(&link).ok());
                let parts = each(&html, &html.select_outermost(css)).into_iter();
                parts.take(MAX_PARTS).map(|part| self.inside.read(part, base.as_ref())).collect()
            }
            Cut::Line(pattern) => line(&html, pattern, self.head),
        };
        parts.truncate(MAX_PARTS);
        if let Some(first) = parts.first_mut().filter(|part| part.is_head) {
            first.title =
                feed.first(item, Field::Title).map_or(std::mem::take(&mut first.title), |title| title.into_owned());
        }
        parts
    }

    fn whole(&self, feed: &Feed, item: Place, part: Part) -> Whole {
        let page = feed.link(item);
        let link = match (&part.link, &part.anchor) {
            (Some(link), _) => Some(link.clone()),
            (None, Some(anchor)) => page.map(|page| format!("{}#{anchor}", page.split('#').next().unwrap_or_default())),
            (None, None) => page,
        };
        let kept = [Field::Author, Field::Category, Field::Published, Field::Updated];
        let slots = feed.slots(item).filter(|slot| kept.contains(&slot.field) && slot.kind != Kind::Opaque);
        let mut inherited: Vec<_> = slots.map(|slot| (slot.field, feed.plain(&slot).into_owned())).collect();
        if let Some(author) = &part.author {
            inherited.retain(|(field, _)| *field != Field::Author);
            inherited.push((Field::Author, author.clone()));
        }
        Whole { part, link, inherited }
    }
}

impl Whole {
    fn write(&self, feed: &mut Feed, place: Place) {
        feed.set(place, Field::Title, &self.part.title);
        if let Some(link) = &self.link {
            feed.set(place, Field::Link, link);
        }
        for (field, value) in &self.inherited {
            feed.add(place, *field, value);
        }
        feed.set(place, Field::Content, &self.part.html);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::problems;

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(
            problems("[{ split = 'h2[' }, { split = { at = 'h2', line = 'x' } }, { split = true }, { split = { line = '(' } }, { split = { at = 'h2', title = 'b' } }, { split = { each = 'li', link = 'a[' } }]").len(),
            6
        );
    }
}
