//! Every refusal and failure is a problem document that says who has to do what.

mod serve_support;

use std::time::Duration;

use refeed::config::Open;
use refeed::config::fields::Secret;
use serve_support::{Server, Upstream, config, feed};

#[tokio::test]
async fn problems_name_cause_blame_and_key() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let foreign = [("Host", "feeds.example")];
    let long = format!("/feed/{}", "x".repeat(5000));
    for (method, target, headers, status, name) in [
        ("GET", "/nothing", &[][..], 404, "no-such-path"),
        ("GET", "/feed/none", &[], 404, "unknown-feed"),
        ("POST", "/feed/a", &[], 405, "method"),
        ("DELETE", "/healthz", &[], 405, "method"),
        ("GET", "/feed/a?limit=none", &[], 400, "bad-parameter"),
        ("GET", "/feed", &[], 400, "bad-parameter"),
        ("GET", "/feed/%FF", &[], 400, "bad-request"),
        ("GET", "/feed/a", &[("Host", "a"), ("Host", "b")], 400, "bad-request"),
        ("GET", "/feed/a", &[("Host", "a b/c")], 400, "bad-request"),
        ("GET", "/feed/a", &[("Host", "me@localhost")], 400, "bad-request"),
        ("CONNECT", "example.org:443", &[], 405, "tunnel"),
        ("GET", &long, &[], 414, "target-too-long"),
        ("GET", "/feed?url=https://example.org/", &foreign, 403, "key"),
        ("GET", "/feed/a", &[("Content-Length", "0"), ("Transfer-Encoding", "chunked")], 413, "body"),
    ] {
        let reply = server.ask(method, target, headers).await;
        assert_eq!((reply.status, reply.header("content-type")), (status, "application/problem+json"), "{target}");
        let problem = reply.json();
        assert_eq!(problem["type"], format!("urn:refeed:problem:{name}"), "{target}");
        assert_eq!((problem["status"].as_u64(), problem["blame"].as_str()), (Some(status.into()), Some("reader")));
        let path = if method == "CONNECT" { "" } else { target.split('?').next().unwrap() };
        assert_eq!(problem["instance"], path);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("allow"), if status == 405 { "GET, HEAD, OPTIONS" } else { "" });
    }
    assert_eq!(
        server.get("/feed?url=https://x.example/&y=1&z=2", &[]).await.json()["detail"]
            .as_str()
            .unwrap()
            .matches('`')
            .count(),
        6
    );
    assert_eq!(server.get("/feed?url=http://a/", &foreign).await.json()["config_key"], "server.access_key");
    assert_eq!(server.get("/feed/none", &[]).await.json()["feed"], "none");
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a_browser_gets_a_page_without_markup_of_others() {
    let server = Server::start(&config(&[])).await;
    let reply = server.get("/feed/%3Cscript%3E", &[("Accept", "text/html,*/*;q=0.8")]).await;
    assert_eq!((reply.status, reply.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(reply.text().contains("&lt;script&gt;") && !reply.text().contains("<script>"));
    assert_eq!(reply.header("content-security-policy"), "default-src 'none'; sandbox");
}

#[tokio::test]
async fn options_and_health_are_answered() {
    let server = Server::start(&config(&[])).await;
    for target in ["*", "/feed", "/feed/a", "/healthz"] {
        let reply = server.ask("OPTIONS", target, &[]).await;
        assert_eq!((reply.status, reply.header("allow")), (204, "GET, HEAD, OPTIONS"), "{target}");
    }
    assert_eq!(server.ask("OPTIONS", "/nothing", &[]).await.status, 404);
    let health = server.get("/healthz", &[]).await;
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn a_broken_upstream_is_asked_once_and_readers_are_told_when_to_come_back() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    // each failure in a row doubles its kind's pause
    for (status, headers, body, name, shortest) in [
        (500, "", "", "upstream-status", 300),
        (404, "", "", "upstream-status", 2 * 3600),
        (429, "Retry-After: 7200\r\n", "", "upstream-status", 7200),
        (200, "", "<!doctype html><title>Log in</title>", "not-a-feed", 8 * 900),
    ] {
        upstream.answers(status, headers, body);
        let before = upstream.hits();
        let first = server.get("/feed/a", &[]).await;
        assert_eq!((first.status, first.json()["type"].clone()), (502, format!("urn:refeed:problem:{name}").into()));
        let wait: u64 = first.header("retry-after").parse().unwrap();
        let longest = if headers.is_empty() { shortest * 11 / 10 } else { shortest };
        assert!((shortest..=longest).contains(&wait), "{status}: {wait}");
        assert_eq!(first.json()["blame"], "upstream");
        server.clock.advance(Duration::from_secs(wait - 1));
        assert_eq!(server.get("/feed/a", &[]).await.header("retry-after"), "1");
        assert_eq!(upstream.hits(), before + 1);
        server.clock.advance(Duration::from_secs(1));
    }
    upstream.answers(200, "", &feed(1));
    assert_eq!(server.get("/feed/a", &[]).await.status, 200);
}

#[tokio::test]
async fn an_upstream_that_is_gone_and_an_address_that_is_not_fetched() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&config(&[("gone", format!("http://{closed}/"), "")])).await;
    let gone = server.get("/feed/gone", &[]).await;
    let wait: u64 = gone.header("retry-after").parse().unwrap();
    assert!(gone.status == 502 && (60..=66).contains(&wait), "{gone:?}");
    assert_eq!(gone.json()["type"], "urn:refeed:problem:upstream-unreachable");
    let refused = server.get("/feed?url=http://[::ffff:10.0.0.1]/", &[]).await;
    assert_eq!((refused.status, refused.json()["config_key"].as_str()), (403, Some("fetch.allow")));
}

