//! Fetching: every outgoing socket of refeed.
//!
//! Promises: no address is dialled that [`guard`] refuses; every wait, head, body and redirect chain is bounded; a body is
//! whole and decoded, or an error. Takes a [`Request`], gives a [`Response`] or a [`FetchError`] that says who is to
//! blame. Validators go out as the bytes they came in as. Nothing of a reader's request goes upstream.
//!
//! ```text
//! client ─ holds (Retry-After) ─ manners (turn at the host) ─ target (URL rules) ─ pool ─ connect (resolve, guard, dial, TLS) ─ proxy
//!    └── redirects, headers                                    └── body (caps, decoding)
//! ```
//!
//! Called by the pipeline, which spawns a fetch that others wait for: dropping the future of [`Client::get`] ends the
//! fetch at any point and leaves nothing behind.

mod body;
mod client;
mod connect;
mod error;
pub mod guard;
mod holds;
mod manners;
mod network;
mod proxy;
mod response;
mod target;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};
use url::Url;

use crate::base::clock::Clock;
use crate::base::limits;
use crate::config::fields::Allow;

pub use client::{Client, INSTANCE};
pub use error::{BadRedirect, Blame, Bound, FetchError, Led, Phase, Place, Refusal};
pub use holds::Holds;
pub use manners::retry_after;
pub use network::{Network, Pending, System};
pub use response::{Hop, Response};

/// What a [`Client`] is made of. Plain data; the defaults are those of [`limits`].
#[derive(Clone)]
pub struct Settings {
    /// `fetch.timeout`: one whole fetch, waiting and redirects included.
    pub timeout: Duration,
    /// `fetch.max_body`: bytes of a body after decompression; also bounds the wire.
    pub max_body: usize,
    /// `fetch.max_redirects`.
    pub max_redirects: usize,
    /// `fetch.pages_per_host`: fetches of [`Lane::Pages`] at one host at once.
    pub pages_per_host: usize,
    /// `fetch.allow`.
    pub allow: Vec<Allow>,
    /// `fetch.proxy`: `http`, `socks5` or `socks5h`, with or without a login.
    pub proxy: Option<Url>,
    /// What tells this instance from others in `Via`: letters, digits and hyphens.
    pub own_id: String,
    /// The addresses this process listens on: they are never fetched.
    pub own_addresses: Vec<SocketAddr>,
    /// Certificates (DER) trusted beside the built-in ones.
    pub extra_roots: Vec<Vec<u8>>,
    /// Bounds of the single steps.
    pub timeouts: Timeouts,
    /// Nothing is fetched.
    pub offline: bool,
    /// For dates in `Retry-After`.
    pub clock: Clock,
}

/// Time bounds of the steps of one hop; no config key changes them.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// See [`limits::DNS_TIMEOUT`].
    pub dns: Duration,
    /// See [`limits::CONNECT_TIMEOUT`].
    pub connect: Duration,
    /// See [`limits::CONNECT_ALL_TIMEOUT`].
    pub connect_all: Duration,
    /// See [`limits::TLS_TIMEOUT`].
    pub tls: Duration,
    /// See [`limits::HEAD_TIMEOUT`].
    pub head: Duration,
    /// See [`limits::BODY_GAP_TIMEOUT`].
    pub gap: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            dns: limits::DNS_TIMEOUT,
            connect: limits::CONNECT_TIMEOUT,
            connect_all: limits::CONNECT_ALL_TIMEOUT,
            tls: limits::TLS_TIMEOUT,
            head: limits::HEAD_TIMEOUT,
            gap: limits::BODY_GAP_TIMEOUT,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            timeout: limits::FETCH_TIMEOUT,
            max_body: limits::MAX_BODY,
            max_redirects: limits::MAX_REDIRECTS,
            offline: false,
            pages_per_host: limits::PAGES_PER_HOST,
            allow: Vec::new(),
            proxy: None,
            own_id: "local".into(),
            own_addresses: Vec::new(),
            extra_roots: Vec::new(),
            timeouts: Timeouts::default(),
            clock: Clock::system(),
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the proxy's address: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .field("max_redirects", &self.max_redirects)
            .field("allow", &self.allow)
            .field("proxy", &self.proxy.as_ref().map(|proxy| proxy.scheme()))
            .field("own_id", &self.own_id)
            .finish_non_exhaustive()
    }
}

/// What is asked of upstream: a GET, or a POST where there is something to post.
#[derive(Clone, Debug)]
pub struct Request {
    /// The URL as typed.
    pub url: String,
    /// The `ETag` of the copy at hand, as it came.
    pub if_none_match: Option<HeaderValue>,
    /// The `Last-Modified` of the copy at hand, as it came.
    pub if_modified_since: Option<HeaderValue>,
    /// The URL that gave those two, when it is not the typed one ([`Response::url`]). They are sent to it alone; without
    /// it they are sent to the typed URL's host and no other.
    pub validated_by: Option<Url>,
    /// The `Accept` header.
    pub accept: &'static str,
    /// The refeeds that this request came through, as in `Via`: without them, two that fetch from each other would not
    /// see it. Nothing else of a reader's request goes upstream.
    pub via: Option<HeaderValue>,
    /// What else the operator has sent: to the typed URL's own scheme, host and port alone.
    pub headers: HeaderMap,
    /// The line that it waits in.
    pub lane: Lane,
    /// A body for a service of the operator's, or a form for a hub; no redirect is followed with it.
    pub post: Option<Bytes>,
}

/// Feeds and the pages that their items lead to wait in lines of their own, so that fifty articles delay no feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Its time (`fetch.timeout`) counts from the first moment: somebody waits for it.
    Feeds,
    /// Its time counts from its first turn; the wait for that is bounded by [`limits::PAGE_WAIT`].
    Pages,
}

impl Request {
    /// An unconditional request for a feed.
    pub fn feed(url: impl Into<String>) -> Request {
        Request {
            url: url.into(),
            if_none_match: None,
            if_modified_since: None,
            validated_by: None,
            accept: ACCEPT_FEED,
            via: None,
            headers: HeaderMap::new(),
            lane: Lane::Feeds,
            post: None,
        }
    }

    /// A form to post to a hub, encoded.
    pub fn form(url: impl Into<String>, form: String) -> Request {
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, form_type)]);
        Request { accept: "*/*", headers, post: Some(form.into()), ..Request::feed(url) }
    }

    /// An unconditional request for a page that an item of a feed leads to.
    pub fn page(url: impl Into<String>, headers: HeaderMap) -> Request {
        Request { accept: ACCEPT_PAGE, headers, lane: Lane::Pages, ..Request::feed(url) }
    }
}

/// Pages as a browser asks for them.
const ACCEPT_PAGE: &str = "text/html, application/xhtml+xml, */*;q=0.5";

/// Feeds first, since some servers give a page to who accepts one; then anything.
pub const ACCEPT_FEED: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, \
     application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5";
