//! Chinese conversion: OpenCC 1.4.2's exact result for its 16 configurations, and what goes with it.
//!
//! - [`Converter`] converts a text, and says which bytes changed ([`Match`]); [`Words`] are the user's own, asked first.
//! - [`script`] and [`Tally`] say in which script a text is written.
//! - [`fold`] brings spellings together for matching: 台灣, 台湾 and 臺灣 become one.
//!
//! How: `build.rs` turns OpenCC's dictionaries and configurations (`data/opencc/`) into one trie per configuration, each
//! path with the answer of the whole chain of dictionaries; the engine walks the text once. OpenCC's own library is the
//! other engine and the oracle of the tests (cargo feature `libopencc`).
//!
//! It knows nothing of feeds or HTML: text in, text out. It never fails on any input; time is linear in the input.
//! The dictionaries are in `data/opencc/`, under their own licence.

mod characters;
mod config;
mod convert;
mod cuts;
mod engine;
mod fast;
mod fold;
#[allow(dead_code)] // some of it only the build script uses
mod layout;
#[cfg(feature = "libopencc")]
mod library;
mod out;
mod script;
mod sequence;
mod spans;
mod table;
mod words;

pub use config::{Config, UnknownConfig, Variant};
pub use convert::Converter;
pub use fold::fold;
#[cfg(feature = "libopencc")]
pub use library::{Library, LibraryError};
pub use script::{Script, Tally, script};
pub use spans::Match;
pub use words::{Words, WordsBuilder, WordsError, WordsProblem};
