//! The text of a page whose structure nobody described: Mozilla's readability (the crate `dom_smoothie`).
//!
//! It builds a tree, so it gets what has one of a known size: balanced, and no more elements and nesting than real pages have.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_smoothie::{Config, Readability};

use super::article::Article;
use crate::base::limits::{MAX_DEPTH, MAX_PAGE_ELEMENTS, MAX_PAGE_NESTING};
use crate::html::{Fragment, Kind, rejoined};
use crate::rules::web_page::Page;

/// The article that readability finds on `page`, or why there is none. Its content is one element that holds the text.
pub(super) fn read(page: &Page) -> Result<Article, String> {
    bounded(&page.html)?;
    // every element closed: what nobody closed is opened again in each block that follows, millions of times if one wants to
    let html = page.html.balanced();
    let config = Config { disable_json_ld: false, ..Config::default() };
    let unreadable = |error: dom_smoothie::ReadabilityError| format!("readability finds no text on the page ({error})");
    let address = Some(page.base.as_str()).filter(|_| !page.base.cannot_be_a_base());
    let parse = || Readability::new(html.as_str(), address, Some(config)).and_then(|mut reader| reader.parse());
    // not ours, and the page may be anybody's: a page on which it panics is one without a text, not a lost feed
    let found = catch_unwind(AssertUnwindSafe(parse)).map_err(|_| "readability failed on the page".to_owned())?;
    let found = found.map_err(unreadable)?;
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Ok(Article {
        content: rejoined(found.content.to_string()),
        title: filled(Some(found.title)),
        author: filled(found.byline),
        date: filled(found.published_time),
        image: filled(found.image).and_then(|image| page.address(&image)).map(String::from),
        ..Article::default()
    })
}

/// Linear and without recursion, unlike what it protects.
fn bounded(html: &Fragment) -> Result<(), String> {
    let (mut elements, mut nesting) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    for id in (0..html.len()).filter(|id| matches!(html.kind(*id), Kind::Start { .. })) {
        while open.pop_if(|end| *end <= id).is_some() {}
        open.push(html.element_end(id));
        elements += 1;
        nesting += open.len().min(MAX_DEPTH);
        if elements > MAX_PAGE_ELEMENTS {
            return Err(format!("the page holds more than {MAX_PAGE_ELEMENTS} elements"));
        }
        if nesting > MAX_PAGE_NESTING {
            return Err("the elements of the page are nested too much".to_owned());
        }
    }
    Ok(())
}

/// True of a page with scripts and next to no text of its own.
pub(super) fn needs_scripts(html: &Fragment) -> bool {
    let has_scripts = (0..html.len()).any(|id| html.is(id, "script"));
    has_scripts && html.plain_text().chars().count() < crate::base::limits::SCRIPT_PAGE_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::url::Url;
    use crate::rules::pages::Body;

    const TEXT: &str = "This is the whole text of the article, and it is long enough to count as one. ";

    fn found(html: String) -> Result<Article, String> {
        let url = Url::parse("https://site.example/a").unwrap();
        read(&Page::read(&Body { bytes: html.into(), content_type: None, url }, &[]))
    }

    #[test]
    fn pages_that_leave_out_end_tags_are_read() {
        for html in [
            format!("<ul>{}</ul>", format!("<li>{TEXT}").repeat(2000)),
            format!("<p>{TEXT}").repeat(2000),
            format!("<dl>{}</dl>", format!("<dt>x<dd>{TEXT}").repeat(1000)),
        ] {
            assert!(found(html).unwrap().content.matches(TEXT.trim()).count() >= 1000);
        }
    }

    #[test]
    fn no_page_fills_the_memory() {
        let all = |count: usize, of: fn(usize) -> String| (0..count).map(of).collect::<String>();
        let started = std::time::Instant::now();
        // a parser opens all of the fonts again in each paragraph: 500 × 90 000 elements
        let fonts = all(500, |n| format!("<p><font color={n}>x</p>"));
        let attributes = format!("<p {}>{TEXT}</p>", all(20_000, |n| format!("a{n} ")));
        for html in [fonts + &"<p>x</p>".repeat(9000), all(9000, |n| format!("<p><b id={n}>x</p>")), attributes] {
            let _ = found(html); // whatever it is, it ends
        }
        assert!(started.elapsed().as_secs() < 20);
        for (html, why) in [
            ("<div>".repeat(100_000), "nested too much"),
            (format!("{}{}", "<div>".repeat(500), "<p>x</p>".repeat(90_000)), "nested too much"),
            ("<p>x</p>".repeat(100_001), "more than 100000 elements"),
        ] {
            let error = found(html).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
