//! Rules may add, set and remove values of any format: what is new is written as the format writes it, everything else keeps its
//! bytes, and what comes out is well-formed and reads back as it was set.

#![allow(clippy::unwrap_used)]

mod items;
mod random;

use refeed::base::clock::Time;
use refeed::feed::{Enclosure, Feed, Field, Format, Kind, Medium, Place};

/// Short documents of the tests say no version.
fn versioned(json: &str) -> String {
    json.replacen("{\"items\"", "{\"version\": \"https://jsonfeed.org/version/1\", \"items\"", 1)
}

fn read(text: &str) -> Feed {
    Feed::read(text.as_bytes(), None, None).unwrap()
}

const ITEM: Place = Place::Item(0);

const RSS: &str = "<rss version=\"2.0\"><channel>\n  <title>T</title>\n  <link>http://a.example/</link>\n  <item>\n    <title>1</title>\n    <guid>x</guid>\n  </item>\n  <item/>\n</channel></rss>";
const ATOM: &str = "<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\">\n <a:title>T</a:title>\n <a:entry>\n  <a:id>x</a:id>\n </a:entry>\n</a:feed>";
const ATOM_03: &str =
    "<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"><title>T</title><entry><id>x</id></entry></feed>";
const RDF: &str = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\"><channel><title>T</title><items><rdf:Seq><rdf:li rdf:resource=\"a\"/></rdf:Seq></items></channel><item rdf:about=\"a\"><title>1</title></item></rdf:RDF>";
const JSON: &str = "{\n  \"version\": \"https://jsonfeed.org/version/1.1\",\n  \"title\": \"T\",\n  \"items\": [\n    {\n      \"id\": \"x\",\n      \"tags\": [\"a\"]\n    },\n    {}\n  ]\n}";

/// What `change` put into `text`, which otherwise stayed as it was.
fn inserted(text: &str, change: impl Fn(&mut Feed)) -> String {
    let mut feed = read(text);
    change(&mut feed);
    let out = feed.into_string();
    let prefix = text.bytes().zip(out.bytes()).take_while(|(a, b)| a == b).count();
    let suffix = text.bytes().rev().zip(out.bytes().rev()).take_while(|(a, b)| a == b).count();
    let suffix = suffix.min(text.len() - prefix);
    assert_eq!(prefix + suffix, text.len(), "more than an insertion: {out}");
    out[prefix..out.len() - suffix].to_owned()
}

#[track_caller]
fn adds(text: &str, place: Place, field: Field, value: &str, expected: &str) {
    let found = inserted(text, |feed| {
        let slot = feed.add(place, field, value).unwrap();
        assert_eq!(slot.field, field);
    });
    // Where what was inserted begins like what follows, the cut may lie anywhere in the common part.
    let rotated = (0..found.len())
        .filter(|at| found.is_char_boundary(*at))
        .any(|at| found[at..].to_owned() + &found[..at] == expected);
    assert!(rotated, "{found:?} instead of {expected:?}");
}

