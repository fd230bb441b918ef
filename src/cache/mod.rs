//! What was fetched and what was made of it, kept in memory, and the promise that each piece of work is done once.
//!
//! - [`answer`]: what a reader gets, with its validators and encodings; [`encode`]: the content codings.
//! - [`freshness`]: for how long upstream's headers let an answer be used (pure).
//! - [`memory`]: the store, weighed in bytes. [`negative`]: failures, so that a broken upstream is left in peace.
//! - [`disk`]: what survives a restart.
//! - [`items`]: what the archive keeps of a feed.
//! - [`flight`]: one piece of work per key however many ask; a caller that leaves stops nothing.
//!
//! Called by `pipeline`. Knows nothing of feeds, rules, configuration or sockets.

pub mod answer;
pub mod disk;
pub mod encode;
pub mod flight;
pub mod freshness;
pub mod items;
pub mod memory;
pub mod negative;

pub use answer::{Answer, Content, Representation, Scope};
pub use disk::Disk;
pub use encode::Encoding;
pub use memory::{Fetched, Key, Memory};
