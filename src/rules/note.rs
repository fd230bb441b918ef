//! Put HTML of your own into the content of items.
//!
//! ## What it does
//! `html` is a template (see [Expressions](#expressions)), so that it can show the item's own fields; it is put at the head of the content
//! (`at = "start"`, which is what happens unless said otherwise), at its end (`at = "end"`), or before or after the first element that a
//! CSS selector finds (`before = "h2"`, `after = "figure"`). An item without that element, or without what the template asks for, stays as
//! it is. Where an item has no content, its summary is taken; without either it stays as it is. The short form is `html`.
//!
//! ## When to use
//! To show the date, the source or a link in the text itself, or to say where a text comes from.
//!
//! ## Example
//! ```toml
//! rules = [{ note = "<p><i>{{ title }}</i></p>" }]
//! ```
//! ```toml
//! rules = [{ note = { html = "<p><a href=\"{{ link }}\">原文</a></p>", at = "end" } }]
//! ```
//!
//! ## Order
//! After rules that select, remove or sanitize; what it puts there is HTML to the rules that follow.
//!
//! ## Cost
//! One template for each item.

use serde::Deserialize;
use toml::Spanned;

use super::expression::{Look, Makes, Template, Troubles};
use super::fragments::selectors;
use super::{Build, Context, Rule, RuleError};
use crate::config::Report;
use crate::feed::{Feed, Field, Kind};
use crate::html::{Fragment, Selectors};

/// Settings of `note`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is put there.
    html: Spanned<String>,
    /// At which end.
    at: Option<End>,
    /// Before what.
    before: Option<Spanned<String>>,
    /// After what.
    after: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Start,
    End,
}

#[derive(Debug)]
enum Spot {
    Start,
    End,
    Before(Selectors),
    After(Selectors),
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("html");
    type Rule = Note;

    fn build(self, report: &mut Report) -> Option<Note> {
        let before = report.count();
        let html = Template::compile(&self.html, Makes::Html, report);
        let spot = match (self.at, self.before, self.after) {
            (None | Some(End::Start), None, None) => Some(Spot::Start),
            (Some(End::End), None, None) => Some(Spot::End),
            (None, Some(css), None) => selectors(&css, report).map(Spot::Before),
            (None, None, Some(css)) => selectors(&css, report).map(Spot::After),
            _ => {
                report.error_here("a note has one place").help("keep one of `at`, `before` and `after`");
                None
            }
        };
        let note = Note { html: html?, spot: spot? };
        (report.count() == before).then_some(note)
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Note {
    html: Template,
    spot: Spot,
}

impl Note {
    fn put(&self, fragment: &mut Fragment, html: &str) {
        match &self.spot {
            Spot::Start => fragment.prepend(html),
            Spot::End => fragment.append(html),
            Spot::Before(css) => {
                if let Some(start) = fragment.select(css).first() {
                    fragment.insert_before(*start, html);
                }
            }
            Spot::After(css) => {
                if let Some(start) = fragment.select(css).first() {
                    fragment.insert_after(fragment.element_end(*start).saturating_sub(1), html);
                }
            }
        }
    }
}

impl Rule for Note {
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        self.html.prepare(feed);
        let mut troubles = Troubles::new("note");
        for (index, item) in feed.items().into_iter().enumerate() {
            match self.html.make(&Look { feed, place: item, position: index + 1, cx }) {
                Ok(Some(html)) => {
                    for slot in feed.field(item, Field::Content).iter().filter(|slot| slot.kind == Kind::Html) {
                        self.put(feed.fragment(slot), &html);
                    }
                }
                Ok(None) => {}
                Err(trouble) => troubles.add(trouble)?,
            }
        }
        troubles.note(feed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    #[test]
    fn a_note_stands_where_it_was_put() {
        let html = "<h2>a</h2><p>b</p><p>c</p>";
        for (rule, noted) in [
            ("'<hr>'", "<hr><h2>a</h2><p>b</p><p>c</p>"),
            ("{ html = '<hr>', at = 'end' }", "<h2>a</h2><p>b</p><p>c</p><hr>"),
            ("{ html = '<hr>', before = 'p' }", "<h2>a</h2><hr><p>b</p><p>c</p>"),
            ("{ html = '{{ link }}', after = 'p' }", "<h2>a</h2><p>b</p>https://site.example/1<p>c</p>"),
            ("{ html = 'x', after = 'table' }", html),
        ] {
            assert_eq!(after(&format!("[{{ note = {rule} }}]"), html), noted);
        }
    }

    #[test]
    fn what_is_put_there_is_html_to_the_next_rule() {
        assert_eq!(after("[{ note = '<p class=x>n</p>' }, { remove = '.x' }]", "<p>a</p>"), "<p>a</p>");
        let images = "[{ note = '<img src=\"https://a.example/b.png\">' }, { images = 'https://p.example/' }]";
        assert_eq!(after(images, "c"), "<img src=\"https://p.example/https://a.example/b.png\">c");
    }

    #[test]
    fn a_note_has_one_place_and_a_template_that_works() {
        assert_eq!(problems("[{ note = { html = 'x', at = 'end', before = 'p' } }]"), ["11: a note has one place"]);
        assert_eq!(problems("[{ note = { html = '{{ titel }}', before = 'p..' } }]").len(), 2);
    }
}
