//! Convert Chinese between Simplified and Traditional, as OpenCC does, and only where it is text.
//!
//! ## What it does
//! `config` is one of OpenCC's configurations (`s2t t2s s2tw tw2s s2twp tw2sp s2hk hk2s s2hkp hk2sp t2tw tw2t t2hk hk2t t2jp jp2t`) or
//! where to go from whatever the item is written in: `zh-Hans`, `zh-CN`, `zh-Hant`, `zh-TW`, `zh-HK`. It converts titles, descriptions,
//! contents, categories, author names, and in HTML the attributes `title alt aria-label placeholder label summary`; words cut by inline
//! tags (`<b>人工智</b>能`) are converted as one. Language tags that named Chinese then name the target. Never converted: addresses, ids,
//! classes, `code pre kbd samp var tt script style textarea math svg`, `translate="no"`, elements marked as Japanese, Korean or English.
//! An item that is already written in the target's script, or in Japanese or Korean, is left as it is, unless `force = true`.
//! `engine = "opencc"` asks OpenCC's own library, where refeed was built with it, for the same result, slower.
//! `words` gives words of your own (a table, or the path of a file in OpenCC's format: the word, a tab, what it becomes), `keep` lists
//! words to leave alone (a list, or the path of a file with one a line); both are asked before OpenCC's dictionaries. A text of ASCII
//! alone is no Chinese and stays as it is.
//!
//! ## When to use
//! To read everything in the script you prefer.
//!
//! ## Example
//! ```toml
//! rules = [{ opencc = "s2twp" }]
//! ```
//! ```toml
//! rules = [{ opencc = { config = "zh-TW", words = { "软件" = "軟體" }, keep = ["皇后区"] } }]
//! ```
//!
//! ## Order
//! Anywhere: matching in `keep`, `drop` and `dedupe` does not depend on the script.
//!
//! ## Cost
//! One pass over the text. Feeds without Han cost a look for it.

mod blocks;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use self::blocks::spliced;
use self::text::Text;
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::MAX_WORDS_FILE;
use crate::chinese::{Config as Conversion, Converter, Script, Tally, Variant, Words, WordsBuilder, WordsError};
use crate::config::{Report, Span, read_capped, suggest};
use crate::feed::{Feed, Field, Kind, Place, Slot};

/// Settings of `opencc`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    config: Spanned<String>,
    #[serde(default)]
    force: bool,
    words: Option<Spanned<OwnWords>>,
    keep: Option<Spanned<Kept>>,
    engine: Option<Spanned<String>>,
}

/// The user's words: pairs, or a file of them.
#[derive(Debug)]
enum OwnWords {
    Pairs(BTreeMap<String, Spanned<String>>),
    File(String),
}

impl<'de> Deserialize<'de> for OwnWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OwnWords, D::Error> {
        struct PairsOrFile;
        impl<'de> Visitor<'de> for PairsOrFile {
            type Value = OwnWords;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of words or the path of a file")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<OwnWords, E> {
                Ok(OwnWords::File(path.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OwnWords, A::Error> {
                BTreeMap::deserialize(de::value::MapAccessDeserializer::new(map)).map(OwnWords::Pairs)
            }
        }
        deserializer.deserialize_any(PairsOrFile)
    }
}

/// The user's protected words: a list, or a file of them.
#[derive(Debug)]
enum Kept {
    Words(Vec<Spanned<String>>),
    File(String),
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kept, D::Error> {
        struct WordsOrFile;
        impl<'de> Visitor<'de> for WordsOrFile {
            type Value = Kept;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of words or the path of a file")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Kept, E> {
                Ok(Kept::File(path.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Kept, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(list)).map(Kept::Words)
            }
        }
        deserializer.deserialize_any(WordsOrFile)
    }
}

/// The targets that find the source by themselves, each with what it makes of text in the other script.
const TARGETS: &[(&str, Conversion)] = &[
    ("zh-Hans", Conversion::T2s),
    ("zh-CN", Conversion::Tw2sp),
    ("zh-Hant", Conversion::S2t),
    ("zh-TW", Conversion::S2twp),
    ("zh-HK", Conversion::S2hkp),
];

impl Build for Config {
    const SHORT: Option<&'static str> = Some("config");
    type Rule = OpenCc;

