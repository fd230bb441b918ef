//! Whatever is added, set and removed, in whatever order, in each of the fixtures.

use std::path::PathBuf;

use proptest::prelude::*;
use refeed::feed::{Feed, Field, Place, Slot};

use crate::read;

pub fn fixtures() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir("fixtures/feeds").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let feed = Feed::read(&std::fs::read(&path).unwrap(), None, None).ok()?;
        Some((path, feed.into_string()))
    };
    paths.into_iter().filter_map(read).collect()
}

fn is_well_formed(text: &str) -> bool {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str::<serde_json::Value>(text).is_ok();
    }
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(text, options).is_ok()
}

/// True where all of `part` stands in `whole`, in its order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut bytes = whole.bytes();
    part.bytes().all(|byte| bytes.any(|other| other == byte))
}

#[derive(Debug, Clone)]
enum Step {
    Add(usize, Field, String),
    Set(usize, Field, String),
    Remove(usize, usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let fields = [
        Field::Title,
        Field::Link,
        Field::Comments,
        Field::Published,
        Field::Updated,
        Field::Author,
        Field::Category,
        Field::Summary,
        Field::Content,
        Field::Enclosure,
        Field::Image,
        Field::Language,
    ];
    let field = prop::sample::select(fields.to_vec());
    let value = prop::sample::select(vec!["x", "<p>a &amp; 台</p>", "]]>\"\\\u{1}'&<", "2024-02-03T04:05:06Z", ""]);
    prop_oneof![
        3 => (0..9usize, field.clone(), value.clone()).prop_map(|(at, field, value)| Step::Add(at, field, value.to_owned())),
        2 => (0..9usize, field, value).prop_map(|(at, field, value)| Step::Set(at, field, value.to_owned())),
        2 => (0..9usize, 0..20usize).prop_map(|(at, slot)| Step::Remove(at, slot)),
        1 => (0..9usize).prop_map(Step::Drop),
    ]
}

fn nth(feed: &Feed, at: usize) -> Place {
    let places = feed.places();
    places[at % places.len()]
}

/// All values of a feed, in the order of its places, without what XML cannot hold.
fn values(feed: &Feed) -> Vec<Vec<(Field, String)>> {
    let of = |place| {
        let mut found: Vec<_> = feed.slots(place).map(|slot: Slot| (slot.field, held(&feed.value(&slot)))).collect();
        found.sort_by(|a, b| (a.0 as u8, &a.1).cmp(&(b.0 as u8, &b.1)));
        found
    };
    feed.places().into_iter().map(of).collect()
}

fn held(value: &str) -> String {
    value.replace('\u{1}', "")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_was_done_reads_back_and_is_well_formed(steps in prop::collection::vec(step(), 1..12)) {
        for (path, text) in fixtures() {
            let mut feed = read(&text);
            for step in &steps {
                match step {
                    Step::Add(at, field, value) => { feed.add(nth(&feed, *at), *field, value); }
                    Step::Set(at, field, value) => { feed.set(nth(&feed, *at), *field, value); }
                    Step::Remove(at, slot) => {
                        let place = nth(&feed, *at);
                        let slots: Vec<_> = feed.slots(place).collect();
                        if let Some(slot) = slots.get(*slot % slots.len().max(1)) { feed.remove(place, slot); }
                    }
                    Step::Drop(at) => {
                        let dropped = nth(&feed, *at);
                        feed.retain(|_, place| place != dropped);
                    }
                }
            }
            let out = feed.emit().into_owned();
            prop_assert!(is_well_formed(&out), "{} {steps:?}\n{out}", path.display());
            let again = Feed::read(out.as_bytes(), None, None);
            prop_assert!(again.is_ok(), "{} {steps:?} {:?}\n{out}", path.display(), again.err());
            let (before, after) = (values(&feed), values(&again.unwrap()));
            for (before, after) in before.iter().zip(&after) {
                prop_assert_eq!(before, after, "{} {:?}\n{}", path.display(), steps, out);
            }
            prop_assert_eq!(before.len(), after.len());
        }
    }

    #[test]
    fn what_only_grows_keeps_every_byte_and_what_only_shrinks_gains_none(steps in prop::collection::vec(step(), 1..12)) {
        for (path, text) in fixtures() {
            let (mut grown, mut shrunk) = (read(&text), read(&text));
            for step in &steps {
                match step {
                    Step::Add(at, field, value) | Step::Set(at, field, value) => {
                        grown.add(nth(&grown, *at), *field, value);
                    }
                    Step::Remove(at, slot) => {
                        let place = nth(&shrunk, *at);
                        let slots: Vec<_> = shrunk.slots(place).collect();
                        if let Some(slot) = slots.get(*slot % slots.len().max(1)) { shrunk.remove(place, slot); }
                    }
                    Step::Drop(_) => {}
                }
            }
            // An element without content is opened to take some.
            if !text.contains("/>") {
                prop_assert!(is_within(&text, &grown.into_string()), "{} {steps:?}", path.display());
            }
            prop_assert!(is_within(&shrunk.into_string(), &text), "{} {steps:?}", path.display());
        }
    }
}
