//! Attached files as values: RSS's `enclosure`, Atom's link, Media RSS's `content`, JSON Feed's attachment.

use super::codec::{Coding, decode};
use super::fields::{Field, Kind};
use super::names::Ns;
use super::shapes::{Body, Element, object, string};
use super::slots::{Medium, Slot};
use super::{Feed, Format, Place};
use crate::base::media_type;

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Its address.
    pub url: String,
    /// Its media type, where the feed says it.
    pub mime: Option<String>,
    /// Its length in bytes, where the feed says it and it is not zero.
    pub length: Option<u64>,
    /// Its title, which Atom, Media RSS and JSON Feed can carry.
    pub title: Option<String>,
    /// What it is, as far as type, medium or address tell.
    pub medium: Medium,
}

impl Enclosure {
    /// A file of which only the address is known.
    pub fn of(url: &str) -> Enclosure {
        let medium = super::slots::medium_of_address(url);
        Enclosure { url: url.to_owned(), mime: None, length: None, title: None, medium }
    }

    /// The type that is most likely by its address, or its medium, for formats that want one.
    pub fn usual_type(&self) -> &'static str {
        if let Some(kind) = media_type::of_address(&self.url) {
            return kind;
        }
        match self.medium {
            Medium::Image => "image/jpeg",
            Medium::Audio => "audio/mpeg",
            Medium::Video => "video/mp4",
            Medium::Other | Medium::Unknown => "application/octet-stream",
        }
    }
}

impl Feed {
    /// The attached files of a place, in order.
    pub fn enclosures(&self, place: Place) -> Vec<Enclosure> {
        self.slots(place).filter_map(|slot| self.enclosure(&slot)).collect()
    }

    /// The attached file whose address stands in `slot`; none for other slots.
    pub fn enclosure(&self, slot: &Slot) -> Option<Enclosure> {
        if slot.field != Field::Enclosure || slot.kind != Kind::Url {
            return None;
        }
        let [mime, length, title] = match slot.coding {
            Coding::Json => ["mime_type", "size_in_bytes", "title"].map(|name| self.beside(slot, name)),
            _ if self.document.tree.node(slot.node).ns == Ns::Media => [
                self.attribute(slot.node, "type"),
                self.attribute(slot.node, "fileSize"),
                self.child_text(slot, "title"),
            ],
            _ => ["type", "length", "title"].map(|name| self.attribute(slot.node, name)),
        };
        let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Some(Enclosure {
            url: self.value(slot).trim().to_owned(),
            mime: given(mime),
            length: length.and_then(|length| length.trim().parse().ok()).filter(|length| *length > 0),
            title: given(title),
            medium: slot.medium,
        })
    }

    /// Attaches a file. None where the format cannot, or where a bound is reached.
    pub fn add_enclosure(&mut self, place: Place, enclosure: &Enclosure) -> Option<Slot> {
        if place == Place::Head {
            return None;
        }
        let before = self.source.len();
        let Enclosure { url, length, title, .. } = enclosure;
        let mime = enclosure.mime.as_deref().unwrap_or_else(|| enclosure.usual_type());
        let url = url.as_str();
        let length = length.map(|length| length.to_string());
        match self.format {
            Format::Json10 | Format::Json11 => {
                let mut members = vec![("url", string(url)), ("mime_type", string(mime))];
                members.extend(title.as_ref().map(|title| ("title", string(title))));
                members.extend(length.map(|length| ("size_in_bytes", length)));
                self.add_listed(place, "attachments", &object(&members))?;
            }
            Format::Atom03 | Format::Atom10 => {
                let mut link = Element::of(None, "link", Body::Empty).with("rel", "enclosure").with("href", url);
                link = link.with("type", mime);
                link.attributes.extend(length.map(|length| ("length", length.into())));
                link.attributes.extend(title.as_deref().map(|title| ("title", title.into())));
                self.add_element(place, None, &link)?;
            }
            // RSS asks for all three.
            Format::Rss09x | Format::Rss20 => {
                let length = length.unwrap_or_else(|| "0".to_owned());
                let element = Element::of(None, "enclosure", Body::Empty).with("url", url);
                self.add_element(place, None, &element.with("length", length).with("type", mime))?;
            }
            Format::Rss090 | Format::Rss10 => {
                let mut content =
                    Element::of(Some(Ns::Media), "content", Body::Empty).with("url", url).with("type", mime);
                content.attributes.extend(length.map(|length| ("fileSize", length.into())));
                self.add_element(place, None, &content)?;
            }
        }
        self.new_slot(place, Field::Enclosure, before)
    }

    /// A member beside that of `slot`.
    fn beside(&self, slot: &Slot, key: &str) -> Option<String> {
        let tree = &self.document.tree;
        let found = tree.children(tree.parent(slot.node)?).find(|id| tree.node(*id).name(&self.source) == key)?;
        Some(decode(&self.source[tree.node(found).inner()], Coding::Json).into_owned())
    }

    /// The text of a child element.
    fn child_text(&self, slot: &Slot, name: &str) -> Option<String> {
        let tree = &self.document.tree;
        let found = tree.children(slot.node).find(|id| tree.node(*id).name(&self.source) == name)?;
        Some(decode(&self.source[tree.node(found).inner()], Coding::Text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_no_known_type_is_called_what_its_address_says_else_what_it_is() {
        for (url, medium, kind) in [
            ("https://a.example/b.png?x=1", Medium::Unknown, "image/png"),
            ("https://a.example/b", Medium::Image, "image/jpeg"),
            ("https://a.example/b", Medium::Unknown, "application/octet-stream"),
            ("https://a.example/b.pdf", Medium::Other, "application/pdf"),
        ] {
            assert_eq!(Enclosure { medium, ..Enclosure::of(url) }.usual_type(), kind, "{url}");
        }
        assert_eq!(Enclosure::of("https://a.example/b.JPEG").medium, Medium::Image);
    }
}
