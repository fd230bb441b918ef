//! Items through their fields: reading values as they stand after the edits so far, and editing them.

use super::codec::{Coding, decode};
use super::fields::{Field, Kind};
use super::names::Ns;
use super::slots::{Finder, Slot};
use super::tree::NodeId;
use super::{Feed, dates};
use crate::base::clock::Time;
use crate::base::url::{Url, is_base};
use crate::html::Fragment;
use std::borrow::Cow;
use std::sync::Arc;

/// The feed's own head, or one of its items by the number it had when the feed was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The feed itself: its title, link, description …
    Head,
    /// An item.
    Item(u32),
}

/// The slots of all places, found once.
#[derive(Debug)]
pub(super) struct Index {
    slots: Arc<Vec<Slot>>,
    /// Where the slots of the head, then of each item, end.
    ends: Vec<usize>,
}

/// What became of a slot: a new value, or HTML that was looked into and perhaps edited, or both in turn.
#[derive(Debug)]
pub(super) struct Edit {
    pub slot: Slot,
    /// What a rule set; none where the source still stands.
    pub value: Option<String>,
    /// Parsed from `value`, or from the source.
    pub html: Option<Box<Fragment>>,
}

impl Edit {
    fn new(slot: &Slot) -> Edit {
        Edit { slot: *slot, value: None, html: None }
    }
}

/// The slots of one place, in document order; a handle of its own, so that the feed can be edited meanwhile.
pub struct Slots {
    slots: Arc<Vec<Slot>>,
    next: usize,
    end: usize,
}

impl Iterator for Slots {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        let slot = (self.next < self.end).then(|| self.slots.get(self.next).copied())??;
        self.next += 1;
        Some(slot)
    }
}

impl Feed {
    /// All values of a place that the field table knows.
    pub fn slots(&self, place: Place) -> Slots {
        if let Some(slots) = self.growth.slots.get(&place) {
            return Slots { slots: Arc::clone(slots), next: 0, end: slots.len() };
        }
        let index = self.slots.get_or_init(|| self.find_slots());
        let which = match place {
            Place::Head => 0,
            Place::Item(item) => item as usize + 1,
        };
        let next = if which == 0 { 0 } else { index.ends.get(which - 1).copied().unwrap_or(0) };
        let end = index.ends.get(which).copied().unwrap_or(next);
        Slots { slots: Arc::clone(&index.slots), next, end }
    }

    fn find_slots(&self) -> Index {
        let mut finder = self.finder();
        self.find_head(&mut finder);
        let mut ends = vec![finder.found.len()];
        for item in &self.items {
            finder.place(*item, |_| false);
            ends.push(finder.found.len());
        }
        Index { slots: Arc::new(finder.found), ends }
    }

