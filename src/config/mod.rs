//! STAND-IN of the serve branch: the part of the configuration that pipeline and serve read.
#![allow(missing_docs)]
use std::time::Duration;

use crate::base::limits;
use crate::base::url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Nobody,
    Key,
    Everybody,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Relative {
    #[default]
    Absolute,
    Keep,
}
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub server: Server,
    pub fetch: Fetch,
    pub cache: Cache,
    pub feeds: Vec<(String, FeedConfig)>,
}
#[derive(Clone, Debug, Default)]
pub struct Server {
    pub listen: String,
    pub public_url: Option<Url>,
    pub open: Option<Open>,
    pub access_key: Option<String>,
}
#[derive(Clone, Debug)]
pub struct Fetch {
    pub timeout: Duration,
}
#[derive(Clone, Debug)]
pub struct Cache {
    pub memory: usize,
    pub default_ttl: Duration,
    pub min_ttl: Duration,
    pub max_ttl: Duration,
}
#[derive(Clone, Debug, Default)]
pub struct FeedConfig {
    pub url: String,
    pub rules: Vec<String>,
    pub relative: Relative,
}
impl Default for Fetch {
    fn default() -> Self {
        Fetch { timeout: limits::FETCH_TIMEOUT }
    }
}
impl Default for Cache {
    fn default() -> Self {
        Cache {
            memory: limits::CACHE_MEMORY,
            default_ttl: limits::DEFAULT_TTL,
            min_ttl: limits::MIN_TTL,
            max_ttl: limits::MAX_TTL,
        }
    }
}
