//! Writing the feed: the source is copied, the edits stand in their places, items that were dropped are gone with their own white
//! space (and, in RSS 1.0, their `rdf:li`), items that were sorted change places.

use super::attributes::{Attributes, is_space};
use super::codec::{Coding, Splice, decode, difference, encode, splice};
use super::item::Edit;
use super::tree::{self, NodeId};
use super::{Feed, Ns};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// What stands at a span of the source in the output.
enum Change<'a> {
    /// Nothing.
    Removed,
    /// What stands at another span.
    Moved(Range<usize>),
    /// An edited value.
    Value(&'a Edit),
}

/// The changes, by the start of their span; of two that overlap the outer one counts.
type Changes<'a> = Vec<(Range<usize>, Change<'a>)>;

impl Feed {
    /// The document as the rules left it: the source itself where they changed nothing.
    pub fn emit(&self) -> Cow<'_, str> {
        let mut changes = self.structure();
        changes.extend(
            self.edits
                .values()
                .filter(|edit| self.is_changed(edit))
                .map(|edit| (edit.slot.span(), Change::Value(edit))),
        );
        if changes.is_empty() {
            return Cow::Borrowed(&self.source);
        }
        changes.sort_by_key(|(span, change)| (span.start, matches!(change, Change::Value(_))));
        let mut out = String::with_capacity(self.source.len() + self.source.len() / 8);
        self.write(&mut out, &changes, 0..self.source.len(), 0);
        Cow::Owned(out)
    }

    /// As [`Feed::emit`], without a copy where nothing changed.
    pub fn into_string(self) -> String {
        match self.emit() {
            Cow::Owned(text) => text,
            Cow::Borrowed(_) => self.source,
        }
    }

    fn is_changed(&self, edit: &Edit) -> bool {
        match (&edit.value, &edit.html) {
            (None, Some(fragment)) => fragment.is_edited(),
            (None, None) => false,
            (Some(_), _) => *self.value(&edit.slot) != *self.original(&edit.slot),
        }
    }

    /// Copies `span` with the changes from index `from` on that lie in it.
    fn write(&self, out: &mut String, changes: &Changes<'_>, span: Range<usize>, from: usize) {
        let mut at = span.start;
        for (place, change) in changes.iter().skip(from).take_while(|(place, _)| place.start < span.end) {
            if place.start < at {
                continue;
            }
            out.push_str(&self.source[at..place.start]);
            match change {
                Change::Removed => {}
                // Inside what moves here, its own edits; what moves away from there is not followed.
                Change::Moved(source) => {
                    let inside = changes.partition_point(|(place, _)| place.start <= source.start);
                    self.write(out, changes, source.clone(), inside);
                }
                Change::Value(edit) => self.write_value(out, edit),
            }
            at = place.end;
        }
        out.push_str(self.source.get(at..span.end).unwrap_or(""));
    }

    fn write_value(&self, out: &mut String, edit: &Edit) {
        let slot = &edit.slot;
        let raw = &self.source[slot.span()];
        match (&edit.value, &edit.html) {
            (None, Some(fragment)) if slot.coding != Coding::Empty => {
                let edits = fragment.edits();
                let splices: Vec<_> =
                    edits.iter().map(|edit| Splice { range: edit.range.clone(), with: &edit.with }).collect();
                splice(out, raw, slot.coding, &splices);
            }
            _ => {
                let value = self.value(slot);
                if slot.coding == Coding::Empty {
                    self.write_empty(out, slot.node, &value);
                } else if let Some(change) = difference(&self.original(slot), &value) {
                    splice(out, raw, slot.coding, &[change]);
                }
            }
        }
    }

    /// `/>` becomes `>value</name>`.
    fn write_empty(&self, out: &mut String, node: NodeId, value: &str) {
        let tag = &self.source[self.document.tree.node(node).start_tag()];
        let name = tag[1..].split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or("");
        out.push('>');
        encode(out, value, Coding::Text, false);
        out.extend(["</", name, ">"]);
    }

    /// Items removed and moved.
    fn structure(&self) -> Changes<'_> {
        if self.order.len() == self.items.len() && self.order.is_sorted() {
            return Vec::new();
        }
        let mut is_kept = vec![false; self.items.len()];
        for item in &self.order {
            if let Some(kept) = is_kept.get_mut(*item as usize) {
                *kept = true;
            }
        }
        let removed = self.items.iter().zip(&is_kept).filter(|(_, kept)| !**kept).map(|(item, _)| *item);
        let mut changes =
            if self.format.is_json() { self.removed_elements(&is_kept) } else { self.removed_nodes(removed.clone()) };
        let nodes: Vec<NodeId> = self.order.iter().map(|item| self.items[*item as usize]).collect();
        self.permute(&nodes, &mut changes);
        if self.document.tree.node(0).ns == Ns::Rdf {
            let listed = self.listed();
            let of = |item: NodeId| listed.get(&self.about(item)?).copied();
            // Items of one address share an entry: it goes with the last of them.
            let mut kept = HashSet::new();
            let entries: Vec<NodeId> =
                nodes.iter().filter_map(|item| of(*item)).filter(|entry| kept.insert(*entry)).collect();
            changes.extend(self.removed_nodes(removed.filter_map(of).filter(|entry| !kept.contains(entry))));
            // The list is in the feed's own order until a rule orders the items.
            if !self.order.is_sorted() {
                self.permute(&entries, &mut changes);
            }
        }
        changes
    }

    /// Nodes, which now stand in the order given, take the places that they hold together.
    fn permute(&self, nodes: &[NodeId], changes: &mut Changes<'_>) {
        let mut places = nodes.to_vec();
        places.sort_unstable();
        let span = |id: NodeId| self.document.tree.node(id).span();
        let moved = places.iter().zip(nodes).filter(|(place, node)| place != node);
        changes.extend(moved.map(|(place, node)| (span(*place), Change::Moved(span(*node)))));
    }

    /// Elements with the white space before them.
    fn removed_nodes(&self, nodes: impl Iterator<Item = NodeId>) -> Changes<'static> {
        let bytes = self.source.as_bytes();
        nodes
            .map(|id| {
                let span = self.document.tree.node(id).span();
                let space = bytes[..span.start].iter().rev().take_while(|byte| is_space(**byte)).count();
                (span.start - space..span.end, Change::Removed)
            })
            .collect()
    }

    /// Array elements with one of the commas beside them.
    fn removed_elements(&self, is_kept: &[bool]) -> Changes<'static> {
        let span = |index: usize| self.items.get(index).map(|id| self.document.tree.node(*id).span());
        let mut changes = Vec::new();
        let mut index = 0;
        while index < is_kept.len() {
            let run = is_kept[index..].iter().take_while(|kept| !**kept).count();
            let (first, last, after) = (span(index), span((index + run).saturating_sub(1)), span(index + run));
            if let (true, Some(first), Some(last)) = (run > 0, first, last) {
                let before = index.checked_sub(1).and_then(span);
                changes.push(match (before, after) {
                    (Some(before), _) => (before.end..last.end, Change::Removed),
                    (None, Some(after)) => (first.start..after.start, Change::Removed),
                    (None, None) => (first.start..last.end, Change::Removed),
                });
            }
            index += run + 1;
        }
        changes
    }

    /// RSS 1.0: the `rdf:li` of each `rdf:resource` in the channel's `items`.
    fn listed(&self) -> HashMap<String, NodeId> {
        let tree = &self.document.tree;
        let named = |id: &NodeId, name: &str| tree.node(*id).name(&self.source) == name;
        let items = tree.children(self.head).filter(|id| named(id, "items"));
        let lists =
            items.flat_map(|id| tree.children(id)).flat_map(|id| tree.children(id)).filter(|id| named(id, "li"));
        let mut listed = HashMap::new();
        for li in lists {
            if let Some(resource) = self.attribute(li, "resource") {
                listed.entry(resource).or_insert(li);
            }
        }
        listed
    }

    fn about(&self, item: NodeId) -> Option<String> {
        self.attribute(item, "about")
    }

    /// The value of an attribute by its local name.
    pub(super) fn attribute(&self, id: NodeId, local: &str) -> Option<String> {
        let node = self.document.tree.node(id);
        if !matches!(node.kind, tree::Kind::Element | tree::Kind::EmptyElement) {
            return None;
        }
        let found = Attributes::of(&self.source, node.start_tag()).filter_map(Result::ok).find(|attribute| {
            let name = &self.source[attribute.name.clone()];
            name.rsplit(':').next() == Some(local)
        })?;
        Some(decode(&self.source[found.value], Coding::Attribute('"')).into_owned())
    }
}
