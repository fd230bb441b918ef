//! STAND-IN of the serve branch: an unguarded client for loopback upstreams.
#![allow(missing_docs)]
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::{Client as Hyper, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use crate::base::url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    Reader,
    Upstream,
    Us,
}
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("upstream cannot be reached")]
    Network,
    #[error("the address is not public")]
    Blocked,
}
impl FetchError {
    pub fn blame(&self) -> Blame {
        match self {
            FetchError::Network => Blame::Upstream,
            FetchError::Blocked => Blame::Reader,
        }
    }
    pub fn retry_after(&self) -> Option<Duration> {
        None
    }
}
#[derive(Default, Clone, Debug)]
pub struct Settings {}
#[derive(Default, Clone, Debug)]
pub struct Request {
    pub url: String,
    pub if_none_match: Option<HeaderValue>,
    pub if_modified_since: Option<HeaderValue>,
    pub accept: Option<HeaderValue>,
}
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub url: Url,
    pub moved: Option<Url>,
    pub headers: HeaderMap,
    pub body: Bytes,
}
#[derive(Clone)]
pub struct Client(Hyper<HttpConnector, Empty<Bytes>>);
impl Client {
    pub fn new(_settings: Settings) -> Client {
        Client(Hyper::builder(TokioExecutor::new()).build_http())
    }
    #[allow(clippy::disallowed_methods)]
    pub async fn get(&self, request: &Request) -> Result<Response, FetchError> {
        let url = Url::parse(&request.url).map_err(|_| FetchError::Blocked)?;
        if url.host_str() != Some("127.0.0.1") {
            return Err(FetchError::Blocked);
        }
        let uri = request.url.parse().map_err(|_| FetchError::Blocked)?;
        let (head, body) = self.0.get(uri).await.map_err(|_| FetchError::Network)?.into_parts();
        let body = body.collect().await.map_err(|_| FetchError::Network)?.to_bytes();
        Ok(Response { status: head.status.as_u16(), url, moved: None, headers: head.headers, body })
    }
}
