//! The archive: what leaves upstream's window stays, is served in pages that never change, and what is new can be asked for alone.
//! A real upstream, a real disk, a clock that moves when told.
#![allow(clippy::unwrap_used, clippy::panic)]

mod serve_support;

use std::path::Path;
use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::base::limits::MIB;
use refeed::cache::Disk;
use refeed::config::{Config, Source};
use refeed::feed::{Feed, Field, Place};
use refeed::pipeline::Pipeline;
use refeed::rules;
use refeed::serve::{Access, Router, Settings, Stop, listen};
use serve_support::{NOW, Reply, Server, Upstream};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

const DAY: Duration = Duration::from_secs(86_400);

/// A feed of these items: a number, and its title.
fn rss(items: &[(u32, &str)]) -> String {
    let item = |(id, title): &(u32, &str)| {
        format!(
            "<item><title>{title}</title><guid isPermaLink=\"false\">urn:{id}</guid><pubDate>Fri, 01 Jan 2027 {:02}:{:02}:00 GMT</pubDate><x:y xmlns:x='urn:x'/></item>",
            id / 60,
            id % 60
        )
    };
    let items: String = items.iter().rev().map(item).collect();
    format!(
        "<rss version=\"2.0\"><channel><title>T</title><link>https://a.example/</link><description>d</description>{items}</channel></rss>"
    )
}

/// The numbers from `from` to before `to`, oldest first.
fn numbers(from: u32, to: u32) -> String {
    let titles: Vec<String> = (from..to).map(|id| format!("n{id}")).collect();
    rss(&(from..to).zip(titles.iter().map(String::as_str)).collect::<Vec<_>>())
}

struct Run {
    upstream: Upstream,
    directory: TempDir,
    server: Server,
    toml: String,
}

impl Run {
    /// A feed `a` with these keys beside its URL.
    async fn of(keys: &str, body: &str) -> Run {
        let upstream = Upstream::start("").await;
        upstream.answers(200, "Cache-Control: max-age=600\r\n", body);
        let toml = format!(
            "[cache]\nstale_while_revalidate = \"0s\"\n[fetch]\nallow = [\"127.0.0.0/8\"]\n[feeds.a]\nurl = \"{}\"\n{keys}",
            upstream.url("/f")
        );
        let directory = tempfile::tempdir().unwrap();
        let server = start(&toml, directory.path(), Clock::manual(NOW)).await;
        Run { upstream, directory, server, toml }
    }

    async fn get(&self, target: &str) -> Reply {
        Box::pin(self.server.get(target, &[])).await
    }

    /// Asks for what is new since the document with this tag.
    async fn delta(&self, tag: &str) -> Reply {
        Box::pin(self.server.get("/feed/a", &[("A-IM", "gzip, feed"), ("If-None-Match", tag)])).await
    }

    /// Upstream has something else, and it is time to look.
    async fn next(&self, body: &str) -> Reply {
        self.upstream.answers(200, "Cache-Control: max-age=600\r\n", body);
        self.server.clock.advance(Duration::from_secs(3600));
        self.get("/feed/a").await
    }

    /// The process ends and begins anew, with this configuration.
    async fn again(self, toml: &str) -> Run {
        let Run { upstream, directory, server, .. } = self;
        let clock = server.clock.clone();
        server.stop.send_replace(Stop::Now);
        server.pipeline.disk().flush().await.unwrap();
        drop(server.pipeline);
        server.ended.await.unwrap();
        let server = start(toml, directory.path(), clock).await;
        Run { upstream, directory, server, toml: toml.to_owned() }
    }
}

