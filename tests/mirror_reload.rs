//! What goes on behind the readers follows a changed configuration: new feeds are refreshed, removed ones are not, and what is known and
//! under way is not begun anew.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod serve_support;

use std::time::Duration;

use refeed::base::clock::{Clock, Time};
use refeed::config::Refresh;
use refeed::pipeline::{Ask, Pipeline};
use refeed::rules::Chain;
use serve_support::{NOW, Server, Upstream, config, feed, response};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn body(pipeline: &Pipeline, name: &str) -> String {
    let served = pipeline.answer(Ask::named(name), None).await.unwrap();
    String::from_utf8(served.answer.content.identity().body.to_vec()).unwrap()
}

#[tokio::test]
async fn new_feeds_are_refreshed_removed_ones_are_not_and_nothing_is_asked_before_it_is_due() {
    let upstream = Upstream::start("Cache-Control: max-age=7200\r\nETag: \"1\"\r\n").await;
    let of = |names: &[&'static str]| {
        let feeds: Vec<_> = names.iter().map(|name| (*name, upstream.url(&format!("/{name}")), "")).collect();
        config(&feeds)
    };
    let server = Server::start(&of(&["stays", "goes"])).await;
    server.live(&server.pipeline, HOUR).await;
    assert_eq!(upstream.hits(), 2);
    let changed = server.pipeline.reloaded(&of(&["stays", "comes"])).unwrap();
    server.live(&changed, HOUR / 2).await;
    assert_eq!(upstream.lines()[2..], ["GET /comes"]);
    server.live(&changed, DAY).await;
    let later = upstream.lines()[3..].to_vec();
    assert!(later.contains(&"GET /stays".to_owned()) && !later.contains(&"GET /goes".to_owned()), "{later:?}");
}

#[tokio::test]
async fn feeds_on_demand_wait_for_a_reader_and_a_duration_is_kept_to() {
    let upstream = Upstream::start("ETag: \"1\"\r\n").await;
    let of = |name: &'static str| (name, upstream.url(&format!("/{name}")), "");
    let mut config = config(&[of("asked"), of("timed")]);
    config.feeds.get_mut("asked").unwrap().settings_mut().refresh = Refresh::OnDemand;
    config.feeds.get_mut("timed").unwrap().settings_mut().refresh = Refresh::Every(2 * HOUR);
    let server = Server::start(&config).await;
    server.live(&server.pipeline, DAY).await;
    let times = upstream.lines().len();
    assert!(upstream.lines().iter().all(|line| line == "GET /timed"), "{:?}", upstream.lines());
    // each a tenth later at most, so that feeds of one pace do not come together
    assert!((11..=13).contains(&times), "{times} in a day");
    assert_eq!(server.get("/feed/asked", &[]).await.status, 200);
    assert_eq!(upstream.lines()[times..], ["GET /asked"]);
}

#[tokio::test]
async fn a_refresh_under_way_is_finished_and_not_begun_again() {
    let upstream = Upstream::start("").await;
    let one = config(&[("a", upstream.url("/feed"), "")]);
    let server = Server::start(&one).await;
    upstream.close().await;
    let mut background = server.pipeline.background().await;
    server.clock.advance(HOUR);
    // as the server does: the running background is dropped where it stands
    let dropped = tokio::time::timeout(Duration::from_millis(1), background.settle());
    let (dropped, ()) = tokio::join!(dropped, upstream.came(1));
    assert!(dropped.is_err());
    drop(background);
    let changed = server.pipeline.reloaded(&one).unwrap();
    let asking = changed.clone();
    let reader = tokio::spawn(async move { body(&asking, "a").await });
    tokio::task::yield_now().await;
    upstream.open();
    assert_eq!(reader.await.unwrap(), feed(50));
    assert_eq!((body(&server.pipeline, "a").await, upstream.hits()), (feed(50), 1));
}

