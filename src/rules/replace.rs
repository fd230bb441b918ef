//! Replace what a regular expression finds, in titles, texts, HTML or addresses.
//!
//! ## What it does
//! Each match of `pattern` becomes `with` (nothing, where it is left out), in which `$1` and `${name}` are groups. `in` says where, one or
//! more of: `title`, `text` (of content and summary, as a person reads it: a match may run over inline tags, whose places it keeps),
//! `html` (content and summary as they are written), `urls` (every address of an item), `link`, `author`, `category`, `comments`,
//! `enclosure`, `image`. Without it: `title` and `text`. Letters are themselves unless the pattern says `(?i)`; with `fold = true` case,
//! script (台灣 and 台湾) and width are one. The feed's own fields are included, except where `when` is given. Ids are never changed.
//! The short form is `pattern`, which takes what is found away.
//!
//! ## When to use
//! A prefix in every title, an advertisement in every text, a host that moved, a mobile address instead of the page.
//!
//! ## Example
//! ```toml
//! rules = [{ replace = "【广告】|^\\[AD\\] *" }]
//! ```
//! ```toml
//! rules = [
//!   { replace = { pattern = "^https://m\\.(.*)$", with = "https://$1", in = ["link", "urls"] } },
//!   { replace = { pattern = "<p>查看全文.*?</p>", in = "html" } },
//!   { replace = { pattern = "臺北", with = "台北", fold = true } },
//! ]
//! ```
//!
//! ## Order
//! `html` before rules that need the markup as it shall be; `text` and `title` before or after `opencc` as the pattern is written, or with
//! `fold`.
//!
//! ## Cost
//! One pass over what `in` names, in linear time.

mod runs;

use std::borrow::Cow;
use std::ops::Range;

use regex::{Captures, Regex};
use serde::Deserialize;
use toml::Spanned;

use super::fragments::is_body;
use super::one_or_many::OneOrMany;
use super::pattern::{Case, compile_one};
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{MAX_EXPRESSION, MAX_FIELD};
use crate::chinese::fold;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Place, Slot};

/// Settings of `replace`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pattern: Spanned<String>,
    with: Option<Spanned<String>>,
    #[serde(rename = "in")]
    places: Option<OneOrMany<Where>>,
    #[serde(default)]
    fold: bool,
}

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Where {
    Title,
    Text,
    Html,
    Urls,
    Link,
    Author,
    Category,
    Comments,
    Enclosure,
    Image,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("pattern");
    type Rule = Replace;

    fn build(self, report: &mut Report) -> Option<Replace> {
        let before = report.count();
        let with = self.with.as_ref().map_or("", |with| with.get_ref());
        if let Some(with) = self.with.as_ref().filter(|with| with.get_ref().len() > MAX_EXPRESSION) {
            report.error(with.span(), format!("`with` is longer than {MAX_EXPRESSION} bytes"));
        }
        let prepared = Spanned::new(self.pattern.span(), prepare(self.pattern.get_ref(), self.fold));
        let pattern = compile_one(&prepared, if self.fold { Case::Fold } else { Case::Exact }, report);
        if let (Some(pattern), Some(written)) = (&pattern, &self.with) {
            check_groups(pattern, written, report);
        }
        let places = self.places.map_or(vec![Where::Title, Where::Text], |places| places.0);
        (report.count() == before).then_some(Replace {
            pattern: pattern?,
            with: with.to_owned(),
            places,
            fold: self.fold,
        })
    }
}

fn prepare(pattern: &str, is_folded: bool) -> String {
    if is_folded { fold(pattern).into_owned() } else { pattern.to_owned() }
}

/// A group that there is not would be replaced by nothing, silently.
fn check_groups(pattern: &Regex, with: &Spanned<String>, report: &mut Report) {
    for (span, name) in groups(with.get_ref()) {
        let known = match name.parse::<usize>() {
            Ok(number) => number < pattern.captures_len(),
            Err(_) => pattern.capture_names().flatten().any(|known| known == name),
        };
        if !known {
            let help = format!(
                "groups are `$1` to `${}`; write `${{1}}a` before letters and `$$` for a dollar",
                pattern.captures_len() - 1
            );
            report.error(report.within(with, span), format!("the pattern has no group `{name}`")).help(help);
        }
    }
}

