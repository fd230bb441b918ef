//! What a recipe reads from the pages of one article, each once: its text, and what stands around it.

use std::sync::Arc;

use super::tidy::Tidy;
use super::{plain_text, readable};
use crate::base::limits::SCRIPT_PAGE_CHARS;
use crate::base::url::Url;
use crate::html::{Fragment, Syntax};
use crate::rules::pages::Body;
use crate::rules::picks::Picks;
use crate::rules::web_page::{self, Page};

/// How the articles of a site are read.
#[derive(Debug, Default)]
pub(super) struct Recipe {
    /// The elements that hold the text; none: found by readability.
    pub content: Option<Picks>,
    /// What is done to them.
    pub tidy: Tidy,
    /// Where the `content` finds nothing, readability looks.
    pub readability: bool,
    pub title: Option<Picks>,
    pub author: Option<Picks>,
    pub date: Option<Picks>,
    pub category: Option<Picks>,
    pub image: Option<Picks>,
    pub caption: Option<Picks>,
    pub audio: Option<Picks>,
    /// The link to the next page of the article.
    pub next: Option<Picks>,
    /// The link to all of it on one page.
    pub single: Option<Picks>,
    /// Such a link in the item's own HTML.
    pub single_in_feed: Option<Picks>,
    /// Most pages of one article.
    pub pages: usize,
    /// Texts of the page's source, and what is read instead.
    pub replace: Vec<(String, String)>,
    /// Sent with the request.
    pub headers: Vec<(String, String)>,
}

/// What was read. Addresses are absolute; all but `content` is plain text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Article {
    /// HTML.
    pub content: String,
    pub title: Option<String>,
    pub author: Option<String>,
    pub date: Option<String>,
    pub category: Option<String>,
    pub image: Option<String>,
    pub caption: Option<String>,
    pub audio: Option<String>,
}

/// What one page of an article says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Its part of the text, empty where there is none, and what stands around it.
    pub article: Article,
    /// Why there is no text.
    pub failure: Option<String>,
    /// Of the text, as one reads it.
    pub chars: usize,
    /// It shows its text to a browser with JavaScript only.
    pub needs_scripts: bool,
    /// The address of all of the article on one page.
    pub single: Option<Url>,
    /// The address of the page after it.
    pub next: Option<Url>,
}

impl Reading {
    /// All that there is to say.
    fn of(article: Article) -> Reading {
        let chars = Fragment::parse(article.content.clone(), Syntax::Html).plain_text().chars().count();
        Reading { article, chars, ..Reading::default() }
    }
}

/// The article on `pages`, in their order: what stands around the text is the first one's. Why there is none of at least `min`
/// characters.
pub(super) fn join(pages: &[Arc<Reading>], min: usize) -> Result<Article, String> {
    let Some(first) = pages.first() else { return Err("there is no page".to_owned()) };
    let content: String = pages.iter().map(|page| page.article.content.as_str()).collect();
    let failure = pages.iter().find_map(|page| page.failure.clone()).filter(|_| content.is_empty());
    match failure {
        _ if pages.iter().map(|page| page.chars).sum::<usize>() >= min && !content.is_empty() => {
            Ok(Article { content, ..first.article.clone() })
        }
        _ if first.needs_scripts => Err("the page shows its text only to a browser with JavaScript".to_owned()),
        Some(why) => Err(why),
        None => Err(format!("less than {min} characters of text were found")),
    }
}

const LINK: &[&str] = &["href"];
const FILE: &[&str] = &["src", "content", "href"];
const MOMENT: &[&str] = &["datetime", "content"];

impl Recipe {
    /// What came as an article says; nothing where it is a file.
    pub fn read_body(&self, body: &Body) -> Reading {
        match web_page::file(body) {
            Some(what) => Reading { failure: Some(format!("what its link leads to is {what}")), ..Reading::default() },
            None if plain_text::is_plain(body) => {
                let html = plain_text::html(&web_page::decoded(body, &self.replace));
                let page = Page { html: Fragment::parse(html, Syntax::Html), base: body.url.clone() };
                Reading::of(Article { content: self.tidy.content(&page, &[0]), ..Article::default() })
            }
            None => self.read(&Page::read(body, &self.replace)),
        }
    }

    /// What `page` says.
    pub fn read(&self, page: &Page) -> Reading {
        let text = |picks: &Option<Picks>| picks.as_ref()?.value(&page.html, &[]);
        let of = |picks: &Option<Picks>, attributes| {
            picks
                .as_ref()
                .and_then(|picks| picks.value(&page.html, attributes).or_else(|| picks.value(&page.html, &[])))
        };
        let link = |picks: &Option<Picks>| page.address(&picks.as_ref()?.value(&page.html, LINK)?);
        let file = |picks: &Option<Picks>| Some(page.address(&picks.as_ref()?.value(&page.html, FILE)?)?.to_string());
        let mut article = Article {
            title: text(&self.title),
            author: text(&self.author),
            date: of(&self.date, MOMENT),
            category: text(&self.category),
            image: file(&self.image),
            caption: text(&self.caption),
            audio: file(&self.audio),
            content: String::new(),
        };
        let mut failure = None;
        match self.content(page, &mut article) {
            Ok(content) => article.content = content,
            Err(why) => failure = Some(why),
        }
        let reading = Reading::of(article);
        let needs_scripts = reading.chars < SCRIPT_PAGE_CHARS && readable::needs_scripts(&page.html);
        Reading { failure, needs_scripts, single: link(&self.single), next: link(&self.next), ..reading }
    }

    fn content(&self, page: &Page, article: &mut Article) -> Result<String, String> {
        if let Some(picks) = &self.content {
            let elements = picks.elements(&page.html);
            if !elements.is_empty() {
                return Ok(self.tidy.content(page, &elements));
            }
            if !self.readability {
                return Err("`content` finds nothing on the page".to_owned());
            }
        }
        let found = readable::read(page)?;
        article.title = article.title.take().or(found.title);
        article.author = article.author.take().or(found.author);
        article.date = article.date.take().or(found.date);
        article.image = article.image.take().or(found.image);
        let body = Page { html: Fragment::parse(found.content, page.html.syntax()), base: page.base.clone() };
        Ok(self.tidy.content(&body, &[0]))
    }
}
