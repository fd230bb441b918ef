//! Several feeds served as one: every item as its source has it, named, newest first, duplicates once; a source that fails is left
//! out and named.
#![allow(clippy::unwrap_used, clippy::panic)]

mod serve_support;

use std::time::Duration;

use refeed::config::{Config, Source};
use refeed::feed::{Feed, Field, Place};
use refeed::rules;
use serve_support::{Server, Upstream};

fn parse(toml: &str) -> Config {
    let text = format!("[fetch]\nallow = [\"127.0.0.0/8\"]\n{toml}");
    Config::parse(&Source::new("refeed.toml", text), rules::check).unwrap_or_else(|problems| panic!("{problems}"))
}

fn rss(title: &str, items: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:x=\"urn:private\"><channel><title>{title}</title><link>https://{title}.example/</link><description>d</description>{items}</channel></rss>"
    )
}

fn item(id: &str, day: u32, more: &str) -> String {
    let date = if day == 0 { String::new() } else { format!("<pubDate>{day:02} Jan 2027 08:00:00 GMT</pubDate>") };
    format!("<item><title>{id}</title><guid isPermaLink=\"false\">{id}</guid>{date}{more}</item>")
}

async fn upstream(body: &str) -> Upstream {
    let upstream = Upstream::start("").await;
    upstream.answers(200, "Cache-Control: max-age=600\r\n", body);
    upstream
}

fn read(text: &str) -> Feed {
    Feed::read(text.as_bytes(), None, None).unwrap()
}

fn titles(feed: &Feed) -> Vec<String> {
    feed.items().iter().map(|item| feed.first(*item, Field::Title).unwrap_or_default().into_owned()).collect()
}

#[tokio::test]
async fn items_of_all_sources_come_newest_first_and_undated_ones_last() {
    let one = upstream(&rss("one", &(item("a", 3, "") + &item("old", 0, "") + &item("b", 1, "")))).await;
    let other = upstream(&rss("other", &(item("c", 2, "") + &item("d", 4, "")))).await;
    let config = parse(&format!("[feeds.all]\nsources = [\"{}\", \"{}\"]", one.url("/1"), other.url("/2")));
    let server = Server::start(&config).await;
    let reply = server.get("/feed/all", &[]).await;
    let feed = read(&reply.text());
    assert_eq!(titles(&feed), ["d", "a", "c", "b", "old"]);
    assert_eq!(feed.first(Place::Head, Field::Title).as_deref(), Some("all"));
    assert!(reply.header("content-type").starts_with("application/rss+xml"));
    assert_eq!(reply.header("refeed-errors"), "");
}

#[tokio::test]
async fn each_item_keeps_its_bytes_and_names_its_source() {
    let more = "<dc:creator>A&#38;B</dc:creator><x:y z='1'><!-- c --><![CDATA[ <p> ]]></x:y>";
    let one = upstream(&rss("one", &item("a", 3, more))).await;
    let named = upstream(&rss("two", &item("b", 2, "<source url=\"https://origin.example/f\">Origin</source>"))).await;
    let config = parse(&format!(
        "[feeds.all]\ntitle = \"All <of> them\"\nsources = [{{ url = \"{}\", name = \"Number one\" }}, \"{}\"]",
        one.url("/1"),
        named.url("/2")
    ));
    let server = Server::start(&config).await;
    let text = server.get("/feed/all", &[]).await.text();
    assert!(text.contains(&format!("{more}<source url=\"https://one.example/\">Number one</source></item>")), "{text}");
    assert!(text.contains("<source url=\"https://origin.example/f\">Origin</source></item>"), "{text}");
    assert_eq!(text.matches("xmlns:dc=").count(), 1, "{text}");
    assert!(text.contains("<title>All &lt;of&gt; them</title>"), "{text}");
    assert!(roxmltree::Document::parse(&text).is_ok());
}

