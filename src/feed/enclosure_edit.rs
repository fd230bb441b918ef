//! An attached file described otherwise: its type, length and title change where they stand, all else of its element or object stays.
//!
//! The element or object is written again, with the edits that were made in it, and grafted in the old one's place, so that later
//! rules see the new description. Called by the rule `script`.

use super::attributes::{Attributes, space_before};
use super::codec::{Coding, encode};
use super::names::Ns;
use super::shapes::string;
use super::slots::Slot;
use super::tree::{Kind, NodeId, Tree};
use super::{Enclosure, Feed, Place, json};

impl Feed {
    /// Describes the file of `slot` by `new`, whose address counts for nothing. RSS's own element always says type and length, an
    /// unknown one as usual and as zero. None where the format has no place for a title, or where a bound is reached; then nothing
    /// changes.
    pub fn set_enclosure(&mut self, place: Place, slot: &Slot, new: &Enclosure) -> Option<()> {
        let old = self.enclosure(slot)?;
        let tree = &self.document.tree;
        if self.format.is_json() {
            let object = tree.parent(slot.node)?;
            let text = described(&self.emit_nodes(&[object]).pop()?, &old, new)?;
            let read = json::read(&format!("[{text}]")).ok()?;
            return self.exchange(place, object, (&text, &read, 1));
        }
        let node = tree.node(slot.node);
        let (is_media, is_rss) = (node.ns == Ns::Media, node.name(&self.source) == "enclosure");
        let container = tree.parent(slot.node)?;
        let mut text = self.emit_nodes(&[slot.node]).pop()?;
        if new.mime != old.mime {
            set_attribute(&mut text, "type", new.mime.as_deref().or(is_rss.then(|| new.usual_type())));
        }
        if new.length != old.length {
            let length = new.length.map(|length| length.to_string());
            let name = if is_media { "fileSize" } else { "length" };
            set_attribute(&mut text, name, length.as_deref().or(is_rss.then_some("0")));
        }
        match new.title.as_deref() {
            _ if new.title == old.title => {}
            _ if is_rss => return None,
            title if is_media => text = self.titled(container, text, title)?,
            title => set_attribute(&mut text, "title", title),
        }
        let (around, read) = self.read_in(container, &text)?;
        self.exchange(place, slot.node, (&text, &read, around.len()))
    }

    /// Puts what was read from `text`, which stood `from` bytes into what was read, in the place of `old`.
    fn exchange(&mut self, place: Place, old: NodeId, (text, read, from): (&str, &Tree, usize)) -> Option<()> {
        let container = self.document.tree.parent(old)?;
        self.graft(container, Some(old), text, read, from)?;
        self.growth.gone.insert(old);
        self.find_again(place);
        Some(())
    }

    /// The element `text` of Media RSS with that title, or without one.
    fn titled(&self, container: NodeId, mut text: String, title: Option<&str>) -> Option<String> {
        let (around, read) = self.read_in(container, &text)?;
        let (source, from) = (format!("{around}{text}"), around.len());
        let element = read.children(0).next()?;
        let is_title = |id: &NodeId| read.node(*id).ns == Ns::Media && read.node(*id).name(&source) == "title";
        let known = read.children(element).find(is_title).map(|id| read.node(id).span());
        let mut written = String::new();
        let name = text.get(1..)?.split(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).next()?.to_owned();
        if let Some(title) = title {
            let prefix = name.rsplit_once(':').map_or_else(String::new, |(prefix, _)| format!("{prefix}:"));
            written.extend(["<", &prefix, "title>"]);
            encode(&mut written, title, Coding::Text, false);
            written.extend(["</", &prefix, "title>"]);
        }
        let node = read.node(element);
        match known {
            Some(span) => text.replace_range(span.start - from..span.end - from, &written),
            None if node.kind == Kind::EmptyElement => {
                let end = text.len() - 2; // before its `/>`
                text.replace_range(end.., &format!(">{written}</{name}>"));
            }
            None => text.insert_str(node.inner().start - from, &written),
        }
        Some(text)
    }
}

/// The object `text` of JSON Feed, with what `new` says otherwise than `old`.
fn described(text: &str, old: &Enclosure, new: &Enclosure) -> Option<String> {
    let read = json::read(text).ok()?;
    let mut changed: Vec<(&str, Option<String>)> = Vec::new();
    if new.mime != old.mime {
        changed.push(("mime_type", new.mime.as_deref().map(string)));
    }
    if new.title != old.title {
        changed.push(("title", new.title.as_deref().map(string)));
    }
    if new.length != old.length {
        changed.push(("size_in_bytes", new.length.map(|length| length.to_string())));
    }
    let is_changed = |name: &str| changed.iter().any(|(key, _)| *key == name);
    let mut members: Vec<String> = Vec::new();
    for id in read.children(0).filter(|id| !is_changed(read.node(*id).name(text))) {
        members.push(text.get(read.node(id).whole())?.to_owned());
    }
    let set = changed.iter().filter_map(|(key, value)| Some(format!("\"{key}\": {}", value.as_ref()?)));
    members.extend(set);
    Some(format!("{{{}}}", members.join(", ")))
}

/// Sets, adds or removes an attribute of the element that `text` begins with.
fn set_attribute(text: &mut String, name: &str, value: Option<&str>) {
    let mut end = 1 + text[1..].find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(0);
    let mut known = None;
    for attribute in Attributes::of(text, 0..text.len()).filter_map(Result::ok) {
        end = attribute.value.end + 1;
        if &text[attribute.name.clone()] == name {
            known = Some(attribute);
        }
    }
    match (known, value) {
        (Some(attribute), Some(value)) => {
            let quote = text[..attribute.value.start].chars().next_back().unwrap_or('"');
            let mut written = String::new();
            encode(&mut written, value, Coding::Attribute(quote), false);
            text.replace_range(attribute.value, &written);
        }
        (Some(attribute), None) => {
            let space = space_before(text, attribute.name.start).len();
            text.replace_range(attribute.name.start - space..attribute.value.end + 1, "");
        }
        (None, Some(value)) => {
            let mut written = format!(" {name}=\"");
            encode(&mut written, value, Coding::Attribute('"'), false);
            written.push('"');
            text.insert_str(end, &written);
        }
        (None, None) => {}
    }
}
