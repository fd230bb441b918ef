//! Several feeds of one family as one: each item as it is, with the name of its source, newest first, duplicates once.
//!
//! The new feed has a head of its own; items keep every byte but for what names their source. Undated items come last. Two items
//! are one where another source has the same global id (one with a colon: `17` of two feeds are two items) or the same link, in
//! its canonical form; the source that stands first gives it. Called by `pipeline`, which brings the sources into one family.

use super::codec::{Coding, encode};
use super::shapes::{Body, Element, object, string};
use super::{Feed, FeedError, Field, Format, Place, dates, raw};
use crate::base::clock::Time;
use crate::base::url::{Url, canonical};
use std::cmp::Reverse;
use std::collections::HashMap;

/// One source, its rules applied.
#[derive(Debug)]
pub struct Part {
    /// The feed.
    pub feed: Feed,
    /// How readers know it; its own title where none is given.
    pub name: Option<String>,
    /// Only its newest items, so many.
    pub limit: Option<usize>,
}

/// What the merged feed says of itself.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its title.
    pub title: String,
    /// Its identity, for Atom.
    pub id: String,
    /// Titles of items begin with the name of their source.
    pub source_in_title: bool,
}

/// What is known of an item before it is placed.
struct Candidate {
    date: Option<Time>,
    raw: String,
}

/// The items of `parts`, which are of the family of `format` (RSS 2.0, Atom 1.0 or JSON Feed), as one feed.
///
/// # Errors
/// [`FeedError`]: the whole exceeds a bound.
pub fn merge(parts: Vec<Part>, head: &Head, format: Format) -> Result<Feed, FeedError> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut candidates = Vec::new();
    let (mut names, mut link, mut languages) = (Vec::new(), None, Vec::new());
    for (number, part) in parts.into_iter().enumerate() {
        let Part { mut feed, name, limit } = part;
        if let Some(limit) = limit {
            feed.sort_by_key(|feed, item| Reverse(feed.date(item)));
            feed.truncate(limit);
        }
        let source = Source::of(&feed, name);
        link = link.or_else(|| source.page.clone());
        languages.push(feed.first(Place::Head, Field::Language).map(|language| language.into_owned()));
        feed.retain(|feed, item| {
            let keys = identities(feed, item);
            let is_new = keys.iter().all(|key| seen.get(key).is_none_or(|by| *by == number));
            if is_new {
                seen.extend(keys.into_iter().map(|key| (key, number)));
            }
            is_new
        });
        for item in feed.items() {
            feed.name_source(item, &source, head.source_in_title);
        }
        names.push(source.title);
        let items = feed.items();
        let raw = feed.raw_items(&items);
        candidates.extend(items.iter().zip(raw).map(|(item, raw)| Candidate { date: feed.date(*item), raw }));
    }
    candidates.sort_by_key(|candidate| Reverse(candidate.date));
    let newest = candidates.first().and_then(|candidate| candidate.date);
    let raw: Vec<&str> = candidates.iter().map(|candidate| candidate.raw.as_str()).collect();
    languages.dedup();
    let language = if let [Some(language)] = languages.as_slice() { Some(language.as_str()) } else { None };
    let about = About { head, description: names.join(", "), link, language, newest };
    let text = about.document(format, &raw);
    let mut feed = Feed::read(text.as_bytes(), None, None)?;
    feed.insert_items(&raw, 0)?;
    Ok(feed)
}

/// What makes an item the same as one of another feed.
fn identities(feed: &Feed, item: Place) -> Vec<String> {
    let id = feed.first(item, Field::Id).filter(|id| id.contains(':')).map(|id| format!("id {id}"));
    let link = feed.link(item).and_then(|link| Url::parse(&link).ok()).map(|url| format!("link {}", canonical(&url)));
    id.into_iter().chain(link).collect()
}

/// What names a source.
struct Source {
    title: String,
    /// The feed, else its page.
    url: Option<String>,
    page: Option<String>,
    id: Option<String>,
    author: Option<String>,
    updated: Option<Time>,
}

impl Source {
    fn of(feed: &Feed, name: Option<String>) -> Source {
        let first = |field| feed.first(Place::Head, field).map(|value| value.into_owned());
        let page = feed.link(Place::Head);
        Source {
            title: name.or_else(|| first(Field::Title)).unwrap_or_default(),
            url: feed.own_address().or_else(|| page.clone()),
            page,
            id: first(Field::Id),
            author: first(Field::Author),
            updated: feed.changed(Place::Head),
        }
    }
}

impl Feed {
    /// The address that the feed gives as its own.
    fn own_address(&self) -> Option<String> {
        let is_own = |slot: &super::Slot| match self.format.is_json() {
            true => self.document.tree.node(slot.node).name(&self.source) == "feed_url",
            false => self.attribute(slot.node, "rel").as_deref() == Some("self"),
        };
        let own = self.slots(Place::Head).filter(|slot| slot.kind == super::Kind::Url).find(is_own)?;
        Some(self.value(&own).trim().to_owned()).filter(|address| !address.is_empty())
    }

