//! A JSON Feed as plain data. What is no JSON Feed value (a number as a title) is passed over; ids may be numbers.

use serde_json::Value;

use super::model::{Category, Document, Enclosure, Item, Person, Text};
use super::read::joined;
use crate::base::url::Url;
use crate::feed::{Feed, FeedError, Place, dates};

/// `feed`, which is a JSON Feed, without the ids of its items.
///
/// # Errors
/// A member is nested deeper than serde_json reads.
pub(super) fn document(feed: &Feed) -> Result<Document, FeedError> {
    let value: Value = serde_json::from_str(&feed.emit()).map_err(|error| FeedError::Malformed {
        line: error.line(),
        column: error.column(),
        what: error.to_string(), // nested deeper than serde_json reads
    })?;
    let base = feed.base(Place::Head);
    let join = |address: String| joined(base.as_ref(), address);
    let items = value.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(Document {
        id: String::new(),
        title: plain(&value, "title"),
        description: plain(&value, "description"),
        link: string(&value, "home_page_url").map(join),
        language: string(&value, "language"),
        authors: authors(&value),
        image: string(&value, "icon").map(join),
        icon: string(&value, "favicon").map(join),
        items: items.iter().zip(feed.items()).map(|(value, place)| item(value, feed.base(place).as_ref())).collect(),
        ..Document::default()
    })
}

fn item(value: &Value, base: Option<&Url>) -> Item {
    let join = |address: String| joined(base, address);
    let (published, updated) = (string(value, "date_published"), string(value, "date_modified"));
    let html = string(value, "content_html").map(Text::Html);
    let tags = value.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let tags = tags.iter().filter_map(Value::as_str).map(str::trim).filter(|tag| !tag.is_empty());
    let external = string(value, "external_url").map(join);
    Item {
        title: plain(value, "title"),
        link: string(value, "url").map(join).or_else(|| external.clone()),
        external,
        published: published.as_deref().and_then(dates::parse),
        updated: updated.as_deref().and_then(dates::parse),
        date: published.or(updated),
        summary: plain(value, "summary"),
        content: html.or_else(|| plain(value, "content_text")),
        authors: authors(value),
        categories: tags.map(|tag| Category { term: tag.to_owned(), label: None, scheme: None }).collect(),
        enclosures: objects(value, "attachments").filter_map(|file| attachment(file, base)).collect(),
        image: string(value, "image").or_else(|| string(value, "banner_image")).map(join),
        language: string(value, "language"),
        ..Item::default()
    }
}

fn string(value: &Value, member: &str) -> Option<String> {
    super::read::non_empty(value.get(member)?.as_str()?)
}

fn plain(value: &Value, member: &str) -> Option<Text> {
    Text::plain(value.get(member)?.as_str()?)
}

fn objects<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value.get(member).and_then(Value::as_array).into_iter().flatten().filter(|one| one.is_object())
}

/// JSON Feed 1.1's `authors`, 1's `author`.
fn authors(value: &Value) -> Vec<Person> {
    let one = value.get("author").filter(|author| author.is_object());
    let person = |author: &Value| Person {
        name: string(author, "name").unwrap_or_default(),
        email: None,
        url: string(author, "url"),
        avatar: string(author, "avatar"),
    };
    let several: Vec<Person> = objects(value, "authors").map(person).collect();
    let all = if several.is_empty() { one.map(person).into_iter().collect() } else { several };
    all.into_iter().filter(|person| !person.name.is_empty()).collect()
}

fn attachment(value: &Value, base: Option<&Url>) -> Option<Enclosure> {
    let number = |member: &str| value.get(member).and_then(|n| n.as_u64().or_else(|| n.as_f64().map(|n| n as u64)));
    Some(Enclosure {
        url: joined(base, string(value, "url")?),
        mime: string(value, "mime_type"),
        length: number("size_in_bytes"),
        title: string(value, "title"),
        seconds: number("duration_in_seconds"),
    })
}
