//! Repair titles: missing ones, capitals, entities, shouting, too long ones.
//!
//! ## What it does
//! An item without a title gets one from its content: the first sentence, of at most 80 columns. Entities that a reader would show
//! as such (`AT&amp;T`, escaped once too often) are decoded, white space is folded. `TITLES ALL IN CAPITALS`, of three words or more, get
//! small letters, but for words of digits, single letters and known abbreviations. Each of these can be left out: `missing = false`, `entities = false`, `capitals = false`. Asked for only: `marks =
//! true` makes one of many exclamation and question marks, `emoji = true` takes pictures out, `columns = 150` cuts longer titles and puts
//! `…` at the end; a Chinese, Japanese or Korean character takes two columns, as in RSSHub. A title that is not wrong keeps its bytes.
//!
//! ## When to use
//! Posts without titles, agencies that shout, readers that show one line.
//!
//! ## Example
//! ```toml
//! rules = [{ titles = true }]
//! ```
//! ```toml
//! rules = [{ titles = { marks = true, emoji = true, columns = 100 } }]
//! ```
//!
//! ## Order
//! After rules that write titles or contents; before `dedupe` by title.
//!
//! ## Cost
//! One look at each title.

use std::borrow::Cow;

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Context, Rule, RuleError};
use crate::base::limits::TITLE_COLUMNS;
use crate::base::text::fold_space;
use crate::config::Report;
use crate::feed::{Feed, Field};

/// Settings of `titles`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "yes")]
    missing: bool,
    #[serde(default = "yes")]
    entities: bool,
    #[serde(default = "yes")]
    capitals: bool,
    #[serde(default)]
    marks: bool,
    #[serde(default)]
    emoji: bool,
    columns: Option<Spanned<usize>>,
}

fn yes() -> bool {
    true
}

/// The fewest columns that say anything.
const FEWEST_COLUMNS: usize = 10;

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Titles;

    fn build(self, report: &mut Report) -> Option<Titles> {
        if let Some(columns) = self.columns.as_ref().filter(|columns| *columns.get_ref() < FEWEST_COLUMNS) {
            report
                .error(columns.span(), format!("fewer than {FEWEST_COLUMNS} columns say nothing"))
                .help("write `columns = 150`");
            return None;
        }
        Some(Titles { columns: self.columns.as_ref().map(|columns| *columns.get_ref()), config: self })
    }
}

/// The compiled rule.
pub struct Titles {
    columns: Option<usize>,
    config: Config,
}

impl Rule for Titles {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        for item in feed.items() {
            let (old, new) = match feed.first(item, Field::Title) {
                Some(title) => (title.to_string(), self.repaired(&title)),
                None if self.config.missing => match feed.first(item, Field::Content) {
                    Some(text) => (String::new(), self.repaired(&first_sentence(&text))),
                    None => continue,
                },
                None => continue,
            };
            if new != old && !new.is_empty() {
                feed.set(item, Field::Title, &new);
            }
        }
        Ok(())
    }
}

impl Titles {
    fn repaired(&self, title: &str) -> String {
        let mut title = fold_space(title);
        if self.config.entities && title.contains('&') {
            title = fold_space(&htmlize::unescape(title.as_str()));
        }
        if self.config.emoji {
            let text: String = title.chars().filter(|c| !is_picture(*c)).collect();
            title = fold_space(&text);
        }
        if self.config.marks {
            title = one_mark(&title);
        }
        if self.config.capitals
            && let Cow::Owned(small) = without_capitals(&title)
        {
            title = small;
        }
        match self.columns {
            Some(columns) => cut(&title, columns),
            None => title,
        }
    }
}

/// What a title can be made of: up to the end of the first sentence or line.
fn first_sentence(text: &str) -> String {
    let mut end = text.len();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_end = match c {
            '。' | '！' | '？' => true,
            '.' | '!' | '?' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
            _ => false,
        };
        if is_end {
            end = at + if matches!(c, '。' | '.') { 0 } else { c.len_utf8() };
            break;
        }
    }
    cut(text.get(..end).unwrap_or(text).trim(), TITLE_COLUMNS)
}

/// How many columns of a terminal a character takes.
fn width(c: char) -> usize {
    let is_wide = matches!(c,
        '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}' | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}');
    if is_wide { 2 } else { 1 }
}

/// At most so many columns, `…` among them.
fn cut(title: &str, columns: usize) -> String {
    if title.chars().map(width).sum::<usize>() <= columns {
        return title.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fitting = title.char_indices().find(|(_, c)| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        !fits
    });
    let end = fitting.map_or(title.len(), |(at, _)| at);
    format!("{}…", title.get(..end).unwrap_or_default().trim_end())
}

/// Pictures that stand among letters, and what joins and colours them.
fn is_picture(c: char) -> bool {
    matches!(c,
        '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{FE0E}' | '\u{FE0F}' | '\u{200D}'
        | '\u{20E3}' | '\u{E0020}'..='\u{E007F}')
}

