//! The feeds that a web page names: `<link rel="alternate" type="application/rss+xml" href="…">` (HTML, link type `alternate`;
//! the RSS Advisory Board's "RSS Autodiscovery"), of which one is chosen where a feed was asked for and a page came.
//!
//! Pure and linear in the page; looks at the first [`MAX_FEEDS_NAMED`] of them. Called by `pipeline::upstream`.

use super::charset;
use super::sniff::{Kind as What, NotAFeed, Sniffed, classify};
use crate::base::limits::MAX_FEEDS_NAMED;
use crate::base::url::{Url, is_base};
use crate::html::{Fragment, Kind, Syntax};

/// What feeds are called.
const TYPES: [&str; 4] =
    ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"];

/// What a feed of comments has in its title, in small letters.
const COMMENTS: [&str; 9] =
    ["comment", "kommentar", "comentario", "comentário", "коммент", "评论", "評論", "コメント", "댓글"];

/// The addresses of the feeds that the page `body` names, the one that is meant first: in the order of the page, feeds of
/// comments last. `content_type` and `url` are those that the body came with. `None` of what is no HTML page, and of one that wants
/// proof of a person. An `https:` page leads to no `http:` feed: those are asked for by `https:`.
pub fn feeds(body: &[u8], content_type: Option<&str>, url: &Url) -> Option<Vec<Url>> {
    let text = charset::decode(body, content_type.and_then(charset::label)).text;
    if !matches!(classify(&text), Sniffed::NotAFeed(NotAFeed { kind: What::Html, .. })) {
        return None;
    }
    let html = Fragment::parse(text.into_owned(), Syntax::Html);
    let base = html.base_href().and_then(|href| url.join(href.trim()).ok()).filter(is_base);
    let base = base.unwrap_or_else(|| url.clone());
    let mut found: Vec<(bool, Url)> = Vec::new();
    for (address, title) in (0..html.len()).filter_map(|id| named(&html, id)).take(MAX_FEEDS_NAMED) {
        let Some(address) = base.join(address.trim()).ok().and_then(|feed| secure(feed, url)) else { continue };
        if address != *url && found.iter().all(|(_, known)| *known != address) {
            found.push((is_of_comments(&address, &title), address));
        }
    }
    found.sort_by_key(|(of_comments, _)| *of_comments);
    Some(found.into_iter().map(|(_, address)| address).collect())
}

/// The address and the title of the feed that token `id` names.
fn named(html: &Fragment, id: usize) -> Option<(String, String)> {
    if !html.is(id, "link") || !matches!(html.kind(id), Kind::Start { .. }) {
        return None;
    }
    let rel = html.attr(id, "rel")?;
    let kind = html.attr(id, "type")?;
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("alternate")) || !TYPES.contains(&&*kind) {
        return None;
    }
    let href = html.attr(id, "href").filter(|href| !href.trim().is_empty())?;
    Some((href.into_owned(), html.attr(id, "title").unwrap_or_default().to_lowercase()))
}

/// `feed`, where a page at `page` may lead to it.
fn secure(mut feed: Url, page: &Url) -> Option<Url> {
    feed.set_fragment(None);
    match feed.scheme() {
        "https" => Some(feed),
        "http" if page.scheme() != "https" => Some(feed),
        "http" if feed.port().is_none() => feed.set_scheme("https").ok().map(|()| feed),
        _ => None,
    }
}

