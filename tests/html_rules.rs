//! What every rule on HTML promises: what comes out is well-formed, doing it again changes nothing, real feeds come
//! through, and no HTML makes it slow. Real feeds are those of `REFEED_CORPUS`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::disallowed_methods)]

use proptest::prelude::*;
use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::feed::Feed;
use refeed::rules::{BuildContext, Chain, Context};
use std::fmt::Write;

/// The rules, each as a person would use it; and whether doing it again changes nothing.
const RULES: &[(&str, bool)] = &[
    ("[{ brief = 100 }]", true),
    ("[{ cards = true }]", true),
    ("[{ clean = true }]", true),
    ("[{ embed = true }]", true),
    ("[{ embed = { lite = true, add = true, others = 'remove' } }]", true),
    ("[{ from_text = true }]", true),
    ("[{ highlight = ['a', '的', 'tag'] }]", true),
    ("[{ lazy = true }]", true),
    ("[{ from_text = { base64_in = '*' } }]", false),
    ("[{ multimedia = { via = 'https://r.example/', posters = true, frame = true } }]", true),
    ("[{ note = '<p>{{ title }}</p>' }]", false),
    ("[{ note = { html = '<br>', after = 'p' } }]", false),
    ("[{ remove = '.a, p:has(> img), li:nth-child(2n), :contains(x)' }]", false),
    ("[{ remove = { text = '的|a' } }]", false),
    ("[{ remove = { css = 'div, span, p', content = 'keep' } }]", true),
    ("[{ remove = { attributes = ['style', 'class', 'data-*', 'on*'] } }]", true),
    ("[{ reveal = true }]", false),
    ("[{ sanitize = true }]", false), // a browser repairs crossed tables anew each time
    ("[{ select = 'p, img, table' }]", true),
    ("[{ style = { 'img' = 'max-width: 100%', 'a, p' = { title = 'x', class = false } } }]", true),
    ("['clean']", true),
    ("['privacy']", true),
    ("['plain']", false),
];

fn chain(rules: &str) -> Chain {
    Chain::build(&RuleList::parse("test", rules).unwrap(), &BuildContext::default())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn read(body: &[u8]) -> Option<Feed> {
    let url = Url::parse("https://site.example/feed").unwrap();
    Feed::read(body, None, Some(&url)).ok()
}

fn apply(chain: &Chain, body: &[u8]) -> String {
    let mut feed = read(body).unwrap();
    chain.apply(&mut feed, &Context::new(Time::from_secs(1_709_400_000), None)).unwrap();
    feed.into_string()
}

fn is_well_formed(text: &str) -> Result<(), String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str::<serde_json::Value>(text).map(|_| ()).map_err(|error| error.to_string());
    }
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(text, options).map(|_| ()).map_err(|error| error.to_string())
}

/// The same HTML in RSS (CDATA and escaped).
fn rss(html: &str) -> String {
    let escaped = html.replace('&', "&amp;").replace('<', "&lt;");
    let cdata = html.replace("]]>", "]] >");
    format!(
        "<rss version=\"2.0\" xmlns:c=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>t</title><link>https://site.example/</link>\
         <item><title>i</title><link>https://www.youtube.com/watch?v=abcdefghijk</link><description>{escaped}</description>\
         <c:encoded><![CDATA[{cdata}]]></c:encoded></item></channel></rss>"
    )
}

fn atom(xhtml: &str) -> String {
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:h=\"http://www.w3.org/1999/xhtml\"><title>t</title><id>i</id><updated>2024-03-02T13:00:00Z</updated>\
         <entry><title>e</title><id>j</id><updated>2024-03-02T13:00:00Z</updated><content type=\"xhtml\"><h:div>{xhtml}</h:div></content></entry></feed>"
    )
}

