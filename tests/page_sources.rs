//! Feeds of what is none (pages, JSON, sitemaps), over HTTP and from files: ids stay from fetch to fetch, following pages are
//! read in order, and a page that shows nothing replaces nothing.
#![allow(clippy::unwrap_used)]

mod cli_common;
mod serve_support;

use std::fs;
use std::io::Write;
use std::time::Duration;

use cli_common::{refeed, text};
use serve_support::{Server, Upstream, config, response};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HTML: &str = "Content-Type: text/html\r\n";

/// The ids of the items, in order.
fn ids(feed: &str) -> Vec<String> {
    let items = feed.split("<item>").skip(1);
    let id = |item: &str| item.split("</guid>").next().unwrap().rsplit('>').next().unwrap().to_owned();
    items.map(id).collect()
}

/// A page of posts (anchor, title), a page of notes without links, a JSON answer and a sitemap that say the same.
fn sources(posts: &[(u32, &str)]) -> [(&'static str, &'static str, String); 4] {
    let all = |one: fn(&(u32, &str)) -> String| posts.iter().map(one).collect::<Vec<_>>();
    let page = all(|(id, title)| format!("<div class=post><a href=/p/{id}>{title}</a></div>")).concat();
    let notes = all(|(id, title)| format!("<li><b>{title}</b> number {id}</li>")).concat();
    let json = all(|(id, title)| format!("{{\"id\":{id},\"title\":\"{title}\",\"slug\":\"{id}\"}}")).join(",");
    let map =
        all(|(id, _)| format!("<url><loc>https://site.example/p/{id}</loc><lastmod>2024-05-0{id}</lastmod></url>"));
    let map = map.concat();
    [
        ("[{ page = '.post' }]", "page.html", format!("<html><title>Posts</title><body>{page}</body></html>")),
        (
            "[{ page = { item = 'li', title = 'b' } }]",
            "notes.html",
            format!("<html><body><ul>{notes}</ul></body></html>"),
        ),
        (
            "[{ json = { items = 'posts', title = 'title', link = 'https://site.example/p/{{ slug }}', id = 'id' } }]",
            "posts.json",
            format!("{{\"posts\":[{json}]}}"),
        ),
        (
            "[{ sitemap = true }]",
            "sitemap.xml",
            format!(
                "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{map}</urlset>"
            ),
        ),
    ]
}

#[tokio::test]
async fn ids_stay_from_fetch_to_fetch_also_when_items_come_and_go() {
    let (before, after) =
        ([(3, "Three"), (2, "Two"), (1, "One")], [(5, "Five"), (4, "Four"), (3, "Three"), (2, "Two")]);
    for ((rules, name, first), (_, _, second)) in sources(&before).into_iter().zip(sources(&after)) {
        let upstream = Upstream::start("").await;
        upstream.answers(200, "", &first);
        let server = Server::start(&config(&[("a", upstream.url("/list"), rules)])).await;
        let was = ids(&server.get("/feed/a", &[]).await.text());
        upstream.answers(200, "", &second);
        server.clock.advance(DAY);
        let is = ids(&server.refreshed("/feed/a").await.text());
        assert_eq!((was.len(), is.len(), upstream.hits()), (3, 4, 2), "{name}");
        assert_eq!(was[..2], is[2..], "{name}");
        let mut different: Vec<_> = was.iter().chain(&is).collect();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), 5, "{name}: {was:?} {is:?}");
    }
}

#[test]
fn files_of_this_machine_are_sources_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut toml = String::new();
    for (number, (rules, name, text)) in sources(&[(2, "Two"), (1, "One")]).into_iter().enumerate() {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        toml.push_str(&format!("[feeds.s{number}]\nurl = \"file://{}\"\nrules = {rules}\n", path.display()));
    }
    let path = folder.path().join("refeed.toml").display().to_string();
    fs::write(&path, toml).unwrap();
    for number in 0..4 {
        let out = refeed(&["run", "--config", &path, "--feed", &format!("s{number}")]);
        let (feed, again) = (text(&out.stdout), refeed(&["run", "--config", &path, "--feed", &format!("s{number}")]));
        assert_eq!(ids(&feed).len(), 2, "s{number}: {feed} {}", text(&out.stderr));
        assert_eq!(feed, text(&again.stdout), "s{number}");
    }
}

#[tokio::test]
async fn following_pages_are_read_in_order_once_each_and_a_circle_ends() {
    let upstream = Upstream::start("").await;
    let page = |posts: &str, next: &str| {
        let posts: String =
            posts.split(' ').map(|name| format!("<p class=post><a href=/{name}>{name}</a></p>")).collect();
        response(200, HTML, &format!("<html><body>{posts}<a rel=next href=\"{next}\">older</a></body></html>"))
    };
    upstream.script(move |head| match head.split(' ').nth(1).unwrap() {
        "/" => page("a b", "/2"),
        "/2" => page("c d", "/3"),
        "/3" => page("e", "/"),
        "/broken" => page("x y", "/none"),
        _ => response(500, "", ""),
    });
    let rules = "[{ page = { item = '.post', next = 'a[rel=next]', pages = 9 } }]";
    let server =
        Server::start(&config(&[("a", upstream.url("/"), rules), ("b", upstream.url("/broken"), rules)])).await;
    let found = ids(&server.get("/feed/a", &[]).await.text());
    assert_eq!(found, ["a", "b", "c", "d", "e"].map(|name| upstream.url(&format!("/{name}"))));
    assert_eq!(upstream.lines(), ["GET /", "GET /2", "GET /3"]);
    // a following page that fails costs its own items only
    assert_eq!(ids(&server.get("/feed/b", &[]).await.text()), ["x", "y"].map(|name| upstream.url(&format!("/{name}"))));
}

