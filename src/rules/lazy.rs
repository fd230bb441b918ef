//! Make lazy pictures, frames and media ordinary ones, which readers show without scripts.
//!
//! ## What it does
//! A picture whose real address stands in an attribute for a script (`data-src`, `data-original`, `data-lazy-src`, `data-srcset` …, or any
//! attribute that holds a picture's address where `src` is missing or a placeholder) gets it as its `src` or `srcset`; an
//! attribute of such a name and a style that hid the picture go. A picture in a `noscript` takes the place of the placeholder before it, or in the same `figure`; where
//! the placeholder has become a picture already, the `noscript` goes. A `div` or `span` that stands for a picture becomes one, an
//! `amp-img` too. `iframe`, `video`, `audio` and `source` get their `data-src`, `video` its `data-poster`. An address that asks for a
//! blurred copy (`?blur=20`) loses its query.
//!
//! ## When to use
//! Pictures of a feed are grey boxes, or missing.
//!
//! ## Example
//! ```toml
//! rules = [{ lazy = true }]
//! ```
//!
//! ## Order
//! Before `images` and `clean`, so that they see the real pictures.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError, fragments};
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Kind, escape, map_srcset};

/// Settings of `lazy`: none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Lazy;

    fn build(self, _: &mut Report) -> Option<Lazy> {
        Some(Lazy)
    }
}

/// The compiled rule.
pub struct Lazy;

/// Attributes that only a script for lazy pictures writes, the best first (Miniflux's, RSSHub's, and those of plugins).
const SOURCES: &[&str] = &[
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-original-src",
    "data-actualsrc",
    "data-hi-res-src",
    "data-lazyload",
    "data-lazy",
    "data-echo",
    "data-backsrc",
    "data-croporisrc",
    "data-original-mos",
    "data-2000src",
    "data-1000src",
    "data-800src",
    "data-655src",
    "data-500src",
    "data-380src",
    "file",
    "zoomfile",
];

/// Attributes that may hold another size of a picture that is shown already.
const SIZES: &[&str] =
    &["data-orig", "data-url", "data-orig-file", "data-large-file", "data-medium-file", "data-full-url"];

const SETS: &[&str] = &["data-srcset", "data-lazy-srcset", "data-original-srcset", "data-sources"];

impl Rule for Lazy {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let places = feed.places();
        fragments::for_each(feed, places, edit);
        Ok(())
    }
}

fn edit(fragment: &mut Fragment) {
    let mut has_noscript = false;
    for id in 0..fragment.len() {
        if !matches!(fragment.kind(id), Kind::Start { .. }) {
            continue;
        }
        match fragment.name(id).len() {
            3 if fragment.is(id, "img") => picture(fragment, id),
            3 if fragment.is(id, "div") => stand_in(fragment, id),
            4 if fragment.is(id, "span") => stand_in(fragment, id),
            5 if fragment.is(id, "video") || fragment.is(id, "audio") => media(fragment, id),
            6 if fragment.is(id, "iframe") => media(fragment, id),
            6 if fragment.is(id, "source") => {
                media(fragment, id);
                set(fragment, id);
            }
            7 if fragment.is(id, "amp-img") => amp(fragment, id),
            8 if fragment.is(id, "noscript") => has_noscript = true,
            _ => {}
        }
    }
    if has_noscript {
        fragment.settle(); // what stood for a picture is one
        for id in 0..fragment.len() {
            if matches!(fragment.kind(id), Kind::Start { .. }) && fragment.is(id, "noscript") {
                noscript(fragment, id);
            }
        }
    }
}

/// The first of `names` that holds an address, with it.
fn first<'a>(fragment: &'a Fragment, id: usize, names: &[&'static str]) -> Option<(&'static str, Cow<'a, str>)> {
    let is_address = |value: &str| {
        !value.trim().is_empty() && !is_placeholder(value) && value.contains(['/', '.']) && !value.starts_with('{')
    };
    names.iter().find_map(|name| fragment.attr(id, name).filter(|value| is_address(value)).map(|value| (*name, value)))
}

