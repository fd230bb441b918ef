//! The elements of a fragment as edits have left it: parents, siblings and where each ends, for [`super::Selectors`].
//!
//! A tree in three numbers per element, over the tokens; made when first asked for and again after an edit. Linear, no
//! recursion: 100 000 nested elements are a vector like any other. An element whose tags were taken out leaves its
//! children to its parent.

use super::fragment::{Fragment, Kind};
use super::tags;

/// No element.
pub(super) const NONE: u32 = u32::MAX;

/// One element, known by its index in [`Elements::list`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    /// Its start tag.
    pub(super) token: u32,
    /// Its name, as [`tags::key`] spells it.
    pub(super) key: u64,
    /// The element that holds it, or [`NONE`].
    pub(super) parent: u32,
    /// The element before it that has the same parent, or [`NONE`].
    pub(super) previous: u32,
    /// The index after its last descendant.
    pub(super) end: u32,
}

/// All elements in document order, and where names, ids and classes are found among them.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    pub(super) list: Vec<Element>,
    /// Hashes of what an element is called, with its index; sorted. A hash may be another's: look twice.
    named: Vec<(u64, u32)>,
}

/// What elements are looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called<'a> {
    /// By element name.
    Name(u64),
    Id(&'a str),
    Class(&'a str),
}

impl Called<'_> {
    /// FNV-1a, the sort of name first.
    fn hash(self) -> u64 {
        let key;
        let (sort, bytes) = match self {
            Called::Name(name) => {
                key = name.to_le_bytes();
                (0, key.as_slice())
            }
            Called::Id(id) => (1, id.as_bytes()),
            Called::Class(class) => (2, class.as_bytes()),
        };
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        bytes.iter().copied().fold(fold(0xcbf2_9ce4_8422_2325, sort), fold)
    }
}

impl Elements {
    pub(super) fn of(fragment: &Fragment) -> Elements {
        // About half of all tags begin elements, and tags are two thirds of the tokens.
        let mut list: Vec<Element> = Vec::with_capacity(fragment.len() / 3);
        let mut named = Vec::with_capacity(fragment.len() / 3);
        // Open elements: index, the token after it, its last child so far.
        let mut open: Vec<(u32, usize, u32)> = Vec::new();
        let mut last_at_top = NONE;
        for token in 0..fragment.len() {
            while let Some(&(index, end, _)) = open.last()
                && end <= token
            {
                open.pop();
                close(&mut list, index);
            }
            if !matches!(fragment.kind(token), Kind::Start { .. }) {
                continue;
            }
            let index = list.len() as u32;
            let key = fragment.key(token);
            let (parent, last) = match open.last_mut() {
                Some((parent, _, last)) => (*parent, last),
                None => (NONE, &mut last_at_top),
            };
            let previous = std::mem::replace(last, index);
            list.push(Element { token: token as u32, key, parent, previous, end: index + 1 });
            named.push((Called::Name(key).hash(), index));
            let is_name = |name: &str| name.eq_ignore_ascii_case("class") || name.eq_ignore_ascii_case("id");
            for (name, value) in fragment.attrs_called(token, is_name) {
                if name.len() == "id".len() {
                    named.push((Called::Id(&value).hash(), index));
                } else {
                    named.extend(value.split_ascii_whitespace().map(|class| (Called::Class(class).hash(), index)));
                }
            }
            let end = fragment.element_end(token);
            if end > token + 1 {
                open.push((index, end, NONE));
            }
        }
        while let Some((index, ..)) = open.pop() {
            close(&mut list, index);
        }
        named.sort_unstable();
        Elements { list, named }
    }

    /// The elements that may be called so, ascending, each once.
    pub(super) fn called(&self, called: Called<'_>) -> Vec<u32> {
        let hash = called.hash();
        let from = self.named.partition_point(|(found, _)| *found < hash);
        let found = self.named.get(from..).unwrap_or_default().iter().take_while(|(found, _)| *found == hash);
        let mut found: Vec<u32> = found.map(|(_, index)| *index).collect();
        found.dedup();
        found
    }

    pub(super) fn get(&self, index: u32) -> Option<&Element> {
        self.list.get(index as usize)
    }

    pub(super) fn parent(&self, index: u32) -> u32 {
        self.get(index).map_or(NONE, |element| element.parent)
    }

    pub(super) fn previous(&self, index: u32) -> u32 {
        self.get(index).map_or(NONE, |element| element.previous)
    }

    /// The element after `index` that has the same parent, or [`NONE`].
    pub(super) fn next(&self, index: u32) -> u32 {
        let Some(element) = self.get(index) else { return NONE };
        match self.get(element.end) {
            Some(next) if next.parent == element.parent => element.end,
            _ => NONE,
        }
    }
}

fn close(list: &mut [Element], index: u32) {
    let end = list.len() as u32;
    if let Some(element) = list.get_mut(index as usize) {
        element.end = end;
    }
}

/// The name of an element as a number, ASCII case ignored.
pub(super) fn name_key(name: &str) -> u64 {
    tags::key(name.as_bytes())
}
