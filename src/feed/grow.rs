//! The document grows and shrinks: new values of fields, and values that go with their element or member.
//!
//! What is new is written behind the source, in its scratch, and grafted into the tree, so that its slots are spans like all others
//! and later rules see no difference. [`super::emit`] puts it in its place: after the last element or member of its place, with the
//! white space that its siblings have. Nothing else changes. Ids are never edited and never removed. What one feed may gain is
//! bounded by `MAX_GROWTH`, each element by the bounds of the readers.

use super::attributes::{Attributes, space_before};
use super::codec::{Coding, encode};
use super::fields::{Field, Kind};
use super::names::Ns;
use super::shapes::{Body, Element, Shape, as_html, plain, shape};
use super::slots::Slot;
use super::tree::{self, NodeId};
use super::{Enclosure, Feed, Format, Place, dates, json, xml};
use crate::base::clock::Time;
use crate::base::limits::{MAX_FIELD, MAX_GROWTH, MAX_ITEM_CHILDREN};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// What was added and removed.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// New elements, members and array elements, by what they stand in.
    pub children: BTreeMap<NodeId, Vec<Child>>,
    /// New attributes: the offset in the source, and where in the scratch they are written.
    pub attributes: Vec<(usize, Range<usize>)>,
    /// The namespaces declared by those on the root.
    pub declared: Vec<Ns>,
    /// Elements, members and array elements that are gone.
    pub gone: BTreeSet<NodeId>,
    /// Attributes that are gone, with the white space before them.
    pub gone_attributes: Vec<Range<usize>>,
    /// The slots of the places that changed.
    pub slots: HashMap<Place, Arc<Vec<Slot>>>,
}

/// A new element, member or array element.
#[derive(Debug)]
pub(super) struct Child {
    pub node: NodeId,
    /// The sibling of the source after which it stands; none where there is none.
    pub after: Option<NodeId>,
    /// In the scratch, with the white space before it and without a comma.
    pub text: Range<usize>,
}

impl Feed {
    /// Adds a value as this format writes it, however many there are already. `Content` and `Summary` are given as HTML, dates in any
    /// form that can be read, the rest as plain text. None where the format has no place for such a value, where there may be only
    /// one, where a date is none, or where a bound is reached.
    pub fn add(&mut self, place: Place, field: Field, value: &str) -> Option<Slot> {
        self.add_after(place, None, field, value)
    }

    /// Sets the first value of a field, or adds it; the value is given as for [`Feed::add`]. None where that cannot be.
    pub fn set(&mut self, place: Place, field: Field, value: &str) -> Option<Slot> {
        let found = self.slots(place).find(|slot| slot.field == field && slot.kind != Kind::Opaque);
        let Some(slot) = found else {
            let has_id = field == Field::Id && self.slots(place).any(|slot| slot.field == field);
            return if has_id { None } else { self.add(place, field, value) };
        };
        let is_html = is_html(field);
        let has_markup = || memchr::memchr2(b'<', b'&', value.as_bytes()).is_some();
        let value = match (slot.kind, slot.coding) {
            // Inline markup, or an element that says it is plain text: another element takes its place.
            (_, Coding::Markup) => return self.replace(place, &slot, value),
            (Kind::Text, _) if is_html && has_markup() && field == Field::Summary && self.format.is_json() => {
                plain(value)
            }
            (Kind::Text, _) if is_html && has_markup() => return self.replace(place, &slot, value),
            (Kind::Html, _) if !is_html => as_html(value),
            (Kind::Date, _) => Cow::Owned(self.write_date(&slot, dates::parse(value)?)),
            _ => Cow::Borrowed(value),
        };
        if value.len() > MAX_FIELD {
            return None;
        }
        let value = value.into_owned();
        self.set_value(&slot, value);
        Some(slot)
    }

    /// Sets the value of a slot of HTML to any HTML: inline markup gives way to an element that holds escaped HTML.
    pub fn set_html(&mut self, place: Place, slot: &Slot, html: String) {
        if slot.coding == Coding::Markup {
            self.replace(place, slot, &html);
        } else if html.len() <= MAX_FIELD {
            self.set_value(slot, html);
        }
    }

    /// Sets the first date of a field, or adds it.
    pub fn set_date(&mut self, place: Place, field: Field, time: Time) -> Option<Slot> {
        self.set(place, field, &dates::rfc3339(time))
    }

    /// A moment as the place of a slot writes dates: RFC 822 in RSS's own elements, else RFC 3339.
    pub fn write_date(&self, slot: &Slot, time: Time) -> String {
        let is_own = matches!(self.document.tree.node(slot.node).ns, Ns::None | Ns::Rss);
        if is_own && self.root_ns == Ns::Rss && !self.format.is_json() {
            dates::rfc822(time)
        } else {
            dates::rfc3339(time)
        }
    }

    /// Removes a value with all that belongs to it: an enclosure with its attributes, an author with the address, an array element
    /// with its comma. False for ids, which stay.
    pub fn remove(&mut self, place: Place, slot: &Slot) -> bool {
        if slot.field == Field::Id {
            return false;
        }
        if slot.field == Field::Language && matches!(slot.coding, Coding::Attribute(_)) {
            self.remove_language(slot);
        } else {
            let unit = self.unit(place, slot.node);
            if unit == self.node(place) {
                return false;
            }
            self.growth.gone.insert(unit);
        }
        self.find_again(place);
        true
    }