#[tokio::test]
async fn any_url_needs_what_the_configuration_asks_for() {
    let upstream = Upstream::start("").await;
    let target = |key: &str| format!("/feed?url={}{key}", upstream.url("/f"));
    let with = |open, key: Option<&str>| {
        let mut config = config(&[]);
        (config.server.open, config.server.access_key) = (open, key.map(Secret::new));
        config
    };
    let server = Server::start(&with(None, Some("s3cret"))).await;
    for (headers, key, status) in [
        (&[][..], "", 200),
        (&[("Host", "evil.example")], "", 403),
        (&[("X-Forwarded-For", "192.0.2.1")], "", 403),
        (&[("Via", "1.1 proxy")], "&key=wrong", 403),
        (&[("Via", "1.1 proxy")], "&key=s3cret", 200),
    ] {
        assert_eq!(server.get(&target(key), headers).await.status, status, "{headers:?} {key}");
    }
    let nobody = Server::start(&with(Some(Open::Nobody), Some("s3cret"))).await;
    let closed = nobody.get(&target("&key=s3cret"), &[]).await;
    assert_eq!((closed.status, closed.json()["config_key"].as_str()), (403, Some("server.open")));
    assert!(!closed.text().contains("s3cret"));
}

#[tokio::test]
async fn a_request_of_our_own_is_a_loop() {
    let server = Server::start(&config(&[])).await;
    let via = format!("1.0 other, 1.1 {}", server.pipeline.via());
    let reply = server.get("/feed/a", &[("Via", &via)]).await;
    assert_eq!((reply.status, reply.json()["title"].as_str()), (508, Some("Loop detected")));
}

#[tokio::test]
async fn a_url_of_another_server_is_not_answered_with_our_own_feed() {
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/feed"), "")]);
    config.server.open = Some(Open::Nobody); // else refeed would be its reader's HTTP proxy
    let server = Server::start(&config).await;
    let ours = server.get(&format!("http://{}/feed/a", server.address), &[]).await;
    assert_eq!((ours.status, ours.text()), (200, feed(50)));
    for target in
        ["http://blog.example/feed/a", "http://blog.example/feed?url=http://127.0.0.1/", "https://blog.example/"]
    {
        let theirs = server.get(target, &[]).await;
        assert_eq!((theirs.status, theirs.json()["type"].as_str()), (403, Some("urn:refeed:problem:closed")));
    }
}

