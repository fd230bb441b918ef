//! The text of a page whose structure nobody described: Mozilla's readability (the crate `dom_smoothie`).
//!
//! It builds a tree, so pages that are nested deeper or hold more elements than real ones are refused before it sees them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_smoothie::{Config, Readability};

use super::article::Article;
use crate::base::limits::{MAX_PAGE_DEPTH, MAX_PAGE_ELEMENTS};
use crate::html::{Fragment, Kind};
use crate::rules::web_page::Page;

/// The article that readability finds on `page`, or why there is none. Its content is one element that holds the text.
pub(super) fn read(page: &Page) -> Result<Article, String> {
    bounded(&page.html)?;
    let config = Config { disable_json_ld: false, ..Config::default() };
    let unreadable = |error: dom_smoothie::ReadabilityError| format!("readability finds no text on the page ({error})");
    let address = Some(page.base.as_str()).filter(|_| !page.base.cannot_be_a_base());
    let parse = || Readability::new(page.html.source(), address, Some(config)).and_then(|mut reader| reader.parse());
    // not ours, and the page may be anybody's: a page on which it panics is one without a text, not a lost feed
    let found = catch_unwind(AssertUnwindSafe(parse)).map_err(|_| "readability failed on the page".to_owned())?;
    let found = found.map_err(unreadable)?;
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Ok(Article {
        content: found.content.to_string(),
        title: filled(Some(found.title)),
        author: filled(found.byline),
        date: filled(found.published_time),
        image: filled(found.image).and_then(|image| page.address(&image)).map(String::from),
        ..Article::default()
    })
}

/// Linear and without recursion, unlike what it protects.
fn bounded(html: &Fragment) -> Result<(), String> {
    let (mut elements, mut depth) = (0usize, 0usize);
    for id in 0..html.len() {
        match html.kind(id) {
            Kind::Start { .. } => {
                elements += 1;
                depth += usize::from(html.element_end(id) > id + 1);
            }
            Kind::End => depth = depth.saturating_sub(1),
            _ => {}
        }
        if elements > MAX_PAGE_ELEMENTS {
            return Err(format!("the page holds more than {MAX_PAGE_ELEMENTS} elements"));
        }
        if depth > MAX_PAGE_DEPTH {
            return Err(format!("the elements of the page are nested deeper than {MAX_PAGE_DEPTH}"));
        }
    }
    Ok(())
}

/// True of a page with scripts and next to no text of its own.
pub(super) fn needs_scripts(html: &Fragment) -> bool {
    let has_scripts = (0..html.len()).any(|id| html.is(id, "script"));
    has_scripts && html.plain_text().chars().count() < crate::base::limits::SCRIPT_PAGE_CHARS
}