    fn build(self, report: &mut Report) -> Option<OpenCc> {
        let name = self.config.get_ref();
        let target =
            TARGETS.iter().find(|(target, _)| target.eq_ignore_ascii_case(name)).map(|(_, conversion)| *conversion);
        let conversion = target.or_else(|| name.parse().ok());
        if conversion.is_none() {
            let known =
                Conversion::ALL.iter().map(|known| known.name()).chain(TARGETS.iter().map(|(target, _)| *target));
            report.error(self.config.span(), format!("unknown conversion `{name}`")).help(suggest::advice(name, known));
        }
        let words = own_words(self.words, self.keep, report);
        let converter = converter(conversion?, self.engine, report);
        let (converter, words) = (converter?, words?);
        let converter = match words {
            Some(words) => converter.with_words(words),
            None => converter,
        };
        Some(OpenCc { converter, is_forced: self.force })
    }
}

/// The converter of the engine that was asked for.
fn converter(conversion: Conversion, engine: Option<Spanned<String>>, report: &mut Report) -> Option<Converter> {
    let Some(engine) = engine else { return Some(Converter::new(conversion)) };
    match engine.get_ref().as_str() {
        "han" => Some(Converter::new(conversion)),
        #[cfg(feature = "libopencc")]
        "opencc" => match crate::chinese::Library::open(conversion, None) {
            Ok(library) => Some(library.into_converter()),
            Err(error) => {
                report.error(engine.span(), error.to_string());
                None
            }
        },
        #[cfg(not(feature = "libopencc"))]
        "opencc" => {
            let problem = report.error(engine.span(), "this refeed was built without OpenCC's library");
            problem.help(
                "leave `engine` out: refeed's own engine gives the same result; or build with `--features libopencc`",
            );
            None
        }
        other => {
            report
                .error(engine.span(), format!("unknown engine `{other}`"))
                .help(suggest::advice(other, ["han", "opencc"]));
            None
        }
    }
}

/// The words of both settings; the outer `None` where anything was reported.
#[allow(clippy::option_option)]
fn own_words(
    words: Option<Spanned<OwnWords>>,
    keep: Option<Spanned<Kept>>,
    report: &mut Report,
) -> Option<Option<Words>> {
    let (Some(span), before) = (words.as_ref().map(Spanned::span).or(keep.as_ref().map(Spanned::span)), report.count())
    else {
        return Some(None);
    };
    let mut builder = WordsBuilder::new();
    match words.map(|words| (words.span(), words.into_inner())) {
        Some((_, OwnWords::Pairs(pairs))) => {
            for (word, value) in &pairs {
                if let Err(problem) = builder.add(word, value.get_ref()) {
                    report.error(value.span(), problem.to_string());
                }
            }
        }
        Some((span, OwnWords::File(path))) => own_file(&path, span, report, |text| builder.file(text).map(drop)),
        None => {}
    }
    match keep.map(|keep| (keep.span(), keep.into_inner())) {
        Some((_, Kept::Words(words))) => {
            for word in &words {
                if let Err(problem) = builder.keep(word.get_ref()) {
                    report.error(word.span(), problem.to_string());
                }
            }
        }
        Some((span, Kept::File(path))) => own_file(&path, span, report, |text| builder.keep_file(text).map(drop)),
        None => {}
    }
    if report.count() > before {
        return None;
    }
    match builder.build() {
        Ok(words) => Some(Some(words)),
        Err(error) => {
            report.error(span, error.to_string());
            None
        }
    }
}

/// A path is read from the folder of the file that names it.
fn own_file(path: &str, span: Span, report: &mut Report, add: impl FnOnce(&str) -> Result<(), Vec<WordsError>>) {
    let folder = Path::new(&report.source().name).parent().unwrap_or(Path::new("")).to_owned();
    let file = folder.join(path);
    let text = match read_capped(&file, MAX_WORDS_FILE, None).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            report.error(span, format!("{}: not UTF-8", file.display()));
            return;
        }
        Err(error) => {
            report.error(span, error.to_string());
            return;
        }
    };
    for error in add(&text).err().unwrap_or_default() {
        report.error(span.clone(), format!("{}: {error}", file.display()));
    }
}

/// The compiled rule.
pub struct OpenCc {
    converter: Converter,
    is_forced: bool,
}

impl Rule for OpenCc {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let (mut of, mut whole, mut unsure, mut any) = (Gathered::default(), Tally::new(), Vec::new(), false);
        for place in feed.places() {
            of.gather(feed, place);
            whole.merge(&of.tally);
            match of.tally.script() {
                Script::Neither if of.tally.han > 0 && !self.is_forced => unsure.push(place),
                script => any |= self.convert(feed, place, &of, script),
            }
        }
        // Short texts that show no script follow the feed.
        for place in unsure {
            of.gather(feed, place);
            any |= self.convert(feed, place, &of, whole.script());
        }
        if any {
            retag(feed, Place::Head, self.language());
        }
        Ok(())
    }
}

