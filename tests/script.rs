//! The rule `script`: it changes what it says and nothing else, and one that misbehaves ends with an error that names its
//! place and harms nobody.
#![cfg(feature = "script")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod serve_support;

use refeed::base::clock::Time;
use refeed::config::RuleList;
use refeed::feed::Feed;
use refeed::rules::{BuildContext, Chain, Context};
use serve_support::{Server, Upstream, config};

const RSS: &str = r#"<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>T</title><link>https://site.example/</link><description>d</description>
<item><title>News: one</title><guid>urn:1</guid><link>https://site.example/1</link><category>tech</category><pubDate>Wed, 01 May 2024 00:00:00 GMT</pubDate><description>&lt;p&gt;one&lt;/p&gt;</description><itunes:duration>12:00</itunes:duration></item>
<item><title>News: two</title><guid>urn:2</guid><category>sport</category><enclosure url="https://site.example/2.mp3" length="7" type="audio/mpeg"/></item>
</channel></rss>"#;

fn list(code: &str, more: &str) -> RuleList {
    RuleList::parse("test", &format!("[{{ script = {{ code = '''{code}'''{more} }} }}]")).unwrap()
}

fn run(code: &str) -> Result<String, String> {
    let chain = Chain::build(&list(code, ""), &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut feed = Feed::read(RSS.as_bytes(), None, None).unwrap();
    let applied = chain.apply(&mut feed, &Context::new(Time::from_secs(0), None));
    applied.map(|()| feed.into_string()).map_err(|error| error.to_string())
}

fn refused(code: &str, more: &str) -> String {
    Chain::build(&list(code, more), &BuildContext::default()).unwrap_err().to_string()
}

#[test]
fn what_a_script_leaves_alone_stays_byte_for_byte() {
    assert_eq!(run("function item(item) { return item }").unwrap(), RSS);
    assert_eq!(run("function feed(feed) { }").unwrap(), RSS);
}

#[test]
fn what_it_changes_is_written_back() {
    let code = "function item(item, feed) { item.title = item.title.replace('News: ', feed.title + ' '); item.author = 'Ann'; return item }";
    let found = run(code).unwrap();
    assert!(
        found.contains("<title>T one</title>") && found.contains("<itunes:duration>12:00</itunes:duration>"),
        "{found}"
    );
    assert_eq!(found.matches("Ann").count(), 2);
    let listed = "function item(item) { item.categories.push('新'); item.published = '2024-05-02T10:00:00Z'; item.enclosures = []; return item }";
    let found = run(listed).unwrap();
    assert!(found.contains("<category>tech</category>") && found.matches("新").count() == 2, "{found}");
    assert!(found.contains("Thu, 02 May 2024 10:00:00") && !found.contains("enclosure"), "{found}");
}

/// What the script makes of an item's enclosures in a feed of `format`, the same item written by its own words.
fn attached(feed: &str, code: &str) -> Result<String, String> {
    let rules = list(&format!("function item(item) {{ {code}; return item }}"), "");
    let chain = Chain::build(&rules, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut feed = Feed::read(feed.as_bytes(), None, None).unwrap();
    let applied = chain.apply(&mut feed, &Context::new(Time::from_secs(0), None));
    applied.map(|()| feed.into_string()).map_err(|error| error.to_string())
}

#[test]
fn what_changes_of_an_enclosure_changes_where_it_stands() {
    let rss = |files: &str| {
        format!(
            "<rss version=\"2.0\" xmlns:m=\"http://search.yahoo.com/mrss/\"><channel><title>T</title><item><guid>1</guid>{files}<title>t</title></item></channel></rss>"
        )
    };
    let atom = |link: &str| {
        format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><entry><id>1</id>{link}</entry></feed>")
    };
    let json = |file: &str| {
        format!(
            "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"T\", \"items\": [{{\"id\": \"1\", \"attachments\": [{file}]}}]}}"
        )
    };
    let set = "item.enclosures[0].type = 'audio/ogg'; item.enclosures[0].length = 9";
    let titled = "item.enclosures[0].title = 'A & B'";
    for (from, code, to) in [
        (
            rss("<enclosure url=\"a&amp;b\" length='7' type=\"audio/mpeg\" x=\"1\"/>"),
            set,
            rss("<enclosure url=\"a&amp;b\" length='9' type=\"audio/ogg\" x=\"1\"/>"),
        ),
        (rss("<enclosure url=\"a\"/>"), set, rss("<enclosure url=\"a\" type=\"audio/ogg\" length=\"9\"/>")),
        (
            rss("<enclosure url=\"a.mp3\" length=\"7\" type=\"x/y\"/>"),
            "item.enclosures[0].type = item.enclosures[0].length = null",
            rss("<enclosure url=\"a.mp3\" length=\"0\" type=\"audio/mpeg\"/>"),
        ),
        // the same file twice
        (
            rss(
                "<enclosure url=\"a\" length=\"7\" type=\"x/y\"/><m:group><m:content url=\"a\" type=\"x/y\"><m:credit>c</m:credit></m:content></m:group>",
            ),
            "item.enclosures[1].type = 'audio/ogg'; item.enclosures[1].title = 'A & B'",
            rss(
                "<enclosure url=\"a\" length=\"7\" type=\"x/y\"/><m:group><m:content url=\"a\" type=\"audio/ogg\"><m:title>A &amp; B</m:title><m:credit>c</m:credit></m:content></m:group>",
            ),
        ),
        (rss("<m:content url=\"a\"/>"), titled, rss("<m:content url=\"a\"><m:title>A &amp; B</m:title></m:content>")),
        (
            rss("<m:content url=\"a\"><m:title>t</m:title></m:content>"),
            "item.enclosures[0].title = null",
            rss("<m:content url=\"a\"></m:content>"),
        ),
        (
            atom("<link rel=\"enclosure\" href=\"a\" hreflang=\"de\"/>"),
            &format!("{set}; {titled}"),
            atom(
                "<link rel=\"enclosure\" href=\"a\" hreflang=\"de\" type=\"audio/ogg\" length=\"9\" title=\"A &amp; B\"/>",
            ),
        ),
        (
            json("{\"url\": \"a\", \"mime_type\": \"x/y\", \"size_in_bytes\": 7, \"_x\": {}}, {\"url\": \"b\"}"),
            &format!("{titled}; item.enclosures[0].length = null"),
            json("{\"url\": \"a\", \"mime_type\": \"x/y\", \"_x\": {}, \"title\": \"A & B\"}, {\"url\": \"b\"}"),
        ),
    ] {
        assert_eq!(attached(&from, code).unwrap(), to, "{code}");
    }
    let error = attached(&rss("<enclosure url=\"a\"/>"), titled).unwrap_err();
    assert!(error.contains("no place for its `title`"), "{error}");
    let twice = rss("<enclosure url=\"a\" type=\"x/y\"/><m:content url=\"a\"/>");
    assert_eq!(attached(&twice, "item.enclosures.pop()").unwrap(), rss("<enclosure url=\"a\" type=\"x/y\"/>"));
}

#[test]
fn a_later_rule_sees_what_a_script_says_of_an_enclosure() {
    let from = RSS.replace("2.mp3\" length=\"7\" type=\"audio/mpeg\"", "2\" length=\"7\" type=\"x/y\"");
    let code = "function item(item) { for (const file of item.enclosures) file.type = 'audio/ogg'; return item }";
    let rules = format!("[{{ script = '''{code}''' }}, {{ keep = {{ has = 'audio' }} }}]");
    let chain = Chain::build(&RuleList::parse("test", &rules).unwrap(), &BuildContext::default()).unwrap();
    let mut feed = Feed::read(from.as_bytes(), None, None).unwrap();
    chain.apply(&mut feed, &Context::new(Time::from_secs(0), None)).unwrap();
    assert_eq!(feed.items().len(), 1);
}

#[test]
fn items_are_dropped_and_put_in_order() {
    let dropped = run("function item(item) { return item.categories.includes('tech') ? item : null }").unwrap();
    assert!(dropped.contains("News: one") && !dropped.contains("News: two"));
    let turned = run("function feed(feed) { feed.items.reverse(); feed.title = 'Turned'; return feed }").unwrap();
    assert!(turned.find("News: two") < turned.find("News: one") && turned.contains("<title>Turned</title>"));
    let funnel =
        run("function modify_post(feed, post) { if (post.id == 'urn:2') return null; post.title = '!'; return post }");
    assert!(funnel.is_ok_and(|text| text.contains("<title>!</title>") && !text.contains("urn:2")));
}

#[test]
fn errors_name_line_and_column() {
    assert!(
        refused("function item(item) {\n  retrun item\n}", "").contains("line 2, column"),
        "{}",
        refused("function item(item) {\n  retrun item\n}", "")
    );
    assert!(refused("let x = 1", "").contains("neither `item` nor `feed`"));
    let error = run("function item(item) {\n  return item.nothing.at.all\n}").unwrap_err();
    assert!(error.contains("line 2, column"), "{error}");
    let error = run("function feed(feed) { return { items: [{ index: 9 }] } }").unwrap_err();
    assert!(error.contains("index"), "{error}");
    let error = run("function item(item) { throw 'no' }").unwrap_err();
    assert!(error.contains("it threw no"), "{error}");
    assert!(run("function item(item) { item.title = 7; return item }").unwrap_err().contains("`title` must be a text"));
}

#[test]
fn a_script_without_end_ends() {
    for (code, word) in [
        ("function item(item) { for (;;) {} }", "`steps`"),
        ("function item(item) { let all = []; for (;;) all.push('x'.repeat(10000) + all.length); }", "`memory`"),
        ("function item(item) { let all = []; for (;;) all.push(new Array(1000).fill(1)); }", "`memory`"),
        ("function down(x) { return down(x) + 1 } function item(item) { return down(item) }", "stack"),
        ("function item(item) { /(a+)+$/.test('a'.repeat(40) + 'b'); return item }", "`steps`"),
    ] {
        let error = run(code).unwrap_err();
        assert!(error.contains(word), "{code}: {error}");
    }
    assert!(refused("for (;;) {}", ", steps = 100000").contains("`steps`"));
    assert!(refused("function item(i) {}", ", steps = 0").contains("steps"));
    assert!(refused("function item(i) {}", ", memory = '1 TiB'").contains("at most"));
}

#[test]
fn nothing_of_the_machine_is_in_reach() {
    for name in ["fetch", "require", "process", "std", "os", "XMLHttpRequest", "setTimeout"] {
        let code = format!("function item(item) {{ item.title = typeof {name}; return item }}");
        assert!(run(&code).unwrap().contains("<title>undefined</title>"), "{name}");
    }
}

#[tokio::test]
async fn one_feeds_script_harms_no_other_feed() {
    let upstream = Upstream::start("").await;
    let url = upstream.url("/feed");
    let feeds = [("bad", url.clone(), "[{ script = 'function item() { for (;;) {} }' }]"), ("good", url, "")];
    let server = Server::start(&config(&feeds)).await;
    let (bad, good) = tokio::join!(server.get("/feed/bad", &[]), server.get("/feed/good", &[]));
    assert_eq!(good.status, 200);
    assert!(bad.status >= 500 && bad.text().contains("steps"), "{}", bad.text());
}

#[test]
fn what_a_script_cannot_do_is_said() {
    for (code, why) in [
        ("async function item(item) { return item }", "`item` is an async function"),
        ("async function feed(feed) { return feed }", "`feed` is an async function"),
        ("function item(item) { item.id = 'x'; return item }", "`id` cannot be changed"),
        ("function item(item) { item.image = 'https://a.example/x.png'; return item }", "`image` cannot be changed"),
    ] {
        let error = run(code).unwrap_err();
        assert!(error.contains(why), "{code}: {error}");
        assert!(!error.contains("line"), "no line of this script is to blame: {error}");
    }
}

#[test]
fn a_script_whose_steps_are_long_ends_all_the_same() {
    let code = "function item(item) { const all = 'a'.repeat(20000); for (;;) all.indexOf('b') }";
    let chain = Chain::build(&list(code, ", steps = 1_000_000"), &BuildContext::default()).unwrap();
    let mut feed = Feed::read(RSS.as_bytes(), None, None).unwrap();
    let error = chain.apply(&mut feed, &Context::new(Time::from_secs(0), None)).unwrap_err().to_string();
    assert!(error.contains("more than 1 s "), "{error}");
}
