//! Elements of other namespaces, carried from one XML format into another as they stand: what is copied is well-formed, so it
//! stays so. Prefixes keep their names and their meaning; a prefix that means two things is declared where it does.

use std::collections::BTreeMap;

use super::model::{Document, Extension};
use super::xml::{Writer, escape};
use crate::feed::{Element, Ns};

/// True for an element that the model does not hold and another XML format may carry.
pub(super) fn is_extension(element: &Element<'_>) -> bool {
    let held: &[&str] = match element.ns() {
        // what no namespace protects would be an element of the target's own
        Ns::None | Ns::Rss | Ns::Rdf | Ns::Xml | Ns::Atom10 | Ns::Atom03 => return false,
        Ns::Content => &["encoded", "items"],
        Ns::Xhtml => &["body", "div"],
        Ns::Dc => &["title", "description", "creator", "date", "subject", "language"],
        Ns::DcTerms => &["issued", "created", "date", "modified"],
        _ => &[],
    };
    !held.contains(&element.name()) && element.namespace(element.prefix()).is_some()
}

impl Extension {
    /// `element` with what its prefixes mean outside of it.
    pub(super) fn of(element: &Element<'_>) -> Extension {
        let mut prefixes = Vec::new();
        collect(element, &mut prefixes);
        let outside = element.parent();
        let meaning = |prefix: &str| match (&outside, prefix) {
            (_, "xml" | "xmlns") | (None, _) => None,
            (Some(outside), "") => Some(outside.namespace("").unwrap_or_default().into_owned()),
            (Some(outside), prefix) => outside.namespace(prefix).map(|uri| uri.into_owned()),
        };
        let declared = |prefix: &str| {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            element.attribute(&name).is_some()
        };
        let namespaces = prefixes
            .into_iter()
            .filter(|prefix| !declared(prefix))
            .filter_map(|prefix| Some((prefix.to_owned(), meaning(prefix)?)))
            .collect();
        Extension { raw: element.raw().to_owned(), namespaces }
    }
}

/// The prefixes used by `element` and what is inside it, each once.
fn collect<'a>(element: &Element<'a>, into: &mut Vec<&'a str>) {
    let attributes = element.attributes().filter_map(|(name, _)| name.split_once(':')).map(|(prefix, _)| prefix);
    for prefix in std::iter::once(element.prefix()).chain(attributes) {
        if !into.contains(&prefix) {
            into.push(prefix);
        }
    }
    for child in element.children() {
        collect(&child, into);
    }
}

/// What the prefixes of a document mean at its root.
pub(super) struct Prefixes(BTreeMap<String, String>);

impl Prefixes {
    /// `own` are the writer's; of the carried ones the first meaning of a prefix is declared at the root.
    pub(super) fn of(document: &Document, own: &[(&str, &str)]) -> Prefixes {
        let mut found: BTreeMap<String, String> = own.iter().map(|(p, uri)| ((*p).into(), (*uri).into())).collect();
        let items = document.items.iter().flat_map(|item| &item.extensions);
        for (prefix, uri) in document.extensions.iter().chain(items).flat_map(|extension| &extension.namespaces) {
            if !prefix.is_empty() {
                found.entry(prefix.clone()).or_insert_with(|| uri.clone());
            }
        }
        Prefixes(found)
    }

    /// `xmlns:prefix` and its value, for the root's start tag.
    pub(super) fn declarations(&self) -> Vec<(String, &str)> {
        self.0.iter().map(|(prefix, uri)| (format!("xmlns:{prefix}"), uri.as_str())).collect()
    }

    /// Writes `extension`, with declarations of what means something else at the root; `default` is the namespace that
    /// elements without a prefix have there.
    pub(super) fn write(&self, out: &mut Writer, extension: &Extension, default: &str) {
        let differs = |(prefix, uri): &&(String, String)| match prefix.as_str() {
            "" => uri != default,
            prefix => self.0.get(prefix) != Some(uri),
        };
        let mut declarations = String::new();
        for (prefix, uri) in extension.namespaces.iter().filter(differs) {
            declarations.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            declarations.extend([prefix, "=\""]);
            escape(&mut declarations, uri, true);
            declarations.push('"');
        }
        let name_end = extension.raw.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(0);
        let (name, rest) = extension.raw.split_at(name_end);
        out.raw(&[name, &declarations, rest].concat());
    }
}
