//! The Unified Metadata Schemas of RSS3, as RSSHub writes them for `format=ums` and `format=rss3`: one activity for each item.
//!
//! Words and members are RSSHub's, so that who reads them from there reads them from here. Where RSSHub stamps an item without a date
//! of change with the present moment, its date of publication stands, else the feed's: an unchanged feed keeps its bytes.

use serde::Serialize;

use super::dates::rfc3339;
use super::model::{Category, Document, Item, Text};
use crate::base::clock::Time;
use crate::base::url::Url;

const NETWORK: &str = "rsshub";
const PLATFORM: &str = "RSSHub";
const TAG: &str = "RSS";
const TYPE: &str = "feed";

#[derive(Serialize)]
struct Activities<'a> {
    data: Vec<Activity<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Activity<'a> {
    owner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    network: &'static str,
    from: &'a str,
    to: &'a str,
    tag: &'static str,
    r#type: &'static str,
    direction: &'static str,
    fee_value: &'static str,
    actions: [Action<'a>; 1],
    timestamp: i64,
}

#[derive(Serialize)]
struct Action<'a> {
    tag: &'static str,
    r#type: &'static str,
    platform: &'static str,
    from: &'a str,
    to: &'a str,
    metadata: Metadata<'a>,
    related_urls: Vec<&'a str>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub_date: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

/// `document` as activities.
pub(super) fn write(document: &Document) -> String {
    let owners: Vec<String> = document.items.iter().map(|item| owner(item.link.as_deref())).collect();
    let last = document.last_change();
    let data = document.items.iter().zip(&owners).map(|(item, owner)| activity(item, owner, last)).collect();
    // plain strings and numbers: nothing that could fail
    serde_json::to_string(&Activities { data }).unwrap_or_default()
}

/// The host is taken for the owner of what it serves; what is no address, for itself.
fn owner(link: Option<&str>) -> String {
    let link = link.unwrap_or_default();
    let url = Url::parse(link).ok();
    url.as_ref().and_then(Url::host_str).unwrap_or(link).to_owned()
}

fn activity<'a>(item: &'a Item, owner: &'a str, last: Option<Time>) -> Activity<'a> {
    let metadata = Metadata {
        authors: item.authors.iter().map(|author| Author { name: author.label() }).collect(),
        description: item.body().map(|text| text.as_html().into_owned()),
        pub_date: item.published.and_then(rfc3339),
        tags: item.categories.iter().map(Category::label).collect(),
        title: item.title.as_ref().map(Text::as_plain).map(|title| title.into_owned()),
    };
    let related_urls = item.link.as_deref().into_iter().collect();
    let action = Action { tag: TAG, r#type: TYPE, platform: PLATFORM, from: owner, to: owner, metadata, related_urls };
    Activity {
        owner,
        id: item.link.as_deref(),
        network: NETWORK,
        from: owner,
        to: owner,
        tag: TAG,
        r#type: TYPE,
        direction: "out",
        fee_value: "0",
        actions: [action],
        timestamp: item.updated.or(item.published).or(last).map_or(0, Time::secs),
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::Person;
    use super::*;

    #[test]
    fn an_activity_is_as_rsshubs_own_test_has_it() {
        let item = Item {
            link: Some("https://example.com/post1".to_owned()),
            authors: vec![Person { name: "Author Name".to_owned(), ..Person::default() }],
            content: Some(Text::Html("Description of the post".to_owned())),
            published: Some(Time::from_secs(1_704_067_200)),
            updated: Some(Time::from_secs(1_704_153_600)),
            categories: vec![Category { term: "Category Name".to_owned(), label: None, scheme: None }],
            title: Some(Text::Plain("Post Title".to_owned())),
            ..Item::default()
        };
        let raw = Item { link: Some("not-a-url".to_owned()), ..Item::default() };
        let document = Document { items: vec![item, raw], ..Document::default() };
        let written: serde_json::Value = serde_json::from_str(&write(&document)).unwrap();
        let expected = serde_json::json!({
            "owner": "example.com",
            "id": "https://example.com/post1",
            "network": "rsshub",
            "from": "example.com",
            "to": "example.com",
            "tag": "RSS",
            "type": "feed",
            "direction": "out",
            "feeValue": "0",
            "actions": [{
                "tag": "RSS",
                "type": "feed",
                "platform": "RSSHub",
                "from": "example.com",
                "to": "example.com",
                "metadata": {
                    "authors": [{ "name": "Author Name" }],
                    "description": "Description of the post",
                    "pub_date": "2024-01-01T00:00:00Z",
                    "tags": ["Category Name"],
                    "title": "Post Title",
                },
                "related_urls": ["https://example.com/post1"],
            }],
            "timestamp": 1_704_153_600,
        });
        assert_eq!(written["data"][0], expected);
        assert_eq!(written["data"][1]["owner"], "not-a-url");
        assert_eq!(written["data"][1]["timestamp"], 1_704_153_600, "what has no date stands at the feed's");
    }
}
