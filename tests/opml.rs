//! Subscription lists: into the configuration, and out of it.
#![allow(clippy::unwrap_used)]

mod cli_common;
mod serve_support;

use std::fs;

use cli_common::{refeed, text};
use serve_support::{Server, Upstream, config};

const LIST: &str = "<?xml version=\"1.0\"?><opml version=\"1.0\"><body>
<outline text=\"新聞\"><outline text=\"台灣\"><outline type=\"rss\" text=\"港口 &amp; 日報\" xmlUrl=\"https://harbour.example/feed?a=1&amp;b=2\" htmlUrl=\"https://harbour.example/\"/></outline></outline>
<outline type=\"rss\" text=\"Blog\" xmlUrl=\"https://blog.example/atom.xml\"/>
<outline type=\"rss\" text=\"Blog\" xmlUrl=\"https://blog.example/atom.xml\"/>
</body></opml>";

#[test]
fn a_list_becomes_feeds_of_the_configuration_and_the_list_of_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("list.opml"), LIST).unwrap();
    let before = "# mine\n[server]\npublic_url = \"https://feeds.example.org\"\n";
    fs::write(path("refeed.toml"), before).unwrap();
    let shown = refeed(&["opml", "import", "--config", &path("refeed.toml"), &path("list.opml")]);
    assert!(shown.status.success() && text(&shown.stdout).contains("[feeds.blog]"), "{}", text(&shown.stderr));
    assert_eq!(fs::read_to_string(path("refeed.toml")).unwrap(), before);

    let import = ["opml", "import", "--config", &path("refeed.toml"), "--use", "zh-tw", "--write", &path("list.opml")];
    let out = refeed(&import);
    let said = text(&out.stderr);
    assert!(out.status.success() && said.contains("2 feeds added") && said.contains("is there already"), "{said}");
    let written = fs::read_to_string(path("refeed.toml")).unwrap();
    assert!(written.starts_with(before) && written.contains("[feeds.\"港口-日報\"]"), "{written}");
    let checked = refeed(&["check", "--config", &path("refeed.toml")]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let again = refeed(&import);
    assert!(text(&again.stderr).contains("0 feeds added"), "{}", text(&again.stderr));
    assert_eq!(fs::read_to_string(path("refeed.toml")).unwrap().trim_end(), written.trim_end());

    let out = refeed(&["opml", "export", "--config", &path("refeed.toml")]);
    let list = text(&out.stdout);
    let document = roxmltree::Document::parse(&list).unwrap();
    let feed = document.descendants().find(|node| node.attribute("text") == Some("港口 & 日報")).unwrap();
    assert_eq!(feed.attribute("xmlUrl"), Some("https://feeds.example.org/feed/%E6%B8%AF%E5%8F%A3-%E6%97%A5%E5%A0%B1"));
    assert_eq!(feed.attribute("htmlUrl"), Some("https://harbour.example/"));
    assert_eq!(feed.parent().unwrap().attribute("text"), Some("台灣"));
    assert_eq!(feed.parent().unwrap().parent().unwrap().attribute("text"), Some("新聞"));
}

#[test]
fn what_is_no_list_or_a_wrong_rule_set_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("list.opml"), LIST).unwrap();
    fs::write(path("page.html"), "<html><body>no list</body></html>").unwrap();
    let none = refeed(&["opml", "import", "--config", &path("refeed.toml"), "--write", &path("page.html")]);
    assert!(none.status.code() == Some(1) && text(&none.stderr).contains("xmlUrl"), "{}", text(&none.stderr));
    let unknown =
        refeed(&["opml", "import", "--config", &path("refeed.toml"), "--use", "zh-tv", "--write", &path("list.opml")]);
    assert!(unknown.status.code() == Some(2) && text(&unknown.stderr).contains("zh-tw"), "{}", text(&unknown.stderr));
    assert!(!folder.path().join("refeed.toml").exists());
}

#[tokio::test]
async fn the_server_lists_its_feeds_with_their_own_titles_once_they_are_known() {
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/feed"), ""), ("b", upstream.url("/b"), "")]);
    config.feeds.get_mut("b").unwrap().settings_mut().title = Some("Bee".into());
    let server = Server::start(&config).await;
    let reply = server.get("/opml", &[("Host", "feeds.example:8080")]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/x-opml; charset=utf-8"));
    let list = reply.text();
    assert!(list.contains("text=\"a\"") && list.contains("xmlUrl=\"http://feeds.example:8080/feed/a\""), "{list}");
    assert!(list.contains("text=\"Bee\""), "{list}");
    assert_eq!(upstream.hits(), 0);
    server.get("/feed/a", &[]).await;
    for _ in 0..2 {
        let list = server.get("/opml", &[]).await.text();
        assert!(list.contains("text=\"Feed\"") && list.contains("htmlUrl=\"https://example.org/\""), "{list}");
    }
    assert_eq!(server.get("/opml?x=1", &[]).await.status, 400);
}
