//! Chinese conversion: OpenCC 1.4.2's exact result for its 16 configurations, and what goes with it.
//!
//! - [`Converter`] converts a text, and says which bytes changed ([`Match`]); [`Words`] are the user's own, asked first.
//! - [`script`] and [`Tally`] say in which script a text is written.
//! - [`fold`] brings spellings together for matching: 台灣, 台湾 and 臺灣 become one.
//!
//! It knows nothing of feeds or HTML: text in, text out. It never fails on any input; time is linear in the input.
//! The dictionaries are in `data/opencc/`, under their own licence.

mod characters;
mod config;
mod convert;
mod engine;
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
