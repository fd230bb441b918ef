//! The whole text of each item, from the page that its link leads to.
//!
//! ## What it does
//! Fetches the page of each item (once, then kept for thirty days; bounded per host and in all) and makes its text the item's content;
//! a summary beside it stays.
//! Without settings the text is found by readability, or by what is known of the site: `[sites."HOST"]` of the configuration, where
//! `refeed import fivefilters` writes them, or a site that refeed knows (`refeed rules` lists them).
//! `content` names the elements that hold it, by CSS; of several selectors the first that finds any counts.
//!
//! What happens to the text: `remove` takes elements out, `unwrap` takes only their tags, `tags` and `attributes` list all that
//! may stay, `wrap` puts elements around (`{ ".quote" = "blockquote" }`), `lazy` names attributes in which pictures wait for a
//! script, `paragraphs` makes two line breaks a paragraph. Scripts, styles and the like go anyway; addresses become absolute.
//!
//! What else is read from the page, each by CSS, with ` @name` for an attribute: `title author date category image caption audio`.
//! `take` says which of these the item gets: `"title"` in any case, the others where the item has none; `image` and
//! `caption` at the head of the text, `audio` as an enclosure. `template` lays the content out otherwise, in minijinja, with these
//! names, `content`, and `link published summary item.title` of the item.
//!
//! Articles on several pages: `next` is the link to the following one (at most `pages`, 10), `single` the link to all on one page,
//! `single_in_feed` such a link in the item's HTML. `mode` is `replace` (the default), `append` or `prepend` (with a line between). `min` characters
//! (40) are the least that counts as a text. `from = "item"` reads the item's own HTML and no page: what is a whole page there
//! becomes its text. `headers` are sent along, those that may hold a secret (`Cookie` …) to the feed's own site
//! only: where it comes from, what it calls its page, and what lies below. `replace` changes the page's source first (`[["find", "with"]]`); `readability = false` asks for no other way where `content` finds nothing; `sites = false` for no site rules.
//!
//! An item whose page cannot be had or holds no text stays as it was, and is tried again later; the log says why. What is not
//! there within two seconds is in the next answer. A page that needs JavaScript is said to be one, and so is a file (PDF, picture, JSON).
//! A page that is plain text (`text/plain`) is the article as a whole, with its paragraphs and lines.
//!
//! ## When to use
//! The feed holds summaries only.
//!
//! ## Example
//! ```toml
//! rules = [{ full_text = true }]
//! ```
//! By CSS, with the picture and the author:
//! ```toml
//! rules = [{ full_text = {
//!   content = "#article .body",
//!   remove = [".share", ".related"],
//!   image = "meta[property='og:image'] @content",
//!   author = ".byline a",
//!   take = ["image", "author"],
//! } }]
//! ```
//!
//! ## Order
//! After rules that drop items by their titles, so that no page is fetched in vain; before those that work on the content.
//!
//! ## Cost
//! A page each item, once; about a millisecond for each page by CSS, ten by readability.

mod article;
pub mod fivefilters;
mod homes;
mod layout;
mod plain_text;
mod readable;
mod settings;
pub mod sites;
mod tidy;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

pub use self::settings::Config;

use self::article::{Article, Reading, Recipe, join};
use self::homes::Homes;
use self::layout::{ItemText, Layout};
use self::sites::OwnSites;
use super::pages::{Body, Page as Fetched};
use super::web_page::Page;
use super::{Context, Rule, RuleError, Want};
use crate::base::limits::MAX_NOTES;
use crate::base::url::Url;
use crate::feed::{Enclosure, Feed, Field, Medium, Place};

/// Where the text goes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Replace,
    Append,
    Prepend,
}

/// Where the text is read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReadFrom {
    /// On the page that the item leads to.
    #[default]
    Page,
    /// In the item's own HTML.
    Item,
}

/// What an item may get from the page beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Take {
    Title,
    Author,
    Date,
    Category,
    Image,
    Caption,
    Audio,
}

/// The compiled rule.
#[derive(Debug)]
pub struct FullText {
    recipe: Recipe,
    layout: Option<Layout>,
    take: Vec<Take>,
    mode: Mode,
    from: ReadFrom,
    min: usize,
    /// Whether sites that refeed knows are read by their own rules.
    sites: bool,
    /// Those of the configuration.
    own: Arc<OwnSites>,
    /// It is such a site's own rule.
    of_site: bool,
}

