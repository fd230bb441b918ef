//! Whole items go out and in as text: one that is taken out stands for itself, one that returns has the bytes it had.

use refeed::feed::{Feed, Field};

use crate::random::fixtures;
use crate::{ATOM, ATOM_03, ITEM, JSON, RDF, RSS, read};

#[test]
fn a_raw_item_stands_for_itself() {
    let feed = read(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:m=\"http://search.yahoo.com/mrss/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xml:lang=\"zh\" xml:base=\"http://a.example/b/\"><entry xml:lang=\"en\"><m:thumbnail url=\"c\"/></entry></feed>",
    );
    assert_eq!(
        feed.raw_item(ITEM),
        "<entry xmlns=\"http://www.w3.org/2005/Atom\" xmlns:m=\"http://search.yahoo.com/mrss/\" xml:base=\"http://a.example/b/\" xml:lang=\"en\"><m:thumbnail url=\"c\"/></entry>"
    );
    let mut feed = read(RSS);
    feed.set(ITEM, Field::Title, "2");
    feed.add(ITEM, Field::Content, "c");
    assert!(feed.original_item(ITEM).contains("<title>1</title>"));
    let raw = feed.raw_item(ITEM);
    assert!(raw.starts_with("<item xmlns:content=") && raw.contains("<title>2</title>"), "{raw}");
    assert!(raw.ends_with("<content:encoded>c</content:encoded>\n  </item>"), "{raw}");
}

#[test]
fn items_go_where_they_are_put() {
    for text in [RSS, ATOM, ATOM_03, RDF, JSON] {
        let titled = |feed: &mut Feed, title: &str| {
            let raw = feed.raw_item(ITEM);
            let mut other = read(text);
            other.set(ITEM, Field::Title, title);
            assert!(!raw.is_empty());
            other.raw_item(ITEM).replace("\"a\"", &format!("\"{title}\"")).replace("\"x\"", &format!("\"{title}\""))
        };
        for at in [0, 1, 9] {
            let mut feed = read(text);
            feed.set(ITEM, Field::Title, "1");
            let raw = [titled(&mut feed, "n1"), titled(&mut feed, "n2")];
            feed.insert_items(&raw, at).unwrap();
            let expected = feed.items().len() - 2;
            let titles: Vec<_> = feed
                .items()
                .iter()
                .map(|item| feed.first(*item, Field::Title).unwrap_or_default().into_owned())
                .collect();
            let at = at.min(expected);
            assert_eq!(titles[at..at + 2], ["n1", "n2"], "{titles:?}");
            let again = read(&feed.into_string());
            assert_eq!(again.items().len(), expected + 2);
            let entries = again.emit().matches("<rdf:li ").count();
            assert!(entries == 0 || entries == 3, "{}", again.emit());
        }
    }
}

#[test]
fn items_of_a_feed_that_had_none() {
    for (text, raw) in [
        ("<rss version=\"2.0\"><channel/></rss>", "<item><title>1</title></item>"),
        ("<rss version=\"2.0\"><channel>\n <title/>\n</channel></rss>", "<item><title>1</title></item>"),
        (r#"{"version": "https://jsonfeed.org/version/1.1"}"#, r#"{"title": "1"}"#),
        (r#"{"version": "https://jsonfeed.org/version/1.1", "items": []}"#, r#"{"title": "1"}"#),
        (
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"/>",
            "<entry xmlns=\"http://www.w3.org/2005/Atom\"><title>1</title></entry>",
        ),
    ] {
        let mut feed = read(text);
        feed.insert_items(&[raw], 0).unwrap();
        assert_eq!(feed.first(ITEM, Field::Title).as_deref(), Some("1"), "{}", feed.emit());
    }
    let mut feed = read(RSS);
    assert!(feed.insert_items(&["<item><title>"], 0).is_err());
    assert_eq!(feed.into_string(), RSS);
}

/// Every item taken out and put back in its place.
#[test]
fn an_item_that_returns_has_the_bytes_it_had() {
    for (path, text) in fixtures() {
        let feed = read(&text);
        for (at, item) in feed.items().into_iter().enumerate() {
            let mut without = read(&text);
            without.retain(|_, other| other != item);
            let Ok(()) = without.insert_items(&[feed.original_item(item)], at) else { panic!("{}", path.display()) };
            // Comments between items may change sides; one entry of a list of RSS 1.0 has its attribute without a prefix.
            let bytes = |text: &str| {
                let mut bytes = text.replace("r:resource", "resource").into_bytes();
                bytes.retain(|byte| !byte.is_ascii_whitespace());
                bytes.sort_unstable();
                bytes
            };
            assert_eq!(without.original_item(without.items()[at]), feed.original_item(item), "{}", path.display());
            assert!(bytes(&without.emit()) == bytes(&feed.emit()), "{} {at}: {}", path.display(), without.emit());
        }
    }
}
