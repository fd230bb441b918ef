//! Items as text of their own, taken out of a feed and put into another of the same family.
//!
//! A raw item is an `item`, an `entry` or a JSON object that stands for itself: the namespaces, `xml:lang` and `xml:base` that it had
//! from the elements around it are declared on it. What the feed that takes it says already is left out again, so that an item that
//! goes back to where it came from has the bytes it had.

use super::attributes::{Attribute, Attributes, space_before};
use super::codec::{Coding, decode, encode};
use super::shapes::{object, string};
use super::tree::{self, NodeId};
use super::xml::{Document, Refusal};
use super::{Feed, FeedError, Format, Ns, Place, json, place, xml};
use std::collections::HashMap;
use std::ops::Range;

impl Feed {
    /// Items as the rules left them.
    pub fn raw_items(&self, places: &[Place]) -> Vec<String> {
        let nodes: Vec<NodeId> = places.iter().map(|place| self.node(*place)).collect();
        nodes.iter().zip(self.emit_nodes(&nodes)).map(|(node, text)| self.declared(*node, text)).collect()
    }

    /// An item as the rules left it; for many, [`Feed::raw_items`] is cheaper.
    pub fn raw_item(&self, place: Place) -> String {
        self.raw_items(&[place]).pop().unwrap_or_default()
    }

    /// An item as it came, before any rule.
    pub fn original_item(&self, place: Place) -> String {
        let node = self.node(place);
        self.declared(node, self.source[self.document.tree.node(node).span()].to_owned())
    }

