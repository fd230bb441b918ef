//! The HTML inside feed items, edited losslessly: tokens with spans over the source, edits on them, all the rest copied
//! byte for byte, malformed HTML included.
//!
//! [`Fragment::parse`] reads a source by the states of the HTML tokenizer (or as XML markup), rules read tokens and edit
//! them one after another, each seeing what the others did, and [`Fragment::edits`] or [`Fragment::render`] hands over the
//! result. [`Fragment::map_urls`] visits every URL. Nothing fails and nothing panics, whatever the source; parsing, each
//! read and the output take linear time. No tree is built: [`Fragment::element_end`] pairs the tags, [`Fragment::select`]
//! finds elements by CSS selectors. What an edit inserted is read again by [`Fragment::settle`].
//!
//! Not a sanitiser: without a tree, what stands in `svg` and `math` is read as HTML (`<svg><style>` holds raw text here,
//! markup in a browser).
//!
//! Called by the rules and by `feed`'s callers; imports only `base`.

mod attrs;
mod balance;
mod edit;
mod elements;
mod fragment;
mod output;
mod overrides;
mod plain;
mod select;
mod settle;
mod spelling;
mod srcset;
mod style;
mod tags;
mod token;
mod tree;
mod trim;
mod urls;
mod xhtml;
pub mod xpath;

pub use balance::{CUT, CUT_ATTRIBUTE, CUT_ELEMENT, rejoined};
pub use fragment::{Fragment, Kind};
pub use output::Edit;
pub use select::{SelectorError, Selectors};
pub use spelling::escaped as escape;
pub use srcset::map as map_srcset;
pub use style::{declarations, declare};
pub use urls::Kind as UrlKind;

/// How a fragment is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// HTML, by the tokenizer of the WHATWG specification.
    Html,
    /// Well-formed XML inside a feed (Atom `type="xhtml"`): CDATA is text, nothing is raw text, prefixes of element names
    /// are ignored, and what edits write is well-formed.
    Xhtml,
}
