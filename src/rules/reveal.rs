//! Show in the text what only a mouse, or a mail program, would see.
//!
//! ## What it does
//! Two parts, both on unless `false`: `titles` writes the `title` of a picture under it in small print, unless its figure says the same;
//! `subjects` writes the subject of a `mailto:` link after its text, in brackets.
//!
//! ## When to use
//! Comics and photographs whose point stands in the tooltip; newsletters that want an answer with a certain subject.
//!
//! ## Example
//! ```toml
//! rules = [{ reveal = true }]
//! ```
//! ```toml
//! rules = [{ reveal = { subjects = false } }]
//! ```
//!
//! ## Order
//! Before `opencc` and `highlight`, which then see the text.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it.

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError, fragments};
use crate::base::text::fold_space;
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Kind, Selectors, escape};

/// Settings of `reveal`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "yes")]
    titles: bool,
    #[serde(default = "yes")]
    subjects: bool,
}

fn yes() -> bool {
    true
}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Reveal;

    fn build(self, report: &mut Report) -> Option<Reveal> {
        if !(self.titles || self.subjects) {
            report.error_here("every part is off").help("leave the rule out");
            return None;
        }
        let titles = if self.titles { Some(Selectors::parse("img[title]").ok()?) } else { None };
        let subjects = if self.subjects { Some(Selectors::parse("a[href^='mailto:' i]").ok()?) } else { None };
        Some(Reveal { titles, subjects, figures: Selectors::parse("figure:has(figcaption)").ok()? })
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Reveal {
    titles: Option<Selectors>,
    subjects: Option<Selectors>,
    figures: Selectors,
}

impl Reveal {
    fn edit(&self, fragment: &mut Fragment) {
        if let Some(titles) = &self.titles {
            self.titles(fragment, titles);
        }
        let links = self.subjects.as_ref().map(|subjects| fragment.select(subjects)).unwrap_or_default();
        for start in links {
            let end = fragment.element_end(start).saturating_sub(1);
            let url = fragment.attr(start, "href").and_then(|href| Url::parse(href.trim()).ok());
            let subject = url.and_then(|url| {
                url.query_pairs()
                    .find(|(name, _)| name.eq_ignore_ascii_case("subject"))
                    .map(|(_, value)| value.into_owned())
            });
            if let Some(subject) =
                subject.filter(|subject| !subject.trim().is_empty() && fragment.kind(end) == Kind::End)
            {
                fragment.insert_before(end, &format!(" [{}]", escape(&fold_space(&subject))));
            }
        }
    }

    fn titles(&self, fragment: &mut Fragment, titles: &Selectors) {
        let pictures = fragment.select(titles);
        let mut figures = if pictures.is_empty() { Vec::new() } else { fragment.select_outermost(&self.figures) }
            .into_iter()
            .peekable();
        // The caption of the figure that is being walked through, and where it ends.
        let mut caption = (String::new(), 0);
        for picture in pictures {
            while let Some(figure) = figures.next_if(|figure| *figure < picture) {
                let end = fragment.element_end(figure);
                caption = (fragment.plain_text_of(figure..end), end);
            }
            let title = fold_space(&fragment.attr(picture, "title").unwrap_or_default());
            let is_said = picture < caption.1 && caption.0.contains(&title);
            if !title.is_empty() && !is_said {
                fragment.insert_after(picture, &format!("<br><small>{}</small>", escape(&title)));
            }
        }
    }
}

impl Rule for Reveal {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        fragments::for_each(feed, items, |fragment| self.edit(fragment));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::after;

    #[test]
    fn titles_and_subjects_are_written_out() {
        for (html, out) in [
            (
                "<img src=a title='所以 &lt;b&gt;'>x",
                "<img src=a title='所以 &lt;b&gt;'><br><small>所以 &lt;b&gt;</small>x",
            ),
            (
                "<figure><img title=甲><figcaption>圖甲</figcaption></figure>",
                "<figure><img title=甲><figcaption>圖甲</figcaption></figure>",
            ),
            ("<img title=''>", "<img title=''>"),
            (
                "<a href='mailto:a@b.example?cc=c&amp;Subject=Re%3A%20x'>write</a>",
                "<a href='mailto:a@b.example?cc=c&amp;Subject=Re%3A%20x'>write [Re: x]</a>",
            ),
            ("<a href='mailto:a@b.example'>write</a>", "<a href='mailto:a@b.example'>write</a>"),
        ] {
            assert_eq!(after("[{ reveal = true }]", html), out);
        }
    }
}
