//! The parts of a content: where they begin and end, and their HTML made whole.

use std::collections::HashMap;
use std::ops::Range;

use regex::Regex;

use crate::base::limits::TITLE_COLUMNS;
use crate::base::text::excerpt;
use crate::html::{Fragment, Kind};

/// A part of a content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its heading, or its first words.
    pub title: String,
    /// Well-formed as the whole was: what was cut open is closed.
    pub html: String,
    /// The `id` of its heading.
    pub anchor: Option<String>,
    /// Its own page.
    pub link: Option<String>,
    /// Its own author.
    pub author: Option<String>,
    /// It is what stands before the first one.
    pub is_head: bool,
}

/// Parts that begin at the elements `starts`.
pub(super) fn at(html: &Fragment, starts: &[usize], head: bool) -> Vec<Part> {
    let titled = |start: usize| {
        let title = html.plain_text_of(start..html.element_end(start));
        (title, html.attr(start, "id").map(|id| id.into_owned()).filter(|id| !id.is_empty()))
    };
    cut(html, starts, head, titled)
}

/// Parts that begin at the lines in which `pattern` finds something.
pub(super) fn line(html: &Fragment, pattern: &Regex, head: bool) -> Vec<Part> {
    let mut starts = Vec::new();
    // The token at which the line begins.
    let (mut begin, mut text) = (0, String::new());
    let mut end_line = |text: &mut String, begin: usize| {
        if pattern.is_match(text.trim()) {
            starts.push(begin);
        }
        text.clear();
    };
    for id in 0..html.len() {
        match html.kind(id) {
            Kind::Start { .. } | Kind::End if html.is_block(id) => {
                end_line(&mut text, begin);
                // What a block opens belongs to the line in it.
                begin = if html.is(id, "br") || html.kind(id) == Kind::End { id + 1 } else { id };
            }
            Kind::Text => text.push_str(&html.text(id)),
            _ => {}
        }
    }
    end_line(&mut text, begin);
    cut(html, &starts, head, |_| (String::new(), None))
}

/// Each of the elements `starts` by itself.
pub(super) fn each(html: &Fragment, starts: &[usize]) -> Vec<Part> {
    let part = |start: &usize| {
        let (start, end) = (*start, html.element_end(*start));
        let tags = |names: &[&str]| {
            (start..end)
                .find(|id| matches!(html.kind(*id), Kind::Start { .. }) && names.iter().any(|name| html.is(*id, name)))
        };
        let heading = tags(&["h1", "h2", "h3", "h4", "h5", "h6"]).or_else(|| tags(&["a", "b", "strong"]));
        let title = heading.map(|id| html.plain_text_of(id..html.element_end(id))).unwrap_or_default();
        let link = tags(&["a"]).and_then(|id| html.attr(id, "href")).map(|href| href.trim().to_owned());
        let link = link.filter(|link| link.starts_with("https://") || link.starts_with("http://"));
        part(html, start..end, title, None, link, false)
    };
    starts.iter().filter_map(part).collect()
}

fn cut(html: &Fragment, starts: &[usize], head: bool, titled: impl Fn(usize) -> (String, Option<String>)) -> Vec<Part> {
    let Some(first) = starts.first() else { return Vec::new() };
    let before = part(html, 0..*first, String::new(), None, None, true).filter(|_| head);
    let ends = starts.iter().skip(1).copied().chain([html.len()]);
    let parts = starts.iter().zip(ends).filter_map(|(start, end)| {
        let (title, anchor) = titled(*start);
        part(html, *start..end, title, anchor, None, false)
    });
    before.into_iter().chain(parts).collect()
}

/// The tokens `ids` as a part; none where a person would read nothing.
fn part(
    html: &Fragment,
    ids: Range<usize>,
    title: String,
    anchor: Option<String>,
    link: Option<String>,
    is_head: bool,
) -> Option<Part> {
    let text = html.plain_text_of(ids.clone());
    let has_media = ids.clone().any(|id| ["img", "video", "audio", "iframe"].iter().any(|name| html.is(id, name)));
    if text.is_empty() && (is_head || !has_media) {
        return None;
    }
    let title = if title.is_empty() { excerpt(&text, TITLE_COLUMNS / 2) } else { title };
    Some(Part { title, html: whole(html, ids), anchor, link, author: None, is_head })
}

