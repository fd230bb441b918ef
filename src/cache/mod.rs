//! What was fetched and what was made of it, kept in memory, and the promise that each piece of work is done once.
//!
//! - [`fetched`]: the last good copy of an upstream. [`answer`]: what a reader gets, with its validators and encodings;
//!   [`encode`]: the content codings.
//! - [`said`]: what upstream's headers say of a copy's use; [`freshness`]: for how long it may be used; [`moved`]: permanent
//!   redirects. All pure.
//! - [`store`]: what is kept, in [`memory`], weighed in bytes, and on [`disk`]. [`negative`]: failures, so that a broken upstream is left in peace.
//! - [`disk`]: what survives a restart. [`shared`]: what other refeeds know.
//! - [`items`]: what the archive keeps of a feed.
//! - [`flight`]: one piece of work per key however many ask; a caller that leaves stops nothing.
//! - [`schedule`]: when a feed is asked for without a reader (pure).
//!
//! Called by `pipeline`. Knows nothing of rules, configuration or sockets, and of feeds only their rhythm.

pub mod answer;
pub mod disk;
pub mod encode;
pub mod fetched;
pub mod flight;
pub mod freshness;
pub mod items;
pub mod memory;
pub mod moved;
pub mod negative;
pub mod said;
pub mod schedule;
pub mod shared;
pub mod store;

pub use answer::{Answer, Content, Representation, Scope};
pub use disk::Disk;
pub use encode::Encoding;
pub use fetched::{About, Fetched, Line};
pub use memory::{Key, Memory};
pub use shared::Shared;
pub use store::Store;
