//! Documents made to hurt: each is a typed error or a bounded success, in linear time, on an ordinary stack.
//!
//! The sizes are those of the measured attacks (400 000 attributes, a million levels, 20 MB of comment). No time is asserted: what is
//! quadratic does not end. Whatever comes out is read again, so it is no way to pass something on to a reader either.

#![allow(clippy::unwrap_used, clippy::panic)]

use refeed::base::clock::Time;
use refeed::base::limits::{MAX_ITEMS, MAX_REPAIRED};
use refeed::config::RuleList;
use refeed::feed::{Bound, Feed, FeedError, json, xml};
use refeed::rules::{BuildContext, Chain, Context};

const MB: usize = 1 << 20;

fn rss(inside: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>t</title>{inside}</channel></rss>")
}

fn item(inside: &str) -> String {
    rss(&format!("<item><title>台</title>{inside}</item>"))
}

/// Reads, transforms and writes; what comes out is well-formed and not much longer than what went in.
fn pass(body: &[u8]) -> Result<(Feed, String), FeedError> {
    let mut feed = Feed::read(body, None, None)?;
    let rules =
        r#"[{ links = true }, { drop = { any = "zzz" } }, { dedupe = true }, { sort = "title" }, { opencc = "s2t" }]"#;
    let chain = Chain::build(&RuleList::parse("test", rules).unwrap(), &BuildContext::default()).unwrap();
    chain.apply(&mut feed, &Context::new(Time::from_secs(0), None)).unwrap();
    let out = feed.emit().into_owned();
    let again = if feed.format().is_json() { json::read(&out).map(|_| ()) } else { xml::read(&out).map(|_| ()) };
    assert!(again.is_ok(), "{again:?} in {}", &out.chars().take(300).collect::<String>());
    assert!(out.len() <= body.len() * MAX_REPAIRED + 1000, "{} bytes became {}", body.len(), out.len());
    Ok((feed, out))
}

fn bound(body: &str) -> Bound {
    match pass(body.as_bytes()) {
        Err(FeedError::TooLarge { bound, .. }) => bound,
        Err(other) => panic!("{other}"),
        Ok((_, out)) => panic!("accepted: {}", &out.chars().take(300).collect::<String>()),
    }
}

/// Any answer will do, as long as there is one.
fn survives(body: &[u8]) {
    if let Err(error) = pass(body) {
        assert!(error.to_string().len() < 1000, "{error}");
    }
}

#[test]
fn structure_beyond_the_bounds_is_an_error_that_names_the_bound() {
    let attributes: String = (0..400_000).map(|n| format!(" a{n}=''")).collect();
    assert!(matches!(bound(&rss(&format!("<x{attributes}/>"))), Bound::Tag(_)));
    let namespaces: String = (0..100_000).map(|n| format!(" xmlns:a{n}='u'")).collect();
    assert!(matches!(bound(&rss(&format!("<x{namespaces}/>"))), Bound::Tag(_) | Bound::Namespaces(_)));
    assert!(matches!(
        bound(&item(&format!(
            "<a><x{}/></a>",
            namespaces.get(..namespaces.match_indices(" xmlns").nth(2000).unwrap().0).unwrap()
        ))),
        Bound::Namespaces(_)
    ));
    assert!(matches!(bound(&format!("<rss>{}", "<a>".repeat(1_000_000))), Bound::Depth(_)));
    let deep = format!("{}{}", "<a>".repeat(1_000_000), "</a>".repeat(1_000_000));
    assert!(matches!(bound(&item(&deep)), Bound::Depth(_)));
    let bases = "<a xml:base='a/'>".repeat(60_000);
    assert!(matches!(bound(&item(&bases)), Bound::XmlBaseNested(_) | Bound::Depth(_)));
    assert!(matches!(bound(&item(&format!("<a xml:base='{}'/>", "a/".repeat(5_000)))), Bound::XmlBase(_)));
    assert!(matches!(bound(&item(&"<media:content/>".repeat(200_000))), Bound::ItemChildren(_)));
    assert!(matches!(bound(&item(&"<category>c</category>".repeat(500_000))), Bound::ItemChildren(_)));
    assert!(matches!(bound(&item(&format!("<description>{}</description>", "x".repeat(2 * MB)))), Bound::Field(_)));
    assert!(matches!(bound(&item(&format!("<x a='{}'/>", "x".repeat(10 * MB)))), Bound::Tag(_)));
    assert!(matches!(bound(&format!("<!DOCTYPE rss SYSTEM '{}'>{}", "x".repeat(MB), rss(""))), Bound::Doctype(_)));
}

