//! What the operator wrote: read, checked, and blamed at its line and column; all mistakes at once.
//!
//! [`Config`] is plain data. The rules of a feed stay a spanned list ([`RuleList`]) that `rules` turns into a chain;
//! [`decode::decode`] and [`Report`] are what it uses to do so with the same carets. Nothing here knows a rule, a
//! header, or a format.

pub mod archive;
mod de;
pub mod decode;
pub mod fields;
mod load;
pub mod name;
pub mod outline;
mod pieces;
pub mod problem;
pub mod quantity;
mod rule_list;
mod schema;
pub mod shape;
mod shared;
mod shown;
mod sources;
pub mod suggest;
mod together;
pub mod value;

pub use archive::Archive;
pub use load::{ConfigError, data_directory, environment, path, read_capped};
pub use problem::{Paint, Problem, Problems, Report, Source, Span};
pub use rule_list::RuleList;
pub use schema::{
    Cache, Config, Feed, Fetch, Merge, Open, Origin, Refresh, Relative, Server, Settings, Source as FeedSource,
    SourceFeed, Store, Templates, Times, Undated,
};
pub use shared::{Around, Set, SetTable};
pub use toml::Spanned;
pub use value::{Data, Value};
