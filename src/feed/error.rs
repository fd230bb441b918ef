//! Why a body cannot be served as a feed. The upstream is to blame for all of them; asking again helps only when it changes.

use super::repair;
use crate::base::limits::MAX_DEPTH;
use crate::base::text::human_size;

/// What is wrong with a document, and where: lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The body is something else: a page, a challenge, a picture, nothing.
    #[error("not a feed: {why}")]
    NotAFeed {
        /// What it is instead, with a short excerpt.
        why: String,
    },
    /// Not well-formed, and nothing that could be repaired.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// The line of the place.
        line: usize,
        /// The column of the place, in characters.
        column: usize,
        /// What stands there.
        what: String,
    },
    /// Entity declarations: never expanded, and nothing a feed needs (`security.md` §4 case 21).
    #[error("line {line}, column {column}: unsafe-xml: the DOCTYPE declares entities, which refeed never expands")]
    UnsafeXml {
        /// The line of the DOCTYPE.
        line: usize,
        /// The column of the DOCTYPE.
        column: usize,
    },
    /// One of the bounds of `base/limits.rs`, each named by its own [`Bound`].
    #[error("line {line}, column {column}: {bound}")]
    TooLarge {
        /// The line of the place.
        line: usize,
        /// The column of the place, in characters.
        column: usize,
        /// Which bound.
        bound: Bound,
    },
}

/// The bounds of a document. Each message names the limit; none has a config key, because no real feed comes near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Bound {
    /// Elements or JSON values inside each other.
    #[error("nested more than {0} deep")]
    Depth(usize),
    /// A start tag outside an item's own markup.
    #[error("a start tag is longer than {}", human_size(*.0))]
    Tag(usize),
    /// An `xml:base` value.
    #[error("an xml:base is longer than {}", human_size(*.0))]
    XmlBase(usize),
    /// `xml:base` attributes inside each other.
    #[error("more than {0} xml:base attributes inside each other")]
    XmlBaseNested(usize),
    /// The DOCTYPE.
    #[error("the DOCTYPE is longer than {}", human_size(*.0))]
    Doctype(usize),
    /// Child elements, or members, of one item.
    #[error("an item has more than {0} child elements")]
    ItemChildren(usize),
    /// One field: a title, a content.
    #[error("a field is longer than {}", human_size(*.0))]
    Field(usize),
    /// Elements or JSON values in all.
    #[error("more than {0} elements")]
    Nodes(usize),
    /// Namespace declarations in force at one place.
    #[error("more than {0} namespace declarations at one place")]
    Namespaces(usize),
    /// The whole document.
    #[error("the document is longer than {}", human_size(*.0))]
    Document(usize),
}

impl FeedError {
    /// Why repair gave up; `refused` says what the strict reader had found, where that tells more.
    pub(super) fn from_repair(error: repair::Error, refused: impl FnOnce() -> FeedError) -> FeedError {
        match error {
            repair::Error::NotAFeed(what) => FeedError::NotAFeed { why: what.to_string() },
            repair::Error::EntityDeclarations { line, column } => FeedError::UnsafeXml { line, column },
            repair::Error::TooDeep { line, column } => {
                FeedError::TooLarge { line, column, bound: Bound::Depth(MAX_DEPTH) }
            }
            repair::Error::NoRoot => refused(),
        }
    }
}