impl OpenCc {
    /// Converts the text of a place, if it is in the script that this is for; true where there was Chinese to convert.
    fn convert(&self, feed: &mut Feed, place: Place, of: &Gathered, script: Script) -> bool {
        if !self.is_forced && self.is_left(feed, place, of, script) {
            return false;
        }
        of.convert(feed, &self.converter, self.language());
        if place != Place::Head {
            retag(feed, place, self.language());
        }
        of.tally.han > 0
    }

    /// The tag of what it converts to.
    fn language(&self) -> &'static str {
        self.converter.config().target().language_tag()
    }

    /// True where the text is not what this conversion is for.
    fn is_left(&self, feed: &Feed, place: Place, of: &Gathered, script: Script) -> bool {
        if of.tally.han == 0 && of.tally.kana == 0 && of.tally.hangul == 0 {
            // Nothing to count may still mean the user's own words.
            return of.slots.is_empty();
        }
        let label = feed.first(place, Field::Language).or_else(|| feed.first(Place::Head, Field::Language));
        let is_foreign = label.is_some_and(|tag| matches!(primary(&tag).as_str(), "ja" | "ko"));
        let (source, target) = (self.converter.config().source(), self.converter.config().target());
        if source == Variant::Japanese {
            return script == Script::Korean;
        }
        let is_simplified = |variant| variant == Variant::Simplified;
        is_foreign
            || matches!(script, Script::Japanese | Script::Korean)
            || (script == Script::Simplified && is_simplified(target))
            || (script == Script::Traditional && is_simplified(source) && !is_simplified(target))
    }
}

/// The text of a place that may be converted. Filled again for every place, so that its memory is taken once.
#[derive(Default)]
struct Gathered {
    slots: Vec<Slot>,
    text: Text,
    tally: Tally,
}

impl Gathered {
    /// The text of `place` instead of what it held before.
    fn gather(&mut self, feed: &mut Feed, place: Place) {
        self.slots.clear();
        self.text.clear();
        for slot in feed.slots(place) {
            let number = self.slots.len();
            match slot.kind {
                Kind::Html if feed.may_have_han(&slot) => self.text.add_html(number, feed.fragment(&slot)),
                Kind::Text => {
                    let value = feed.value(&slot);
                    if value.is_ascii() {
                        continue;
                    }
                    self.text.add_value(number, &value);
                }
                _ => continue,
            }
            self.slots.push(slot);
        }
        self.tally = self.text.tally();
    }

    /// Converts it, and writes what came of it where it came from.
    fn convert(&self, feed: &mut Feed, converter: &Converter, language: &str) {
        for blocks in self.text.blocks() {
            let made = blocks.convert(converter);
            let changes: Vec<_> = blocks.changes(&made).collect();
            for changes in changes.chunk_by(|a, b| a.node.slot == b.node.slot) {
                let Some(slot) = changes.first().and_then(|change| self.slots.get(change.node.slot)) else { continue };
                match slot.kind {
                    Kind::Html => text::replace(feed.fragment(slot), changes),
                    _ => {
                        let value = spliced(&feed.value(slot), changes);
                        feed.set_value(slot, value);
                    }
                }
            }
        }
        for tag in self.text.languages() {
            if let Some(slot) = self.slots.get(tag.slot) {
                feed.fragment(slot).set_attr(tag.token, tag.attribute, language);
            }
        }
    }
}

/// Language tags that named Chinese name the target.
fn retag(feed: &mut Feed, place: Place, language: &str) {
    for slot in feed.slots(place).filter(|slot| slot.kind == Kind::Language) {
        if names_chinese(&feed.value(&slot)) {
            feed.set_value(&slot, language.to_owned());
        }
    }
}

/// The language of a tag, without script and region, in lower case.
fn primary(tag: &str) -> String {
    tag.trim().split(['-', '_']).next().unwrap_or("").to_ascii_lowercase()
}

/// True for a tag of Mandarin Chinese, in any spelling that feeds use.
fn names_chinese(tag: &str) -> bool {
    matches!(primary(tag).as_str(), "zh" | "cmn" | "zho" | "chi")
}
