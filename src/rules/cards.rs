//! Turn the link cards of publishing systems into plain links.
//!
//! ## What it does
//! A card (a box with the title, summary, icon and picture of another page) becomes one paragraph: a link with the page's title, and who
//! published it. Known are Ghost's bookmarks and WordPress's and Substack's embedded posts, and Zhihu's link cards.
//!
//! ## When to use
//! Without the site's own styles a card is a heap of loose pictures and texts.
//!
//! ## Example
//! ```toml
//! rules = [{ cards = true }]
//! ```
//!
//! ## Order
//! Before `remove` and `sanitize`, which take away the classes by which cards are known; before `images`, which then has fewer.
//!
//! ## Cost
//! A few look-ups by class for each item.

use serde::Deserialize;

use super::{Build, Context, Rule, RuleError, fragments};
use crate::config::Report;
use crate::feed::Feed;
use crate::html::{Fragment, Selectors, escape};

/// Settings of `cards`: none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// One system's card: the whole, and in it the link, the title, the publisher.
const KNOWN: &[[&str; 4]] = &[
    [
        ".kg-card:has(a.kg-bookmark-container)",
        "a.kg-bookmark-container",
        ".kg-bookmark-title",
        ".kg-bookmark-author, .kg-bookmark-publisher",
    ],
    ["blockquote.wp-embedded-content", "a[href]", "a[href]", ".wp-embed-site-title"],
    [".embedded-post-wrap", "a[href]", ".embedded-post-title", ".embedded-post-publication-name"],
    ["a.LinkCard", "a.LinkCard", ".LinkCard-title", ".LinkCard-meta"],
];

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Cards;

    fn build(self, _: &mut Report) -> Option<Cards> {
        let card = |[whole, link, title, publisher]: &[&str; 4]| {
            let parse = |text: &str| Selectors::parse(text).ok();
            Some(Card { whole: parse(whole)?, link: parse(link)?, title: parse(title)?, publisher: parse(publisher)? })
        };
        Some(Cards(KNOWN.iter().map(card).collect::<Option<_>>()?))
    }
}

#[derive(Debug)]
struct Card {
    whole: Selectors,
    link: Selectors,
    title: Selectors,
    publisher: Selectors,
}

/// The compiled rule.
#[derive(Debug)]
pub struct Cards(Vec<Card>);

impl Card {
    fn edit(&self, fragment: &mut Fragment) {
        let cards = fragment.select_outermost(&self.whole);
        if cards.is_empty() {
            return;
        }
        let [links, titles, publishers] = [&self.link, &self.title, &self.publisher].map(|part| fragment.select(part));
        for card in cards {
            let end = fragment.element_end(card);
            let inside =
                |found: &[usize]| found.get(found.partition_point(|it| *it < card)).copied().filter(|it| *it < end);
            let said = |found: &[usize]| {
                let text = inside(found).map(|it| fragment.plain_text_of(it..fragment.element_end(it)));
                text.unwrap_or_default()
            };
            let href = inside(&links).and_then(|link| fragment.attr(link, "href")).unwrap_or_default();
            let (title, publisher) = (said(&titles), said(&publishers));
            if href.trim().is_empty() || title.is_empty() {
                continue;
            }
            let mut html = format!("<p><a href=\"{}\">{}</a>", escape(href.trim()), escape(&title));
            if !publisher.is_empty() && !title.ends_with(&publisher) {
                html.extend([" – ", &escape(&publisher)]);
            }
            html.push_str("</p>");
            fragment.replace_element(card, &html);
        }
    }
}

impl Rule for Cards {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        fragments::for_each(feed, items, |fragment| self.0.iter().for_each(|card| card.edit(fragment)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::after;

    #[test]
    fn a_card_becomes_a_link() {
        let ghost = "<p>a</p><figure class=\"kg-card kg-bookmark-card\"><a class=kg-bookmark-container href='https://b.example/?a&amp;b'>\
                     <div class=kg-bookmark-title>港口 &amp; 潮</div><div>summary</div><span class=kg-bookmark-author>乙</span><img src=x></a></figure>b";
        let expected = "<p>a</p><p><a href=\"https://b.example/?a&amp;b\">港口 &amp; 潮</a> – 乙</p>b";
        assert_eq!(after("[{ cards = true }]", ghost), expected);
        let zhihu = "<a class=LinkCard href=https://c.example/><span class=LinkCard-title>丙</span></a>";
        assert_eq!(after("[{ cards = true }]", zhihu), "<p><a href=\"https://c.example/\">丙</a></p>");
        let other = "<figure class=kg-card><img src=x></figure>";
        assert_eq!(after("[{ cards = true }]", other), other);
    }
}
