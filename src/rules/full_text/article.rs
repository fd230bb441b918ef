//! What a recipe reads from the pages of one article: its text, and what stands around it.

use super::readable;
use super::tidy::Tidy;
use crate::base::url::Url;
use crate::html::Fragment;
use crate::rules::picks::Picks;
use crate::rules::web_page::Page;

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

const LINK: &[&str] = &["href"];
const FILE: &[&str] = &["src", "content", "href"];
const MOMENT: &[&str] = &["datetime", "content"];

impl Recipe {
    /// The address of all of the article on one page, as `page` links to it.
    pub fn single(&self, page: &Page) -> Option<Url> {
        page.address(&self.single.as_ref()?.value(&page.html, LINK)?)
    }

    /// The address of the page after `page`.
    pub fn next(&self, page: &Page) -> Option<Url> {
        page.address(&self.next.as_ref()?.value(&page.html, LINK)?)
    }

    /// The article on `pages`, in their order; what stands around the text is read from the first. The reason where there
    /// is none.
    pub fn read(&self, pages: &[Page]) -> Result<Article, String> {
        let Some(first) = pages.first() else { return Err("there is no page".to_owned()) };
        let text = |picks: &Option<Picks>| picks.as_ref()?.value(&first.html, &[]);
        let of = |picks: &Option<Picks>, attributes| {
            picks
                .as_ref()
                .and_then(|picks| picks.value(&first.html, attributes).or_else(|| picks.value(&first.html, &[])))
        };
        let file = |picks: &Option<Picks>| Some(first.address(&picks.as_ref()?.value(&first.html, FILE)?)?.to_string());
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
        let mut reason = None;
        for page in pages {
            match self.content(page, &mut article) {
                Ok(content) => article.content.push_str(&content),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        if article.content.is_empty() {
            Err(reason.unwrap_or_else(|| "the page holds no text".to_owned()))
        } else {
            Ok(article)
        }
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
