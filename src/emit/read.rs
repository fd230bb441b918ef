//! From the edited document to plain data. One reading for all of RSS and Atom: each element means what it means wherever it
//! stands, the format's own elements come before those of extensions that say the same.
//!
//! Ids are never made of rewritten text: an item without one gets an id of what the feed said before any rule.

use std::borrow::Cow;
use std::collections::HashMap;

use super::elements::{
    category, category_of_text, construct, enclosure, media, person, person_of_text, playing_time, source,
};
use super::extensions::is_extension;
use super::model::{Document, Extension, Item, Source, Text};
use super::text::html_of_xhtml;
use super::{About, edited, read_json};
use crate::base::clock::Time;
use crate::base::url::{Url, absolute, has_scheme};
use crate::feed::{Element, Feed, FeedError, Field, Ns, Place, dates};

/// `feed`, as the rules left it.
pub(super) fn document(feed: &Feed, about: About<'_>) -> Result<Document, FeedError> {
    let ids = ids(feed);
    let second;
    let read = match feed.emit() {
        Cow::Borrowed(_) => feed,
        Cow::Owned(_) => {
            second = edited(feed)?;
            &second
        }
    };
    let mut document = if read.format().is_json() { read_json::document(read)? } else { xml(read) };
    for (item, id) in document.items.iter_mut().zip(ids) {
        item.id = id;
    }
    document.own_url = about.own_url.map(ToString::to_string);
    if !is_uri(&document.id) {
        document.id = match &document.link {
            Some(link) if document.id.is_empty() && is_uri(link) => link.clone(),
            _ => urn(&[about.identity, &document.id]),
        };
    }
    Ok(document)
}

/// What tells the items from each other, as the feed gave it; else made of what it gave. A link serves where no other item has it.
fn ids(feed: &Feed) -> Vec<String> {
    let places = feed.items();
    let given: Vec<Option<String>> = places.iter().map(|place| original(feed, *place, Field::Id)).collect();
    let links: Vec<Option<String>> = places
        .iter()
        .map(|place| Some(joined(link_base(feed, *place).as_ref(), original(feed, *place, Field::Link)?)))
        .collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for link in links.iter().flatten() {
        *counts.entry(link).or_default() += 1;
    }
    let made = |place: Place, link: &Option<String>| {
        if let Some(link) = link.as_ref().filter(|link| counts.get(link.as_str()) == Some(&1)) {
            return link.clone();
        }
        let fields = [Field::Link, Field::Title, Field::Published, Field::Enclosure, Field::Summary, Field::Content];
        let parts = fields.map(|field| original(feed, place, field).unwrap_or_default());
        urn(&parts.each_ref().map(String::as_str))
    };
    let all = places.iter().zip(given).zip(&links);
    all.map(|((place, given), link)| given.unwrap_or_else(|| made(*place, link))).collect()
}

/// The first value of a field that is not empty, before any rule.
fn original(feed: &Feed, place: Place, field: Field) -> Option<String> {
    let slots = feed.slots(place).filter(|slot| slot.field == field);
    slots.map(|slot| feed.original(&slot).trim().to_owned()).find(|value| !value.is_empty())
}

/// What the links of items are read against.
fn link_base(feed: &Feed, place: Place) -> Option<Url> {
    let link = feed.slots(place).find(|slot| slot.field == Field::Link)?;
    feed.base_of(&link, feed.base(place).as_ref())
}

/// A UUID URN (RFC 9562, version 8) that is the same for the same parts.
pub(super) fn urn(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    let hex = hasher.finalize().to_hex();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
}

/// True for what may stand where Atom asks for an IRI.
pub(super) fn is_uri(text: &str) -> bool {
    has_scheme(text) && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}

/// What an element's name is to be read as.
#[derive(Clone, Copy, PartialEq)]
enum Vocabulary {
    Rss,
    Atom,
    Other(Ns),
}

/// Reads one feed.
struct Reader<'a> {
    feed: &'a Feed,
    is_atom: bool,
}

