//! (being written)

pub mod charset;