/// How far the pages of an article are at hand.
enum Trail {
    /// All that there are to be had.
    Whole(Vec<Arc<Reading>>),
    /// One is missing that nobody asked for yet.
    Missing(Box<Want>),
    /// The first one is on its way or failed; why.
    Without(Cow<'static, str>),
}

impl Rule for FullText {
    fn know(&mut self, sites: &Arc<OwnSites>) {
        self.own = Arc::clone(sites);
    }

    fn wants(&self, feed: &mut Feed, cx: &Context) -> Vec<Want> {
        let mut wants = Vec::new();
        if self.from == ReadFrom::Item {
            return wants;
        }
        let homes = Homes::of(feed, cx);
        for place in feed.items() {
            let Some(url) = address(feed, place) else { continue };
            if let Trail::Missing(want) = self.at(&url).trail(feed, place, (&url, &homes), cx) {
                wants.push(*want);
            }
        }
        wants
    }

    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let mut failed = 0;
        let homes = Homes::of(feed, cx);
        for place in feed.items() {
            let Some(url) = address(feed, place).or_else(|| self.instead(cx)) else { continue };
            let rule = self.at(&url);
            let read = match rule.trail(feed, place, (&url, &homes), cx) {
                Trail::Whole(pages) => join(&pages, rule.min),
                Trail::Missing(_) => Err("its page was not fetched".into()),
                Trail::Without(why) => Err(why.into_owned()),
            };
            if let Err(why) = read.and_then(|article| rule.put(feed, place, &article)) {
                failed += 1;
                if failed <= MAX_NOTES {
                    feed.note(format!("no full text of {}: {why}", without_query(&url)));
                }
            }
        }
        Ok(())
    }
}

impl FullText {
    /// The rule for a page at `url`: the site's own, where there is one and this one says nothing of the page.
    fn at(&self, url: &Url) -> &FullText {
        if !self.sites || self.knows_its_site() || self.from == ReadFrom::Item {
            return self;
        }
        self.own.rule(url).or_else(|| sites::of(url)).unwrap_or(self)
    }

    /// True where its settings say where on a page the text stands, or what becomes of it.
    fn knows_its_site(&self) -> bool {
        self.recipe.content.is_some() || self.layout.is_some()
    }

    /// What the addresses of an item without a link are read against, where none of its pages is read.
    fn instead(&self, cx: &Context) -> Option<Url> {
        let nowhere = || Url::parse("about:blank").ok();
        if self.from == ReadFrom::Item { cx.feed_url.clone().or_else(nowhere) } else { None }
    }

    fn trail(&self, feed: &Feed, place: Place, (url, homes): (&Url, &Homes), cx: &Context) -> Trail {
        let recipe = &self.recipe;
        let site = self.of_site.then(|| Homes::of_page(url));
        let homes = site.as_ref().unwrap_or(homes);
        let own = || {
            let slot = feed.field(place, Field::Content).into_iter().next();
            let html = slot.map(|slot| feed.value(&slot).into_owned()).unwrap_or_default();
            Page::read(&Body { bytes: html.into(), content_type: None, url: url.clone() }, &[])
        };
        if self.from == ReadFrom::Item {
            return Trail::Whole(vec![Arc::new(recipe.read(&own()))]);
        }
        let first = recipe.single_in_feed.as_ref().and_then(|picks| {
            let item = own();
            item.address(&picks.value(&item.html, &["href"])?)
        });
        let want = |url: Url| Want { headers: homes.sent(&recipe.headers, &url), ..Want::page(url) };
        let read = |url: &Url| match cx.pages.get(&want(url.clone())) {
            Some(Fetched::Ready(body)) => Ok(cx.pages.reading(self, url, || recipe.read_body(body))),
            Some(Fetched::Pending) => Err(Trail::Without("its page is on the way; the next answer has it".into())),
            Some(Fetched::Failed(why)) => Err(Trail::Without(why.to_string().into())),
            None => Err(Trail::Missing(Box::new(want(url.clone())))),
        };
        let first = first.unwrap_or_else(|| url.clone());
        let mut found = match read(&first) {
            Ok(found) => found,
            Err(trail) => return trail,
        };
        let mut seen = vec![first];
        if let Some(single) = found.single.clone().filter(|single| !seen.contains(single)) {
            match read(&single) {
                Ok(whole) => found = whole,
                Err(missing @ Trail::Missing(_)) => return missing,
                Err(_) => {} // then the page at hand
            }
            seen.push(single);
        }
        let mut next = found.next.clone();
        let mut pages = vec![found];
        while let Some(url) = next.take().filter(|url| pages.len() < recipe.pages && !seen.contains(url)) {
            match read(&url) {
                Ok(page) => {
                    next = page.next.clone();
                    pages.push(page);
                }
                Err(trail) => return trail, // half an article is worse than its summary
            }
            seen.push(url);
        }
        Trail::Whole(pages)
    }