/// The references to groups in `with`, by the rules of the regex crate, and where they stand.
fn groups(with: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(dollar) = with.get(at..).and_then(|rest| rest.find('$')).map(|found| at + found) {
        let rest = with.get(dollar + 1..).unwrap_or_default();
        let (name, end) = match rest.strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                Some(end) => (inner.get(..end), dollar + end + 3),
                None => (None, dollar + 1),
            },
            None => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (rest.get(..end).filter(|name| !name.is_empty()), dollar + 1 + end)
            }
        };
        found.extend(name.map(|name| (dollar..end, name)));
        at = if rest.starts_with('$') { dollar + 2 } else { end };
    }
    found
}

/// The compiled rule.
#[derive(Debug)]
pub struct Replace {
    pattern: Regex,
    with: String,
    places: Vec<Where>,
    fold: bool,
}

/// A part of a text and what stands there now.
type Edit = (Range<usize>, String);

impl Replace {
    fn looks_into(&self, place: Where) -> bool {
        self.places.contains(&place)
    }

    /// What is found in `text`, and what becomes of it; nothing where the whole would pass [`MAX_FIELD`].
    fn edits(&self, text: &str) -> Vec<Edit> {
        let folded = if self.fold { fold(text) } else { Cow::Borrowed(text) };
        // One character becomes one: with all of their lengths kept, places are the same.
        let places: Vec<usize> = match folded.len() == text.len() {
            true => Vec::new(),
            false => {
                let mut places = vec![text.len(); folded.len() + 1];
                for ((from, _), (to, _)) in folded.char_indices().zip(text.char_indices()) {
                    places[from] = to;
                }
                places
            }
        };
        let place = |at: usize| if places.is_empty() { at } else { places.get(at).copied().unwrap_or(text.len()) };
        let mut made = 0;
        let mut edits = Vec::new();
        for found in self.pattern.captures_iter(&folded) {
            let Some(whole) = found.get(0).filter(|whole| !whole.is_empty()) else { continue };
            let with =
                self.expanded(&found, |range| text.get(place(range.start)..place(range.end)).unwrap_or_default());
            made += with.len();
            if made > MAX_FIELD {
                return Vec::new();
            }
            edits.push((place(whole.start())..place(whole.end()), with));
        }
        edits
    }

    /// `with`, its groups filled in from the text itself.
    fn expanded<'t>(&self, found: &Captures<'_>, text: impl Fn(Range<usize>) -> &'t str) -> String {
        let mut out = String::new();
        let mut at = 0;
        let literal = |out: &mut String, part: &str| out.push_str(&part.replace("$$", "$"));
        for (span, name) in groups(&self.with) {
            literal(&mut out, self.with.get(at..span.start).unwrap_or_default());
            let group = name.parse::<usize>().map_or_else(|_| found.name(name), |number| found.get(number));
            out.push_str(group.map_or("", |group| text(group.range())));
            at = span.end;
        }
        literal(&mut out, self.with.get(at..).unwrap_or_default());
        out
    }

    /// `text` with all edits; none where nothing is found.
    fn replaced(&self, text: &str) -> Option<String> {
        let edits = self.edits(text);
        if edits.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, with) in edits {
            out.push_str(text.get(at..range.start)?);
            out.push_str(&with);
            at = range.end;
        }
        out.push_str(text.get(at..)?);
        (out.len() <= MAX_FIELD).then_some(out)
    }

    /// What a value is looked into as, if at all.
    fn wants(&self, slot: &Slot) -> Option<Where> {
        let is_content = matches!(slot.field, Field::Content | Field::Summary);
        let single = match slot.field {
            Field::Title => Where::Title,
            Field::Link => Where::Link,
            Field::Author => Where::Author,
            Field::Category => Where::Category,
            Field::Comments => Where::Comments,
            Field::Enclosure => Where::Enclosure,
            Field::Image => Where::Image,
            _ => Where::Urls,
        };
        match slot.kind {
            Kind::Opaque | Kind::Date | Kind::Language => None,
            Kind::Url => [single, Where::Urls].into_iter().find(|place| self.looks_into(*place)),
            _ if is_content => {
                [Where::Html, Where::Text, Where::Urls].into_iter().find(|place| self.looks_into(*place))
            }
            _ => Some(single).filter(|place| *place != Where::Urls && self.looks_into(*place)),
        }
    }

    fn edit(&self, feed: &mut Feed, place: Place, slot: &Slot) {
        match self.wants(slot) {
            None => {}
            Some(Where::Html) if is_body(slot) => {
                if let Some(html) = self.replaced(&feed.value(slot)) {
                    feed.set_html(place, slot, html);
                }
            }
            Some(_) if slot.kind == Kind::Html => {
                let is_text = !is_body(slot) || self.looks_into(Where::Text);
                let fragment = feed.fragment(slot);
                if is_text {
                    runs::replace(fragment, |text| self.edits(text));
                }
                if is_body(slot) && self.looks_into(Where::Urls) {
                    fragment.map_urls(|_, url| self.replaced(url));
                }
            }
            Some(Where::Urls) if slot.kind != Kind::Url => {}
            Some(_) => {
                if let Some(value) = self.replaced(&feed.value(slot)) {
                    feed.set_value(slot, value);
                }
            }
        }
    }
}

