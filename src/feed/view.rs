//! A look at the elements of an XML feed as it was read: for `emit`, which needs what the field table does not hold (persons,
//! sizes, schemes, extensions) to write another format.
//!
//! Shows the source, not the edits: read the edited document again to see those. Values are decoded; nothing is copied until asked for.

use super::attributes::Attributes;
use super::codec::{Coding, decode};
use super::names::Ns;
use super::tree::{Kind, Node, NodeId};
use super::{Feed, Place};
use std::borrow::Cow;

/// One element.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    feed: &'a Feed,
    id: NodeId,
}

impl Feed {
    /// The element of the feed's head, or of an item; none in a JSON Feed.
    pub fn element(&self, place: Place) -> Option<Element<'_>> {
        let id = match place {
            Place::Head => self.head,
            Place::Item(item) => *self.items.get(item as usize)?,
        };
        (!self.format.is_json()).then_some(Element { feed: self, id })
    }
}

impl<'a> Element<'a> {
    fn node(&self) -> &'a Node {
        self.feed.document.tree.node(self.id)
    }

    /// The namespace, in one of its known spellings or [`Ns::Other`].
    pub fn ns(&self) -> Ns {
        self.node().ns
    }

    /// The name without its prefix.
    pub fn name(&self) -> &'a str {
        self.node().name(&self.feed.source)
    }

    /// The prefix; empty where there is none.
    pub fn prefix(&self) -> &'a str {
        self.raw()[1..]
            .split_once(|c: char| c == ':' || !super::chars::is_name_char(c))
            .map_or("", |(prefix, _)| if self.raw()[1 + prefix.len()..].starts_with(':') { prefix } else { "" })
    }

    /// From `<` of the start tag to `>` of the end tag.
    pub fn raw(&self) -> &'a str {
        &self.feed.source[self.node().span()]
    }

    /// Between the tags.
    pub fn inner(&self) -> &'a str {
        match self.node().kind {
            Kind::Element => &self.feed.source[self.node().inner()],
            _ => "",
        }
    }

    /// The text inside, decoded; tags inside are passed over.
    pub fn text(&self) -> Cow<'a, str> {
        decode(self.inner(), Coding::Text)
    }

    /// The value of the attribute called exactly `name`, prefix included.
    pub fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        self.attributes().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// All attributes, names with their prefixes.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let source: &'a str = &self.feed.source;
        Attributes::of(source, self.node().start_tag()).filter_map(Result::ok).map(move |attribute| {
            let quote = source[..attribute.value.start].chars().next_back().unwrap_or('"');
            (&source[attribute.name], decode(&source[attribute.value], Coding::Attribute(quote)))
        })
    }

    /// The child elements in document order.
    pub fn children(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let feed = self.feed;
        feed.document.tree.children(self.id).map(move |id| Element { feed, id })
    }

    /// The element around this one; none around the root.
    pub fn parent(&self) -> Option<Element<'a>> {
        self.feed.document.tree.parent(self.id).map(|id| Element { feed: self.feed, id })
    }

    /// What `prefix` stands for here (empty: elements without one).
    pub fn namespace(&self, prefix: &str) -> Option<Cow<'a, str>> {
        let declares = |name: &str| match name.strip_prefix("xmlns") {
            Some("") => prefix.is_empty(),
            Some(rest) => rest.strip_prefix(':') == Some(prefix) && !prefix.is_empty(),
            None => false,
        };
        let mut at = Some(*self);
        while let Some(element) = at {
            if let Some((_, uri)) = element.attributes().find(|(name, _)| declares(name)) {
                return Some(uri);
            }
            at = element.parent();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_show_names_values_and_namespaces() {
        let text = "<rss version=\"2.0\" xmlns:m=\"urn:m\"><channel><title>A &amp; B</title><item><m:x y='1&lt;2'><m:z/>t</m:x><plain/></item></channel></rss>";
        let feed = Feed::read(text.as_bytes(), None, None).unwrap();
        let item = feed.element(feed.items()[0]).unwrap();
        let [x, plain] = item.children().collect::<Vec<_>>()[..] else { panic!("two children") };
        assert_eq!((x.name(), x.prefix(), x.ns()), ("x", "m", Ns::Other));
        assert_eq!(x.attribute("y").as_deref(), Some("1<2"));
        assert_eq!(x.namespace("m").as_deref(), Some("urn:m"));
        assert_eq!(x.namespace(""), None);
        assert_eq!(x.text(), "t");
        assert_eq!((plain.prefix(), plain.inner(), plain.raw()), ("", "", "<plain/>"));
        let head = feed.element(Place::Head).unwrap();
        assert_eq!(head.children().next().unwrap().text(), "A & B");
    }
}
