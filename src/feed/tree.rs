//! The tree of spans: where each element of an XML feed, or each value of a JSON Feed, stands in the source. No text is copied.
//!
//! Nodes stand in one vector in document order; links between them are indexes, offsets are bytes. Built by [`super::xml`] and
//! [`super::json`], read by the field table.

use super::names::Ns;
use std::ops::Range;

/// Index of a node in its tree. The root is 0.
pub type NodeId = u32;

/// "No such node" in the links of [`Node`]: the root is nobody's child or sibling.
const NONE: NodeId = 0;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An XML element with a start and an end tag.
    Element,
    /// An XML element written as `<name/>`.
    EmptyElement,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// A JSON string; [`Node::inner`] is what stands between the quotes.
    String,
    /// A JSON number, `true`, `false` or `null`.
    Scalar,
}

/// One element or value.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// The namespace of an element; none for JSON.
    pub ns: Ns,
    name_len: u16,
    name_start: u32,
    start: u32,
    inner_start: u32,
    inner_end: u32,
    end: u32,
    parent: NodeId,
    first: NodeId,
    next: NodeId,
}

impl Node {
    /// A node that opens at `start`, with its local name (element) or key (JSON member) at `name`, and its inside from `inner_start` on.
    pub(super) fn open(kind: Kind, ns: Ns, name: Range<usize>, start: usize, inner_start: usize) -> Node {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Node {
            kind,
            ns,
            name_len: u16::try_from(name.len()).unwrap_or(0),
            name_start: at(name.start),
            start: at(start),
            inner_start: at(inner_start),
            inner_end: at(inner_start),
            end: at(inner_start),
            parent: NONE,
            first: NONE,
            next: NONE,
        }
    }

    /// From `<` of the start tag to `>` of the end tag, or the whole JSON value without its key.
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// As [`Node::span`], with the key of a JSON member.
    pub(super) fn whole(&self) -> Range<usize> {
        let is_member = !matches!(self.kind, Kind::Element | Kind::EmptyElement) && self.name_start > 0;
        let start = if is_member { self.name_start - 1 } else { self.start };
        start as usize..self.end as usize
    }

    /// Between the tags, or between a JSON string's quotes or an object's or array's brackets.
    pub fn inner(&self) -> Range<usize> {
        self.inner_start as usize..self.inner_end as usize
    }

    /// The start tag, from `<` to `>`.
    pub fn start_tag(&self) -> Range<usize> {
        self.start as usize..self.inner_start as usize
    }

    /// The local name of the element, or the key of the JSON member, as it stands in `source`.
    pub fn name<'a>(&self, source: &'a str) -> &'a str {
        let start = self.name_start as usize;
        source.get(start..start + usize::from(self.name_len)).unwrap_or("")
    }
}

/// All nodes of a document; empty only while it is being built.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    open: Vec<(NodeId, NodeId)>,
}

impl Tree {
    /// A tree with room for `nodes`.
    pub(super) fn with_capacity(nodes: usize) -> Tree {
        Tree { nodes: Vec::with_capacity(nodes), open: Vec::new() }
    }

    /// Adds a node as the last child of the innermost open one and opens it.
    pub(super) fn push(&mut self, mut node: Node) -> NodeId {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if let Some((parent, last_child)) = self.open.last_mut() {
            node.parent = *parent;
            let (link, from) = if *last_child == NONE { (true, *parent) } else { (false, *last_child) };
            *last_child = id;
            if let Some(from) = self.nodes.get_mut(from as usize) {
                if link { from.first = id } else { from.next = id }
            }
        }
        self.nodes.push(node);
        self.open.push((id, NONE));
        id
    }

    /// Closes the innermost open node: its inside ends at `inner_end`, all of it at `end`. Returns where it starts.
    pub(super) fn close(&mut self, inner_end: usize, end: usize) -> usize {
        let open = self.open.pop().and_then(|(id, _)| self.nodes.get_mut(id as usize));
        open.map_or(end, |node| {
            node.inner_end = u32::try_from(inner_end).unwrap_or(u32::MAX);
            node.end = u32::try_from(end).unwrap_or(u32::MAX);
            node.start as usize
        })
    }

    /// Copies the nodes below the root of `other` to here, as the last children of `parent`; their offsets move by `shift`.
    /// Returns the first one's id.
    pub(super) fn graft(&mut self, parent: NodeId, other: &Tree, shift: i64) -> Option<NodeId> {
        let before = u32::try_from(self.nodes.len()).ok()?.checked_sub(1)?;
        let moved_id = |id: NodeId| if id == NONE { NONE } else { before + id };
        let moved = |offset: u32| u32::try_from(i64::from(offset) + shift).unwrap_or(u32::MAX);
        let first = moved_id(other.nodes.first()?.first);
        if first == NONE {
            return None;
        }
        match self.children(parent).last() {
            Some(last) => self.nodes.get_mut(last as usize)?.next = first,
            None => self.nodes.get_mut(parent as usize)?.first = first,
        }
        self.nodes.extend(other.nodes.iter().skip(1).map(|node| Node {
            // Elements of arrays have no name.
            name_start: if node.name_start == 0 { 0 } else { moved(node.name_start) },
            start: moved(node.start),
            inner_start: moved(node.inner_start),
            inner_end: moved(node.inner_end),
            end: moved(node.end),
            parent: if node.parent == NONE { parent } else { moved_id(node.parent) },
            first: moved_id(node.first),
            next: moved_id(node.next),
            ..*node
        }));
        Some(first)
    }

    /// How many nodes are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// True while nothing was added.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node of an id that this tree gave out.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// The node around this one; none around the root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        (id != 0).then(|| self.node(id).parent)
    }

    /// The children in document order.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        Children { tree: self, next: self.node(id).first }
    }
}

/// Iterator of [`Tree::children`].
pub struct Children<'a> {
    tree: &'a Tree,
    next: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = (self.next != NONE).then_some(self.next)?;
        self.next = self.tree.node(id).next;
        Some(id)
    }
}