fn picture(fragment: &mut Fragment, id: usize) {
    let raw = fragment.raw(id);
    let src = fragment.attr(id, "src").unwrap_or_default();
    let lacks = is_placeholder(&src);
    if !lacks && !raw.contains("data-") && !raw.contains("file=") && !raw.contains("blur=") {
        return;
    }
    let found = first(fragment, id, SOURCES);
    let found =
        found.or_else(|| if lacks { first(fragment, id, SIZES).or_else(|| any_picture(fragment, id)) } else { None });
    if let Some((name, address)) = found {
        let (name, address) = (name.to_owned(), address.trim().to_owned());
        fragment.set_attr(id, "src", &address);
        fragment.remove_attr(id, &name);
        unhide(fragment, id);
    }
    set(fragment, id);
    let src = fragment.attr(id, "src").unwrap_or_default();
    let sharp = sharp(&src).map(str::to_owned);
    if let Some(sharp) = sharp {
        fragment.set_attr(id, "src", &sharp);
    } else if is_placeholder(&src)
        && let Some(best) = fragment.attr(id, "srcset").and_then(|set| last_of(&set))
    {
        fragment.set_attr(id, "src", &best);
        unhide(fragment, id);
    }
}

/// `data-srcset` becomes `srcset`.
fn set(fragment: &mut Fragment, id: usize) {
    let Some((name, value)) = first(fragment, id, SETS) else { return };
    let value = value.into_owned();
    fragment.set_attr(id, "srcset", &value);
    fragment.remove_attr(id, name);
    unhide(fragment, id);
}

/// The last, mostly the largest, picture of a `srcset`.
fn last_of(set: &str) -> Option<String> {
    let mut last = None;
    map_srcset(set, |url| {
        last = (!is_placeholder(url)).then(|| url.to_owned()).or(last.take());
        None
    });
    last
}

/// An attribute of any name that holds the address of a picture (RSSHub's rule).
fn any_picture(fragment: &Fragment, id: usize) -> Option<(&'static str, Cow<'_, str>)> {
    let is_picture = |value: &str| {
        let path = value.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let is_named = [".gif", ".png", ".jpg", ".jpeg", ".webp", ".avif"].iter().any(|end| path.ends_with(end));
        is_named && value.contains('/') && !value.contains(' ') && !is_placeholder(value)
    };
    let mut attrs = fragment
        .attrs(id)
        .filter(|(name, _)| !["src", "alt", "title", "class", "id", "style", "srcset"].contains(name));
    // The attribute stays: nothing is known of it.
    attrs.find(|(_, value)| is_picture(value)).map(|(_, value)| ("", value))
}

/// An element that stands for a picture: it has the address of one, and holds nothing.
fn stand_in(fragment: &mut Fragment, id: usize) {
    let is_nothing = |inner: usize| match fragment.kind(inner) {
        Kind::Text => fragment.raw(inner).trim().is_empty(),
        kind => matches!(kind, Kind::End | Kind::Comment | Kind::Removed),
    };
    if !fragment.raw(id).contains("data-") || !(id + 1..fragment.element_end(id)).all(is_nothing) {
        return;
    }
    let found = first(fragment, id, SOURCES).or_else(|| first(fragment, id, SIZES));
    let Some((_, address)) = found else { return };
    let alt = fragment.attr(id, "alt").or_else(|| fragment.attr(id, "title")).unwrap_or_default();
    let html = format!("<img src=\"{}\" alt=\"{}\">", escape(address.trim()), escape(&alt));
    fragment.replace_element(id, &html);
}

fn amp(fragment: &mut Fragment, id: usize) {
    if !fragment.is_closed(id) && !matches!(fragment.kind(id), Kind::Start { self_closing: true }) {
        return; // all that follows would go with it
    }
    let mut html = String::from("<img");
    for name in ["src", "srcset", "alt", "title", "width", "height"] {
        if let Some(value) = fragment.attr(id, name) {
            html.extend([" ", name, "=\"", &escape(&value), "\""]);
        }
    }
    html.push('>');
    fragment.replace_element(id, &html);
}

/// A frame, sound or film without an address.
fn media(fragment: &mut Fragment, id: usize) {
    if !fragment.raw(id).contains("data-") {
        return;
    }
    let lacks = fragment.attr(id, "src").is_none_or(|src| is_placeholder(&src));
    let found = first(fragment, id, SOURCES).or_else(|| first(fragment, id, SIZES)).filter(|_| lacks);
    if let Some((name, address)) = found {
        let address = address.trim().to_owned();
        fragment.set_attr(id, "src", &address);
        fragment.remove_attr(id, name);
    }
    if let Some((name, poster)) = first(fragment, id, &["data-poster"]) {
        let poster = poster.trim().to_owned();
        fragment.set_attr(id, "poster", &poster);
        fragment.remove_attr(id, name);
    }
}

