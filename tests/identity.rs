//! With no rule, the output is the input decoded to UTF-8, byte for byte; an edit changes its own place alone.
//!
//! Walks the fixtures, and the captured feeds of the folder that `REFEED_CORPUS` names (they belong to others and are no part of the
//! project). Which documents are well-formed is judged by another parser than refeed's.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr)]

use refeed::feed::{Feed, Field, Kind, Place};
use std::path::{Path, PathBuf};

fn bodies() -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![PathBuf::from("fixtures/feeds")];
    match std::env::var_os("REFEED_CORPUS") {
        Some(folder) => folders.push(folder.into()),
        None => eprintln!("REFEED_CORPUS is not set: only the fixtures are read"),
    }
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let feeds = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml" || extension == "json"));
    feeds.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

/// The body decoded by what it says of itself, its declaration's label aside; none where that is not how its bytes are.
fn plainly_decoded(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(200)]).to_ascii_lowercase();
    let declared =
        head.split("encoding=").nth(1).and_then(|rest| rest.get(1..)?.split(['"', '\'']).next().map(str::to_owned));
    let utf16 = body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF");
    // A legacy label over bytes that are UTF-8 throughout is a wrong label.
    if std::str::from_utf8(body).is_ok()
        && !body.is_ascii()
        && declared.as_ref().is_some_and(|label| !label.starts_with("utf"))
    {
        return None;
    }
    let label = if utf16 { "utf-8" } else { declared.as_deref().unwrap_or("utf-8") };
    let (text, _, malformed) = encoding_rs::Encoding::for_label(label.as_bytes())?.decode(body);
    (!malformed).then(|| text.into_owned())
}

/// The text without the value of the declaration's `encoding`.
fn without_label(text: &str) -> String {
    let Some(end) = text.find("?>").filter(|_| text.starts_with("<?xml")) else { return text.to_owned() };
    let Some(start) = text[..end].find("encoding=").map(|at| at + 10) else { return text.to_owned() };
    let length = text[start..].find(['"', '\'']).unwrap();
    format!("{}{}", &text[..start], &text[start + length..])
}

fn is_well_formed(path: &Path, text: &str) -> bool {
    if path.extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_str::<serde_json::Value>(text).is_ok();
    }
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(text, options).is_ok()
}

#[test]
fn well_formed_feeds_come_out_byte_for_byte() {
    let (mut same, mut repaired, mut refused) = (0, 0, 0);
    for (path, body) in bodies() {
        let plain = plainly_decoded(&body);
        let well_formed = plain.as_ref().filter(|text| is_well_formed(&path, text));
        match (Feed::read(&body, None, None), well_formed) {
            (Ok(feed), Some(text)) if !path.to_string_lossy().contains("double-encoded") => {
                assert!(without_label(&feed.emit()) == without_label(text), "{}: {:?}", path.display(), feed.notes());
                same += 1;
            }
            (Ok(feed), _) => {
                assert!(is_well_formed(&path, &feed.emit()), "{}: still malformed", path.display());
                eprintln!("repaired {}: {}", path.display(), feed.notes().join("; "));
                repaired += 1;
            }
            (Err(error), _) => {
                eprintln!("refused {}: {error}", path.display());
                refused += 1;
            }
        }
    }
    eprintln!("{same} byte for byte, {repaired} repaired, {refused} refused");
    assert!(same > 20);
}

#[test]
fn an_edited_title_is_the_only_thing_that_changes() {
    for (path, body) in bodies() {
        let Ok(untouched) = Feed::read(&body, None, None) else { continue };
        let before = untouched.emit();
        let judged = is_well_formed(&path, &before);
        for place in untouched.places().into_iter().take(4) {
            let mut feed = Feed::read(&body, None, None).unwrap();
            let Some(slot) = feed.slots(place).find(|slot| slot.field == Field::Title) else { continue };
            let old = feed.value(&slot).into_owned();
            if old.contains("div") {
                continue; // inline markup takes markup
            }
            feed.set_value(&slot, format!("{old}<&]]>\"\\新"));
            let after = feed.emit().into_owned();
            assert_eq!(is_well_formed(&path, &after), judged, "{} {place:?}", path.display());
            let again = Feed::read(after.as_bytes(), None, None).unwrap();
            assert_eq!(again.value(&slot_of(&again, place)), format!("{old}<&]]>\"\\新"), "{}", path.display());
            let prefix = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
            let suffix = before.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
            assert!(prefix + suffix >= before.len(), "{} {place:?}: more than an insertion", path.display());
        }
    }
}

fn slot_of(feed: &Feed, place: Place) -> refeed::feed::Slot {
    feed.slots(place).find(|slot| slot.field == Field::Title).unwrap()
}

#[test]
fn an_edited_attribute_in_html_is_the_only_thing_that_changes() {
    for (path, body) in bodies() {
        let Ok(mut feed) = Feed::read(&body, None, None) else { continue };
        let before = feed.emit().into_owned();
        let mut removed = 0;
        for place in feed.places() {
            for slot in feed.slots(place).filter(|slot| slot.kind == Kind::Html).collect::<Vec<_>>() {
                feed.fragment(&slot).map_urls(|_, url| {
                    removed += 1;
                    Some(format!("{url}#&<"))
                });
            }
        }
        let after = feed.emit().into_owned();
        assert!(is_well_formed(&path, &after) || !is_well_formed(&path, &before), "{}", path.display());
        let Ok(mut again) = Feed::read(after.as_bytes(), None, None) else { continue };
        for place in again.places() {
            for slot in again.slots(place).filter(|slot| slot.kind == Kind::Html).collect::<Vec<_>>() {
                again
                    .fragment(&slot)
                    .map_urls(|_, url| url.strip_suffix("#&<").or(url.strip_suffix("#&%3C")).map(str::to_owned));
            }
        }
        let restored = again.emit();
        let differ = before.len().abs_diff(restored.len());
        assert!(differ <= removed * 8, "{}: {differ} bytes differ after {removed} edits were undone", path.display());
    }
}
