//! The converter: one configuration, with the user's words if there are any.
//!
//! Made cheaply and often; the tables behind a configuration are decoded once, on first use, and shared.

use super::{Config, Match, Words, cuts, engine};
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

/// What converts a text under one configuration.
pub(super) trait Engine: Debug + Send + Sync {
    /// The converted text, `None` where nothing changes. Where `matches` is given, the stretches that changed are added to it.
    fn convert(&self, text: &str, matches: Option<&mut Vec<Match>>) -> Option<String>;

    /// The same, telling where the `cuts` come to lie: as many `targets` are added where anything changes.
    fn convert_cut(&self, text: &str, cuts: &[usize], targets: &mut Vec<usize>) -> Option<String> {
        let mut matches = Vec::new();
        let converted = self.convert(text, Some(&mut matches))?;
        cuts::place(text, &converted, &matches, cuts, targets);
        Some(converted)
    }
}

/// refeed's own engine.
impl Engine for Config {
    fn convert(&self, text: &str, matches: Option<&mut Vec<Match>>) -> Option<String> {
        match matches {
            None => engine::convert(*self, text),
            Some(matches) => engine::convert_spans(*self, text, matches),
        }
    }

    fn convert_cut(&self, text: &str, cuts: &[usize], targets: &mut Vec<usize>) -> Option<String> {
        engine::convert_cut(*self, text, cuts, targets)
    }
}

/// Converts text under one configuration. Cheap to clone, `Send` and `Sync`.
#[derive(Debug, Clone)]
pub struct Converter {
    config: Config,
    engine: Arc<dyn Engine>,
    words: Option<Words>,
}

impl Converter {
    /// A converter for `config`, without words of the user.
    pub fn new(config: Config) -> Self {
        Self::by(config, Arc::new(config))
    }

    /// A converter for `config` by another engine.
    pub(super) fn by(config: Config, engine: Arc<dyn Engine>) -> Self {
        Self { config, engine, words: None }
    }

    /// The same with the user's words, asked first; they replace those it had.
    #[must_use]
    pub fn with_words(&self, words: Words) -> Self {
        Self { words: Some(words), ..self.clone() }
    }

    /// Its configuration.
    pub fn config(&self) -> Config {
        self.config
    }

    /// What OpenCC makes of `text`; borrowed where nothing changes.
    ///
    /// NUL is a character like any other here. OpenCC's library loses what follows one in its segmented configurations.
    pub fn convert<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let converted = match &self.words {
            None => self.engine.convert(text, None),
            Some(_) => self.pieces(text, &mut None),
        };
        converted.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// As [`Converter::convert`], telling which bytes became which: `matches` is cleared, then filled with the
    /// stretches that changed, ascending and disjoint. `None`, and no match, where nothing changes.
    pub fn convert_spans(&self, text: &str, matches: &mut Vec<Match>) -> Option<String> {
        matches.clear();
        match &self.words {
            None => self.engine.convert(text, Some(matches)),
            Some(_) => self.pieces(text, &mut Some(matches)),
        }
    }

    /// As [`Converter::convert`], for a text put together of pieces: `targets` is cleared, then filled with where each of the
    /// `cuts`, ascending offsets of `text`, comes to lie. A cut inside what was converted as one lies at the same character
    /// where both sides have equally many, else after it. `None`, and no targets, where nothing changes.
    pub fn convert_cut(&self, text: &str, cuts: &[usize], targets: &mut Vec<usize>) -> Option<String> {
        targets.clear();
        if self.words.is_none() {
            return self.engine.convert_cut(text, cuts, targets);
        }
        let mut matches = Vec::new();
        let converted = self.convert_spans(text, &mut matches)?;
        cuts::place(text, &converted, &matches, cuts, targets);
        Some(converted)
    }

    /// The user's words and, each on its own, what stands between them.
    fn pieces(&self, text: &str, matches: &mut Option<&mut Vec<Match>>) -> Option<String> {
        let words = self.words.as_ref()?;
        let mut out = String::with_capacity(text.len() + text.len() / 4);
        let mut at = 0;
        for (range, value) in words.find(text) {
            self.piece(text, at..range.start, &mut out, matches);
            let target = out.len();
            out.push_str(value);
            if let Some(matches) = matches
                && text.get(range.clone()) != Some(value)
            {
                matches.push(Match::at(range.clone(), target..out.len()));
            }
            at = range.end;
        }
        self.piece(text, at..text.len(), &mut out, matches);
        (out != text).then_some(out)
    }

    fn piece(
        &self,
        text: &str,
        range: std::ops::Range<usize>,
        out: &mut String,
        matches: &mut Option<&mut Vec<Match>>,
    ) {
        let piece = text.get(range.clone()).unwrap_or_default();
        let converted = match matches {
            None => self.engine.convert(piece, None),
            Some(matches) => {
                let mut found = Vec::new();
                let converted = self.engine.convert(piece, Some(&mut found));
                matches.extend(found.iter().map(|m| m.moved(range.start, out.len())));
                converted
            }
        };
        out.push_str(converted.as_deref().unwrap_or(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_words_come_first_and_cut_the_text() {
        let converter = Converter::new(Config::S2twp);
        assert_eq!(converter.convert("皇后区的软件"), "皇后區的軟體");
        let words = Words::new([("皇后区", "皇后区"), ("软件", "軟件")]).unwrap();
        let converter = converter.with_words(words);
        assert_eq!(converter.convert("皇后区的软件发布"), "皇后区的軟件釋出");
        let mut matches = Vec::new();
        let text = "在皇后区的软件发布";
        let converted = converter.convert_spans(text, &mut matches).unwrap();
        assert_eq!(converted, converter.convert(text));
        assert_eq!(rebuilt(text, &converted, &matches), converted);
    }

    #[test]
    fn text_that_does_not_change_is_borrowed() {
        for text in ["", "plain ASCII", "한국어", "人山人海", "é·\0"] {
            assert!(matches!(Converter::new(Config::S2t).convert(text), Cow::Borrowed(_)), "{text}");
        }
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
}
