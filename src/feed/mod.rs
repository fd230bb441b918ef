//! (being written)

pub mod charset;
pub mod dates;
pub mod repair;
pub mod sniff;
