//! Let through only harmless HTML: elements and attributes of a list, addresses of known schemes.
//!
//! ## What it does
//! What is not on the list goes: scripts, styles, forms, objects and whatever else with all it holds, unknown elements without what they
//! hold, event handlers, classes, ids and inline styles, comments, addresses of other schemes than `http`, `https`, `mailto`, `tel`, `magnet`
//! and `data:` pictures. Tags that are not closed, or closed twice, are put in order, so that nothing reaches out of the item. HTML that
//! is all on the list keeps its bytes; other HTML is written anew, by [ammonia](https://docs.rs/ammonia), which reads it as browsers do.
//!
//! The list has text, headings, lists, tables, quotations, ruby, pictures, sound, films, and frames of the players that `embed` knows.
//! `tags` adds elements, `without` takes some off, `attributes` adds attributes for every element, `frames` adds hosts of frames;
//! `styles = true` lets inline styles through, `classes = true` classes and ids.
//!
//! ## When to use
//! For readers and pages that show what a feed says without a guard of their own.
//!
//! ## Example
//! ```toml
//! rules = [{ sanitize = true }]
//! ```
//! ```toml
//! rules = [{ sanitize = { without = ["iframe", "table"], attributes = ["data-id"], classes = true } }]
//! ```
//!
//! ## Order
//! After the rules that know elements by classes (`clean`, `cards`, `remove`, `select`) and those that mend (`lazy`); before `style`, `note`
//! and `highlight`, which add what you want.
//!
//! ## Cost
//! One pass over the tags; for HTML that is not all on the list a browser's parser, 10 to 20 ms for a megabyte.

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use serde::Deserialize;
use toml::Spanned;

use super::embed::is_player;
use super::{Build, Context, Rule, RuleError, fragments};
use crate::base::url::has_scheme;
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{CUT, CUT_ATTRIBUTE, CUT_ELEMENT, Fragment, Kind, Syntax, rejoined};

/// Settings of `sanitize`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// More elements.
    #[serde(default)]
    tags: Vec<Spanned<String>>,
    /// Elements that go too.
    #[serde(default)]
    without: Vec<Spanned<String>>,
    /// More attributes, of every element.
    #[serde(default)]
    attributes: Vec<Spanned<String>>,
    /// More hosts whose frames stay.
    #[serde(default)]
    frames: Vec<Spanned<String>>,
    #[serde(default)]
    styles: bool,
    #[serde(default)]
    classes: bool,
}

/// What a feed needs to show.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "iframe",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "map",
    "area",
    "mark",
    "nav",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "rp",
    "rt",
    "rtc",
    "rb",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Attributes of every element.
const ANYWHERE: &[&str] = &["title", "lang", "dir", "translate", "align", "valign", "width", "height"];