#[test]
fn of_too_many_items_the_first_are_kept() {
    let (feed, out) = pass(rss(&"<item><title>a</title></item>".repeat(MAX_ITEMS * 3)).as_bytes()).unwrap();
    assert!(feed.items().len() <= MAX_ITEMS && out.len() < 30 * MAX_ITEMS);
    let different: String = (0..MAX_ITEMS + 5).map(|n| format!("<item><guid>{n}</guid></item>")).collect();
    let (feed, out) = pass(rss(&different).as_bytes()).unwrap();
    assert_eq!((feed.items().len(), out.matches("<item>").count()), (MAX_ITEMS, MAX_ITEMS));
    assert!(matches!(bound(&rss(&"<item><title>a</title></item>".repeat(500_000))), Bound::Nodes(_)));
}

#[test]
fn long_lists_of_rss_1_0_are_matched_in_one_pass() {
    let li: String = (0..100_000).map(|n| format!("<rdf:li rdf:resource='u{}'/>", 100_000 - n)).collect();
    let items: String =
        (0..MAX_ITEMS).map(|n| format!("<item rdf:about='u{n}'><title>{}</title></item>", n * 7919 % 10_007)).collect();
    let text = format!(
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel><items><rdf:Seq>{li}</rdf:Seq></items></channel>{items}</rdf:RDF>"
    );
    let (feed, out) = pass(text.as_bytes()).unwrap();
    assert_eq!((feed.items().len(), out.len()), (MAX_ITEMS, text.len()));
}

#[test]
fn entities_are_never_declared_nor_expanded() {
    let laughs: String = (1..30).map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10))).collect();
    for subset in [
        format!("<!ENTITY a0 'ha'>{laughs}"),
        "<!ENTITY a29 SYSTEM 'file:///etc/passwd'>".to_owned(),
        "<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;".to_owned(),
        "<!-- ' --><!ENTITY a29 'x'>".to_owned(),
    ] {
        for text in [
            format!("<!DOCTYPE rss [{subset}]>{}", rss("&a29;")),
            format!("<html><body><!DOCTYPE rss [{subset}]>{}</body></html>", rss("&a29;")),
            format!("<!DOCTYPE rss [{subset}]><rss><channel><title>&a29;"),
        ] {
            match pass(text.as_bytes()) {
                Err(FeedError::UnsafeXml { .. } | FeedError::NotAFeed { .. }) => {}
                Err(error) => panic!("{error}: {}", &text[..60]),
                Ok((_, out)) => assert!(!out.contains("ENTITY") && !out.contains("root:"), "{out}"),
            }
        }
    }
}

#[test]
fn long_stretches_of_markup_characters_are_mended_in_linear_time() {
    for piece in [
        "<",
        "&",
        "]]",
        "]]>",
        "\"",
        "'",
        "<!",
        "<!--",
        "<![CDATA[",
        "<?",
        "</",
        "<a",
        "<a ",
        "<a b=",
        "<a b='",
        "&#",
        "&#x",
        "&amp",
        "&#38;",
        "&;",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<b><i></b></i>",
        "<p>",
        "<x:y>",
        "<rss>",
        "</rss>",
        "<!DOCTYPE ",
        "<channel>",
        "--",
        "-->",
        "\u{0}",
        "\u{b}",
        "<a\n",
        "=",
        "<br/",
        "<title><![CDATA[",
        "<unknown>",
        "<description>&lt;",
        "\r",
        "<a xmlns:b='c'",
        "<é",
        "&é;",
        "<a/><",
    ] {
        let many = piece.repeat(60_000 / piece.len().max(4));
        for text in [
            many.clone(),
            item(&many),
            item(&format!("<description>{many}</description>")),
            item(&format!("<link a=\"{many}\"/>")),
            format!("<rss><channel><item><title>{many}"),
            format!("{many}{}", rss("")),
            format!("{}{many}", rss("")),
            format!("<html><body><pre>{many}{}", rss(&many)),
            format!("<?xml version='1.0'?><!--{many}{}", rss("")),
        ] {
            survives(text.as_bytes());
        }
    }
}

#[test]
fn large_harmless_parts_pass() {
    let comment = format!("<!--{}-->", "x".repeat(20 * MB));
    assert!(pass(rss(&comment).as_bytes()).is_ok());
    survives(format!("<rss><channel><item><description><![CDATA[{}", "x".repeat(20 * MB)).as_bytes());
    assert!(matches!(
        bound(&item(&format!("<description>{}</description>", "&#38;".repeat(2_000_000)))),
        Bound::Field(_)
    ));
    assert!(pass(item(&format!("<description>{}</description>", "&#38;".repeat(200_000))).as_bytes()).is_ok());
    assert!(
        pass(item(&format!("<description>{}</description>", "<![CDATA[]]]]><![CDATA[>]]>".repeat(30_000))).as_bytes())
            .is_ok()
    );
    survives(rss(&"&#38;".repeat(2_000_000)).as_bytes());
    // what is open is closed before the white space, which is moved once for all of it
    survives(format!("<rss><channel><item>{}{}", "<a>".repeat(200), "\n".repeat(10 * MB)).as_bytes());
}

