//! Full text: the pages of a feed's items are read once, a few at once, without holding up the feed, and nothing is lost
//! where they cannot be had.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod serve_support;
mod site_support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use refeed::base::limits::PAGES_PATIENCE;
use serve_support::Server;
use site_support::{Site, TEXT, article, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_site_holds_up_no_feed_and_the_next_answer_is_complete() {
    let site = Site::start().await;
    let paths: Vec<String> = (0..30).map(|n| format!("/{n}")).collect();
    site.feed(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    for path in &paths {
        site.put(path, &article(&format!("{TEXT} {path}.")));
    }
    let server = site.server("[{ full_text = '#a' }]").await;
    let first = server.get("/feed/a", &[]).await;
    assert_eq!(first.status, 200);
    assert!(first.text().contains("summary of /29") && !first.text().contains(TEXT));
    assert_eq!(site.most_at_once.load(Ordering::SeqCst), 4);
    site.open();
    until("the texts arrive", async || server.get("/feed/a", &[]).await.text().matches(TEXT).count() == 30).await;
    assert!(paths.iter().all(|path| site.hits(path) == 1));
    assert_eq!((site.hits("/feed"), site.most_at_once.load(Ordering::SeqCst)), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_articles_of_a_slow_server_come_four_at_once_and_the_feed_does_not_wait_for_all() {
    const ARTICLE: Duration = Duration::from_millis(300);
    let site = Site::start().await;
    let paths: Vec<String> = (0..50).map(|n| format!("/{n}")).collect();
    site.feed(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    for path in &paths {
        site.put(path, &article(&format!("{TEXT} {path}.")));
    }
    *site.delay.lock().unwrap() = ARTICLE;
    site.open();
    let server = site.server("[{ full_text = '#a' }]").await;
    let started = Instant::now();
    let first = server.get("/feed/a", &[]).await;
    let (waited, there) = (started.elapsed(), first.text().matches(TEXT).count());
    assert!(waited >= PAGES_PATIENCE, "{waited:?}");
    assert!(first.status == 200 && (4..50).contains(&there), "{there} of 50 at once");
    assert_eq!(first.text().matches("summary of").count(), 50, "nothing is lost");
    until("all are fetched", async || paths.iter().all(|path| site.hits(path) == 1)).await;
    tokio::time::sleep(ARTICLE).await; // the last ones are on their way
    until("the next answer is complete", async || server.get("/feed/a", &[]).await.text().matches(TEXT).count() == 50)
        .await;
    let took = started.elapsed();
    assert!(
        took >= ARTICLE * 12 && site.most_at_once.load(Ordering::SeqCst) == 4,
        "{took:?}: four at once take 13 turns"
    );
    assert!(paths.iter().all(|path| site.hits(path) == 1) && site.hits("/feed") == 1);
}

#[tokio::test]
async fn the_number_at_once_is_the_configs() {
    let site = Site::start().await;
    let paths: Vec<String> = (0..9).map(|n| format!("/{n}")).collect();
    site.feed(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let mut config = site.config("[{ full_text = true }]");
    config.fetch.pages_per_host = 2;
    let server = Server::start(&config).await;
    server.get("/feed/a", &[]).await;
    assert_eq!(site.most_at_once.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_item_whose_page_cannot_be_had_stays_as_it_was_and_is_tried_again_later() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/good", "/gone"]);
    site.put("/good", &article(TEXT));
    let server = site.server("[{ full_text = '#a' }]").await;
    let body = server.get("/feed/a", &[]).await.text();
    assert!(body.contains(TEXT) && body.contains("summary of /gone"), "{body}");
    assert_eq!(site.hits("/gone"), 1);
    site.put("/gone", &article(&format!("{TEXT} again")));
    server.clock.advance(Duration::from_secs(1200));
    server.get("/feed/a", &[]).await;
    assert_eq!(site.hits("/gone"), 1, "a page that is not there is left in peace for an hour");
    server.clock.advance(Duration::from_secs(3 * 3600));
    until("the page is asked for again", async || server.get("/feed/a", &[]).await.text().contains("again")).await;
    assert_eq!((site.hits("/gone"), site.hits("/good")), (2, 1));
}

#[tokio::test]
async fn an_article_on_several_pages_is_read_as_one() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/p1"]);
    let page =
        |text: &str, next: &str| format!("<div id=a><p>{text} {TEXT}</p></div><a class=next href=\"{next}\">next</a>");
    site.put("/p1", &page("one", "/p2"));
    site.put("/p2", &page("two", "/p3"));
    site.put("/p3", &page("three", "/p1")); // a circle ends
    let server = site.server("[{ full_text = { content = '#a', next = '.next' } }]").await;
    let body = server.get("/feed/a", &[]).await.text();
    let at = |word: &str| body.find(&format!("{word} {TEXT}")).unwrap_or_else(|| panic!("{word}: {body}"));
    assert!(at("one") < at("two") && at("two") < at("three"));
    assert_eq!((site.hits("/p1"), site.hits("/p2"), site.hits("/p3")), (1, 1, 1));
}

#[tokio::test]
async fn the_page_with_all_of_it_is_taken_where_there_is_one() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/p1"]);
    site.put("/p1", "<div id=a><p>only the beginning of it</p></div><a class=all href=\"/all\">on one page</a>");
    site.put("/all", &article(TEXT));
    let server = site.server("[{ full_text = { content = '#a', single = 'a.all' } }]").await;
    assert!(server.get("/feed/a", &[]).await.text().contains(TEXT));
}

#[tokio::test]
async fn headers_go_to_the_site_and_the_charset_is_the_pages() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/gbk"]);
    let (page, ..) = encoding_rs::GBK.encode("<meta charset=gb2312><div id=a><p>台湾人工智能实验室创办人认为，美中人工智能的发展方向不太相同，差距也在拉大，竞争日趋白热化，前景难料。</p></div>");
    site.put_as("/gbk", "text/html", &page);
    let server = site.server("[{ full_text = { content = '#a', headers = { Cookie = 'consent=yes' } } }]").await;
    assert!(server.get("/feed/a", &[]).await.text().contains("台湾人工智能实验室"));
    let heads = site.heads.lock().unwrap().clone();
    let told = |path: &str| {
        heads.iter().any(|head| head.contains(path) && head.to_lowercase().contains("cookie: consent=yes"))
    };
    assert!(told("/gbk") && !told("/feed"));
}

#[tokio::test]
async fn what_holds_no_text_replaces_none() {
    let site = Site::start().await;
    site.open();
    let paths = ["/short", "/script", "/empty", "/deep", "/binary"];
    site.feed(&paths);
    site.put("/short", "<div id=a><p>Too short.</p></div>");
    site.put("/script", "<div id=root></div><script>render()</script>");
    site.put("/empty", "");
    site.put("/deep", &format!("{}<p>{TEXT}</p>", "<div>".repeat(100_000)));
    site.put_as("/binary", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0");
    for rules in ["[{ full_text = { content = '#a', readability = false } }]", "[{ full_text = true }]"] {
        let body = site.server(rules).await.get("/feed/a", &[]).await.text();
        for path in paths {
            assert!(body.contains(&format!("summary of {path}")), "{path} under {rules}: {body}");
        }
    }
}

#[tokio::test]
async fn files_are_no_articles() {
    let site = Site::start().await;
    site.open();
    let paths = ["/pdf", "/api", "/photo", "/hidden.pdf"];
    site.feed(&paths);
    let text = format!("<div id=a><p>{TEXT} {TEXT}</p></div>");
    site.put_as("/pdf", "application/pdf", format!("%PDF-1.4 {text}").as_bytes());
    site.put_as("/api", "application/json; charset=utf-8", format!("{{\"a\":\"{text}\"}}").as_bytes());
    site.put_as("/photo", "image/jpeg", text.as_bytes());
    site.put_as("/hidden.pdf", "text/html", format!("%PDF-1.4 {text}").as_bytes());
    for rules in ["[{ full_text = '#a' }]", "[{ full_text = true }]"] {
        let body = site.server(rules).await.get("/feed/a", &[]).await.text();
        assert!(!body.contains(TEXT), "{rules}: {body}");
        assert_eq!(body.matches("summary of /").count(), paths.len(), "{rules}: {body}");
    }
}

#[tokio::test]
async fn an_article_in_plain_text_keeps_its_lines() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/a.txt"]);
    site.put_as("/a.txt", "text/plain; charset=utf-8", format!("台湾 & <b>\n{TEXT}\n\nEnd.\n").as_bytes());
    for rules in ["[{ full_text = '#a' }]", "[{ full_text = true }]"] {
        let body = site.server(rules).await.get("/feed/a", &[]).await.text();
        let expected = format!("<p>台湾 &amp; &lt;b&gt;<br>\n{TEXT}</p><p>End.</p>");
        assert!(body.contains(&expected) || body.contains(&*htmlize::escape_text(&expected)), "{rules}: {body}");
    }
}

#[tokio::test]
async fn without_selectors_the_text_is_found_by_readability() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/a"]);
    let paragraphs: String = (0..12).map(|n| format!("<p>Paragraph {n}, {TEXT} {TEXT}</p>")).collect();
    let links = "<li><a href=/x>menu</a></li>".repeat(20);
    site.put("/a", &format!("<html><body><nav><ul>{links}</ul></nav><article><h1>T</h1>{paragraphs}<img src=\"b.png\"></article><footer>imprint</footer></body></html>"));
    let body = site.server("[{ full_text = true }]").await.get("/feed/a", &[]).await.text();
    assert!(body.contains("Paragraph 0") && body.contains("Paragraph 11") && !body.contains("menu"), "{body}");
    assert!(body.contains(&format!("http://{}/b.png", site.address)), "{body}");
}

#[tokio::test]
async fn a_cookie_goes_to_no_other_site_that_a_feed_or_a_page_names() {
    let (site, stranger) = (Site::start().await, Site::at("127.0.0.2").await);
    site.open();
    stranger.open();
    let (stolen, next) = (format!("http://{}/stolen", stranger.address), format!("http://{}/next", stranger.address));
    let own = format!("http://{}/own", site.address);
    site.feed_of(&[("/own", &own), ("/stolen", &stolen)]);
    site.put("/own", &format!("{}<a class=next href=\"{next}\">2</a>", article(TEXT)));
    stranger.put("/stolen", &article(TEXT));
    stranger.put("/next", &article(TEXT));
    let rules =
        "[{ full_text = { content = '#a', next = 'a.next', headers = { Cookie = 'id=1', Accept-Language = 'zh' } } }]";
    assert!(site.server(rules).await.get("/feed/a", &[]).await.text().contains(TEXT));
    let told = |site: &Site, path: &str, what: &str| {
        site.heads.lock().unwrap().iter().any(|head| head.contains(path) && head.to_lowercase().contains(what))
    };
    assert!(told(&site, "/own", "cookie: id=1") && told(&site, "/own", "accept-language: zh"));
    for path in ["/stolen", "/next"] {
        assert!(told(&stranger, path, "accept-language: zh") && !told(&stranger, path, "cookie"), "{path}");
    }
}

#[tokio::test]
async fn pages_too_large_are_left_unread_and_not_asked_for_again_at_once() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/large", "/small"]);
    site.put("/large", &"x".repeat(9 << 20));
    site.put("/small", &article(TEXT));
    let server = site.server("[{ full_text = '#a' }]").await;
    let body = server.get("/feed/a", &[]).await.text();
    assert!(body.contains("summary of /large") && body.contains(TEXT), "{body}");
    server.get("/feed/a?limit=1", &[]).await;
    assert_eq!((site.hits("/large"), site.hits("/small")), (1, 1));
}