/// Attributes of some.
const OF: &[(&str, &[&str])] = &[
    ("a", &["href", "hreflang", "type", "name", "rel", "target", "download"]),
    ("area", &["href", "alt", "coords", "shape"]),
    ("map", &["name"]),
    ("img", &["src", "srcset", "sizes", "alt", "loading", "decoding", "referrerpolicy", "usemap", "border"]),
    ("source", &["src", "srcset", "sizes", "type", "media"]),
    ("track", &["src", "kind", "srclang", "label", "default"]),
    ("audio", &["src", "controls", "loop", "muted", "preload"]),
    ("video", &["src", "controls", "loop", "muted", "preload", "poster", "playsinline"]),
    (
        "iframe",
        &["src", "frameborder", "allowfullscreen", "allow", "scrolling", "loading", "referrerpolicy", "sandbox"],
    ),
    ("blockquote", &["cite"]),
    ("q", &["cite"]),
    ("del", &["cite", "datetime"]),
    ("ins", &["cite", "datetime"]),
    ("time", &["datetime"]),
    ("ol", &["start", "reversed", "type"]),
    ("ul", &["type"]),
    ("li", &["value", "type"]),
    ("td", &["colspan", "rowspan", "headers", "abbr"]),
    ("th", &["colspan", "rowspan", "headers", "scope", "abbr"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("table", &["border", "cellpadding", "cellspacing", "summary", "frame", "rules"]),
    ("details", &["open"]),
    ("font", &["color", "face", "size"]),
];

/// Attributes that hold an address.
const ADDRESSES: &[&str] = &["href", "src", "cite", "poster"];

const SCHEMES: &[&str] = &["http", "https", "mailto", "tel", "magnet", "data"];

/// Elements that go with all they hold.
const WHOLE: &[&str] = &[
    "script",
    "style",
    "template",
    "noembed",
    "noframes",
    "title",
    "textarea",
    "select",
    "button",
    "form",
    "object",
    "applet",
    "embed",
    "svg",
    "math",
    "head",
    "xmp",
    "plaintext",
    "canvas",
    "dialog",
    "marquee",
    "frameset",
];

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Sanitize;

    fn build(self, report: &mut Report) -> Option<Sanitize> {
        let before = report.count();
        let mut tags: HashSet<String> = TAGS.iter().map(|tag| (*tag).to_owned()).collect();
        for tag in &self.tags {
            let name = tag.get_ref().to_ascii_lowercase();
            if WHOLE.contains(&name.as_str()) || !is_name(&name) {
                report.error(tag.span(), format!("`{name}` cannot be let through")).help("it runs, or hides what runs");
            }
            tags.insert(name);
        }
        for tag in &self.without {
            if !tags.remove(&tag.get_ref().to_ascii_lowercase()) {
                report.error(tag.span(), format!("`{}` is not let through anyway", tag.get_ref())).help("leave it out");
            }
        }
        let mut anywhere: HashSet<String> = ANYWHERE.iter().map(|name| (*name).to_owned()).collect();
        for attribute in &self.attributes {
            let name = attribute.get_ref().to_ascii_lowercase();
            if name.starts_with("on") || ["srcdoc", "action", "formaction"].contains(&name.as_str()) || !is_name(&name)
            {
                report
                    .error(attribute.span(), format!("`{name}` cannot be let through"))
                    .help("it runs, or holds what runs");
            }
            anywhere.insert(name);
        }
        let own = |name: &str, is_on: bool| is_on.then(|| name.to_owned());
        anywhere.extend(
            [own("style", self.styles), own("class", self.classes), own("id", self.classes)].into_iter().flatten(),
        );
        let frames = self.frames.into_iter().map(|host| host.into_inner().to_ascii_lowercase()).collect();
        (report.count() == before).then_some(Sanitize { tags, anywhere, frames })
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The compiled rule.
#[derive(Debug, Clone)]
pub struct Sanitize {
    tags: HashSet<String>,
    anywhere: HashSet<String>,
    /// Hosts of frames beside the known players'.
    frames: Vec<String>,
}

impl Sanitize {
    fn edit(&self, fragment: &mut Fragment) {
        self.frames(fragment);
        if self.is_harmless(fragment) {
            return;
        }
        let html = self.cleaned(&fragment.balanced());
        fragment.replace_all(&html);
    }

    /// Frames of strangers go; what stands in the others for readers without frames is HTML to be looked at too.
    fn frames(&self, fragment: &mut Fragment) {
        for id in 0..fragment.len() {
            if !fragment.is(id, "iframe") || !matches!(fragment.kind(id), Kind::Start { .. }) {
                continue;
            }
            if !fragment.attr(id, "src").is_some_and(|src| self.is_trusted(&src)) {
                fragment.remove_element(id);
            } else if fragment.kind(id + 1) == Kind::RawText && fragment.raw(id + 1).contains('<') {
                let fallback = Fragment::parse(fragment.text(id + 1).into_owned(), Syntax::Html);
                let without = Sanitize {
                    tags: self.tags.iter().filter(|tag| *tag != "iframe").cloned().collect(),
                    ..self.clone()
                };
                if !without.is_harmless(&fallback) {
                    let clean = without.cleaned(&fallback.balanced());
                    fragment.set_text(id + 1, &clean);
                }
            }
        }
    }

    fn is_trusted(&self, src: &str) -> bool {
        is_player(src.trim(), &self.frames)
    }

    /// True where every token is on the list and every tag is closed: then the tokenizer of a browser never leaves its
    /// plain state, so that what stands here is what it sees.
    fn is_harmless(&self, fragment: &Fragment) -> bool {
        let mut closed = 0;
        let mut opened = 0;
        for id in 0..fragment.len() {
            let is_fine = match fragment.kind(id) {
                Kind::Start { self_closing } => {
                    let has_end = fragment.is_closed(id);
                    opened += usize::from(has_end);
                    self.is_listed(fragment, id) && (has_end || self_closing || fragment.is_void(id))
                }
                Kind::End => {
                    closed += 1;
                    closed <= opened
                }
                Kind::RawText => id.checked_sub(1).is_some_and(|start| fragment.is(start, "iframe")),
                Kind::Text | Kind::Removed => true,
                Kind::Comment | Kind::Other => false,
            };
            if !is_fine {
                return false;
            }
        }
        opened == closed
    }

    fn is_listed(&self, fragment: &Fragment, id: usize) -> bool {
        let name = fragment.name(id).to_ascii_lowercase();
        if !self.tags.contains(&name) {
            return false;
        }
        let own = OF.iter().find(|(tag, _)| *tag == name).map_or(&[][..], |(_, own)| own);
        let mut seen: Vec<&str> = Vec::new();
        fragment.attrs(id).all(|(attribute, value)| {
            let known = own.contains(&attribute) || self.anywhere.contains(attribute);
            let is_first = seen.len() < MAX_COMPARED && !seen.contains(&attribute);
            seen.push(attribute);
            known && is_first && (!ADDRESSES.contains(&attribute) || is_safe(&name, attribute, &value))
        })
    }

    /// `html` as ammonia lets it through.
    fn cleaned(&self, html: &str) -> String {
        let tags: HashSet<&str> = self.tags.iter().map(String::as_str).collect();
        let anywhere = self.anywhere.iter().map(String::as_str).collect();
        let attributes: HashMap<&str, HashSet<&str>> = OF
            .iter()
            .filter(|(tag, _)| tags.contains(tag))
            .map(|(tag, own)| (*tag, own.iter().copied().collect()))
            .collect();
        let whole = WHOLE.iter().copied().filter(|tag| !tags.contains(tag)).collect();
        let frames = self.frames.clone();
        let mut builder = Builder::default();
        builder
            .tags(tags)
            .generic_attributes(anywhere)
            .tag_attributes(attributes)
            .clean_content_tags(whole)
            .url_schemes(SCHEMES.iter().copied().collect())
            .url_relative(UrlRelative::PassThrough)
            .link_rel(None)
            .attribute_filter(move |element, attribute, value| {
                let is_fine = match (element, attribute) {
                    ("iframe", "src") => is_player(value.trim(), &frames),
                    (element, attribute) if ADDRESSES.contains(&attribute) => is_safe(element, attribute, value),
                    _ => true,
                };
                is_fine.then(|| value.into())
            });
        if html.contains(CUT) {
            builder.add_tags([CUT_ELEMENT]).add_tag_attributes(CUT_ELEMENT, [CUT_ATTRIBUTE]);
        }
        rejoined(builder.clean(html).to_string())
    }
}

/// Most attributes of a tag that are compared with each other: more are ammonia's to sort.
const MAX_COMPARED: usize = 40;

/// True of an address that does nothing but lead somewhere; `data:` is for pictures.
fn is_safe(element: &str, attribute: &str, value: &str) -> bool {
    let address: String = value.chars().filter(|c| *c > ' ' && *c != '\u{7F}').collect();
    let lower = address.to_ascii_lowercase();
    if !has_scheme(&lower) && !lower.split(['/', '?', '#']).next().unwrap_or_default().contains(':') {
        return true;
    }
    let scheme = lower.split(':').next().unwrap_or_default();
    match scheme {
        "data" => {
            element == "img"
                && attribute == "src"
                && lower.starts_with("data:image/")
                && !lower.starts_with("data:image/svg")
        }
        scheme => SCHEMES.contains(&scheme),
    }
}

impl Rule for Sanitize {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let places = feed.places();
        fragments::for_each(feed, places, |fragment| self.edit(fragment));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
