//! Hostile article pages cost bounded time and memory and lose nothing: the item stays as it was, `explain` says why, and the
//! other items get their texts.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fetch_support;
mod serve_support;

use std::time::{Duration, Instant};

use fetch_support::{Reply, Server as Site};
use serve_support::{Server, config};

const TEXT: &str =
    "This is the whole text of the article, and it is long enough to count as one, whatever stands around it.";
const MIB: usize = 1024 * 1024;

/// A page without its length, to the end of the connection.
fn page(body: impl AsRef<[u8]>) -> Reply {
    Reply::Close([b"HTTP/1.1 200 X\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n", body.as_ref()].concat())
}

fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// A feed at `/feed` whose items lead to `paths`; `pages` says what stands there.
async fn site(paths: &'static [&'static str], pages: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Site {
    Site::start(move |head| match path(head) {
        "/feed" => {
            let host = head.split("\r\n").find_map(|line| line.strip_prefix("host: ")).unwrap();
            let item = |path: &&str| {
                format!("<item><title>{path}</title><link>http://{host}{path}</link><guid>{path}</guid><description>summary of {path}</description></item>")
            };
            let items: String = paths.iter().map(item).collect();
            page(format!("<rss version=\"2.0\"><channel><title>t</title><link>x</link><description>d</description>{items}</channel></rss>"))
        }
        path => pages(path),
    })
    .await
}

async fn served(site: &Site, rules: &str) -> Server {
    let mut config = config(&[("a", site.url("/feed"), rules)]);
    config.fetch.timeout = Duration::from_secs(2);
    Server::start(&config).await
}

