//! Set the language tag of a feed and its items.
//!
//! ## What it does
//! Writes `tag` (the short form) as the feed's language, and in place of those that items state themselves. `auto` finds it: `zh-Hans`,
//! `zh-Hant`, `ja` or `ko` by the script of each item's text, the feed's by that of all items together; where the script does not tell
//! (Latin letters, or both Chinese scripts mixed), the tag that is there stays. With `missing = true` only what has none gets one.
//!
//! ## When to use
//! Readers choose fonts, hyphenation and voices by it; feeds say `en` in front of Chinese text, or nothing.
//!
//! ## Example
//! ```toml
//! rules = [{ language = "zh-Hant-TW" }]
//! ```
//! ```toml
//! rules = [{ language = { tag = "auto", missing = true } }]
//! ```
//!
//! ## Order
//! After `opencc`, which corrects the tag where it converted.
//!
//! ## Cost
//! Next to nothing; `auto` looks at the text of all items.

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Context, Rule, RuleError};
use crate::chinese::{Script, Tally};
use crate::config::Report;
use crate::feed::{Feed, Field, Place};

/// Settings of `language`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    tag: Spanned<String>,
    #[serde(default)]
    missing: bool,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("tag");
    type Rule = Language;

    fn build(self, report: &mut Report) -> Option<Language> {
        let tag = self.tag.get_ref();
        // RFC 5646 §2.1: subtags of up to eight letters and digits, the first of letters.
        let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let mut parts = tag.split('-');
        let is_language = parts
            .next()
            .is_some_and(|part| matches!(part.len(), 2..=8) && part.bytes().all(|b| b.is_ascii_alphabetic()));
        if tag != "auto" && !(is_language && parts.all(is_subtag)) {
            report
                .error(self.tag.span(), format!("`{tag}` is no language tag"))
                .help("write `zh-Hant-TW`, `en-GB` or `auto`");
            return None;
        }
        Some(Language { tag: Some(tag.clone()).filter(|tag| tag != "auto"), only_missing: self.missing })
    }
}

/// The compiled rule.
pub struct Language {
    /// None where the text tells.
    tag: Option<String>,
    only_missing: bool,
}

impl Rule for Language {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let mut all = Tally::new();
        for place in feed.places().into_iter().rev() {
            let own = match (place, &self.tag) {
                (_, Some(_)) => Tally::new(),
                (Place::Head, None) => all,
                (Place::Item(_), None) => tally(feed, place),
            };
            all.merge(&own);
            let Some(tag) = self.tag.as_deref().or_else(|| tag_of(own.script())) else { continue };
            let stated: Vec<_> = feed.slots(place).filter(|slot| slot.field == Field::Language).collect();
            match stated.as_slice() {
                [] if place == Place::Head => {
                    feed.set(place, Field::Language, tag);
                }
                [] => {}
                _ if self.only_missing => {}
                stated => stated.iter().for_each(|slot| feed.set_value(slot, tag.to_owned())),
            }
        }
        Ok(())
    }
}

/// The characters of an item's title and content.
fn tally(feed: &Feed, item: Place) -> Tally {
    let mut tally = Tally::new();
    for field in [Field::Title, Field::Content] {
        tally.add(&feed.first(item, field).unwrap_or_default());
    }
    tally
}

fn tag_of(script: Script) -> Option<&'static str> {
    match script {
        Script::Simplified => Some("zh-Hans"),
        Script::Traditional => Some("zh-Hant"),
        Script::Japanese => Some("ja"),
        Script::Korean => Some("ko"),
        Script::Mixed | Script::Neither => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::problems;

    #[test]
    fn what_is_no_tag_is_refused() {
        assert_eq!(
            problems("[{ language = 'zh_TW' }, { language = '' }, { language = 'x' }]"),
            ["15: `zh_TW` is no language tag", "39: `` is no language tag", "58: `x` is no language tag"]
        );
    }
}
