//! A reader never sees an outage that refeed can hide: stale answers at once, the last good copy while upstream is down, and
//! nothing bad in its place.

mod serve_support;

use std::sync::Arc;
use std::time::Duration;

use serve_support::{PATIENCE, Reply, Server, Upstream, config, feed};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn is_good(reply: &Reply) -> bool {
    reply.status == 200 && reply.text().starts_with("<rss")
}

#[tokio::test]
async fn a_stale_answer_is_served_at_once_with_one_refresh_behind() {
    let upstream = Upstream::start("Cache-Control: max-age=600\r\n").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    upstream.close().await; // whoever waits for upstream now waits for ever
    upstream.answers(200, "Cache-Control: max-age=600\r\n", &feed(3));
    server.clock.advance(10 * MINUTE + Duration::from_secs(7));
    for _ in 0..20 {
        let stale = server.get("/feed/a", &[]).await;
        assert_eq!((stale.status, stale.header("etag")), (200, first.header("etag")));
        assert_eq!(stale.header("cache-status"), "refeed; hit; ttl=-7; detail=refreshing");
        assert_eq!((stale.header("age"), stale.header("refeed-notice")), ("607", ""));
    }
    upstream.came(2).await;
    upstream.open();
    assert_eq!(server.refreshed("/feed/a").await.text(), feed(3));
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn a_thousand_readers_of_a_stale_feed_cost_one_fetch() {
    let upstream = Upstream::start("").await;
    let server = Arc::new(Server::of(&upstream).await);
    server.get("/feed/a", &[]).await;
    server.clock.advance(DAY); // past the time in which a stale copy is served unasked
    upstream.close().await;
    let ask = || {
        let server = Arc::clone(&server);
        tokio::spawn(async move { server.get("/feed/a", &[]).await })
    };
    let readers: Vec<_> = (0..1000).map(|_| ask()).collect();
    upstream.came(2).await;
    upstream.open();
    for reader in readers {
        assert!(is_good(&reader.await.unwrap()));
    }
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn an_outage_of_days_is_hidden_and_told_and_upstream_is_left_in_peace() {
    let upstream = Upstream::start("Cache-Control: max-age=3600\r\n").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    upstream.answers(503, "", "<h1>down</h1>");
    server.clock.advance(HOUR);
    server.refreshed("/feed/a").await;
    let mut age = 3600_i64;
    for minutes in 0..(3 * 24 * 60 / 30) {
        let reply = server.get("/feed/a", &[]).await;
        assert_eq!((reply.status, reply.header("etag")), (200, first.header("etag")), "after {minutes} half hours");
        assert_eq!(reply.header("age").parse::<i64>().unwrap(), age);
        if !reply.header("cache-status").contains("refreshing") {
            let notice = "the server answered 503; this copy is from Fri, 15 Jan 2027 08:00:00 GMT";
            assert_eq!(reply.header("refeed-notice"), notice);
            let status = reply.header("cache-status");
            assert!(status.contains(&format!("ttl={}", 3600 - age)) && status.contains("detail=upstream-failed"));
        }
        server.clock.advance(30 * MINUTE);
        age += 1800;
    }
    // 5, 10, 20 minutes … doubling to a day: some twelve probes in three days
    assert!((8..=14).contains(&upstream.hits()), "{} probes", upstream.hits());
    server.clock.advance(7 * DAY);
    let gone = server.get("/feed/a", &[]).await;
    assert_eq!((gone.status, gone.json()["type"].as_str()), (502, Some("urn:refeed:problem:upstream-status")));
    assert!(gone.header("retry-after").parse::<u64>().unwrap() > 0);
    upstream.answers(200, "", &feed(2));
    server.clock.advance(2 * DAY);
    let back = server.get("/feed/a", &[]).await;
    assert_eq!((back.text(), back.header("refeed-notice")), (feed(2), ""));
}

#[tokio::test]
async fn who_waited_for_the_failed_fetch_is_told_so() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    server.get("/feed/a", &[]).await;
    upstream.answers(503, "", "");
    server.clock.advance(DAY);
    let reply = server.get("/feed/a", &[]).await;
    let ttl = 24 * 60 * 60 - 30 * 60;
    let expected = format!("refeed; fwd=stale; fwd-status=503; ttl=-{ttl}; detail=upstream-failed");
    assert_eq!((reply.status, reply.header("cache-status")), (200, expected.as_str()));
    let again = server.get("/feed/a", &[("If-None-Match", reply.header("etag"))]).await;
    assert_eq!(again.status, 304);
    assert!(again.header("cache-status").starts_with("refeed; hit; ttl=-"), "nobody was asked this time: {again:?}");
    assert!(again.header("refeed-notice").contains("503"));
}

#[tokio::test]
async fn nothing_bad_replaces_a_good_copy_or_its_validators() {
    let half = &feed(50)[..feed(50).len() / 2];
    let challenge = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>\
         <script src=\"/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1\"></script></body></html>";
    for (name, headers, body) in [
        ("a login page", "Content-Type: text/xml\r\n", "<!doctype html><title>Log in</title><p>please"),
        ("a challenge", "Content-Type: text/html\r\n", challenge),
        ("half a feed", "Content-Type: text/xml\r\n", half),
        ("nothing", "", ""),
        ("an empty feed", "", &feed(0)),
        ("JSON", "", "{\"error\":\"database\"}"),
        ("garbage", "", "\u{1}\u{2}\u{3}\u{0}\u{0}"),
    ] {
        let upstream = Upstream::start("ETag: \"good\"\r\nLast-Modified: Thu, 14 Jan 2027 00:00:00 GMT\r\n").await;
        let server = Server::of(&upstream).await;
        let first = server.get("/feed/a", &[]).await;
        upstream.answers(200, &format!("{headers}ETag: \"bad\"\r\nLast-Modified: x\r\n"), body);
        server.clock.advance(9 * HOUR);
        let kept = server.get("/feed/a", &[]).await;
        assert_eq!((kept.status, kept.header("etag")), (200, first.header("etag")), "{name}");
        assert!(kept.header("refeed-notice").contains("this copy is from"), "{name}: {kept:?}");
        server.clock.advance(HOUR);
        server.get("/feed/a", &[]).await;
        assert_eq!(upstream.hits(), 3, "{name}");
        assert_eq!(upstream.asked("if-none-match"), "\"good\"", "{name}");
        assert_eq!(upstream.asked("if-modified-since"), "Thu, 14 Jan 2027 00:00:00 GMT", "{name}");
        upstream.answers(200, "", &feed(4));
        server.clock.advance(2 * HOUR);
        assert_eq!(server.get("/feed/a", &[]).await.text(), feed(4), "{name}");
    }
}

#[tokio::test]
async fn a_feed_that_stays_empty_for_a_day_is_believed() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    server.get("/feed/a", &[]).await;
    upstream.answers(200, "", &feed(0));
    server.clock.advance(7 * HOUR);
    let mut hours = 0;
    while server.get("/feed/a", &[]).await.text() != feed(0) {
        server.clock.advance(HOUR);
        hours += 1;
        assert!(hours < 72, "it is believed in the end");
    }
    assert!(hours >= 24, "believed after {hours} hours");
}

