//! Malformed JSON Feeds come out as JSON.

use proptest::prelude::*;
use refeed::feed::repair::{self, Repaired};
use serde_json::Value;

fn repaired(text: &str) -> Repaired {
    let done = repair::json(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    serde_json::from_str::<Value>(&done.text).unwrap_or_else(|e| panic!("{e}\n from {text}\n to   {}", done.text));
    done
}

/// What becomes of a member of a feed.
fn member(text: &str) -> String {
    let done = repaired(&format!("{{\"title\":1,\"items\":[],{text}}}")).text;
    done.strip_prefix("{\"title\":1,\"items\":[]")
        .unwrap()
        .strip_suffix('}')
        .unwrap()
        .trim_start_matches(',')
        .to_owned()
}

#[test]
fn valid_json_is_left_alone() {
    let text =
        " {\"title\" : \"a\\u00e9\\ud83d\\ude00\\/\" ,\n\"items\":[ {\"a\":-1.5e+3} , [] , true ] , \"x\" : { } }\n";
    let done = repaired(text);
    assert_eq!((done.text.as_str(), done.count), (text, 0));
}

#[test]
fn slips_are_mended() {
    for (from, to) in [
        (r#""a":1,"#, r#""a":1"#),
        (r#""a":[1,2,],"#, r#""a":[1,2]"#),
        (r#""a":1 "b":2"#, r#""a":1 ,"b":2"#),
        (r#","a":1"#, r#""a":1"#),
        ("\"a\":\"x\ty\nz\u{1}\"", r#""a":"x\ty\nz""#),
        (r#""a":"it\'s \x \u12 \ud83d""#, r#""a":"it's \\x \\u12 \ufffd""#),
        (r#""a":undefined,"b":NaN,"c":01,"d":yes"#, r#""a":null,"b":null,"c":"01","d":"yes""#),
        (r#"a:1,"b""#, r#""a":1,"b":null"#),
        (r#""a":,"b":1"#, r#""a":null,"b":1"#),
        (r#""a":[1}"#, r#""a":[1]"#),
    ] {
        assert_eq!(member(from), to, "{from}");
    }
    assert_eq!(repaired("\u{FEFF}{\"title\":1,\"items\":[]} x").text, "{\"title\":1,\"items\":[]} ");
    assert_eq!(repaired("while(1);{\"title\":1,\"items\":[]}").text, "{\"title\":1,\"items\":[]}");
    let page = "<html><body><pre>{&quot;title&quot;:1,\"items\":[\"&lt;\"]}</pre></body></html>";
    assert_eq!(repaired(page).text, "{\"title\":1,\"items\":[\"<\"]}");
}

#[test]
fn a_cut_feed_keeps_its_whole_items() {
    let feed = r#"{"title":"t","items":[{"id":"1"},{"id":"2","content_text":"abc\u4e"#;
    for end in 33..=feed.len() {
        let done = repaired(&feed[..end]);
        assert_eq!(done.text, r#"{"title":"t","items":[{"id":"1"}]}"#, "{}", &feed[..end]);
        assert!(done.truncated);
    }
    assert_eq!(
        repaired(r#"{"title":"t","items":[{"id":"1","x":"ab"#).text,
        r#"{"title":"t","items":[{"id":"1","x":"ab"}]}"#
    );
    assert_eq!(repaired(r#"{"title":"t","items":[{"id":"1","x":"#).text, r#"{"title":"t","items":[{"id":"1"}]}"#);
    assert_eq!(repaired(r#"{"title":"t","items":[{"id":"1"}],"autho"#).text, r#"{"title":"t","items":[{"id":"1"}]}"#);
}

#[test]
fn what_is_no_feed_or_too_deep_is_refused() {
    assert!(repair::json("[1]").is_err());
    assert!(repair::json("<rss/>").is_err());
    let deep = format!("{{\"title\":1,\"items\":[],\"x\":{}", "[".repeat(300));
    assert!(matches!(repair::json(&deep), Err(repair::Error::TooDeep { .. })));
}

const PIECES: [&str; 26] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"items\"",
    "\"items\":[",
    "1",
    "-",
    "tru",
    "null",
    "\\",
    "\\u12",
    "\\ud83d",
    "\n",
    " ",
    "\u{1}",
    "财",
    "{\"id\":1}",
    "\"x\":",
    "\u{A0}",
    "\u{FEFF}",
    "'",
];

proptest! {
    #[test]
    fn any_json_soup_comes_out_as_json(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..30)) {
        let text = format!("{{\"title\":1,\"items\":[{}", pieces.concat());
        let controls = text.chars().filter(|c| *c == '\u{1}').count();
        let done = match repair::json(&text) {
            // a short body that is a tenth control characters is binary data, however it begins
            Err(why) if controls * 10 > text.chars().count() => {
                prop_assert_eq!(why.to_string(), "not a feed but binary data");
                return Ok(());
            }
            done => done.unwrap(),
        };
        let parsed = serde_json::from_str::<Value>(&done.text);
        prop_assert!(parsed.is_ok(), "{:?}\n from {}\n to   {}", parsed, text, done.text);
        let again = repair::json(&done.text).unwrap();
        prop_assert_eq!((again.text, again.count), (done.text, 0));
        let _ = repair::json(&pieces.concat());
    }
}
