//! The slots of a document: each value of the field table that is really there, with the place where it stands and how it is written.
//!
//! Found once per feed, on first need. A slot stays valid for the life of its feed: edits are kept beside the source, not in it.

use super::attributes::Attributes;
use super::codec::{Coding, decode};
use super::fields::{Field, JSON, Kind, Part, Row, rows};
use super::names::Ns;
use super::tree::{self, NodeId, Tree};
use super::xml::Document;
use crate::html::Syntax;
use std::collections::BTreeSet;
use std::ops::Range;

/// What an enclosure is, as far as its type, medium or address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Something else.
    Other,
    /// Nothing says what.
    Unknown,
}

/// One value of a feed or item.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// What it means.
    pub field: Field,
    /// What it is.
    pub kind: Kind,
    /// What an [`Field::Enclosure`] holds; [`Medium::Unknown`] for other fields.
    pub medium: Medium,
    pub(super) coding: Coding,
    pub(super) node: NodeId,
    start: u32,
    end: u32,
}

impl Slot {
    /// Where the value stands in the source.
    pub(super) fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// What tells this slot from every other: no two values begin at the same place.
    pub(super) fn key(&self) -> u32 {
        self.start
    }

    /// How its HTML is to be read: inline markup must stay well-formed XML.
    pub(super) fn syntax(&self) -> Syntax {
        if self.coding == Coding::Markup { Syntax::Xhtml } else { Syntax::Html }
    }
}

/// Finds the slots of one feed.
pub(super) struct Finder<'a> {
    pub source: &'a str,
    pub document: &'a Document,
    pub root: Ns,
    /// What was removed: it holds no slots any more.
    pub gone: &'a BTreeSet<NodeId>,
    pub found: Vec<Slot>,
}

