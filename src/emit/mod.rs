//! Other formats: RSS 2.0, Atom 1.0, JSON Feed 1.1, by templates an HTML page and Markdown, tables, and RSS3's schemas, of a feed in any format.
//!
//! A feed asked for in its own format is not touched here: it is the edited document itself. Else the edited document is read
//! a second time, into the plain data of [`model`] (`read`), and written from there. Where both are XML, elements of
//! namespaces that the model does not hold (podcast, media, georss, private ones …) are carried over as they stand
//! (`extensions`). Every date, id and address is written as the target's specification asks; text holds no character that
//! XML or JSON forbids, whatever came in. Called by `pipeline`; linear in the document, bounded by what `feed` accepted.

mod atom;
mod dates;
mod elements;
mod extensions;
mod json;
pub mod model;
pub mod opml;
mod read;
mod read_json;
mod rss;
mod sanitize;
mod table;
pub mod template;
mod text;
mod ums;
mod values;
mod xml;

use std::borrow::Cow;
use std::str::FromStr;

use self::model::{Document, Item};
pub use self::template::Templates;
use self::values::Content;
use crate::base::clock::Time;
use crate::base::url::Url;
use crate::config::Problems;
use crate::feed::{self, Feed, FeedError};

/// A format that a feed can be asked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0 (RFC 4287).
    Atom,
    /// JSON Feed 1.1.
    Json,
    /// A page for people.
    Html,
    /// Each item as a document: its head in Markdown, its content in HTML.
    Markdown,
    /// Comma-separated values (RFC 4180), a line for each item.
    Csv,
    /// Tab-separated values as sfeed(5) has them.
    Sfeed,
    /// RSS3's Unified Metadata Schemas, as RSSHub writes them.
    Ums,
}

/// Other words for some: people's, and RSSHub's newer one.
const ALIASES: [(&str, &str); 2] = [("markdown", "md"), ("rss3", "ums")];

/// What is known of an output beside the feed itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The templates of documents; refeed's own where there are none.
    pub templates: Option<&'a Templates>,
    /// When the items count as first seen, where that is known (see [`model::Document::see`]).
    pub first_seen: Option<Time>,
    /// The address of this very output, for `rel="self"` and `feed_url`; without one, none is claimed.
    pub own_url: Option<&'a Url>,
    /// What tells this feed from all others where the feed itself does not say: its ids are made of it, it is not shown.
    pub identity: &'a str,
}

impl Format {
    /// All of them, in the order in which they are listed for people.
    pub const ALL: [Format; 8] = [
        Format::Rss,
        Format::Atom,
        Format::Json,
        Format::Html,
        Format::Markdown,
        Format::Csv,
        Format::Sfeed,
        Format::Ums,
    ];

    /// The word for it: after the dot of a path, `--to` on the command line, `format=` in a query.
    pub fn name(self) -> &'static str {
        match self {
            Format::Rss => "rss",
            Format::Atom => "atom",
            Format::Json => "json",
            Format::Html => "html",
            Format::Markdown => "md",
            Format::Csv => "csv",
            Format::Sfeed => "sfeed",
            Format::Ums => "ums",
        }
    }

    /// `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Rss => feed::Format::Rss20.content_type(),
            Format::Atom => feed::Format::Atom10.content_type(),
            Format::Json => feed::Format::Json11.content_type(),
            Format::Html => "text/html; charset=utf-8",
            Format::Markdown => "text/markdown; charset=utf-8", // RFC 7763
            Format::Csv => "text/csv; charset=utf-8; header=present", // RFC 4180 §3
            Format::Sfeed => "text/plain; charset=utf-8",
            Format::Ums => "application/json",
        }
    }

    /// `voa.atom`: the name and the format that its ending asks for.
    pub fn of_path(name: &str) -> Option<(&str, Format)> {
        let (name, ending) = name.rsplit_once('.')?;
        Some((name, ending.parse().ok()?)).filter(|(name, _)| !name.is_empty())
    }

    /// True where a feed of `native` is one of this format already. RSS 0.91 to 0.94 are subsets of 2.0.
    fn is(self, native: feed::Format) -> bool {
        match self {
            Format::Rss => matches!(native, feed::Format::Rss20 | feed::Format::Rss09x),
            Format::Atom => native == feed::Format::Atom10,
            Format::Json => native.is_json(),
            Format::Html | Format::Markdown | Format::Csv | Format::Sfeed | Format::Ums => false,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Format, String> {
        let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word));
        let name = alias.map_or(word, |(_, name)| *name);
        Format::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("`{word}` is no format; there are {}", Format::ALL.map(Format::name).join(", ")))
    }
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The edited document cannot be read again: it grew beyond a bound.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// A template failed on this feed.
    #[error("the template `{name}` failed: {what}")]
    Template {
        /// `markdown` or `html`: the key under `templates`.
        name: String,
        /// What happened, with the line of the template where it is known.
        what: String,
    },
    /// Refeed's own templates do not compile.
    #[error("refeed's own templates are broken; this is a bug in refeed")]
    Bug(#[from] Problems),
}