#[test]
fn a_head_of_a_hundred_thousand_links_is_looked_through_once() {
    let items: String = (0..MAX_ITEMS).map(|n| format!("<item><link>/{n}</link></item>")).collect();
    let head = "<link>http://a.example/</link><link>/a</link>".repeat(50_000);
    let (_, out) = pass(rss(&format!("{head}{items}")).as_bytes()).unwrap();
    assert!(out.contains("<link>http://a.example/9999</link>") && !out.contains("<link>/a</link>"));
}

#[test]
fn crossed_tags_are_uncrossed_in_linear_time() {
    let names = ["b", "i", "p", "div", "table", "item", "title", "description", "x", "media:group"];
    let mut state = 1u32;
    let mut soup = String::new();
    for _ in 0..60_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let name = names[(state >> 8) as usize % names.len()];
        soup.push_str(if state >> 31 == 0 { "<" } else { "</" });
        soup.push_str(name);
        soup.push('>');
    }
    survives(item(&soup).as_bytes());
    survives(item(&format!("<description>{soup}</description>")).as_bytes());
    survives(format!("<html>{soup}{}", rss(&soup)).as_bytes());
}

#[test]
fn hostile_json_is_bounded_and_lone_surrogates_are_survived() {
    let feed = |inside: &str| {
        format!("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"items\":[{inside}]}}")
    };
    assert!(matches!(bound(&feed(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)))), Bound::Depth(_)));
    survives(feed(&"[".repeat(100_000)).as_bytes());
    survives(feed(&"{\"a\":".repeat(100_000)).as_bytes());
    let members: String = (0..1_000_000).map(|n| format!(",\"m{n}\":1")).collect();
    assert!(matches!(bound(&feed(&format!("{{\"id\":\"1\"{members}}}"))), Bound::ItemChildren(_)));
    assert!(matches!(bound(&feed(&format!("1{}", ",1".repeat(1_000_000)))), Bound::Nodes(_)));
    for piece in [
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "{",
        "}",
        "]",
        ",",
        ":",
        "\"a\":",
        "/*",
        "//\n",
        "'",
        "\u{0}",
        "1e",
        "{\"a\":1,",
        "[,",
    ] {
        let many = piece.repeat(100_000);
        survives(feed(&many).as_bytes());
        survives(feed(&format!("{{\"id\":\"1\",\"content_html\":\"{many}\"}}")).as_bytes());
        survives(format!("{}{many}", feed("")).as_bytes());
    }
    let (_, out) = pass(feed(r#"{"id":"1","title":"\ud800 软件 \udc00\ud83d\ude00"}"#).as_bytes()).unwrap();
    assert!(out.contains(r#"\ud800 軟件 \udc00\ud83d\ude00"#), "{out}");
}

#[test]
fn encodings_that_lie_or_are_cut_are_survived() {
    let text = item("<description>台灣 + &amp; +ADw-</description>");
    let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for body in [be, le, utf32] {
        let (_, out) = pass(&body).unwrap();
        assert!(out.contains("台灣"), "{out}");
        survives(&body[..body.len() - 1]);
        survives(&body[1..]);
        survives(&[&b"\xEF\xBB\xBF"[..], &body].concat());
        survives(&[&b"\xFE\xFF"[..], &body].concat());
        survives(&[&b"\xFF\xFE"[..], &body].concat());
    }
    for label in ["utf-7", "utf-16", "utf-32", "gbk", "x", "iso-2022-kr", "hz-gb-2312", "replacement", "utf-16be"] {
        let labelled = format!("<?xml version=\"1.0\" encoding=\"{label}\"?>{text}");
        let (_, out) = pass(labelled.as_bytes()).unwrap();
        assert!(out.contains("台灣 + &amp; +ADw-"), "{label}: {out}");
    }
    survives(&[0; 100_000]);
    survives(&[0xFF; 100_000]);
    survives(&[b"<rss><channel><title>".as_slice(), &[0xD8, 0x00].repeat(50_000)].concat());
    survives(&[b"\xFE\xFF".as_slice(), &[0xD8, 0x00].repeat(50_000)].concat());
}

#[test]
fn ten_thousand_items_are_compared_in_linear_time() {
    let same: String = (0..MAX_ITEMS).map(|n| format!("<item><title>{}{n}</title></item>", "a".repeat(1000))).collect();
    let (feed, _) = pass(rss(&same).as_bytes()).unwrap();
    assert_eq!(feed.items().len(), MAX_ITEMS);
}
