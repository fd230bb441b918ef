//! Upstreams are treated well: validators go back as they came, what is unchanged costs nothing, moves are believed when they
//! have proved themselves, and who asks for a pause gets it.

mod serve_support;

use std::time::Duration;

use serve_support::{Server, Upstream, config, feed, response};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn validators_go_back_exactly_as_they_came() {
    for (etag, modified) in [
        ("\"abc\"", "Thu, 14 Jan 2027 00:00:00 GMT"),
        ("W/\"5-xyz=\"", "Thursday, 14-Jan-27 00:00:00 GMT"),
        ("unquoted 'tag", "2027-01-14T00:00:00+08:00"),
        ("\"\"", "0"),
        ("\"a,b\"", "Fri, 15 Jan 2027 09:00:00 +0100"),
    ] {
        let upstream = Upstream::start(&format!("ETag: {etag}\r\nLast-Modified: {modified}\r\n")).await;
        let server = Server::of(&upstream).await;
        server.get("/feed/a", &[]).await;
        assert_eq!(
            (upstream.asked("if-none-match"), upstream.asked("if-modified-since")),
            (String::new(), String::new())
        );
        server.clock.advance(3 * HOUR);
        server.refreshed("/feed/a").await;
        assert_eq!((upstream.hits(), upstream.asked("if-none-match")), (2, etag.to_owned()));
        assert_eq!(upstream.asked("if-modified-since"), modified);
    }
}

