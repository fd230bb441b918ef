//! One pass of OpenCC after the other, straight from the dictionaries' text.

use super::{Config, Match, spans};
use model::{Group, Model};
use std::sync::LazyLock;

#[allow(missing_docs, dead_code, clippy::expect_used)]
#[path = "../../build/model.rs"]
pub(super) mod model;

macro_rules! files {
    ($folder:literal, $ext:literal, $($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../data/opencc/", $folder, "/", $name, $ext)))),+]
    };
}

static CONFIGS: &[(&str, &str)] = files!("config", ".json", "s2t" "t2s" "s2tw" "tw2s" "s2twp" "tw2sp" "s2hk" "hk2s" "s2hkp" "hk2sp" "t2tw" "tw2t" "t2hk" "hk2t" "t2jp" "jp2t");
static DICTIONARIES: &[(&str, &str)] = files!("dictionary", ".txt", "CJK_Compatibility_Ideographs" "HKPhrases" "HKPhrasesRev" "HKVariants" "HKVariantsPhrases" "HKVariantsRev" "HKVariantsRevPhrases" "JPShinjitaiCharacters" "JPShinjitaiCharactersRev" "JPShinjitaiPhrases" "STCharacters" "STPhrases" "STPhrases_GeneratedFromRegionalPhrases" "TSCharacters" "TSCharactersExt" "TSPhrases" "TWPhrases" "TWPhrasesRev" "TWVariants" "TWVariantsPhrases" "TWVariantsRev" "TWVariantsRevPhrases");

pub(super) fn dictionary(name: &str) -> &'static str {
    DICTIONARIES.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
}

static MODELS: [LazyLock<Model>; 16] = {
    macro_rules! models { ($($n:literal)+) => { [$(LazyLock::new(|| load(Config::ALL[$n]))),+] } }
    models!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
};

fn load(config: Config) -> Model {
    let json = CONFIGS.iter().find(|(name, _)| *name == config.name()).map_or("", |(_, json)| json);
    Model::new(json, &mut |name| dictionary(name).to_owned())
}

/// What OpenCC makes of `text`; none where it changes nothing.
pub(super) fn convert(config: Config, text: &str) -> Option<String> {
    let out = MODELS.get(config.index())?.convert(text);
    (out != text).then_some(out)
}

/// As [`convert`], filling `matches`.
pub(super) fn convert_spans(config: Config, text: &str, matches: &mut Vec<Match>) -> Option<String> {
    let model = MODELS.get(config.index())?;
    let mut found = Vec::new();
    let normalised = pass(&model.normalisation, text, &mut found);
    let segments = model.segments(&normalised);
    let (mut out, mut second) = (String::new(), Vec::new());
    let mut from = 0;
    for segment in segments {
        let (mut text, mut sum) = (segment.to_owned(), Vec::new());
        for stage in &model.stages {
            let mut next = Vec::new();
            text = pass(stage, &text, &mut next);
            sum = spans::compose(&sum, &next);
        }
        second.extend(sum.iter().map(|m| spans::moved(m, from, out.len())));
        out.push_str(&text);
        from += segment.len();
    }
    let changed = |m: &Match| spans::slice(text, &m.source) != spans::slice(&out, &m.target);
    matches.extend(spans::compose(&found, &second).into_iter().filter(changed));
    (out != text).then_some(out)
}

fn pass(group: &Group, text: &str, matches: &mut Vec<Match>) -> String {
    let (mut out, mut at) = (String::new(), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, value) = match group.prefix(rest) {
            Some(found) => found,
            None => {
                let length = model::unmatched(rest);
                (length, &rest[..length])
            }
        };
        if value != &rest[..length] {
            matches.push(spans::at(at..at + length, out.len()..out.len() + value.len()));
        }
        out.push_str(value);
        at += length;
    }
    out
}