/// What a `noscript` with one picture is for: the picture before it, or in its figure, is shown by a script only.
fn noscript(fragment: &mut Fragment, id: usize) {
    let end = fragment.element_end(id);
    if end - id > NEAR {
        return;
    }
    let pictures = |ids: std::ops::Range<usize>| {
        ids.filter(|&it| fragment.is(it, "img") && matches!(fragment.kind(it), Kind::Start { .. }))
    };
    let mut own = pictures(id + 1..end);
    let (Some(real), None) = (own.next(), own.next()) else { return };
    if fragment.attr(real, "src").is_none_or(|src| is_placeholder(&src)) || !fragment.plain_text_of(id..end).is_empty()
    {
        return;
    }
    let before = id.saturating_sub(NEAR)..id;
    let other = pictures(before).last().filter(|&other| stands_together(fragment, other, id));
    let other = other.or_else(|| {
        pictures(end..fragment.len().min(end + NEAR)).next().filter(|&other| is_in_figure(fragment, id, other))
    });
    match other {
        Some(other)
            if fragment.attr(other, "src").is_none_or(|src| is_placeholder(&src) || is_thumbnail(fragment, other)) =>
        {
            fragment.remove_element(other);
            fragment.unwrap_element(id);
        }
        Some(_) => fragment.remove_element(id),
        None => fragment.unwrap_element(id),
    }
}

/// How many tokens from a `noscript` its picture may stand: a few wrappers.
const NEAR: usize = 24;

/// Nothing but tags and space stands between a picture and the `noscript` after it, or both stand in one `figure`.
fn stands_together(fragment: &Fragment, picture: usize, noscript: usize) -> bool {
    let is_between = |id: usize| match fragment.kind(id) {
        Kind::Text => fragment.raw(id).trim().is_empty(),
        Kind::Start { .. } | Kind::End => !["p", "img", "noscript"].iter().any(|name| fragment.is(id, name)),
        _ => true,
    };
    (picture + 1..noscript).all(is_between) || is_in_figure(fragment, noscript, picture)
}

/// True where a `figure` begins near before both and holds both.
fn is_in_figure(fragment: &Fragment, a: usize, b: usize) -> bool {
    let (first, last) = (a.min(b), a.max(b));
    (first.saturating_sub(NEAR)..first).any(|id| fragment.is(id, "figure") && fragment.element_end(id) > last)
}

/// A small copy that is shown until the real picture has come: its address says so.
fn is_thumbnail(fragment: &Fragment, id: usize) -> bool {
    let class = fragment.attr(id, "class").unwrap_or_default().to_ascii_lowercase();
    ["lazy", "thumb", "placeholder", "blur", "preload"].iter().any(|word| class.contains(word))
}

/// True of no address, and of one that holds a place for the real one.
fn is_placeholder(src: &str) -> bool {
    let src = src.trim();
    if src.is_empty() || src == "#" || src.starts_with("data:") || src.starts_with("about:") {
        return true;
    }
    let path = src.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    const NAMES: &[&str] = &[
        "blank",
        "placeholder",
        "loading",
        "spacer",
        "transparent",
        "pixel",
        "1x1",
        "grey",
        "gray",
        "lazy",
        "lazyload",
        "empty",
        "none",
        "default_pic",
    ];
    let is_picture = [".gif", ".png", ".svg", ".jpg", ".webp"].iter().any(|end| name.ends_with(end));
    is_picture
        && NAMES.iter().any(|word| stem == *word || stem.split(['-', '_']).any(|part| part == *word && word.len() > 3))
}

/// The address without the query that asks for a blurred copy.
fn sharp(src: &str) -> Option<&str> {
    let (address, query) = src.split_once('?')?;
    let asks = query
        .split('&')
        .filter_map(|part| part.split_once('='))
        .any(|(name, value)| name == "blur" && value != "0" && !value.is_empty());
    asks.then_some(address)
}

