//! What is an item and what a field, in the shapes that feeds have in the wild; and what edits leave of them.

#![allow(clippy::unwrap_used)]

use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::feed::{Feed, Field, Place};
use refeed::rules::{BuildContext, Chain, Context};

const ATOM: &str = r#"xmlns="http://www.w3.org/2005/Atom""#;
const RDF: &str = r#"xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/""#;

fn read(text: &str) -> Feed {
    Feed::read(text.as_bytes(), None, Some(&Url::parse("http://feeds.example/dir/feed.xml").unwrap())).unwrap()
}

fn titles(feed: &Feed) -> Vec<String> {
    feed.items().iter().map(|item| feed.first(*item, Field::Title).unwrap_or_default().into_owned()).collect()
}

fn after(rules: &str, text: &str) -> String {
    let mut feed = read(text);
    let chain = Chain::build(&RuleList::parse("test", rules).unwrap(), &BuildContext::default()).unwrap();
    let context = Context::new(Time::from_secs(0), feed.url().cloned());
    chain.apply(&mut feed, &context).unwrap();
    feed.into_string()
}

#[test]
fn only_the_items_of_the_feed_are_items() {
    for (text, expected) in [
        // Several channels, items outside of them.
        (
            "<rss><channel><item><title>1</title></item></channel><channel><item><title>2</title></item></channel></rss>",
            "1 2",
        ),
        ("<rss><channel/><item><title>1</title></item></rss>", "1"),
        // Deeper ones are somebody's content.
        (
            "<rss><channel><item><title>1</title><description><item><title>x</title></item></description></item></channel></rss>",
            "1",
        ),
        ("<rss><channel><items><item><title>x</title></item></items></channel></rss>", ""),
        // Extensions have items of their own.
        (
            r#"<rss xmlns:a="urn:a"><channel><a:item><title>x</title></a:item><item><title>1</title></item></channel></rss>"#,
            "1",
        ),
        (
            r#"<rss><channel><item xmlns="urn:a"><title>x</title></item><item><title>1</title></item></channel></rss>"#,
            "1",
        ),
        // A namespace of the whole feed changes nothing.
        (r#"<rss xmlns="urn:mine"><channel><item><title>1</title></item></channel></rss>"#, "1"),
        (r#"<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>1</a:title></a:entry></a:feed>"#, "1"),
    ] {
        assert_eq!(titles(&read(text)).join(" "), expected, "{text}");
    }
}

#[test]
fn namespaces_may_be_declared_on_the_fields_themselves() {
    let feed = read(
        r#"<rss><channel><item><c:creator xmlns:c="http://purl.org/dc/elements/1.1/">A</c:creator>
        <encoded xmlns="http://purl.org/rss/1.0/modules/content/">C</encoded></item></channel></rss>"#,
    );
    let item = feed.items()[0];
    assert_eq!(feed.first(item, Field::Author).as_deref(), Some("A"));
    assert_eq!(feed.first(item, Field::Content).as_deref(), Some("C"));
}

#[test]
fn a_guid_is_a_link_unless_it_says_otherwise() {
    let link = |guid: &str| read(&format!("<rss><channel><item>{guid}</item></channel></rss>")).link(Place::Item(0));
    assert_eq!(link("<guid>http://a.example/1</guid>").as_deref(), Some("http://a.example/1"));
    assert_eq!(link(r#"<guid isPermaLink="true">http://a.example/1</guid>"#).as_deref(), Some("http://a.example/1"));
    assert_eq!(link(r#"<guid isPermaLink="false">http://a.example/1</guid>"#), None);
    assert_eq!(link("<guid>1</guid>"), None);
}

#[test]
fn an_unusable_base_is_passed_over() {
    let text = format!(
        r#"<feed {ATOM}><entry xml:base="http://a.example/b/"><summary type="html" xml:base="javascript:x">&lt;a href="c"></summary></entry></feed>"#
    );
    assert!(after("[{ links = true }]", &text).contains(r#"&lt;a href="http://a.example/b/c">"#));
}

#[test]
fn atom_elements_are_read_against_the_feed_and_html_against_the_page() {
    let text = format!(
        r#"<feed {ATOM}><entry><link href="http://a.example/b/"/><link rel="enclosure" href="c.mp3"/><content type="html">&lt;a href="d"></content></entry></feed>"#
    );
    let out = after("[{ links = true }]", &text);
    assert!(out.contains(r#"href="http://feeds.example/dir/c.mp3""#), "{out}");
    assert!(out.contains(r#"&lt;a href="http://a.example/b/d">"#), "{out}");
}

#[test]
fn relative_bases_are_read_against_those_around_them() {
    let text =
        format!(r#"<feed {ATOM} xml:base="/x/"><entry xml:base="y/"><link href="z" xml:base="../w/"/></entry></feed>"#);
    let out = after("[{ links = true }]", &text);
    assert!(out.contains(r#"href="http://feeds.example/x/w/z""#), "{out}");
}

#[test]
fn items_of_one_address_share_their_entry_in_the_list() {
    let li = |name: &str| format!(r#"<rdf:li rdf:resource="{name}"/>"#);
    let item = |name: &str, title: &str| format!(r#"<item rdf:about="{name}"><title>{title}</title></item>"#);
    let text = format!(
        "<rdf:RDF {RDF}><channel><items><rdf:Seq>{}{}{}</rdf:Seq></items></channel>{}{}{}{}</rdf:RDF>",
        li("a"),
        li("b"),
        li("c"),
        item("c", "4"),
        item("a", "3"),
        item("a", "1"),
        item("b", "2"),
    );
    let dropped = after(r#"[{ drop = { title = "3|2" } }]"#, &text);
    assert!(dropped.contains(&format!("<rdf:Seq>{}{}</rdf:Seq>", li("a"), li("c"))), "{dropped}");
    let sorted = after(r#"[{ sort = "title" }]"#, &text);
    assert!(sorted.contains(&format!("<rdf:Seq>{}{}{}</rdf:Seq>", li("a"), li("b"), li("c"))), "{sorted}");
}