#[test]
fn values_are_written_as_the_format_writes_them() {
    let date = "2024-09-07T09:42:31Z";
    adds(RSS, ITEM, Field::Category, "a & b", "\n    <category>a &amp; b</category>");
    adds(RSS, ITEM, Field::Published, date, "\n    <pubDate>Sat, 07 Sep 2024 09:42:31 +0000</pubDate>");
    adds(RSS, ITEM, Field::Author, "a@b.example (A)", "\n    <author>a@b.example (A)</author>");
    adds(RSS, ITEM, Field::Summary, "<p>x]]>", "\n    <description><![CDATA[<p>x]]]]><![CDATA[>]]></description>");
    adds(RSS, ITEM, Field::Title, "a < b", "\n    <title>a &amp;lt; b</title>");
    adds(RSS, Place::Head, Field::Updated, date, "\n  <lastBuildDate>Sat, 07 Sep 2024 09:42:31 +0000</lastBuildDate>");
    adds(
        RSS,
        Place::Head,
        Field::Image,
        "http://a.example/i",
        "\n  <image><url>http://a.example/i</url><title>T</title><link>http://a.example/</link></image>",
    );
    adds(
        RSS,
        ITEM,
        Field::Enclosure,
        "http://a.example/a.mp3",
        "\n    <enclosure url=\"http://a.example/a.mp3\" length=\"0\" type=\"audio/mpeg\"/>",
    );
    adds(ATOM, ITEM, Field::Content, "<p>x", "\n  <a:content type=\"html\">&lt;p&gt;x</a:content>");
    adds(ATOM, ITEM, Field::Author, "A", "\n  <a:author><a:name>A</a:name></a:author>");
    adds(ATOM, ITEM, Field::Category, "\"", "\n  <a:category term=\"&quot;\"/>");
    adds(ATOM, ITEM, Field::Link, "http://a.example/", "\n  <a:link rel=\"alternate\" href=\"http://a.example/\"/>");
    adds(ATOM, ITEM, Field::Published, "07.09.2024 09:42:31", "\n  <a:published>2024-09-07T09:42:31Z</a:published>");
    adds(ATOM, ITEM, Field::Language, "zh-Hant", " xml:lang=\"zh-Hant\"");
    adds(ATOM, Place::Head, Field::Language, "zh-Hant", " xml:lang=\"zh-Hant\"");
    adds(ATOM_03, ITEM, Field::Content, "<p>x", "<content type=\"text/html\" mode=\"escaped\">&lt;p&gt;x</content>");
    adds(ATOM_03, ITEM, Field::Updated, date, "<modified>2024-09-07T09:42:31Z</modified>");
    adds(RDF, ITEM, Field::Link, "http://a.example/", "<link>http://a.example/</link>");
    adds(JSON, ITEM, Field::Category, "b\"", ",\"b\\\"\"");
    adds(JSON, ITEM, Field::Title, "1", ",\n      \"title\": \"1\"");
    adds(JSON, ITEM, Field::Author, "A", ",\n      \"authors\": [{\"name\": \"A\"}]");
    adds(JSON, ITEM, Field::Summary, "<p>a &amp; b</p>", ",\n      \"summary\": \"a & b\"");
    adds(
        JSON,
        ITEM,
        Field::Enclosure,
        "http://a.example/a.mp4",
        ",\n      \"attachments\": [{\"url\": \"http://a.example/a.mp4\", \"mime_type\": \"video/mp4\"}]",
    );
    adds(JSON, Place::Head, Field::Link, "http://a.example/", ",\n  \"home_page_url\": \"http://a.example/\"");
    adds(JSON, Place::Item(1), Field::Title, "2", "\"title\": \"2\"");
    adds("<rss version=\"2.0\"><channel><item></item></channel></rss>", ITEM, Field::Title, "1", "<title>1</title>");
}

#[test]
fn an_extension_is_declared_once_and_takes_the_prefix_that_the_feed_has_for_it() {
    let mut feed = read(RSS);
    for item in feed.items() {
        feed.add(item, Field::Content, "<p>x</p>").unwrap();
        feed.add(item, Field::Author, "A").unwrap();
    }
    let out = feed.into_string();
    assert!(out.starts_with("<rss xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" version=\"2.0\">"), "{out}");
    assert_eq!(out.matches("xmlns:").count(), 2, "{out}");
    assert!(
        out.contains("<item><content:encoded><![CDATA[<p>x</p>]]></content:encoded><dc:creator>A</dc:creator></item>"),
        "{out}"
    );

    let other = RSS.replace("<rss ", "<rss xmlns:c=\"http://purl.org/rss/1.0/modules/content/\" ");
    adds(&other, ITEM, Field::Content, "x", "\n    <c:encoded>x</c:encoded>");
    let taken = RSS.replace("<channel>", "<channel xmlns:content=\"urn:mine\">");
    adds(
        &taken,
        ITEM,
        Field::Content,
        "x",
        "\n    <content:encoded xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">x</content:encoded>",
    );
}

