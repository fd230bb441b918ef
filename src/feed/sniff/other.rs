//! Names for what is no feed: file formats by their magic, challenge pages by their marks, XML by its root. Also the escaped
//! feed in a page.

use memchr::memmem;

use super::{Element, Kind, NotAFeed, Sniffed, Wrap, json};
use crate::base::limits::{BINARY_WITHIN, CHALLENGE_MARK_WITHIN, FEED_ROOT_WITHIN};

/// A file format told by the first bytes of a body, before any decoding: a picture, a PDF, an archive, media. The kind says
/// which. `None` where the bytes may be text.
pub fn binary(body: &[u8]) -> Option<NotAFeed> {
    const MAGIC: [(&[u8], &str); 13] = [
        (b"%PDF-", "a PDF file"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"\xFF\xD8\xFF", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"RIFF", "a WebP picture or RIFF media file"),
        (b"\0\0\x01\0", "an icon"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1F\x8B", "gzip data"),
        (b"\x28\xB5\x2F\xFD", "zstd data"),
        (b"BZh", "a bzip2 archive"),
        (b"ID3", "an MP3 file"),
        (b"OggS", "an Ogg file"),
        (b"\x7FELF", "an executable"),
    ];
    let named = MAGIC.iter().find(|(magic, _)| body.starts_with(magic)).map(|(_, what)| *what);
    let media = || (body.get(4..8) == Some(b"ftyp")).then_some("an MP4 or AVIF file");
    named.or_else(media).map(|what| NotAFeed { kind: Kind::Binary(what), excerpt: String::new() })
}

/// As [`binary`], for text that was decoded already: a magic that survives decoding, or more control and replacement
/// characters than any text has.
pub(super) fn not_text(body: &str) -> Option<&'static str> {
    for (magic, what) in [("%PDF-", "a PDF file"), ("GIF8", "a GIF picture"), ("PK\u{3}\u{4}", "a ZIP archive")] {
        if body.starts_with(magic) {
            return Some(what);
        }
    }
    let head: String = body.chars().take(16).collect();
    for (mark, what) in [
        ("PNG\r\n", "a PNG picture"),
        ("JFIF", "a JPEG picture"),
        ("Exif", "a JPEG picture"),
        ("WEBP", "a WebP picture"),
    ] {
        if head.contains(mark) && !head.starts_with(['<', '{']) {
            return Some(what);
        }
    }
    let head = body.as_bytes().get(..BINARY_WITHIN).unwrap_or(body.as_bytes());
    let is_usual = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r');
    if head.iter().all(is_usual) && memmem::find(head, "\u{FFFD}".as_bytes()).is_none() {
        return None;
    }
    let odd = |c: &char| *c == '\u{FFFD}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{C}'));
    let (mut all, mut bad) = (0, 0);
    for c in body.chars().take(BINARY_WITHIN) {
        all += 1;
        bad += usize::from(odd(&c));
    }
    (bad * 10 > all).then_some("binary data")
}

/// True for an element that begins HTML or a piece of it.
pub(super) fn is_html(name: &str) -> bool {
    const NAMES: [&str; 32] = [
        "html", "head", "body", "title", "meta", "script", "style", "link", "base", "div", "p", "br", "b", "font",
        "pre", "h1", "h2", "h3", "span", "a", "center", "table", "img", "form", "iframe", "noscript", "ul", "i",
        "strong", "hr", "main", "section",
    ];
    NAMES.iter().any(|html| name.eq_ignore_ascii_case(html))
}

/// True where the body opens with an HTML document type.
pub(super) fn has_html_doctype(text: &str) -> bool {
    let head = text.trim_start().get(..14).unwrap_or_default();
    head.eq_ignore_ascii_case("<!doctype html")
}

/// True where a start tag binds one of RSS 0.90's and 1.0's namespaces.
pub(super) fn names_rss(tag: &str) -> bool {
    [
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://channel.netscape.com/rdf/simple/0.9/",
    ]
    .iter()
    .any(|namespace| {
        memmem::find_iter(tag.as_bytes(), namespace).any(|at| {
            // not `…/rss/1.0/modules/content/`
            matches!(tag.as_bytes().get(at + namespace.len()), Some(b'"' | b'\''))
        })
    })
}