    /// An element says no more in which language it is.
    fn remove_language(&mut self, slot: &Slot) {
        self.document.languages.retain(|(owner, _)| *owner != slot.node);
        let value = slot.span();
        self.growth.attributes.retain(|(_, text)| !text.contains(&value.start));
        let tag = self.document.tree.node(slot.node).start_tag();
        let found = Attributes::of(&self.source, tag).filter_map(Result::ok).find(|attribute| attribute.value == value);
        if let Some(name) = found.map(|attribute| attribute.name) {
            let space = space_before(&self.source, name.start).len();
            self.growth.gone_attributes.push(name.start - space..value.end + 1);
        }
    }

    /// The element, member or array element that a value belongs to.
    fn unit(&self, place: Place, node: NodeId) -> NodeId {
        let tree = &self.document.tree;
        let owner = self.node(place);
        let mut unit = node;
        while let Some(parent) = tree.parent(unit).filter(|parent| *parent != owner && *parent != 0) {
            let stop = match tree.node(parent).kind {
                tree::Kind::Array => true,
                // What stands in groups of media and podcast tags stands for itself.
                tree::Kind::Element => matches!(tree.node(unit).ns, Ns::Media | Ns::Podcast),
                _ => false,
            };
            if stop {
                break;
            }
            unit = parent;
        }
        unit
    }

    /// Another element or member instead of the one of `slot`.
    fn replace(&mut self, place: Place, slot: &Slot, value: &str) -> Option<Slot> {
        let unit = self.unit(place, slot.node);
        let added = self.add_after(place, Some(unit), slot.field, value)?;
        self.growth.gone.insert(unit);
        let slots = self.find_again(place);
        slots.iter().find(|slot| slot.key() == added.key()).copied()
    }

    fn add_after(&mut self, place: Place, after: Option<NodeId>, field: Field, value: &str) -> Option<Slot> {
        if value.len() > MAX_FIELD {
            return None;
        }
        let before = self.source.len();
        match (field, place) {
            (Field::Enclosure, Place::Item(_)) => {
                return self.add_enclosure(place, &Enclosure::of(value));
            }
            (Field::Image, Place::Head) if matches!(self.format, Format::Rss09x | Format::Rss20) => {
                self.add_channel_image(value)?;
            }
            _ => match shape(self.format, place == Place::Head, field, value)? {
                Shape::Element(element) => self.add_element(place, after, &element)?,
                Shape::Language(language) => self.add_language(place, language)?,
                Shape::Member(key, text) => self.add_member(place, after, key, &text)?,
                Shape::Listed(key, text) => self.add_listed(place, key, &text)?,
            },
        }
        self.new_slot(place, field, before)
    }

    /// The first slot of a field that was written at `before` or after it.
    pub(super) fn new_slot(&mut self, place: Place, field: Field, before: usize) -> Option<Slot> {
        let slots = self.find_again(place);
        let is_new = |slot: &&Slot| slot.field == field && slot.span().start >= before;
        slots.iter().filter(is_new).find(|slot| slot.kind != Kind::Opaque || field == Field::Id).copied()
    }

    /// RSS's picture of the channel names its page and its title too.
    fn add_channel_image(&mut self, address: &str) -> Option<()> {
        let title = self.first(Place::Head, Field::Title).unwrap_or_default().into_owned();
        let link = self.link(Place::Head).unwrap_or_default();
        let children = vec![Element::text("url", address), Element::text("title", title), Element::text("link", link)];
        self.add_element(Place::Head, None, &Element::of(None, "image", Body::Children(children)))
    }

    /// Adds an element to a place.
    pub(super) fn add_element(&mut self, place: Place, after: Option<NodeId>, element: &Element<'_>) -> Option<()> {
        let container = self.node(place);
        let own = self.own_prefix(container);
        let mut extensions: Vec<(Ns, String)> = Vec::new();
        let mut declaration = String::new();
        if let Some(ns) = element.ns {
            let prefix = self.prefix(container, ns)?;
            extensions.push((ns, prefix.name));
            declaration = prefix.declaration;
        }
        let prefix = |ns: Option<Ns>| match ns {
            None => own.clone(),
            Some(ns) => {
                extensions.iter().find(|(known, _)| *known == ns).map_or_else(String::new, |(_, name)| name.clone())
            }
        };
        let mut text = String::new();
        element.write(&mut text, &prefix, &declaration);
        let (around, read) = self.read_in(container, &text)?;
        self.graft(container, after, &text, &read, around.len())
    }

    /// Reads an element as it would be read in `container`: what stood before it, and the tree, in whose root it stands.
    pub(super) fn read_in(&self, container: NodeId, text: &str) -> Option<(String, tree::Tree)> {
        let mut around = String::from("<x");
        for (prefix, name) in self.bindings(container) {
            let colon = if prefix.is_empty() { "" } else { ":" };
            around.extend([" xmlns", colon, &prefix, "=\""]);
            encode(&mut around, &name, Coding::Attribute('"'), false);
            around.push('"');
        }
        around.push('>');
        let read = xml::read(&format!("{around}{text}</x>")).ok()?;
        Some((around, read.tree))
    }