fn xml(feed: &Feed) -> Document {
    let head = feed.element(Place::Head);
    let is_atom = head.is_some_and(|head| matches!(head.ns(), Ns::Atom10 | Ns::Atom03) || head.name() == "feed");
    let reader = Reader { feed, is_atom };
    let mut document = head.map(|head| reader.head(head)).unwrap_or_default();
    document.items = feed.items().into_iter().filter_map(|place| reader.item(place)).collect();
    document
}

impl<'a> Reader<'a> {
    fn vocabulary(&self, element: &Element<'a>) -> Vocabulary {
        match element.ns() {
            Ns::Atom10 | Ns::Atom03 => Vocabulary::Atom,
            Ns::None if self.is_atom => Vocabulary::Atom,
            Ns::None | Ns::Rss => Vocabulary::Rss,
            other => Vocabulary::Other(other),
        }
    }

    fn head(&self, head: Element<'a>) -> Document {
        let mut out = Document { id: String::new(), ..Document::default() };
        let (mut title, mut description, mut updated, mut published) = (None, None, None, None);
        let base = self.feed.base(Place::Head);
        out.language = head.attribute("xml:lang").and_then(|tag| non_empty(&tag));
        for child in head.children().filter(|child| !matches!(child.name(), "item" | "entry")) {
            use Vocabulary::{Atom, Other, Rss};
            match (self.vocabulary(&child), child.name()) {
                (Rss, "title") => fill(&mut out.title, || Text::html(&child.text())),
                (Atom, "title") if self.is_atom => fill(&mut out.title, || construct(&child)),
                (Rss, "description") => fill(&mut out.description, || Text::html(&child.text())),
                (Atom, "subtitle" | "tagline") => fill(&mut out.description, || construct(&child)),
                (Rss, "link") => fill(&mut out.link, || non_empty(&child.text())),
                (Atom, "link") if rel(&child) == "alternate" => fill(&mut out.link, || address(&child, "href")),
                (Atom, "id") if self.is_atom => out.id = child.text().trim().to_owned(),
                (Rss, "language") => fill(&mut out.language, || non_empty(&child.text())),
                (Rss, "lastBuildDate") => fill(&mut updated, || dates::parse(&child.text())),
                (Atom, "updated" | "modified") => fill(&mut updated, || dates::parse(&child.text())),
                (Rss, "pubDate" | "pubdate") => fill(&mut published, || dates::parse(&child.text())),
                (Rss, "copyright") => fill(&mut out.rights, || Text::html(&child.text())),
                (Atom, "rights" | "copyright") => fill(&mut out.rights, || construct(&child)),
                (Rss, "managingEditor" | "author") => out.authors.extend(person_of_text(&child.text())),
                (Atom, "author") => out.authors.extend(person(&child)),
                (Rss, "category") => out.categories.extend(category_of_text(&child, "domain")),
                (Atom, "category") => out.categories.extend(category(&child)),
                (Rss | Atom, "generator") => fill(&mut out.generator, || non_empty(&child.text())),
                (Atom, "icon") => fill(&mut out.icon, || non_empty(&child.text())),
                (Other(Ns::Dc), "title") => fill(&mut title, || Text::plain(&child.text())),
                (Other(Ns::Dc), "description") => fill(&mut description, || Text::html(&child.text())),
                (Other(Ns::Itunes), "summary") => fill(&mut description, || Text::html(&child.text())),
                (Other(Ns::Dc), "language") => fill(&mut out.language, || non_empty(&child.text())),
                (Other(Ns::Dc), "date") => fill(&mut published, || dates::parse(&child.text())),
                (Other(Ns::Dc), "creator") | (Other(Ns::Itunes), "author") => {
                    let person = person_of_text(&child.text());
                    out.authors.extend(person.filter(|new| !out.authors.iter().any(|old| old.name == new.name)));
                }
                (Other(Ns::Dc), "subject") => out.categories.extend(category_of_text(&child, "")),
                _ => {}
            }
            if is_extension(&child) {
                out.extensions.push(Extension::of(&child));
            }
        }
        out.title = out.title.or(title);
        out.description = out.description.or(description);
        out.updated = updated.or(published);
        out.link = out.link.map(|link| joined(base.as_ref(), link));
        let image = self.feed.first(Place::Head, Field::Image).map(Cow::into_owned);
        out.image = image.filter(|image| Some(image) != out.icon.as_ref()).map(|image| joined(base.as_ref(), image));
        out.icon = out.icon.map(|icon| joined(base.as_ref(), icon));
        out
    }

