//! What the rules on HTML share: which values of a feed are HTML to work on, and CSS selectors in settings.

use serde::Deserialize;
use serde::de::Deserializer;
use toml::Spanned;

use super::pattern::Patterns;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Place, Slot};
use crate::html::{Fragment, Selectors};

/// True of HTML that a reader shows as a text with markup. A title is none: what looks like a tag there speaks of tags.
pub(super) fn is_body(slot: &Slot) -> bool {
    slot.kind == Kind::Html && slot.field != Field::Title
}

/// Gives `edit` the HTML of each of `places` that may hold a tag.
pub(super) fn for_each(feed: &mut Feed, places: Vec<Place>, mut edit: impl FnMut(&mut Fragment)) {
    for place in places {
        for slot in feed.slots(place).filter(is_body) {
            if feed.may_have_tags(&slot) {
                edit(feed.fragment(&slot));
            }
        }
    }
}

/// Gives `edit` the HTML of each of `places`, also what holds no tag.
pub(super) fn for_each_text(feed: &mut Feed, places: Vec<Place>, mut edit: impl FnMut(&mut Fragment)) {
    for place in places {
        for slot in feed.slots(place).filter(is_body) {
            edit(feed.fragment(&slot));
        }
    }
}

/// A selector, or a list of them, as written.
#[derive(Debug)]
pub(super) struct Css(Patterns);

impl<'de> Deserialize<'de> for Css {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Css, D::Error> {
        Patterns::deserialize(from).map(Css)
    }
}

impl Css {
    /// Compiles all of them, or reports each that cannot be, under its caret.
    pub(super) fn compile(&self, report: &mut Report) -> Option<Selectors> {
        if self.0.list.is_empty() {
            report.error(self.0.span.clone(), "an empty list finds nothing").help("leave it out");
            return None;
        }
        let mut all: Option<Selectors> = None;
        let before = report.count();
        for text in &self.0.list {
            match (selectors(text, report), &mut all) {
                (Some(selectors), Some(all)) => all.extend(selectors),
                (found, all) => *all = found,
            }
        }
        all.filter(|_| report.count() == before)
    }
}

/// Compiles one text, or reports why it cannot be.
pub(super) fn selectors(text: &Spanned<String>, report: &mut Report) -> Option<Selectors> {
    match Selectors::parse(text.get_ref()) {
        Ok(selectors) => Some(selectors),
        Err(error) => {
            let next = text.get_ref().get(error.at..).and_then(|rest| rest.chars().next());
            let span = report.within(text, error.at..error.at + next.map_or(0, char::len_utf8));
            let problem = report.error(span, format!("bad selector: {}", error.message));
            if let Some(help) = error.help {
                problem.help(help);
            }
            None
        }
    }
}

/// One feed of one item with this HTML as its content, after the rules: what unit tests of rules compare.
#[cfg(test)]
pub(super) fn after(rules: &str, html: &str) -> String {
    use super::{BuildContext, Chain, Context};
    use crate::base::clock::Time;
    use crate::config::RuleList;
    let list = RuleList::parse("test", rules).unwrap();
    let chain = Chain::build(&list, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let json = serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1", "title": "t", "home_page_url": "https://site.example/",
        "items": [{ "id": "1", "url": "https://site.example/1", "content_html": html }],
    });
    let mut feed = Feed::read(json.to_string().as_bytes(), None, None).unwrap();
    chain.apply(&mut feed, &Context::new(Time::from_secs(0), None)).unwrap();
    let out: serde_json::Value = serde_json::from_str(&feed.into_string()).unwrap();
    out["items"][0]["content_html"].as_str().unwrap().to_owned()
}

/// The problems of rules that cannot work, each with its column.
#[cfg(test)]
pub(super) fn problems(rules: &str) -> Vec<String> {
    use super::{BuildContext, Chain};
    use crate::config::RuleList;
    let list = RuleList::parse("test", rules).unwrap();
    let problems = Chain::build(&list, &BuildContext::default()).unwrap_err();
    problems.iter().map(|problem| format!("{}: {}", problem.position().1, problem.message)).collect()
}
