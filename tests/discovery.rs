//! A page where a feed was asked for: the feed that it names is served in its place, found once, remembered, and never taken
//! for a good copy of something else.
#![allow(clippy::unwrap_used)]

mod cli_common;
mod serve_support;

use std::time::Duration;

use cli_common::{command, text};
use refeed::base::clock::Clock;
use refeed::config::Config;
use serve_support::{NOW, Server, Upstream, config, feed, response};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HTML: &str = "Content-Type: text/html\r\n";

/// A page that names the feeds at these paths: title and path.
fn page(feeds: &[(&str, &str)]) -> Vec<u8> {
    let links: String = feeds
        .iter()
        .map(|(title, path)| {
            format!("<link rel=\"alternate\" type=\"application/rss+xml\" title=\"{title}\" href=\"{path}\">")
        })
        .collect();
    let body =
        format!("<!DOCTYPE html><html><head><title>A blog</title>{links}</head><body><p>Hello.</p></body></html>");
    response(200, HTML, &body)
}

fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// A blog at `/`, its feed at `/feed.xml`.
async fn blog() -> Upstream {
    let upstream = Upstream::start("").await;
    upstream.script(|head| match path(head) {
        "/" => page(&[("A blog » Comments", "/comments.xml"), ("A blog", "/feed.xml")]),
        "/feed.xml" => response(200, "ETag: \"1\"\r\nContent-Type: application/rss+xml\r\n", &feed(3)),
        _ => response(404, "", ""),
    });
    upstream
}

#[tokio::test]
async fn a_pages_feed_is_served_at_once_and_asked_for_directly_from_then_on() {
    let (upstream, directory) = (blog().await, tempfile::tempdir().unwrap());
    let config = config(&[("a", upstream.url("/"), "[{ limit = 2 }]")]);
    let server = Server::on_disk(&config, directory.path(), Clock::manual(NOW)).await;
    let reply = server.get("/feed/a", &[]).await;
    assert_eq!((reply.status, reply.text().matches("<item>").count()), (200, 2), "{}", reply.text());
    assert_eq!(upstream.lines(), ["GET /", "GET /feed.xml"]);
    // its validators go to it, and the page is left in peace, also after a restart
    server.clock.advance(DAY);
    assert_eq!(server.refreshed("/feed/a").await.status, 200);
    assert_eq!(upstream.asked("if-none-match"), "\"1\"");
    let server = server.restarted(&config, directory.path()).await;
    server.clock.advance(DAY);
    assert_eq!(server.refreshed("/feed/a").await.status, 200);
    assert_eq!(upstream.lines(), ["GET /", "GET /feed.xml", "GET /feed.xml", "GET /feed.xml"]);
}

#[tokio::test]
async fn any_url_that_is_a_page_gives_its_feed() {
    let upstream = blog().await;
    let server = Server::start(&config(&[])).await;
    for target in [format!("/feed?url={}", upstream.url("/")), format!("/via/limit=2/{}", upstream.url("/"))] {
        let reply = server.get(&target, &[]).await;
        assert!(reply.text().contains("<title>Item 0</title>"), "{target}: {}", reply.text());
    }
    assert_eq!(upstream.hits(), 2, "found once for all who ask");
    let (url, directory) = (upstream.url("/"), tempfile::tempdir().unwrap());
    let path = directory.path().join("refeed.toml").display().to_string();
    std::fs::write(&path, "[fetch]\nallow = [\"127.0.0.0/8\"]\n").unwrap();
    let run = move || command(&["run", "--config", &path, &url]).output().unwrap();
    let out = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(text(&out.stdout).contains("<title>Item 0</title>"), "{}", text(&out.stderr));
}

#[tokio::test]
async fn relative_addresses_are_those_of_the_feed_and_its_title_is_its_own() {
    let upstream = Upstream::start("").await;
    upstream.script(|head| match path(head) {
        "/" => page(&[("", "/news/feed.xml")]),
        _ => response(200, "", "<rss version=\"2.0\"><channel><title>T</title><link>x</link><description>d</description><item><title>i</title><link>a.html</link></item></channel></rss>"),
    });
    let server = Server::start(&config(&[("a", upstream.url("/"), "")])).await;
    let body = server.get("/feed/a", &[]).await.text();
    assert!(body.contains(&format!("<link>{}</link>", upstream.url("/news/a.html"))), "{body}");
}

#[tokio::test]
async fn a_feed_that_has_become_a_page_is_a_broken_answer() {
    let upstream = Upstream::start("").await;
    upstream.script(|head| match path(head) {
        "/feed" => response(200, "", &feed(3)),
        _ => response(404, "", ""),
    });
    let server = Server::start(&config(&[("a", upstream.url("/feed"), "")])).await;
    let good = server.get("/feed/a", &[]).await.text();
    upstream.script(|head| match path(head) {
        "/other.xml" => response(200, "", &feed(9)),
        _ => page(&[("Another", "/other.xml")]),
    });
    server.clock.advance(DAY);
    assert_eq!(server.refreshed("/feed/a").await.text(), good);
    assert_eq!(upstream.lines(), ["GET /feed", "GET /feed"], "nobody looked for another feed");
    // once the copy is too old to be of use, a feed that the page names is better than none
    server.clock.advance(30 * DAY);
    let late = server.get("/feed/a", &[]).await;
    assert_eq!((late.status, late.text().matches("<item>").count()), (200, 9), "{}", late.text());
}

