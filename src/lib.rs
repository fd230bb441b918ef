//! refeed: any feed through your rules, nothing else changed, served from a cache.
//!
//! The flow, in the order of the modules below (each layer imports only layers above it in this list):
//!
//! ```text
//! request → route → cache ──fresh──────────────────────────────→ response
//!                     └─miss→ fetch → decode → parse → rules → emit → variants ┘
//! ```
//!
//! [`pipeline`] is the one place that knows this order; the command line and the server both call it.

pub mod base;

pub mod chinese;
pub mod config;
pub mod html;

pub mod feed;

pub mod cache;
pub mod emit;
pub mod fetch;
pub mod rules;
pub mod websub;

pub mod pipeline;

pub mod mirror;
pub mod serve;

pub mod cli;