#[tokio::test]
async fn atom_and_json_feeds_merge_among_themselves() {
    let atom = |name: &str, day: u32| {
        format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh\"><id>urn:{name}</id><title>{name}</title><updated>2027-01-09T00:00:00Z</updated><author><name>{name}</name></author><link rel=\"self\" href=\"https://{name}.example/f\"/><entry><id>urn:{name}:1</id><title>{name}</title><updated>2027-01-0{day}T00:00:00Z</updated></entry></feed>"
        )
    };
    let json = |name: &str, day: u32| {
        format!(
            "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"{name}\", \"feed_url\": \"https://{name}.example/f\", \"authors\": [{{\"name\": \"{name}\"}}], \"items\": [{{\"id\": \"{name}\", \"title\": \"{name}\", \"date_published\": \"2027-01-0{day}T00:00:00Z\", \"_x\": 1.50}}]}}"
        )
    };
    let (a, b) = (upstream(&atom("a", 1)).await, upstream(&atom("b", 2)).await);
    let (c, d) = (upstream(&json("c", 1)).await, upstream(&json("d", 2)).await);
    let config = parse(&format!(
        "[feeds.atom]\nsources = [\"{}\", \"{}\"]\n[feeds.json]\nsources = [\"{}\", \"{}\"]",
        a.url("/"),
        b.url("/"),
        c.url("/"),
        d.url("/")
    ));
    let server = Server::start(&config).await;
    let text = server.get("/feed/atom", &[]).await.text();
    assert_eq!(titles(&read(&text)), ["b", "a"], "{text}");
    assert!(text.contains("<source><id>urn:b</id><title>b</title><updated>2027-01-09T00:00:00Z</updated><link rel=\"self\" href=\"https://b.example/f\"/><author><name>b</name></author></source></entry>"), "{text}");
    assert!(text.contains("<updated>2027-01-02T00:00:00Z</updated>") && text.contains("xml:lang=\"zh\">"), "{text}");
    assert_eq!(text.matches("xml:lang").count(), 1, "{text}");
    let text = server.get("/feed/json", &[]).await.text();
    assert_eq!(titles(&read(&text)), ["d", "c"], "{text}");
    let feed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(feed["items"][0]["_source"]["url"], "https://d.example/f");
    assert_eq!(feed["items"][0]["authors"][0]["name"], "d");
    assert!(text.contains("\"_x\": 1.50"), "{text}");
}

#[tokio::test]
async fn sources_of_other_formats_become_one_with_the_first() {
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:f</id><title>atom</title><updated>2027-01-09T00:00:00Z</updated><entry><id>urn:e</id><title>e</title><updated>2027-01-05T00:00:00Z</updated><content type=\"html\">&lt;p&gt;x&lt;/p&gt;</content></entry></feed>";
    let json = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "json", "home_page_url": "https://json.example/", "items": [{"id": "j", "title": "j", "content_html": "<p>y</p>", "date_published": "2027-01-06T00:00:00Z"}]}"#;
    let rdf = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel rdf:about=\"https://rdf.example/\"><title>rdf</title><link>https://rdf.example/</link></channel><item rdf:about=\"https://rdf.example/1\"><title>r</title><link>https://rdf.example/1</link><dc:date>2027-01-07</dc:date></item></rdf:RDF>";
    let rss = rss("rss", &item("s", 8, "<x:y>kept</x:y>"));
    let mut upstreams = Vec::new();
    for body in [&rss, atom, json, rdf] {
        upstreams.push(upstream(body).await);
    }
    let list = |order: [usize; 4]| order.map(|number| format!("\"{}\"", upstreams[number].url("/"))).join(", ");
    let config = parse(&format!(
        "[feeds.rss]\nsources = [{}]\n[feeds.atom]\nsources = [{}]\n[feeds.json]\nsources = [{}]\n[feeds.rdf]\nsources = [{}]",
        list([0, 1, 2, 3]),
        list([1, 0, 2, 3]),
        list([2, 0, 1, 3]),
        list([3, 0, 1, 2])
    ));
    let server = Server::start(&config).await;
    for (name, root) in [("rss", "<rss"), ("atom", "<feed"), ("json", "{\"version\""), ("rdf", "<rss")] {
        let reply = server.get(&format!("/feed/{name}"), &[]).await;
        let text = reply.text();
        assert!(text.contains(root), "{name}: {text}");
        assert_eq!(titles(&read(&text)), ["s", "r", "j", "e"], "{name}: {text}");
        assert_eq!(reply.header("refeed-errors"), "", "{name}");
        assert!(text.contains("urn:e") && text.contains("https://rdf.example/1"), "{text}");
    }
    let text = server.get("/feed/rss", &[]).await.text();
    assert!(text.contains("<x:y>kept</x:y>"), "{text}");
    assert_eq!(upstreams.iter().map(Upstream::hits).collect::<Vec<_>>(), [1, 1, 1, 1]);
    // And the merged feed itself may be asked for in any format.
    let atom = server.get("/feed/json.atom", &[]).await.text();
    assert_eq!(titles(&read(&atom)), ["s", "r", "j", "e"], "{atom}");
}

