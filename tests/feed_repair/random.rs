//! Any input, however damaged, comes out well-formed or is refused.

use proptest::prelude::*;
use refeed::feed::repair;

use crate::strict;

/// Each takes some 100 µs.
const CASES: u32 = 2_000;

const PIECES: [&str; 64] = [
    "<rss>",
    "<rss version='2.0'>",
    "</rss>",
    "<channel>",
    "</channel>",
    "<item>",
    "</item>",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "<Title>",
    "<link>",
    "</link>",
    "<link href='x'/>",
    "<description>",
    "</description>",
    "<guid>",
    "</guid>",
    "<content:encoded>",
    "</content:encoded>",
    "<dc:date>",
    "</dc:date>",
    "<![CDATA[",
    "]]>",
    "]]",
    ">",
    "<",
    "&",
    "&amp;",
    "&nbsp",
    "&#8;",
    "&#150;",
    "&#xD83D;&#xDE00;",
    "<!--",
    "-->",
    "--",
    "-",
    "<?",
    "?>",
    "<?xml version='1.0'?>",
    "<?php x",
    "<!DOCTYPE rss>",
    "<!x>",
    "<br>",
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<img src=x",
    " a='1'",
    " a=\"",
    "'",
    "\"",
    "<x:y:z",
    " xmlns:x=''",
    " xmlns:x='u' x:a='1' y:a='2'",
    "\u{8}",
    "\u{FFFE}",
    "财政",
    "<草>",
    "<T>",
    "/",
    "\n",
];

const SEEDS: [&str; 3] = [
    "<?xml version='1.0'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><title>T &amp; t</title><link>http://x/?a=1&amp;b=2</link><item><title>一</title><description><![CDATA[<p>a</p>]]></description><dc:date>2024</dc:date></item><item><title>2</title><enclosure url='u' length='1'/></item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>1</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>a<br/>b</p></div></content></entry><entry><id>2</id><author><name>n</name></author></entry></feed>",
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel rdf:about='c'><items><rdf:Seq><rdf:li rdf:resource='1'/></rdf:Seq></items></channel><item rdf:about='1'><title>x</title></item></rdf:RDF>",
];

fn holds(text: &str) -> Result<(), TestCaseError> {
    if let Ok(done) = repair::xml(text) {
        if let Err(why) = strict::check(&done.text) {
            return Err(TestCaseError::fail(format!("{why}\n from {text:?}\n to   {:?}", done.text)));
        }
        match repair::xml(&done.text) {
            Ok(again) => prop_assert_eq!((&again.text, again.count), (&done.text, 0)),
            // what damage leaves of a root may by itself be no feed's: RDF without a channel, a few odd characters
            Err(why) => prop_assert!(matches!(why, repair::Error::NotAFeed(_)), "{why} from {text:?}"),
        }
        prop_assert!(done.count > 0 || strict::check(text).is_ok(), "{}", text);
    }
    if strict::check(text).is_ok() && repair::xml(text).is_ok_and(|done| done.text != text) {
        // the one exception: a feed that stands inside another document
        prop_assert!(!text.trim_start().starts_with("<rss"), "changed: {}", text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn soup_comes_out_well_formed(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        holds(&format!("<rss>{}", pieces.concat()))?;
        holds(&pieces.concat())?;
    }

    #[test]
    fn damaged_feeds_come_out_well_formed(
        seed in prop::sample::select(&SEEDS[..]),
        damage in prop::collection::vec((0_usize..600, 0_usize..12, prop::sample::select(&PIECES[..])), 0..4),
    ) {
        let mut text = seed.to_owned();
        for (at, len, piece) in damage {
            let from = strict::floor(&text, at);
            let to = strict::floor(&text, from + len);
            text.replace_range(from..to.max(from), piece);
        }
        holds(&text)?;
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}|[<>&;/!?a-c:='\"\\[\\]\u{0}-\u{20}-]{0,200}") {
        holds(&text)?;
        holds(&format!("<rss {text}"))?;
        holds(&format!("<rss><title>{text}</title></rss>"))?;
    }
}
