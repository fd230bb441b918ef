//! What templates are given: `feed` and `items`, the same plain values for Markdown and HTML.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::dates::rfc3339;
use super::model::{Category, Document, Enclosure, Item, Person, Text};
use super::sanitize;
use super::text::mime_of;

/// How the content of items is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// HTML as the feed has it, as a plain string.
    AsItIs,
    /// HTML without anything that acts, not to be escaped again.
    Sanitised,
}

/// All of `document`, or one item of it.
pub(super) fn of(document: &Document, items: &[Item], content: Content) -> Value {
    context! {
        feed => context! {
            title => plain(&document.title),
            description => plain(&document.description),
            link => &document.link,
            language => &document.language,
            image => document.image.as_ref().or(document.icon.as_ref()),
            updated => document.last_change().and_then(rfc3339),
            url => &document.own_url,
        },
        items => items.iter().map(|one| item(one, content)).collect::<Vec<_>>(),
    }
}

fn item(item: &Item, content: Content) -> Value {
    let html = |text: Option<&Text>| {
        let html = text.map(Text::as_html).unwrap_or_default();
        match content {
            Content::AsItIs => Value::from(html.into_owned()),
            Content::Sanitised => Value::from_safe_string(sanitize::clean(&html)),
        }
    };
    let mut value = BTreeMap::from([
        ("id", Value::from(item.id.as_str())),
        ("title", Value::from(plain(&item.title))),
        ("link", Value::from(item.link.clone())),
        ("comments", Value::from(item.comments.clone())),
        ("date", Value::from(item.date.clone())),
        ("published", Value::from(item.published.and_then(rfc3339))),
        ("updated", Value::from(item.updated.and_then(rfc3339))),
        ("authors", item.authors.iter().map(Person::label).collect()),
        ("categories", item.categories.iter().map(Category::label).collect()),
        ("files", item.enclosures.iter().chain(&item.media).map(file).collect()),
        ("image", Value::from(item.image.clone())),
        ("language", Value::from(item.language.clone())),
        ("source", Value::from(item.source.as_ref().map(|source| source.title.clone()))),
        ("summary", html(item.summary.as_ref())),
        ("content", html(item.body())),
    ]);
    value.extend(item.first_seen.map(|time| ("first_seen", Value::from(time.0))));
    Value::from(value)
}

fn plain(text: &Option<Text>) -> String {
    text.as_ref().map(|text| text.as_plain().into_owned()).unwrap_or_default()
}

fn file(file: &Enclosure) -> Value {
    let mime = file.mime.as_deref().unwrap_or_else(|| mime_of(&file.url));
    let kind = mime.split('/').next().filter(|kind| matches!(*kind, "audio" | "video" | "image")).unwrap_or("file");
    context! { url => &file.url, mime, kind, length => file.length, title => &file.title, seconds => file.seconds }
}
