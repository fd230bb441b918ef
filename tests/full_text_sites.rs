//! The site rules read the pages they are for: the seed's article and another of the same structure.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::panic)]

use std::sync::Arc;

use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::feed::{Feed, Field};
use refeed::rules::pages::Body;
use refeed::rules::{BuildContext, Chain, Context, Page, Want};

/// The feed of the fixture after `rules`, with its pages at hand.
fn contents(rules: &str) -> Vec<String> {
    let list = RuleList::parse("test", rules).unwrap();
    let chain = Chain::build(&list, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let feed_url = Url::parse("https://www.voachinese.com/api/zm_yql-vomx-tpeybti").unwrap();
    let mut context = Context::new(Time::from_secs(1_709_386_743), Some(feed_url.clone()));
    for name in ["7510427", "7520001"] {
        let url = Url::parse(&format!("https://www.voachinese.com/a/{name}.html")).unwrap();
        let bytes = std::fs::read(format!("fixtures/voachinese/{name}.html")).unwrap().into();
        let body = Body { bytes, content_type: Some("text/html".into()), url: url.clone() };
        context.pages.put(Want::page(url), Page::Ready(Arc::new(body)));
    }
    let body = std::fs::read("fixtures/voachinese/feed.xml").unwrap();
    let mut feed = Feed::read(&body, None, Some(&feed_url)).unwrap();
    chain.apply(&mut feed, &context).unwrap();
    assert!(feed.notes().is_empty(), "{:?}", feed.notes());
    let again = Feed::read(feed.into_string().as_bytes(), None, None).unwrap();
    let content = |place| again.field(place, Field::Content).first().map(|slot| again.value(slot).into_owned());
    again.items().into_iter().filter_map(content).collect()
}

/// The content of the seed's document: what follows its head and the date, which the document's template writes.
fn seed() -> String {
    let document = std::fs::read_to_string("fixtures/voachinese/1709386743000.md").unwrap();
    document.split_once("------\n\n").unwrap().1.trim_end_matches('\n').split_once("</i></div>").unwrap().1.to_owned()
}

#[test]
fn the_seeds_article_comes_out_byte_for_byte() {
    let found = contents("['sites/voachinese']");
    let (found, seed) = (&found[0], seed());
    let at = found.bytes().zip(seed.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| {
        let start = (0..=at.saturating_sub(60)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text[start..].chars().take(160).collect::<String>()
    };
    assert!(*found == seed, "at byte {at}:\n{}\n{}", around(found), around(&seed));
}
