//! A feed made of a web page that lists articles.
//!
//! ## What it does
//! `item` names the elements that are items, by CSS; the rest is read inside each: `title`, `link`, `date`, `author`, `category`,
//! `image`, `enclosure`, `content` and `id`, each a selector, with ` @name` for an attribute, or a list of them of which the first that finds
//! anything counts. Without settings the link is the first of the item (or the item itself), the title is the first heading or the
//! link's text, the date the first `time`, the picture the first `img`, and the content is what the item holds.
//! `feed_title` is read from the page (its `title`). `next` is the link to the following page, `pages` how many are read (1).
//! Pages in another charset than UTF-8 are read as feeds are. Addresses become absolute; ids are the links, so they stay.
//!
//! A body that is a feed after all is read as one. No item is an error that says so: an old copy is then kept.
//!
//! ## When to use
//! The site has no feed.
//!
//! ## Example
//! ```toml
//! rules = [{ page = ".post" }]
//! ```
//! ```toml
//! rules = [{ page = {
//!   item = "ul.news > li",
//!   title = "h2 a",
//!   link = "h2 a @href",
//!   date = "time @datetime",
//!   next = "a.next",
//!   pages = 3,
//! } }]
//! ```
//!
//! ## Order
//! Before all others, wherever it stands.
//!
//! ## Cost
//! One pass over the page, and one for each item.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::pages::Body;
use super::picks::{Picks, Written};
use super::source::{Draft, DraftItem, Raw, Reader};
use super::web_page::{Page, complete};
use super::{Build, Context, Rule, RuleError, Want};
use crate::base::limits::{LISTING_KEPT, MAX_ARTICLE_PAGES, MAX_ITEMS};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Kind, Syntax};

