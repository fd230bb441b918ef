//! Pages that rules read are kept: on disk, over a restart and a reload, within the store's bounds, and never where their site
//! forbids it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod serve_support;
mod site_support;

use std::path::Path;
use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::pipeline::Ask;
use serve_support::{NOW, Server};
use site_support::{Site, TEXT, article, until};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RULES: &str = "[{ full_text = '#a' }]";
/// Other rules, so that the answer is made anew.
const OTHERS: &str = "[{ limit = 9 }, { full_text = '#a' }]";

async fn start(site: &Site, directory: &Path) -> Server {
    Server::on_disk(&site.config(RULES), directory, Clock::manual(NOW)).await
}

async fn is_complete(server: &Server, texts: usize) {
    let complete = async || server.get("/feed/a", &[]).await.text().matches(TEXT).count() == texts;
    until("the texts are there", complete).await;
}

#[tokio::test]
async fn an_article_is_fetched_once_also_over_restarts() {
    let (site, directory) = (Site::start().await, tempfile::tempdir().unwrap());
    site.open();
    let paths = ["/1", "/2", "/3"];
    site.feed(&paths);
    paths.iter().for_each(|path| site.put(path, &article(&format!("{TEXT} {path}."))));
    let mut server = start(&site, directory.path()).await;
    is_complete(&server, 3).await;
    for rules in [OTHERS, RULES] {
        server.clock.advance(DAY);
        server = server.restarted(&site.config(rules), directory.path()).await;
        is_complete(&server, 3).await;
    }
    assert!(paths.iter().all(|path| site.hits(path) == 1), "{:?}", paths.map(|path| site.hits(path)));
    // what is new is fetched, what is known is not
    site.feed(&["/4", "/1", "/2"]);
    site.put("/4", &article(&format!("{TEXT} 4.")));
    server.clock.advance(DAY);
    until("the new one", async || server.get("/feed/a", &[]).await.text().contains(&format!("{TEXT} 4."))).await;
    assert_eq!(["/1", "/2", "/4"].map(|path| site.hits(path)), [1, 1, 1]);
    // articles are mended, and a month is long: they are when the feed changes after that
    server.clock.advance(30 * DAY);
    site.feed(&["/1"]);
    until("it is asked for again", async || {
        server.get("/feed/a", &[]).await;
        site.hits("/1") == 2
    })
    .await;
}

#[tokio::test]
async fn an_unchanged_feed_is_not_read_again_with_all_its_pages() {
    let (site, directory) = (Site::start().await, tempfile::tempdir().unwrap());
    site.open();
    site.feed(&["/1", "/gone"]);
    site.put("/1", &article(TEXT));
    let server = start(&site, directory.path()).await;
    is_complete(&server, 1).await;
    // one is missing: it is tried again, and the rules are run again
    site.put("/gone", &article(TEXT));
    server.clock.advance(DAY);
    is_complete(&server, 2).await;
    // none is missing: they are not, even where the pages are at hand no more
    server.pipeline.disk().flush().await.unwrap();
    assert_eq!(server.pipeline.purge("pages of 127.0.0.1").await.unwrap(), 2);
    let good = server.get("/feed/a", &[]).await;
    server.clock.advance(DAY);
    let again = server.refreshed("/feed/a").await;
    assert_eq!((again.text(), again.header("etag")), (good.text(), good.header("etag")));
    assert_eq!((site.hits("/feed"), site.hits("/1"), site.hits("/gone")), (3, 1, 2));
}

#[tokio::test]
async fn what_forbids_it_never_touches_the_disk() {
    let (site, directory) = (Site::start().await, tempfile::tempdir().unwrap());
    site.open();
    site.feed(&["/open", "/closed"]);
    site.put("/open", &article(TEXT));
    let private = article(&format!("{TEXT} For your eyes only."));
    site.put_with("/closed", "Content-Type: text/html\r\nCache-Control: no-store\r\n", private.as_bytes());
    let server = start(&site, directory.path()).await;
    is_complete(&server, 2).await;
    let stats = server.pipeline.disk();
    stats.flush().await.unwrap();
    let stats = stats.stats().await.unwrap();
    let pages = stats.counts.iter().find(|count| count.kind.name() == "pages").unwrap();
    assert_eq!(pages.records, 1, "{stats:?}");
    server.clock.advance(DAY);
    let server = server.restarted(&site.config(OTHERS), directory.path()).await;
    is_complete(&server, 2).await;
    assert_eq!((site.hits("/open"), site.hits("/closed")), (1, 2));
}

#[tokio::test]
async fn a_reload_asks_for_no_page_again() {
    let site = Site::start().await;
    site.open();
    site.feed(&["/1"]);
    site.put("/1", &article(TEXT));
    let server = site.server(RULES).await;
    is_complete(&server, 1).await;
    let pipeline = server.pipeline.reloaded(&site.config(OTHERS)).unwrap();
    let served = pipeline.answer(Ask::named("a"), None).await.unwrap();
    assert!(String::from_utf8_lossy(&served.answer.content.identity().body).contains(TEXT));
    assert_eq!(site.hits("/1"), 1);
}

#[tokio::test]
async fn pages_are_listed_by_their_host_and_can_be_purged() {
    let (site, directory) = (Site::start().await, tempfile::tempdir().unwrap());
    site.open();
    site.feed(&["/1"]);
    site.put("/1", &article(TEXT));
    let server = start(&site, directory.path()).await;
    is_complete(&server, 1).await;
    server.pipeline.disk().flush().await.unwrap();
    let labels: Vec<_> = server.pipeline.disk().list().await.unwrap().into_iter().map(|listed| listed.label).collect();
    assert!(labels.contains(&"pages of 127.0.0.1".to_owned()), "{labels:?}");
    assert_eq!(server.pipeline.purge("pages of 127.0.0.1").await.unwrap(), 1);
    site.put("/1", &article(&format!("{TEXT} Mended.")));
    server.pipeline.purge("a").await.unwrap();
    until("the page is asked for again", async || server.get("/feed/a", &[]).await.text().contains("Mended")).await;
    assert_eq!(site.hits("/1"), 2);
}
