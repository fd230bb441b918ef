//! STAND-IN of the serve branch: the part of the configuration that pipeline and serve read.
#![allow(missing_docs, clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

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
    pub feeds: BTreeMap<String, Feed>,
}
#[derive(Clone, Debug)]
pub struct Server {
    pub listen: SocketAddr,
    pub public_url: Option<Url>,
    pub open: Option<Open>,
    pub access_key: Option<fields::Secret>,
}
impl Default for Server {
    fn default() -> Server {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 4600));
        Server { listen, public_url: None, open: None, access_key: None }
    }
}
pub mod fields {
    use super::IpNet;
    #[derive(Clone, Debug)]
    pub struct Secret(String);
    impl Secret {
        pub fn new(text: impl Into<String>) -> Secret {
            Secret(text.into())
        }
        pub fn reveal(&self) -> &str {
            &self.0
        }
    }
    #[derive(Clone, Copy, Debug)]
    pub struct Allow {
        pub net: IpNet,
        pub port: Option<u16>,
    }
}
#[derive(Clone, Debug)]
pub struct Fetch {
    pub timeout: Duration,
    pub max_body: usize,
    pub max_redirects: usize,
    pub allow: Vec<fields::Allow>,
    pub proxy: Option<Url>,
}
impl Default for Fetch {
    fn default() -> Self {
        Fetch {
            timeout: limits::FETCH_TIMEOUT,
            max_body: limits::MAX_BODY,
            max_redirects: limits::MAX_REDIRECTS,
            allow: Vec::new(),
            proxy: None,
        }
    }
}
#[derive(Clone, Debug)]
pub struct Cache {
    pub memory: usize,
    pub default_ttl: Duration,
    pub min_ttl: Duration,
    pub max_ttl: Duration,
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
#[derive(Clone, Debug)]
pub struct Feed {
    pub url: String,
    pub origin: Origin,
    pub rules: RuleList,
    pub relative: Relative,
}
#[derive(Clone, Debug)]
pub enum Origin {
    Http(Url),
    File(PathBuf),
    Embedded { body: &'static str, url: Url },
}
impl Origin {
    pub fn base(&self) -> Option<&Url> {
        match self {
            Origin::Http(url) | Origin::Embedded { url, .. } => Some(url),
            Origin::File(_) => None,
        }
    }
}
#[derive(Clone, Debug, Default)]
pub struct RuleList(pub String);
impl RuleList {
    pub fn empty() -> RuleList {
        RuleList::default()
    }
    pub fn parse(_name: &str, text: &str) -> Result<RuleList, Problems> {
        Ok(RuleList(text.to_owned()))
    }
}
#[derive(Clone, Debug, thiserror::Error)]
#[error("problems")]
pub struct Problems;
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {error}")]
pub struct ConfigError {
    path: String,
    error: std::io::Error,
}
pub fn read_capped(path: &Path, _limit: usize, _key: Option<&'static str>) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|error| ConfigError { path: path.display().to_string(), error })
}