/// One of several exclamation and question marks, the asking one first.
fn one_mark(title: &str) -> String {
    let is_mark = |c: char| matches!(c, '!' | '?' | '！' | '？');
    let mut out = String::with_capacity(title.len());
    let mut run = String::new();
    for c in title.chars().chain(['\0']) {
        if is_mark(c) {
            run.push(c);
            continue;
        }
        out.extend(run.chars().find(|c| matches!(c, '?' | '？')).or(run.chars().next()));
        run.clear();
        out.extend(Some(c).filter(|c| *c != '\0'));
    }
    out
}

/// Words in capitals that are spelled so.
const ABBREVIATIONS: &[&str] = &[
    "AI", "API", "BBC", "CEO", "CIA", "CNN", "CPU", "DNA", "DW", "EU", "FBI", "FIFA", "GDP", "GPU", "HIV", "IMF", "IT",
    "NASA", "NATO", "NBA", "NGO", "NHS", "NYC", "OECD", "OPEC", "PC", "PDF", "RFI", "TV", "UFO", "UK", "UN", "UNESCO",
    "UNICEF", "URL", "US", "USA", "USB", "VIP", "VOA", "VPN", "WHO", "WTO",
];

/// A title of capitals with small ones instead; borrowed where it is not one. A title of one or two words may be a name.
fn without_capitals(title: &str) -> Cow<'_, str> {
    let shouts = |word: &&str| word.chars().filter(|c| c.is_uppercase()).count() > 1;
    let has_small = title.chars().any(char::is_lowercase);
    let words: Vec<&str> = title.split(' ').collect();
    let shouted = words.iter().filter(|word| shouts(word) && !ABBREVIATIONS.contains(&bare(word))).count();
    if has_small || shouted < 3 {
        return Cow::Borrowed(title);
    }
    let mut out = String::with_capacity(title.len());
    let mut begins = true;
    for (at, word) in words.into_iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let is_kept = ABBREVIATIONS.contains(&bare(word)) || bare(word) == "I" || word.chars().any(char::is_numeric);
        let small = if is_kept { word.to_owned() } else { word.to_lowercase() };
        let first = small.find(char::is_alphabetic).filter(|_| begins);
        match first.and_then(|at| Some((small.get(..at)?, small.get(at..)?))) {
            Some((before, rest)) => {
                let mut letters = rest.chars();
                out.push_str(before);
                out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
                out.push_str(letters.as_str());
            }
            None => out.push_str(&small),
        }
        begins = word.ends_with(['.', '!', '?', ':']) || begins && first.is_none();
    }
    Cow::Owned(out)
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.strip_suffix("'S").or(word.strip_suffix("’S")).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::super::fragments::problems;
    use super::*;

    #[test]
    fn capitals_become_small_but_abbreviations_and_names_stay() {
        for (title, repaired) in [
            ("STORM HITS THE NORTH COAST", "Storm hits the north coast"),
            ("NASA SENDS PROBE TO MARS: WHO PAYS THE 4K BILL?", "NASA sends probe to mars: WHO pays the 4K bill?"),
            ("\"NEVER AGAIN\", SAYS EX-MAYOR", "\"Never again\", says ex-mayor"),
            ("USA", "USA"),
            ("IKEA OPENS", "IKEA OPENS"),
            ("BBC AND CNN SELL NEWS", "BBC and CNN sell news"),
            ("人工智能 AI GPU", "人工智能 AI GPU"),
            ("Storm HITS THE NORTH", "Storm HITS THE NORTH"),
        ] {
            assert_eq!(without_capitals(title), repaired, "{title}");
        }
    }

    #[test]
    fn titles_are_cut_by_columns() {
        assert_eq!(cut("台灣總統選舉", 12), "台灣總統選舉");
        assert_eq!(cut("台灣總統選舉", 11), "台灣總統選…");
        assert_eq!(cut("台灣總統選舉", 10), "台灣總統…");
        assert_eq!(cut("four words in all", 11), "four words…");
    }

    #[test]
    fn a_title_is_the_first_sentence() {
        assert_eq!(first_sentence("今天下雨。明天晴。"), "今天下雨");
        assert_eq!(first_sentence("Version 2.0 is out! Really."), "Version 2.0 is out!");
        assert_eq!(first_sentence("no end"), "no end");
    }

    #[test]
    fn marks_and_pictures_go() {
        assert_eq!(one_mark("What?!! No!!! 真的嗎？？！"), "What? No! 真的嗎？");
        assert_eq!("a🎉️ b☀".chars().filter(|c| !is_picture(*c)).collect::<String>(), "a b");
    }

    #[test]
    fn too_few_columns_are_refused() {
        assert_eq!(problems("[{ titles = { columns = 3 } }]"), ["25: fewer than 10 columns say nothing"]);
    }
}
