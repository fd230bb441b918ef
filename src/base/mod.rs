//! What every layer stands on: limits, time, URLs and small text helpers. Imports nothing of refeed.

pub mod clock;
pub mod limits;
pub mod media_type;
pub mod text;
pub mod url;
