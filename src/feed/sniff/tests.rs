//! What [`super::classify`] promises.

use super::*;

fn said(text: &str) -> String {
    match classify(text) {
        Sniffed::NotAFeed(why) => why.to_string(),
        found => format!("{found:?}"),
    }
}

fn xml(root: Root, start: usize, wrap: Wrap) -> Sniffed {
    Sniffed::Xml { root, start, wrap }
}

#[test]
fn every_kind_of_feed_is_known_by_its_root() {
    for (text, root, start) in [
        ("<?xml version='1.0'?><!-- a <b> --><!DOCTYPE rss><rss version='2.0'>", Root::Rss, 49),
        ("<!--><rss>--><rss version='2.0'>", Root::Rss, 13),
        ("<?><rss>?><rss version='2.0'>", Root::Rss, 10),
        ("\u{FEFF}\n <rss>", Root::Rss, 5),
        ("<rdf:RDF xmlns='http://purl.org/rss/1.0/'>", Root::Rdf, 0),
        ("<RDF xmlns='http://my.netscape.com/rdf/simple/0.9/'>", Root::Rdf, 0),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", Root::Atom, 0),
        ("<atom:feed xmlns:atom='http://www.w3.org/2005/Atom'/>", Root::Atom, 0),
        ("<channel><item/></channel>", Root::Channel, 0),
        ("<br />\n<b>Warning</b>: mysql gone <?xml version='1.0'?>\n<rss version='2.0'>", Root::Rss, 56),
    ] {
        assert_eq!(classify(text), xml(root, start, Wrap::Bare), "{text}");
    }
}

#[test]
fn json_feeds_are_known_by_version_or_members() {
    for text in [
        r#"{"version":"https://jsonfeed.org/version/1","items":[]}"#,
        r#"{"a":{"items":[1]}, "version" : "https:\/\/jsonfeed.org\/version\/1.1"}"#,
        r#"{"title":"x","items":[]}"#,
    ] {
        assert_eq!(classify(text), Sniffed::Json { start: 0, wrap: Wrap::Bare }, "{text}");
    }
    assert_eq!(said(r#"{"error":"items","title":1}"#), r#"JSON that is no JSON Feed (`{"error":"items","title":1}`)"#);
    assert!(said("[1,2]").starts_with("JSON that is no"));
    let page = "<html><body><pre>{\"title\":\"x\",\"items\":[]}</pre>";
    assert_eq!(classify(page), Sniffed::Json { start: 17, wrap: Wrap::Escaped });
}

#[test]
fn a_feed_inside_a_page_is_found() {
    let page =
        "<html><head><title>x</title></head><body><pre>&lt;?xml version=\"1.0\"?&gt;\n&lt;rss version=\"2.0\"&gt;";
    assert_eq!(classify(page), xml(Root::Rss, 46, Wrap::Escaped));
    let page = "<html><body><div id=\"webkit-xml-viewer-source-xml\"><rss version=\"2.0\"><channel>";
    assert_eq!(classify(page), xml(Root::Rss, 51, Wrap::Markup));
    // a page that writes about feeds is none
    let page = "<!DOCTYPE html><html><title>RSS how-to</title><body>Write: <pre>&lt;rss version=\"2.0\"&gt;</pre>";
    assert_eq!(said(page), "an HTML page (`RSS how-to`)");
}

#[test]
fn what_is_no_feed_is_named() {
    for (text, want) in [
        ("", "an empty body"),
        (" \n\u{FEFF}", "an empty body"),
        ("<!DOCTYPE html>\n<html><head><title> Log&amp;in </title>", "an HTML page (`Log&in`)"),
        ("<html><head><title>Just a moment...</title>", "a challenge page of Cloudflare (`Just a moment...`)"),
        ("<p>Please wait <script src='//ddos-guard.net/x'>", "a challenge page of DDoS-Guard (`Please wait`)"),
        ("<html xmlns='http://www.w3.org/1999/xhtml'><body>Hi</body></html>", "an HTML page (`Hi`)"),
        ("<?xml version='1.0'?><urlset>", "a sitemap"),
        ("<opml version='2.0'>", "an OPML subscription list"),
        ("<svg/>", "an SVG picture"),
        ("<soap:Envelope>", "a SOAP message"),
        ("<rdf:RDF xmlns:content='http://purl.org/rss/1.0/modules/content/'>", "RDF that is no RSS"),
        ("<thing><a/></thing>", "an XML document that is no feed (`<thing>`)"),
        ("Service Unavailable", "plain text (`Service Unavailable`)"),
        ("%PDF-1.7", "a PDF file"),
        ("\u{0}\u{1}\u{2}abc", "binary data"),
    ] {
        assert_eq!(said(text), want);
    }
    assert_eq!(binary(b"\x89PNG\r\n\x1A\n").map(|b| b.to_string()), Some("a PNG picture".into()));
    assert_eq!(binary(b"<rss/>"), None);
}

proptest::proptest! {
    #[test]
    fn any_text_is_classified(text in "[<>&;a-z!?/{}\\[\\]\": -]{0,80}|\\PC{0,40}") {
        classify(&text);
        classify(&format!("<html><{text}"));
        classify(&format!("{{\"items\":{text}"));
        binary(text.as_bytes());
    }
}
