//! `archive` of a feed: items that have left upstream's window are kept.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

use super::quantity;
use crate::base::limits::{ARCHIVE_AGE_CEILING, ARCHIVE_ITEMS, ARCHIVE_PAGE, MAX_ARCHIVE_ITEMS, MAX_ARCHIVE_PAGE};

/// What is kept of a feed, and how it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Archive {
    /// At most so many items. Default 1000.
    #[serde(deserialize_with = "items")]
    pub items: usize,
    /// Items that have left the window are kept for so long after they were first seen. Default: for ever.
    #[serde(deserialize_with = "age")]
    pub age: Option<Duration>,
    /// Items of an archived page, and of the feed itself where upstream has fewer. Default 50.
    #[serde(deserialize_with = "page")]
    pub page: usize,
}

impl Default for Archive {
    fn default() -> Archive {
        Archive { items: ARCHIVE_ITEMS, age: None, page: ARCHIVE_PAGE }
    }
}

fn items<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    at_most(from, MAX_ARCHIVE_ITEMS, "items are kept")
}

fn page<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    at_most(from, MAX_ARCHIVE_PAGE, "items stand on a page")
}

fn at_most<'de, D: Deserializer<'de>>(from: D, most: usize, what: &str) -> Result<usize, D::Error> {
    let count = NonZeroUsize::deserialize(from)?.get();
    if count > most { Err(D::Error::custom(format!("at most {most} {what}"))) } else { Ok(count) }
}

fn age<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let time = quantity::duration(&String::deserialize(from)?).map_err(D::Error::custom)?;
    if time.is_zero() || time > ARCHIVE_AGE_CEILING {
        let most = quantity::human_duration(ARCHIVE_AGE_CEILING);
        return Err(D::Error::custom(format!("the age must be above zero and at most {most}")));
    }
    Ok(Some(time))
}