/// True where the first element after `at` has that name.
pub(super) fn follows(text: &str, at: usize, name: &str) -> bool {
    let mut end = text.len().min(at + FEED_ROOT_WITHIN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    super::Elements::from(&text[..end], at).next().is_some_and(|next| next.name.eq_ignore_ascii_case(name))
}

/// A feed as escaped text: the first thing that an HTML page shows is `&lt;?xml`, `&lt;rss` … or a JSON Feed.
pub(super) fn escaped_feed(text: &str) -> Option<Sniffed> {
    let (start, shown) = first_shown(text);
    if shown.starts_with('{') && json::is_feed(&text[start..].replace("&quot;", "\"")) {
        return Some(Sniffed::Json { start, wrap: Wrap::Escaped });
    }
    let unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let xml = unescaped.starts_with("<?xml");
    let element = super::Elements::from(&unescaped, 0).find(|e| xml || e.start == 0)?;
    let root = element.root()?;
    Some(Sniffed::Xml { root, start, wrap: Wrap::Escaped })
}

/// Where the text that a page shows begins, and its first characters without tags.
fn first_shown(html: &str) -> (usize, String) {
    let mut at = 0;
    let mut first = None;
    let mut shown = String::new();
    while at < html.len() && shown.len() < FEED_ROOT_WITHIN {
        let end = html[at..].find('<').map_or(html.len(), |i| at + i);
        let text = &html[at..end];
        let visible = if first.is_none() { text.trim_start() } else { text };
        if !visible.is_empty() {
            first.get_or_insert(end - visible.len());
            shown.extend(visible.chars().take(FEED_ROOT_WITHIN));
        }
        let tag = html[end..].get(1..).unwrap_or_default();
        let hidden = ["head", "script", "style", "title"].iter().find(|name| {
            tag.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name))
                && tag.as_bytes().get(name.len()).is_some_and(|b| matches!(b, b'>' | b' '))
        });
        let from = match hidden {
            None => end,
            Some(name) => match html[end..].find(&format!("</{name}")) {
                Some(closing) => end + closing,
                None => break, // hides the rest
            },
        };
        at = html[from..].find('>').map_or(html.len(), |i| from + i + 1);
    }
    (first.unwrap_or(html.len()), shown)
}

/// An HTML page, by its title; a challenge where it bears the marks of one.
pub(super) fn html_page(text: &str) -> Sniffed {
    const MARKS: [(&str, &str); 24] = [
        ("cf-chl", "Cloudflare"),
        ("_cf_chl_opt", "Cloudflare"),
        ("/cdn-cgi/challenge-platform", "Cloudflare"),
        ("Attention Required! | Cloudflare", "Cloudflare"),
        ("<title>Just a moment", "Cloudflare"),
        ("ddos-guard", "DDoS-Guard"),
        ("DDoS-Guard", "DDoS-Guard"),
        ("_Incapsula_Resource", "Imperva"),
        ("sucuri_cloudproxy", "Sucuri"),
        ("awsWafCookieDomainList", "AWS WAF"),
        ("px-captcha", "HUMAN"),
        ("geo.captcha-delivery.com", "DataDome"),
        ("aliyun_waf", "Alibaba Cloud WAF"),
        ("acw_sc__v2", "Alibaba Cloud WAF"),
        ("__jsl_clearance", "Yunaq"),
        ("百度安全验证", "Baidu"),
        ("Making sure you&#39;re not a bot", "Anubis"),
        ("/.within.website/x/cmd/anubis", "Anubis"),
        ("hcaptcha.com", "hCaptcha"),
        ("g-recaptcha", "reCAPTCHA"),
        ("Checking your browser", "the site"),
        ("Verifying you are human", "the site"),
        ("人机验证", "the site"),
        ("滑动验证", "the site"),
    ];
    let head = &text.as_bytes()[..text.len().min(CHALLENGE_MARK_WITHIN)];
    let kind = MARKS
        .iter()
        .find(|(mark, _)| memmem::find(head, mark.as_bytes()).is_some())
        .map_or(Kind::Html, |(_, who)| Kind::Challenge(who));
    match title(text) {
        Some(title) => NotAFeed::sniffed(kind, &htmlize::unescape(title)),
        None => NotAFeed::sniffed(kind, &htmlize::unescape(first_shown(text).1)),
    }
}

fn title(html: &str) -> Option<&str> {
    for element in super::Elements::from(html, 0) {
        let at = element.start;
        if element.name.eq_ignore_ascii_case("title") {
            let from = at + html[at..].find('>')? + 1;
            let title = html[from..].split('<').next()?.trim();
            return (!title.is_empty()).then_some(title);
        }
        if element.name.eq_ignore_ascii_case("body") {
            break;
        }
    }
    None
}

/// XML that is no feed, called by its name.
pub(super) fn xml_document(root: &Element<'_>) -> Sniffed {
    let local = root.name.rsplit(':').next().unwrap_or_default();
    const NAMES: [(&str, &str); 15] = [
        ("urlset", "a sitemap"),
        ("sitemapindex", "a sitemap index"),
        ("opml", "an OPML subscription list"),
        ("svg", "an SVG picture"),
        ("Envelope", "a SOAP message"),
        ("OpenSearchDescription", "an OpenSearch description"),
        ("Error", "an XML error document"),
        ("error", "an XML error document"),
        ("plist", "a property list"),
        ("kml", "a KML map"),
        ("gpx", "a GPX track"),
        ("wml", "a WML page"),
        ("xrds", "an XRDS document"),
        ("rsd", "an RSD document"),
        ("RDF", "RDF that is no RSS"),
    ];
    match NAMES.iter().find(|(name, _)| *name == local) {
        Some((_, what)) => NotAFeed::sniffed(Kind::Xml(what), ""),
        None => NotAFeed::sniffed(Kind::Xml("an XML document that is no feed"), &format!("<{}>", root.name)),
    }
}
