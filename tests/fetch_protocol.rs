//! What goes over the wire, and servers that break the protocol (abuse cases 10, 14, 18, 19 and 20).
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod fetch_support;

use std::time::Duration;

use fetch_support::*;
use hyper::header::HeaderValue;
use refeed::base::clock::{Clock, Time};
use refeed::fetch::{Blame, Bound, Client, FetchError, Phase, Request, Settings};

#[tokio::test]
async fn a_request_says_who_asks_and_nothing_of_any_reader() {
    let server = Server::sending(ok("", "feed")).await;
    let client = Client::new(Settings { own_id: "a1b2".into(), ..loopback() }).unwrap();
    let response = client.get(&Request::feed(server.url("/api/zm_yql-vomx-tpeybti?a=$b_c'd"))).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (200, &b"feed"[..]));
    let seen = server.seen().remove(0);
    let (line, headers) = seen.split_once("\r\n").unwrap();
    assert_eq!(line, "GET /api/zm_yql-vomx-tpeybti?a=$b_c'd HTTP/1.1");
    let mut names: Vec<_> =
        headers.lines().filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent", "via"]);
    assert!(headers.contains(&format!("host: {}\r\n", server.address)));
    assert!(headers.contains("user-agent: refeed/0.1.0 (feed proxy)\r\n"));
    assert!(headers.contains("via: 1.1 refeed-a1b2\r\n"));
    assert_eq!(client.via_token(), "refeed-a1b2");
}

#[tokio::test]
async fn validators_go_back_as_the_bytes_they_came_in_as() {
    let server = Server::start(|head| {
        let same = head.contains("if-none-match: W/\"a b,\\\"\r\n")
            && head.contains("if-modified-since: yesterday, about noon\r\n");
        Reply::Close(match same {
            true => b"HTTP/1.1 304 Not Modified\r\nETag: \"new\"\r\nConnection: close\r\n\r\n".to_vec(),
            false => ok("ETag: W/\"a b,\\\"\r\nLast-Modified: yesterday, about noon\r\n", "feed"),
        })
    })
    .await;
    let client = Client::new(loopback()).unwrap();
    let mut request = Request::feed(server.url("/"));
    let first = client.get(&request).await.unwrap();
    request.if_none_match = first.etag().cloned();
    request.if_modified_since = first.last_modified().cloned();
    let second = client.get(&request).await.unwrap();
    assert!(second.is_not_modified() && second.body.is_empty());
    assert_eq!(second.etag().unwrap(), "\"new\"");
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let server = Server::sending("HTTP/1.1 304 Not Modified\r\n\r\n").await;
    assert!(matches!(fetch(&server.url("/")).await, Err(FetchError::Protocol { .. })));
}

#[tokio::test]
async fn other_statuses_are_errors_with_their_retry_after() {
    let now = Clock::manual(Time(784_111_777_000));
    for (status, header, seconds, may_pass) in [
        (404, "", None, false),
        (410, "", None, false),
        (429, "Retry-After: 3600\r\n", Some(3600), true),
        (503, "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", Some(60), true),
        (503, "Retry-After: soon\r\n", Some(900), true),
        (500, "Retry-After: 315360000\r\n", Some(604_800), true),
    ] {
        let server = Server::sending(format!("HTTP/1.1 {status} No\r\n{header}Content-Length: 6\r\n\r\nsecret")).await;
        let error =
            fetch_with(Settings { clock: now.clone(), ..loopback() }, &server.url("/x?k=secret")).await.unwrap_err();
        assert!(matches!(error, FetchError::Status { status: s, .. } if s == status), "{error}");
        assert_eq!(error.retry_after().map(|after| after.as_secs()), seconds, "{header}");
        assert_eq!((error.blame(), error.may_pass()), (Blame::Upstream, may_pass), "{status}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let mut long = b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec();
    long.resize(1 << 20, b'a');
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    let seventy = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(70));
    for response in [long, many.into_bytes(), seventy.into_bytes()] {
        let server = Server::sending(response).await;
        let error = fetch(&server.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { bound: Bound::Head, .. }), "{error}");
    }
    let server = Server::start(|_| Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: b\r\n".to_vec())).await;
    assert!(matches!(fetch(&server.url("/")).await, Err(FetchError::TooLarge { bound: Bound::Head, .. })));
}

#[tokio::test]
async fn a_silent_server_ends_at_the_heads_own_bound() {
    for begun in ["", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let server = Server::start(move |_| Reply::Silence(begun.into())).await;
        let mut settings = loopback();
        settings.timeouts.head = Duration::from_millis(30);
        let error = fetch_with(settings, &server.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { phase: Phase::Head, .. }), "{begun:?}: {error}");
        assert_eq!(error.blame(), Blame::Upstream);
    }
}

#[tokio::test]
async fn broken_heads_are_errors() {
    for response in [
        "",
        "HTTP/1.1 200",
        "<rss>HTTP/0.9</rss>\r\n\r\n",
        "HTTP/1.1 999999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nfeeds",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfeed\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n4\r\nfeed\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfeed\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nfeed\r\n0\r\n\r\n",
    ] {
        let server = Server::sending(response).await;
        let error = fetch(&server.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Protocol { .. }), "{response:?}: {error:?}");
        assert_eq!(error.blame(), Blame::Upstream);
    }
}

