//! A restart changes nothing for readers and costs upstreams nothing: the same answers under the same tags, the same
//! validators, pauses, moves and last good copies. A real disk, a clock that moves when told.

mod serve_support;

use std::path::Path;
use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::config::Config;
use serve_support::{NOW, Server, Upstream, config, feed, response};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn one(upstream: &Upstream, rules: &str) -> Config {
    config(&[("a", upstream.url("/feed"), rules)])
}

async fn start(config: &Config, directory: &Path) -> Server {
    Server::on_disk(config, directory, Clock::manual(NOW)).await
}

#[tokio::test]
async fn answers_are_the_same_under_the_same_tags_and_dates_and_nobody_is_asked() {
    let (upstream, directory) =
        (Upstream::start("Cache-Control: max-age=7200\r\n").await, tempfile::tempdir().unwrap());
    let config = one(&upstream, "[{ limit = 3 }]");
    let server = start(&config, directory.path()).await;
    let first = server.get("/feed/a", &[("Accept-Encoding", "gzip")]).await;
    server.clock.advance(HOUR);
    let server = server.restarted(&config, directory.path()).await;
    let again = server.get("/feed/a", &[("Accept-Encoding", "gzip")]).await;
    assert_eq!((again.decoded(), again.header("age")), (first.decoded(), "3600"));
    for name in ["etag", "last-modified", "content-type", "cache-control"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(again.header("cache-status"), "refeed; hit; ttl=3600");
    let same = server.get("/feed/a", &[("Accept-Encoding", "gzip"), ("If-None-Match", first.header("etag"))]).await;
    assert_eq!((same.status, upstream.hits()), (304, 1));
}

#[tokio::test]
async fn validators_go_back_after_a_restart_and_a_304_after_it_is_kept_too() {
    let (upstream, directory) =
        (Upstream::start("ETag: W/\"1\"\r\nLast-Modified: x y\r\n").await, tempfile::tempdir().unwrap());
    let config = one(&upstream, "");
    let mut server = start(&config, directory.path()).await;
    server.get("/feed/a", &[]).await;
    for (count, etag) in [(2, "W/\"1\""), (3, "\"2\""), (4, "\"2\"")] {
        server = server.restarted(&config, directory.path()).await;
        upstream.answers(304, "ETag: \"2\"\r\n", "");
        server.clock.advance(DAY);
        let reply = server.get("/feed/a", &[]).await;
        assert_eq!((reply.status, reply.text(), upstream.hits()), (200, feed(50), count));
        assert_eq!(
            (upstream.asked("if-none-match").as_str(), upstream.asked("if-modified-since").as_str()),
            (etag, "x y")
        );
    }
}

#[tokio::test]
async fn changed_rules_are_applied_to_the_copy_at_hand_without_a_fetch() {
    let (upstream, directory) =
        (Upstream::start("Cache-Control: max-age=7200\r\n").await, tempfile::tempdir().unwrap());
    let server = start(&one(&upstream, "[{ limit = 3 }]"), directory.path()).await;
    server.get("/feed/a", &[]).await;
    let server = server.restarted(&one(&upstream, "[{ limit = 2 }]"), directory.path()).await;
    let changed = server.get("/feed/a", &[]).await;
    assert_eq!((changed.text().matches("<item>").count(), upstream.hits()), (2, 1));
}

#[tokio::test]
async fn the_last_good_copy_and_the_pause_of_a_failing_upstream_survive() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let config = one(&upstream, "");
    let server = start(&config, directory.path()).await;
    let good = server.get("/feed/a", &[]).await;
    upstream.answers(500, "", "");
    server.clock.advance(DAY);
    server.get("/feed/a", &[]).await;
    let server = server.restarted(&config, directory.path()).await;
    let kept = server.get("/feed/a", &[]).await;
    assert_eq!((kept.status, kept.header("etag"), kept.header("age")), (200, good.header("etag"), "86400"));
    assert!(kept.header("refeed-notice").starts_with("the server answered 500; this copy is from"), "{kept:?}");
    assert_eq!(upstream.hits(), 2);
    server.clock.advance(Duration::from_secs(331));
    server.get("/feed/a", &[]).await;
    assert_eq!(upstream.hits(), 3);
}

#[tokio::test]
async fn back_off_goes_on_where_it_was_and_problems_are_told() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let config = one(&upstream, "");
    upstream.answers(404, "", "");
    let mut server = start(&config, directory.path()).await;
    for hours in [1, 2, 4] {
        let failed = server.get("/feed/a", &[]).await;
        let wait: u64 = failed.header("retry-after").parse().unwrap();
        assert!((hours * 3600..=hours * 3960).contains(&wait), "{hours}: {wait}");
        server = server.restarted(&config, directory.path()).await;
        let before = upstream.hits();
        let held = server.get("/feed/a", &[]).await;
        assert_eq!((held.status, held.json()["blame"].as_str(), upstream.hits()), (502, Some("upstream"), before));
        assert!(held.json()["detail"].as_str().unwrap().contains("the server answered 404"), "{:?}", held.json());
        server.clock.advance(Duration::from_secs(wait));
    }
    upstream.answers(200, "", &feed(1));
    assert_eq!(server.get("/feed/a", &[]).await.status, 200);
    let server = server.restarted(&config, directory.path()).await;
    assert_eq!((server.get("/feed/a", &[]).await.status, upstream.hits()), (200, 4));
}