    fn put(&self, feed: &mut Feed, place: Place, article: &Article) -> Result<(), String> {
        let content = self.content(feed, place, article)?;
        let of = |feed: &Feed, field| feed.slots(place).find(|slot| slot.field == field);
        let set = feed.set(place, Field::Content, &content).or_else(|| feed.set(place, Field::Summary, &content));
        set.ok_or_else(|| "the text is too large, or the format has no place for it".to_owned())?;
        for take in &self.take {
            let missing = |field| of(feed, field).is_none();
            match (take, article) {
                (Take::Title, Article { title: Some(title), .. }) => drop(feed.set(place, Field::Title, title)),
                (Take::Author, Article { author: Some(author), .. }) if missing(Field::Author) => {
                    feed.add(place, Field::Author, author);
                }
                (Take::Date, Article { date: Some(date), .. }) if feed.date(place).is_none() => {
                    feed.add(place, Field::Published, date);
                }
                (Take::Category, Article { category: Some(category), .. }) if missing(Field::Category) => {
                    feed.add(place, Field::Category, category);
                }
                (Take::Audio, Article { audio: Some(audio), .. }) => {
                    let known =
                        feed.enclosures(place).iter().any(|file| file.url == *audio || file.medium == Medium::Audio);
                    if !known {
                        feed.add_enclosure(place, &Enclosure::of(audio));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn content(&self, feed: &Feed, place: Place, article: &Article) -> Result<String, String> {
        let own = || {
            let slot = feed.field(place, Field::Content).into_iter().next();
            slot.map(|slot| feed.value(&slot).into_owned()).unwrap_or_default()
        };
        if let Some(layout) = &self.layout {
            let spelled = feed.slots(place).find(|slot| slot.field == Field::Published);
            let item = ItemText {
                title: feed.first(place, Field::Title).unwrap_or_default().into_owned(),
                link: feed.link(place).unwrap_or_default(),
                published: spelled.map(|slot| feed.value(&slot).trim().to_owned()).unwrap_or_default(),
                summary: own(),
            };
            return layout.render(article, &item);
        }
        let mut content = String::new();
        let wanted = |what| self.take.contains(&what);
        if let Some(image) =
            article.image.as_ref().filter(|image| wanted(Take::Image) && !article.content.contains(*image))
        {
            content.push_str(&figure(image, article.caption.as_deref().filter(|_| wanted(Take::Caption))));
        }
        content.push_str(&article.content);
        Ok(match self.mode {
            Mode::Replace => content,
            Mode::Append => apart(&own(), &content),
            Mode::Prepend => apart(&content, &own()),
        })
    }
}

/// Two texts with a line between them, so that the words where they meet stay two.
fn apart(first: &str, second: &str) -> String {
    let line = if first.trim().is_empty() || second.trim().is_empty() { "" } else { "<hr>" };
    [first, line, second].concat()
}

fn figure(image: &str, caption: Option<&str>) -> String {
    let escape = |text: &str| htmlize::escape_attribute(text).into_owned();
    match caption {
        Some(caption) => {
            format!("<figure><img src=\"{}\"><figcaption>{}</figcaption></figure>", escape(image), escape(caption))
        }
        None => format!("<p><img src=\"{}\"></p>", escape(image)),
    }
}

/// The item's page, if it can be fetched.
fn address(feed: &Feed, place: Place) -> Option<Url> {
    let mut url = Url::parse(&feed.link(place)?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.set_fragment(None);
    Some(url)
}

fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url
}
