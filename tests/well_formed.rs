//! What the strict reader lets pass is well-formed for every other parser too; what it stops comes out mended.
//!
//! Each case is a slip that a lenient reader would pass on; another parser than refeed's judges the output.

#![allow(clippy::unwrap_used)]

use refeed::feed::Feed;
use refeed::feed::xml::{Refusal, read};

/// Feeds with one slip each: in the declaration, the document type, names, attributes, namespaces, section ends.
const SLIPS: [&str; 22] = [
    r#"<?xml version="1.0"encoding="utf-8"?><rss/>"#,
    r#"<?xml version="1.0" standalone="maybe"?><rss/>"#,
    r#"<?xml encoding="utf-8"?><rss/>"#,
    r#"<!DOCTYPE rss PUBLIC "-//N//DTD"><rss/>"#,
    r#"<!DOCTYPE><rss/>"#,
    r#"<!DOCTYPE rss SYSTEM "a" x><rss/>"#,
    r#"<!DOCTYPE rss [ <!ELEMENT ]><rss/>"#,
    r#"<!DOCTYPE rss><!DOCTYPE rss><rss/>"#,
    r#"<rss /version="2.0"><channel/></rss>"#,
    r#"<rss version="2.0"//><channel/></rss>"#,
    r#"<rss><channel/ ></rss>"#,
    r#"<rss xmlns:a="u"><channel a:.b="1"/></rss>"#,
    r#"<rss xmlns:a="u"><channel a:b:c="1"/></rss>"#,
    r#"<rss xmlns:a="u"><channel><a:-b/></channel></rss>"#,
    r#"<rss xmlns:xml="u"><channel/></rss>"#,
    r#"<rss xmlns:xmlns="u"><channel/></rss>"#,
    r#"<rss xmlns:a="http://www.w3.org/XML/1998/namespace"><channel/></rss>"#,
    r#"<rss xmlns="http://www.w3.org/2000/xmlns/"><channel/></rss>"#,
    r#"<rss xmlns:a="u" xmlns:b="u"><channel a:x="1" b:x="2"/></rss>"#,
    r#"<rss><channel><title>a ]]> b</title></channel></rss>"#,
    r#"<rss><channel><title><![CDATA[a <![CDATA[ b ]]> c ]]></title></channel></rss>"#,
    r#"<rss><!-- <![CDATA[ --><channel><title>]]></title></channel></rss>"#,
];

#[test]
fn what_other_parsers_refuse_is_stopped_and_mended() {
    for slip in SLIPS {
        assert!(matches!(read(slip), Err(Refusal::Malformed(..))), "passed: {slip}");
        let Ok(feed) = Feed::read(slip.as_bytes(), None, None) else { panic!("refused: {slip}") };
        let out = feed.into_string();
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let judged = roxmltree::Document::parse_with_options(&out, options);
        assert!(judged.is_ok() && read(&out).is_ok(), "{slip}\n{out}\n{judged:?}");
    }
}

#[test]
fn what_only_looks_like_a_slip_passes() {
    for fine in [
        r#"<?xml version='1.0' encoding="utf-8" standalone = 'no' ?><rss/>"#,
        r#"<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd"><rss/>"#,
        r#"<rss xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="zh"/>"#,
        r#"<rss xmlns:a="u" xmlns:b="v" x="0" a:x="1" b:x="2" xmlns:x="w"/>"#,
        r#"<rss><!-- ]]> --><channel a="]]>"><title><![CDATA[a]]]]><![CDATA[>b]]></title><?p ]]>?></channel></rss>"#,
        "<rss xmlns:a='\u{85}' xmlns:b=' ' a:c='' b:d=''/>",
        "<rss\n/>",
    ] {
        assert!(read(fine).is_ok(), "{fine}: {:?}", read(fine).err());
    }
}
