//! How each format writes a new value of a field: the other direction of the field table.
//!
//! Values come as [`Feed::add`](super::Feed::add) takes them: `Content` and `Summary` as HTML, dates in any form, the rest as plain
//! text. Where a format has no place for a field, there is no shape.

use super::codec::{Coding, encode};
use super::fields::Field;
use super::names::Ns;
use super::{Format, dates};
use crate::html::{Fragment, Syntax};
use std::borrow::Cow;

/// A new element, member, array element or attribute.
pub(super) enum Shape<'a> {
    /// An element of the place.
    Element(Element<'a>),
    /// The attribute `xml:lang` of the place.
    Language(&'a str),
    /// A member of the place: its key and its JSON text.
    Member(&'static str, String),
    /// An element of the place's array of that key, which is made where it is missing: JSON text.
    Listed(&'static str, String),
}

/// An element to be written.
pub(super) struct Element<'a> {
    /// None for the format's own.
    pub ns: Option<Ns>,
    pub name: &'static str,
    pub attributes: Vec<(&'static str, Cow<'a, str>)>,
    pub body: Body<'a>,
}

/// What stands in an element.
pub(super) enum Body<'a> {
    Empty,
    Text(Cow<'a, str>),
    /// HTML: in a CDATA section where it has markup.
    Section(&'a str),
    Children(Vec<Element<'a>>),
}

impl<'a> Element<'a> {
    pub fn of(ns: Option<Ns>, name: &'static str, body: Body<'a>) -> Element<'a> {
        Element { ns, name, attributes: Vec::new(), body }
    }

    pub fn text(name: &'static str, text: impl Into<Cow<'a, str>>) -> Element<'a> {
        Element::of(None, name, Body::Text(text.into()))
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Element<'a> {
        self.attributes.push((name, value.into()));
        self
    }

    /// Writes it. `prefix` gives the prefix of a namespace with its colon; `declaration` stands in the tag of the element itself.
    pub fn write(&self, out: &mut String, prefix: &dyn Fn(Option<Ns>) -> String, declaration: &str) {
        let name = format!("{}{}", prefix(self.ns), self.name);
        out.extend(["<", &name, declaration]);
        for (attribute, value) in &self.attributes {
            out.extend([" ", attribute, "=\""]);
            encode(out, value, Coding::Attribute('"'), false);
            out.push('"');
        }
        match &self.body {
            Body::Empty => return out.push_str("/>"),
            Body::Text(text) => {
                out.push('>');
                encode(out, text, Coding::Text, false);
            }
            Body::Section(html) if memchr::memchr2(b'<', b'&', html.as_bytes()).is_some() => {
                out.push_str("><![CDATA[");
                encode(out, html, Coding::Text, true);
                out.push_str("]]>");
            }
            Body::Section(text) => {
                out.push('>');
                encode(out, text, Coding::Text, false);
            }
            Body::Children(children) => {
                out.push('>');
                children.iter().for_each(|child| child.write(out, prefix, ""));
            }
        }
        out.extend(["</", &name, ">"]);
    }
}

/// The shape of a new value.
pub(super) fn shape(format: Format, is_head: bool, field: Field, value: &str) -> Option<Shape<'_>> {
    match format {
        Format::Json10 | Format::Json11 => json(format, is_head, field, value),
        Format::Atom03 | Format::Atom10 => atom(format, is_head, field, value),
        Format::Rss09x | Format::Rss20 => rss(is_head, field, value),
        Format::Rss090 | Format::Rss10 => rdf(is_head, field, value),
    }
}

fn rss(is_head: bool, field: Field, value: &str) -> Option<Shape<'_>> {
    let own = |name, text| Some(Shape::Element(Element::text(name, text)));
    match field {
        Field::Id if !is_head => Some(Shape::Element(Element::text("guid", value).with("isPermaLink", "false"))),
        Field::Comments if !is_head => own("comments", Cow::Borrowed(value)),
        Field::Published => own("pubDate", Cow::Owned(dates::rfc822(dates::parse(value)?))),
        Field::Updated if is_head => own("lastBuildDate", Cow::Owned(dates::rfc822(dates::parse(value)?))),
        Field::Updated => extension(Ns::Atom10, "updated", dates::rfc3339(dates::parse(value)?)),
        // RSS's own element holds an address, and a name at most beside it.
        Field::Author if value.contains('@') => {
            own(if is_head { "managingEditor" } else { "author" }, Cow::Borrowed(value))
        }
        Field::Category => own("category", Cow::Borrowed(value)),
        Field::Language if is_head => own("language", Cow::Borrowed(value)),
        Field::Enclosure | Field::Source => None,
        _ => rdf(is_head, field, value),
    }
}