#[tokio::test]
async fn a_circle_through_a_second_refeed_ends_at_once() {
    let turn = Upstream::start("").await;
    let everybody = |feeds: &[(&str, String, &str)]| {
        let mut config = config(feeds);
        config.server.open = Some(Open::Everybody);
        config
    };
    let second = Server::start(&everybody(&[])).await;
    let through_second = format!("http://{}/feed?url={}", second.address, turn.url("/"));
    let first = Server::start(&everybody(&[("a", through_second, "")])).await;
    turn.answers(302, &format!("Location: http://{}/feed/a\r\n", first.address), "");
    let reply = first.get("/feed/a", &[("Via", "1.1 someones-own-proxy")]).await;
    assert_eq!((reply.status, reply.json()["title"].as_str()), (508, Some("Loop detected")));
    assert_eq!(turn.hits(), 1);
}

#[tokio::test]
async fn a_feed_of_the_configuration_does_not_show_where_it_comes_from() {
    let upstream = Upstream::start("").await;
    let private = "http://10.0.0.1/token-in-the-path/feed".to_owned();
    let feeds = [("a", upstream.url("/token-in-the-path/feed?q=secret"), ""), ("b", private, "")];
    let server = Server::start(&config(&feeds)).await;
    upstream.answers(302, "Location: http://10.0.0.2/inner\r\n", "");
    for (name, status, blame, detail) in [
        (
            "a",
            502,
            "upstream",
            "feed `a`: it redirects elsewhere: the host has no public address, and `fetch.allow` does not name it",
        ),
        ("b", 500, "refeed", "feed `b`: the host has no public address, and `fetch.allow` does not name it"),
    ] {
        let reply = server.get(&format!("/feed/{name}"), &[]).await;
        assert_eq!((reply.status, reply.json()["blame"].as_str()), (status, Some(blame)));
        assert_eq!(reply.json()["detail"], detail);
        let page = server.get(&format!("/feed/{name}"), &[("Accept", "text/html")]).await;
        for text in [reply.text(), page.text()] {
            assert!(!text.contains("10.0.0") && !text.contains("token") && !text.contains("secret"), "{text}");
        }
    }
}

#[tokio::test]
async fn only_a_key_that_would_change_it_is_named() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    for (status, headers, name, key) in [
        (200, "Content-Encoding: gzip\r\n".to_owned(), "bad-answer", None),
        (206, String::new(), "bad-answer", None),
        (200, format!("X: {}\r\n", "y".repeat(20_000)), "too-large", None),
        (302, "Location: ftp://a/\r\n".to_owned(), "redirect-refused", None),
        (302, "Location: http://10.0.0.1/\r\n".to_owned(), "redirect-refused", Some("fetch.allow")),
        (302, "Location: /feed\r\n".to_owned(), "bad-redirect", None),
    ] {
        upstream.answers(status, &headers, &feed(1));
        let problem = server.get("/feed/a", &[]).await.json();
        assert_eq!(problem["type"], format!("urn:refeed:problem:{name}"), "{headers:.40}");
        assert_eq!(problem["config_key"].as_str(), key, "{headers:.40}");
        server.clock.advance(Duration::from_secs(27 * 3600)); // past the longest pause
    }
}

#[tokio::test]
async fn who_claims_to_come_in_a_circle_spoils_the_feed_for_nobody_else() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    upstream.answers(508, "", "");
    assert_eq!(server.get("/feed/a", &[("Via", "1.1 refeed-0123")]).await.status, 508);
    upstream.answers(200, "", &feed(1));
    assert_eq!(server.get("/feed/a", &[]).await.status, 200);
}