#[tokio::test]
async fn no_validator_is_invented_and_none_of_a_readers_goes_upstream() {
    let upstream = Upstream::start("Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    server.clock.advance(DAY);
    server.get("/feed/a", &[("If-None-Match", first.header("etag"))]).await;
    assert_eq!((upstream.hits(), upstream.asked("if-none-match")), (2, String::new()));
    assert_eq!(upstream.asked("if-modified-since"), "");
}

#[tokio::test]
async fn new_validators_are_kept_also_when_the_body_is_the_same() {
    let upstream = Upstream::start("ETag: \"1\"\r\nLast-Modified: Fri, 01 Jan 2027 00:00:00 GMT\r\n").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    upstream.answers(200, "ETag: \"2\"\r\nLast-Modified: Fri, 15 Jan 2027 08:00:00 GMT\r\n", &feed(50));
    server.clock.advance(3 * HOUR);
    let touched = server.refreshed("/feed/a").await;
    for name in ["etag", "last-modified"] {
        assert_eq!(touched.header(name), first.header(name));
    }
    server.clock.advance(3 * HOUR);
    server.refreshed("/feed/a").await;
    assert_eq!(upstream.asked("if-none-match"), "\"2\"");
    assert_eq!(upstream.asked("if-modified-since"), "Fri, 15 Jan 2027 08:00:00 GMT");
}

#[tokio::test]
async fn a_304_makes_the_copy_fresh_and_says_what_holds_from_now_on() {
    let upstream = Upstream::start("ETag: \"1\"\r\nCache-Control: max-age=600\r\nAge: 60\r\n").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    upstream.answers(304, "", "");
    server.clock.advance(10 * MINUTE);
    let same = server.refreshed("/feed/a").await;
    assert_eq!((same.text(), same.header("etag")), (feed(50), first.header("etag")));
    assert_eq!((same.header("cache-status"), same.header("age")), ("refeed; hit; ttl=600", "0"));
    upstream.answers(304, "ETag: \"2\"\r\nCache-Control: max-age=1200\r\nAge: 100\r\n", "");
    server.clock.advance(10 * MINUTE);
    let longer = server.refreshed("/feed/a").await;
    assert_eq!((longer.header("cache-status"), longer.header("age")), ("refeed; hit; ttl=1100", "100"));
    assert_eq!(upstream.asked("if-none-match"), "\"1\"");
    server.clock.advance(20 * MINUTE);
    server.refreshed("/feed/a").await;
    assert_eq!((upstream.hits(), upstream.asked("if-none-match")), (4, "\"2\"".to_owned()));
}

#[tokio::test]
async fn what_has_not_changed_is_not_put_through_its_rules_again() {
    let upstream = Upstream::start("ETag: \"1\"\r\n").await;
    // a rule that makes something else of the same feed each time
    let rules = "[{ script = 'function item(item) { item.title = String(Math.random()); return item }' }]";
    let server = Server::start(&config(&[("a", upstream.url("/feed"), rules)])).await;
    let first = server.get("/feed/a", &[]).await.text();
    for (hits, status, body) in [(2, 304, String::new()), (3, 200, feed(50)), (4, 200, feed(49))] {
        upstream.answers(status, "", &body);
        server.clock.advance(60 * MINUTE);
        refresh(&server, &upstream).await;
        let again = server.get("/feed/a", &[]).await;
        assert!(again.header("cache-status").starts_with("refeed; hit; ttl=1"), "{again:?}");
        assert_eq!((upstream.hits(), again.text() == first), (hits, hits < 4), "{status}");
    }
}

#[tokio::test]
async fn the_feeds_own_rhythm_counts() {
    let upstream = Upstream::start("Cache-Control: max-age=60\r\n").await;
    let sy = "xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"";
    for (head, ttl) in [
        ("<ttl>90</ttl>", 90 * 60),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>12</sy:updateFrequency>", 2 * 60 * 60),
        // it is eight o'clock, on a Friday
        ("<ttl>30</ttl><skipHours><hour>8</hour><hour>9</hour></skipHours>", 2 * 60 * 60),
        ("<skipDays><day>Friday</day></skipDays>", 16 * 60 * 60),
    ] {
        let body =
            feed(1).replace("<rss ", &format!("<rss {sy} ")).replace("<title>Feed", &format!("{head}<title>Feed"));
        upstream.answers(200, "Cache-Control: max-age=60\r\n", &body);
        let server = Server::of(&upstream).await;
        let reply = server.get("/feed/a", &[]).await;
        assert!(reply.header("cache-status").ends_with(&format!("ttl={ttl}")), "{head}: {reply:?}");
        assert_eq!(reply.text(), body);
        upstream.answers(304, "", "");
        let again = server.get("/feed/a", &[]).await;
        assert!(again.header("cache-status").starts_with("refeed; hit"), "{head}");
    }
}

/// Asks for `/feed/a` until a fetch has come of it.
async fn refresh(server: &Server, upstream: &Upstream) {
    let before = upstream.hits();
    while upstream.hits() == before {
        server.refreshed("/feed/a").await;
    }
    server.refreshed("/feed/a").await;
}

#[tokio::test]
async fn a_permanent_redirect_is_followed_for_good_after_three_answers_over_a_day() {
    for (status, for_good) in [(301, true), (308, true), (302, false), (307, false), (303, false)] {
        let upstream = Upstream::start("").await;
        upstream.script(move |head| match head.starts_with("GET /feed ") {
            true => response(status, "Location: /new\r\n", ""),
            false => response(200, "", &feed(1)),
        });
        let server = Server::of(&upstream).await;
        for _ in 0..5 {
            server.get("/feed/a", &[]).await;
            server.clock.advance(DAY / 2); // 0, 12, 24 … hours; longer than a stale copy is served unasked
        }
        let old = upstream.lines().iter().filter(|line| *line == "GET /feed").count();
        assert_eq!((old, upstream.lines().len() - old), (if for_good { 3 } else { 5 }, 5), "{status}");
    }
}

#[tokio::test]
async fn a_permanent_redirect_is_undone_when_its_target_dies_or_when_it_changes() {
    let upstream = Upstream::start("").await;
    let moved = |target: &'static str, dead: bool| {
        move |head: &str| match head {
            _ if head.starts_with("GET /feed ") => response(301, &format!("Location: {target}\r\n"), ""),
            _ if head.starts_with("GET /new ") && dead => response(404, "", ""),
            _ => response(200, "", &feed(1)),
        }
    };
    upstream.script(moved("/new", false));
    let server = Server::of(&upstream).await;
    for _ in 0..4 {
        server.get("/feed/a", &[]).await;
        server.clock.advance(DAY / 2);
    }
    assert_eq!(upstream.lines().last().unwrap(), "GET /new");
    upstream.script(moved("/newer", true));
    let before = upstream.lines().len();
    let reply = server.get("/feed/a", &[]).await;
    assert_eq!((reply.status, reply.header("refeed-notice")), (200, ""));
    assert_eq!(upstream.lines()[before..], ["GET /new", "GET /feed", "GET /newer"]);
}

#[tokio::test]
async fn a_redirect_that_names_each_time_another_address_is_never_believed() {
    let upstream = Upstream::start("").await;
    let count = std::sync::atomic::AtomicUsize::new(0);
    upstream.script(move |head| match head.starts_with("GET /feed ") {
        true => {
            let visitor = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            response(301, &format!("Location: /feed?visitor={visitor}\r\n"), "")
        }
        false => response(200, "", &feed(1)),
    });
    let server = Server::of(&upstream).await;
    for _ in 0..6 {
        server.get("/feed/a", &[]).await;
        server.clock.advance(DAY / 2);
    }
    assert_eq!(upstream.lines().iter().filter(|line| *line == "GET /feed").count(), 6);
}