#[tokio::test]
async fn a_pause_of_a_host_survives_for_all_its_feeds() {
    let (upstream, directory) = (Upstream::start("Retry-After: 7200\r\n").await, tempfile::tempdir().unwrap());
    let config = config(&[("a", upstream.url("/a"), ""), ("b", upstream.url("/b"), "")]);
    upstream.answers(503, "Retry-After: 7200\r\n", "");
    let server = start(&config, directory.path()).await;
    server.get("/feed/a", &[]).await;
    server.clock.advance(HOUR);
    let server = server.restarted(&config, directory.path()).await;
    for name in ["a", "b"] {
        let reply = server.get(&format!("/feed/{name}"), &[]).await;
        assert_eq!((reply.status, reply.header("retry-after"), upstream.hits()), (502, "3600", 1), "{name}");
    }
}

#[tokio::test]
async fn a_pause_that_a_page_was_answered_with_survives() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let item = format!(
        "<item><guid>urn:1</guid><link>{}</link><description>summary</description></item>",
        upstream.url("/page")
    );
    let list = format!("<rss version=\"2.0\"><channel><title>T</title>{item}</channel></rss>");
    upstream.script(move |head| match head.starts_with("GET /page ") {
        true => response(429, "Retry-After: 36000\r\n", ""),
        false => response(200, "Cache-Control: max-age=7200\r\n", &list),
    });
    let server = start(&one(&upstream, "[{ full_text = '#a' }]"), directory.path()).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("summary"));
    let changed = one(&upstream, "[{ full_text = '#a' }, { limit = 3 }]");
    let server = server.restarted(&changed, directory.path()).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("summary"));
    assert_eq!(upstream.lines(), ["GET /feed", "GET /page"]);
}

#[tokio::test]
async fn where_a_feed_has_moved_is_remembered() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    upstream.script(|head| match head.starts_with("GET /feed ") {
        true => response(301, "Location: /new\r\n", ""),
        false => response(200, "", &feed(1)),
    });
    let config = one(&upstream, "");
    let mut server = start(&config, directory.path()).await;
    for _ in 0..4 {
        server.get("/feed/a", &[]).await;
        server.clock.advance(DAY / 2);
        server = server.restarted(&config, directory.path()).await;
    }
    assert_eq!(upstream.lines()[6..], ["GET /new"]);
}

#[tokio::test]
async fn what_must_not_be_stored_never_touches_the_disk() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let config = one(&upstream, "[{ limit = 9 }]");
    let server = start(&config, directory.path()).await;
    upstream.answers(200, "Cache-Control: no-store\r\n", &feed(50));
    assert_eq!(server.get("/feed/a", &[]).await.status, 200);
    server.pipeline.disk().flush().await.unwrap();
    assert!(server.pipeline.disk().list().await.unwrap().is_empty());
    // what was allowed before and is not any more goes
    upstream.answers(200, "", &feed(40));
    server.clock.advance(DAY);
    server.get("/feed/a", &[]).await;
    server.pipeline.disk().flush().await.unwrap();
    assert!(!server.pipeline.disk().list().await.unwrap().is_empty());
    upstream.answers(200, "Cache-Control: no-store\r\n", &feed(40));
    server.clock.advance(DAY);
    server.get("/feed/a", &[]).await;
    server.pipeline.disk().flush().await.unwrap();
    assert!(server.pipeline.disk().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_was_taken_away_has_an_unchanged_feed_again_after_its_next_refresh() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    upstream.answers(200, "ETag: \"1\"\r\n", &feed(3));
    let config = one(&upstream, "");
    let server = start(&config, directory.path()).await;
    server.get("/feed/a", &[]).await;
    server.pipeline.disk().flush().await.unwrap();
    for name in ["refeed.sqlite", "refeed.sqlite-wal"] {
        std::fs::remove_file(directory.path().join(name)).unwrap();
    }
    upstream.answers(304, "", "");
    server.clock.advance(DAY);
    assert_eq!(server.get("/feed/a", &[]).await.text(), feed(3));
    let server = server.restarted(&config, directory.path()).await;
    upstream.answers(500, "", "");
    server.clock.advance(DAY);
    let kept = server.get("/feed/a", &[]).await;
    assert_eq!((kept.status, kept.text()), (200, feed(3)));
    assert!(kept.header("refeed-notice").contains("500"), "{kept:?}");
}

#[tokio::test]
async fn a_feed_too_heavy_for_the_memory_is_served_from_the_disk() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let mut config = one(&upstream, "");
    config.cache.memory = 0;
    let server = start(&config, directory.path()).await;
    for expected in ["refeed; fwd=miss; fwd-status=200; stored; ttl=1800", "refeed; hit; ttl=1800"] {
        assert_eq!(server.get("/feed/a", &[]).await.header("cache-status"), expected);
    }
}

#[tokio::test]
async fn readers_after_a_restart_cost_one_fetch_at_most() {
    let (upstream, directory) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let config = one(&upstream, "");
    let server = start(&config, directory.path()).await;
    server.get("/feed/a", &[]).await;
    server.clock.advance(HOUR);
    let server = std::sync::Arc::new(server.restarted(&config, directory.path()).await);
    let readers: Vec<_> = (0..300)
        .map(|_| {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move { server.get("/feed/a", &[]).await })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap().status, 200);
    }
    server.refreshed("/feed/a").await;
    assert_eq!(upstream.hits(), 2);
}
