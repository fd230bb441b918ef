//! The field table: for every format, which element, attribute or member holds which field, and what kind of value it is.
//!
//! Rules ask for fields and kinds, never for element names, so that one rule serves RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and JSON Feed.
//! Adding an extension's element is adding a row. Read by [`super::slots`].

use super::names::Ns;

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The title of the feed or item.
    Title,
    /// Its web page.
    Link,
    /// Its identity: `guid`, `id`, `rdf:about`. Never edited.
    Id,
    /// The page of its comments.
    Comments,
    /// When it was published.
    Published,
    /// When it was last changed.
    Updated,
    /// The name of an author.
    Author,
    /// A category, tag or subject.
    Category,
    /// A summary, subtitle or description.
    Summary,
    /// The content itself.
    Content,
    /// The address of an attached file.
    Enclosure,
    /// The address of a picture that stands for the feed or item.
    Image,
    /// A language tag.
    Language,
    /// The feed an item was taken from.
    Source,
    /// Anything else that a reader may show or follow.
    Other,
}

/// What sort of value it is, and so what may be done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Plain text.
    Text,
    /// HTML: escaped, in CDATA, or inline markup.
    Html,
    /// One URL.
    Url,
    /// A date in any of the formats of [`super::dates`].
    Date,
    /// A language tag.
    Language,
    /// Not to be edited.
    Opaque,
}