#[tokio::test]
async fn duplicates_of_other_sources_are_left_out_by_global_id_or_canonical_link() {
    let link = |url: &str| format!("<link>{url}</link>");
    let one = upstream(&rss(
        "one",
        &(item("1", 1, &link("https://a.example/x?utm_source=one"))
            + &item("urn:same", 2, "")
            + &item("3", 3, &link("https://a.example/home"))
            + &item("4", 4, &link("https://a.example/home"))),
    ))
    .await;
    let other = upstream(&rss(
        "other",
        &(item("9", 9, &link("http://www.a.example/x/")) + &item("urn:same", 8, "") + &item("3", 7, "")),
    ))
    .await;
    let config = parse(&format!("[feeds.all]\nsources = [\"{}\", \"{}\"]", one.url("/1"), other.url("/2")));
    let feed = read(&Server::start(&config).await.get("/feed/all", &[]).await.text());
    // `3` of two feeds are two items; one feed may link to one page as often as it likes.
    assert_eq!(titles(&feed), ["3", "4", "3", "urn:same", "1"]);
}

#[tokio::test]
async fn a_source_has_its_own_limit_rules_and_title_and_may_be_a_feed_of_the_configuration() {
    let one = upstream(&rss("one", &(item("a", 1, "") + &item("b", 3, "") + &item("ad", 5, "")))).await;
    let config = parse(&format!(
        "[feeds.one]\nurl = \"{}\"\nrules = [{{ drop = {{ title = \"ad\" }} }}]\n[feeds.all]\nsource_in_title = true\nsources = [{{ feed = \"one\", limit = 1 }}, {{ url = \"{}\", rules = [{{ keep = {{ title = \"^a$\" }} }}], name = \"二\" }}]\nrules = [{{ sort = \"oldest\" }}]",
        one.url("/1"),
        one.url("/1"),
    ));
    let server = Server::start(&config).await;
    let feed = read(&server.get("/feed/all", &[]).await.text());
    assert_eq!(titles(&feed), ["[二] a", "[one] b"]);
    assert_eq!(one.hits(), 1, "both sources and the feed itself share a fetch");
    server.get("/feed/one", &[]).await;
    assert_eq!(one.hits(), 1);
}

#[tokio::test]
async fn the_rules_around_all_feeds_come_once_at_the_sources() {
    let one = upstream(&rss("one", &(item("a", 1, "") + &item("b", 2, "") + &item("c", 3, "")))).await;
    let around = |inherit: &str| {
        parse(&format!(
            "[rules]\nafter = [{{ limit = 2 }}]\n[feeds.one]\nurl = \"{}\"\n[feeds.all]\nsources = [\"one\", \"{}\"]\n{inherit}",
            one.url("/1"),
            one.url("/2")
        ))
    };
    let count = |text: String| read(&text).items().len();
    let server = Server::start(&around("")).await;
    assert_eq!(count(server.get("/feed/all", &[]).await.text()), 4);
    let server = Server::start(&around("inherit = false")).await;
    assert_eq!(
        count(server.get("/feed/all", &[]).await.text()),
        5,
        "a feed of the configuration has its own rules still"
    );
}

