//! One fetch however many ask, whoever leaves, and however many rule sets there are.

mod serve_support;

use std::sync::Arc;
use std::time::Duration;

use serve_support::{Server, Upstream, config, feed};
use tokio::io::AsyncWriteExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_of_a_cold_feed_cost_one_fetch() {
    let upstream = Upstream::start("").await;
    upstream.close().await;
    let server = std::sync::Arc::new(Server::of(&upstream).await);
    let readers: Vec<_> = (0..1000)
        .map(|_| {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move { server.get("/feed/a", &[("Accept-Encoding", "gzip")]).await })
        })
        .collect();
    upstream.came(1).await;
    upstream.open();
    let mut stored = 0;
    for reader in readers {
        let reply = reader.await.unwrap();
        assert_eq!(reply.status, 200);
        stored += usize::from(reply.header("cache-status").contains("stored"));
    }
    assert_eq!((upstream.hits(), stored), (1, 1));
}

#[tokio::test]
async fn a_reader_who_hangs_up_cancels_nothing() {
    let upstream = Upstream::start("").await;
    upstream.close().await;
    let server = Server::of(&upstream).await;
    let mut leader = server.connect().await;
    leader.write_all(b"GET /feed/a HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    upstream.came(1).await;
    drop(leader);
    let (reply, ()) = tokio::join!(server.get("/feed/a", &[]), async { upstream.open() });
    assert_eq!((reply.status, reply.text(), upstream.hits()), (200, feed(50), 1));
}

#[tokio::test]
async fn a_timeout_is_one_failure_however_many_waited_for_it() {
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/feed"), "")]);
    config.fetch.timeout = Duration::from_millis(300);
    let server = Arc::new(Server::start(&config).await);
    upstream.close().await;
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.get("/feed/a", &[]).await })
        })
        .collect();
    let mut replies = Vec::new();
    for reader in readers {
        replies.push(reader.await.unwrap());
    }
    replies.push(server.get("/feed/a", &[]).await); // it was held by then
    for reply in replies {
        // the first pause; a second failure would have doubled it
        let wait: u64 = reply.header("retry-after").parse().unwrap();
        assert!(reply.status == 504 && (60..=66).contains(&wait), "{reply:?}");
    }
    assert_eq!(upstream.hits(), 1);
    upstream.open();
}

#[tokio::test]
async fn rule_sets_over_one_url_share_its_fetch() {
    let upstream = Upstream::start("Cache-Control: max-age=600\r\n").await;
    let url = upstream.url("/feed");
    let feeds = [("all", url.clone(), ""), ("few", url.clone(), "[{ limit = 1 }]"), ("two", url, "[{ limit = 2 }]")];
    let server = Server::start(&config(&feeds)).await;
    let mut bodies = Vec::new();
    for name in ["all", "few", "two", "all"] {
        let reply = server.get(&format!("/feed/{name}"), &[]).await;
        assert_eq!(reply.status, 200);
        bodies.push(reply.text());
    }
    assert_eq!(upstream.hits(), 1);
    assert!(bodies[0] != bodies[1] && bodies[1] != bodies[2] && bodies[0] == bodies[3]);
    server.clock.advance(Duration::from_secs(600));
    for name in ["two", "few", "all"] {
        server.refreshed(&format!("/feed/{name}")).await;
    }
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn freshness_is_upstreams_within_the_operators_bounds() {
    let minute = |n: u64| Duration::from_secs(60 * n);
    for (headers, ttl) in [("", 30), ("Cache-Control: max-age=1\r\n", 5), ("Cache-Control: max-age=600\r\n", 10)] {
        let upstream = Upstream::start(headers).await;
        let server = Server::of(&upstream).await;
        server.get("/feed/a", &[]).await;
        server.clock.advance(minute(ttl) - Duration::from_millis(1));
        server.get("/feed/a", &[]).await;
        assert_eq!(upstream.hits(), 1, "{headers}");
        server.clock.advance(Duration::from_millis(1));
        server.refreshed("/feed/a").await;
        assert_eq!(upstream.hits(), 2, "{headers}");
    }
}

#[tokio::test]
async fn without_memory_every_reader_is_still_served() {
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/"), "")]);
    config.cache.memory = 0;
    let server = Server::start(&config).await;
    for _ in 0..2 {
        let reply = server.get("/feed/a", &[("Accept-Encoding", "br")]).await;
        assert_eq!((reply.status, reply.header("content-encoding")), (200, "br"));
    }
}

#[tokio::test]
async fn what_is_no_feed_is_fetched_once_for_all_rule_sets() {
    let upstream = Upstream::start("").await;
    let url = upstream.url("/feed");
    let feeds = [("all", url.clone(), ""), ("few", url.clone(), "[{ limit = 1 }]"), ("two", url, "[{ limit = 2 }]")];
    let server = Server::start(&config(&feeds)).await;
    upstream.answers(200, "", "<!doctype html><title>Log in</title>");
    for name in ["all", "few", "two", "all"] {
        let wait: u64 = server.get(&format!("/feed/{name}"), &[]).await.header("retry-after").parse().unwrap();
        assert!((900..=990).contains(&wait), "{wait}");
    }
    assert_eq!(upstream.hits(), 1);
    upstream.answers(200, "", &feed(3));
    server.clock.advance(Duration::from_secs(990));
    for name in ["few", "all"] {
        assert_eq!(server.get(&format!("/feed/{name}"), &[]).await.status, 200);
    }
    assert_eq!(upstream.hits(), 2);
}