    fn item(&self, place: Place) -> Option<Item> {
        use Vocabulary::{Atom, Other, Rss};
        let item = self.feed.element(place)?;
        let mut out = Item::default();
        let (mut title, mut summary, mut permalink, mut author) = (None, None, None, None);
        let (mut seconds, mut thumbnail): (_, Option<String>) = (None, None);
        let mut dates = Dates::default();
        out.language = item.attribute("xml:lang").and_then(|tag| non_empty(&tag));
        for child in item.children() {
            match (self.vocabulary(&child), child.name()) {
                (Rss, "title") => fill(&mut out.title, || Text::html(&child.text())),
                (Atom, "title") if self.is_atom => fill(&mut out.title, || construct(&child)),
                (Rss, "link") => fill(&mut out.link, || non_empty(&child.text())),
                (Atom, "link") => self.link(&child, &mut out),
                (Rss, "guid") if child.attribute("isPermaLink").is_none_or(|value| value.trim() != "false") => {
                    permalink = non_empty(&child.text()).filter(|id| id.starts_with("http"));
                }
                (Rss, "description") => fill(&mut out.summary, || Text::html(&child.text())),
                (Atom, "summary") => fill(&mut out.summary, || construct(&child)),
                (Atom, "content") => fill(&mut out.content, || construct(&child)),
                (Other(Ns::Content), "encoded") => fill(&mut out.content, || Text::html(&child.text())),
                (Other(Ns::Xhtml), "body" | "div") => {
                    fill(&mut out.content, || Text::html(&html_of_xhtml(child.inner())));
                }
                (Rss, "pubDate" | "pubdate") | (Atom, "published" | "issued" | "created") => dates.published(&child),
                (Atom, "updated" | "modified") => dates.updated(&child),
                (Other(Ns::Dc | Ns::DcTerms), "date" | "issued" | "created") => dates.fallback(&child),
                (Other(Ns::DcTerms), "modified") => dates.updated(&child),
                (Rss, "author") => out.authors.extend(person_of_text(&child.text())),
                (Atom, "author") => out.authors.extend(person(&child)),
                (Other(Ns::Dc), "creator") => {
                    let person = person_of_text(&child.text());
                    out.authors.extend(person.filter(|new| !out.authors.iter().any(|old| old.name == new.name)));
                }
                (Other(Ns::Itunes), "author") => fill(&mut author, || person_of_text(&child.text())),
                (Rss, "category") => out.categories.extend(category_of_text(&child, "domain")),
                (Atom, "category") => out.categories.extend(category(&child)),
                (Other(Ns::Dc), "subject") => out.categories.extend(category_of_text(&child, "")),
                (Rss, "comments") => fill(&mut out.comments, || non_empty(&child.text())),
                (Rss, "enclosure") => out.enclosures.extend(enclosure(&child, "url", "length")),
                (Rss, "source") => {
                    let title = child.text().trim().to_owned();
                    out.source = Some(Source { title, url: address(&child, "url"), id: None });
                }
                (Atom, "source") => out.source = source(&child),
                (Atom, "rights" | "copyright") => fill(&mut out.rights, || construct(&child)),
                (Other(Ns::Dc), "language") => fill(&mut out.language, || non_empty(&child.text())),
                (Other(Ns::Dc), "title") => fill(&mut title, || Text::plain(&child.text())),
                (Other(Ns::Dc), "description") => fill(&mut summary, || Text::html(&child.text())),
                (Other(Ns::Itunes), "summary" | "subtitle") => fill(&mut summary, || Text::html(&child.text())),
                (Other(Ns::Itunes), "image") => fill(&mut out.image, || address(&child, "href")),
                (Other(Ns::Itunes), "duration") => seconds = playing_time(&child.text()),
                (Other(Ns::Media), _) => media(&child, &mut out.media, &mut thumbnail, &mut summary),
                _ => {}
            }
            if is_extension(&child) {
                out.extensions.push(Extension::of(&child));
            }
        }
        let base = self.feed.base(place);
        let join = |address: String| joined(base.as_ref(), address);
        let is_link = |text: &Text| matches!(text, Text::Plain(title) if title.is_empty());
        out.title = out.title.filter(|title| !is_link(title)).or(title);
        out.summary = out.summary.or(summary);
        out.link = out.link.or(permalink).map(|link| joined(link_base(self.feed, place).as_ref(), link));
        out.image = out.image.or(thumbnail).map(join);
        out.comments = out.comments.map(join);
        out.external = out.external.map(join);
        if out.authors.is_empty() {
            out.authors.extend(author);
        }
        for enclosure in out.enclosures.iter_mut().chain(&mut out.media) {
            enclosure.url = joined(base.as_ref(), std::mem::take(&mut enclosure.url));
        }
        if let (Some(seconds), [enclosure]) = (seconds, &mut out.enclosures[..]) {
            enclosure.seconds = Some(seconds);
        }
        out.media.retain(|media| !out.enclosures.iter().any(|enclosure| enclosure.url == media.url));
        dates.give(&mut out);
        Some(out)
    }