#[tokio::test]
async fn what_is_gone_is_asked_once_more_after_a_day_and_its_last_copy_is_served_without_end() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    upstream.answers(410, "", "");
    for (hours, hits) in [(7, 2), (23, 2), (4, 3), (27, 3), (720, 3), (7200, 3)] {
        server.clock.advance(hours * HOUR);
        let kept = server.refreshed("/feed/a").await;
        assert_eq!((kept.status, kept.header("etag")), (200, first.header("etag")));
        assert!(kept.header("refeed-notice").contains("410"), "{kept:?}");
        assert_eq!(upstream.hits(), hits, "after {hours} more hours");
    }
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_it_for_all_its_feeds() {
    let week = 7 * 24 * 60 * 60;
    for (status, header, wait) in [
        (429, "3600", 3600),
        (503, "3600", 3600),
        (429, "Fri, 15 Jan 2027 09:30:00 GMT", 5400),
        (503, "when it is over", 900),
        (429, "315360000", week),
    ] {
        let upstream = Upstream::start("").await;
        let feeds = [("a", upstream.url("/a"), ""), ("b", upstream.url("/b"), "")];
        let server = Server::start(&config(&feeds)).await;
        upstream.answers(status, &format!("Retry-After: {header}\r\n"), "");
        for name in ["a", "b", "a", "b"] {
            let reply = server.get(&format!("/feed/{name}"), &[]).await;
            assert_eq!((reply.status, reply.header("retry-after")), (502, wait.to_string().as_str()), "{header}");
            assert_eq!(reply.json()["blame"], "upstream");
        }
        assert_eq!(upstream.hits(), 1, "{header}");
        upstream.answers(200, "", &feed(1));
        server.clock.advance(Duration::from_secs(wait - 1));
        assert_eq!(server.get("/feed/b", &[]).await.status, 502);
        assert_eq!(upstream.hits(), 1, "{header}");
        server.clock.advance(Duration::from_secs(1));
        for name in ["a", "b"] {
            assert_eq!(server.get(&format!("/feed/{name}"), &[]).await.status, 200, "{header}");
        }
    }
}

#[tokio::test]
async fn a_pause_of_the_host_is_told_beside_the_copy() {
    let upstream = Upstream::start("").await;
    let feeds = [("a", upstream.url("/a"), ""), ("b", upstream.url("/b"), "")];
    let server = Server::start(&config(&feeds)).await;
    server.get("/feed/a", &[]).await;
    upstream.answers(503, "Retry-After: 86400\r\n", "");
    server.get("/feed/b", &[]).await;
    server.clock.advance(HOUR);
    let kept = server.get("/feed/a", &[]).await;
    assert!(kept.status == 200 && kept.header("refeed-notice").starts_with("the host asked for a pause"), "{kept:?}");
    assert_eq!((upstream.hits(), kept.header("cache-status").contains("hit; ttl=-1800")), (2, true), "{kept:?}");
}

#[tokio::test]
async fn a_success_ends_the_doubling() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    for round in 0..2 {
        upstream.answers(500, "", "");
        for shortest in [300, 600, 1200] {
            let wait: u64 = server.get("/feed/a", &[]).await.header("retry-after").parse().unwrap();
            assert!((shortest..=shortest * 11 / 10).contains(&wait), "{round}: {wait}, {shortest} at least");
            server.clock.advance(Duration::from_secs(wait));
        }
        upstream.answers(200, "", &feed(1));
        assert_eq!(server.get("/feed/a", &[]).await.status, 200);
        server.clock.advance(30 * DAY); // past all clocks: the next failure is a reader's again
    }
}

#[tokio::test]
async fn rules_that_depend_on_the_time_are_run_again_on_an_unchanged_feed() {
    let upstream = Upstream::start("ETag: \"1\"\r\n").await;
    let dated = feed(1).replace("<guid>", "<pubDate>Fri, 15 Jan 2027 07:00:00 GMT</pubDate><guid>");
    upstream.script(move |head| match head.to_lowercase().contains("if-none-match") {
        true => response(304, "", ""),
        false => response(200, "ETag: \"1\"\r\n", &dated),
    });
    let rules = "[{ keep = { newer_than = '2h' } }]";
    let server = Server::start(&config(&[("a", upstream.url("/feed"), rules)])).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("<item>"));
    server.clock.advance(2 * HOUR);
    refresh(&server, &upstream).await;
    assert!(!server.get("/feed/a", &[]).await.text().contains("<item>"));
}