#[tokio::test]
async fn half_a_feed_is_better_than_none_and_the_whole_one_is_asked_for() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    upstream.answers(200, "ETag: \"half\"\r\n", &feed(50)[..feed(50).len() / 2]);
    let half = server.get("/feed/a", &[]).await;
    assert!(is_good(&half) && half.text().ends_with("</rss>"), "{}", half.text());
    upstream.answers(200, "ETag: \"whole\"\r\n", &feed(50));
    server.clock.advance(HOUR);
    assert_eq!(server.refreshed("/feed/a").await.text(), feed(50));
    assert_eq!(upstream.asked("if-none-match"), "");
}

#[tokio::test]
async fn what_upstream_forbids_to_use_stale_is_not_unless_this_feed_insists() {
    for line in
        ["max-age=600, must-revalidate", "max-age=600, proxy-revalidate", "s-maxage=600", "no-cache", "no-store"]
    {
        let upstream = Upstream::start(&format!("Cache-Control: {line}\r\n")).await;
        let url = upstream.url("/feed");
        let mut config = config(&[("a", url.clone(), ""), ("own", url, "")]);
        config.feeds.get_mut("own").unwrap().settings_mut().times.stale_if_error = Some(DAY);
        let server = Server::start(&config).await;
        server.get("/feed/a", &[]).await;
        server.get("/feed/own", &[]).await;
        server.clock.advance(11 * MINUTE);
        let fresh = server.get("/feed/a", &[]).await;
        assert!(fresh.header("cache-status").contains("fwd=stale; fwd-status=200"), "{line}: {fresh:?}");
        assert_eq!((upstream.hits(), fresh.header("age")), (2, "0"), "{line}");
        upstream.answers(500, "", "");
        server.clock.advance(11 * MINUTE);
        let refused = server.get("/feed/a", &[]).await;
        assert_eq!(refused.status, 502, "{line}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("500") && detail.contains("`stale_if_error`"), "{line}: {detail}");
        assert_eq!(refused.json()["config_key"], "feeds.NAME.stale_if_error", "{line}");
        let insisted = server.get("/feed/own", &[]).await;
        assert!(is_good(&insisted) && insisted.header("refeed-notice").contains("500"), "{line}");
    }
}

#[tokio::test]
async fn upstreams_own_windows_count() {
    let upstream = Upstream::start("Cache-Control: max-age=600, stale-while-revalidate=60\r\n").await;
    let server = Server::of(&upstream).await;
    server.get("/feed/a", &[]).await;
    server.clock.advance(10 * MINUTE + Duration::from_secs(30));
    upstream.close().await;
    assert!(server.get("/feed/a", &[]).await.header("cache-status").contains("refreshing"));
    upstream.came(2).await;
    upstream.open();
    server.refreshed("/feed/a").await;
    server.clock.advance(12 * MINUTE);
    let waited = server.get("/feed/a", &[]).await;
    assert!(waited.header("cache-status").contains("fwd=stale"), "{waited:?}");
}

#[tokio::test]
async fn each_feed_may_have_clocks_of_its_own_over_one_fetch() {
    let upstream = Upstream::start("Cache-Control: max-age=3600\r\n").await;
    let url = upstream.url("/feed");
    let mut config = config(&[("slow", url.clone(), ""), ("fast", url.clone(), ""), ("hourly", url, "")]);
    let fast = config.feeds.get_mut("fast").unwrap().settings_mut();
    (fast.times.max_ttl, fast.times.stale_while_revalidate) = (Some(10 * MINUTE), Some(Duration::ZERO));
    config.feeds.get_mut("hourly").unwrap().settings_mut().refresh = refeed::config::Refresh::Every(2 * HOUR);
    let server = Server::start(&config).await;
    for (name, ttl) in [("slow", 3600), ("fast", 600), ("hourly", 7200)] {
        let reply = server.get(&format!("/feed/{name}"), &[]).await;
        assert!(
            reply.header("cache-status").ends_with(&format!("ttl={ttl}"))
                || reply.header("cache-status").contains(&format!("ttl={ttl};")),
            "{reply:?}"
        );
    }
    assert_eq!(upstream.hits(), 1);
    server.clock.advance(11 * MINUTE);
    server.get("/feed/slow", &[]).await;
    assert_eq!(upstream.hits(), 1);
    server.get("/feed/fast", &[]).await;
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn a_new_rule_set_is_served_from_the_copy_at_hand_while_upstream_is_down() {
    let upstream = Upstream::start("").await;
    let url = upstream.url("/feed");
    let server = Server::start(&config(&[("a", url.clone(), ""), ("b", url, "[{ limit = 1 }]")])).await;
    server.get("/feed/a", &[]).await;
    let hit = server.get("/feed/b", &[]).await;
    assert_eq!((hit.header("cache-status"), upstream.hits()), ("refeed; hit; ttl=1800; detail=transformed", 1));
    upstream.answers(500, "", "");
    server.clock.advance(DAY);
    let one = server.get("/feed/a?limit=1", &[]).await;
    assert!(is_good(&one) && one.text().matches("<item>").count() == 1, "{one:?}");
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn a_reader_who_hangs_up_does_not_stop_the_refresh_behind() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    server.get("/feed/a", &[]).await;
    server.clock.advance(HOUR);
    upstream.close().await;
    upstream.answers(200, "", &feed(7));
    drop(server.get("/feed/a", &[]).await); // its connection is closed by now
    upstream.came(2).await;
    upstream.open();
    assert_eq!(server.refreshed("/feed/a").await.text(), feed(7));
}

#[tokio::test]
async fn where_upstream_is_slow_the_last_good_copy_is_served_in_time() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    server.get("/feed/a", &[]).await;
    server.clock.advance(DAY);
    upstream.close().await;
    let started = tokio::time::Instant::now();
    let late = server.get("/feed/a", &[]).await;
    assert!(is_good(&late) && started.elapsed() < PATIENCE, "{late:?}");
    assert!(late.header("refeed-notice").starts_with("the answer took too long"), "{late:?}");
    upstream.open();
}

#[tokio::test]
async fn a_feed_heavier_than_the_memory_is_kept_and_nothing_is_said_to_be_stored_that_is_not() {
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/feed"), "")]);
    config.cache.memory = 4096;
    let server = Server::start(&config).await;
    for expected in ["refeed; fwd=miss; fwd-status=200; stored; ttl=1800", "refeed; hit; ttl=1800"] {
        assert_eq!(server.get("/feed/a", &[]).await.header("cache-status"), expected);
    }
    config.cache.memory = 0;
    let server = Server::start(&config).await;
    for _ in 0..2 {
        let reply = server.get("/feed/a", &[]).await;
        assert_eq!(reply.header("cache-status"), "refeed; fwd=miss; fwd-status=200; ttl=1800");
    }
    assert_eq!(upstream.hits(), 3);
}