    fn link(&self, link: &Element<'a>, out: &mut Item) {
        match &*rel(link) {
            "alternate" => fill(&mut out.link, || address(link, "href")),
            "enclosure" => out.enclosures.extend(enclosure(link, "href", "length")),
            "related" | "via" => fill(&mut out.external, || address(link, "href")),
            "replies" if link.attribute("type").is_none_or(|mime| mime.contains("html")) => {
                fill(&mut out.comments, || address(link, "href"));
            }
            _ => {}
        }
    }
}

/// The dates of an item, and the words of the one that counts.
#[derive(Default)]
struct Dates {
    published: Option<(Option<Time>, String)>,
    fallback: Option<(Option<Time>, String)>,
    updated: Option<(Option<Time>, String)>,
}

impl Dates {
    fn published(&mut self, element: &Element<'_>) {
        better(&mut self.published, element);
    }

    fn fallback(&mut self, element: &Element<'_>) {
        better(&mut self.fallback, element);
    }

    fn updated(&mut self, element: &Element<'_>) {
        better(&mut self.updated, element);
    }

    fn give(self, item: &mut Item) {
        let published = match (self.published, self.fallback) {
            (Some((None, _)), Some(other @ (Some(_), _))) | (None, Some(other)) => Some(other),
            (published, _) => published,
        };
        item.published = published.as_ref().and_then(|(time, _)| *time);
        item.updated = self.updated.as_ref().and_then(|(time, _)| *time);
        item.date = published.or(self.updated).map(|(_, words)| words);
    }
}

/// A date that can be read comes before one that cannot, the first before others.
fn better(date: &mut Option<(Option<Time>, String)>, element: &Element<'_>) {
    let words = element.text().trim().to_owned();
    let time = dates::parse(&words);
    if !words.is_empty() && date.as_ref().is_none_or(|(old, _)| old.is_none() && time.is_some()) {
        *date = Some((time, words));
    }
}

pub(super) fn fill<T>(place: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if place.is_none() {
        *place = value();
    }
}

pub(super) fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// `address` against `base`, where it is relative and there is one.
pub(super) fn joined(base: Option<&Url>, address: String) -> String {
    base.and_then(|base| absolute(base, &address)).unwrap_or(address)
}

pub(super) fn address(element: &Element<'_>, attribute: &str) -> Option<String> {
    non_empty(&element.attribute(attribute)?)
}

pub(super) fn rel(link: &Element<'_>) -> String {
    let rel = link.attribute("rel").unwrap_or(Cow::Borrowed("alternate")).trim().to_ascii_lowercase();
    rel.strip_prefix("http://www.iana.org/assignments/relation/").map(str::to_owned).unwrap_or(rel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_uri_and_what_is_not() {
        for uri in ["https://example.org/a?b#c", "tag:example.org,2024:1", "urn:uuid:1", "https://例.tw/台"] {
            assert!(is_uri(uri), "{uri}");
        }
        for other in ["", "123", "a b:c", "https://a/b c", "/a"] {
            assert!(!is_uri(other), "{other}");
        }
    }
}