fn is_of_comments(address: &Url, title: &str) -> bool {
    address.path().to_ascii_lowercase().contains("/comments") || COMMENTS.iter().any(|word| title.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str, url: &str) -> Option<Vec<String>> {
        let feeds = feeds(page.as_bytes(), Some("text/html"), &Url::parse(url).unwrap())?;
        Some(feeds.into_iter().map(String::from).collect())
    }

    fn named_by(links: &str) -> Vec<String> {
        let page = format!("<!DOCTYPE html><html><head><title>A blog</title>{links}</head><body>x</body></html>");
        found(&page, "https://blog.example/a/b.html").unwrap()
    }

    #[test]
    fn links_to_feeds_are_found_however_they_are_spelled() {
        for (link, expected) in [
            ("<link rel=alternate type=application/rss+xml href=/rss>", "https://blog.example/rss"),
            (
                "<LINK HREF='../atom.xml' TYPE='Application/Atom+XML; charset=utf-8' REL='Alternate'/>",
                "https://blog.example/atom.xml",
            ),
            (
                "<link rel=\"home ALTERNATE\" type=\"application/feed+json\" href=\"f.json?a=1&amp;b=2#x\">",
                "https://blog.example/a/f.json?a=1&b=2",
            ),
            ("<link rel=alternate type=application/rdf+xml href=//other.example/rdf>", "https://other.example/rdf"),
            (
                "<base href=https://cdn.example/x/><link rel=alternate type=application/rss+xml href=rss>",
                "https://cdn.example/x/rss",
            ),
        ] {
            assert_eq!(named_by(link), [expected], "{link}");
        }
    }

    #[test]
    fn what_names_no_feed_is_passed_over() {
        for link in [
            "<link rel=stylesheet type=application/rss+xml href=/rss>",
            "<link rel=alternate type=text/html hreflang=de href=/de>",
            "<link rel=alternate type=application/json href=/wp-json/1>",
            "<link rel=alternate type=application/json+oembed href=/oembed>",
            "<link rel=alternate href=/rss>",
            "<link rel=alternate type=application/rss+xml href=' '>",
            "<link rel=alternate type=application/rss+xml>",
            "<link rel=alternate type=application/rss+xml href=feed:https://blog.example/rss>",
            "<link rel=alternate type=application/rss+xml href='javascript:x()'>",
            "<link rel=alternate type=application/rss+xml href=/a/b.html>",
            "<link rel=alternate type=application/rss+xml href=http://blog.example:8080/rss>",
            "<!-- <link rel=alternate type=application/rss+xml href=/rss> -->",
            "<script>'<link rel=alternate type=application/rss+xml href=/rss>'</script>",
            "<a rel=alternate type=application/rss+xml href=/rss>RSS</a>",
        ] {
            assert_eq!(named_by(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn of_several_the_first_is_meant_and_feeds_of_comments_last() {
        let link = |title: &str, href: &str| {
            format!("<link rel=alternate type=application/rss+xml title='{title}' href='{href}'>")
        };
        let links = link("Blog » Comments Feed", "/1") + &link("部落格 » 評論", "/2") + &link("", "/comments/feed/");
        let links = links + &link("Blog » Feed", "/feed/") + &link("Atom", "/atom") + &link("Atom again", "/atom");
        let expected =
            ["/feed/", "/atom", "/1", "/2", "/comments/feed/"].map(|path| format!("https://blog.example{path}"));
        assert_eq!(named_by(&links), expected);
    }

    #[test]
    fn a_secure_page_leads_to_a_secure_feed() {
        let link = "<link rel=alternate type=application/rss+xml href=http://feeds.example/rss>";
        assert_eq!(named_by(link), ["https://feeds.example/rss"]);
        assert_eq!(found(&format!("<html>{link}"), "http://blog.example/").unwrap(), ["http://feeds.example/rss"]);
    }

    #[test]
    fn only_pages_name_feeds() {
        let link = "<link rel=alternate type=application/rss+xml href=/rss>";
        let page = |title: &str| format!("<html><head><title>{title}</title>{link}</head></html>");
        let url = "https://blog.example/";
        assert_eq!(found(&page("Just a moment..."), url), None);
        for body in ["", "{}", "text", "<urlset/>", "<rss version=\"2.0\"><channel/></rss>", "%PDF-1.4"] {
            assert_eq!(found(body, url), None, "{body}");
        }
        assert_eq!(found(&page("Blog"), url).unwrap().len(), 1);
        let (gbk, ..) = encoding_rs::GBK.encode(
            "<html><title>台湾的博客，新闻与评论</title><link rel=alternate type=application/rss+xml href=/rss>",
        );
        assert_eq!(feeds(&gbk, None, &Url::parse(url).unwrap()).unwrap().len(), 1);
    }

    #[test]
    fn a_page_full_of_links_is_read_in_linear_time_and_cut() {
        let links: String =
            (0..100_000).map(|n| format!("<link rel=alternate type=application/rss+xml href=/{n}>")).collect();
        assert_eq!(named_by(&links).len(), MAX_FEEDS_NAMED);
    }
}