    /// Says where an item is from, unless it says so itself.
    fn name_source(&mut self, item: Place, source: &Source, in_title: bool) {
        if in_title && !source.title.is_empty() {
            let title = self.first(item, Field::Title).unwrap_or_default();
            let title = format!("[{}] {title}", source.title);
            self.set(item, Field::Title, title.trim_end());
        }
        if self.slots(item).any(|slot| slot.field == Field::Source) {
            return;
        }
        // What the feed says of all its items would be lost.
        let lacks_author = self.slots(item).all(|slot| slot.field != Field::Author);
        match self.format {
            Format::Json10 | Format::Json11 => {
                if let Some(author) = source.author.as_ref().filter(|_| lacks_author) {
                    self.add(item, Field::Author, author);
                }
                let mut members = vec![("title", string(&source.title))];
                members.extend(source.url.as_ref().map(|url| ("url", string(url))));
                self.add_member(item, None, "_source", &object(&members));
            }
            Format::Atom03 | Format::Atom10 => {
                let id = source.id.as_deref().or(source.url.as_deref()).map(|id| Element::text("id", id));
                let mut children: Vec<Element<'_>> = id.into_iter().collect();
                children.push(Element::text("title", source.title.as_str()));
                children.extend(source.updated.map(|time| Element::text("updated", dates::rfc3339(time))));
                let link = |rel, url| Element::of(None, "link", Body::Empty).with("rel", rel).with("href", url);
                children.extend(source.url.as_deref().map(|url| link("self", url)));
                children.extend(source.page.as_deref().map(|url| link("alternate", url)));
                if let Some(author) = source.author.as_deref().filter(|_| lacks_author) {
                    let name = Body::Children(vec![Element::text("name", author)]);
                    children.push(Element::of(None, "author", name));
                }
                self.add_element(item, None, &Element::of(None, "source", Body::Children(children)));
            }
            // The attribute is required.
            _ => {
                if let Some(url) = &source.url {
                    let element = Element::text("source", source.title.as_str()).with("url", url.as_str());
                    self.add_element(item, None, &element);
                }
            }
        }
        self.find_again(item);
    }
}

/// What the head of a merged feed is made of.
struct About<'a> {
    head: &'a Head,
    description: String,
    link: Option<String>,
    language: Option<&'a str>,
    newest: Option<Time>,
}

impl About<'_> {
    /// The feed without items. The namespaces that its items need are declared here, once.
    fn document(&self, format: Format, raw: &[&str]) -> String {
        let mut out = String::new();
        let title = self.head.title.as_str();
        let link = self.link.as_deref().unwrap_or_default();
        match format {
            Format::Json10 | Format::Json11 => {
                let mut members =
                    vec![("version", string("https://jsonfeed.org/version/1.1")), ("title", string(title))];
                members.extend(self.link.as_deref().map(|link| ("home_page_url", string(link))));
                members.push(("description", string(&self.description)));
                members.extend(self.language.map(|language| ("language", string(language))));
                members.push(("items", "[]".to_owned()));
                out.push_str(&object(&members));
            }
            Format::Atom03 | Format::Atom10 => {
                out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed");
                declare(&mut out, raw, Some("http://www.w3.org/2005/Atom"));
                if let Some(language) = self.language {
                    out.push_str(" xml:lang=\"");
                    encode(&mut out, language, Coding::Attribute('"'), false);
                    out.push('"');
                }
                let updated = dates::rfc3339(self.newest.unwrap_or(Time(0)));
                out.push_str(">\n");
                let mut children = vec![
                    Element::text("id", self.head.id.as_str()),
                    Element::text("title", title),
                    Element::text("subtitle", self.description.as_str()),
                    Element::text("updated", updated),
                ];
                let alternate = |url| Element::of(None, "link", Body::Empty).with("rel", "alternate").with("href", url);
                children.extend(self.link.as_deref().map(alternate));
                lines(&mut out, &children);
                out.push_str("</feed>\n");
            }
            _ => {
                out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\"");
                declare(&mut out, raw, None);
                out.push_str("><channel>\n");
                let mut children = vec![
                    Element::text("title", title),
                    Element::text("link", link),
                    Element::text("description", self.description.as_str()),
                ];
                children.extend(self.language.map(|language| Element::text("language", language)));
                children.extend(self.newest.map(|time| Element::text("lastBuildDate", dates::rfc822(time))));
                lines(&mut out, &children);
                out.push_str("</channel></rss>\n");
            }
        }
        out
    }
}

fn lines(out: &mut String, children: &[Element<'_>]) {
    for child in children {
        child.write(out, &|_| String::new(), "");
        out.push('\n');
    }
}

/// Declares the prefixes of all items; where two mean different things by one, the first gets it, the other keeps its own.
fn declare(out: &mut String, raw: &[&str], default: Option<&str>) {
    let mut declared: Vec<(String, String)> =
        default.map(|name| ("xmlns".to_owned(), name.to_owned())).into_iter().collect();
    for item in raw {
        for (name, value) in raw::declarations(item) {
            if name != "xmlns" && declared.iter().all(|(known, _)| *known != name) {
                declared.push((name, value));
            }
        }
    }
    for (name, value) in declared {
        out.extend([" ", &name, "=\""]);
        encode(out, &value, Coding::Attribute('"'), false);
        out.push('"');
    }
}