#[test]
fn what_is_new_is_seen_and_edited_like_all_else() {
    for text in [RSS, ATOM, ATOM_03, RDF, JSON] {
        let mut feed = read(text);
        let slot = feed.add(ITEM, Field::Content, "<p>a<img src=\"b\">").unwrap();
        assert_eq!(slot.kind, Kind::Html);
        feed.fragment(&slot).map_urls(|_, url| Some(format!("http://a.example/{url}&")));
        assert_eq!(feed.first(ITEM, Field::Content).as_deref(), Some("a"), "{text}");
        let title = feed.set(ITEM, Field::Title, "new").unwrap();
        feed.set_value(&title, "newer".to_owned());
        feed.add(ITEM, Field::Category, "one").unwrap();
        let two = feed.add(ITEM, Field::Category, "two").unwrap();
        assert!(feed.remove(ITEM, &two));
        let again = read(&feed.into_string());
        let content = again.field(ITEM, Field::Content)[0];
        assert_eq!(again.value(&content), "<p>a<img src=\"http://a.example/b&amp;\">", "{text}");
        assert_eq!(again.first(ITEM, Field::Title).as_deref(), Some("newer"));
        let categories: Vec<_> =
            again.field(ITEM, Field::Category).iter().map(|slot| again.value(slot).into_owned()).collect();
        assert!(categories.ends_with(&["one".to_owned()]), "{categories:?}");
    }
}

#[test]
fn what_was_added_goes_again_without_a_trace() {
    for text in [RSS, ATOM, ATOM_03, RDF, JSON] {
        for field in [Field::Category, Field::Title, Field::Enclosure, Field::Language, Field::Published] {
            let mut feed = read(text);
            let Some(slot) = feed.add(ITEM, field, if field == Field::Published { "2024-01-01" } else { "zh" }) else {
                continue;
            };
            assert!(feed.remove(ITEM, &slot));
            let out = feed.into_string();
            // The declaration of a prefix may stay.
            let declared = out.find(" xmlns:dc=\"").or(out.find(" xmlns:media=\""));
            let out = match declared {
                Some(at) if !text.contains("xmlns:dc") => {
                    let value = at + out[at..].find('"').unwrap() + 1;
                    let end = value + out[value..].find('"').unwrap() + 1;
                    format!("{}{}", &out[..at], &out[end..])
                }
                _ => out,
            };
            let out = out.replace(",\n      \"attachments\": []", "").replace(",\n      \"authors\": []", "");
            assert_eq!(out, text, "{field:?}");
        }
    }
}