    /// A raw item of this format that has nothing but an id; RSS 0.90 knows no ids.
    pub fn blank_item(&self, id: &str) -> String {
        let (before, after, coding) = match self.format {
            Format::Json10 | Format::Json11 => return object(&[("id", string(id))]),
            Format::Atom10 => (r#"<entry xmlns="http://www.w3.org/2005/Atom"><id>"#, "</id></entry>", Coding::Text),
            Format::Atom03 => (r#"<entry xmlns="http://purl.org/atom/ns#"><id>"#, "</id></entry>", Coding::Text),
            Format::Rss09x | Format::Rss20 => (r#"<item><guid isPermaLink="false">"#, "</guid></item>", Coding::Text),
            Format::Rss10 => (
                r#"<item xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""#,
                r#""></item>"#,
                Coding::Attribute('"'),
            ),
            Format::Rss090 => return r#"<item xmlns="http://my.netscape.com/rdf/simple/0.9/"></item>"#.to_owned(),
        };
        let mut text = before.to_owned();
        encode(&mut text, id, coding, false);
        text + after
    }

    /// `text`, the source of `node`, with what it has from around it.
    fn declared(&self, node: NodeId, mut text: String) -> String {
        let Some(parent) = self.document.tree.parent(node).filter(|_| !self.format.is_json()) else { return text };
        let own: Vec<String> = start_tag(&text).into_iter().map(|(name, ..)| name).collect();
        let mut declarations = String::new();
        let mut declare = |name: &str, value: &str| {
            if own.iter().all(|known| known != name) {
                declarations.extend([" ", name, "=\""]);
                encode(&mut declarations, value, Coding::Attribute('"'), false);
                declarations.push('"');
            }
        };
        for (prefix, name) in self.bindings(parent) {
            match prefix.as_str() {
                "xml" => {}
                "" => declare("xmlns", &name),
                prefix if text.contains(&format!("{prefix}:")) => declare(&format!("xmlns:{prefix}"), &name),
                _ => {}
            }
        }
        if let Some(language) = self.language_of(parent) {
            declare("xml:lang", &language);
        }
        if let Some(base) = self.base_declared_at(parent) {
            declare("xml:base", base.as_str());
        }
        let at = 1 + self.tag_name(node).len();
        text.insert_str(at.min(text.len()), &declarations);
        text
    }

    /// The `xml:lang` in force at an element.
    fn language_of(&self, node: NodeId) -> Option<String> {
        let languages = &self.document.languages;
        let mut next = Some(node);
        while let Some(id) = next {
            if let Some((_, span)) =
                languages.binary_search_by_key(&id, |(owner, _)| *owner).ok().and_then(|at| languages.get(at))
            {
                return Some(decode(&self.source[span.clone()], Coding::Attribute('"')).into_owned());
            }
            next = self.document.tree.parent(id);
        }
        None
    }

    /// Puts raw items before the item that stands at `at` now, or behind the last one. The document is read anew: places and slots from
    /// before mean nothing any more, and what rules did stays done. [`Feed::number`] tells which item is which.
    ///
    /// # Errors
    /// [`FeedError`]: an item is not well-formed, or the whole would exceed a bound. The feed is as it was then.
    pub fn insert_items(&mut self, raw: &[impl AsRef<str>], at: usize) -> Result<(), FeedError> {
        if raw.is_empty() {
            return Ok(());
        }
        let reread;
        let base = if matches!(self.emit(), std::borrow::Cow::Borrowed(_)) {
            &*self
        } else {
            reread = self.again(self.emit().into_owned())?;
            &reread
        };
        let raw: Vec<String> = raw.iter().map(|raw| base.fitting(raw.as_ref().trim())).collect();
        let grown = self.again(base.with_items(&raw, at))?;
        let left = self.order.iter().filter_map(|item| self.numbers.get(*item as usize).copied());
        let mut numbers: Vec<u32> = left.collect();
        let at = at.min(numbers.len());
        let numbered = self.numbered.saturating_add(u32::try_from(raw.len()).unwrap_or(u32::MAX));
        numbers.splice(at..at, self.numbered..numbered);
        *self = Feed { dropped: self.dropped.take(), numbers, numbered, ..grown };
        Ok(())
    }

    /// What an item is known by as long as the feed lives, whatever is inserted before it: from 0 in the order in which the items were
    /// read, then those that came in since.
    pub fn number(&self, place: Place) -> Option<u32> {
        match place {
            Place::Head => None,
            Place::Item(item) => self.numbers.get(item as usize).copied(),
        }
    }

    /// The feed of another text.
    fn again(&self, text: String) -> Result<Feed, FeedError> {
        let read = match self.format.is_json() {
            true => json::read(&text).map(|tree| Document { tree, ..Document::default() }),
            false => xml::read(&text),
        };
        let document = read.map_err(|refusal: Refusal| place(refusal, &text))?;
        Feed::index(text, document, self.url.as_ref(), self.notes.clone(), self.truncated)
    }

    /// A raw item without the declarations that are in force here anyway.
    fn fitting(&self, raw: &str) -> String {
        if self.format.is_json() {
            return raw.to_owned();
        }
        let around = self.items_parent();
        let bindings: HashMap<String, String> = self.bindings(around).into_iter().collect();
        let language = self.language_of(around);
        let base = self.base_declared_at(around);
        let mut out = String::with_capacity(raw.len());
        let mut copied = 0;
        for (name, value, span) in start_tag(raw) {
            let in_force = match name.as_str() {
                "xmlns" => bindings.get(""),
                "xml:lang" => language.as_ref(),
                "xml:base" if base.as_ref().is_some_and(|base| base.as_str() == value) => Some(&value),
                name => name.strip_prefix("xmlns:").and_then(|prefix| bindings.get(prefix)),
            };
            if in_force == Some(&value) {
                out.push_str(&raw[copied..span.start]);
                copied = span.end;
            }
        }
        out.push_str(&raw[copied..]);
        out
    }

    /// What items stand in.
    fn items_parent(&self) -> NodeId {
        let tree = &self.document.tree;
        match self.items.first().and_then(|item| tree.parent(*item)) {
            Some(parent) => parent,
            None if tree.node(0).ns == Ns::Rdf => 0,
            None => self.head,
        }
    }

    /// The document, which has no edits, with items inserted.
    fn with_items(&self, raw: &[String], at: usize) -> String {
        let tree = &self.document.tree;
        let source = &self.source[..self.origin];
        let is_json = self.format.is_json();
        let at = at.min(self.items.len());
        let before = at.checked_sub(1).and_then(|index| self.items.get(index)).map(|id| tree.node(*id).span());
        let after = self.items.get(at).map(|id| tree.node(*id).span());
        let sibling = before.clone().or(after.clone());
        let space = sibling.map_or("", |span| space_before(source, span.start));
        let comma = if is_json { "," } else { "" };
        let mut splices: Vec<(Range<usize>, String)> = Vec::new();
        if let Some(before) = before {
            let text = raw.iter().map(|item| format!("{comma}{space}{item}")).collect();
            splices.push((before.end..before.end, text));
        } else if let Some(after) = after {
            let text = raw.iter().map(|item| format!("{item}{comma}{space}")).collect();
            splices.push((after.start..after.start, text));
        } else if is_json {
            splices.push(self.first_json_items(raw));
        } else {
            splices.push(self.first_xml_items(raw));
        }
        splices.extend(self.list_entries(raw, at));
        splices.sort_by_key(|(span, _)| span.start);
        let mut out = String::with_capacity(source.len() + raw.iter().map(String::len).sum::<usize>() + 64);
        let mut copied = 0;
        for (span, text) in splices {
            out.push_str(&source[copied..span.start]);
            out.push_str(&text);
            copied = span.end;
        }
        out.push_str(&source[copied..]);
        out
    }

    fn first_json_items(&self, raw: &[String]) -> (Range<usize>, String) {
        let tree = &self.document.tree;
        let items = raw.join(",");
        match tree.children(0).find(|id| tree.node(*id).name(&self.source) == "items") {
            Some(id) if tree.node(id).kind == tree::Kind::Array => (tree.node(id).inner(), items),
            Some(id) => (tree.node(id).span(), format!("[{items}]")),
            None => {
                let inside = tree.node(0).inner();
                let comma = if tree.children(0).next().is_some() { "," } else { "" };
                (inside.end..inside.end, format!("{comma}\"items\": [{items}]"))
            }
        }
    }

    fn first_xml_items(&self, raw: &[String]) -> (Range<usize>, String) {
        let tree = &self.document.tree;
        let parent = self.items_parent();
        let node = tree.node(parent);
        if node.kind == tree::Kind::EmptyElement {
            let end = node.span().end;
            return (end - 2..end, format!(">{}</{}>", raw.concat(), self.tag_name(parent)));
        }
        let last = tree.children(parent).last().map(|id| tree.node(id).span());
        let at = last.clone().map_or(node.inner().start, |last| last.end);
        let space = last.map_or("", |last| space_before(&self.source, last.start));
        (at..at, raw.iter().map(|item| format!("{space}{item}")).collect())
    }

    /// RSS 1.0: the entries of new items in the channel's list.
    fn list_entries(&self, raw: &[String], at: usize) -> Option<(Range<usize>, String)> {
        let tree = &self.document.tree;
        if tree.node(0).ns != Ns::Rdf {
            return None;
        }
        let named = |id: NodeId, name: &str| tree.node(id).name(&self.source) == name;
        let list = tree.children(self.head).find(|id| named(*id, "items"))?;
        let list = tree.children(list).next()?;
        let rdf = self.own_prefix(0);
        let entry = |raw: &String| {
            let tag = start_tag(raw);
            let (_, about, _) = tag.into_iter().find(|(name, ..)| name.rsplit(':').next() == Some("about"))?;
            let mut text = format!("<{rdf}li {rdf}resource=\"");
            encode(&mut text, &about, Coding::Attribute('"'), false);
            text.push_str("\"/>");
            Some(text)
        };
        let listed = self.listed();
        let of = |item: &NodeId| listed.get(&self.about(*item)?).copied();
        let before = at.checked_sub(1).and_then(|index| self.items.get(index)).and_then(of);
        let after = self.items.get(at).and_then(of);
        let space = before.or(after).map_or("", |id| space_before(&self.source, tree.node(id).span().start));
        let entries = raw.iter().filter_map(entry);
        if let Some(before) = before.or_else(|| tree.children(list).last().filter(|_| after.is_none())) {
            let end = tree.node(before).span().end;
            return Some((end..end, entries.map(|entry| format!("{space}{entry}")).collect()));
        }
        if let Some(after) = after {
            let start = tree.node(after).span().start;
            return Some((start..start, entries.map(|entry| format!("{entry}{space}")).collect()));
        }
        let node = tree.node(list);
        if node.kind == tree::Kind::EmptyElement {
            let (end, entries) = (node.span().end, entries.collect::<String>());
            return Some((end - 2..end, format!(">{entries}</{}>", self.tag_name(list))));
        }
        Some((node.inner().start..node.inner().start, entries.collect()))
    }
}

/// The namespace declarations of a raw item: attribute and namespace.
pub(super) fn declarations(raw: &str) -> impl Iterator<Item = (String, String)> {
    let found = start_tag(raw).into_iter().filter(|(name, ..)| name == "xmlns" || name.starts_with("xmlns:"));
    found.map(|(name, value, _)| (name, value))
}

/// The attributes of the start tag that `text` begins with: name, decoded value, and the span of both with the white space before.
fn start_tag(text: &str) -> Vec<(String, String, Range<usize>)> {
    let found = Attributes::of(text, 0..text.len()).map_while(Result::ok);
    let attribute = |attribute: Attribute| {
        let space = space_before(text, attribute.name.start).len();
        let value = decode(&text[attribute.value.clone()], Coding::Attribute('"')).into_owned();
        (text[attribute.name.clone()].to_owned(), value, attribute.name.start - space..attribute.value.end + 1)
    };
    found.map(attribute).collect()
}
