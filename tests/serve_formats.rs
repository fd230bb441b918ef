//! A feed asked for by the ending of its path, in every format.

mod serve_support;

use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::cache::Disk;
use refeed::emit::Format;
use refeed::pipeline::{Ask, Pipeline};
use serve_support::{Server, Upstream, config, feed};

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

#[tokio::test]
async fn pages_and_documents_have_their_types_and_a_policy_under_which_nothing_runs() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let page = server.get("/feed/a.html", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; img-src") && policy.contains("sandbox") && !policy.contains("script"),
        "{policy}"
    );
    let document = server.get("/feed/a.md", &[]).await;
    assert_eq!((document.status, document.header("content-type")), (200, "text/markdown; charset=utf-8"));
    assert_eq!(document.header("content-security-policy"), "default-src 'none'; sandbox");
    assert!(document.text().starts_with("<!--1800000000049-->\nItem 0\n------\n\ntext "), "{}", document.text());
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn a_document_tells_when_its_item_was_first_seen_and_keeps_telling_it() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start("Cache-Control: max-age=600\r\n").await;
    let mut config = config(&[("a", upstream.url("/feed"), "[{ limit = 1 }]")]);
    config.cache.stale_while_revalidate = Duration::ZERO;
    let clock = Clock::manual(serve_support::NOW);
    let open = || Disk::open(folder.path(), 1 << 24, clock.clone());
    let ask = async |pipeline: &Pipeline, item: usize| {
        upstream.answers(
            200,
            "",
            &feed(50).replace("Item 0", &format!("Item {item}")).replace("urn:0<", &format!("urn:{item}00<")),
        );
        let ask = Ask { format: Some(Format::Markdown), ..Ask::named("a") };
        let served = pipeline.answer(ask, None).await.unwrap();
        String::from_utf8(served.answer.content.identity().body.to_vec()).unwrap()
    };
    let pipeline = Pipeline::with_disk(&config, clock.clone(), open()).unwrap();
    assert!(ask(&pipeline, 1).await.starts_with("<!--1800000000000-->\nItem 1\n"));
    clock.advance(Duration::from_secs(7200));
    assert!(ask(&pipeline, 2).await.starts_with("<!--1800007200000-->\nItem 2\n"));
    clock.advance(Duration::from_secs(7200));
    assert!(ask(&pipeline, 1).await.starts_with("<!--1800000000000-->\nItem 1\n"));
    pipeline.disk().flush().await.unwrap();
    drop(pipeline);
    clock.advance(Duration::from_secs(7200));
    let pipeline = Pipeline::with_disk(&config, clock.clone(), open()).unwrap();
    assert!(ask(&pipeline, 2).await.starts_with("<!--1800007200000-->\nItem 2\n"));
}