#[tokio::test]
async fn the_newest_sitemaps_of_an_index_are_read_packed_or_not() {
    let upstream = Upstream::start("").await;
    let base = upstream.url("");
    let urls = |year: u32, paths: &[&str]| {
        let all = paths
            .iter()
            .map(|path| format!("<url><loc>https://site.example/{path}</loc><lastmod>{year}-01-01</lastmod></url>"));
        format!("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{}</urlset>", all.collect::<String>())
    };
    upstream.script(move |head| {
        let xml = |body: &str| response(200, "Content-Type: text/xml\r\n", body);
        match head.split(' ').nth(1).unwrap() {
            "/index" => {
                let part = |year: u32| format!("<sitemap><loc>{base}/{year}.xml.gz</loc><lastmod>{year}-02-01</lastmod></sitemap>");
                xml(&format!("<sitemapindex>{}{}{}</sitemapindex>", part(2022), part(2024), part(2023)))
            }
            "/2024.xml.gz" => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(urls(2024, &["new-1", "new-2"]).as_bytes()).unwrap();
                let packed = packed.finish().unwrap();
                let head = format!("HTTP/1.1 200 X\r\nConnection: close\r\nContent-Type: application/gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
                [head.into_bytes(), packed].concat()
            }
            "/2023.xml.gz" => xml(&urls(2023, &["old"])),
            _ => response(404, "", ""),
        }
    });
    let server = Server::start(&config(&[("a", upstream.url("/index"), "[{ sitemap = { sitemaps = 2 } }]")])).await;
    let feed = server.get("/feed/a", &[]).await.text();
    assert_eq!(ids(&feed), ["new-1", "new-2", "old"].map(|path| format!("https://site.example/{path}")), "{feed}");
    assert_eq!(upstream.hits(), 3);
}

#[tokio::test]
async fn a_page_that_shows_no_item_replaces_nothing() {
    let upstream = Upstream::start("").await;
    let [(rules, _, page), ..] = sources(&[(1, "One")]);
    upstream.answers(200, HTML, &page);
    let server = Server::start(&config(&[("a", upstream.url("/"), rules)])).await;
    let good = server.get("/feed/a", &[]).await.text();
    for body in ["<html><body>Down for maintenance</body></html>", ""] {
        upstream.answers(200, HTML, body);
        server.clock.advance(DAY);
        assert_eq!(server.refreshed("/feed/a").await.text(), good, "{body}");
    }
    assert!(good.contains("One"));
}

#[test]
fn explain_tells_of_a_feed_made_of_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let [(rules, name, page), ..] = sources(&[(2, "Two"), (1, "One")]);
    let path = folder.path().join(name).display().to_string();
    fs::write(&path, page).unwrap();
    let rules = rules.replace(" }]", " }, { drop = { title = 'Two' } }]");
    let out = refeed(&["explain", "--url", "https://site.example/", "--rules", &rules, &path]);
    let told = text(&out.stdout);
    assert!(out.status.success() && told.contains("dropped 1 \"Two\"") && told.contains("RSS 2.0, 2 items"), "{told}");
}

#[test]
fn what_holds_nothing_is_no_item_and_what_leads_nowhere_no_link() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("answer.json");
    let run = |rules: &str, answer: &str| {
        fs::write(&path, answer).unwrap();
        let out = refeed(&["run", "--rules", rules, path.to_str().unwrap()]);
        (out.status.success(), text(&out.stdout), text(&out.stderr))
    };
    let rules = "[{ json = { items = 'posts', title = 'name', link = 'url', id = 'id' } }]";

    let large = r#"{"posts":[{"name":"a","url":"javascript:alert(1)","id":18446744073709551615},{"name":"b","id":18446744073709551614},{"other":1}]}"#;
    let (_, feed, said) = run(rules, large);
    assert_eq!(ids(&feed), ["18446744073709551615", "18446744073709551614"], "{feed}{said}");
    assert!(!feed.contains("javascript:"), "{feed}");

    // another shape of answer than was expected replaces no good copy
    for (answer, why) in [
        (r#"{"posts":{"a":{"name":"x"}}}"#, "is no list"),
        (r#"{"posts":[{"heading":"x"},{"heading":"y"}]}"#, "has a title, a link or a content"),
    ] {
        let (is_feed, feed, said) = run(rules, answer);
        assert!(!is_feed && said.contains(why), "{answer}: {feed}{said}");
    }
}

#[test]
fn a_sitemap_gives_pages_of_the_web_and_titles_of_news() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sitemap.xml");
    let map = "<urlset xmlns:image='i' xmlns:news='n'><url><loc>https://site.example/node-20.1-is-out</loc>\
               <image:image><image:loc>https://site.example/a.png</image:loc><image:title>a picture</image:title></image:image></url>\
               <url><loc>javascript:alert(1)</loc></url><url><loc>https://site.example/x.html</loc><news:news><news:title>News!</news:title></news:news></url></urlset>";
    fs::write(&path, map).unwrap();
    let out = refeed(&["run", "--rules", "[{ sitemap = true }]", path.to_str().unwrap()]);
    let feed = text(&out.stdout);
    assert!(feed.contains("<title>node 20.1 is out</title>") && feed.contains("<title>News!</title>"), "{feed}");
    assert!(!feed.contains("javascript") && !feed.contains("a picture") && feed.contains("a.png"), "{feed}");
}