    /// Adds a member to an object.
    pub(super) fn add_member(&mut self, place: Place, after: Option<NodeId>, key: &str, value: &str) -> Option<()> {
        let container = self.node(place);
        // A member may stand once; one that is `null` says nothing.
        let known = if after.is_none() { self.member(container, key) } else { None };
        if known.is_some_and(|id| self.document.tree.node(id).kind != tree::Kind::Scalar) {
            return None;
        }
        self.growth.gone.extend(known);
        let after = after.or(known);
        let text = format!("\"{key}\": {value}");
        let read = json::read(&format!("{{{text}}}")).ok()?;
        self.graft(container, after, &text, &read, 1)
    }

    /// Adds an element to an array of a place, which is made where it is missing.
    pub(super) fn add_listed(&mut self, place: Place, key: &str, value: &str) -> Option<()> {
        match self.member(self.node(place), key) {
            Some(array) if self.document.tree.node(array).kind == tree::Kind::Array => {
                let read = json::read(&format!("[{value}]")).ok()?;
                self.graft(array, None, value, &read, 1)
            }
            _ => self.add_member(place, None, key, &format!("[{value}]")),
        }
    }

    fn member(&self, object: NodeId, key: &str) -> Option<NodeId> {
        let tree = &self.document.tree;
        let mut left = tree.children(object).filter(|id| !self.growth.gone.contains(id));
        left.find(|id| tree.node(*id).name(&self.source) == key)
    }

    fn add_language(&mut self, place: Place, language: &str) -> Option<()> {
        let node = self.node(place);
        let at = self.document.languages.binary_search_by_key(&node, |(owner, _)| *owner).err()?;
        let mut text = String::from(" xml:lang=\"");
        let value = text.len();
        encode(&mut text, language, Coding::Attribute('"'), false);
        let end = text.len();
        text.push('"');
        let span = self.scratch(&text)?;
        self.document.languages.insert(at, (node, span.start + value..span.start + end));
        let tag = self.document.tree.node(node).start_tag();
        self.growth.attributes.push((tag.start + 1 + self.tag_name(node).len(), span));
        Some(())
    }

    /// Writes `text` behind the source.
    pub(super) fn scratch(&mut self, text: &str) -> Option<Range<usize>> {
        let start = self.source.len();
        if start + text.len() > self.origin + MAX_GROWTH || u32::try_from(start + text.len()).is_err() {
            return None;
        }
        self.source.push_str(text);
        Some(start..self.source.len())
    }

    /// Puts what was read from `text`, which stood `from` bytes into what was read, into `container`.
    pub(super) fn graft(
        &mut self,
        container: NodeId,
        after: Option<NodeId>,
        text: &str,
        read: &tree::Tree,
        from: usize,
    ) -> Option<()> {
        if container != self.head && self.document.tree.children(container).count() >= MAX_ITEM_CHILDREN {
            return None;
        }
        let after = after.or_else(|| self.last_sibling(container));
        let space = self.space_beside(container, after).to_owned();
        let span = self.scratch(&format!("{space}{text}"))?;
        let shift = i64::try_from(span.start + space.len()).ok()? - i64::try_from(from).ok()?;
        let node = self.document.tree.graft(container, read, shift)?;
        // What replaces a new one stands where that stood.
        let known = self
            .growth
            .children
            .get(&container)
            .and_then(|children| children.iter().find(|child| Some(child.node) == after));
        let after = known.map_or(after, |child| child.after);
        self.growth.children.entry(container).or_default().push(Child { node, after, text: span });
        Some(())
    }

    /// Those children of a node that stand in the source.
    pub(super) fn original_children(&self, container: NodeId) -> impl DoubleEndedIterator<Item = NodeId> {
        let new = self.growth.children.get(&container);
        let is_new = |id: &NodeId| new.is_some_and(|new| new.iter().any(|child| child.node == *id));
        self.document.tree.children(container).filter(|id| !is_new(id)).collect::<Vec<_>>().into_iter()
    }

    /// The last child before the items, or the last one.
    fn last_sibling(&self, container: NodeId) -> Option<NodeId> {
        let head = self.original_children(container).rfind(|id| container != self.head || !self.is_item(*id));
        // Without a sibling before it, a member would have to bring the comma after it.
        head.or_else(|| self.original_children(container).next_back().filter(|_| self.format.is_json()))
    }

    /// The white space before a sibling, or before the first child.
    fn space_beside(&self, container: NodeId, sibling: Option<NodeId>) -> &str {
        let tree = &self.document.tree;
        let sibling = sibling.or_else(|| tree.children(container).next());
        sibling.map_or("", |id| space_before(&self.source, tree.node(id).whole().start))
    }
}

/// Whether values of a field are given as HTML.
fn is_html(field: Field) -> bool {
    matches!(field, Field::Content | Field::Summary)
}
