//! Malformed feeds come out well-formed, with all that can be saved; well-formed ones come out as they came in.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::panic)] // a test: it says what was skipped, and fails loudly

mod strict;

use refeed::feed::repair::{self, Error, FixKind, Repaired};

fn repaired(text: &str) -> Repaired {
    let done = repair::xml(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    if let Err(why) = strict::check(&done.text) {
        panic!("{why}\n from {text}\n to   {}", done.text);
    }
    done
}

/// What becomes of an item's inside.
fn item(inside: &str) -> String {
    let text =
        format!("<rss><channel><title>t</title><item>{inside}</item><item><title>2</title></item></channel></rss>");
    let done = repaired(&text).text;
    let from = done.find("<item>").unwrap() + 6;
    let to = done.rfind("</item><item><title>2</title></item></channel></rss>");
    done[from..to.unwrap_or_else(|| panic!("the second item is lost: {done}"))].to_owned()
}

const WELL_FORMED: [&str; 8] = [
    "<rss><channel/></rss><!-- <item> --><?x <entry>?>",
    "<?xml version=\"1.0\" encoding='utf-8' standalone = \"yes\" ?>\n<!-- a <b> & -->\n<?xml-stylesheet href=\"a\"?>\n<!DOCTYPE rss PUBLIC \"-//Netscape//DTD RSS 0.91//EN\" \"http://my.netscape.com/rss.dtd\">\n<rss version='0.91'><channel ><title>a &amp; b &#8217; &#x1F600; &#150; > ' \"</title></channel ></rss >\n<!-- end -->\n<?x y?>\n",
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang=\"zh\"><entry><title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><br/><br></br><link>x</link><title>y</title><p><p>n</p></p></div></title><content><![CDATA[ <item> & </content> ]] > ]]></content></entry></feed>",
    "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel r:about='x'><items><r:Seq><r:li r:resource='1'/></r:Seq></items></channel><item r:about='1'/></r:RDF>",
    "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:id  x = '1'\n/></a:entry></a:feed>",
    "\n\n<rss><channel><item><草根网>x</草根网></item></channel></rss>",
    "<rss><channel><title>a]] ></title><item><guid/><x xmlns:p='u' p:a='1' a='2'/></item></channel></rss>",
    "<!-- <?xml version='1.0'?> --><rss/>",
];

#[test]
fn well_formed_feeds_are_left_alone() {
    for text in WELL_FORMED {
        strict::check(text).unwrap();
        let done = repaired(text);
        assert_eq!((done.text.as_str(), done.count, done.truncated), (text, 0, false), "{:?}", done.fixes);
    }
}

#[test]
fn what_stands_around_the_feed_goes() {
    for (from, to) in [
        ("\n<?xml version='1.0'?><rss/>", "<?xml version='1.0'?><rss/>"),
        ("<!-- from x --><?xml version='1.0'?>\n<rss/>", "<?xml version='1.0'?><!-- from x -->\n<rss/>"),
        (
            "<br />\n<b>Warning</b>: gone in <b>/x.php</b>\n<?xml version='1.0'?><rss version='2.0'/>",
            "<?xml version='1.0'?><rss version='2.0'/>",
        ),
        ("\u{FEFF}<?xml version='1.0'?>\u{FEFF}<rss/>", "<?xml version='1.0'?><rss/>"),
        ("<?xml version='1.0'><rss/>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss/>"),
        ("<?xml encoding='utf-8'?><rss/>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss/>"),
        ("<rss/>\n<!-- ok --> junk <script>x</script>\u{0}", "<rss/>\n<!-- ok --> "),
        ("<!DOCTYPE html><rss/>", "<rss/>"),
        ("<!DOCTYPE rss [<!ELEMENT rss ANY>]><rss/>", "<rss/>"),
        (
            "<html><body><rss version='2.0'><channel><title><!--[CDATA[a & b]]--></title></channel></rss></body></html>",
            "<rss version='2.0'><channel><title><![CDATA[a & b]]></title></channel></rss>",
        ),
        (
            "<html><body><pre style='x'>&lt;?xml version='1.0'?&gt;\n&lt;rss version='2.0'&gt;&lt;channel&gt;&lt;title&gt;<span>a &amp;amp; b</span>&lt;/title&gt;&lt;/channel&gt;&lt;/rss&gt;</pre></body></html>",
            "<?xml version='1.0'?>\n<rss version='2.0'><channel><title>a &amp; b</title></channel></rss>",
        ),
    ] {
        assert_eq!(repaired(from).text, to, "{from}");
    }
}

#[test]
fn text_and_references_are_made_fit() {
    for (from, to) in [
        (
            "<title>R&D a&b=c &nbsp;&hellip; &foo; &#8;&#150;</title>",
            "<title>R&amp;D a&amp;b=c \u{A0}… &amp;foo; –</title>",
        ),
        ("<title>a < b <3 a\u{8}\u{FFFE}b</title>", "<title>a &lt; b &lt;3 ab</title>"),
        ("<title>x ]]> y</title>", "<title>x ]]&gt; y</title>"),
        ("<link>http://x/?a=1&b=2&copy=3</link>", "<link>http://x/?a=1&amp;b=2&amp;copy=3</link>"),
        ("<title>转《<草根网>的前途》</title>", "<title>转《&lt;草根网>的前途》</title>"),
        ("<title>Vec<T> by <me@example.org></title>", "<title>Vec&lt;T> by &lt;me@example.org></title>"),
        ("<!-- a -- b --->", "<!-- a - - b - -->"),
        ("<description><![CDATA[a \u{8}b]]></description>", "<description><![CDATA[a b]]></description>"),
    ] {
        assert_eq!(item(from), to, "{from}");
    }
}

#[test]
fn tags_and_attributes_are_made_fit() {
    for (from, to) in [
        (
            "<enclosure url=http://x/a.mp3 length=1 type=audio/mpeg/>",
            "<enclosure url=\"http://x/a.mp3\" length=\"1\" type=\"audio/mpeg\"/>",
        ),
        ("<a checked x='a<b&c' x='2'y=\"1\"/>", "<a checked=\"\" x='a&lt;b&amp;c' y=\"1\"/>"),
        (
            "<link href=\"http://x>text</link><guid a=\"1\">g</guid>",
            "<link href=\"http://x\">text</link><guid a=\"1\">g</guid>",
        ),
        ("<a:b:c/><:d/>", "<a_b_c/><_d/>"),
        ("<a xmlns:x='' x:y='1' xmlns:xml='u'/>", "<a x:y='1'/>"),
        ("<title junk\"=>x</title>", "<title junk=\"\">x</title>"),
    ] {
        assert_eq!(item(from), to, "{from}");
    }
    let done = repaired("<rss><channel><dc:date a:b='1'>x</dc:date></channel></rss>");
    assert_eq!(
        done.text,
        "<rss xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:a=\"urn:x-unbound:a\"><channel><dc:date a:b='1'>x</dc:date></channel></rss>"
    );
    assert_eq!(done.fixes[0].to_string(), "line 1, column 15: unbound namespace prefix");
    let same = "<rss xmlns:a='u' xmlns:b='u'><a a:x='1' b:x='2'/></rss>";
    assert_eq!(repaired(same).text, "<rss xmlns:a='u' xmlns:b='u'><a a:x='1'/></rss>");
}

#[test]
fn open_and_crossed_elements_are_closed() {
    for (from, to) in [
        ("<title>A<link>l</link><guid>g</guid>", "<title>A</title><link>l</link><guid>g</guid>"),
        (
            "<title>A\n<description>d\n<pubDate>p</pubDate>",
            "<title>A</title>\n<description>d</description>\n<pubDate>p</pubDate>",
        ),
        ("<title>A<title><link>l</link>", "<title>A</title><link>l</link>"),
        ("<Title>A</title>", "<Title>A</Title>"),
        (
            "<description><p>a<br>b<img src=x><p>c</description>",
            "<description><p>a<br/>b<img src=\"x\"/></p><p>c</p></description>",
        ),
        ("<description><b><i>x</b></i> y</description>", "<description><b><i>x</i></b> y</description>"),
        ("<description>x</p></div></description>", "<description>x</description>"),
        ("<title>x</title\n<link>l</link>", "<title>x</title><link>l</link>"),
        ("<title>x</ title >", "<title>x</title>"),
        (
            "<description><![CDATA[<b>x</description><guid><![CDATA[g]]></guid>",
            "<description><![CDATA[<b>x]]></description><guid><![CDATA[g]]></guid>",
        ),
        ("<description><![CDATA[a <![CDATA[b]]> c]]></description>", "<description><![CDATA[a b c]]></description>"),
        ("<![CDATA[<guid>g</guid>", "<guid>g</guid>"),
        ("<title>a<![CDATA[b<guid>g</guid>", "<title>a<![CDATA[b<guid>g</guid>]]></title>"),
        ("<title>a</item><![CDATA[b]]></title>", "<title>a<![CDATA[b]]></title>"),
        ("<channel>c</channel><guid>g</guid><b>", "<channel>c</channel><guid>g</guid><b></b>"),
        ("<description><!-- x</description><guid>g</guid>", "<description> x</description><guid>g</guid>"),
        (
            "<description>a<![if !mso]>b<?php echo ?>c<?xml version='1.0'?>d</description><b>",
            "<description>ab<?php echo ?>cd</description><b></b>",
        ),
    ] {
        assert_eq!(item(from), to, "{from}");
    }
    let done = repaired("<rss><channel><title>t<item><title>1<item><title>2</title></channel></rss>");
    assert_eq!(
        done.text,
        "<rss><channel><title>t</title><item><title>1</title></item><item><title>2</title></item></channel></rss>"
    );
    assert!(!done.truncated);
    let done = repaired("<rss><channel><item>1</item></channel></rss>\n<item>2</item></channel></rss>");
    assert_eq!(done.text, "<rss><channel><item>1</item>\n<item>2</item></channel></rss>");
}

#[test]
fn a_cut_feed_keeps_its_whole_items() {
    let feed = "<rss><channel><item><title>1</title></item><item><title>2</title><description>some <b>te";
    for cut in [feed.to_owned(), format!("{feed}</b></descr"), format!("{feed}<![CDATA[x"), format!("{feed}<a href='x")]
    {
        let done = repaired(&cut);
        assert_eq!(done.text, "<rss><channel><item><title>1</title></item></channel></rss>", "{cut}");
        assert!(done.truncated);
    }
    let done = repaired("<rss><channel><item><title>1</title><description>some <b>te");
    assert_eq!(
        done.text,
        "<rss><channel><item><title>1</title><description>some <b>te</b></description></item></channel></rss>"
    );
    let done = repaired("<rss><channel><item><title>1</title></item><item><title>2</title>");
    assert_eq!(done.text, "<rss><channel><item><title>1</title></item><item><title>2</title></item></channel></rss>");
    assert!(done.truncated);
}

#[test]
fn what_cannot_be_repaired_is_refused() {
    let entity = "<!DOCTYPE rss [\n<!ENTITY x \"y\">]><rss>&x;</rss>";
    assert_eq!(repair::xml(entity), Err(Error::EntityDeclarations { line: 1, column: 1 }));
    let deep = format!("<rss>{}", "<a>".repeat(300));
    assert!(matches!(repair::xml(&deep), Err(Error::TooDeep { line: 1, .. })));
    assert_eq!(repair::xml("<html><title>x</title>").unwrap_err().to_string(), "not a feed but an HTML page (`x`)");
    assert_eq!(repair::xml("<rss vers"), Err(Error::NoRoot));
}

#[test]
fn a_feed_that_begins_again_keeps_its_items() {
    for (from, to) in [
        (
            "<rss><channel><item><guid>1</guid></item></channel></rss>\n<?xml version='1.0'?><rss><channel><item><guid>2</guid></item></channel></rss>",
            "<rss><channel><item><guid>1</guid></item>\n<item><guid>2</guid></item></channel></rss>",
        ),
        (
            "<rss><channel><item><guid>1</guid></item><item><guid>x<?xml version='1.0'?><rss><channel><item><guid>2</guid></item></channel></rss>",
            "<rss><channel><item><guid>1</guid></item><item><guid>x</guid></item><item><guid>2</guid></item></channel></rss>",
        ),
        (
            "<feed><entry><id>1</id></entry><feed><entry><id>2</id></entry></feed>",
            "<feed><entry><id>1</id></entry><entry><id>2</id></entry></feed>",
        ),
    ] {
        assert_eq!(repaired(from).text, to, "{from}");
    }
}

#[test]
fn what_was_repaired_once_is_left_alone() {
    for text in [
        // no name that XML knows makes these roots: the feed is the one inside
        "<r]]df:RDF xmlns:rdf<rss>='http://purl.org/rss/1.0/'><channel><item/></channel></rss>",
        "<a:b:rss><rss version='2.0'><channel/></rss></a:b:rss>",
        "<xmlns:rss><rss version='2.0'><channel/></rss></xmlns:rss>",
        // and this one is a root, though junk follows its name
        "<rss\"version='2.0'><channel/></rss>",
    ] {
        let once = repaired(text).text;
        assert!(once.starts_with("<rss"), "{once}");
        assert_eq!(repaired(&once).text, once, "{text}");
    }
}

#[test]
fn fixes_are_counted_and_the_first_named() {
    let done = repaired(&format!("<rss><channel>\n<title>{}</title></channel></rss>", "a & b ".repeat(100)));
    assert_eq!((done.count, done.fixes.len()), (100, 8));
    assert_eq!((done.fixes[0].kind, done.fixes[0].line, done.fixes[0].column), (FixKind::BareAmpersand, 2, 10));
}

mod corpus;
mod json;
mod lost;
mod random;
