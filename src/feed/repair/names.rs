//! What elements are called and what that says: the parts a feed is made of, HTML's elements, the prefixes everyone uses.
//!
//! Used only to guess at structure that is broken, and to bind prefixes that nothing binds.

use crate::feed::sniff::Root;

/// What an element is to a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Holds items or fields: `channel`, `image`, Atom's `author`.
    Container,
    /// `item`, `entry`.
    Item,
    /// A field that holds plain text: `title`, `link`, `dc:date`.
    Simple,
    /// A field that may hold HTML: `description`, `content:encoded`.
    Rich,
    /// Anything else.
    Other,
}

impl Role {
    pub(super) fn is_field(self) -> bool {
        matches!(self, Role::Simple | Role::Rich)
    }

    pub(super) fn holds_fields(self) -> bool {
        matches!(self, Role::Container | Role::Item)
    }
}

/// Which root of feeds has that name, by any prefix. Items stand in these only.
pub(super) fn root(name: &str) -> Option<Root> {
    Root::named(name.rsplit(':').next().unwrap_or_default().as_bytes())
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The role of an element of that name which stands in a [`Role::Container`] or [`Role::Item`].
pub(super) fn role(name: &str, atom: bool) -> Role {
    const CONTAINERS: [&str; 14] = [
        "rss",
        "rdf:RDF",
        "RDF",
        "feed",
        "channel",
        "image",
        "textInput",
        "items",
        "media:group",
        "media:content",
        "itunes:owner",
        "itunes:category",
        "skipHours",
        "skipDays",
    ];
    const SIMPLE: [&str; 36] = [
        "title",
        "link",
        "guid",
        "pubDate",
        "category",
        "comments",
        "id",
        "updated",
        "published",
        "modified",
        "issued",
        "created",
        "name",
        "uri",
        "email",
        "url",
        "width",
        "height",
        "generator",
        "language",
        "copyright",
        "rights",
        "managingEditor",
        "webMaster",
        "lastBuildDate",
        "ttl",
        "docs",
        "rating",
        "enclosure",
        "logo",
        "icon",
        "day",
        "hour",
        "cloud",
        "expirationDate",
        "media:title",
    ];
    const RICH: [&str; 10] = [
        "description",
        "summary",
        "content",
        "content:encoded",
        "subtitle",
        "tagline",
        "info",
        "itunes:summary",
        "media:description",
        "fullcontent",
    ];
    const PREFIXES: [&str; 9] = ["dc", "itunes", "slash", "wfw", "sy", "georss", "feedburner", "thr", "dcterms"];
    match name {
        _ if is_one_of(name, &["item", "entry"]) => Role::Item,
        _ if is_one_of(name, &["author", "contributor", "source"]) => {
            if atom {
                Role::Container
            } else {
                Role::Simple
            }
        }
        _ if is_one_of(name, &CONTAINERS) => Role::Container,
        _ if is_one_of(name, &RICH) => Role::Rich,
        _ if is_one_of(name, &SIMPLE) => Role::Simple,
        _ => match name.split_once(':') {
            Some((prefix, _)) if PREFIXES.contains(&prefix) => Role::Simple,
            _ => Role::Other,
        },
    }
}

/// HTML's elements that have no content and no end tag.
pub(super) fn is_void(name: &str) -> bool {
    let void = ["br", "hr", "img", "input", "meta", "area", "base", "col", "embed", "param", "track", "wbr"];
    is_one_of(name, &void)
}

/// HTML's elements that end where the next of their kind begins.
pub(super) fn ends_at_next(name: &str) -> bool {
    is_one_of(name, &["p", "li", "dt", "dd", "tr", "td", "th", "option"])
}

/// True for the name of an HTML element.
pub(super) fn is_html(name: &str) -> bool {
    const NAMES: [&str; 96] = [
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
        "body",
        "button",
        "canvas",
        "caption",
        "center",
        "cite",
        "code",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "fieldset",
        "figcaption",
        "figure",
        "font",
        "footer",
        "form",
        "frame",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "html",
        "i",
        "iframe",
        "ins",
        "kbd",
        "label",
        "legend",
        "li",
        "link",
        "main",
        "map",
        "mark",
        "nav",
        "nobr",
        "noscript",
        "object",
        "ol",
        "option",
        "p",
        "picture",
        "pre",
        "progress",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "script",
        "section",
        "select",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "style",
        "sub",
        "summary",
        "sup",
        "svg",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "u",
        "ul",
    ];
    is_void(name) || is_one_of(name, &NAMES) || is_one_of(name, &["var", "video", "tt", "math", "path"])
}

/// The namespace that everyone means by a prefix.
pub(super) fn namespace(prefix: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 40] = [
        ("admin", "http://webns.net/mvcb/"),
        ("ag", "http://purl.org/rss/1.0/modules/aggregation/"),
        ("app", "http://www.w3.org/2007/app"),
        ("atom", "http://www.w3.org/2005/Atom"),
        ("atom10", "http://www.w3.org/2005/Atom"),
        ("cc", "http://web.resource.org/cc/"),
        ("content", "http://purl.org/rss/1.0/modules/content/"),
        ("creativeCommons", "http://backend.userland.com/creativeCommonsRssModule"),
        ("dc", "http://purl.org/dc/elements/1.1/"),
        ("dcterms", "http://purl.org/dc/terms/"),
        ("ev", "http://purl.org/rss/1.0/modules/event/"),
        ("feedburner", "http://rssnamespace.org/feedburner/ext/1.0"),
        ("foaf", "http://xmlns.com/foaf/0.1/"),
        ("gd", "http://schemas.google.com/g/2005"),
        ("geo", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
        ("georss", "http://www.georss.org/georss"),
        ("gml", "http://www.opengis.net/gml"),
        ("googleplay", "http://www.google.com/schemas/play-podcasts/1.0"),
        ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
        ("media", "http://search.yahoo.com/mrss/"),
        ("o", "urn:schemas-microsoft-com:office:office"),
        ("openSearch", "http://a9.com/-/spec/opensearch/1.1/"),
        ("opensearch", "http://a9.com/-/spec/opensearch/1.1/"),
        ("podcast", "https://podcastindex.org/namespace/1.0"),
        ("psc", "http://podlove.org/simple-chapters"),
        ("rawvoice", "https://blubrry.com/developer/rawvoice-rss/"),
        ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
        ("slash", "http://purl.org/rss/1.0/modules/slash/"),
        ("source", "http://source.scripting.com/"),
        ("svg", "http://www.w3.org/2000/svg"),
        ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
        ("taxo", "http://purl.org/rss/1.0/modules/taxonomy/"),
        ("thr", "http://purl.org/syndication/thread/1.0"),
        ("trackback", "http://madskills.com/public/xml/rss/module/trackback/"),
        ("wfw", "http://wellformedweb.org/CommentAPI/"),
        ("xhtml", "http://www.w3.org/1999/xhtml"),
        ("xlink", "http://www.w3.org/1999/xlink"),
        ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("yt", "http://www.youtube.com/xml/schemas/2015"),
    ];
    KNOWN.iter().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace)
}
