//! What a recipe takes from a page: elements by CSS, and of them their text or an attribute: `figure img @src`.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Deserializer;
use toml::Spanned;

use super::fragments::selectors;
use super::pattern::Patterns;
use crate::config::Report;
use crate::html::{Fragment, Kind, Selectors};

/// One pick or a list of them, as written.
#[derive(Debug)]
pub(in crate::rules) struct Written(Patterns);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Written, D::Error> {
        Patterns::deserialize(from).map(Written)
    }
}

/// Picks in the order in which they are tried.
#[derive(Debug, Default)]
pub(in crate::rules) struct Picks(Vec<Pick>);

#[derive(Debug)]
struct Pick {
    elements: Selectors,
    attribute: Option<String>,
}

impl Written {
    /// Compiles all of them, or reports each that cannot be.
    pub fn compile(&self, report: &mut Report) -> Option<Picks> {
        if self.0.list.is_empty() {
            report.error(self.0.span.clone(), "an empty list finds nothing").help("leave it out");
            return None;
        }
        let picks: Vec<Option<Pick>> = self.0.list.iter().map(|text| compile(text, report)).collect();
        picks.into_iter().collect::<Option<Vec<Pick>>>().map(Picks)
    }
}

fn compile(text: &Spanned<String>, report: &mut Report) -> Option<Pick> {
    let (css, attribute) = match text.get_ref().rsplit_once('@') {
        Some((css, name)) if css.ends_with(' ') && is_name(name) => (css.trim_end(), Some(name.to_owned())),
        _ => (text.get_ref().as_str(), None),
    };
    let elements = selectors(&Spanned::new(text.span(), css.to_owned()), report)?;
    Some(Pick { elements, attribute })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'))
}

impl Picks {
    /// The start tags of the elements of the first pick that finds any, outermost ones only.
    pub fn elements(&self, page: &Fragment) -> Vec<usize> {
        let found = self.0.iter().map(|pick| page.select_outermost(&pick.elements));
        found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The first value that is not blank: of the attribute that the pick names, else of the first of `attributes` that is
    /// there, else the text.
    pub fn value(&self, page: &Fragment, attributes: &[&str]) -> Option<String> {
        let of = |pick: &Pick, start: usize| {
            let named = pick.attribute.as_deref();
            let given = match named {
                Some(name) => page.attr(start, name),
                None => attributes.iter().find_map(|name| page.attr(start, name)),
            };
            let text = || (named.is_none() && attributes.is_empty()).then(|| Cow::Owned(text(page, start)));
            let value = given.or_else(text)?;
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        self.0.iter().find_map(|pick| page.select(&pick.elements).into_iter().find_map(|start| of(pick, start)))
    }
}

/// What a person reads of an element.
fn text(page: &Fragment, start: usize) -> String {
    let end = page.element_end(start);
    let range = page.span(start).start..page.span(end.saturating_sub(1).max(start)).end;
    let source = page.source().get(range).unwrap_or_default();
    match page.kind(start) {
        Kind::Start { .. } => Fragment::parse(source.to_owned(), page.syntax()).plain_text(),
        _ => String::new(),
    }
}
