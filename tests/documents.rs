//! Markdown and HTML documents of feeds: refeed's own templates, the user's, on the command line and over HTTP.
#![allow(clippy::unwrap_used)]

mod cli_common;

use std::fs;

use cli_common::{refeed, refeed_with, text};

/// An item with what documents show, made by hand.
const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>港口日報</title><link>https://harbour.example/</link><description>港口的事</description><language>zh-TW</language>
<item><title>渡輪 [復航] &amp; 其他</title><link>https://harbour.example/a/(2)</link><guid isPermaLink="false">h-2</guid>
<pubDate>Sat, 02 Mar 2024 21:00:00 +0800</pubDate><author>ed@harbour.example (林小滿)</author>
<enclosure url="https://cdn.harbour.example/2.mp3?a=1&amp;b=2" length="10" type="audio/mpeg"/>
<content:encoded><![CDATA[<p>第一班<b>八點</b>開船。</p><script>alert(1)</script><iframe src="https://video.example/embed/9" width="100%"><a href="https://video.example/9">影片</a></iframe>]]></content:encoded></item>
<item><title>燈塔</title><guid isPermaLink="false">h-1</guid><pubDate>Fri, 01 Mar 2024 08:00:00 GMT</pubDate><description>亮了</description></item>
</channel></rss>"#;

fn run(arguments: &[&str]) -> String {
    let out = refeed_with(&[&["run"], arguments].concat(), FEED.as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout)
}

#[test]
fn an_item_is_a_document_with_its_head_in_markdown_and_its_content_as_the_feed_has_it() {
    let expected = r#"<!--1709386743001-->
[渡輪 \[復航\] &amp; 其他](https://harbour.example/a/%282%29)
------

<div><i>Sat, 02 Mar 2024 21:00:00 +0800</i></div><audio src="https://cdn.harbour.example/2.mp3?a=1&amp;b=2" controls></audio><p>第一班<b>八點</b>開船。</p><script>alert(1)</script><iframe src="https://video.example/embed/9" width="100%"><a href="https://video.example/9">影片</a></iframe>

<!--1709386743000-->
燈塔
------

<div><i>Fri, 01 Mar 2024 08:00:00 GMT</i></div>亮了
"#;
    for format in ["markdown", "md"] {
        assert_eq!(run(&["--to", format, "--first-seen", "1709386743000"]), expected);
    }
    let one = run(&["--to", "markdown", "--rules", "[{ limit = 1 }]", "--first-seen", "1709386743000"]);
    assert!(one.starts_with("<!--1709386743000-->\n[渡輪"), "{one}");
}

#[test]
fn a_page_shows_everything_and_runs_nothing() {
    let page = run(&["--to", "html"]);
    for shown in [
        "<html lang=\"zh-TW\">",
        "<title>港口日報</title>",
        "<a href=\"https://harbour.example/a/(2)\">渡輪 [復航] &amp; 其他</a>",
        "<time datetime=\"2024-03-02T13:00:00Z\">Sat, 02 Mar 2024 21:00:00 +0800</time> · 林小滿",
        "<p>第一班<b>八點</b>開船。</p>",
        "▶ video.example",
        "color-scheme: light dark",
        "<audio src=",
    ] {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
    for gone in ["<script", "alert", "<iframe"] {
        assert!(!page.contains(gone), "{gone}\n{page}");
    }
}

#[test]
fn a_template_of_the_user_replaces_that_of_refeed_for_one_feed_or_all() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("feed.xml", FEED);
    write("all.md", "{{ feed.title }}: {{ items | length }}\n");
    write("one.md", "{% for item in items %}{{ item.title | upper }}|{{ item.authors | join }}\n{% endfor %}");
    let url = format!("file://{}", folder.path().join("feed.xml").display());
    let config = format!(
        "[templates]\nmarkdown = \"all.md\"\n[feeds.a]\nurl = \"{url}\"\n[feeds.b]\nurl = \"{url}\"\ntemplates = {{ markdown = \"one.md\" }}\n"
    );
    write("refeed.toml", &config);
    let path = folder.path().join("refeed.toml").display().to_string();
    let made = |feed: &str| {
        let out = refeed(&["run", "--config", &path, "--feed", feed, "--to", "markdown"]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        text(&out.stdout)
    };
    assert_eq!(made("a"), "港口日報: 2\n");
    assert_eq!(made("b"), "渡輪 [復航] & 其他|林小滿\n燈塔|\n");
}

#[test]
fn a_template_that_cannot_work_is_refused_at_load_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("refeed.toml").display().to_string();
    let config = "[feeds.a]\nurl = \"https://a.example/\"\ntemplates = { html = \"page.html\" }\n";
    fs::write(&path, config).unwrap();
    let out = refeed(&["check", "--config", &path]);
    let message = text(&out.stderr);
    assert!(
        out.status.code() == Some(2) && message.contains("refeed.toml:3:22") && message.contains("page.html"),
        "{message}"
    );
    fs::write(folder.path().join("page.html"), "<p>\n{{ feed.title | shout }}</p>\n").unwrap();
    let out = refeed(&["check", "--config", &path]);
    let message = text(&out.stderr);
    assert!(out.status.code() == Some(2) && message.contains("page.html:2:") && message.contains("shout"), "{message}");
}