/// A style that hid the picture until its script ran goes.
fn unhide(fragment: &mut Fragment, id: usize) {
    let Some(style) = fragment.attr(id, "style") else { return };
    let style: String = style.to_ascii_lowercase().chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if ["display:none", "opacity:0", "visibility:hidden", "filter:blur"].iter().any(|hides| style.contains(hides)) {
        fragment.remove_attr(id, "style");
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::after;

    fn lazy(html: &str) -> String {
        after("[{ lazy = true }]", html)
    }

    #[test]
    fn the_real_picture_becomes_the_source() {
        for (html, real) in [
            ("<img data-src=\"/a.jpg\">", "<img src=\"/a.jpg\">"),
            ("<img src=\"data:image/gif;base64,R0\" data-original=\"b.jpg\" alt=x>", "<img src=\"b.jpg\" alt=x>"),
            ("<img src='x/blank.gif' data-lazy-src='c.jpg' style='opacity: 0'>", "<img src='c.jpg'>"),
            (
                "<img src=\"loading.gif\" realsrc=\"/d/e.png?x=1\">",
                "<img src=\"/d/e.png?x=1\" realsrc=\"/d/e.png?x=1\">",
            ),
            ("<img src='s.jpg' data-orig-file='o.jpg'>", "<img src='s.jpg' data-orig-file='o.jpg'>"),
            ("<img src='' data-orig-file='o.jpg'>", "<img src='o.jpg'>"),
            ("<img src='a-20x20.jpg' data-src='a.jpg'>", "<img src='a.jpg'>"),
            ("<img data-srcset='a.jpg 1x, b.jpg 2x'>", "<img srcset=\"a.jpg 1x, b.jpg 2x\" src=\"b.jpg\">"),
            ("<img src='https://x/a.jpg?blur=60&w=20'>", "<img src='https://x/a.jpg'>"),
            ("<img src=a.jpg data-id=7>", "<img src=a.jpg data-id=7>"),
            ("<img src=a.jpg data-src='{{x}}.y'>", "<img src=a.jpg data-src='{{x}}.y'>"),
        ] {
            assert_eq!(lazy(html), real, "{html}");
        }
    }

    #[test]
    fn other_elements_too() {
        for (html, real) in [
            ("<div data-src='a.jpg' alt='x'></div>", "<img src=\"a.jpg\" alt=\"x\">"),
            ("<div data-src='a.jpg'>text</div>", "<div data-src='a.jpg'>text</div>"),
            ("<amp-img src=a.jpg width=3></amp-img>", "<img src=\"a.jpg\" width=\"3\">"),
            ("<iframe data-src='https://a/b'></iframe>", "<iframe src=\"https://a/b\"></iframe>"),
            (
                "<video data-src='/v.mp4' data-poster='/p.jpg'></video>",
                "<video src=\"/v.mp4\" poster=\"/p.jpg\"></video>",
            ),
            ("<source data-srcset='a.webp 1x'>", "<source srcset=\"a.webp 1x\">"),
        ] {
            assert_eq!(lazy(html), real, "{html}");
        }
    }

    #[test]
    fn a_noscript_gives_its_picture_where_there_is_none() {
        for (html, real) in [
            ("<p><noscript><img src=a.jpg></noscript>b</p>", "<p><img src=a.jpg>b</p>"),
            ("<img src='data:x'><noscript><img src=a.jpg></noscript>", "<img src=a.jpg>"),
            ("<img data-src=a.jpg><noscript><img src=a.jpg></noscript>", "<img src=\"a.jpg\">"),
            ("<noscript><span data-src=a.jpg></span></noscript>", "<img src=\"a.jpg\" alt=\"\">"),
            ("<div data-src=a.jpg></div><noscript><img src=a.jpg></noscript>", "<img src=\"a.jpg\" alt=\"\">"),
            (
                "<figure><div><img class=progressiveMedia-thumbnail src=t.jpg></div><noscript><img src=a.jpg></noscript></figure>",
                "<figure><div></div><img src=a.jpg></figure>",
            ),
            (
                "<img src=b.jpg><p>text</p><noscript><img src=a.jpg></noscript>",
                "<img src=b.jpg><p>text</p><img src=a.jpg>",
            ),
            (
                "<noscript>Please enable scripts <img src=a.jpg></noscript>",
                "<noscript>Please enable scripts <img src=a.jpg></noscript>",
            ),
        ] {
            assert_eq!(lazy(html), real, "{html}");
        }
    }
}