/// Where in an element or member the value stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Between the tags; the JSON value itself, or each string of an array.
    Inside,
    /// An attribute.
    Attribute(&'static str),
    /// An Atom text construct: its `type` says what it holds (RFC 4287 §3.1; Atom 0.3's `mode` too).
    Construct,
    /// Media RSS text: plain unless `type="html"`.
    MediaText,
    /// An Atom link: its `rel` says which field it is.
    Link,
    /// An Atom category: `label` is for people, else `term`.
    Term,
    /// More fields of the same table inside.
    Nested,
    /// More fields inside.
    Group(&'static [Row]),
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub name: &'static str,
    pub part: Part,
    pub field: Field,
    pub kind: Kind,
}

const fn row(name: &'static str, part: Part, field: Field, kind: Kind) -> Row {
    Row { name, part, field, kind }
}

const fn inside(name: &'static str, field: Field, kind: Kind) -> Row {
    row(name, Part::Inside, field, kind)
}

const fn url(name: &'static str, attribute: &'static str, field: Field) -> Row {
    row(name, Part::Attribute(attribute), field, Kind::Url)
}

const fn group(name: &'static str, rows: &'static [Row]) -> Row {
    row(name, Part::Group(rows), Field::Other, Kind::Opaque)
}

const TEXT_INPUT: &[Row] = &[
    inside("title", Field::Other, Kind::Text),
    inside("description", Field::Other, Kind::Text),
    inside("link", Field::Other, Kind::Url),
];

/// RSS 0.90 to 2.0, channel and item alike.
const RSS: &[Row] = &[
    inside("title", Field::Title, Kind::Html),
    inside("link", Field::Link, Kind::Url),
    inside("description", Field::Summary, Kind::Html),
    inside("guid", Field::Id, Kind::Opaque),
    inside("pubDate", Field::Published, Kind::Date),
    inside("pubdate", Field::Published, Kind::Date),
    inside("lastBuildDate", Field::Updated, Kind::Date),
    inside("author", Field::Author, Kind::Text),
    inside("managingEditor", Field::Author, Kind::Text),
    inside("webMaster", Field::Other, Kind::Text),
    inside("copyright", Field::Other, Kind::Text),
    inside("category", Field::Category, Kind::Text),
    inside("comments", Field::Comments, Kind::Url),
    url("enclosure", "url", Field::Enclosure),
    row("enclosure", Part::Attribute("type"), Field::Enclosure, Kind::Opaque),
    inside("source", Field::Source, Kind::Text),
    url("source", "url", Field::Source),
    inside("language", Field::Language, Kind::Language),
    inside("docs", Field::Other, Kind::Url),
    group(
        "image",
        &[
            inside("url", Field::Image, Kind::Url),
            inside("title", Field::Other, Kind::Text),
            inside("link", Field::Other, Kind::Url),
            inside("description", Field::Other, Kind::Text),
        ],
    ),
    group("textInput", TEXT_INPUT),
    group("textinput", TEXT_INPUT),
];

const ATOM_PERSON: &[Row] = &[
    inside("name", Field::Author, Kind::Text),
    inside("uri", Field::Other, Kind::Url),
    inside("url", Field::Other, Kind::Url),
];

/// Atom 0.3 and 1.0, feed and entry alike; RSS feeds carry some of it too.
const ATOM: &[Row] = &[
    row("title", Part::Construct, Field::Title, Kind::Text),
    row("link", Part::Link, Field::Link, Kind::Url),
    inside("id", Field::Id, Kind::Opaque),
    row("subtitle", Part::Construct, Field::Summary, Kind::Text),
    row("tagline", Part::Construct, Field::Summary, Kind::Text),
    row("summary", Part::Construct, Field::Summary, Kind::Text),
    row("content", Part::Construct, Field::Content, Kind::Text),
    url("content", "src", Field::Other),
    inside("published", Field::Published, Kind::Date),
    inside("issued", Field::Published, Kind::Date),
    inside("created", Field::Published, Kind::Date),
    inside("updated", Field::Updated, Kind::Date),
    inside("modified", Field::Updated, Kind::Date),
    group("author", ATOM_PERSON),
    group(
        "contributor",
        &[
            inside("name", Field::Other, Kind::Text),
            inside("uri", Field::Other, Kind::Url),
            inside("url", Field::Other, Kind::Url),
        ],
    ),
    row("category", Part::Term, Field::Category, Kind::Text),
    row("rights", Part::Construct, Field::Other, Kind::Text),
    row("copyright", Part::Construct, Field::Other, Kind::Text),
    inside("logo", Field::Image, Kind::Url),
    inside("icon", Field::Image, Kind::Url),
    url("generator", "uri", Field::Other),
    group(
        "source",
        &[
            row("title", Part::Construct, Field::Source, Kind::Text),
            row("subtitle", Part::Construct, Field::Other, Kind::Text),
            url("link", "href", Field::Source),
            inside("logo", Field::Other, Kind::Url),
            inside("icon", Field::Other, Kind::Url),
        ],
    ),
];

const DUBLIN_CORE: &[Row] = &[
    inside("title", Field::Title, Kind::Text),
    inside("creator", Field::Author, Kind::Text),
    inside("author", Field::Author, Kind::Text),
    inside("contributor", Field::Other, Kind::Text),
    inside("publisher", Field::Other, Kind::Text),
    inside("rights", Field::Other, Kind::Text),
    inside("subject", Field::Category, Kind::Text),
    inside("description", Field::Summary, Kind::Html),
    inside("date", Field::Published, Kind::Date),
    inside("language", Field::Language, Kind::Language),
];

const DUBLIN_CORE_TERMS: &[Row] = &[
    inside("issued", Field::Published, Kind::Date),
    inside("created", Field::Published, Kind::Date),
    inside("date", Field::Published, Kind::Date),
    inside("modified", Field::Updated, Kind::Date),
    inside("abstract", Field::Summary, Kind::Html),
];

const MEDIA: &[Row] = &[
    row("group", Part::Nested, Field::Other, Kind::Opaque),
    url("content", "url", Field::Enclosure),
    row("content", Part::Attribute("type"), Field::Enclosure, Kind::Opaque),
    row("content", Part::Nested, Field::Other, Kind::Opaque),
    url("thumbnail", "url", Field::Image),
    row("title", Part::MediaText, Field::Other, Kind::Text),
    row("description", Part::MediaText, Field::Summary, Kind::Text),
    row("text", Part::MediaText, Field::Other, Kind::Text),
    inside("credit", Field::Other, Kind::Text),
    inside("category", Field::Category, Kind::Text),
    inside("keywords", Field::Other, Kind::Text),
    inside("copyright", Field::Other, Kind::Text),
    url("copyright", "url", Field::Other),
    url("player", "url", Field::Other),
    url("embed", "url", Field::Other),
    url("license", "href", Field::Other),
];

/// Apple's and Google's podcast tags.
const PODCAST_SHOPS: &[Row] = &[
    url("image", "href", Field::Image),
    url("image", "url", Field::Image),
    inside("image", Field::Image, Kind::Url),
    inside("title", Field::Other, Kind::Text),
    inside("subtitle", Field::Summary, Kind::Text),
    inside("summary", Field::Summary, Kind::Html),
    inside("description", Field::Summary, Kind::Html),
    inside("author", Field::Author, Kind::Text),
    inside("keywords", Field::Other, Kind::Text),
    row("category", Part::Attribute("text"), Field::Category, Kind::Text),
    group("owner", &[inside("name", Field::Other, Kind::Text)]),
    inside("new-feed-url", Field::Other, Kind::Url),
];

const PODCASTING_2: &[Row] = &[
    url("transcript", "url", Field::Other),
    url("chapters", "url", Field::Other),
    url("trailer", "url", Field::Other),
    inside("trailer", Field::Other, Kind::Text),
    url("image", "href", Field::Image),
    url("person", "img", Field::Image),
    url("person", "href", Field::Other),
    inside("person", Field::Other, Kind::Text),
    url("funding", "url", Field::Other),
    inside("funding", Field::Other, Kind::Text),
    inside("soundbite", Field::Other, Kind::Text),
    inside("season", Field::Other, Kind::Text),
    inside("location", Field::Other, Kind::Text),
    group("alternateEnclosure", &[url("source", "uri", Field::Enclosure)]),
    url("socialInteract", "uri", Field::Other),
];

/// The `content` module of RSS 1.0.
const CONTENT: &[Row] = &[inside("encoded", Field::Content, Kind::Html)];

/// XHTML in RSS.
const XHTML: &[Row] = &[inside("body", Field::Content, Kind::Html), inside("div", Field::Content, Kind::Html)];

/// Well-Formed Web.
const COMMENT_API: &[Row] =
    &[inside("commentRss", Field::Other, Kind::Url), inside("comment", Field::Other, Kind::Url)];

/// Atom threading, RFC 4685.
const THREADS: &[Row] = &[url("in-reply-to", "href", Field::Other), url("in-reply-to", "source", Field::Other)];

/// Services that put links of their own in the place of a feed's.
const LINK_SERVICES: &[Row] = &[inside("origLink", Field::Other, Kind::Url)];

const JSON_PERSON: &[Row] = &[
    inside("name", Field::Author, Kind::Text),
    inside("url", Field::Other, Kind::Url),
    inside("avatar", Field::Image, Kind::Url),
];

/// JSON Feed 1 and 1.1, top level and items alike.
pub(super) const JSON: &[Row] = &[
    inside("title", Field::Title, Kind::Text),
    inside("home_page_url", Field::Link, Kind::Url),
    inside("url", Field::Link, Kind::Url),
    inside("feed_url", Field::Other, Kind::Url),
    inside("next_url", Field::Other, Kind::Url),
    inside("external_url", Field::Other, Kind::Url),
    inside("id", Field::Id, Kind::Opaque),
    inside("description", Field::Summary, Kind::Text),
    inside("summary", Field::Summary, Kind::Text),
    inside("content_html", Field::Content, Kind::Html),
    inside("content_text", Field::Content, Kind::Text),
    inside("user_comment", Field::Other, Kind::Text),
    inside("icon", Field::Image, Kind::Url),
    inside("favicon", Field::Image, Kind::Url),
    inside("image", Field::Image, Kind::Url),
    inside("banner_image", Field::Image, Kind::Url),
    inside("date_published", Field::Published, Kind::Date),
    inside("date_modified", Field::Updated, Kind::Date),
    inside("tags", Field::Category, Kind::Text),
    inside("language", Field::Language, Kind::Language),
    group("author", JSON_PERSON),
    group("authors", JSON_PERSON),
    group("hubs", &[inside("url", Field::Other, Kind::Url)]),
    group("attachments", &[inside("url", Field::Enclosure, Kind::Url), inside("title", Field::Other, Kind::Text)]),
];

/// The rows of a namespace; `root` is what elements without a namespace mean in this document.
pub(super) fn rows(ns: Ns, root: Ns) -> &'static [Row] {
    match ns {
        Ns::None if matches!(root, Ns::Atom10 | Ns::Atom03) => ATOM,
        Ns::None | Ns::Rss => RSS,
        Ns::Atom10 | Ns::Atom03 => ATOM,
        Ns::Dc => DUBLIN_CORE,
        Ns::DcTerms => DUBLIN_CORE_TERMS,
        Ns::Content => CONTENT,
        Ns::Xhtml => XHTML,
        Ns::Media => MEDIA,
        Ns::Itunes | Ns::GooglePlay => PODCAST_SHOPS,
        Ns::Podcast => PODCASTING_2,
        Ns::Wfw => COMMENT_API,
        Ns::Syndication => &[],
        Ns::Thread => THREADS,
        Ns::LinkService => LINK_SERVICES,
        Ns::Rdf | Ns::History | Ns::Xml | Ns::Other => &[],
    }
}
