//! The text of an article, freed of what does not belong to it: furniture out, tags and attributes down to a list,
//! pictures that wait for a script shown.
//!
//! Works on the element's own source, so what stays keeps its spelling. Linear in the text for each setting.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::html::{Fragment, Kind, Selectors, Syntax};
use crate::rules::web_page::{Page, complete};

/// What is done to the elements that were found.
#[derive(Debug, Default)]
pub(super) struct Tidy {
    /// Elements that go with all they hold.
    pub remove: Option<Selectors>,
    /// Elements whose tags go, and what they hold stays.
    pub unwrap: Option<Selectors>,
    /// The only elements that stay; of others only what they hold. None: all stay.
    pub tags: Option<Vec<String>>,
    /// The only attributes that stay. None: all stay.
    pub attributes: Option<Vec<String>>,
    /// Elements that get another around them.
    pub wrap: Vec<(Selectors, String)>,
    /// Attributes in which pictures wait for a script.
    pub lazy: Vec<String>,
    /// Two line breaks are a new paragraph.
    pub paragraphs: bool,
}

/// Elements that nobody reads, whatever a recipe says.
static NEVER: LazyLock<Option<Selectors>> = LazyLock::new(|| {
    Selectors::parse("script, style, template, noscript:not(:has(img)), link, meta, base, object[data^=\"data:\"]").ok()
});

impl Tidy {
    /// The inside of the `elements` of `page`, one after the other, tidied and with absolute addresses.
    pub fn content(&self, page: &Page, elements: &[usize]) -> String {
        let pieces = elements.iter().map(|start| self.piece(page, *start));
        pieces.collect()
    }

    fn piece(&self, page: &Page, start: usize) -> String {
        // with its own tags, so that selectors can name the element itself
        let mut html = Fragment::parse(page.outer(start).to_owned(), Syntax::Html);
        for elements in [NEVER.as_ref(), self.remove.as_ref()].into_iter().flatten() {
            for start in html.select_outermost(elements) {
                if start > 0 {
                    html.remove_element(start);
                }
            }
        }
        for (elements, tag) in &self.wrap {
            for start in html.select_outermost(elements).into_iter().filter(|start| *start > 0) {
                let last = html.element_end(start).saturating_sub(1);
                html.insert_before(start, &format!("<{tag}>"));
                html.insert_after(last, &format!("</{tag}>"));
            }
        }
        html.settle();
        self.show_pictures(&mut html);
        self.reduce(&mut html);
        html.unwrap_element(0);
        let mut html = Fragment::parse(html.render().into_owned(), Syntax::Html);
        complete(&mut html, &page.base);
        drop_space_between_blocks(&mut html);
        let text = html.render().into_owned();
        let text = text.trim_ascii();
        if self.paragraphs { break_paragraphs(text) } else { text.to_owned() }
    }

    fn show_pictures(&self, html: &mut Fragment) {
        for id in 0..html.len() {
            if !html.is(id, "img") {
                continue;
            }
            let waiting = self.lazy.iter().find_map(|name| html.attr(id, name).map(|value| value.trim().to_owned()));
            if let Some(source) = waiting.filter(|source| !source.is_empty()) {
                html.set_attr(id, "src", &source);
            }
        }
    }

    /// Down to the tags and attributes of the lists.
    fn reduce(&self, html: &mut Fragment) {
        let unwrapped: Vec<usize> = match &self.unwrap {
            Some(elements) => html.select(elements),
            None => Vec::new(),
        };
        for start in unwrapped.into_iter().filter(|start| *start > 0) {
            html.unwrap_element(start);
        }
        for id in 1..html.len() {
            if !matches!(html.kind(id), Kind::Start { .. }) {
                if matches!(html.kind(id), Kind::Comment | Kind::Other) && self.tags.is_some() {
                    html.remove(id..id + 1);
                }
                continue;
            }
            if self.tags.as_ref().is_some_and(|tags| !tags.iter().any(|tag| html.is(id, tag))) {
                html.unwrap_element(id);
                continue;
            }
            if let Some(kept) = &self.attributes {
                html.remove_attrs(id, |name| !kept.iter().any(|kept| kept.eq_ignore_ascii_case(name)));
            }
        }
    }
}

/// White space between blocks is how the page was typed, not what it says.
fn drop_space_between_blocks(html: &mut Fragment) {
    let is_block = |id: usize| html.is_block(id);
    let blank = |id: usize| html.kind(id) == Kind::Text && html.text(id).bytes().all(|b| b.is_ascii_whitespace());
    let gone: Vec<usize> = (0..html.len())
        .filter(|id| blank(*id))
        .filter(|id| {
            let before = id.checked_sub(1).is_none_or(is_block);
            let after = *id + 1 >= html.len() || is_block(*id + 1);
            before || after // white space at the end or the start of a line is not shown
        })
        .collect();
    for id in gone {
        html.remove(id..id + 1);
    }
}

/// `text<br><br>text` as paragraphs.
fn break_paragraphs(text: &str) -> String {
    let html = Fragment::parse(text.to_owned(), Syntax::Html);
    let mut out = String::with_capacity(text.len() + 32);
    let mut breaks = BTreeMap::new(); // first token of a run of breaks → token after it
    let mut id = 0;
    while id < html.len() {
        let mut end = id;
        let mut count = 0;
        while html.is(end, "br")
            || (count > 0 && html.kind(end) == Kind::Text && html.text(end).trim().is_empty() && end < html.len())
        {
            count += usize::from(html.is(end, "br"));
            end += 1;
        }
        if count > 1 {
            breaks.insert(id, end);
        }
        id = end.max(id + 1);
    }
    if breaks.is_empty() {
        return text.to_owned();
    }
    let mut at = 0;
    out.push_str("<p>");
    while at < html.len() {
        if let Some(end) = breaks.get(&at) {
            out.push_str("</p><p>");
            at = *end;
            continue;
        }
        out.push_str(html.raw(at));
        at += 1;
    }
    out.push_str("</p>");
    out
}
