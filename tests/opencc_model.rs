//! The engine gives what OpenCC's passes give one after the other: held against the plain model that the build script
//! compiles from. Runs everywhere; `opencc_parity.rs` holds it against the library itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "opencc/inputs.rs"]
mod inputs;
#[allow(dead_code)]
#[path = "../build/model.rs"]
mod model;

use inputs::Random;
use model::Model;
use refeed::chinese::{Config, Converter, Match};

fn model(config: Config) -> Model {
    let json = std::fs::read_to_string(format!("data/opencc/config/{config}.json")).unwrap();
    Model::new(&json, &mut |name| std::fs::read_to_string(format!("data/opencc/dictionary/{name}.txt")).unwrap())
}

#[test]
fn random_texts_convert_as_the_passes_do() {
    let words = inputs::dictionary_words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let shorter: Vec<&str> = words.iter().copied().filter(|word| word.chars().count() < 3).collect();
    let mut random = Random(7);
    let mut texts = Vec::new();
    for _ in 0..3 {
        texts.push(inputs::run_together(&words, &mut random, 300));
        texts.push(inputs::run_together(&shorter, &mut random, 300));
        texts.push(inputs::overlapping(&words, &mut random, 300));
        texts.push(inputs::characters(&words, &mut random, 300));
        texts.push(inputs::unicode(&words, &mut random, 300));
        texts.push(inputs::sequences(&shorter, &mut random, 100));
    }
    let (mut matches, mut targets) = (Vec::new(), Vec::new());
    for config in Config::ALL {
        let (model, converter) = (model(config), Converter::new(config));
        for text in &texts {
            let expected = model.convert(text);
            assert!(converter.convert(text) == expected, "{config}: {text}");
            let converted = converter.convert_spans(text, &mut matches).unwrap_or_else(|| text.clone());
            assert!(converted == expected, "{config} with matches: {text}");
            assert!(rebuilt(text, &expected, &matches) == expected, "{config}: the matches of {text}");
            let cuts: Vec<usize> =
                text.char_indices().map(|(at, _)| at).chain([text.len()]).filter(|_| random.below(4) == 0).collect();
            let Some(converted) = converter.convert_cut(text, &cuts, &mut targets) else {
                assert!(*text == expected && targets.is_empty(), "{config} with cuts: {text}");
                continue;
            };
            assert!(converted == expected, "{config} with cuts: {text}");
            let places: Vec<usize> = cuts.iter().map(|cut| place(text, &expected, &matches, *cut)).collect();
            assert!(targets == places, "{config}: the cuts of {text}");
        }
    }
}

/// The 5 MB that once took quadratic time: scratch that grows with the text would show here as a test that hangs.
#[test]
fn a_text_of_five_megabytes_converts_piece_by_piece_alike() {
    let words = inputs::dictionary_words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let line = inputs::run_together(&words, &mut Random(11), 2000) + "\n";
    let converter = Converter::new(Config::S2twp);
    let expected = converter.convert(&line).into_owned();
    let count = 5_000_000 / line.len() + 1;
    assert!(converter.convert(&line.repeat(count)) == expected.repeat(count));
}

/// Every place of a buffer's end within a text gives the same result.
#[test]
fn where_the_buffer_ends_does_not_matter() {
    let converter = Converter::new(Config::Tw2sp);
    let tail = "BMW集團的SQL隱碼攻擊，軟體和B肝⿰木B超。";
    let expected = converter.convert(tail).into_owned();
    for lead in 950..1100 {
        let text = format!("{}{tail}", "x".repeat(lead));
        assert_eq!(converter.convert(&text), format!("{}{expected}", "x".repeat(lead)));
        let text = format!("{}，{tail}", "人".repeat(lead - 700));
        assert_eq!(converter.convert(&text), format!("{}，{expected}", "人".repeat(lead - 700)));
    }
}

/// Where a cut of the source lies in the target, as the matches tell it: inside a match at the same character where both sides have
/// equally many, else at its end.
fn place(source: &str, target: &str, matches: &[Match], cut: usize) -> usize {
    let before = matches.partition_point(|m| (m.source.end as usize) <= cut);
    if let Some(m) = matches.get(before).filter(|m| (m.source.start as usize) < cut) {
        let from = &source[m.source.start as usize..m.source.end as usize];
        let to = &target[m.target.start as usize..m.target.end as usize];
        let count = source[m.source.start as usize..cut].chars().count();
        let inside = match from.chars().count() == to.chars().count() {
            true => to.char_indices().nth(count).map_or(to.len(), |(at, _)| at),
            false => to.len(),
        };
        return m.target.start as usize + inside;
    }
    let last = matches[..before].last();
    last.map_or(cut, |m| cut - m.source.end as usize + m.target.end as usize)
}

/// The target as the matches tell it: the source with each match replaced.
fn rebuilt(source: &str, target: &str, matches: &[Match]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for m in matches {
        out += &source[at..m.source.start as usize];
        assert_eq!(out.len(), m.target.start as usize);
        out += &target[m.target.start as usize..m.target.end as usize];
        at = m.source.end as usize;
    }
    out + &source[at..]
}
