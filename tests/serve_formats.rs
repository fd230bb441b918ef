//! A feed asked for by the ending of its path, in every format.

mod serve_support;

use serve_support::{Server, Upstream, config};

#[tokio::test]
async fn the_ending_of_the_path_asks_for_a_format_and_all_formats_cost_one_fetch() {
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/feed"), "[{ limit = 2 }]")]);
    config.server.public_url = "https://feeds.example.org/x".parse().ok();
    let server = Server::start(&config).await;
    for (ending, content_type, own) in [
        ("", "application/rss+xml", ""),
        (".rss", "application/rss+xml", ""),
        (
            ".atom",
            "application/atom+xml",
            "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://feeds.example.org/x/feed/a.atom\"/>",
        ),
        (".ATOM", "application/atom+xml", "https://feeds.example.org/x/feed/a.atom"),
        (".json", "application/feed+json", "\"feed_url\": \"https://feeds.example.org/x/feed/a.json\""),
    ] {
        let reply = server.get(&format!("/feed/a{ending}"), &[]).await;
        assert_eq!(reply.status, 200, "{ending}");
        assert!(reply.header("content-type").starts_with(content_type), "{ending}: {reply:?}");
        assert_eq!(reply.header("vary"), "accept-encoding");
        let text = reply.text();
        assert!(text.contains(own) && text.contains("Item 1") && !text.contains("Item 2"), "{ending}: {text}");
    }
    assert_eq!(upstream.hits(), 1);
    for unknown in ["/feed/a.xml", "/feed/b.atom", "/feed/.atom"] {
        assert_eq!(server.get(unknown, &[]).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_feed_whose_name_ends_like_a_format_wins() {
    let upstream = Upstream::start("").await;
    let feeds = [("a", upstream.url("/feed"), ""), ("a.json", upstream.url("/feed"), "")];
    let server = Server::start(&config(&feeds)).await; // no file can name a feed so, a program can
    let reply = server.get("/feed/a.json", &[]).await;
    assert!(reply.header("content-type").starts_with("application/rss+xml"), "{reply:?}");
}