#[tokio::test]
async fn a_feed_that_is_read_stays_so() {
    let (upstream, directory) = (Upstream::start("ETag: \"1\"\r\n").await, tempfile::tempdir().unwrap());
    let one = config(&[("a", upstream.url("/feed"), "")]);
    let server = Server::on_disk(&one, directory.path(), Clock::manual(NOW)).await;
    server.live(&server.pipeline, 6 * DAY).await;
    server.get("/feed/a", &[]).await;
    let changed = server.pipeline.reloaded(&one).unwrap();
    server.live(&changed, 2 * DAY).await;
    let before = upstream.hits();
    server.live(&changed, 2 * DAY).await;
    assert!(upstream.hits() > before, "two days ago somebody read it");
    // a look at the list of feeds is no reading
    for _ in 0..10 {
        changed.opml("localhost").await.unwrap();
        server.live(&changed, DAY).await;
    }
    let before = upstream.hits();
    changed.opml("localhost").await.unwrap();
    server.live(&changed, 2 * DAY).await;
    assert_eq!(upstream.hits(), before, "nobody reads it");
}

#[tokio::test]
async fn pages_that_came_are_not_fetched_again() {
    let upstream = Upstream::start("").await;
    let item = format!(
        "<item><guid>urn:1</guid><link>{}</link><description>summary</description></item>",
        upstream.url("/page")
    );
    let list = format!("<rss version=\"2.0\"><channel><title>T</title>{item}</channel></rss>");
    upstream.script(move |head| match head.starts_with("GET /page ") {
        true => response(
            200,
            "Content-Type: text/html\r\n",
            &format!("<div id=a><p>{}</p></div>", "The whole text. ".repeat(9)),
        ),
        false => response(200, "", &list),
    });
    let rules = "[{ full_text = '#a' }]";
    let server = Server::start(&config(&[("a", upstream.url("/feed"), rules)])).await;
    assert!(body(&server.pipeline, "a").await.contains("The whole text."));
    let more = config(&[("a", upstream.url("/feed"), "[{ full_text = '#a' }, { limit = 3 }]")]);
    let changed = server.pipeline.reloaded(&more).unwrap();
    assert!(body(&changed, "a").await.contains("The whole text."));
    assert_eq!(upstream.lines(), ["GET /feed", "GET /page"]);
}

#[tokio::test]
async fn documents_keep_their_names_without_a_disk() {
    let upstream = Upstream::start("").await;
    let one = config(&[("a", upstream.url("/feed"), "")]);
    let server = Server::start(&one).await;
    let document = async |pipeline: &Pipeline, rules: Chain| {
        let ask = Ask { format: Some(refeed::emit::Format::Markdown), rules, ..Ask::named("a") };
        let served = pipeline.answer(ask, None).await.unwrap();
        String::from_utf8(served.answer.content.identity().body.to_vec()).unwrap()
    };
    let first = document(&server.pipeline, Chain::empty()).await;
    server.clock.advance(10 * HOUR);
    let changed = server.pipeline.reloaded(&one).unwrap();
    let list = refeed::config::RuleList::parse("test", "[{ limit = 500 }]").unwrap();
    let all = Chain::build(&list, &refeed::rules::BuildContext::default()).unwrap();
    assert_eq!(document(&changed, all).await, first, "made anew, of the same items");
    assert!(server.clock.now() > Time(NOW.0));
}

#[tokio::test]
async fn an_upstream_that_asked_for_a_pause_has_it() {
    let upstream = Upstream::start("").await;
    upstream.answers(429, "Retry-After: 7200\r\n", "");
    let server = Server::start(&config(&[("a", upstream.url("/a"), "")])).await;
    assert_eq!(server.get("/feed/a", &[]).await.status, 502);
    let more = config(&[("a", upstream.url("/a"), ""), ("b", upstream.url("/b"), "")]);
    let changed = server.pipeline.reloaded(&more).unwrap();
    for name in ["a", "b"] {
        assert!(changed.answer(Ask::named(name), None).await.is_err());
    }
    assert_eq!(upstream.hits(), 1);
}