impl Finder<'_> {
    /// Adds the slots of an item, or of the feed's head: its own attributes and its children, but for `except` (the items themselves).
    pub fn place(&mut self, id: NodeId, except: impl Fn(NodeId) -> bool) {
        let tree = &self.document.tree;
        match tree.node(id).kind {
            tree::Kind::Object => self.members(id, JSON, &except),
            _ => {
                self.attribute(id, "about", Field::Id, Kind::Opaque);
                self.language(id);
                for child in tree.children(id) {
                    if !except(child) && !self.gone.contains(&child) {
                        let node = tree.node(child);
                        self.element(child, rows(node.ns, self.root));
                    }
                }
            }
        }
    }

    fn language(&mut self, id: NodeId) {
        let languages = &self.document.languages;
        let found = languages.binary_search_by_key(&id, |(owner, _)| *owner).ok().and_then(|at| languages.get(at));
        if let Some((_, span)) = found {
            self.value_of_attribute(id, span.clone(), Field::Language, Kind::Language);
        }
    }

    fn element(&mut self, id: NodeId, rows: &'static [Row]) {
        let node = self.document.tree.node(id);
        let name = node.name(self.source);
        for row in rows.iter().filter(|row| row.name == name) {
            match row.part {
                Part::Inside => self.inside(id, row.field, row.kind),
                Part::Attribute(attribute) => self.attribute(id, attribute, row.field, row.kind),
                Part::Construct => self.construct(id, row.field),
                Part::MediaText => {
                    let is_html = self.read_attribute(id, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
                    self.inside(id, row.field, if is_html { Kind::Html } else { Kind::Text });
                }
                Part::Link => self.link(id),
                Part::Term => self.term(id),
                Part::Nested => self.group(id, rows),
                Part::Group(rows) => self.group(id, rows),
            }
        }
        self.language(id);
    }

    fn group(&mut self, id: NodeId, rows: &'static [Row]) {
        let tree: &Tree = &self.document.tree;
        let ns = tree.node(id).ns;
        for child in tree.children(id).filter(|child| tree.node(*child).ns == ns && !self.gone.contains(child)) {
            self.element(child, rows);
        }
    }

    /// The members of a JSON object that the rows name; strings of arrays count each.
    fn members(&mut self, id: NodeId, rows: &'static [Row], except: &impl Fn(NodeId) -> bool) {
        let (tree, gone): (&Tree, _) = (&self.document.tree, self.gone);
        let left = |id| tree.children(id).filter(|child| !gone.contains(child));
        for child in left(id).filter(|child| !except(*child)) {
            let name = tree.node(child).name(self.source);
            let Some(row) = rows.iter().find(|row| row.name == name) else { continue };
            match (row.part, tree.node(child).kind) {
                (Part::Group(rows), tree::Kind::Object) => self.members(child, rows, except),
                (Part::Group(rows), tree::Kind::Array) => left(child).for_each(|one| self.members(one, rows, except)),
                (_, tree::Kind::Array) => left(child).for_each(|one| self.inside(one, row.field, row.kind)),
                _ => self.inside(child, row.field, row.kind),
            }
        }
    }

    fn inside(&mut self, id: NodeId, field: Field, kind: Kind) {
        let node = self.document.tree.node(id);
        let has_elements = self.document.tree.children(id).next().is_some();
        match node.kind {
            tree::Kind::Element if has_elements && kind != Kind::Html => {}
            tree::Kind::Element if has_elements || node.ns == Ns::Xhtml => {
                self.push(id, node.inner(), Coding::Markup, field, kind)
            }
            tree::Kind::Element => self.push(id, node.inner(), Coding::Text, field, kind),
            tree::Kind::EmptyElement => {
                self.push(id, node.inner().start.saturating_sub(2)..node.inner().start, Coding::Empty, field, kind)
            }
            tree::Kind::String => self.push(id, node.inner(), Coding::Json, field, kind),
            // A number as an id is read, never edited.
            tree::Kind::Scalar if field == Field::Id => self.push(id, node.inner(), Coding::Json, field, Kind::Opaque),
            tree::Kind::Scalar | tree::Kind::Object | tree::Kind::Array => {}
        }
    }

    fn push(&mut self, node: NodeId, span: Range<usize>, coding: Coding, field: Field, kind: Kind) {
        let medium = if field == Field::Enclosure { self.medium(node, &span, coding) } else { Medium::Unknown };
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        self.found.push(Slot { field, kind, medium, coding, node, start: at(span.start), end: at(span.end) });
    }

    fn attribute(&mut self, id: NodeId, name: &str, field: Field, kind: Kind) {
        if let Some(span) = self.find_attribute(id, name) {
            self.value_of_attribute(id, span, field, kind);
        }
    }

    fn value_of_attribute(&mut self, id: NodeId, span: Range<usize>, field: Field, kind: Kind) {
        let quote = self.source[..span.start].chars().next_back().unwrap_or('"');
        self.push(id, span, Coding::Attribute(quote), field, kind);
    }

    fn find_attribute(&self, id: NodeId, name: &str) -> Option<Range<usize>> {
        let node = self.document.tree.node(id);
        if !matches!(node.kind, tree::Kind::Element | tree::Kind::EmptyElement) {
            return None;
        }
        Attributes::of(self.source, node.start_tag())
            .filter_map(Result::ok)
            .find(|attribute| {
                let found = &self.source[attribute.name.clone()];
                found == name || (name == "about" && found.ends_with(":about"))
            })
            .map(|attribute| attribute.value)
    }

    fn read_attribute(&self, id: NodeId, name: &str) -> Option<String> {
        self.find_attribute(id, name).map(|span| decode(&self.source[span], Coding::Attribute('"')).trim().to_owned())
    }

    fn construct(&mut self, id: NodeId, field: Field) {
        if self.find_attribute(id, "src").is_some() {
            return;
        }
        let kind = self.read_attribute(id, "type").unwrap_or_default().to_ascii_lowercase();
        let mode = self.read_attribute(id, "mode");
        let is_markup = kind == "xhtml" || kind == "application/xhtml+xml" || mode.as_deref() == Some("xml");
        let is_html = matches!(kind.as_str(), "html" | "text/html") || mode.as_deref() == Some("escaped");
        let node = self.document.tree.node(id);
        match mode.as_deref() {
            Some("base64") => {}
            _ if is_markup && node.kind == tree::Kind::Element => {
                self.push(id, node.inner(), Coding::Markup, field, Kind::Html)
            }
            _ if is_html || self.document.tree.children(id).next().is_some() => self.inside(id, field, Kind::Html),
            _ if kind.is_empty() || kind.starts_with("text") => self.inside(id, field, Kind::Text),
            _ => {}
        }
    }

    fn link(&mut self, id: NodeId) {
        let rel = self.read_attribute(id, "rel").unwrap_or_default().to_ascii_lowercase();
        let field = match rel.as_str() {
            "" | "alternate" => Field::Link,
            "enclosure" => Field::Enclosure,
            "replies" => Field::Comments,
            "icon" | "shortcut icon" | "apple-touch-icon" | "image" | "preview" => Field::Image,
            _ => Field::Other,
        };
        self.attribute(id, "href", field, Kind::Url);
        if field == Field::Enclosure {
            self.attribute(id, "type", field, Kind::Opaque);
        }
        self.attribute(id, "title", Field::Other, Kind::Text);
    }

    fn term(&mut self, id: NodeId) {
        if self.find_attribute(id, "label").is_some() {
            self.attribute(id, "label", Field::Category, Kind::Text);
            self.attribute(id, "term", Field::Category, Kind::Opaque);
        } else {
            self.attribute(id, "term", Field::Category, Kind::Text);
        }
    }

    fn medium(&self, id: NodeId, span: &Range<usize>, coding: Coding) -> Medium {
        let declared = match coding {
            Coding::Json => self.sibling(id, "mime_type"),
            _ => self.read_attribute(id, "medium").or_else(|| self.read_attribute(id, "type")),
        };
        let declared = declared.unwrap_or_default().to_ascii_lowercase();
        match declared.split('/').next().unwrap_or("") {
            "image" => Medium::Image,
            "audio" => Medium::Audio,
            "video" => Medium::Video,
            "" => medium_of_address(&decode(&self.source[span.clone()], coding)),
            _ => Medium::Other,
        }
    }

    fn sibling(&self, id: NodeId, name: &str) -> Option<String> {
        let tree = &self.document.tree;
        let found = tree.children(tree.parent(id)?).find(|child| tree.node(*child).name(self.source) == name)?;
        Some(decode(&self.source[tree.node(found).inner()], Coding::Json).into_owned())
    }
}

/// What the file name in an address tells.
pub(super) fn medium_of_address(address: &str) -> Medium {
    let kind = crate::base::media_type::of_address(address).unwrap_or_default();
    match kind.split('/').next() {
        Some("image") => Medium::Image,
        Some("audio") => Medium::Audio,
        Some("video") => Medium::Video,
        _ => Medium::Unknown,
    }
}
