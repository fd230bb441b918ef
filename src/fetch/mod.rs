//! STAND-IN of the serve branch: an unguarded client for loopback upstreams.
#![allow(missing_docs)]
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::HeaderMap;
use hyper_util::client::legacy::{Client as Hyper, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use crate::base::clock::{Clock, Time};
use crate::base::limits;
use crate::base::url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    Reader,
    Upstream,
    Us,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    Typed,
    Redirected,
}
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    #[error("settings")]
    Settings(String),
    #[error("the host has no public address, and `fetch.allow` does not name it")]
    Refused { led: Led },
    #[error("this address is refeed itself")]
    OwnLoop {},
    #[error("busy")]
    Busy {},
    #[error("proxy")]
    Proxy {},
    #[error("cannot connect")]
    Connect {},
    #[error("timeout")]
    Timeout {},
    #[error("too large")]
    TooLarge {},
    #[error("encoding")]
    Encoding {},
    #[error("redirect")]
    Redirect {},
    #[error("the server answered {status}")]
    Status { status: u16, retry_after: Option<Duration> },
}
impl FetchError {
    pub fn blame(&self) -> Blame {
        match self {
            FetchError::Refused { led: Led::Typed } | FetchError::OwnLoop {} => Blame::Reader,
            FetchError::Settings(_) | FetchError::Busy {} | FetchError::Proxy {} => Blame::Us,
            _ => Blame::Upstream,
        }
    }
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            FetchError::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
#[derive(Debug, Clone)]
pub struct Allowed;
impl std::str::FromStr for Allowed {
    type Err = FetchError;
    fn from_str(_: &str) -> Result<Allowed, FetchError> {
        Ok(Allowed)
    }
}
#[derive(Clone, Debug)]
pub struct Settings {
    pub timeout: Duration,
    pub max_body: usize,
    pub max_redirects: usize,
    pub allow: Vec<Allowed>,
    pub proxy: Option<Url>,
    pub own_id: String,
    pub own_addresses: Vec<SocketAddr>,
    pub clock: Clock,
    pub extra_roots: Vec<Vec<u8>>,
}
impl Default for Settings {
    fn default() -> Settings {
        Settings {
            timeout: limits::FETCH_TIMEOUT,
            max_body: limits::MAX_BODY,
            max_redirects: limits::MAX_REDIRECTS,
            allow: Vec::new(),
            proxy: None,
            own_id: "local".into(),
            own_addresses: Vec::new(),
            clock: Clock::system(),
            extra_roots: Vec::new(),
        }
    }
}
pub struct Request {
    pub url: String,
}
impl Request {
    pub fn feed(url: impl Into<String>) -> Request {
        Request { url: url.into() }
    }
}
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
}
#[derive(Clone)]
pub struct Client(Hyper<HttpConnector, Empty<Bytes>>, Settings);
impl Client {
    pub fn new(settings: Settings) -> Result<Client, FetchError> {
        Ok(Client(Hyper::builder(TokioExecutor::new()).build_http(), settings))
    }
    pub fn via_token(&self) -> String {
        format!("refeed-{}", self.1.own_id)
    }
    #[allow(clippy::disallowed_methods)]
    pub async fn get(&self, request: &Request) -> Result<Response, FetchError> {
        let refused = || FetchError::Refused { led: Led::Typed };
        let url = Url::parse(&request.url).map_err(|_| refused())?;
        if url.host_str() != Some("127.0.0.1") {
            return Err(refused());
        }
        let uri = request.url.parse().map_err(|_| refused())?;
        let (head, body) = self.0.get(uri).await.map_err(|_| FetchError::Connect {})?.into_parts();
        let body = body.collect().await.map_err(|_| FetchError::Connect {})?.to_bytes();
        let status = head.status.as_u16();
        if status != 200 {
            let retry_after = head.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(FetchError::Status {
                status,
                retry_after: retry_after.map(|s: i64| Time::from_secs(s).since(Time(0))),
            });
        }
        Ok(Response { status, url, headers: head.headers, body })
    }
}
