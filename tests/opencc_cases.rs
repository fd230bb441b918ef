//! OpenCC's own test cases come out as OpenCC expects them, and matches tell exactly what changed.

#![allow(clippy::unwrap_used)]

use refeed::chinese::{Config, Converter, Match};

/// (case, configuration, input, expected), from fixtures/opencc/testcases.json.
fn cases() -> Vec<(String, Config, String, String)> {
    let text = std::fs::read_to_string("fixtures/opencc/testcases.json").unwrap();
    // The file has trailing commas.
    let text = regex::Regex::new(r",(\s*[}\]])").unwrap().replace_all(&text, "$1").into_owned();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut cases = Vec::new();
    for case in json["cases"].as_array().unwrap() {
        for (config, expected) in case["expected"].as_object().unwrap() {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            // Configurations with OpenCC's segmentation plug-ins are no part of the 16.
            let Ok(config) = config.parse() else { continue };
            cases.push((text(&case["id"]), config, text(&case["input"]), text(expected)));
        }
    }
    cases
}

#[test]
fn every_case_of_opencc_passes() {
    let cases = cases();
    assert!(cases.len() >= 543, "only {} cases", cases.len());
    for (id, config, input, expected) in cases {
        assert_eq!(Converter::new(config).convert(&input), expected, "{id} {config}");
    }
}

#[test]
fn the_long_text_of_opencc_passes() {
    let input = std::fs::read_to_string("fixtures/opencc/input/us_constitution_zhs.txt").unwrap();
    for name in ["s2t", "s2tw", "s2twp", "s2hk", "s2hkp"] {
        let path = format!("fixtures/opencc/output/us_constitution_zhs.{name}.txt");
        let expected = std::fs::read_to_string(path).unwrap();
        assert_eq!(Converter::new(name.parse().unwrap()).convert(&input), expected, "{name}");
    }
}

#[test]
fn matches_tell_what_changed() {
    let mut matches = Vec::new();
    for (id, config, input, expected) in cases() {
        let converted = Converter::new(config).convert_spans(&input, &mut matches);
        assert_eq!(converted.as_deref().unwrap_or(&input), expected, "{id} {config}");
        assert_eq!(converted.is_none(), matches.is_empty(), "{id} {config}");
        assert_eq!(rebuilt(&input, &expected, &matches), expected, "{id} {config}");
    }
}

/// The target as the matches tell it: the source with each match replaced.
fn rebuilt(source: &str, target: &str, matches: &[Match]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for m in matches {
        let was = &source[m.source.start as usize..m.source.end as usize];
        let is = &target[m.target.start as usize..m.target.end as usize];
        out += &source[at..m.source.start as usize];
        assert_eq!(out.len(), m.target.start as usize);
        assert_ne!(was, is, "a match that changes nothing");
        out += is;
        at = m.source.end as usize;
    }
    out + &source[at..]
}
