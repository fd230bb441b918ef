//! (being written)

pub mod charset;
pub mod repair;
pub mod sniff;
