//! The namespace prefixes in force at an element, and which one a new element takes: the feed's own where it has one for
//! that namespace, else the usual one, declared once on the root.

use super::Feed;
use super::attributes::Attributes;
use super::codec::{Coding, decode};
use super::names::{Ns, namespace};
use super::tree::NodeId;

/// The usual prefix of a namespace that new elements may be of, and its name.
fn usual(ns: Ns) -> Option<(&'static str, &'static str)> {
    Some(match ns {
        Ns::Atom10 => ("atom", "http://www.w3.org/2005/Atom"),
        Ns::Content => ("content", "http://purl.org/rss/1.0/modules/content/"),
        Ns::Dc => ("dc", "http://purl.org/dc/elements/1.1/"),
        Ns::DcTerms => ("dcterms", "http://purl.org/dc/terms/"),
        Ns::History => ("fh", "http://purl.org/syndication/history/1.0"),
        Ns::Media => ("media", "http://search.yahoo.com/mrss/"),
        _ => return None,
    })
}

/// The prefix of a new element.
pub(super) struct Prefix {
    /// Empty, or with its colon.
    pub name: String,
    /// A declaration for the element itself, where the usual prefix means something else here.
    pub declaration: String,
}

impl Feed {
    /// Prefixes and the names of their namespaces, innermost first; an inner one hides an outer one of the same prefix.
    pub(super) fn bindings(&self, node: NodeId) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut add = |prefix: &str, name: String| {
            if found.iter().all(|(known, _)| known != prefix) {
                found.push((prefix.to_owned(), name));
            }
        };
        let mut next = Some(node);
        while let Some(id) = next {
            for attribute in
                Attributes::of(&self.source, self.document.tree.node(id).start_tag()).filter_map(Result::ok)
            {
                let prefix = match &self.source[attribute.name.clone()] {
                    "xmlns" => "",
                    name => match name.strip_prefix("xmlns:") {
                        Some(prefix) => prefix,
                        None => continue,
                    },
                };
                add(prefix, decode(&self.source[attribute.value], Coding::Attribute('"')).into_owned());
            }
            next = self.document.tree.parent(id);
        }
        for ns in &self.growth.declared {
            if let Some((prefix, name)) = usual(*ns) {
                add(prefix, name.to_owned());
            }
        }
        found
    }

    /// The prefix for a new element of `ns` inside `node`; declares it on the root where nothing speaks against it.
    pub(super) fn prefix(&mut self, node: NodeId, ns: Ns) -> Option<Prefix> {
        let bindings = self.bindings(node);
        if let Some((prefix, _)) = bindings.iter().find(|(prefix, name)| !prefix.is_empty() && namespace(name) == ns) {
            return Some(Prefix { name: format!("{prefix}:"), declaration: String::new() });
        }
        let (prefix, name) = usual(ns)?;
        let declaration = format!(" xmlns:{prefix}=\"{name}\"");
        let name = format!("{prefix}:");
        if bindings.iter().any(|(bound, _)| bound == prefix) {
            return Some(Prefix { name, declaration });
        }
        let root = self.document.tree.node(0);
        let at = root.start_tag().start + 1 + self.tag_name(0).len();
        let span = self.scratch(&declaration)?;
        self.growth.attributes.push((at, span));
        self.growth.declared.push(ns);
        Some(Prefix { name, declaration: String::new() })
    }

    /// The name of an element as its tag has it, prefix included.
    pub(super) fn tag_name(&self, node: NodeId) -> &str {
        let tag = self.source.get(self.document.tree.node(node).start_tag()).unwrap_or("");
        tag.get(1..)
            .and_then(|rest| rest.split(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).next())
            .unwrap_or("")
    }

    /// The prefix of an element with its colon, or nothing.
    pub(super) fn own_prefix(&self, node: NodeId) -> String {
        self.tag_name(node).split_once(':').map_or_else(String::new, |(prefix, _)| format!("{prefix}:"))
    }
}
