//! Writing the feed: the source is copied, the edits stand in their places, items that were dropped are gone with their own white
//! space (and, in RSS 1.0, their `rdf:li`), items that were sorted change places.

use super::attributes::{Attributes, space_before};
use super::codec::{Coding, Splice, decode, difference, encode, splice};
use super::item::Edit;
use super::tree::{self, NodeId};
use super::{Feed, Ns};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// What stands at a span of the source in the output.
enum Change<'a> {
    /// Nothing.
    Removed,
    /// What stands at another span.
    Moved(Range<usize>),
    /// An edited value.
    Value(&'a Edit),
    /// New text.
    Text(String),
}

/// The changes, by the start of their span; of two that overlap the outer one counts.
type Changes<'a> = Vec<(Range<usize>, Change<'a>)>;

impl Feed {
    /// The document as the rules left it: the source itself where they changed nothing.
    pub fn emit(&self) -> Cow<'_, str> {
        let changes = self.changes();
        if changes.is_empty() {
            return Cow::Borrowed(&self.source[..self.origin]);
        }
        let mut out = String::with_capacity(self.source.len() + self.source.len() / 8);
        self.write(&mut out, &changes, 0..self.origin, 0);
        Cow::Owned(out)
    }

    /// All changes, in the order of their places.
    fn changes(&self) -> Changes<'_> {
        let mut changes = self.structure();
        let edits = self.edits.values().filter(|edit| self.is_changed(edit));
        changes.extend(edits.map(|edit| (edit.slot.span(), Change::Value(edit))));
        // What is inserted at a place stands before what becomes of the place.
        changes.sort_by_key(|(span, change)| (span.start, !span.is_empty(), matches!(change, Change::Value(_))));
        changes
    }

    /// The source of some elements or values as the rules left them, dropped ones too.
    pub(super) fn emit_nodes(&self, nodes: &[NodeId]) -> Vec<String> {
        let changes = self.changes();
        let emit = |id: &NodeId| {
            let span = self.document.tree.node(*id).span();
            let mut out = String::with_capacity(span.len());
            let inside = changes.partition_point(|(place, _)| place.start <= span.start);
            self.write(&mut out, &changes, span, inside);
            out
        };
        nodes.iter().map(emit).collect()
    }

    /// As [`Feed::emit`], without a copy where nothing changed.
    pub fn into_string(mut self) -> String {
        if let Cow::Owned(text) = self.emit() {
            return text;
        }
        self.source.truncate(self.origin);
        self.source
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
                Change::Text(text) => out.push_str(text),
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
        out.push('>');
        encode(out, value, Coding::Text, false);
        out.extend(["</", self.tag_name(node), ">"]);
    }

    /// Items removed and moved, and what else was added and removed.
    fn structure(&self) -> Changes<'_> {
        let mut changes = self.grown();
        let is_whole = self.order.len() == self.items.len();
        if is_whole && self.order.is_sorted() {
            return changes;
        }
        let kept: HashSet<u32> = self.order.iter().copied().collect();
        let removed: Vec<NodeId> =
            (0..).zip(&self.items).filter(|(item, _)| !kept.contains(item)).map(|(_, id)| *id).collect();
        match self.items.first().and_then(|item| self.document.tree.parent(*item)) {
            Some(array) if self.format.is_json() => {
                let removed: HashSet<NodeId> = removed.iter().copied().collect();
                self.sequence(array, &|id| removed.contains(&id), &mut changes);
            }
            _ => changes.extend(self.removed_nodes(removed.iter().copied())),
        }
        let nodes: Vec<NodeId> = self.order.iter().map(|item| self.items[*item as usize]).collect();
        self.permute(&nodes, &mut changes);
        if self.document.tree.node(0).ns == Ns::Rdf {
            let listed = self.listed();
            let of = |item: NodeId| listed.get(&self.about(item)?).copied();
            // Items of one address share an entry: it goes with the last of them.
            let mut kept = HashSet::new();
            let entries: Vec<NodeId> =
                nodes.iter().filter_map(|item| of(*item)).filter(|entry| kept.insert(*entry)).collect();
            let left = removed.into_iter().filter_map(of).filter(|entry| !kept.contains(entry));
            changes.extend(self.removed_nodes(left));
            // The list is in the feed's own order until a rule orders the items.
            if !self.order.is_sorted() {
                self.permute(&entries, &mut changes);
            }
        }
        changes
    }

    /// Attributes, elements, members and array elements that were added or removed.
    fn grown(&self) -> Changes<'_> {
        let growth = &self.growth;
        let mut changes: Changes<'_> =
            growth.attributes.iter().map(|(at, text)| (*at..*at, Change::Moved(text.clone()))).collect();
        changes.extend(growth.gone_attributes.iter().map(|span| (span.clone(), Change::Removed)));
        let tree = &self.document.tree;
        if self.format.is_json() {
            let parents = growth.gone.iter().filter_map(|id| tree.parent(*id));
            let changed: BTreeSet<NodeId> = parents.chain(growth.children.keys().copied()).collect();
            changed.iter().for_each(|id| self.sequence(*id, &|_| false, &mut changes));
            return changes;
        }
        changes.extend(self.removed_nodes(growth.gone.iter().copied()));
        for (container, children) in &growth.children {
            let node = tree.node(*container);
            let is_empty = node.kind == tree::Kind::EmptyElement;
            let open = if is_empty { node.span().end.saturating_sub(2) } else { node.inner().start };
            let mut left = children.iter().filter(|child| !growth.gone.contains(&child.node)).peekable();
            if is_empty && left.peek().is_some() {
                // `/>` becomes `>`, the children, `</name>`.
                changes.push((open..open, Change::Text(">".to_owned())));
                changes.push((open..open + 2, Change::Text(format!("</{}>", self.tag_name(*container)))));
            }
            for child in left {
                let at = child.after.map_or(open, |id| tree.node(id).span().end);
                changes.push((at..at, Change::Moved(child.text.clone())));
            }
        }
        changes
    }

    /// The members of an object or the elements of an array, some gone, some new, with the commas between them.
    fn sequence<'a>(&'a self, container: NodeId, is_out: &dyn Fn(NodeId) -> bool, changes: &mut Changes<'a>) {
        let (tree, growth) = (&self.document.tree, &self.growth);
        let is_gone = |id: NodeId| growth.gone.contains(&id) || is_out(id);
        let children = growth.children.get(&container).map_or(&[][..], Vec::as_slice);
        let new = |after: Option<NodeId>| {
            children.iter().filter(move |child| child.after == after && !growth.gone.contains(&child.node))
        };
        let span = |id: NodeId| tree.node(id).whole();
        // Whether something stands before, and where the last original before ends.
        let (mut has_before, mut end) = (false, tree.node(container).inner().start);
        let insert = |after: Option<NodeId>, at: usize, has_before: &mut bool, changes: &mut Changes<'a>| {
            for child in new(after) {
                if std::mem::replace(has_before, true) {
                    changes.push((at..at, Change::Text(",".to_owned())));
                }
                changes.push((at..at, Change::Moved(child.text.clone())));
            }
        };
        insert(None, end, &mut has_before, changes);
        let originals: Vec<NodeId> = self.original_children(container).collect();
        let mut at = 0;
        while let Some(first) = originals.get(at).copied() {
            if !is_gone(first) {
                (has_before, end) = (true, span(first).end);
                insert(Some(first), end, &mut has_before, changes);
                at += 1;
                continue;
            }
            // A run of those that are gone, as far as the next that stays or the next place where something is new.
            let mut last = first;
            while new(Some(last)).next().is_none() {
                match originals.get(at + 1).filter(|next| is_gone(**next)) {
                    Some(next) => (at, last) = (at + 1, *next),
                    None => break,
                }
            }
            let follows = originals.get(at + 1).filter(|_| new(Some(last)).next().is_none());
            let removed = match (has_before, follows) {
                (true, _) => end..span(last).end,
                (false, Some(next)) => span(first).start..span(*next).start,
                (false, None) => span(first).start..span(last).end,
            };
            changes.push((removed, Change::Removed));
            end = span(last).end;
            insert(Some(last), end, &mut has_before, changes);
            at += 1;
        }
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
        nodes
            .map(|id| {
                let span = self.document.tree.node(id).span();
                let space = space_before(&self.source, span.start).len();
                (span.start - space..span.end, Change::Removed)
            })
            .collect()
    }

    /// RSS 1.0: the `rdf:li` of each `rdf:resource` in the channel's `items`.
    pub(super) fn listed(&self) -> HashMap<String, NodeId> {
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

    pub(super) fn about(&self, item: NodeId) -> Option<String> {
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
