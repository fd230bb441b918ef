//! HTML of a feed made safe to stand in a page of ours: an allow-list of elements and attributes (ammonia). A frame becomes a link to
//! what it shows.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

use super::text::escape_html;
use crate::base::url::Url;
use crate::html::{CUT_ATTRIBUTE, CUT_ELEMENT, Fragment, Kind, Syntax, rejoined};

static POLICY: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut policy = Builder::default();
    policy
        .add_tags(["audio", "video", "source", "track", "picture", "figure", "figcaption", "section", "main", "mark"])
        .clean_content_tags(HashSet::from(["script", "style", "iframe", "noframes", "template", "title", "textarea"]))
        .add_tags([CUT_ELEMENT])
        .add_tag_attributes(CUT_ELEMENT, [CUT_ATTRIBUTE])
        .add_tag_attributes("img", ["srcset", "sizes", "loading"])
        .add_tag_attributes("audio", ["src", "controls", "preload"])
        .add_tag_attributes("video", ["src", "controls", "preload", "poster", "width", "height"])
        .add_tag_attributes("source", ["src", "srcset", "sizes", "type", "media"])
        .add_tag_attributes("track", ["src", "kind", "srclang", "label"])
        .set_tag_attribute_values(HashMap::from([("audio", HashMap::from([("controls", "")]))]))
        .add_url_schemes(["data"])
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|tag, attribute, value| match (tag, attribute) {
            ("img", "src") => Some(value.into()),
            // only a picture may bring its bytes along: `data:` pages run scripts elsewhere
            _ if value.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) => None,
            (_, "poster" | "srcset") if value.to_ascii_lowercase().contains("script:") => None,
            _ => Some(Cow::Borrowed(value)),
        });
    policy
});

/// `html` without anything that acts.
pub(super) fn clean(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    // a parser would open what nobody closed again in each block that follows
    let balanced = Fragment::parse(linked(html).into_owned(), Syntax::Html).balanced();
    rejoined(POLICY.clean(&balanced).to_string())
}

/// A link before every frame.
fn linked(html: &str) -> Cow<'_, str> {
    if memchr::memmem::find(html.to_ascii_lowercase().as_bytes(), b"<iframe").is_none() {
        return Cow::Borrowed(html);
    }
    let mut fragment = Fragment::parse(html.to_owned(), Syntax::Html);
    for id in 0..fragment.len() {
        let source = match fragment.kind(id) {
            Kind::Start { .. } if fragment.is(id, "iframe") => fragment.attr(id, "src").and_then(|src| address(&src)),
            _ => None,
        };
        if let Some(url) = source {
            let host = escape_html(url.host_str().unwrap_or_default());
            fragment.insert_before(id, &format!("<p><a href=\"{}\">▶ {host}</a></p>", escape_html(url.as_str())));
        }
    }
    Cow::Owned(fragment.render().into_owned())
}

/// Where a frame leads; an address without a scheme is one of the web.
fn address(src: &str) -> Option<Url> {
    let src = src.trim();
    let absolute = if src.starts_with("//") { format!("https:{src}") } else { src.to_owned() };
    Url::parse(&absolute).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_gone_and_what_is_shown_stays() {
        for (html, expected) in [
            ("<p onclick=x>a<script>b</script></p>", "<p>a</p>"),
            ("<a href=\"javascript:x\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<a href=\" data:text/html,x\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<img src=\"data:image/png;base64,AA==\" onerror=x>", "<img src=\"data:image/png;base64,AA==\">"),
            (
                "<audio src=\"https://a/b.mp3\" controls></audio>",
                "<audio src=\"https://a/b.mp3\" controls=\"\"></audio>",
            ),
            ("<meta http-equiv=refresh content=0><base href=//x><form action=x><input></form>", ""),
            ("1 &lt; 2", "1 &lt; 2"),
            ("a\u{b7}b", "a\u{b7}b"),
        ] {
            assert_eq!(clean(html), expected, "{html}");
        }
    }

    #[test]
    fn no_html_fills_the_memory() {
        let fonts: String = (0..500).map(|n| format!("<p><b title={n}>x</p>")).collect();
        let html = fonts + &"<p>x</p>".repeat(20_000);
        assert!(clean(&html).len() < html.len() * 4);
    }

    #[test]
    fn a_frame_becomes_a_link() {
        let html = "<iframe src=\"//www.youtube.com/embed/x?a&amp;b\"><a href=\"y\">fallback</a></iframe>";
        let expected = "<p><a href=\"https://www.youtube.com/embed/x?a&amp;b\" rel=\"noopener noreferrer nofollow\">▶ www.youtube.com</a></p>";
        assert_eq!(clean(html), expected);
        assert_eq!(clean("<iframe src=\"javascript:x\">y</iframe>z"), "z");
    }

    proptest! {
        #[test]
        fn no_script_survives(html in "(<(script|img|a|svg|math|style|iframe|p|!--)[ /]?(on\\w+=|src=|href=)?(javascript:|'|\")?x?>?|\\PC{0,4}){0,12}") {
            let clean = clean(&html);
            // judged as a browser reads it: inside a quoted value ` onload=` is no handler
            let page = dom_query::Document::fragment(clean.as_str());
            for element in page.select("*").nodes() {
                let name = element.node_name().map(|name| name.to_string()).unwrap_or_default();
                prop_assert!(!["script", "style", "svg", "math", "iframe"].contains(&&*name), "{} in {}", name, clean);
                for attribute in element.attrs() {
                    let name: &str = &attribute.name.local;
                    prop_assert!(!name.starts_with("on"), "{} in {}", name, clean);
                    // what a browser leaves out of an address (URL standard, basic URL parser)
                    let address: String = attribute.value.chars().filter(|c| *c > ' ').collect();
                    prop_assert!(!address.to_ascii_lowercase().starts_with("javascript:"), "{} in {}", address, clean);
                }
            }
        }
    }
}
