//! Atom 1.0 (RFC 4287). What it requires and the feed does not say is made: ids of addresses, dates of the other dates.

use super::dates::rfc3339;
use super::extensions::Prefixes;
use super::model::{Category, Document, Item, Person, Text};
use super::read::{is_uri, urn};
use super::xml::Writer;
use crate::base::clock::Time;

const ATOM: &str = "http://www.w3.org/2005/Atom";

/// `document` as Atom.
pub(super) fn write(document: &Document) -> String {
    let prefixes = Prefixes::of(document, &[]);
    let declarations = prefixes.declarations();
    let mut root = vec![("xmlns", ATOM)];
    root.extend(document.language.as_deref().map(|language| ("xml:lang", language)));
    root.extend(declarations.iter().map(|(name, uri)| (name.as_str(), *uri)));
    let mut out = Writer::new(document.items.len() * 2048);
    out.open("feed", &root);
    head(&mut out, document);
    for extension in &document.extensions {
        prefixes.write(&mut out, extension, ATOM);
    }
    let mut before = document.last_change().unwrap_or(Time(0));
    for item in &document.items {
        let language: Vec<_> = item.language.iter().map(|language| ("xml:lang", language.as_str())).collect();
        out.open("entry", &language);
        before = item.updated.or(item.published).unwrap_or(before);
        entry(&mut out, item, document, before);
        for extension in &item.extensions {
            prefixes.write(&mut out, extension, ATOM);
        }
        out.close("entry");
    }
    out.close("feed");
    out.finish()
}

fn head(out: &mut Writer, document: &Document) {
    out.text("id", &[], &document.id);
    text(out, "title", document.title.as_ref().unwrap_or(&Text::Plain(String::new())));
    if let Some(description) = &document.description {
        text(out, "subtitle", description);
    }
    date(out, "updated", document.last_change().or(Some(Time(0))));
    if let Some(own) = &document.own_url {
        out.empty("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", own)]);
    }
    if let Some(link) = &document.link {
        out.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", link)]);
    }
    persons(out, &document.authors);
    categories(out, &document.categories);
    if let Some(generator) = document.generator.as_ref() {
        out.text("generator", &[], generator);
    }
    for (name, picture) in [("icon", &document.icon), ("logo", &document.image)] {
        if let Some(picture) = picture.as_ref().filter(|picture| is_uri(picture)) {
            out.text(name, &[], picture);
        }
    }
    if let Some(rights) = &document.rights {
        text(out, "rights", rights);
    }
}

/// `inherited` is the date of an entry that has none: that of the one before it, so that the order stays.
fn entry(out: &mut Writer, item: &Item, document: &Document, inherited: Time) {
    let id = if is_uri(&item.id) { item.id.clone() } else { urn(&[&document.id, &item.id]) };
    out.text("id", &[], &id);
    text(out, "title", item.title.as_ref().unwrap_or(&Text::Plain(String::new())));
    date(out, "published", item.published);
    date(out, "updated", Some(inherited));
    if let Some(link) = &item.link {
        out.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", link)]);
    } else if item.body().is_none() {
        // an entry without content must link to something (RFC 4287 §4.1.2)
        out.empty("link", &[("rel", "alternate"), ("href", document.link.as_deref().unwrap_or(&document.id))]);
    }
    if let Some(external) = item.external.as_ref().filter(|external| Some(*external) != item.link.as_ref()) {
        out.empty("link", &[("rel", "related"), ("href", external)]);
    }
    if let Some(comments) = &item.comments {
        out.empty("link", &[("rel", "replies"), ("type", "text/html"), ("href", comments)]);
    }
    for file in &item.enclosures {
        let mime = file.mime.as_deref().filter(|mime| mime.contains('/'));
        let length = file.length.map(|length| length.to_string());
        let mut attributes = vec![("rel", "enclosure"), ("href", file.url.as_str())];
        attributes.extend(mime.map(|mime| ("type", mime)));
        attributes.extend(length.as_deref().map(|length| ("length", length)));
        attributes.extend(file.title.as_deref().map(|title| ("title", title)));
        out.empty("link", &attributes);
    }
    if item.authors.is_empty() && document.authors.is_empty() {
        // someone must be named (RFC 4287 §4.2.1): the feed itself
        let name = document.title.as_ref().map(Text::as_plain).unwrap_or_default();
        persons(out, &[Person { name: name.into_owned(), ..Person::default() }]);
    }
    persons(out, &item.authors);
    categories(out, &item.categories);
    if let Some(rights) = &item.rights {
        text(out, "rights", rights);
    }
    match (&item.summary, &item.content) {
        (Some(summary), Some(content)) => {
            text(out, "summary", summary);
            text(out, "content", content);
        }
        (Some(one), None) | (None, Some(one)) => text(out, "content", one),
        (None, None) => {}
    }
    if let Some(source) = &item.source {
        out.open("source", &[]);
        out.text("id", &[], source.id.as_deref().or(source.url.as_deref()).unwrap_or_default());
        out.text("title", &[], &source.title);
        date(out, "updated", Some(inherited));
        if let Some(url) = &source.url {
            out.empty("link", &[("rel", "self"), ("href", url)]);
        }
        out.close("source");
    }
}

fn persons(out: &mut Writer, persons: &[Person]) {
    for person in persons {
        out.open("author", &[]);
        let name = if person.name.is_empty() { person.email.as_deref().unwrap_or("-") } else { &person.name };
        out.text("name", &[], name);
        if let Some(url) = person.url.as_ref().filter(|url| is_uri(url)) {
            out.text("uri", &[], url);
        }
        if let Some(email) = &person.email {
            out.text("email", &[], email);
        }
        out.close("author");
    }
}

fn categories(out: &mut Writer, categories: &[Category]) {
    for Category { term, label, scheme } in categories {
        let mut attributes = vec![("term", term.as_str())];
        attributes.extend(scheme.as_deref().filter(|scheme| is_uri(scheme)).map(|scheme| ("scheme", scheme)));
        attributes.extend(label.as_deref().map(|label| ("label", label)));
        out.empty("category", &attributes);
    }
}

fn date(out: &mut Writer, element: &str, time: Option<Time>) {
    if let Some(time) = time.and_then(rfc3339) {
        out.text(element, &[], &time);
    }
}

fn text(out: &mut Writer, element: &str, text: &Text) {
    match text {
        Text::Plain(text) => out.text(element, &[], text),
        Text::Html(html) => out.cdata(element, &[("type", "html")], html),
    }
}
