//! Where this proxy's feeds are to be had: the links that refeed writes about itself. Without `server.public_url` it claims none,
//! for it cannot know by which name its readers reach it.

use super::ask::Window;
use crate::base::url::{Url, encode_component};
use crate::config::Server;
use crate::emit::Format;

/// Writes addresses below `server.public_url`.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    base: Option<Url>,
}

impl Addresses {
    pub(super) fn new(server: &Server) -> Addresses {
        Addresses { base: server.public_url.clone() }
    }

    /// `server.public_url`.
    pub(super) fn base(&self) -> Option<&Url> {
        self.base.as_ref()
    }

    /// `/feed/NAME`, with the ending that asks for `format`.
    pub(super) fn feed(&self, name: &str, format: Option<Format>) -> Option<Url> {
        self.base.as_ref().map(|base| feed(base, name, format))
    }
}

impl Addresses {
    /// The same for a part of the feed; what changes with every question has no address.
    pub(super) fn window(&self, name: &str, format: Option<Format>, window: Window) -> Option<Url> {
        let mut url = self.feed(name, format)?;
        match window {
            Window::Newest => {}
            Window::Dropped => url.set_query(Some("dropped")),
            Window::Page(number) => url.set_query(Some(&format!("archive={number}"))),
            Window::Since(_) | Window::After(_) => return None,
        }
        Some(url)
    }

    /// The address to which `?archive=N` is added: without `server.public_url` relative to the feed's own.
    pub(super) fn pages(&self, name: &str, format: Option<Format>) -> String {
        let ending = format.map(|format| format!(".{}", format.name())).unwrap_or_default();
        self.feed(name, format).map_or_else(|| format!("{}{ending}", encode_component(name)), String::from)
    }
}

/// `/feed/NAME` below `base`, with the ending that asks for `format`.
pub(super) fn feed(base: &Url, name: &str, format: Option<Format>) -> Url {
    let mut url = base.clone();
    let ending = format.map(|format| format!(".{}", format.name())).unwrap_or_default();
    let path = format!("{}/feed/{}{ending}", base.path().trim_end_matches('/'), encode_component(name));
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_stands_below_the_public_address() {
        let base = |text: &str| Url::parse(text).unwrap();
        let atom = feed(&base("https://example.org/feeds/"), "台灣", Some(Format::Atom));
        assert_eq!(atom.as_str(), "https://example.org/feeds/feed/%E5%8F%B0%E7%81%A3.atom");
        assert_eq!(feed(&base("http://[::1]:4600"), "a.b", None).as_str(), "http://[::1]:4600/feed/a.b");
    }
}