async fn start(toml: &str, directory: &Path, clock: Clock) -> Server {
    let config =
        Config::parse(&Source::new("refeed.toml", toml), rules::check).unwrap_or_else(|problems| panic!("{problems}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let disk = Disk::open(directory, 64 * MIB, clock.clone());
    let pipeline = Pipeline::with_disk(&config, clock.clone(), disk).unwrap();
    let (stop, stopped) = watch::channel(Stop::Running);
    let router = Router::new(pipeline.clone(), Access::new(&config.server, address));
    let ended = tokio::spawn(listen::serve(listener, router, Settings::default(), stopped));
    Server { address, clock, pipeline, stop, ended }
}

fn titles(reply: &Reply) -> Vec<String> {
    assert!(reply.status == 200 || reply.status == 226, "{}", reply.text());
    let feed = Feed::read(&reply.body, None, None).unwrap();
    feed.items().iter().map(|item| feed.first(*item, Field::Title).unwrap_or_default().into_owned()).collect()
}

#[tokio::test]
async fn items_that_left_the_window_stay_with_every_byte() {
    let run = Run::of("archive = {}", &numbers(0, 3)).await;
    assert_eq!(run.get("/feed/a").await.text(), numbers(0, 3), "nothing has left it yet");
    let reply = run.next(&numbers(2, 5)).await;
    assert_eq!(titles(&reply), ["n4", "n3", "n2", "n1", "n0"]);
    assert!(reply.text().starts_with(&numbers(2, 5).replace("</channel></rss>", "")), "{}", reply.text());
    assert_eq!(reply.text(), numbers(0, 5));
}

#[tokio::test]
async fn updates_replace_and_ids_stay() {
    let run = Run::of("archive = {}", &rss(&[(0, "old"), (1, "b")])).await;
    run.get("/feed/a").await;
    run.next(&rss(&[(0, "new"), (1, "b")])).await;
    let reply = run.next(&rss(&[(2, "c")])).await;
    assert_eq!(titles(&reply), ["c", "b", "new"]);
    assert_eq!(reply.text().matches("urn:0<").count(), 1);
}

#[tokio::test]
async fn removed_items_stay_until_their_age_and_no_more_than_so_many_are_kept() {
    let run = Run::of("archive = { age = \"2d\", items = 4 }", &numbers(0, 2)).await;
    run.get("/feed/a").await;
    assert_eq!(titles(&run.next(&numbers(1, 3)).await), ["n2", "n1", "n0"]);
    assert_eq!(titles(&run.next(&numbers(3, 6)).await), ["n5", "n4", "n3", "n2"], "four are kept");
    run.server.clock.advance(3 * DAY);
    assert_eq!(titles(&run.next(&numbers(3, 6)).await), ["n5", "n4", "n3"], "what is in the window stays");
}

#[tokio::test]
async fn the_archive_survives_a_restart_and_changed_rules_apply_to_old_items() {
    let run = Run::of("archive = {}", &numbers(0, 3)).await;
    run.get("/feed/a").await;
    let before = run.next(&numbers(2, 4)).await;
    let toml = run.toml.clone();
    let run = run.again(&toml).await;
    let after = run.get("/feed/a").await;
    assert_eq!((after.text(), after.header("etag")), (before.text(), before.header("etag")));
    let run = run.again(&format!("{toml}\nrules = [{{ drop = {{ title = \"n1\" }} }}]")).await;
    assert_eq!(titles(&run.get("/feed/a").await), ["n3", "n2", "n0"]);
    let run = run.again(&toml).await;
    assert_eq!(titles(&run.get("/feed/a").await), ["n3", "n2", "n1", "n0"]);
}

#[tokio::test]
async fn the_feed_is_bounded_by_its_page_but_never_shorter_than_upstream() {
    let run = Run::of("archive = { page = 4 }", &numbers(0, 3)).await;
    run.get("/feed/a").await;
    run.next(&numbers(2, 5)).await;
    assert_eq!(titles(&run.next(&numbers(5, 7)).await), ["n6", "n5", "n4", "n3"]);
    assert_eq!(titles(&run.next(&numbers(5, 12)).await).len(), 7);
}

/// The `href` of the link of this kind.
fn link(reply: &Reply, rel: &str) -> Option<String> {
    let text = reply.text();
    let document = roxmltree::Document::parse(&text).unwrap();
    let mut links = document.descendants().filter(|node| node.tag_name().name() == "link");
    links.find(|node| node.attribute("rel") == Some(rel)).and_then(|node| node.attribute("href")).map(str::to_owned)
}

#[tokio::test]
async fn archived_pages_lead_through_the_whole_feed_and_never_change() {
    let run = Run::of("archive = { page = 4 }", &numbers(0, 5)).await;
    run.get("/feed/a").await;
    let newest = run.next(&numbers(8, 11)).await;
    run.next(&numbers(5, 11)).await;
    assert_eq!(link(&newest, "prev-archive").as_deref(), Some("a?archive=2"));
    assert_eq!((link(&newest, "current"), newest.text().contains("fh:archive")), (None, false));
    let reply = run.next(&numbers(8, 13)).await;
    let mut seen = titles(&reply);
    let mut next = link(&reply, "prev-archive");
    assert_eq!(next.as_deref(), Some("a?archive=3"));
    let mut pages = Vec::new();
    while let Some(target) = next {
        let page = run.get(&format!("/feed/{target}")).await;
        assert!(page.text().contains("<fh:archive/>"), "{}", page.text());
        assert_eq!(link(&page, "current").as_deref(), Some("a"));
        assert_eq!(titles(&page).len(), 4);
        seen.extend(titles(&page));
        next = link(&page, "prev-archive");
        pages.push((target, page.header("etag").to_owned(), page));
    }
    assert_eq!(pages.len(), 3);
    assert_eq!(link(&pages[1].2, "next-archive").as_deref(), Some("a?archive=3"));
    assert_eq!(link(&pages[0].2, "next-archive"), None);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 13, "no item is missing: {seen:?}");
    run.next(&numbers(10, 15)).await;
    for (target, etag, _) in &pages[1..] {
        let page = run.get(&format!("/feed/{target}")).await;
        assert_eq!(page.header("etag"), etag, "{target}");
    }
    let missing = run.get("/feed/a?archive=9").await;
    assert_eq!((missing.status, missing.json()["type"].as_str()), (404, Some("urn:refeed:problem:no-such-page")));
    let json = run.get("/feed/a.json").await.json();
    assert_eq!(json["next_url"], "a.json?archive=3");
    let atom = run.get("/feed/a.atom?archive=2").await;
    assert_eq!(link(&atom, "prev-archive").as_deref(), Some("a.atom?archive=1"));
}

#[tokio::test]
async fn links_are_absolute_where_the_public_address_is_known() {
    let keys = "archive = { page = 2 }\n[server]\npublic_url = \"https://feeds.example/x\"";
    let run = Run::of(keys, &numbers(0, 3)).await;
    run.get("/feed/a").await;
    let reply = run.next(&numbers(3, 5)).await;
    assert_eq!(link(&reply, "prev-archive").as_deref(), Some("https://feeds.example/x/feed/a?archive=2"));
}

#[tokio::test]
async fn what_is_new_since_a_time_can_be_asked_for() {
    let run = Run::of("archive = { page = 2 }", &numbers(0, 3)).await;
    run.get("/feed/a").await;
    run.next(&numbers(2, 5)).await; // an hour later
    run.next(&rss(&[(2, "n2"), (3, "changed"), (7, "n7")])).await; // two hours later
    for (since, expected) in [
        ("90m", vec!["n7", "n4", "changed"]),
        ("30m", vec!["n7", "changed"]),
        ("2027-01-15T09:30:00Z", vec!["n7", "changed"]),
        ("1800003600", vec!["n7", "changed"]),
        ("2027-01-15T09:59:59.999Z", vec!["n7", "changed"]),
        ("2028-01-01", vec![]),
        ("7d", vec!["n7", "n4", "changed", "n2", "n1", "n0"]),
    ] {
        let reply = run.get(&format!("/feed/a?since={}", since.replace('+', "%2B"))).await;
        assert_eq!(titles(&reply), expected, "{since}");
    }
    for (target, parameter) in
        [("/feed/a?since=soon", "since"), ("/feed/a?archive=0", "archive"), ("/feed/a?archive=1&since=7d", "since")]
    {
        let reply = run.get(target).await;
        assert!(reply.status == 400 && reply.text().contains(parameter), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_feed_without_an_archive_says_so_when_asked_for_a_part() {
    let run = Run::of("", &numbers(0, 3)).await;
    for target in ["/feed/a?since=7d", "/feed/a?archive=1"] {
        let reply = run.get(target).await;
        assert!(reply.status == 400 && reply.text().contains("archive"), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_reader_of_rfc_3229_gets_what_is_new_alone() {
    let run = Run::of("archive = {}", &numbers(0, 40)).await;
    let first = run.get("/feed/a").await;
    let tag = first.header("etag").to_owned();
    assert_eq!(run.delta(&tag).await.status, 304);
    let whole = run.next(&numbers(1, 42)).await;
    let delta = run.delta(&tag).await;
    assert_eq!((delta.status, delta.header("im")), (226, "feed"));
    assert_eq!(titles(&delta), ["n41", "n40"]);
    assert_eq!(delta.header("etag"), whole.header("etag"), "the tag is that of the whole");
    assert_eq!(delta.header("cache-control"), "no-store, im");
    assert_eq!(delta.header("delta-base"), tag);
    let several = run.delta(&format!("\"older\", W/{tag}, \"unknown\"")).await;
    assert_eq!((several.status, several.header("delta-base")), (226, format!("W/{tag}").as_str()));
    assert_eq!(run.delta(delta.header("etag")).await.status, 304);
    // A tag that nobody knows, and a reader that does not ask for a delta, get the whole.
    assert_eq!(run.delta("\"unknown\"").await.status, 200);
    assert_eq!(run.server.get("/feed/a", &[("If-None-Match", &tag)]).await.status, 200);
    // The tags are known after a restart.
    let toml = run.toml.clone();
    let run = run.again(&toml).await;
    let delta = run.delta(&tag).await;
    assert_eq!((delta.status, titles(&delta)), (226, vec!["n41".to_owned(), "n40".to_owned()]));
}

fn dates(reply: &Reply) -> Vec<Option<i64>> {
    let feed = Feed::read(&reply.body, None, None).unwrap();
    feed.items().into_iter().map(|item: Place| feed.date(item).map(|time| time.secs())).collect()
}

#[tokio::test]
async fn undated_items_get_their_first_seen_time_and_keep_it_across_restarts() {
    for keys in ["undated = \"first-seen\"", "archive = {}"] {
        let undated = |ids: &[u32]| {
            let items: String = ids.iter().map(|id| format!("<item><guid>urn:{id}</guid></item>")).collect();
            format!(
                "<rss version=\"2.0\"><channel><title>T</title><item><guid>urn:d</guid><pubDate>Fri, 01 Jan 2027 00:00:00 GMT</pubDate></item>{items}</channel></rss>"
            )
        };
        let run = Run::of(keys, &undated(&[1])).await;
        let dated = 1_798_761_600;
        assert_eq!(dates(&run.get("/feed/a").await), [Some(dated), Some(NOW.secs())], "{keys}");
        let later = NOW.secs() + 3600;
        assert_eq!(dates(&run.next(&undated(&[2, 1])).await), [Some(dated), Some(later), Some(NOW.secs())], "{keys}");
        let toml = run.toml.clone();
        let run = run.again(&toml).await;
        run.server.clock.advance(DAY);
        assert_eq!(dates(&run.get("/feed/a").await), [Some(dated), Some(later), Some(NOW.secs())], "{keys}");
        assert_eq!(dates(&run.next(&undated(&[1])).await)[1], Some(NOW.secs()), "{keys}");
        assert!(run.directory.path().exists());
    }
}

#[tokio::test]
async fn without_a_word_undated_items_stay_undated() {
    let body = "<rss version=\"2.0\"><channel><title>T</title><item><guid>1</guid></item></channel></rss>";
    let run = Run::of("", body).await;
    assert_eq!(run.get("/feed/a").await.text(), body);
    let run = Run::of("archive = {}\nundated = \"leave\"", body).await;
    assert_eq!(run.get("/feed/a").await.text(), body);
}

#[tokio::test]
async fn atom_and_json_feeds_are_archived_too() {
    let atom = |ids: &[u32]| {
        let entries: String = ids
            .iter()
            .map(|id| {
                format!(
                    "<entry><id>urn:{id}</id><title>n{id}</title><updated>2027-01-01T00:00:0{id}Z</updated></entry>"
                )
            })
            .collect();
        format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh\"><id>urn:f</id><title>T</title>{entries}</feed>"
        )
    };
    let json = |ids: &[u32]| {
        let items: Vec<String> =
            ids.iter().map(|id| format!("{{\"id\": \"{id}\", \"title\": \"n{id}\", \"_x\": 1.0}}")).collect();
        format!(
            "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"T\", \"items\": [{}]}}",
            items.join(",")
        )
    };
    let run = Run::of("archive = {}\nundated = \"leave\"", &atom(&[2, 1])).await;
    run.get("/feed/a").await;
    assert_eq!(run.next(&atom(&[3, 2])).await.text(), atom(&[3, 2, 1]));
    let run = Run::of("archive = {}\nundated = \"leave\"", &json(&[2, 1])).await;
    run.get("/feed/a").await;
    assert_eq!(run.next(&json(&[3, 2])).await.text(), json(&[3, 2, 1]));
}

#[tokio::test]
async fn a_disk_that_cannot_be_used_costs_the_archive_alone() {
    let upstream = Upstream::start("").await;
    upstream.answers(200, "", &numbers(0, 3));
    let toml =
        format!("[fetch]\nallow = [\"127.0.0.0/8\"]\n[feeds.a]\nurl = \"{}\"\narchive = {{}}", upstream.url("/f"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let server = start(&toml, &file.path().join("below-a-file"), Clock::manual(NOW)).await;
    assert_eq!(server.get("/feed/a", &[]).await.text(), numbers(0, 3));
    let reply = server.get("/feed/a?since=7d", &[]).await;
    assert_eq!((reply.status, reply.json()["type"].as_str()), (503, Some("urn:refeed:problem:no-archive")));
}

#[tokio::test]
async fn what_upstream_forbids_to_store_is_not_archived() {
    let run = Run::of("archive = {}", &numbers(0, 3)).await;
    run.upstream.answers(200, "Cache-Control: no-store\r\n", &numbers(0, 3));
    assert_eq!(run.get("/feed/a").await.text(), numbers(0, 3));
    run.server.clock.advance(DAY);
    run.upstream.answers(200, "Cache-Control: no-store\r\n", &numbers(3, 5));
    assert_eq!(run.get("/feed/a").await.text(), numbers(3, 5));
    assert_eq!(run.get("/feed/a?since=7d").await.status, 503);
    let disk = run.server.pipeline.disk();
    let kept: i64 = disk.read(|on| on.query_row("SELECT count(*) FROM items", [], |row| row.get(0))).await.unwrap();
    assert_eq!(kept, 0);
}

#[test]
fn what_cannot_be_archived_is_refused_at_load() {
    let mistakes = |text: &str| {
        let problems = Config::parse(&Source::new("refeed.toml", text), rules::check).unwrap_err();
        problems.iter().map(|problem| format!("{:?} {}", problem.position(), problem.message)).collect::<Vec<_>>()
    };
    let feed = |keys: &str| format!("[feeds.a]\nurl = \"https://a.example/\"\n{keys}");
    assert_eq!(
        mistakes(&feed("archive = { items = 0 }")),
        ["(3, 21) expected a whole number above 0, found integer `0`"]
    );
    assert_eq!(mistakes(&feed("archive = { items = 100000 }")), ["(3, 21) at most 10000 items are kept"]);
    assert_eq!(mistakes(&feed("archive = { age = \"0s\" }")), ["(3, 19) the age must be above zero and at most 100y"]);
    assert_eq!(mistakes(&feed("archive = { pages = 3 }")), ["(3, 13) unknown key `pages`"]);
    assert_eq!(mistakes(&feed("archive = {}\n[cache]\npath = \"none\"")), ["(5, 8) the archive of `a` needs a disk"]);
}
