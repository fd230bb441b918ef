//! Any bytes as a feed: no panic; what is read is well-formed when written, also after edits, and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refeed::base::clock::Time;
use refeed::config::RuleList;
use refeed::feed::{Feed, FeedError, json, xml};
use refeed::rules::{BuildContext, Chain, Context};
use std::sync::LazyLock;

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let rules = "[{ links = true }, { images = 'weserv' }, { opencc = 's2t' }, { sort = 'oldest' }, { dedupe = true }, { limit = 3 }]";
    Chain::build(&RuleList::parse("fuzz", rules).unwrap(), &BuildContext::default()).unwrap()
});

fuzz_target!(|body: &[u8]| {
    let url = "https://fuzz.example/feed".parse().unwrap();
    let Ok(mut feed) = Feed::read(body, None, Some(&url)) else { return };
    let plain = feed.emit().into_owned();
    let again = match Feed::read(plain.as_bytes(), None, Some(&url)) {
        // what damage leaves may look like no feed: RDF without a channel, too many U+FFFD for its length
        Err(FeedError::NotAFeed { .. }) if !feed.notes().is_empty() => return,
        again => again.expect("what was written is a feed"),
    };
    // but for a string that stood encoded twice and was whole only once the feed was repaired
    if !again.notes().iter().any(|note| note.contains("encoded to UTF-8 twice")) {
        assert_eq!(again.emit(), plain, "a feed that was read once reads the same again");
    }
    let json = feed.format().is_json();
    if CHAIN.apply(&mut feed, &Context::new(Time(0), Some(url.clone()))).is_ok() {
        let edited = feed.into_string();
        let read = if json { json::read(&edited).is_ok() } else { xml::read(&edited).is_ok() };
        assert!(read, "what was edited is well-formed: {edited}");
    }
});