    fn finder(&self) -> Finder<'_> {
        let (source, document, root, gone) = (&self.source, &self.document, self.root_ns, &self.growth.gone);
        Finder { source, document, root, gone, found: Vec::new() }
    }

    fn find_head(&self, finder: &mut Finder<'_>) {
        if self.head != 0 {
            finder.place(0, |id| self.is_item(id) || id == self.head);
        }
        finder.place(self.head, |id| self.is_item(id));
    }

    /// An item, or the list of them: no part of the head.
    pub(super) fn is_item(&self, id: NodeId) -> bool {
        matches!(self.document.tree.node(id).name(&self.source), "item" | "entry" | "items")
    }

    /// Looks again for the slots of a place whose elements or members have changed.
    pub(super) fn find_again(&mut self, place: Place) -> Arc<Vec<Slot>> {
        let mut finder = self.finder();
        match place {
            Place::Head => self.find_head(&mut finder),
            Place::Item(_) => finder.place(self.node(place), |_| false),
        }
        let slots = Arc::new(finder.found);
        self.growth.slots.insert(place, Arc::clone(&slots));
        slots
    }

    /// The element or object of a place.
    pub(super) fn node(&self, place: Place) -> NodeId {
        match place {
            Place::Head => self.head,
            Place::Item(item) => self.items.get(item as usize).copied().unwrap_or(self.head),
        }
    }

    /// The value of a slot as it stands now: decoded, HTML as HTML.
    pub fn value(&self, slot: &Slot) -> Cow<'_, str> {
        match self.edits.get(&slot.key()) {
            Some(Edit { html: Some(fragment), .. }) => fragment.render(),
            Some(Edit { value: Some(value), .. }) => Cow::Borrowed(value),
            _ => self.original(slot),
        }
    }

    /// False where the HTML of a slot surely has no tag: cheap, without parsing it.
    pub fn may_have_tags(&self, slot: &Slot) -> bool {
        self.edits.contains_key(&slot.key())
            || memchr::memchr3(b'<', b'&', b'\\', self.source[slot.span()].as_bytes()).is_some()
    }

    /// False where the value of a slot surely holds no Han, kana or Hangul: cheap, without decoding it.
    pub fn may_have_han(&self, slot: &Slot) -> bool {
        let raw = &self.source[slot.span()];
        let has = |text: &str| memchr::memmem::find(raw.as_bytes(), text.as_bytes()).is_some();
        let is_set = || self.edits.get(&slot.key()).is_some_and(|edit| edit.value.is_some());
        // Named references are of no use here: none of them is such a character.
        !raw.is_ascii() || has("&#") || has("&amp;#") || has("\\u") || is_set()
    }

    /// The value of a slot before any rule.
    pub fn original(&self, slot: &Slot) -> Cow<'_, str> {
        decode(&self.source[slot.span()], slot.coding)
    }

    /// The value of a slot as a person would read it: HTML without its tags, white space at the ends gone.
    pub fn plain(&self, slot: &Slot) -> Cow<'_, str> {
        if let Some(Edit { html: Some(fragment), .. }) = self.edits.get(&slot.key()) {
            return Cow::Owned(fragment.plain_text());
        }
        let value = self.value(slot);
        if slot.kind == Kind::Html && memchr::memchr2(b'<', b'&', value.as_bytes()).is_some() {
            return Cow::Owned(Fragment::parse(value.into_owned(), slot.syntax()).plain_text());
        }
        match value {
            Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
            Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
        }
    }

    /// The HTML of a slot as it stands now, for reading; shared with the rules before where they looked into it.
    pub fn html(&self, slot: &Slot) -> Cow<'_, Fragment> {
        match self.edits.get(&slot.key()) {
            Some(Edit { html: Some(fragment), .. }) => Cow::Borrowed(fragment),
            _ => Cow::Owned(Fragment::parse(self.value(slot).into_owned(), slot.syntax())),
        }
    }

    /// Sets a value. HTML is given as HTML, inline markup as well-formed markup.
    pub fn set_value(&mut self, slot: &Slot, value: String) {
        if *self.value(slot) != value {
            self.edits.insert(slot.key(), Edit { value: Some(value), ..Edit::new(slot) });
        }
    }

    /// The HTML of a slot, to be edited in place. Rules that follow each other share it; what one inserted, the next finds read.
    pub fn fragment(&mut self, slot: &Slot) -> &mut Fragment {
        let source = &self.source;
        let Edit { value, html, .. } = self.edits.entry(slot.key()).or_insert_with(|| Edit::new(slot));
        let fragment = html.get_or_insert_with(|| {
            let text = value.clone().unwrap_or_else(|| decode(&source[slot.span()], slot.coding).into_owned());
            Box::new(Fragment::parse(text, slot.syntax()))
        });
        fragment.settle();
        fragment
    }

    /// The slots that hold a field. Content and summary stand in for each other where an item has only one of them.
    pub fn field(&self, place: Place, field: Field) -> Vec<Slot> {
        let of = |field| self.slots(place).filter(move |slot| slot.field == field).collect::<Vec<_>>();
        match (of(field), field) {
            (none, Field::Content) if none.is_empty() => of(Field::Summary),
            (none, Field::Summary) if none.is_empty() => of(Field::Content),
            (slots, _) => slots,
        }
    }

    /// The first value of a field that is not empty, as a person would read it.
    pub fn first(&self, place: Place, field: Field) -> Option<Cow<'_, str>> {
        self.field(place, field)
            .iter()
            .map(|slot| self.plain(slot))
            .find(|value| !value.is_empty())
            .map(|v| Cow::Owned(v.into_owned()))
    }

    /// The web page: the link, or a GUID that is a permanent link.
    pub fn link(&self, place: Place) -> Option<String> {
        let link = self.first(place, Field::Link).map(Cow::into_owned);
        link.or_else(|| {
            let is_link = |slot: &Slot| self.attribute(slot.node, "isPermaLink").is_none_or(|value| value != "false");
            let ids = self.slots(place).filter(|slot| slot.field == Field::Id).filter(is_link);
            ids.map(|slot| self.plain(&slot).into_owned())
                .find(|id| id.starts_with("http://") || id.starts_with("https://"))
        })
    }

    /// The link that a service replaced by one of its own (FeedBurner's `origLink`).
    pub fn original_link(&self, place: Place) -> Option<String> {
        let is_original = |slot: &Slot| self.document.tree.node(slot.node).ns == Ns::LinkService;
        let slot = self.slots(place).find(is_original)?;
        Some(self.plain(&slot).into_owned()).filter(|link| !link.is_empty())
    }

    /// When it was published, or failing that last changed. None where nothing readable says so.
    pub fn date(&self, place: Place) -> Option<Time> {
        self.read_date(place, Field::Published).or_else(|| self.read_date(place, Field::Updated))
    }

    /// When it was last changed, or failing that published.
    pub fn changed(&self, place: Place) -> Option<Time> {
        self.read_date(place, Field::Updated).or_else(|| self.read_date(place, Field::Published))
    }

    fn read_date(&self, place: Place, field: Field) -> Option<Time> {
        self.slots(place).filter(|slot| slot.field == field).find_map(|slot| dates::parse(&self.value(&slot)))
    }

    /// What relative references are read against in a place where no `xml:base` stands: the item's page, the feed's page, its address.
    pub fn base(&self, place: Place) -> Option<Url> {
        let feed = self.feed_base();
        match place {
            Place::Head => self.url.clone().or(feed),
            Place::Item(_) => {
                let link = self.link(place).and_then(|link| match &feed {
                    Some(feed) => feed.join(&link).ok(),
                    None => Url::parse(&link).ok(),
                });
                match link {
                    Some(url) if is_base(&url) => Some(url),
                    // Another base would give its links another meaning.
                    Some(url) if !url.cannot_be_a_base() => None,
                    _ => feed,
                }
            }
        }
    }

    /// What relative references in one slot are read against. `place_base` is [`Feed::base`] of its place.
    pub fn base_of(&self, slot: &Slot, place_base: Option<&Url>) -> Option<Url> {
        let declared = if self.document.bases.is_empty() { None } else { self.base_declared_at(slot.node) };
        match slot.field {
            _ if declared.is_some() => declared,
            Field::Link if slot.kind == Kind::Url => self.feed_base(),
            // What Atom's own elements say is read against the feed (RFC 4287 §2); HTML is written for the item's page.
            _ if slot.kind == Kind::Url && matches!(self.root_ns, Ns::Atom10 | Ns::Atom03) => self.feed_base(),
            _ => place_base.cloned(),
        }
    }

    /// The page of the feed (RSS, JSON Feed) or its address (Atom: RFC 4287 §2), whichever is there, as the document came.
    fn feed_base(&self) -> Option<Url> {
        self.base.get_or_init(|| self.find_feed_base()).clone()
    }

    fn find_feed_base(&self) -> Option<Url> {
        let page = || {
            let links = self.slots(Place::Head).filter(|slot| slot.field == Field::Link);
            let link = links.map(|slot| self.original(&slot)).find(|link| !link.trim().is_empty())?;
            let joined = match &self.url {
                Some(url) => url.join(link.trim()),
                None => Url::parse(link.trim()),
            };
            joined.ok().filter(is_base)
        };
        if self.root_ns == Ns::Rss { page().or_else(|| self.url.clone()) } else { self.url.clone().or_else(page) }
    }

    /// The `xml:base` in force at an element, each read against the one outside it (at most `MAX_XML_BASE_NESTED`).
    pub(super) fn base_declared_at(&self, node: NodeId) -> Option<Url> {
        let mut chain = Vec::new();
        let mut node = Some(node);
        while let Some(id) = node {
            let found = self.document.bases.binary_search_by_key(&id, |(owner, _)| *owner).ok();
            chain.extend(found.and_then(|at| self.document.bases.get(at)).map(|(_, span)| span.clone()));
            node = self.document.tree.parent(id);
        }
        let mut base = if chain.is_empty() { return None } else { self.url.clone() };
        for span in chain.into_iter().rev() {
            let value = decode(&self.source[span], Coding::Attribute('"'));
            let joined = match &base {
                Some(outer) => outer.join(value.trim()),
                None => Url::parse(value.trim()),
            };
            base = joined.ok().filter(|url| !url.cannot_be_a_base()).or(base);
        }
        base.filter(is_base)
    }
}