#[tokio::test]
async fn a_failing_source_is_left_out_and_named_until_it_answers() {
    let good = upstream(&rss("good", &item("a", 1, ""))).await;
    let bad = upstream("").await;
    bad.answers(503, "", "");
    let config = parse(&format!(
        "[feeds.bad]\nurl = \"{}\"\n[feeds.all]\nsources = [\"{}\", \"bad\"]",
        bad.url("/secret"),
        good.url("/")
    ));
    let server = Server::start(&config).await;
    let reply = server.get("/feed/all", &[]).await;
    assert_eq!((reply.status, titles(&read(&reply.text()))), (200, vec!["a".to_owned()]));
    let errors = reply.header("refeed-errors");
    assert!(errors.starts_with("bad: ") && errors.contains("503") && !errors.contains("secret"), "{errors}");
    bad.answers(200, "", &rss("bad", &item("b", 2, "")));
    // It is asked again when its failure is held no more, not when the good one is due.
    server.clock.advance(Duration::from_secs(331));
    let reply = server.get("/feed/all", &[]).await;
    assert_eq!(titles(&read(&reply.text())), ["b", "a"]);
    assert_eq!((reply.header("refeed-errors"), good.hits()), ("", 1));
}

#[tokio::test]
async fn without_any_source_there_is_a_problem_document_that_names_them() {
    let bad = upstream("<html>no feed</html>").await;
    let config = parse(&format!("[feeds.all]\nsources = [{{ url = \"{}\", name = \"Bad\" }}]", bad.url("/")));
    let server = Server::start(&config).await;
    let reply = server.get("/feed/all", &[]).await;
    assert_eq!(reply.status, 502);
    let problem = reply.json();
    assert_eq!(problem["type"], "urn:refeed:problem:no-source");
    assert!(problem["detail"].as_str().unwrap().contains("Bad: "), "{problem}");
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test]
async fn the_same_sources_have_the_same_tag() {
    let one = upstream(&rss("one", &item("a", 1, ""))).await;
    let config = parse(&format!("[feeds.all]\nsources = [\"{}\"]", one.url("/1")));
    let server = Server::start(&config).await;
    let first = server.get("/feed/all", &[]).await;
    server.clock.advance(Duration::from_secs(601));
    server.refreshed("/feed/all").await;
    let again = server.get("/feed/all", &[("If-None-Match", first.header("etag"))]).await;
    assert_eq!((again.status, one.hits()), (304, 2));
}

#[test]
fn wrong_sources_are_refused_with_their_place() {
    let mistakes = |text: &str| {
        let problems = Config::parse(&Source::new("refeed.toml", text), rules::check).unwrap_err();
        problems.iter().map(|problem| format!("{:?} {}", problem.position(), problem.message)).collect::<Vec<_>>()
    };
    assert_eq!(
        mistakes(
            "[feeds.a]\nurl = \"https://a.example/\"\n[feeds.b]\nsources = [\"a\"]\n[feeds.c]\nsources = [\"aa\", \"b\", 1, {}, { url = \"x\" }]\n[feeds.d]\nsources = []\nurl = \"https://a.example/\"\n[feeds.e]\nsources = [{ feed = \"a\", rules = [\"zh-hanx\"] }]\ntitel = \"x\""
        ),
        [
            "(6, 12) there is no feed `aa`",
            "(6, 18) `b` is merged of sources itself",
            "(6, 23) expected a source, found an integer",
            "(6, 26) a source has either `url` or `feed`",
            "(6, 38) not a URL: relative URL without a base",
            "(8, 11) 0 sources; 1 to 200 can be merged",
            "(9, 1) a feed has either `url` or `sources`",
            "(11, 35) unknown rule set `zh-hanx`",
            "(12, 1) unknown key `titel`",
        ]
    );
}
