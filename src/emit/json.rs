//! JSON Feed 1.1 (jsonfeed.org/version/1.1). Members stand in the order of its specification.

use serde::Serialize;

use super::dates::rfc3339;
use super::model::{Category, Document, Enclosure, Item, Person, Text};
use super::text::mime_of;

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_page_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    items: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<&'a str>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u64>,
}

/// `document` as JSON Feed.
pub(super) fn write(document: &Document) -> String {
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: document.title.as_ref().map(Text::as_plain).unwrap_or_default().into_owned(),
        home_page_url: document.link.as_deref(),
        feed_url: document.own_url.as_deref(),
        description: document.description.as_ref().map(|text| text.as_plain().into_owned()),
        icon: document.image.as_deref(),
        favicon: document.icon.as_deref(),
        authors: authors(&document.authors),
        language: document.language.as_deref(),
        items: document.items.iter().map(entry).collect(),
    };
    // plain strings and numbers: nothing that could fail
    let mut text = serde_json::to_string_pretty(&feed).unwrap_or_default();
    text.push('\n');
    text
}

fn entry(item: &Item) -> Entry<'_> {
    let (content_html, content_text) = match item.body() {
        Some(Text::Html(html)) => (Some(html.as_str()), None),
        Some(Text::Plain(text)) => (None, Some(text.as_str())),
        None => (None, Some("")), // one of the two must be there
    };
    // a summary is plain text; where it is all there is, it is the content
    let summary = item.content.as_ref().and(item.summary.as_ref());
    Entry {
        id: &item.id,
        url: item.link.as_deref(),
        external_url: item.external.as_deref().filter(|external| Some(*external) != item.link.as_deref()),
        title: item.title.as_ref().map(|title| title.as_plain().into_owned()),
        content_html,
        content_text,
        summary: summary.map(|text| text.as_plain().into_owned()),
        image: item.image.as_deref(),
        date_published: item.published.and_then(rfc3339),
        date_modified: item.updated.and_then(rfc3339),
        authors: authors(&item.authors),
        tags: item.categories.iter().map(Category::label).collect(),
        language: item.language.as_deref(),
        attachments: item.enclosures.iter().chain(&item.media).map(attachment).collect(),
    }
}

fn authors(persons: &[Person]) -> Vec<Author<'_>> {
    let author =
        |person: &Person| person.url.clone().or_else(|| person.email.as_ref().map(|email| format!("mailto:{email}")));
    persons
        .iter()
        .map(|person| Author { name: person.label(), url: author(person), avatar: person.avatar.as_deref() })
        .collect()
}

fn attachment(file: &Enclosure) -> Attachment<'_> {
    Attachment {
        url: &file.url,
        mime_type: file.mime.as_deref().unwrap_or_else(|| mime_of(&file.url)),
        title: file.title.as_deref(),
        size_in_bytes: file.length.filter(|length| *length > 0),
        duration_in_seconds: file.seconds,
    }
}