#[test]
fn a_value_goes_with_all_that_belongs_to_it() {
    let removed = |text: &str, field: Field, index: usize| {
        let mut feed = read(text);
        let slot = feed.slots(ITEM).filter(|slot| slot.field == field).nth(index).unwrap();
        assert!(feed.remove(ITEM, &slot));
        assert!(feed.slots(ITEM).all(|left| feed.value(&left) != feed.value(&slot)));
        feed.into_string()
    };
    let rss = |inside: &str| format!("<rss><channel><item>{inside}</item></channel></rss>");
    let atom = |inside: &str| format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry>{inside}</entry></feed>");
    let json = |inside: &str| versioned(&format!("{{\"items\": [{{\"id\": 1{inside}}}]}}"));
    let enclosure = "\n <enclosure url=\"a\" type=\"audio/mpeg\" length=\"3\"/>";
    assert_eq!(removed(&rss(&format!("<title/>{enclosure}\n <x/>")), Field::Enclosure, 0), rss("<title/>\n <x/>"));
    assert_eq!(removed(&atom("<id/> <author><name>A</name><uri>b</uri></author>"), Field::Author, 0), atom("<id/>"));
    assert_eq!(removed(&atom("<link rel=\"enclosure\" href=\"a\" type=\"b\"/>"), Field::Enclosure, 1), atom(""));
    let group = |inside: &str| {
        format!(
            "<rss xmlns:m=\"http://search.yahoo.com/mrss/\"><channel><item><m:group>{inside}</m:group></item></channel></rss>"
        )
    };
    let media = |name: &str| format!("<m:content url=\"{name}\"><m:title>{name}</m:title></m:content>");
    assert_eq!(removed(&group(&(media("a") + &media("b"))), Field::Enclosure, 0), group(&media("b")));
    for (index, left) in [r#"["b", "c"]"#, r#"["a", "c"]"#, r#"["a", "b"]"#].iter().enumerate() {
        let tags = |list: &str| json(&format!(", \"tags\": {list}"));
        assert_eq!(removed(&tags(r#"["a", "b", "c"]"#), Field::Category, index), tags(left));
    }
    let attachments = r#", "attachments": [{"url": "a", "mime_type": "b"}, {"url": "c"}], "x": 0"#;
    assert_eq!(removed(&json(attachments), Field::Enclosure, 0), json(r#", "attachments": [{"url": "c"}], "x": 0"#));
    assert_eq!(removed(&json(r#", "author": {"name": "A", "url": "u"}"#), Field::Author, 0), json(""));
    let first = versioned(r#"{"items": [{"title": "a", "id": 1}]}"#);
    assert_eq!(removed(&first, Field::Title, 0), json(""));
}

#[test]
fn ids_are_neither_removed_nor_set() {
    for text in [RSS, ATOM, ATOM_03, RDF, JSON] {
        let mut feed = read(text);
        let id = feed.slots(ITEM).find(|slot| slot.field == Field::Id).unwrap();
        assert!(!feed.remove(ITEM, &id));
        assert!(feed.set(ITEM, Field::Id, "y").is_none());
        assert_eq!(feed.into_string(), text);
    }
}

#[test]
fn html_set_where_plain_text_or_inline_markup_stood_takes_its_place() {
    let set = |text: &str| {
        let mut feed = read(text);
        feed.set(ITEM, Field::Content, "<p>n</p>").unwrap();
        let out = feed.into_string();
        let again = read(&out);
        assert_eq!(again.value(&again.field(ITEM, Field::Content)[0]), "<p>n</p>", "{out}");
        out
    };
    assert_eq!(
        set(&versioned(r#"{"items": [{"content_text": "a", "id": 1}]}"#)),
        versioned(r#"{"items": [{"content_html": "<p>n</p>", "id": 1}]}"#)
    );
    let atom = |content: &str| {
        format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>1</id> {content} <title/></entry></feed>")
    };
    let new = atom("<content type=\"html\">&lt;p&gt;n&lt;/p&gt;</content>");
    assert_eq!(set(&atom("<content>a</content>")), new);
    assert_eq!(
        set(&atom("<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">a</div></content>")),
        new
    );
    let rss = |text: &str| format!("<rss><channel><item><description>{text}</description></item></channel></rss>");
    let mut feed = read(&rss("a"));
    feed.set(ITEM, Field::Summary, "b<br>").unwrap();
    assert_eq!(feed.into_string(), rss("b&lt;br&gt;"));
}

#[test]
fn dates_are_written_as_their_place_writes_them() {
    let time = Time::from_secs(1_725_702_151);
    for (text, expected) in [
        (
            "<rss><channel><item><pubDate>x</pubDate></item></channel></rss>",
            "<pubDate>Sat, 07 Sep 2024 09:42:31 +0000</pubDate>",
        ),
        (
            "<rss xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><item><dc:date/></item></channel></rss>",
            "<dc:date>2024-09-07T09:42:31Z</dc:date>",
        ),
        (r#"{"items": [{"date_published": null}]}"#, r#"{"date_published": "2024-09-07T09:42:31Z"}"#),
    ] {
        let mut feed = read(&versioned(text));
        assert!(feed.set(ITEM, Field::Published, "gestern").is_none());
        feed.set_date(ITEM, Field::Published, time).unwrap();
        let out = feed.into_string();
        assert!(out.contains(expected), "{out}");
    }
}

#[test]
fn enclosures_are_values() {
    let enclosure = Enclosure {
        url: "http://a.example/a?b&c".to_owned(),
        mime: Some("audio/ogg".to_owned()),
        length: Some(12),
        title: Some("T".to_owned()),
        medium: Medium::Audio,
    };
    for text in [RSS, ATOM, ATOM_03, RDF, JSON] {
        let mut feed = read(text);
        feed.add_enclosure(ITEM, &enclosure).unwrap();
        feed.add_enclosure(ITEM, &Enclosure::of("b.mp4")).unwrap();
        let again = read(&feed.into_string());
        let [first, second] = again.enclosures(ITEM).try_into().unwrap();
        let has_title = !matches!(again.format(), Format::Rss20 | Format::Rss10);
        assert_eq!(first, Enclosure { title: enclosure.title.clone().filter(|_| has_title), ..enclosure.clone() });
        assert_eq!((second.url.as_str(), second.medium), ("b.mp4", Medium::Video));
    }
}

#[test]
fn what_would_pass_a_bound_is_refused() {
    let mut feed = read(RSS);
    assert!(feed.add(ITEM, Field::Content, &"x".repeat(2 << 20)).is_none());
    while feed.add(ITEM, Field::Category, "x").is_some() {}
    let again = read(&feed.into_string());
    assert_eq!(again.field(ITEM, Field::Category).len(), 498);
}