/// RSS 1.0's own elements, and the extensions that RSS 2.0 shares with it.
fn rdf(is_head: bool, field: Field, value: &str) -> Option<Shape<'_>> {
    let own = |name, body| Some(Shape::Element(Element::of(None, name, body)));
    match field {
        Field::Title => own("title", Body::Text(as_html(value))),
        Field::Link => own("link", Body::Text(value.into())),
        Field::Summary => own("description", Body::Section(value)),
        Field::Content if !is_head => {
            Some(Shape::Element(Element::of(Some(Ns::Content), "encoded", Body::Section(value))))
        }
        Field::Published => extension(Ns::Dc, "date", dates::rfc3339(dates::parse(value)?)),
        Field::Updated => extension(Ns::DcTerms, "modified", dates::rfc3339(dates::parse(value)?)),
        Field::Author => extension(Ns::Dc, "creator", value),
        Field::Category => extension(Ns::Dc, "subject", value),
        Field::Language => extension(Ns::Dc, "language", value),
        Field::Image if !is_head => thumbnail(value),
        _ => None,
    }
}

fn extension<'a>(ns: Ns, name: &'static str, text: impl Into<Cow<'a, str>>) -> Option<Shape<'a>> {
    Some(Shape::Element(Element::of(Some(ns), name, Body::Text(text.into()))))
}

fn thumbnail(address: &str) -> Option<Shape<'_>> {
    Some(Shape::Element(Element::of(Some(Ns::Media), "thumbnail", Body::Empty).with("url", address)))
}

fn atom(format: Format, is_head: bool, field: Field, value: &str) -> Option<Shape<'_>> {
    let is_03 = format == Format::Atom03;
    let own = |name, text| Some(Shape::Element(Element::text(name, text)));
    let html = |name| {
        let element = Element::text(name, value);
        Some(Shape::Element(match is_03 {
            true => element.with("type", "text/html").with("mode", "escaped"),
            false => element.with("type", "html"),
        }))
    };
    let link = |rel| Some(Shape::Element(Element::of(None, "link", Body::Empty).with("rel", rel).with("href", value)));
    let date = |name| own(name, Cow::Owned(dates::rfc3339(dates::parse(value)?)));
    match field {
        Field::Title => own("title", value.into()),
        Field::Link => link("alternate"),
        Field::Id => own("id", value.into()),
        Field::Comments if !is_head => link("replies"),
        // A feed of Atom has no such date.
        Field::Published if !is_head => date(if is_03 { "issued" } else { "published" }),
        Field::Updated => date(if is_03 { "modified" } else { "updated" }),
        Field::Author => {
            let name = Body::Children(vec![Element::text("name", value)]);
            Some(Shape::Element(Element::of(None, "author", name)))
        }
        Field::Category if is_03 => extension(Ns::Dc, "subject", value),
        Field::Category => Some(Shape::Element(Element::of(None, "category", Body::Empty).with("term", value))),
        Field::Summary if is_head => html(if is_03 { "tagline" } else { "subtitle" }),
        Field::Summary => html("summary"),
        Field::Content if !is_head => html("content"),
        Field::Image if is_head && !is_03 => own("logo", value.into()),
        Field::Image if !is_head => thumbnail(value),
        Field::Language => Some(Shape::Language(value)),
        _ => None,
    }
}

fn json(format: Format, is_head: bool, field: Field, value: &str) -> Option<Shape<'_>> {
    let is_1 = format == Format::Json10;
    let member = |key, text: &str| Some(Shape::Member(key, string(text)));
    let date = |key| member(key, &dates::rfc3339(dates::parse(value)?));
    match field {
        Field::Title => member("title", value),
        Field::Link => member(if is_head { "home_page_url" } else { "url" }, value),
        Field::Id if !is_head => member("id", value),
        Field::Published if !is_head => date("date_published"),
        Field::Updated if !is_head => date("date_modified"),
        Field::Author if is_1 => Some(Shape::Member("author", object(&[("name", string(value))]))),
        Field::Author => Some(Shape::Listed("authors", object(&[("name", string(value))]))),
        Field::Category if !is_head => Some(Shape::Listed("tags", string(value))),
        Field::Summary => member(if is_head { "description" } else { "summary" }, &plain(value)),
        Field::Content if !is_head => member("content_html", value),
        Field::Image => member(if is_head { "icon" } else { "image" }, value),
        Field::Language if !is_1 => member("language", value),
        _ => None,
    }
}

/// A JSON string.
pub(super) fn string(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    encode(&mut out, value, Coding::Json, false);
    out.push('"');
    out
}

/// A JSON object of members whose values are JSON text.
pub(super) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

/// Plain text as HTML: itself where a reader could not take any of it for markup.
pub fn as_html(text: &str) -> Cow<'_, str> {
    if text.contains('<') || htmlize::unescape(text) != text {
        Cow::Owned(text.replace('&', "&amp;").replace('<', "&lt;"))
    } else {
        Cow::Borrowed(text)
    }
}

/// HTML as plain text.
pub(super) fn plain(html: &str) -> Cow<'_, str> {
    match memchr::memchr2(b'<', b'&', html.as_bytes()) {
        Some(_) => Cow::Owned(Fragment::parse(html.to_owned(), Syntax::Html).plain_text()),
        None => Cow::Borrowed(html),
    }
}
