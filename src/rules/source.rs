//! Feeds of what is none: what `page`, `json` and `sitemap` share.
//!
//! A [`Reader`] is a rule that is asked before all others, wherever it stands in the list: it turns the body into the text of
//! a feed (RSS 2.0), which is then read like any other. Ids are the items' addresses, or made of what they say: the same from
//! fetch to fetch. Bounded by [`MAX_ITEMS`].

use std::fmt::Write;

use bytes::Bytes;

use super::{Context, Want};
use crate::base::limits::MAX_ITEMS;
use crate::base::media_type;
use crate::base::url::Url;
use crate::feed::{Enclosure, as_html, dates, is_xml_char};
use crate::html::escape;

/// A body as it came.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Decoded from its content coding, not from its charset.
    pub bytes: Bytes,
    /// `Content-Type` as sent.
    pub content_type: Option<String>,
    /// Where it came from, after redirects.
    pub url: Option<Url>,
}

/// What makes a feed of a body that is none.
pub trait Reader {
    /// More pages that it would read first; asked again when they came.
    fn wants(&self, _raw: &Raw, _cx: &Context) -> Vec<Want> {
        Vec::new()
    }

    /// The feed, or why there is none.
    fn read(&self, raw: &Raw, cx: &Context) -> Result<Draft, String>;
}

/// A feed to be written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its title; the host of its address where there is none.
    pub title: Option<String>,
    /// Its page.
    pub link: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Its language tag.
    pub language: Option<String>,
    /// Its items, in their order.
    pub items: Vec<DraftItem>,
}

/// An item to be written. Text is plain, but for `content`; addresses are absolute.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // each is what its name says
pub struct DraftItem {
    pub id: Option<String>,
    pub title: Option<String>,
    pub link: Option<String>,
    /// In any of the forms of [`dates`]; one that cannot be read is left out.
    pub date: Option<String>,
    pub author: Option<String>,
    pub categories: Vec<String>,
    pub image: Option<String>,
    /// A sound, a film, any file: attached.
    pub file: Option<String>,
    pub content: Option<String>,
}

impl Draft {
    /// The text of the feed.
    pub fn write(&self) -> String {
        let mut out = String::from(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n  <channel>\n",
        );
        let link = self.link.as_deref().unwrap_or_default();
        let host = || Url::parse(link).ok().and_then(|url| url.host_str().map(str::to_owned));
        let title = self.title.clone().filter(|title| !title.is_empty()).or_else(host);
        element(&mut out, 4, "title", title.as_deref().unwrap_or("untitled"));
        element(&mut out, 4, "link", link);
        element(&mut out, 4, "description", self.description.as_deref().unwrap_or_default());
        if let Some(language) = &self.language {
            element(&mut out, 4, "language", language);
        }
        for item in self.items.iter().take(MAX_ITEMS) {
            item.write(&mut out);
        }
        out.push_str("  </channel>\n</rss>\n");
        out
    }
}

impl DraftItem {
    fn write(&self, out: &mut String) {
        out.push_str("    <item>\n");
        let mut text = |name: &str, value: &Option<String>| {
            if let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
                element(out, 6, name, value);
            }
        };
        text("title", &self.title.as_deref().map(|title| as_html(title).into_owned()));
        text("link", &self.link);
        text("dc:creator", &self.author);
        let time = self.date.as_deref().and_then(dates::parse);
        text("pubDate", &time.map(dates::rfc822));
        for category in &self.categories {
            text("category", &Some(category.clone()));
        }
        let id = self.identity();
        let permanent = self.id.is_none() && self.link.is_some();
        let _ = writeln!(out, "      <guid isPermaLink=\"{permanent}\">{}</guid>", escaped(&id));
        // readers play the first file
        if let Some(file) = self.file.as_deref().map(Enclosure::of) {
            let (url, kind) = (escaped(&file.url), file.usual_type());
            let _ = writeln!(out, "      <enclosure url=\"{url}\" length=\"0\" type=\"{kind}\"/>");
        }
        if let Some(image) = &self.image {
            let kind = media_type::of_address(image).filter(|kind| kind.starts_with("image/")).unwrap_or("image/jpeg");
            let _ = writeln!(out, "      <enclosure url=\"{}\" length=\"0\" type=\"{kind}\"/>", escaped(image));
        }
        if let Some(content) = self.content.as_deref().map(str::trim).filter(|content| !content.is_empty()) {
            let clean: String = content.chars().filter(|c| is_xml_char(*c)).collect();
            let _ = writeln!(
                out,
                "      <content:encoded><![CDATA[{}]]></content:encoded>",
                clean.replace("]]>", "]]]]><![CDATA[>")
            );
        }
        out.push_str("    </item>\n");
    }

    fn identity(&self) -> String {
        if let Some(id) = self.id.as_ref().or(self.link.as_ref()).filter(|id| !id.trim().is_empty()) {
            return id.trim().to_owned();
        }
        let mut hasher = blake3::Hasher::new();
        for part in [&self.title, &self.date, &self.content].into_iter().flatten() {
            hasher.update(part.as_bytes()).update(&[0]);
        }
        format!("urn:refeed:{}", &hasher.finalize().to_hex()[..32])
    }
}

fn element(out: &mut String, indent: usize, name: &str, value: &str) {
    let _ = writeln!(out, "{:indent$}<{name}>{}</{name}>", "", escaped(value));
}

/// What XML allows of `text` (1.0 §2.2), escaped.
fn escaped(text: &str) -> String {
    let allowed: String = text.chars().filter(|c| is_xml_char(*c)).collect();
    escape(&allowed).into_owned()
}
