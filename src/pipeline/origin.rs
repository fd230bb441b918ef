//! Where the bytes of a feed come from: an upstream over HTTP, a file of this machine, the program itself. No cache here.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::ask::Input;
use super::error::Error;
use crate::base::clock::Clock;
use crate::base::limits;
use crate::base::url::Url;
use crate::cache::moved::permanent;
use crate::cache::said::Said;
use crate::cache::{About, Line};
use crate::config::{Config, Origin, read_capped};
use crate::feed::Hubs;
use crate::fetch::{Client, FetchError, Request, Settings};
use crate::websub::discover::read_link;

/// Brings bytes. Clones share the client.
#[derive(Clone)]
pub(super) struct Origins {
    pub client: Client,
    pub clock: Clock,
    /// `fetch.max_body`, for files.
    pub max_body: usize,
}

/// What was found at an origin.
#[derive(Clone)]
pub(super) struct Found {
    /// HTTP's; a file has none.
    pub status: Option<u16>,
    /// The bytes; `None`: those at hand are still good.
    pub body: Option<Bytes>,
    /// Where, after redirects; a file has none.
    pub url: Option<Url>,
    /// `Content-Type`
    pub content_type: Option<Line>,
    /// `ETag`
    pub etag: Option<Line>,
    /// `Last-Modified`
    pub last_modified: Option<Line>,
    /// What `Link` headers name.
    pub hubs: Hubs,
    /// The rest of what the headers say.
    pub said: Said,
    /// Where permanent redirects led.
    pub moved: Option<Url>,
}

impl Found {
    /// For the transformation.
    pub(super) fn into_input(self) -> Input {
        let content_type = self.content_type.as_ref().and_then(Line::text).map(str::to_owned);
        Input { bytes: self.body.unwrap_or_default(), content_type, url: self.url }
    }
}

/// How an origin is asked.
#[derive(Default)]
pub(super) struct Asking<'a> {
    /// Another address than the configured one: where it moved for good.
    pub at: Option<&'a Url>,
    /// The copy at hand: its validators go along.
    pub held: Option<&'a About>,
    /// The refeeds that the question came through.
    pub via: Option<HeaderValue>,
}

impl Origins {
    /// What is at `origin` now.
    pub(super) async fn bring(&self, origin: &Origin, asking: Asking<'_>) -> Result<Found, Error> {
        match origin {
            Origin::Http(url) => self.get(asking.at.unwrap_or(url), asking).await,
            Origin::File(path) => {
                let (path, most) = (path.clone(), self.max_body);
                let read = move || read_capped(&path, most, Some("fetch.max_body"));
                let body = tokio::task::spawn_blocking(read).await.map_err(|_| Error::Bug)?;
                Ok(self.local(body.map_err(Error::File)?.into(), None))
            }
            Origin::Merge(_) => Err(Error::Bug), // its sources are asked, by `merge`
            Origin::Embedded { body, url } => Ok(self.local(Bytes::from_static(body.as_bytes()), Some(url.clone()))),
        }
    }

    async fn get(&self, url: &Url, asking: Asking<'_>) -> Result<Found, Error> {
        let value = |line: Option<&Line>| line.map(|line| line.0.clone());
        let held = asking.held;
        let request = Request {
            if_none_match: value(held.and_then(|held| held.etag.as_ref())),
            if_modified_since: value(held.and_then(|held| held.last_modified.as_ref())),
            validated_by: held.and_then(|held| held.url.clone()),
            via: asking.via,
            ..Request::feed(url.as_str())
        };
        let asked = self.clock.now();
        let response = self.client.get(&request).await.map_err(Error::Fetch)?;
        let (headers, now) = (&response.headers, self.clock.now());
        Ok(Found {
            status: Some(response.status),
            moved: permanent(response.moved.iter().map(|hop| (hop.status, &hop.url))).cloned(),
            content_type: line(headers, header::CONTENT_TYPE),
            etag: line(headers, header::ETAG),
            last_modified: line(headers, header::LAST_MODIFIED),
            hubs: linked(headers),
            said: Said::read(headers, now).on_the_way(now.since(asked)),
            body: (!response.is_not_modified()).then_some(response.body),
            url: Some(response.url),
        })
    }

    fn local(&self, body: Bytes, url: Option<Url>) -> Found {
        let said = Said::local(self.clock.now());
        let (status, content_type, etag, last_modified, moved) = (None, None, None, None, None);
        let hubs = Hubs::default();
        Found { status, body: Some(body), url, content_type, etag, last_modified, hubs, said, moved }
    }
}

fn linked(headers: &HeaderMap) -> Hubs {
    let mut hubs = Hubs::default();
    for line in headers.get_all(header::LINK).into_iter().filter_map(|line| line.to_str().ok()) {
        read_link(&mut hubs, line);
    }
    hubs
}

fn line(headers: &HeaderMap, name: HeaderName) -> Option<Line> {
    headers.get(name).cloned().map(Line)
}

/// The client that `config` asks for.
pub(super) fn client(config: &Config, clock: Clock) -> Result<Client, FetchError> {
    let fetch = &config.fetch;
    Client::new(Settings {
        timeout: fetch.timeout,
        max_body: fetch.max_body,
        max_redirects: fetch.max_redirects,
        offline: fetch.offline,
        pages_per_host: fetch.pages_per_host,
        extra_roots: fetch.roots.as_deref().map(roots).transpose()?.unwrap_or_default(),
        allow: fetch.allow.clone(),
        proxy: fetch.proxy.clone(),
        own_id: instance(),
        own_addresses: vec![config.server.listen],
        clock,
        ..Settings::default()
    })
}

/// The certificates of `fetch.roots`.
fn roots(path: &Path) -> Result<Vec<Vec<u8>>, FetchError> {
    let wrong = |why: String| FetchError::Settings(format!("`fetch.roots` ({}): {why}", path.display()));
    let pem = read_capped(path, limits::MAX_ROOTS, None).map_err(|error| wrong(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found.map_err(|error| wrong(error.to_string()))? {
        none if none.is_empty() => Err(wrong("it holds no certificate".to_owned())),
        found => Ok(found.into_iter().map(|certificate| certificate.to_vec()).collect()),
    }
}

/// What tells this process from other refeeds on the way. Random: containers that start together share process number
/// and time.
fn instance() -> String {
    format!("{:016x}", RandomState::new().hash_one(()))
}
