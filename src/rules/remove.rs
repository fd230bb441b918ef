//! Remove elements from the HTML of items, by CSS selector, by what they say, or only some of their attributes.
//!
//! ## What it does
//! `css` is a selector or a list of them (Selectors Level 4 with `:has()`, `:is()`, `:not()`, `:nth-child()`, and `:contains("…")`);
//! what they find is removed with all it holds. With `text`, only those go whose text one of the patterns is found in: upper and lower
//! case, Simplified and Traditional Chinese are one. `text` without `css` looks into paragraphs, list items, headings, quotations and
//! captions. `content = "keep"` removes the tags and leaves what is between them. `attributes` removes no element but these attributes
//! from those found, or from all where no `css` is given; `data-*` is all that begin so. The short form is `css`.
//!
//! ## When to use
//! Advertisements, "read more" footers and boxes in a feed's content have a class or words of their own; tables that only lay out the
//! page; styles that your reader shows badly.
//!
//! ## Example
//! ```toml
//! rules = [{ remove = ".ad, .promo, figure:has(> .sponsor)" }]
//! ```
//! Paragraphs that advertise, layout tables (their content stays), and inline styles:
//! ```toml
//! rules = [
//!   { remove = { text = ["查看全文", "關注公眾號", "^Read more"] } },
//!   { remove = { css = "table, tbody, thead, tr, td, th", content = "keep" } },
//!   { remove = { attributes = ["style", "class", "data-*"] } },
//! ]
//! ```
//!
//! ## Order
//! Before rules that shorten (`brief`) or convert (`opencc`), which then have less to do; after `clean`, which removes what is unwanted
//! everywhere.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it; with `text` one over the text found.

use serde::Deserialize;
use toml::Spanned;

use super::fragments::{self, Css};
use super::pattern::{Case, Matcher, Patterns};
use super::{Build, Context, Rule, RuleError};
use crate::base::limits::{MAX_TEXT_READ, MAX_TEXT_SHARED, TEXT_READ_FREE};
use crate::chinese::fold;
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Kind, Selectors};

/// Settings of `remove`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which elements.
    css: Option<Css>,
    /// Only those whose text matches.
    text: Option<Patterns>,
    /// Not the elements, but these attributes of theirs.
    attributes: Option<Vec<Spanned<String>>>,
    /// What becomes of what an element holds.
    #[serde(default)]
    content: Content,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    #[default]
    Remove,
    Keep,
}

/// What `text` looks into where nothing else is said.
const PARAGRAPHS: &str = "p, li, h1, h2, h3, h4, h5, h6, blockquote, figcaption, dt, dd";

impl Build for Config {
    const SHORT: Option<&'static str> = Some("css");
    type Rule = Remove;

    fn build(self, report: &mut Report) -> Option<Remove> {
        let before = report.count();
        let elements = match (&self.css, &self.text, &self.attributes) {
            (Some(css), ..) => css.compile(report),
            (None, Some(_), _) => Selectors::parse(PARAGRAPHS).ok(),
            (None, None, Some(_)) => Selectors::parse("*").ok(),
            (None, None, None) => {
                report
                    .error_here("nothing to remove")
                    .help("name elements, as in `{ css = \".ad\" }`, or `text`, or `attributes`");
                None
            }
        };
        let prepare = |pattern: &str| fold(pattern).into_owned();
        let text = self.text.map(|text| text.compile(Case::Fold, prepare, report));
        let what = match (self.attributes, self.content) {
            (Some(names), Content::Remove) => What::Attributes(attributes(&names, report)),
            (Some(_), Content::Keep) => {
                report
                    .error_here("`attributes` removes no element, so `content` says nothing")
                    .help("leave one of them out");
                return None;
            }
            (None, Content::Remove) => What::Element,
            (None, Content::Keep) => What::Tags,
        };
        let built = Remove { elements: elements?, text: text.flatten(), what };
        (report.count() == before).then_some(built)
    }
}

fn attributes(names: &[Spanned<String>], report: &mut Report) -> Vec<String> {
    if names.is_empty() {
        report.error_here("`attributes` names none").help("write their names, as in `[\"style\", \"data-*\"]`");
    }
    for name in names {
        let stem = name.get_ref().strip_suffix('*').unwrap_or(name.get_ref());
        if stem.is_empty() || !stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.'))
        {
            report
                .error(name.span(), format!("`{}` is no attribute's name", name.get_ref()))
                .help("write a name such as `style`, or the beginning of names and a `*`: `data-*`");
        }
    }
    names.iter().map(|name| name.get_ref().to_ascii_lowercase()).collect()
}

/// What is taken out.
#[derive(Debug)]
enum What {
    Element,
    Tags,
    /// In lower case; a `*` at the end stands for anything.
    Attributes(Vec<String>),
}

/// The compiled rule.
#[derive(Debug)]
pub struct Remove {
    elements: Selectors,
    text: Option<Matcher>,
    what: What,
}