/// Settings of `page`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    item: Written,
    title: Option<Written>,
    link: Option<Written>,
    date: Option<Written>,
    author: Option<Written>,
    category: Option<Written>,
    image: Option<Written>,
    enclosure: Option<Written>,
    content: Option<Written>,
    id: Option<Written>,
    feed_title: Option<Written>,
    next: Option<Written>,
    pages: Option<Spanned<usize>>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("item");
    type Rule = PageToFeed;

    fn build(self, report: &mut Report) -> Option<PageToFeed> {
        let before = report.count();
        let item = self.item.compile(report);
        let mut own = |written: &Option<Written>| written.as_ref().and_then(|written| written.compile(report));
        let (title, link, date) = (own(&self.title), own(&self.link), own(&self.date));
        let (author, category, image) = (own(&self.author), own(&self.category), own(&self.image));
        let (enclosure, content, id) = (own(&self.enclosure), own(&self.content), own(&self.id));
        let (feed_title, next) = (own(&self.feed_title), own(&self.next));
        let pages = match &self.pages {
            Some(pages) if !(1..=MAX_ARTICLE_PAGES).contains(pages.get_ref()) => {
                report.error(pages.span(), format!("1 to {MAX_ARTICLE_PAGES} pages are read"));
                1
            }
            Some(pages) => *pages.get_ref(),
            None => 1,
        };
        let rule = PageToFeed {
            item: item?,
            title,
            link,
            date,
            author,
            category,
            image,
            enclosure,
            content,
            id,
            feed_title,
            next,
            pages,
        };
        (report.count() == before).then_some(rule)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct PageToFeed {
    item: Picks,
    title: Option<Picks>,
    link: Option<Picks>,
    date: Option<Picks>,
    author: Option<Picks>,
    category: Option<Picks>,
    image: Option<Picks>,
    enclosure: Option<Picks>,
    content: Option<Picks>,
    id: Option<Picks>,
    feed_title: Option<Picks>,
    next: Option<Picks>,
    pages: usize,
}

impl Rule for PageToFeed {
    fn apply(&self, _: &mut Feed, _: &Context) -> Result<(), RuleError> {
        Ok(())
    }

    fn reader(&self) -> Option<&dyn Reader> {
        Some(self)
    }
}

/// What one page of the list says.
struct Listing {
    items: Vec<DraftItem>,
    title: Option<String>,
    language: Option<String>,
    next: Option<Url>,
}

impl Reader for PageToFeed {
    fn wants(&self, raw: &Raw, cx: &Context) -> Vec<Want> {
        self.walk(raw, cx).1.into_iter().collect()
    }

    fn read(&self, raw: &Raw, cx: &Context) -> Result<Draft, String> {
        let (pages, _) = self.walk(raw, cx);
        let Some(first) = pages.first() else { return Err("there is no page".to_owned()) };
        let items: Vec<_> = pages.iter().flat_map(|page| page.items.iter().cloned()).take(MAX_ITEMS).collect();
        if items.is_empty() {
            return Err("`page` finds no item on the page; is `item` right?".to_owned());
        }
        let link = raw.url.as_ref().map(|url| url.as_str().to_owned());
        let (title, language) = (first.title.clone(), first.language.clone());
        Ok(Draft { title, link, language, items, ..Draft::default() })
    }
}

impl PageToFeed {
    /// The pages that are at hand, and the one that is missing.
    fn walk(&self, raw: &Raw, cx: &Context) -> (Vec<Arc<Listing>>, Option<Want>) {
        let Some(url) = raw.url.clone().or_else(|| Url::parse("about:blank").ok()) else { return (Vec::new(), None) };
        let listing = |body: &Body, url: &Url| cx.pages.reading(self, url, || self.listing(&Page::read(body, &[])));
        let body = Body { bytes: raw.bytes.clone(), content_type: raw.content_type.clone(), url: url.clone() };
        let mut pages = vec![listing(&body, &url)];
        let mut seen = vec![url];
        while pages.len() < self.pages
            && let Some(url) = pages.last().and_then(|last| last.next.clone()).filter(|url| !seen.contains(url))
        {
            let want = Want { kept: LISTING_KEPT, ..Want::page(url.clone()) };
            match (cx.pages.ready(&want), cx.pages.get(&want)) {
                (Some(body), _) => pages.push(listing(body, &url)),
                (None, None) => return (pages, Some(want)),
                (None, Some(_)) => break, // the items at hand are better than none
            }
            seen.push(url);
        }
        (pages, None)
    }

    fn listing(&self, page: &Page) -> Listing {
        let items = self.item.elements(&page.html).into_iter().take(MAX_ITEMS);
        let title = match &self.feed_title {
            Some(picks) => picks.value(&page.html, &[]),
            None => found(&page.html, "title"),
        };
        let html = (0..page.html.len()).find(|id| page.html.is(*id, "html"));
        let next = self.next.as_ref().and_then(|next| page.address(&next.value(&page.html, &["href"])?));
        Listing {
            items: items.map(|start| self.draft(page, start)).collect(),
            title,
            language: html.and_then(|id| page.html.attr(id, "lang").map(|lang| lang.into_owned())),
            next,
        }
    }

    fn draft(&self, page: &Page, start: usize) -> DraftItem {
        let html = Fragment::parse(page.outer(start).to_owned(), Syntax::Html);
        let text = |picks: &Option<Picks>| picks.as_ref().and_then(|picks| picks.value(&html, &[]));
        let link = match &self.link {
            Some(picks) => picks.value(&html, &["href"]),
            None => (0..html.len())
                .find(|id| html.is(*id, "a"))
                .and_then(|id| html.attr(id, "href").map(|it| it.into_owned())),
        };
        let title = match &self.title {
            Some(picks) => picks.value(&html, &[]),
            None => ["h1", "h2", "h3", "h4", "h5", "h6", "a"].iter().find_map(|name| found(&html, name)),
        };
        let date = match &self.date {
            Some(picks) => picks.value(&html, &["datetime", "content"]).or_else(|| picks.value(&html, &[])),
            None => (0..html.len())
                .find(|id| html.is(*id, "time") && matches!(html.kind(*id), Kind::Start { .. }))
                .and_then(|id| html.attr(id, "datetime").map(|it| it.into_owned()))
                .or_else(|| found(&html, "time")),
        };
        let image = match &self.image {
            Some(picks) => picks.value(&html, &["src", "data-src", "content", "href"]),
            None => (0..html.len())
                .find(|id| html.is(*id, "img"))
                .and_then(|id| html.attr(id, "src").map(|it| it.into_owned())),
        };
        let file = self.enclosure.as_ref().and_then(|picks| picks.value(&html, &["src", "href"]));
        let address = |reference: String| page.address(&reference).map(String::from);
        DraftItem {
            id: text(&self.id),
            title,
            link: link.and_then(address),
            date,
            author: text(&self.author),
            categories: text(&self.category).into_iter().collect(),
            image: image.and_then(address),
            file: file.and_then(address),
            content: Some(self.content(&html, page)),
        }
    }

    fn content(&self, item: &Fragment, page: &Page) -> String {
        let inner = |start: usize| {
            let end = item.element_end(start).saturating_sub(1);
            item.source().get(item.span(start).end..item.span(end).start).unwrap_or_default()
        };
        let text: String = match &self.content {
            Some(picks) => picks.elements(item).into_iter().map(inner).collect(),
            None => inner(0).to_owned(),
        };
        let mut html = Fragment::parse(text, Syntax::Html);
        complete(&mut html, &page.base);
        html.render().into_owned()
    }
}

/// The text of the first element called `name`.
fn found(html: &Fragment, name: &str) -> Option<String> {
    let start = (0..html.len()).find(|id| html.is(*id, name) && matches!(html.kind(*id), Kind::Start { .. }))?;
    let end = html.element_end(start);
    let text: String = (start..end).map(|id| html.text(id)).collect();
    let text = crate::base::text::fold_space(&text);
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}
