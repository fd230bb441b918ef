//! From the edited document to plain data. One reading for all of RSS and Atom: each element means what it means wherever it
//! stands, the format's own elements come before those of extensions that say the same.
//!
//! Ids are never made of rewritten text: an item without one gets an id of what the feed said before any rule.

use std::borrow::Cow;

use super::extensions::is_extension;
use super::model::{Category, Document, Enclosure, Extension, Item, Person, Source, Text};
use super::text::{html_of_xhtml, mime_of};
use super::{About, edited, read_json};
use crate::base::clock::Time;
use crate::base::url::{Url, absolute, has_scheme};
use crate::feed::{Element, Feed, FeedError, Field, Ns, Place, dates};

/// `feed`, as the rules left it.
pub(super) fn document(feed: &Feed, about: About<'_>) -> Result<Document, FeedError> {
    let ids: Vec<String> = feed.items().into_iter().map(|place| id(feed, place)).collect();
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

/// What tells an item from others, as the feed gave it; else made of what it gave.
fn id(feed: &Feed, place: Place) -> String {
    let original = |field: Field| {
        let slots = feed.slots(place).filter(|slot| slot.field == field);
        slots.map(|slot| feed.original(&slot).trim().to_owned()).find(|value| !value.is_empty())
    };
    original(Field::Id).unwrap_or_else(|| {
        let link = original(Field::Link).map(|link| joined(link_base(feed, place).as_ref(), link));
        link.unwrap_or_else(|| {
            let parts =
                [Field::Title, Field::Published, Field::Enclosure, Field::Summary, Field::Content].map(original);
            urn(&parts.each_ref().map(|part| part.as_deref().unwrap_or_default()))
        })
    })
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

fn fill<T>(place: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
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

fn address(element: &Element<'_>, attribute: &str) -> Option<String> {
    non_empty(&element.attribute(attribute)?)
}

fn rel(link: &Element<'_>) -> String {
    let rel = link.attribute("rel").unwrap_or(Cow::Borrowed("alternate")).trim().to_ascii_lowercase();
    rel.strip_prefix("http://www.iana.org/assignments/relation/").map(str::to_owned).unwrap_or(rel)
}

/// An Atom text construct (RFC 4287 §3.1), Atom 0.3's `mode` too.
fn construct(element: &Element<'_>) -> Option<Text> {
    let kind = element.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    let mode = element.attribute("mode").unwrap_or_default();
    let has_elements = || element.children().next().is_some();
    match (&*kind, &*mode) {
        (_, "base64") => None,
        ("xhtml" | "application/xhtml+xml", _) | (_, "xml") => Text::html(&html_of_xhtml(element.inner())),
        ("html" | "text/html", _) | (_, "escaped") if !has_elements() => Text::html(&element.text()),
        _ if has_elements() => Text::html(&html_of_xhtml(element.inner())),
        ("" | "text", _) => Text::plain(&element.text()),
        (mime, _) if mime.starts_with("text/") => Text::plain(&element.text()),
        _ => None, // another document: a picture, XML of its own
    }
}

fn person(element: &Element<'_>) -> Option<Person> {
    let mut person = Person::default();
    for child in element.children() {
        match child.name() {
            "name" => person.name = child.text().trim().to_owned(),
            "email" => person.email = non_empty(&child.text()),
            "uri" | "url" => person.url = non_empty(&child.text()),
            _ => {}
        }
    }
    (!person.name.is_empty() || person.email.is_some()).then_some(person)
}

/// `mail@host (Name)`, `Name <mail@host>`, `mail@host` or `Name`.
pub(super) fn person_of_text(text: &str) -> Option<Person> {
    let text = text.trim();
    let split = |open: char, close: char| {
        let (before, rest) = text.split_once(open)?;
        Some((before.trim(), rest.trim_end().strip_suffix(close)?.trim()))
    };
    let (name, email) = match (split('(', ')'), split('<', '>')) {
        (Some((email, name)), _) if is_email(email) => (name, Some(email)),
        (_, Some((name, email))) if is_email(email) => (name.trim_matches('"'), Some(email)),
        _ if is_email(text) => ("", Some(text)),
        _ => (text, None),
    };
    let person = Person { name: name.to_owned(), email: email.map(str::to_owned), ..Person::default() };
    (!text.is_empty()).then_some(person)
}

fn is_email(text: &str) -> bool {
    let host = text.split_once('@').filter(|(local, _)| !local.is_empty()).map(|(_, host)| host);
    host.is_some_and(|host| host.contains('.') && !host.ends_with('.'))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
        && text.matches('@').count() == 1
}

fn category(element: &Element<'_>) -> Option<Category> {
    let (term, label) = (address(element, "term"), address(element, "label"));
    let term = term.or_else(|| label.clone()).or_else(|| non_empty(&element.text()))?;
    Some(Category { label: label.filter(|label| *label != term), term, scheme: address(element, "scheme") })
}

fn category_of_text(element: &Element<'_>, scheme: &str) -> Option<Category> {
    Some(Category { term: non_empty(&element.text())?, label: None, scheme: address(element, scheme) })
}

fn enclosure(element: &Element<'_>, url: &str, length: &str) -> Option<Enclosure> {
    Some(Enclosure {
        url: address(element, url)?,
        mime: address(element, "type"),
        length: address(element, length).and_then(|length| length.parse().ok()),
        title: address(element, "title"),
        seconds: None,
    })
}

fn source(element: &Element<'_>) -> Option<Source> {
    let mut source = Source::default();
    for child in element.children() {
        match child.name() {
            "title" => source.title = construct(&child).map(|title| title.as_plain().into_owned()).unwrap_or_default(),
            "id" => source.id = non_empty(&child.text()),
            "link" if source.url.is_none() || rel(&child) == "self" => source.url = address(&child, "href"),
            _ => {}
        }
    }
    (source != Source::default()).then_some(source)
}

/// Media RSS: files, a picture, and a text for items that have no other (YouTube's).
fn media(element: &Element<'_>, files: &mut Vec<Enclosure>, picture: &mut Option<String>, text: &mut Option<Text>) {
    match element.name() {
        "group" => element.children().for_each(|child| media(&child, files, picture, text)),
        "content" => {
            let mut file = enclosure(element, "url", "fileSize");
            if let Some(file) = &mut file {
                file.seconds = address(element, "duration").and_then(|seconds| playing_time(&seconds));
                if file.mime.is_none() {
                    file.mime = address(element, "medium").filter(|m| m == "image").map(|_| "image/*".to_owned());
                }
            }
            let mime = |file: &Enclosure| file.mime.clone().unwrap_or_else(|| mime_of(&file.url).to_owned());
            let is_picture = file.as_ref().is_some_and(|file| mime(file).starts_with("image/"));
            match file {
                Some(file) if is_picture => fill(picture, || Some(file.url)),
                file => files.extend(file),
            }
            element
                .children()
                .filter(|child| child.ns() == Ns::Media)
                .for_each(|child| media(&child, files, picture, text));
        }
        "thumbnail" => fill(picture, || address(element, "url")),
        "description" => {
            let is_html = element.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
            fill(text, || if is_html { Text::html(&element.text()) } else { Text::plain(&element.text()) });
        }
        _ => {}
    }
}

/// `1:02:03`, `62:03` or `3723`, in seconds.
fn playing_time(text: &str) -> Option<u64> {
    let part = |part: &str| part.trim().split('.').next()?.parse::<u64>().ok();
    text.split(':').try_fold(0u64, |total, next| total.checked_mul(60)?.checked_add(part(next)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_are_found_in_the_ways_they_are_written() {
        let read = |text: &str| person_of_text(text).map(|p| (p.name, p.email));
        let some = |name: &str, email: Option<&str>| Some((name.to_owned(), email.map(str::to_owned)));
        assert_eq!(read("a@b.org (Ann Lee)"), some("Ann Lee", Some("a@b.org")));
        assert_eq!(read("Ann Lee <a@b.org>"), some("Ann Lee", Some("a@b.org")));
        assert_eq!(read("a@b.org"), some("", Some("a@b.org")));
        assert_eq!(read("王小明"), some("王小明", None));
        assert_eq!(read("Ann (Lee)"), some("Ann (Lee)", None));
        assert_eq!(read(" "), None);
    }

    #[test]
    fn playing_times_are_read_in_the_ways_they_are_written() {
        let all = ["1:02:03", "62:03", "3723", "3723.5", "x", ""].map(playing_time);
        assert_eq!(all, [Some(3723), Some(3723), Some(3723), Some(3723), None, None]);
    }

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
