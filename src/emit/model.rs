//! A feed as plain data, whatever format it came in: what the writers write. Filled by `emit::read`.
//!
//! Addresses are absolute where the feed said against what. Texts are decoded; what they are is in their type.

use crate::base::clock::Time;
use crate::base::url::Url;

/// A feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// A URI that is never that of another feed: its own, or made of its address.
    pub id: String,
    /// The address of this output.
    pub own_url: Option<String>,
    /// Its title.
    pub title: Option<Text>,
    /// What it is about.
    pub description: Option<Text>,
    /// Its page.
    pub link: Option<String>,
    /// When it last changed; of its items the newest where it does not say.
    pub updated: Option<Time>,
    /// The language tag (BCP 47).
    pub language: Option<String>,
    /// Who may be named for it.
    pub rights: Option<Text>,
    /// Its authors.
    pub authors: Vec<Person>,
    /// Its categories.
    pub categories: Vec<Category>,
    /// A picture that stands for it.
    pub image: Option<String>,
    /// A small square picture.
    pub icon: Option<String>,
    /// What made it.
    pub generator: Option<String>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
    /// The items in their order.
    pub items: Vec<Item>,
}

/// An item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// What tells it from all others: as the feed says, or made of what the feed said before any rule.
    pub id: String,
    /// Its title.
    pub title: Option<Text>,
    /// Its page.
    pub link: Option<String>,
    /// The page that it is about, where it is about another page (JSON Feed's `external_url`, Atom's `related`).
    pub external: Option<String>,
    /// The page of its comments.
    pub comments: Option<String>,
    /// When it was published.
    pub published: Option<Time>,
    /// When it last changed.
    pub updated: Option<Time>,
    /// When it was first seen here, where that is known: no two items of a mirror share it.
    pub first_seen: Option<Time>,
    /// Its date as the feed wrote it, readable or not.
    pub date: Option<String>,
    /// A short text about it.
    pub summary: Option<Text>,
    /// The text itself.
    pub content: Option<Text>,
    /// Its authors.
    pub authors: Vec<Person>,
    /// Its categories.
    pub categories: Vec<Category>,
    /// Files that belong to it.
    pub enclosures: Vec<Enclosure>,
    /// Files that an extension names (`media:content`): for formats that do not carry the extension.
    pub media: Vec<Enclosure>,
    /// A picture that stands for it.
    pub image: Option<String>,
    /// The language tag.
    pub language: Option<String>,
    /// Who may be named for it.
    pub rights: Option<Text>,
    /// The feed it was taken from.
    pub source: Option<Source>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// A text and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Plain text: `<` is a less-than sign.
    Plain(String),
    /// HTML.
    Html(String),
}

/// An author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The name; empty where only an address is known.
    pub name: String,
    /// The mail address.
    pub email: Option<String>,
    /// A page.
    pub url: Option<String>,
    /// A picture.
    pub avatar: Option<String>,
}

/// A category, tag or subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// The word itself.
    pub term: String,
    /// For people, where it differs.
    pub label: Option<String>,
    /// The scheme or domain it belongs to.
    pub scheme: Option<String>,
}

/// A file that belongs to an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosure {
    /// Its address.
    pub url: String,
    /// Its media type.
    pub mime: Option<String>,
    /// Its size in bytes.
    pub length: Option<u64>,
    /// Its title.
    pub title: Option<String>,
    /// How long it plays, in seconds.
    pub seconds: Option<u64>,
}

/// The feed an item was taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: Option<String>,
    /// Its id (Atom).
    pub id: Option<String>,
}

/// An element of another namespace, as it stands in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// From `<` to `>`.
    pub raw: String,
    /// The prefixes used inside, with what they stand for; the empty prefix too.
    pub namespaces: Vec<(String, String)>,
}

impl Document {
    /// When it last changed as far as anything in it says.
    pub fn last_change(&self) -> Option<Time> {
        let items = self.items.iter().flat_map(|item| [item.updated, item.published]).flatten();
        self.updated.or_else(|| items.max())
    }
}

impl Document {
    /// Counts the items without a [`Item::first_seen`] as first seen at `now`: each has a millisecond of its own, `now` or the
    /// next that `is_free`, older items first.
    pub fn see(&mut self, now: Time, mut is_free: impl FnMut(Time) -> bool) {
        let mut next = now;
        let mut unseen: Vec<(usize, &mut Item)> =
            self.items.iter_mut().enumerate().filter(|(_, item)| item.first_seen.is_none()).collect();
        unseen.sort_by_key(|(at, item)| (item.published.or(item.updated), std::cmp::Reverse(*at)));
        for (_, item) in unseen {
            while !is_free(next) {
                next = Time(next.0.saturating_add(1));
            }
            item.first_seen = Some(next);
            next = Time(next.0.saturating_add(1));
        }
    }
}

impl Document {
    /// An item that has everything and one that has nothing, for a trial.
    pub(super) fn sample() -> Document {
        let (time, url, text) = (Some(Time(0)), Some("https://example.org/".to_owned()), "text".to_owned());
        let html = Some(Text::Html("<p>text</p>".to_owned()));
        let person = Person { name: text.clone(), email: None, url: url.clone(), avatar: None };
        let category = Category { term: text.clone(), label: None, scheme: None };
        let file = Enclosure { url: "https://example.org/a.mp3".to_owned(), length: Some(1), ..Enclosure::default() };
        let full = Item {
            id: text.clone(),
            title: html.clone(),
            link: url.clone(),
            comments: url.clone(),
            published: time,
            updated: time,
            first_seen: time,
            date: Some(text.clone()),
            summary: html.clone(),
            content: html.clone(),
            authors: vec![person],
            categories: vec![category],
            enclosures: vec![file],
            image: url.clone(),
            language: Some("en".to_owned()),
            source: Some(Source { title: text.clone(), url: url.clone(), id: None }),
            ..Item::default()
        };
        Document {
            id: text.clone(),
            title: html.clone(),
            description: html,
            link: url.clone(),
            own_url: url.clone(),
            language: Some("en".to_owned()),
            image: url,
            items: vec![full, Item::default()],
            ..Document::default()
        }
    }
}

impl Document {
    /// An address that stands for its page where one is required: that of the site of its items where it names none.
    pub(super) fn page(&self) -> String {
        let site = || {
            let mut links = self.items.iter().filter_map(|item| Url::parse(item.link.as_ref()?).ok());
            links.find(|url| url.has_host())?.join("/").ok().map(String::from)
        };
        let known = self.link.clone().or_else(|| self.own_url.clone());
        known.or_else(site).unwrap_or_else(|| self.id.clone())
    }
}

impl Person {
    /// The name, else the address.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { self.email.as_deref().unwrap_or_default() } else { &self.name }
    }
}

impl Category {
    /// The word for people.
    pub fn label(&self) -> &str {
        self.label.as_ref().unwrap_or(&self.term)
    }
}

impl Item {
    /// The text, else the summary.
    pub fn body(&self) -> Option<&Text> {
        self.content.as_ref().or(self.summary.as_ref())
    }
}
