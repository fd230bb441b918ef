//! Which hubs a feed names, and what it calls its own address: `atom:link` with `rel="hub"` and `rel="self"` in the head of every
//! XML format, `hubs` and `feed_url` in JSON Feed. Plain data; what a hub may be is `websub`'s. One pass over the head.

use serde::{Deserialize, Serialize};

use super::Feed;
use super::codec::{Coding, decode};
use super::names::Ns;
use super::tree::NodeId;
use crate::base::limits;

/// What a feed, or the headers it came with, name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hubs {
    /// The hubs, in the order of the text, at most [`limits::MAX_HUBS_NAMED`].
    pub hubs: Vec<String>,
    /// The feed's own address.
    pub own: Option<String>,
}

impl Hubs {
    /// These where they name a hub, else `others`; the feed's own address by either.
    pub fn or(self, others: Hubs) -> Hubs {
        let hubs = if self.hubs.is_empty() { others.hubs } else { self.hubs };
        Hubs { hubs, own: self.own.or(others.own) }
    }

    /// Adds one address with its relations, parted by white space.
    pub fn add(&mut self, relations: &str, address: &str) {
        for relation in relations.split_ascii_whitespace().map(str::to_ascii_lowercase) {
            match relation.as_str() {
                "hub" if self.hubs.len() < limits::MAX_HUBS_NAMED => self.hubs.push(address.to_owned()),
                "self" => drop(self.own.get_or_insert_with(|| address.to_owned())),
                _ => {}
            }
        }
    }
}

impl Feed {
    /// The hubs that the feed names.
    pub fn hubs(&self) -> Hubs {
        let (tree, source) = (&self.document.tree, self.source.as_str());
        let mut found = Hubs::default();
        for id in tree.children(self.head) {
            let node = tree.node(id);
            match (node.ns, node.name(source)) {
                (Ns::Atom10 | Ns::Atom03, "link") => {
                    if let Some(address) = self.attribute(id, "href") {
                        found.add(&self.attribute(id, "rel").unwrap_or_default(), &address);
                    }
                }
                (Ns::None, "feed_url") if self.format.is_json() => found.add("self", &self.string(id)),
                (Ns::None, "hubs") if self.format.is_json() => {
                    for hub in tree.children(id) {
                        let url = tree.children(hub).find(|member| tree.node(*member).name(source) == "url");
                        if let Some(url) = url {
                            found.add("hub", &self.string(url));
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn string(&self, value: NodeId) -> String {
        decode(&self.source[self.document.tree.node(value).inner()], Coding::Json).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hubs(text: &str) -> Hubs {
        Feed::read(text.as_bytes(), None, None).unwrap().hubs()
    }

    #[test]
    fn every_format_names_hubs_in_its_own_way() {
        let expected =
            Hubs { hubs: vec!["https://hub.example/?a&b".into()], own: Some("https://example.org/feed".into()) };
        let links = "<a:link href=\"https://hub.example/?a&amp;b\" rel=\"hub\"/><a:link rel='self' href='https://example.org/feed'></a:link>";
        let atom = links.replace("a:", "");
        for text in [
            format!("<rss version=\"2.0\" xmlns:a=\"http://www.w3.org/2005/Atom\"><channel><title>t</title>{links}<link>https://example.org/</link></channel></rss>"),
            format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title>{atom}<entry><link rel=\"hub\" href=\"x\"/></entry></feed>"),
            "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"feed_url\":\"https://example.org/feed\",\"hubs\":[{\"type\":\"WebSub\",\"url\":\"https://hub.example/?a&b\"}],\"items\":[]}".to_owned(),
        ] {
            assert_eq!(hubs(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_feed_without_hubs_names_none_and_many_are_cut() {
        assert_eq!(
            hubs("<rss version=\"2.0\"><channel><title>t</title><link>x</link></channel></rss>"),
            Hubs::default()
        );
        let many = "<link rel=\"hub self\" href=\"a\"/>".repeat(50);
        let found = hubs(&format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title>{many}</feed>"));
        assert_eq!((found.hubs.len(), found.own.as_deref()), (limits::MAX_HUBS_NAMED, Some("a")));
    }
}
