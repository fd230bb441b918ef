//! (being written)

pub mod charset;
pub mod sniff;