/// Asks until nothing is on its way any more; the feed and what `explain` says of it.
async fn settled(server: &Server) -> (String, String) {
    let told = server.get("/feed/a?explain", &[]).await;
    assert_eq!(told.status, 200, "{}", told.text());
    (server.refreshed("/feed/a").await.text(), told.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_and_wide_pages_are_read_in_time_or_refused() {
    let pages = |path: &str| match path {
        "/deep" => page(format!("<html><body><div id=a>{}<p>{TEXT}</p>", "<div>".repeat(100_000))),
        "/deep-closed" => {
            page(format!("<div id=a>{}<p>{TEXT}</p>{}</div>", "<b>".repeat(50_000), "</b>".repeat(50_000)))
        }
        "/tables" => page(format!("<div id=a>{}<p>{TEXT}</p>", "<table><tr><td>".repeat(33_333))),
        "/wide" => page(format!("<div id=a>{}<p>{TEXT}</p></div>", "<p>x</p>".repeat(100_000))),
        "/crossed" => page(format!("<div id=a>{}<p>{TEXT}</p></div>", "<b><i></b></i>".repeat(25_000))),
        "/attributes" => page(format!("<div id=a {}><p>{TEXT}</p></div>", "x='y' ".repeat(100_000))),
        "/unclosed" => page(format!("<div id=a><p>{TEXT}</p>{}", "<!--".repeat(25_000))),
        _ => page(format!("<div id=a><p>{TEXT}</p></div>")),
    };
    const PATHS: &[&str] =
        &["/deep", "/deep-closed", "/tables", "/wide", "/crossed", "/attributes", "/unclosed", "/good"];
    let site = site(PATHS, pages).await;
    for rules in [
        "[{ full_text = true }]",
        "[{ full_text = { content = '#a', readability = false } }]",
        "[{ full_text = { content = 'div p:last-child, #a b', remove = ['div > div > i', '[class*=x]'], unwrap = 'b', tags = ['p', 'b'], paragraphs = true, next = 'div ~ a', readability = false } }]",
    ] {
        let server = served(&site, rules).await;
        let started = Instant::now();
        let mut feed = String::new();
        while !feed.contains(TEXT) && started.elapsed() < Duration::from_secs(60) {
            feed = server.refreshed("/feed/a").await.text();
        }
        let took = started.elapsed();
        assert!(took < Duration::from_secs(60), "{rules}: {took:?}"); // a debug build beside other tests
        for path in PATHS {
            assert!(feed.contains(&format!("<title>{path}</title>")), "{path} is lost under {rules}");
        }
        assert!(feed.contains(TEXT), "{rules}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_without_end_are_cut_and_named() {
    const PATHS: &[&str] = &["/announced", "/large", "/endless", "/drip", "/silent", "/bomb", "/good"];
    let head = "HTTP/1.1 200 X\r\nContent-Type: text/html\r\n";
    let pages = move |path: &str| match path {
        "/announced" => Reply::Close(format!("{head}Content-Length: {}\r\n\r\n", 50 * MIB).into()),
        "/large" => page(vec![b'x'; 50 * MIB]),
        "/endless" => Reply::Endless(format!("{head}\r\n<div id=a>").into(), vec![b'x'; 64 * 1024]),
        "/drip" => Reply::Drip(format!("{head}\r\n<div id=a>").into()),
        "/silent" => Reply::Silence(format!("{head}\r\n<div id=a>").into()),
        "/bomb" => Reply::Close(
            [
                format!("{head}Content-Encoding: zstd\r\n\r\n").into_bytes(),
                zstd::encode_all(&vec![b' '; 50 * MIB][..], 1).unwrap(),
            ]
            .concat(),
        ),
        _ => page(format!("<div id=a><p>{TEXT}</p></div>")),
    };
    let site = site(PATHS, pages).await;
    let server = served(&site, "[{ full_text = '#a' }]").await;
    let started = Instant::now();
    let (feed, told) = settled(&server).await;
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    for path in &PATHS[..6] {
        assert!(feed.contains(&format!("summary of {path}")), "{path} is lost: {feed}");
    }
    assert!(feed.contains(TEXT), "{feed}");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let fetched = told["rules"].as_array().unwrap().last().unwrap()["fetched"].as_array().unwrap();
    for (path, outcome) in [
        ("/announced", "the page exceeds 8.0 MiB"),
        ("/large", "the page exceeds 8.0 MiB"),
        ("/endless", "the page exceeds 8.0 MiB"),
        ("/drip", "no complete answer (`fetch.timeout`) within 2s"),
        ("/silent", "within"),
        ("/bomb", "grows more than"),
        ("/good", "ready"),
    ] {
        let page = fetched.iter().find(|page| page["url"].as_str().unwrap().ends_with(path)).unwrap();
        assert!(page["outcome"].as_str().unwrap().contains(outcome), "{path}: {page}");
    }
    // each is left in peace for a while
    let asked = site.seen().len();
    server.clock.advance(Duration::from_secs(30 * 60 + 1));
    server.refreshed("/feed/a").await;
    let again: Vec<_> = site.seen()[asked..].iter().map(|head| path(head).to_owned()).collect();
    assert!(!again.iter().any(|path| path == "/good"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_charset_loses_no_text() {
    const CHINESE: &str = "台湾人工智能实验室创办人认为，美中人工智能的发展方向不太相同，差距也在拉大，竞争日趋白热化，前景难料，各方都在观望。";
    const PATHS: &[&str] =
        &["/utf8-said-gbk", "/gbk-said-utf8", "/big5-said-latin1", "/gbk-unsaid", "/utf16", "/cut", "/noise"];
    const TRADITIONAL: &str =
        "台灣人工智慧實驗室創辦人認為，美中人工智慧的發展方向不太相同，差距也在拉大，競爭日趨白熱化，前景難料。";
    let pages = |path: &str| {
        let html = |charset: &str| {
            format!("<html><head><meta charset={charset}></head><body><div id=a><p>{CHINESE}</p></div></body></html>")
        };
        let reply = |said: &str, body: &[u8]| {
            Reply::Close([format!("HTTP/1.1 200 X\r\nContent-Type: text/html{said}\r\n\r\n").as_bytes(), body].concat())
        };
        let traditional = format!("<meta charset=big5><div id=a><p>{TRADITIONAL}</p></div>");
        match path {
            "/utf8-said-gbk" => reply("; charset=gbk", html("gb2312").as_bytes()),
            "/gbk-said-utf8" => reply("; charset=utf-8", &encoding_rs::GBK.encode(&html("utf-8")).0),
            "/big5-said-latin1" => reply("; charset=iso-8859-1", &encoding_rs::BIG5.encode(&traditional).0),
            "/gbk-unsaid" => reply("", &encoding_rs::GBK.encode(&html("x-nothing")).0),
            "/utf16" => {
                let wide: Vec<u8> = html("utf-8").encode_utf16().flat_map(u16::to_le_bytes).collect();
                reply("; charset=utf-8", &wide)
            }
            "/cut" => reply(
                "; charset=utf-8",
                &html("utf-8").replace("</p></div></body></html>", "台").as_bytes()[..html("utf-8").len() - 26],
            ),
            _ => reply(
                "; charset=utf-8",
                &(0..5000u32).flat_map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[..8].to_vec()).collect::<Vec<_>>(),
            ),
        }
    };
    let site = site(PATHS, pages).await;
    let server = served(&site, "[{ full_text = { content = '#a', readability = false } }]").await;
    let (feed, _) = settled(&server).await;
    let item = |path: &str| feed.split("<item>").find(|item| item.contains(&format!("<title>{path}<"))).unwrap();
    for path in ["/utf8-said-gbk", "/gbk-said-utf8", "/gbk-unsaid", "/utf16", "/cut"] {
        assert!(item(path).contains("台湾人工智能实验室创办人认为"), "{path}: {}", item(path));
    }
    assert!(item("/big5-said-latin1").contains(TRADITIONAL), "{}", item("/big5-said-latin1"));
    assert!(item("/noise").contains("summary of /noise"), "{}", item("/noise"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_says_why_a_page_gave_no_text() {
    const PATHS: &[&str] = &["/script", "/short", "/picture", "/private"];
    let pages = |path: &str| match path {
        "/script" => page("<div id=root></div><script>render()</script>"),
        "/short" => page("<div id=a>Too short.</div>"),
        "/picture" => Reply::Close(b"HTTP/1.1 200 X\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n".to_vec()),
        _ => Reply::Close(b"HTTP/1.1 302 X\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n".to_vec()),
    };
    let site = site(PATHS, pages).await;
    let server = served(&site, "[{ full_text = '#a' }]").await;
    let (feed, told) = settled(&server).await;
    for path in PATHS {
        assert!(feed.contains(&format!("summary of {path}")), "{path}: {feed}");
    }
    for (path, why) in [
        ("/script", "the page shows its text only to a browser with JavaScript"),
        ("/short", "less than 40 characters of text were found"),
        ("/private", "the host has no public address"),
    ] {
        let note = told.lines().find(|line| line.contains("no full text of") && line.contains(path));
        assert!(note.is_some_and(|note| note.contains(why)), "{path}: {told}");
    }
}