/// The tokens `ids` as HTML: end tags of what was opened before are left out, what is still open is closed.
fn whole(html: &Fragment, ids: Range<usize>) -> String {
    let mut out = String::new();
    let mut open: Vec<usize> = Vec::new();
    // The depth of an open element by its end tag.
    let mut depths: HashMap<usize, usize> = HashMap::new();
    for id in ids {
        match html.kind(id) {
            Kind::Start { .. } => {
                let end = html.element_end(id).saturating_sub(1);
                if end > id && html.kind(end) == Kind::End && html.is(end, html.name(id)) {
                    depths.insert(end, open.len());
                    open.push(id);
                }
                out.push_str(html.raw(id));
            }
            Kind::End => {
                if let Some(depth) = depths.remove(&id) {
                    open.truncate(depth);
                    out.push_str(html.raw(id));
                }
            }
            _ => out.push_str(html.raw(id)),
        }
    }
    for start in open.into_iter().rev() {
        out.extend(["</", html.name(start), ">"]);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::{Selectors, Syntax};

    fn parse(html: &str) -> Fragment {
        Fragment::parse(html.to_owned(), Syntax::Html)
    }

    fn shown(parts: Vec<Part>) -> Vec<(String, String)> {
        parts.into_iter().map(|part| (part.title, part.html)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(title, html)| ((*title).to_owned(), (*html).to_owned())).collect()
    }

    #[test]
    fn parts_begin_at_headings_and_what_was_cut_open_is_closed() {
        let html = parse("<div><p>Hello</p><h2 id=a>A</h2><p>a<br>a</p><h2>B</h2><p>b</p></div><p>end</p>");
        let starts = html.select(&Selectors::parse("h2").unwrap_or_else(|_| panic!()));
        let parts = at(&html, &starts, true);
        assert_eq!(parts[1].anchor.as_deref(), Some("a"));
        assert_eq!(
            shown(parts),
            pairs(&[
                ("Hello", "<div><p>Hello</p></div>"),
                ("A", "<h2 id=a>A</h2><p>a<br>a</p>"),
                ("B", "<h2>B</h2><p>b</p><p>end</p>"),
            ])
        );
        assert_eq!(at(&html, &starts, false).len(), 2);
    }

    #[test]
    fn each_element_is_a_part_with_its_own_link() {
        let html = parse("<ul><li><a href='https://a.example/'>First</a> x<li>no link<li> </ul>rest");
        let starts = html.select_outermost(&Selectors::parse("li").unwrap_or_else(|_| panic!()));
        let parts = each(&html, &starts);
        assert_eq!(parts[0].link.as_deref(), Some("https://a.example/"));
        assert_eq!(parts.iter().map(|part| part.title.as_str()).collect::<Vec<_>>(), ["First", "no link"]);
    }

    #[test]
    fn parts_begin_at_lines_that_a_pattern_finds() {
        let html = parse("<p>今天</p><p>1、<b>甲</b>。</p><p>more</p><p>2、乙。<br>3、丙</p>");
        let parts = line(&html, &Regex::new("^[0-9]+、").unwrap(), true);
        assert_eq!(
            shown(parts),
            pairs(&[
                ("今天", "<p>今天</p>"),
                ("1、甲。 more", "<p>1、<b>甲</b>。</p><p>more</p>"),
                ("2、乙。", "<p>2、乙。<br></p>"),
                ("3、丙", "3、丙"),
            ])
        );
    }

    #[test]
    fn deep_and_broken_markup_takes_linear_time() {
        let html = parse(&format!("{}<h2>a</h2>{}<h2>b</h2>", "<div>".repeat(20_000), "</p></div>".repeat(20_000)));
        let starts = html.select(&Selectors::parse("h2").unwrap_or_else(|_| panic!()));
        assert_eq!(at(&html, &starts, true).len(), 2);
    }
}