impl Remove {
    fn edit(&self, fragment: &mut Fragment) {
        let mut left = MAX_TEXT_READ.min(TEXT_READ_FREE + MAX_TEXT_SHARED * fragment.source().len());
        // What stands in an element whose text holds nothing that is meant needs no look of its own.
        let is_local = self.text.as_ref().is_some_and(Matcher::is_local);
        let mut clear_to = 0;
        for start in fragment.select(&self.elements) {
            if start < clear_to || matches!(fragment.kind(start), Kind::Removed) {
                continue;
            }
            if !self.is_meant(fragment, start, &mut left) {
                clear_to = if is_local { fragment.element_end(start) } else { clear_to };
                continue;
            }
            match &self.what {
                What::Element => fragment.remove_element(start),
                What::Tags => fragment.unwrap_element(start),
                What::Attributes(names) => remove_attributes(fragment, start, names),
            }
        }
    }

    fn is_meant(&self, fragment: &Fragment, start: usize, left: &mut usize) -> bool {
        let Some(text) = &self.text else { return true };
        if *left == 0 {
            return false;
        }
        let end = fragment.element_end(start);
        let said = fragment.plain_text_of(start..end);
        *left = left.saturating_sub(said.len() + (end - start));
        text.is_match(&fold(&said))
    }
}

fn remove_attributes(fragment: &mut Fragment, start: usize, names: &[String]) {
    let is_meant = |found: &str| {
        names.iter().any(|name| match name.strip_suffix('*') {
            Some(stem) => found.get(..stem.len()).is_some_and(|head| head.eq_ignore_ascii_case(stem)),
            None => found.eq_ignore_ascii_case(name),
        })
    };
    fragment.remove_attrs(start, is_meant);
}

impl Rule for Remove {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        fragments::for_each(feed, items, |fragment| self.edit(fragment));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    #[test]
    fn elements_go_with_all_they_hold() {
        let html = "<p>a<span class=ad>b<i>c</i></span>d</p><div class=\"ad\">e</div>";
        assert_eq!(after("[{ remove = '.ad' }]", html), "<p>ad</p>");
        assert_eq!(after("[{ remove = ['i', 'div'] }]", html), "<p>a<span class=ad>b</span>d</p>");
    }

    #[test]
    fn a_text_is_found_in_either_script() {
        let html = "<p>正文</p><p>關注<b>公眾號</b></p><div>关注公众号</div>";
        assert_eq!(after("[{ remove = { text = '关注公众号' } }]", html), "<p>正文</p><div>关注公众号</div>");
        assert_eq!(after("[{ remove = { css = 'div', text = '公眾' } }]", html), "<p>正文</p><p>關注<b>公眾號</b></p>");
    }

    #[test]
    fn tags_and_attributes_go_alone() {
        let html = "<table><tr><td style=x>a</td><td data-a=1 data-b='2' DATA-C>b</td></tr></table>";
        assert_eq!(after("[{ remove = { css = 'table, tr, td', content = 'keep' } }]", html), "ab");
        assert_eq!(
            after("[{ remove = { attributes = ['style', 'data-*'] } }]", html),
            "<table><tr><td>a</td><td>b</td></tr></table>"
        );
        assert_eq!(
            after("[{ remove = { css = 'td:first-child', attributes = ['STYLE'] } }]", html),
            "<table><tr><td>a</td><td data-a=1 data-b='2' DATA-C>b</td></tr></table>"
        );
    }

    #[test]
    fn what_cannot_work_is_refused_where_it_stands() {
        assert_eq!(problems("[{ remove = 'p, .a..b' }]"), ["20: bad selector: expected a name, found `.`"]);
        assert_eq!(problems("[{ remove = {} }]"), ["13: nothing to remove"]);
        assert_eq!(problems("[{ remove = { attributes = ['a b'] } }]"), ["29: `a b` is no attribute's name"]);
        assert_eq!(problems("[{ remove = { css = [], text = '(' } }]").len(), 2);
        assert_eq!(problems("[{ remove = { content = 'keep', attributes = ['a'] } }]").len(), 1);
    }

    #[test]
    fn nested_elements_are_read_a_bounded_number_of_times() {
        let html = "<div>".repeat(20_000) + &"文".repeat(10_000);
        for text in ["無", "^無$"] {
            assert_eq!(after(&format!("[{{ remove = {{ css = 'div', text = '{text}' }} }}]"), &html), html);
        }
    }

    #[test]
    fn what_only_an_inner_element_says_is_found() {
        let html = "<div>a<p>ad</p><div><p>b</p><p>x ad y</p></div></div>";
        let removed = |text: &str| after(&format!("[{{ remove = {{ css = 'p', text = '{text}' }} }}]"), html);
        assert_eq!(removed("ad"), "<div>a<div><p>b</p></div></div>");
        let inside = |text: &str| after(&format!("[{{ remove = {{ css = 'div, p', text = '{text}' }} }}]"), html);
        assert_eq!(
            inside("^ad$"),
            "<div>a<div><p>b</p><p>x ad y</p></div></div>",
            "the end of the paragraph, not of the whole"
        );
        assert_eq!(inside("zz"), html);
    }
}