impl Rule for Replace {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        for place in feed.places() {
            for slot in feed.slots(place) {
                self.edit(feed, place, &slot);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};
    use super::*;

    #[test]
    fn text_is_replaced_over_inline_tags_and_only_there() {
        for (rules, html, replaced) in [
            ("'ab'", "<p>a<b>b</b>c &amp; ab</p>", "<p><b></b>c &amp; </p>"),
            (
                "{ pattern = 'a(b)c', with = '[$1]' }",
                "x a<i>b</i>c y <a href='abc'>z</a>",
                "x [b]<i></i> y <a href='abc'>z</a>",
            ),
            ("{ pattern = 'a.?b', with = '!' }", "<p>a</p><p>b</p>a&nbsp;b", "<p>a</p><p>b</p>!"),
            (
                "{ pattern = '台灣(省)?', with = '臺灣$1<&', fold = true }",
                "𠮷台湾，臺灣省",
                "𠮷臺灣&lt;&amp;，臺灣省&lt;&amp;",
            ),
            ("{ pattern = 'Ａ(.)', with = '${1}$$', fold = true }", "aＢ", "Ｂ$"),
            ("{ pattern = '<hr/?>', with = '<br>', in = 'html' }", "a<hr>b<HR/>", "a<br>b<HR/>"),
            (
                "{ pattern = '^http:', with = 'https:', in = 'urls' }",
                "<a href=\"http://a\">http://a</a><img src=http://b>",
                "<a href=\"https://a\">http://a</a><img src=\"https://b\">",
            ),
            ("'nothing'", "<P CLASS=x>a&#65;b", "<P CLASS=x>a&#65;b"),
        ] {
            assert_eq!(after(&format!("[{{ replace = {rules} }}]"), html), replaced, "{rules}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_where_it_stands() {
        assert_eq!(
            problems(
                "[{ replace = '(' }, { replace = { pattern = 'a(b)', with = '$2 $1a ${x} $$3' } }, { replace = { pattern = 'a', in = 'body' } }]"
            ),
            [
                "15: bad pattern: unclosed group",
                "61: the pattern has no group `2`",
                "64: the pattern has no group `1a`",
                "68: the pattern has no group `x`",
                "117: unknown value `body`",
            ]
        );
    }

    #[test]
    fn a_replacement_that_grows_without_bound_leaves_the_text() {
        let grown = "y".repeat(4000);
        let rules = format!("[{{ replace = {{ pattern = 'x', with = '{grown}' }} }}]");
        assert_eq!(after(&rules, &"x".repeat(100)).len(), 400_000);
        assert_eq!(after(&rules, &"x".repeat(1000)), "x".repeat(1000));
    }

    proptest::proptest! {
        #[test]
        fn groups_are_read_as_the_regex_crate_reads_them(with in "[$ {}a1_]{0,8}", text in "[ab]{0,6}") {
            let pattern = Regex::new("(?<a>a)(b)").unwrap();
            let rule = Replace { pattern: pattern.clone(), with: with.clone(), places: vec![], fold: false };
            let expected = pattern.replace_all(&text, with.as_str()).into_owned();
            proptest::prop_assert_eq!(rule.replaced(&text).unwrap_or_else(|| text.clone()), expected);
        }
    }
}
