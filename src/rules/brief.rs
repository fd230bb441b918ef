//! Shorten what items say to a number of characters of plain text.
//!
//! ## What it does
//! Contents and summaries become one paragraph of plain text: tags gone, white space folded, cut after `characters` characters with `…`
//! put in the place of the rest. At least 100, as in RSSHub. Han and other characters count one each; none is cut from the marks over it.
//!
//! ## When to use
//! A list of news to look through on a slow connection, when the article itself is read on its page.
//!
//! ## Example
//! ```toml
//! rules = [{ brief = 200 }]
//! ```
//!
//! ## Order
//! Last of the rules that look into the text: nothing is left for the others.
//!
//! ## Cost
//! One pass over the text.

use serde::Deserialize;
use toml::Spanned;

use super::fragments::is_body;
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::MIN_BRIEF;
use crate::base::text::fold_space;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Slot};
use crate::html::escape;

/// Settings of `brief`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many characters are left.
    characters: Spanned<i64>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("characters");
    type Rule = Brief;

    fn build(self, report: &mut Report) -> Option<Brief> {
        let characters = *self.characters.get_ref();
        if characters < MIN_BRIEF {
            report
                .error(self.characters.span(), format!("{characters} characters are too few"))
                .help(format!("write {MIN_BRIEF} or more, as RSSHub asks"));
            return None;
        }
        Some(Brief { characters: usize::try_from(characters).unwrap_or(usize::MAX) })
    }
}

/// The compiled rule.
pub struct Brief {
    characters: usize,
}

impl Brief {
    fn cut(&self, text: &str) -> Option<String> {
        let (at, _) = text.char_indices().nth(self.characters)?;
        let (head, rest) = text.split_at(at);
        // What only marks the last character stays with it.
        let marks = rest.len() - rest.trim_start_matches(is_mark).len();
        if marks == rest.len() {
            return None;
        }
        let marks = rest.get(..marks).unwrap_or_default();
        Some([head, marks].concat().trim_end().to_owned() + "…")
    }

    fn slot(&self, feed: &mut Feed, slot: &Slot) {
        let text = fold_space(&feed.plain(slot));
        let text = self.cut(&text).unwrap_or(text);
        match slot.kind {
            Kind::Html if !text.is_empty() => feed.fragment(slot).replace_all(&format!("<p>{}</p>", escape(&text))),
            Kind::Text => feed.set_value(slot, text),
            _ => {}
        }
    }
}

/// Characters that are drawn over or joined to the one before: combining marks, variation selectors, joiners.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{20D0}'..='\u{20FF}' | '\u{3099}' | '\u{309A}' | '\u{FE00}'..='\u{FE0F}' | '\u{200D}'
        | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0100}'..='\u{E01EF}')
}

impl Rule for Brief {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        for item in feed.items() {
            for slot in feed.slots(item) {
                if is_body(&slot) || slot.kind == Kind::Text && matches!(slot.field, Field::Content | Field::Summary) {
                    self.slot(feed, &slot);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    #[test]
    fn text_is_cut_after_whole_characters() {
        let text = "渡輪 &amp; <b>潮汐</b>".to_owned() + &"港".repeat(200);
        let expected = format!("<p>渡輪 &amp; 潮汐{}…</p>", "港".repeat(93));
        assert_eq!(after("[{ brief = 100 }]", &text), expected);
        assert_eq!(after("[{ brief = 100 }]", &expected).chars().count(), expected.chars().count());
        assert_eq!(after("[{ brief = 100 }]", "a<br> b"), "<p>a b</p>");
        let accents = "e\u{301}".repeat(100);
        let cut = after("[{ brief = 101 }]", &accents);
        assert_eq!(cut, format!("<p>{}…</p>", "e\u{301}".repeat(51)));
    }

    #[test]
    fn too_few_are_refused() {
        assert_eq!(problems("[{ brief = 99 }]"), ["12: 99 characters are too few"]);
    }
}
