//! refeed as a reader's HTTP proxy: a feed at its own address with the rules of its site, for whom the server is open, and no tunnels.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod serve_support;

use std::sync::Arc;

use refeed::config::fields::{Allow, Secret};
use refeed::config::{Config, Open, Source};
use refeed::rules;
use serve_support::{Reply, Server, Upstream};

const SITES: &str =
    "[rules]\nbefore = [{ drop = { title = 'Item 1$' } }]\n[sites.'127.0.0.1']\nrules = [{ limit = 2 }]\n";

async fn start(text: &str, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::parse(&Source::new("t", text), rules::check).unwrap();
    config.fetch.allow.push(Allow { net: "127.0.0.0/8".parse().unwrap(), port: None });
    change(&mut config);
    Server::start(&config).await
}

async fn through(server: &Server, url: &str, headers: &str) -> Reply {
    let host = url.split('/').nth(2).unwrap();
    server.send(&format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")).await
}

#[tokio::test]
async fn a_feed_comes_at_its_own_address_with_the_rules_of_its_site() {
    let upstream = Upstream::start("").await;
    let relative = "<rss version=\"2.0\"><channel><title>t</title><link>http://example.org/</link><description>d</description>\
        <item><title>Item 1</title></item><item><title>Item 2</title><link>/rel</link></item><item><title>Item 3</title></item>\
        <item><title>Item 4</title></item></channel></rss>";
    upstream.answers(200, "", relative);
    let server = start(SITES, |_| {}).await;
    let reply = through(&server, &upstream.url("/feed?a=1&limit=9"), "").await;
    let titles: Vec<_> = reply.text().split("<title>").skip(2).map(|rest| rest[..6].to_owned()).collect();
    assert_eq!((reply.status, titles), (200, vec!["Item 2".to_owned(), "Item 3".to_owned()]));
    assert!(reply.text().contains("<link>/rel</link>"), "its own relative URLs mean what they meant");
    assert_eq!(through(&server, &upstream.url("/feed?a=1&limit=9"), "").await.status, 200);
    assert_eq!(upstream.hits(), 1, "from the cache");
    // its own paths are still its own
    let own = through(&server, &format!("http://{}/healthz", server.address), "").await;
    assert_eq!((own.status, own.text().as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn only_for_whom_the_server_is_open() {
    let upstream = Upstream::start("").await;
    let url = upstream.url("/feed");
    let key = |open| {
        move |config: &mut Config| {
            (config.server.open, config.server.access_key) = (open, Some(Secret::new("s3cret")));
        }
    };
    let good = "Proxy-Authorization: Basic cmVhZGVyOnMzY3JldA==\r\n"; // reader:s3cret
    let wrong = "Proxy-Authorization: Basic cmVhZGVyOnMzY3JlVA==\r\n";
    let server = start("", key(Some(Open::Key))).await;
    for headers in ["", wrong, "Proxy-Authorization: Bearer s3cret\r\n", "Proxy-Authorization: Basic ???\r\n"] {
        let reply = through(&server, &url, headers).await;
        assert_eq!((reply.status, reply.header("proxy-authenticate")), (407, "Basic realm=\"refeed\""), "{headers}");
    }
    assert_eq!(upstream.hits(), 0);
    assert_eq!(through(&server, &url, good).await.status, 200);

    let server = start("", key(Some(Open::Nobody))).await;
    assert_eq!(through(&server, &url, good).await.status, 403);
    let server = start("", key(Some(Open::Everybody))).await;
    assert_eq!(through(&server, &url, "").await.status, 200);

    // by default this machine may, and nothing that came through another proxy
    let server = start("", |_| {}).await;
    assert_eq!(through(&server, &url, "").await.status, 200);
    assert_eq!(through(&server, &url, "X-Forwarded-For: 192.0.2.1\r\n").await.status, 403);
}

#[tokio::test]
async fn what_is_no_feed_or_no_web_is_refused_and_said() {
    let upstream = Upstream::start("").await;
    upstream.answers(200, "", "<html><title>page</title></html>");
    let server = start("", |_| {}).await;
    assert_eq!(through(&server, &upstream.url("/page"), "").await.json()["status"], 502);
    assert_eq!(through(&server, "http://user:secret@127.0.0.1:1/", "").await.status, 400);
    assert_eq!(through(&server, "ftp://example.org/feed", "").await.status, 400);
    let tunnel =
        server.send("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n").await;
    assert_eq!(tunnel.status, 405);
    assert!(tunnel.text().contains("http:// address"), "{}", tunnel.text());
}

#[tokio::test]
async fn a_circle_of_proxies_ends() {
    let server = Arc::new(start("", |_| {}).await);
    let via = format!("Via: 1.1 {}\r\n", server.pipeline.via());
    assert_eq!(through(&server, "http://example.org/feed", &via).await.status, 508);
}