/// `feed`, as the rules left it, in `format`; its own where none is asked for. With the `Content-Type`.
///
/// # Errors
/// See [`EmitError`].
pub fn emit(feed: Feed, format: Option<Format>, about: About<'_>) -> Result<(String, &'static str), EmitError> {
    let native = feed.format();
    match format.filter(|format| !format.is(native)) {
        None => Ok((feed.into_string(), native.content_type())),
        Some(format) => {
            let mut document = read::document(&feed, about)?;
            if let Some(now) = about.first_seen {
                document.see(now, |_| true);
            }
            let text = match format {
                Format::Rss => rss::write(&document),
                Format::Atom => atom::write(&document),
                Format::Json => json::write(&document),
                Format::Csv => table::csv(&document),
                Format::Sfeed => table::sfeed(&document),
                Format::Ums => ums::write(&document),
                Format::Html | Format::Markdown => documents(&document, &document.items, format, about.templates)?,
            };
            Ok((text, format.content_type()))
        }
    }
}

/// `items` of `document` as one document; `format` is HTML or Markdown.
///
/// # Errors
/// The template failed.
pub fn documents(
    document: &Document,
    items: &[Item],
    format: Format,
    templates: Option<&Templates>,
) -> Result<String, EmitError> {
    let standard;
    let templates = match templates {
        Some(templates) => templates,
        None => {
            standard = Templates::standard()?;
            &standard
        }
    };
    match format {
        Format::Html => templates.html(values::of(document, items, Content::Sanitised)),
        _ => templates.markdown(values::of(document, items, Content::AsItIs)),
    }
}

/// `feed` as plain data, as the rules left it.
///
/// # Errors
/// The edited document cannot be read again: it grew beyond a bound.
pub fn normalise(feed: &Feed, about: About<'_>) -> Result<model::Document, FeedError> {
    read::document(feed, about)
}

/// The edited document, to be read a second time.
fn edited(feed: &Feed) -> Result<Feed, FeedError> {
    let text: Cow<'_, str> = feed.emit();
    Feed::read(text.as_bytes(), Some("text/xml; charset=utf-8"), feed.url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endings_of_paths_are_those_that_no_name_of_a_feed_has() {
        for ending in crate::config::name::FORMATS {
            assert_eq!(ending.parse::<Format>().map(Format::name), Ok(ending));
        }
        assert_eq!(crate::config::name::FORMATS.len(), Format::ALL.len());
        assert_eq!((Format::from_str("Markdown"), Format::from_str("rss3")), (Ok(Format::Markdown), Ok(Format::Ums)));
        assert_eq!(Format::of_path("a.b.ATOM"), Some(("a.b", Format::Atom)));
        assert_eq!(Format::of_path(".atom"), None);
        assert_eq!(Format::of_path("atom"), None);
    }
}