#[test]
fn real_feeds_come_through_every_rule() {
    let Ok(corpus) = std::env::var("REFEED_CORPUS") else { return };
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let chains: Vec<_> = RULES.iter().map(|(rules, again)| (*rules, chain(rules), *again)).collect();
    let mut changed = vec![0; chains.len()];
    let mut report = String::new();
    let mut count = 0;
    for file in files {
        let body = std::fs::read(&file).unwrap();
        let Some(feed) = read(&body) else { continue };
        let before = feed.into_string();
        count += 1;
        for (at, (rules, chain, again)) in chains.iter().enumerate() {
            let after = apply(chain, before.as_bytes());
            changed[at] += usize::from(after != before);
            if let Err(error) = is_well_formed(&after) {
                let _ = writeln!(report, "{}: {rules}: {error}", file.display());
            }
            if *again && after != before && apply(chain, after.as_bytes()) != after {
                let _ = writeln!(report, "{}: {rules}: again is something else", file.display());
            }
        }
    }
    for (at, (rules, ..)) in chains.iter().enumerate() {
        println!("{rules} changed {} of {count} feeds", changed[at]);
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn no_html_makes_a_rule_slow() {
    let n = 4_000;
    let hostile = [
        ("nested", "<div class=a><p><a href='https://x.example/?utm_a=1'>".repeat(n)),
        ("never opened", "</p></b></a></div>".repeat(n)),
        ("hidden in hidden", "<div style='display:none' hidden><iframe src=//x.example></iframe>".repeat(n / 2)),
        ("noscripts", "<img src=data:x><noscript><img src=/a.png></noscript>".repeat(n)),
        ("figures", "<figure><figcaption>x</figcaption><img title=y>".repeat(n)),
        ("one attribute", format!("<img src=\"{}\" style='{}'>", "a?utm_x=1&".repeat(n * 2), "a:b;".repeat(n * 2))),
        ("many attributes", format!("<img {}>", "data-src=x onclick=y ".repeat(n))),
        ("classes", format!("<p class='{}'>x", "ad ".repeat(n * 10))),
        ("texts", "a<b>的</b>https://x.example/(((((((".repeat(n)),
        ("srcset", format!("<img srcset='{}'>", "a 1x,".repeat(n * 5))),
        ("open", "<".repeat(n * 5)),
        ("references", "&#x41;&amp".repeat(n * 3)),
    ];
    for (rules, _) in RULES {
        let chain = chain(rules);
        for (name, html) in &hostile {
            let started = std::time::Instant::now();
            apply(&chain, rss(html).as_bytes());
            let took = started.elapsed();
            // Unoptimised, on a busy machine; a rule that is not linear takes minutes here.
            assert!(took.as_secs() < 60, "{rules} on {name} took {took:?}");
        }
    }
}

/// Markup as rules look for it, and as nobody should write it.
fn soup() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "<p>",
        "</p>",
        "<p class=a>",
        "<div hidden>",
        "</div>",
        "<span data-src='/a.png'>",
        "</span>",
        "<img src=x title='y & z'>",
        "<img data-src=\"/b.jpg\">",
        "<noscript>",
        "</noscript>",
        "<figure>",
        "</figure>",
        "<iframe src='//www.youtube.com/embed/a?b'>",
        "</iframe>",
        "<iframe src=//x.example width=1 height=1 />",
        "<a href='mailto:a@b?subject=c'>",
        "<a href=\"https://x.example/?utm_source=a&amp;b\">",
        "</a>",
        "<a onclick=x href=javascript:y>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<br/>",
        "<li>",
        "<ul>",
        "</ul>",
        "<td>",
        "<table>",
        "<svg>",
        "</svg>",
        "<style>",
        "</style>",
        "的",
        "a",
        "tag",
        "&amp;",
        "&nbsp;",
        "&",
        "<",
        ">",
        "\"",
        "\n",
        "https://x.example/y?z&w ",
        "<b>",
        "</b>",
        "<a class=LinkCard href=x>",
        "<i class=LinkCard-title>",
    ];
    prop::collection::vec(prop::sample::select(PARTS), 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_comes_out_is_well_formed_and_stays(html in soup()) {
        for (rules, again) in RULES {
            let chain = chain(rules);
            let after = apply(&chain, rss(&html).as_bytes());
            is_well_formed(&after).map_err(|error| TestCaseError::fail(format!("{rules} on {html}: {error}")))?;
            if *again {
                let twice = apply(&chain, after.as_bytes());
                prop_assert_eq!(&twice, &after, "{} on {}", rules, html);
            }
        }
    }

    #[test]
    fn xhtml_stays_well_formed(parts in prop::collection::vec(prop::sample::select(vec![
        "<h:p class=\"a\">x</h:p>", "<h:img src=\"x\" title=\"y\"/>", "<h:img data-src=\"/a.png\"/>", "<h:iframe src=\"//www.youtube.com/embed/a\"/>",
        "<h:iframe src=\"//x.example\"></h:iframe>", "<h:a href=\"https://x.example/?utm_source=a&amp;b\">的<h:b>a</h:b></h:a>", "<![CDATA[<b>]]>",
        "<h:noscript><h:img src=\"b.png\"/></h:noscript>", "<h:script>x</h:script>", "<h:table><h:tr><h:td>a</h:td></h:tr></h:table>", "a &lt;b&gt;\n",
        "<m:math xmlns:m=\"http://www.w3.org/1998/Math/MathML\"><m:mi>a</m:mi></m:math>", "<!-- c -->", "<h:div hidden=\"\"><h:iframe src=\"y\"/></h:div>",
        "<h:a href=\"mailto:a@b?subject=c\">d</h:a>", "<h:div data-src=\"/a.jpg\"/>",
    ]), 0..8)) {
        for (rules, again) in RULES {
            let chain = chain(rules);
            let after = apply(&chain, atom(&parts.concat()).as_bytes());
            is_well_formed(&after).map_err(|error| TestCaseError::fail(format!("{rules}: {error}: {after}")))?;
            if *again {
                let twice = apply(&chain, after.as_bytes());
                prop_assert_eq!(&twice, &after, "{}", rules);
            }
        }
    }
}
