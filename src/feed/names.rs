//! The XML namespaces that feeds use, by any of the spellings that are in the wild.

/// A namespace the field table knows, or [`Ns::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ns {
    /// No namespace: RSS 0.91–0.94 and 2.0, and JSON members.
    None,
    /// The namespaces that some RSS 0.9x and 2.0 feeds declare for RSS itself, and those of RSS 0.90 and 1.0.
    Rss,
    /// `http://www.w3.org/1999/02/22-rdf-syntax-ns#`
    Rdf,
    /// Atom 1.0.
    Atom10,
    /// Atom 0.3 and its drafts.
    Atom03,
    /// RSS 1.0's `content` module.
    Content,
    /// Dublin Core elements.
    Dc,
    /// Dublin Core terms.
    DcTerms,
    /// Media RSS.
    Media,
    /// Apple's podcast tags.
    Itunes,
    /// Google's podcast tags.
    GooglePlay,
    /// The Podcasting 2.0 namespace.
    Podcast,
    /// XHTML.
    Xhtml,
    /// Well-Formed Web comments.
    Wfw,
    /// RSS 1.0's `syndication` module.
    Syndication,
    /// The RSS 2.0 threading extension of Atom.
    Thread,
    /// FeedBurner's and Pheedo's: services that put links of their own in the place of a feed's.
    LinkService,
    /// Feed paging and archiving, RFC 5005.
    History,
    /// The prefix `xml` itself.
    Xml,
    /// Anything else.
    Other,
}

/// The namespace of a name. Case, a missing final slash and `https` are forgiven: feeds are written by people.
pub fn namespace(uri: &str) -> Ns {
    let mut uri = uri.trim();
    uri = uri.strip_suffix('/').unwrap_or(uri);
    uri = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://")).unwrap_or(uri);
    let known: &[(&str, Ns)] = &[
        ("www.w3.org/2005/Atom", Ns::Atom10),
        ("purl.org/atom/ns#", Ns::Atom03),
        ("purl.org/rss/1.0/modules/content", Ns::Content),
        ("purl.org/rss/1.0/modules/syndication", Ns::Syndication),
        ("purl.org/dc/elements/1.1", Ns::Dc),
        ("purl.org/dc/elements/1.0", Ns::Dc),
        ("purl.org/dc/terms", Ns::DcTerms),
        ("search.yahoo.com/mrss", Ns::Media),
        ("www.rssboard.org/media-rss", Ns::Media),
        ("search.yahoo.com/rss", Ns::Media),
        ("www.itunes.com/dtds/podcast-1.0.dtd", Ns::Itunes),
        ("example.com/dtds/podcast-1.0.dtd", Ns::Itunes),
        ("www.google.com/schemas/play-podcasts/1.0", Ns::GooglePlay),
        ("podcastindex.org/namespace/1.0", Ns::Podcast),
        ("github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", Ns::Podcast),
        ("www.w3.org/1999/xhtml", Ns::Xhtml),
        ("www.w3.org/1999/02/22-rdf-syntax-ns#", Ns::Rdf),
        ("purl.org/rss/1.0", Ns::Rss),
        ("my.netscape.com/rdf/simple/0.9", Ns::Rss),
        ("channel.netscape.com/rdf/simple/0.9", Ns::Rss),
        ("my.netscape.com/publish/formats/rss-0.91.dtd", Ns::Rss),
        ("backend.userland.com/rss", Ns::Rss),
        ("backend.userland.com/rss2", Ns::Rss),
        ("backend.userland.com/rss091", Ns::Rss),
        ("backend.userland.com/rss092", Ns::Rss),
        ("backend.userland.com/rss094", Ns::Rss),
        ("blogs.law.harvard.edu/tech/rss", Ns::Rss),
        ("cyber.law.harvard.edu/rss/rss.html", Ns::Rss),
        ("wellformedweb.org/CommentAPI", Ns::Wfw),
        ("purl.org/syndication/thread/1.0", Ns::Thread),
        ("purl.org/syndication/history/1.0", Ns::History),
        ("rssnamespace.org/feedburner/ext/1.0", Ns::LinkService),
        ("www.pheedo.com/namespace/pheedo", Ns::LinkService),
        ("www.w3.org/XML/1998/namespace", Ns::Xml),
    ];
    if uri.is_empty() {
        return Ns::None;
    }
    if uri.starts_with("purl.org/atom/ns") {
        return Ns::Atom03;
    }
    known.iter().find(|(name, _)| name.eq_ignore_ascii_case(uri)).map_or(Ns::Other, |(_, ns)| *ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_in_the_wild_are_one_namespace() {
        for uri in ["http://www.itunes.com/DTDs/Podcast-1.0.dtd", "https://www.itunes.com/dtds/podcast-1.0.dtd"] {
            assert_eq!(namespace(uri), Ns::Itunes);
        }
        assert_eq!(namespace("http://search.yahoo.com/mrss"), Ns::Media);
        assert_eq!(namespace("http://search.yahoo.com/mrss/"), Ns::Media);
        assert_eq!(namespace("http://purl.org/atom/ns#draft-ietf-atompub-format-01"), Ns::Atom03);
        assert_eq!(namespace(""), Ns::None);
        assert_eq!(namespace("urn:mine"), Ns::Other);
    }
}