#[tokio::test]
async fn bytes_after_a_body_are_never_the_answer_to_the_next_request() {
    let server = Server::start(|head| {
        let smuggled = ok("", "smuggled");
        Reply::Keep(match head.contains("/first") {
            true => [ok("", "first"), smuggled].concat(),
            false => ok("", "second"),
        })
    })
    .await;
    let client = Client::new(loopback()).unwrap();
    assert_eq!(client.get(&Request::feed(server.url("/first"))).await.unwrap().body, "first");
    assert_eq!(client.get(&Request::feed(server.url("/second"))).await.unwrap().body, "second");
    assert_eq!(server.opened(), 2);
}

#[tokio::test]
async fn a_good_connection_is_used_again_and_a_faulty_one_is_not() {
    let server = Server::start(|head| {
        Reply::Keep(if head.contains("/bad") { ok("Content-Encoding: gzip\r\n", "not gzip") } else { ok("", "feed") })
    })
    .await;
    let client = Client::new(loopback()).unwrap();
    let get = async |path: &str| client.get(&Request::feed(server.url(path))).await;
    get("/").await.unwrap();
    get("/").await.unwrap();
    assert_eq!(server.opened(), 1);
    assert!(get("/bad").await.is_err());
    get("/").await.unwrap();
    assert_eq!(server.opened(), 2);
}

#[tokio::test]
async fn an_odd_instance_id_or_root_is_refused_at_the_start() {
    for settings in [
        Settings { own_id: "a\r\nX: y".into(), ..Settings::default() },
        Settings { own_id: "台".into(), ..Settings::default() },
        Settings { extra_roots: vec![b"not a certificate".to_vec()], ..Settings::default() },
        Settings { proxy: Some("ftp://u:secret@proxy/".parse().unwrap()), ..Settings::default() },
    ] {
        let Err(error) = Client::new(settings.clone()) else { panic!("{settings:?}") };
        assert!(error.blame() == Blame::Us && !error.to_string().contains("secret"), "{error}");
        assert!(!format!("{settings:?}").contains("secret"));
    }
}

#[tokio::test]
async fn a_dropped_fetch_gives_its_turn_back() {
    let server = Server::start(|head| match head.contains("/slow") {
        true => Reply::Silence(vec![]),
        false => Reply::Keep(ok("", "feed")),
    })
    .await;
    let client = Client::new(loopback()).unwrap();
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let (client, request) = (client.clone(), Request::feed(server.url("/slow")));
            tokio::spawn(async move { client.get(&request).await })
        })
        .collect();
    while server.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    for fetch in slow {
        fetch.abort();
    }
    assert_eq!(client.get(&Request::feed(server.url("/"))).await.unwrap().body, "feed");
}

#[tokio::test]
async fn two_fetches_of_one_host_run_at_once_and_the_third_waits() {
    let (release, gate) = tokio::sync::watch::channel(false);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let arrived = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let counted = arrived.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (mut gate, counted) = (gate.clone(), counted.clone());
            tokio::spawn(async move {
                read_head(&mut socket).await?;
                counted.add_permits(1);
                gate.wait_for(|open| *open).await.ok()?;
                tokio::io::AsyncWriteExt::write_all(&mut socket, &ok("Connection: close\r\n", "feed")).await.ok()
            });
        }
    });
    let client = Client::new(loopback()).unwrap();
    let mut fetches = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (client, request) = (client.clone(), Request::feed(format!("http://{address}/")));
        fetches.spawn(async move { client.get(&request).await });
    }
    arrived.acquire_many(2).await.unwrap().forget();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(arrived.available_permits(), 0, "the third must not have arrived");
    release.send(true).unwrap();
    while let Some(done) = fetches.join_next().await {
        assert_eq!(done.unwrap().unwrap().body, "feed");
    }
}

#[tokio::test]
async fn only_end_to_end_headers_are_handed_on() {
    let headers = "ETag: \"x\"\r\nContent-Type: text/xml; charset=gb2312\r\nSet-Cookie: id=1\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nCache-Control: max-age=60\r\ncache-control: public\r\n";
    let server = Server::sending(ok(headers, "feed")).await;
    let response = fetch(&server.url("/")).await.unwrap();
    assert_eq!((response.content_type(), response.charset()), (Some("text/xml"), Some("gb2312")));
    assert_eq!(response.cache_control().as_deref(), Some("max-age=60, public"));
    assert_eq!(response.etag(), Some(&HeaderValue::from_static("\"x\"")));
    for gone in ["set-cookie", "connection", "x-hop"] {
        assert!(response.headers.get(gone).is_none(), "{gone}");
    }
}

#[tokio::test]
async fn a_form_is_posted_to_the_address_it_is_meant_for_and_to_no_other() {
    let other = Server::sending(ok("", "x")).await;
    for (reply, expected) in [
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned(), Ok(202)),
        (format!("HTTP/1.1 307 Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", other.url("/")), Err(())),
    ] {
        let hub = Server::sending(reply).await;
        let client = Client::new(loopback()).unwrap();
        let response = client.get(&Request::form(hub.url("/hub"), "hub.mode=subscribe&a=%2F".into())).await;
        assert_eq!(response.map(|response| response.status).map_err(|_| ()), expected);
        let head = hub.seen().remove(0);
        assert!(head.starts_with("POST /hub HTTP/1.1\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/x-www-form-urlencoded\r\n")
                && head.contains("content-length: 24\r\n"),
            "{head}"
        );
    }
    assert!(other.seen().is_empty());
}
