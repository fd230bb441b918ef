//! A feed asked for in another format says the same there: over every fixture, and the corpus where REFEED_CORPUS names it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use refeed::base::url::Url;
use refeed::emit::model::{Document, Text};
use refeed::emit::{About, Format, emit, normalise};
use refeed::feed::{Feed, Format as Native};

/// The formats that are feeds themselves.
const FEEDS: [Format; 3] = [Format::Rss, Format::Atom, Format::Json];

/// Every feed that can be read, with its file's name.
fn feeds() -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds")];
    folders.extend(std::env::var_os("REFEED_CORPUS").map(PathBuf::from));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = files
        .filter_map(|path| {
            let bytes = fs::read(&path).ok()?;
            read(&bytes)?;
            Some((path.file_name()?.to_string_lossy().into_owned(), bytes))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 40);
    found
}

fn url() -> Url {
    Url::parse("https://feeds.example.org/source").unwrap()
}

fn read(bytes: &[u8]) -> Option<Feed> {
    Feed::read(bytes, None, Some(&url())).ok()
}

fn own_url() -> Url {
    Url::parse("https://proxy.example.org/feed/x").unwrap()
}

fn about(own: &Url) -> About<'_> {
    About { own_url: Some(own), identity: "https://feeds.example.org/source", ..About::default() }
}

fn in_format(bytes: &[u8], format: Format) -> String {
    emit(read(bytes).unwrap(), Some(format), about(&own_url())).unwrap().0
}

fn plain(text: &Option<Text>) -> String {
    text.as_ref().map(|text| text.as_plain().into_owned()).unwrap_or_default()
}

/// What every format has room for, of each item.
fn essence(document: &Document) -> Vec<[String; 5]> {
    let words = |text: Option<&Text>| text.map(|t| t.as_plain().split_whitespace().collect()).unwrap_or_default();
    let item = |item: &refeed::emit::model::Item| {
        let link = item.link.clone().unwrap_or_default();
        let date = item.published.or(item.updated).map(|time| time.secs().to_string()).unwrap_or_default();
        let files = item.enclosures.iter().map(|file| file.url.clone()).collect::<Vec<_>>().join(" ");
        [plain(&item.title).split_whitespace().collect(), link, date, files, words(item.body())]
    };
    document.items.iter().map(item).collect()
}

#[test]
fn every_feed_says_the_same_in_every_format() {
    for (name, bytes) in feeds() {
        let before = normalise(&read(&bytes).unwrap(), About::default()).unwrap();
        for format in FEEDS {
            let text = in_format(&bytes, format);
            let again = read(text.as_bytes()).unwrap_or_else(|| panic!("{name} as {format:?} cannot be read"));
            assert!(
                !again.notes().iter().any(|note| note.contains("repair")),
                "{name} as {format:?}: {:?}",
                again.notes()
            );
            let after = normalise(&again, About::default()).unwrap();
            assert_eq!(plain(&before.title), plain(&after.title), "{name} as {format:?}");
            for (one, other) in essence(&before).into_iter().zip(essence(&after)) {
                let undated = one[2].is_empty(); // Atom has no items without a date
                let link = |link: &str| one[1].is_empty() && !link.is_empty(); // nor without content and link
                assert!(undated || one[2] == other[2], "{name} as {format:?}: {one:?} {other:?}");
                assert!(link(&other[1]) || one[1] == other[1], "{name} as {format:?}: {one:?} {other:?}");
                // where the extension that names more files is not carried, they are attachments
                assert!(other[3].starts_with(&one[3]), "{name} as {format:?}: {one:?} {other:?}");
                assert_eq!((&one[0], &one[4]), (&other[0], &other[4]), "{name} as {format:?}");
            }
            assert_eq!(before.items.len(), after.items.len(), "{name} as {format:?}");
        }
    }
}

#[test]
fn what_is_written_is_well_formed_and_read_the_same_by_another_parser() {
    for (name, bytes) in feeds() {
        let feed = read(&bytes).unwrap();
        let model = normalise(&feed, about(&own_url())).unwrap();
        let native = feed.into_string();
        for format in FEEDS {
            let text = in_format(&bytes, format);
            if text == native {
                continue; // the document itself
            }
            if format != Format::Json {
                roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name} as {format:?}: {error}"));
            }
            let judged = feed_rs::parser::parse(text.as_bytes());
            let judged = judged.unwrap_or_else(|error| panic!("{name} as {format:?}: {error}\n{text}"));
            assert_eq!(judged.entries.len(), model.items.len(), "{name} as {format:?}");
            for (entry, item) in judged.entries.iter().zip(&model.items) {
                assert!(
                    format == Format::Atom || entry.id == item.id,
                    "{name} as {format:?}: {} {}",
                    entry.id,
                    item.id
                );
                let link = entry.links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
                if let (Some(link), Some(expected)) = (link, &item.link) {
                    let same = Url::parse(expected).map(String::from) == Url::parse(&link.href).map(String::from);
                    assert!(same, "{name} as {format:?}: {expected} {}", link.href);
                }
                if let (Some(date), Some(expected)) = (entry.published, item.published) {
                    assert_eq!(date.timestamp(), expected.secs(), "{name} as {format:?}");
                }
            }
        }
    }
}

