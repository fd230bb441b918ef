//! What a reader gets over HTTP: validators, encodings, cache headers.

mod serve_support;

use std::time::Duration;

use serve_support::{Server, Upstream, config, feed, read_all};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn an_answer_carries_what_caches_and_browsers_need() {
    let upstream = Upstream::start("Content-Type: text/xml\r\nCache-Control: max-age=600\r\nAge: 60\r\n").await;
    let server = Server::of(&upstream).await;
    let reply = server.get("/feed/a", &[]).await;
    assert_eq!((reply.status, reply.text()), (200, feed(50)));
    for (name, value) in [
        ("vary", "accept-encoding"),
        ("cache-control", "public, max-age=600"),
        ("age", "60"),
        ("cache-status", "refeed; fwd=miss; fwd-status=200; stored; ttl=540"),
        ("last-modified", "Fri, 15 Jan 2027 08:00:00 GMT"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("content-length", &feed(50).len().to_string()),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(reply.header("content-type").starts_with("application/rss+xml"), "{reply:?}");
    assert!(reply.header("etag").starts_with('"') && !reply.header("date").is_empty());
    server.clock.advance(Duration::from_secs(40));
    let again = server.get("/feed/a", &[]).await;
    assert_eq!(again.header("cache-status"), "refeed; hit; ttl=500");
    assert_eq!((again.header("age"), again.header("etag")), ("100", reply.header("etag")));
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn what_upstream_calls_private_is_private_for_the_reader() {
    let upstream = Upstream::start("Cache-Control: private, max-age=600\r\n").await;
    let reply = Server::of(&upstream).await.get("/feed/a", &[]).await;
    assert_eq!(reply.header("cache-control"), "private, max-age=600");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    server.get("/feed/a", &[]).await;
    for headers in [&[][..], &[("Accept-Encoding", "gzip")]] {
        let mut get = server.get("/feed/a", headers).await;
        let mut head = server.ask("HEAD", "/feed/a", headers).await;
        assert!(head.body.is_empty() && !get.body.is_empty());
        for reply in [&mut get, &mut head] {
            reply.headers.remove("date");
        }
        assert_eq!((get.status, get.headers), (head.status, head.headers));
    }
    let (get, head) = (server.get("/feed/none", &[]).await, server.ask("HEAD", "/feed/none", &[]).await);
    assert_eq!((head.status, head.header("content-length")), (404, get.header("content-length")));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn every_encoding_holds_the_same_bytes_under_its_own_tag() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let mut tags = Vec::new();
    for encoding in ["", "br", "zstd", "gzip"] {
        for _ in 0..2 {
            let reply = server.get("/feed/a", &[("Accept-Encoding", encoding)]).await;
            assert_eq!((reply.status, reply.header("content-encoding")), (200, encoding));
            assert_eq!(reply.decoded(), feed(50));
            assert!(encoding.is_empty() || reply.body.len() < feed(50).len());
            let tag = reply.header("etag").to_owned();
            let same = server.get("/feed/a", &[("Accept-Encoding", encoding), ("If-None-Match", &tag)]).await;
            assert_eq!((same.status, same.header("etag")), (304, tag.as_str()));
            tags.push(tag);
        }
    }
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn tiny_bodies_are_not_encoded_and_nothing_acceptable_is_said_so() {
    let upstream = Upstream::start("").await;
    upstream.answers(200, "", &feed(0));
    let server = Server::of(&upstream).await;
    let reply = server.get("/feed/a", &[("Accept-Encoding", "br, gzip")]).await;
    assert_eq!((reply.header("content-encoding"), reply.text()), ("", feed(0)));
    let none = server.get("/feed/a", &[("Accept-Encoding", "identity;q=0")]).await;
    assert_eq!((none.status, none.json()["blame"].as_str()), (406, Some("reader")));
}

#[tokio::test]
async fn a_304_carries_what_its_200_would_and_nothing_of_a_body() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let full = server.get("/feed/a", &[]).await;
    let date = full.header("last-modified");
    for condition in [
        &[("If-None-Match", full.header("etag"))][..],
        &[("If-None-Match", "*")],
        &[("If-None-Match", &format!("\"x\", W/{}", full.header("etag")))],
        &[("If-Modified-Since", date)],
        &[("If-None-Match", full.header("etag")), ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")],
    ] {
        let reply = server.get("/feed/a", condition).await;
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{condition:?}");
        for name in ["etag", "vary", "cache-control", "age"] {
            assert_eq!(reply.header(name), full.header(name), "{name}");
        }
        for name in ["content-type", "content-length", "content-encoding", "transfer-encoding"] {
            assert_eq!(reply.header(name), "", "{name}");
        }
    }
    for condition in [
        &[("If-None-Match", "\"x\"")][..],
        &[("If-None-Match", "\"x\""), ("If-Modified-Since", date)],
        &[("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")],
    ] {
        assert_eq!(server.get("/feed/a", condition).await.status, 200, "{condition:?}");
    }
}

#[tokio::test]
async fn last_modified_stays_while_the_bytes_stay() {
    let upstream = Upstream::start("Cache-Control: max-age=600\r\n").await;
    let server = Server::of(&upstream).await;
    let first = server.get("/feed/a", &[]).await;
    server.clock.advance(Duration::from_secs(600));
    let same = server.refreshed("/feed/a").await;
    assert_eq!(same.header("cache-status"), "refeed; hit; ttl=600");
    for name in ["last-modified", "etag"] {
        assert_eq!(same.header(name), first.header(name));
    }
    upstream.answers(200, "", &feed(51));
    server.clock.advance(Duration::from_secs(600));
    let changed = server.refreshed("/feed/a").await;
    assert_eq!(changed.header("last-modified"), "Fri, 15 Jan 2027 08:20:00 GMT");
    assert_ne!(changed.header("etag"), first.header("etag"));
    assert_eq!(upstream.hits(), 3);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let mut stream = server.connect().await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let last = "GET /healthz HTTP/1.0\r\n\r\n";
    let all = [request("/healthz"), request("/feed/a"), request("/feed/none"), last.to_owned()].concat();
    stream.write_all(all.as_bytes()).await.unwrap();
    let text = String::from_utf8(read_all(&mut stream).await).unwrap();
    let statuses: Vec<_> = text.match_indices("HTTP/1.").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "404", "200"]);
}

#[tokio::test]
async fn any_url_is_served_without_rules_to_this_machine() {
    let upstream = Upstream::start("").await;
    let server = Server::start(&config(&[])).await;
    let url = upstream.url("/f%3Fa=b+c/台");
    let reply = server.get(&format!("/feed?url={url}"), &[]).await;
    assert_eq!((reply.status, reply.text()), (200, feed(50)));
    let encoded = upstream.url("/f?a=1&b=2").replace('&', "%26");
    assert_eq!(server.get(&format!("/feed?url={encoded}"), &[]).await.status, 200);
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn a_request_for_other_bytes_than_these_fails() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let full = server.get("/feed/a", &[]).await;
    for (condition, status) in [
        (("If-Match", full.header("etag")), 200),
        (("If-Match", "*"), 200),
        (("If-Match", "\"x\""), 412),
        (("If-Match", &format!("W/{}", full.header("etag"))), 412),
        (("If-Unmodified-Since", full.header("last-modified")), 200),
        (("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"), 412),
        (("If-Unmodified-Since", "yesterday"), 200),
    ] {
        assert_eq!(server.get("/feed/a", &[condition]).await.status, status, "{condition:?}");
    }
}

#[tokio::test]
async fn a_clock_set_back_neither_keeps_answers_fresh_nor_sends_dates_of_the_future() {
    let upstream = Upstream::start("").await;
    let server = Server::of(&upstream).await;
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    server.clock.advance(year);
    let ahead = server.get("/feed/a", &[]).await;
    server.clock.set_back(year);
    let same = server.get("/feed/a", &[]).await;
    assert_eq!((upstream.hits(), same.header("age"), same.header("last-modified")), (2, "0", ""));
    upstream.answers(200, "", &feed(51));
    server.clock.advance(Duration::from_secs(3600));
    server.refreshed("/feed/a").await;
    let changed = server.get("/feed/a", &[("If-Modified-Since", ahead.header("last-modified"))]).await;
    assert_eq!((changed.status, changed.header("last-modified")), (200, "Fri, 15 Jan 2027 09:00:00 GMT"));
}