#[tokio::test]
async fn where_a_page_leads_to_no_feed_the_answer_says_so_and_nobody_is_asked_in_a_circle() {
    let upstream = Upstream::start("").await;
    for (pages, asked, detail) in [
        (&[("/", "")][..], 1, "an HTML page (`A blog`), and it names no feed"),
        (&[("/", "/gone")], 2, "/gone: the server answered 404"),
        (&[("/", "/b"), ("/b", "/")], 2, "and it names no other one"),
        (&[("/", "/b"), ("/b", "/b")], 2, "and it names no other one"),
        (&[("/", "/b"), ("/b", "/c"), ("/c", "/d")], 3, "the page names its feed at"),
        (&[("/", "http://10.0.0.1/feed")], 1, "fetch.allow"),
    ] {
        let (pages, before) = (pages.to_vec(), upstream.hits());
        upstream.script(move |head| match pages.iter().find(|(at, _)| *at == path(head)) {
            Some((_, "")) => page(&[]),
            Some((_, to)) => page(&[("", to)]),
            None => response(404, "", ""),
        });
        let server = Server::start(&config(&[])).await;
        let reply = server.get(&format!("/feed?url={}", upstream.url("/")), &[]).await;
        let told = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(reply.status == 502 && told.contains(detail), "{detail}: {} {told}", reply.status);
        assert_eq!(upstream.hits() - before, asked, "{detail}");
        assert_eq!(reply.json()["blame"].as_str(), Some("upstream"), "{detail}");
    }
}

#[tokio::test]
async fn readers_of_a_configured_feed_are_not_told_where_its_page_leads() {
    let upstream = Upstream::start("").await;
    upstream.script(|head| if path(head) == "/" { page(&[("", "/secret-feed")]) } else { response(404, "", "") });
    let server = Server::start(&config(&[("a", upstream.url("/"), "")])).await;
    let reply = server.get("/feed/a", &[]).await;
    assert!(reply.text().contains("404") && !reply.text().contains("secret-feed"), "{}", reply.text());
}

#[tokio::test]
async fn a_page_that_names_another_feed_is_believed_when_the_one_it_named_is_dead() {
    let upstream = blog().await;
    let server = Server::start(&config(&[("a", upstream.url("/"), "")])).await;
    server.get("/feed/a", &[]).await;
    upstream.script(|head| match path(head) {
        "/" => page(&[("A blog", "/new.xml")]),
        "/new.xml" => response(200, "", &feed(7)),
        _ => response(404, "", ""),
    });
    server.clock.advance(HOUR);
    let reply = server.refreshed("/feed/a").await;
    assert_eq!(reply.text().matches("<item>").count(), 7, "{}", reply.text());
    let all = ["GET /", "GET /feed.xml", "GET /feed.xml", "GET /", "GET /new.xml"];
    assert_eq!(upstream.lines(), all);
    // and while both are away, the last good copy is served
    upstream.script(|head| if path(head) == "/" { page(&[("A blog", "/new.xml")]) } else { response(404, "", "") });
    server.clock.advance(HOUR);
    assert_eq!(server.refreshed("/feed/a").await.text(), reply.text());
    assert_eq!(upstream.lines()[5..], ["GET /new.xml", "GET /", "GET /new.xml"]);
}

#[tokio::test]
async fn a_rule_that_makes_a_feed_of_the_page_gets_the_page() {
    let upstream = Upstream::start("").await;
    upstream.script(|_| response(200, HTML, "<html><head><link rel=alternate type=application/rss+xml href=/feed.xml></head><body><div class=post><a href=/1>One</a></div></body></html>"));
    let server = Server::start(&config(&[("a", upstream.url("/"), "[{ page = '.post' }]")])).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("<title>One</title>"));
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn a_pages_feed_may_move_for_good_and_the_page_is_asked_again_when_that_dies() {
    let upstream = Upstream::start("").await;
    upstream.script(|head| match path(head) {
        "/" => page(&[("", "/feed.xml")]),
        "/feed.xml" => response(301, "Location: /rss.xml\r\n", ""),
        _ => response(200, "", &feed(3)),
    });
    let server = Server::start(&config(&[("a", upstream.url("/"), "")])).await;
    for _ in 0..4 {
        assert_eq!(server.refreshed("/feed/a").await.status, 200);
        server.clock.advance(DAY / 2);
    }
    let moved = ["GET /feed.xml", "GET /rss.xml"];
    assert_eq!(upstream.lines(), [&["GET /"][..], &moved, &moved, &moved, &moved[1..]].concat());
    upstream.script(|head| match path(head) {
        "/" => page(&[("", "/new.xml")]),
        "/new.xml" => response(200, "", &feed(7)),
        _ => response(410, "", ""),
    });
    let reply = server.refreshed("/feed/a").await;
    assert_eq!(reply.text().matches("<item>").count(), 7, "{}", reply.text());
    assert_eq!(upstream.lines()[8..], ["GET /rss.xml", "GET /", "GET /new.xml"]);
    server.clock.advance(DAY / 2);
    server.refreshed("/feed/a").await;
    assert_eq!(upstream.lines()[11..], ["GET /new.xml"]);
}

#[tokio::test]
async fn a_source_of_a_merged_feed_may_be_a_page() {
    let (upstream, folder) = (blog().await, tempfile::tempdir().unwrap());
    let path = folder.path().join("refeed.toml");
    let config = format!(
        "[fetch]\nallow = [\"127.0.0.0/8\"]\n[feeds.all]\nsources = [\"{}\", \"{}\"]\n",
        upstream.url("/"),
        upstream.url("/feed.xml")
    );
    std::fs::write(&path, config).unwrap();
    let server = Server::start(&Config::load(&path, refeed::rules::check).unwrap()).await;
    let reply = server.get("/feed/all", &[]).await;
    assert_eq!((reply.status, reply.text().matches("<item>").count()), (200, 3), "{}", reply.text());
}