#[test]
fn ids_do_not_depend_on_what_rules_wrote() {
    use refeed::feed::{Field, Place};
    let text = "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link><description/>\
        <item><title>One</title><link>/1</link></item><item><title>Two</title><description>x</description></item></channel></rss>";
    let ids = |feed: &Feed| {
        let document = normalise(feed, About::default()).unwrap();
        document.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>()
    };
    let mut feed = read(text.as_bytes()).unwrap();
    let before = ids(&feed);
    assert_eq!(before[0], "https://a.example/1");
    assert!(before[1].starts_with("urn:uuid:"), "{before:?}");
    for place in feed.items() {
        for field in [Field::Title, Field::Link, Field::Summary] {
            for slot in feed.slots(place).filter(|slot| slot.field == field).collect::<Vec<_>>() {
                feed.set_value(&slot, "https://changed.example/".into());
            }
        }
    }
    assert_eq!(ids(&feed), before);
    feed.truncate(1);
    assert_eq!(ids(&feed), before[..1]);
    assert_eq!(feed.items(), [Place::Item(0)]);
}

#[test]
fn the_format_of_the_feed_itself_is_left_as_it_is() {
    for (name, bytes) in feeds() {
        let native = read(&bytes).unwrap();
        let format = match native.format() {
            Native::Rss20 | Native::Rss09x => Format::Rss,
            Native::Atom10 => Format::Atom,
            Native::Json10 | Native::Json11 => Format::Json,
            Native::Rss090 | Native::Rss10 | Native::Atom03 => continue,
        };
        assert_eq!(in_format(&bytes, format), native.into_string(), "{name}");
    }
}

#[test]
fn extensions_are_carried_from_xml_to_xml_with_their_meaning() {
    let text = "<rss version=\"2.0\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\" xmlns:p=\"urn:one\"><channel><title>t</title>\
        <itunes:type>serial</itunes:type><item><guid>1</guid><title>i</title><p:a b=\"1\"><p:c/></p:a><p:d xmlns:p=\"urn:two\"/>\
        <e xmlns=\"urn:three\"><f/></e><custom>none</custom><itunes:episode>3</itunes:episode></item></channel></rss>";
    let atom = in_format(text.as_bytes(), Format::Atom);
    let document = roxmltree::Document::parse(&atom).unwrap();
    let has = |namespace: &str, name: &str| document.descendants().any(|node| node.has_tag_name((namespace, name)));
    for (namespace, name) in [
        ("http://www.itunes.com/dtds/podcast-1.0.dtd", "type"),
        ("http://www.itunes.com/dtds/podcast-1.0.dtd", "episode"),
        ("urn:one", "a"),
        ("urn:one", "c"),
        ("urn:two", "d"),
        ("urn:three", "e"),
        ("urn:three", "f"),
    ] {
        assert!(has(namespace, name), "{namespace} {name}\n{atom}");
    }
    assert!(!atom.contains("custom"), "{atom}");
    let back = in_format(atom.as_bytes(), Format::Rss);
    let back = roxmltree::Document::parse(&back).unwrap();
    assert!(back.descendants().any(|node| node.has_tag_name(("urn:three", "f"))));
}

#[test]
fn the_extensions_that_readers_know_are_carried_both_ways() {
    const KNOWN: [(&str, &str, &str, &str); 6] = [
        ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd", "duration", "<itunes:duration>60</itunes:duration>"),
        (
            "podcast",
            "https://podcastindex.org/namespace/1.0",
            "transcript",
            "<podcast:transcript url=\"https://e.example/t.srt\" type=\"application/srt\"/>",
        ),
        (
            "media",
            "http://search.yahoo.com/mrss/",
            "content",
            "<media:group><media:content url=\"https://e.example/a.mp4\" type=\"video/mp4\"/></media:group>",
        ),
        ("dc", "http://purl.org/dc/elements/1.1/", "publisher", "<dc:publisher>p</dc:publisher>"),
        ("georss", "http://www.georss.org/georss", "point", "<georss:point>25.03 121.5</georss:point>"),
        (
            "content",
            "http://purl.org/rss/1.0/modules/content/",
            "encoded",
            "<content:encoded>&lt;p&gt;text&lt;/p&gt;</content:encoded>",
        ),
    ];
    let declared: String = KNOWN.map(|(prefix, uri, ..)| format!(" xmlns:{prefix}=\"{uri}\"")).concat();
    let inside: String = KNOWN.map(|(.., element)| element).concat();
    let rss = format!(
        "<rss version=\"2.0\"{declared}><channel><title>t</title><item><guid>1</guid><title>i</title>{inside}</item></channel></rss>"
    );
    let atom = in_format(rss.as_bytes(), Format::Atom);
    let back = in_format(atom.as_bytes(), Format::Rss);
    for (format, text) in [("Atom", &atom), ("RSS", &back)] {
        let document = roxmltree::Document::parse(text).unwrap();
        for (prefix, uri, name, _) in KNOWN {
            let is_there = document.descendants().any(|node| node.has_tag_name((uri, name)));
            // what Atom has an element of its own for is written as that
            let own = || document.descendants().any(|node| node.text() == Some("<p>text</p>"));
            assert!(is_there || prefix == "content" && own(), "{prefix} as {format}\n{text}");
        }
    }
    let json: serde_json::Value = serde_json::from_str(&in_format(rss.as_bytes(), Format::Json)).unwrap();
    assert_eq!(
        json["items"][0]["attachments"][0]["url"], "https://e.example/a.mp4",
        "what JSON Feed has no place for is not lost"
    );
}
