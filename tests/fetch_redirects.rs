//! Redirects: followed within their bounds, told in order, and never with another host's validators (abuse cases 9, 10).
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod fetch_support;

use fetch_support::*;
use refeed::fetch::{BadRedirect, Blame, FetchError, Request, Settings};

/// `/N` leads to `/N-1`; `/0` is the feed.
async fn countdown() -> Server {
    Server::start(|head| {
        let number: u32 = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        Reply::Keep(if number == 0 { ok("", "feed") } else { moved(302, &format!("/{}", number - 1)) })
    })
    .await
}

#[tokio::test]
async fn five_hops_are_followed_and_told_and_six_are_not() {
    let server = countdown().await;
    let response = fetch(&server.url("/5")).await.unwrap();
    assert_eq!((&response.body[..], response.url.path()), (&b"feed"[..], "/0"));
    let told: Vec<_> = response.moved.iter().map(|hop| (hop.status, hop.url.path())).collect();
    assert_eq!(told, [(302, "/4"), (302, "/3"), (302, "/2"), (302, "/1"), (302, "/0")]);

    let error = fetch(&server.url("/6")).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirect { why: BadRedirect::TooMany(5), .. }), "{error}");
    assert!(error.to_string().contains("fetch.max_redirects") && error.blame() == Blame::Upstream);

    let error = fetch_with(Settings { max_redirects: 0, ..loopback() }, &server.url("/1")).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirect { why: BadRedirect::TooMany(0), .. }), "{error}");
}

#[tokio::test]
async fn every_kind_of_redirect_is_followed_and_its_status_told() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |head| {
            Reply::Keep(if head.contains("GET /new ") { ok("", "feed") } else { moved(status, "../new#part") })
        })
        .await;
        let response = fetch(&server.url("/a/old?q")).await.unwrap();
        assert_eq!((response.moved[0].status, response.url.as_str()), (status, &*server.url("/new")));
    }
}

#[tokio::test]
async fn circles_are_recognised() {
    for (first, second) in [("/a", "/a"), ("/b", "/a"), ("/b", "/b#other")] {
        let server =
            Server::start(move |head| Reply::Keep(moved(301, if head.contains("GET /a ") { first } else { second })))
                .await;
        let error = fetch(&server.url("/a")).await.unwrap_err();
        assert!(matches!(error, FetchError::Redirect { why: BadRedirect::Loop, .. }), "{error}");
        assert!(server.seen().len() <= 2);
    }
}

#[tokio::test]
async fn a_redirect_without_one_location_is_an_error() {
    for head in [
        "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
    ] {
        let server = Server::sending(head).await;
        let error = fetch(&server.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Redirect { why: BadRedirect::NoLocation, .. }), "{error}");
    }
    let server = Server::sending(moved(301, "http://[broken")).await;
    assert_eq!(fetch(&server.url("/")).await.unwrap_err().blame(), Blame::Upstream);
}

#[tokio::test]
async fn a_location_in_raw_utf_8_is_followed() {
    let server = Server::start(|head| {
        Reply::Keep(if head.contains("GET /%E5%8F%B0 ") { ok("", "feed") } else { moved(302, "/台") })
    })
    .await;
    assert_eq!(fetch(&server.url("/")).await.unwrap().body, "feed");
}

/// `a.example/` leads to `b.example/`, which is the feed.
async fn two_hosts(request: impl FnOnce(&mut Request)) -> (String, String) {
    let last = Server::sending(ok("", "feed")).await;
    let first = Server::sending(moved(301, "http://b.example/")).await;
    let stand = Stand::new();
    stand.name("a.example", &["8.8.8.8"]);
    stand.name("b.example", &["1.1.1.1"]);
    stand.route("8.8.8.8:80", first.address);
    stand.route("1.1.1.1:80", last.address);
    let mut asked = Request::feed("http://a.example/");
    asked.if_none_match = Some("\"x\"".parse().unwrap());
    asked.if_modified_since = Some("Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
    request(&mut asked);
    stand.client(Settings::default()).get(&asked).await.unwrap();
    (first.seen().remove(0), last.seen().remove(0))
}

#[tokio::test]
async fn validators_stay_with_the_host_they_belong_to() {
    let (first, last) = two_hosts(|_| {}).await;
    assert!(first.contains("if-none-match: \"x\"") && first.contains("if-modified-since: Sun"));
    assert!(!last.contains("if-none-match") && !last.contains("if-modified-since"));

    let (first, last) = two_hosts(|asked| asked.validated_by = Some("http://b.example/".parse().unwrap())).await;
    assert!(!first.contains("if-none-match") && !first.contains("if-modified-since"));
    assert!(last.contains("if-none-match: \"x\"") && last.contains("if-modified-since: Sun"));
}
