//! One fetch from request to response: the hops, the headers, the time.
//!
//! Promises: the whole fetch ends within `fetch.timeout`; every hop passes the URL rules, the host's turnstile and the
//! guard anew; a connection on which anything went wrong is not used again. What goes upstream is written here and
//! nowhere else: `User-Agent`, `Accept`, `Accept-Encoding`, `Via`, and validators where they belong.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout, timeout_at};

use super::body::{self, Bounds, CODINGS};
use super::connect::{Connector, Fault, Way};
use super::error::{BadRedirect, Bound, FetchError, Phase, reason};
use super::guard::Guard;
use super::holds::Holds;
use super::manners::{Manners, Turn, retry_after};
use super::network::{Network, System};
use super::proxy::Proxy;
use super::response::{Hop, Response, keep_end_to_end};
use super::target::Target;
use super::{Lane, Request, Settings};
use crate::base::limits;

/// Who asks, for the logs of upstreams.
const USER_AGENT: &str = concat!("refeed/", env!("CARGO_PKG_VERSION"), " (feed proxy)");

/// How every refeed's name in `Via` begins.
pub const INSTANCE: &str = "refeed-";

/// Fetches. Cheap to clone; clones share connections and manners.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    via: HeaderValue,
    http: legacy::Client<Connector, Full<Bytes>>,
    way: Arc<Way>,
    feeds: Manners,
    pages: Manners,
    holds: Holds,
}

/// What one hop brought.
enum Answer {
    Moved(u16, Target),
    Arrived(hyper::Response<Bytes>),
}

impl Client {
    /// A client on the machine's network. Fails on a proxy, certificate or instance id that cannot be used.
    pub fn new(settings: Settings) -> Result<Client, FetchError> {
        Client::on(settings, Arc::new(System::new()))
    }

    /// A client on another network: what tests stand on.
    pub fn on(settings: Settings, network: Arc<dyn Network>) -> Result<Client, FetchError> {
        let proxy = settings.proxy.as_ref().map(Proxy::new).transpose()?;
        let token_char = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let via = HeaderValue::try_from(format!("1.1 {INSTANCE}{}", settings.own_id))
            .ok()
            .filter(|_| settings.own_id.chars().all(token_char))
            .ok_or_else(|| FetchError::Settings("the instance id may hold letters, digits and hyphens".into()))?;
        let way = Arc::new(Way {
            guard: Guard::new(settings.allow.clone(), settings.own_addresses.clone()),
            network,
            tls: Arc::new(trust(&settings.extra_roots)?),
            proxy,
            timeouts: settings.timeouts,
        });
        let http = pool(Connector(way.clone()));
        let (feeds, pages) = (Manners::new(limits::FETCHES_PER_HOST), Manners::new(settings.pages_per_host));
        Ok(Client(Arc::new(Inner { settings, via, http, way, feeds, pages, holds: Holds::default() })))
    }

    /// The name of this instance in `Via`. A request that arrives with it went in a circle.
    pub fn via_token(&self) -> String {
        format!("{INSTANCE}{}", self.0.settings.own_id)
    }

    /// The hosts that asked to be left alone.
    pub fn holds(&self) -> &Holds {
        &self.0.holds
    }

    /// True where nothing is fetched.
    pub fn is_offline(&self) -> bool {
        self.0.settings.offline
    }

    /// Fetches `request.url`, redirects followed, body whole and decoded. Dropping the future ends the fetch.
    pub async fn get(&self, request: &Request) -> Result<Response, FetchError> {
        let first = Target::typed(&request.url, &self.0.way.guard)?;
        if self.is_offline() {
            return Err(FetchError::Offline { at: first.place });
        }
        let (at, limit) = (first.place.clone(), self.0.settings.timeout);
        let late = |_| FetchError::Timeout { at, phase: Phase::Whole, limit };
        let turn = match request.lane {
            Lane::Feeds => None,
            Lane::Pages => Some(self.0.turn(&first, Lane::Pages, Instant::now() + limits::PAGE_WAIT).await?),
        };
        let until = Instant::now() + limit;
        timeout_at(until, self.0.follow(request, first, turn, until)).await.map_err(late)?
    }
}

impl Inner {
    async fn follow(
        &self,
        request: &Request,
        first: Target,
        mut turn: Option<Turn>,
        until: Instant,
    ) -> Result<Response, FetchError> {
        let limit = self.settings.max_redirects;
        let mut moved: Vec<Hop> = Vec::new();
        let mut target = first.clone();
        loop {
            if let Some(left) = self.holds.left(&target.url, self.settings.clock.now()) {
                return Err(FetchError::Held { at: target.place, left });
            }
            let turn = match turn.take() {
                Some(turn) => turn,
                None => self.turn(&target, request.lane, until).await?,
            };
            let (status, next) = match self.hop(request, &first, &target, turn).await? {
                Answer::Moved(status, next) if request.post.is_none() => (status, next),
                // what is posted is for the service that was named, and for no other
                Answer::Moved(status, _) => {
                    return Err(FetchError::Status { at: target.place.clone(), status, retry_after: None });
                }
                Answer::Arrived(answer) => return Ok(arrived(answer, target, moved)),
            };
            tracing::debug!(from = %target.place, to = %next.place, status, "redirected");
            let refuse = |why| FetchError::Redirect { at: target.place.clone(), why };
            if next.url == first.url || moved.iter().any(|hop| hop.url == next.url) {
                return Err(refuse(BadRedirect::Loop));
            }
            if moved.len() >= limit {
                return Err(refuse(BadRedirect::TooMany(limit)));
            }
            moved.push(Hop { status, url: next.url.clone() });
            target = next;
        }
    }

    /// A turn at the target's host, within the fetch's time. A line that is too long is not the host's fault.
    async fn turn(&self, target: &Target, lane: Lane, until: Instant) -> Result<Turn, FetchError> {
        let (at, limit) = (|| target.place.clone(), self.settings.timeout);
        let manners = match lane {
            Lane::Feeds => &self.feeds,
            Lane::Pages => &self.pages,
        };
        match timeout_at(until, manners.turn(target.host())).await {
            Ok(turn) => turn.ok_or_else(|| FetchError::Busy { at: at() }),
            Err(_) => Err(FetchError::Timeout { at: at(), phase: Phase::Turn, limit }),
        }
    }

    async fn hop(&self, request: &Request, first: &Target, target: &Target, _turn: Turn) -> Result<Answer, FetchError> {
        let mut asked = hyper::Request::new(Full::default());
        *asked.uri_mut() = target.uri.clone();
        if let Some(post) = &request.post {
            *asked.method_mut() = Method::POST;
            *asked.body_mut() = Full::new(post.clone());
        }
        let conditional = self.write_headers(asked.headers_mut(), request, first, target);
        let connection = capture_connection(&mut asked);
        let answer = match self.head(asked, connection.clone(), target).await {
            Ok(head) => self.answer(head, target, (request.lane, conditional)).await,
            Err(error) => Err(error),
        };
        if answer.is_err()
            && let Some(connection) = connection.connection_metadata().as_ref()
        {
            connection.poison();
        }
        answer
    }

    /// All that is sent besides the request line and `Host`. True where validators are among it.
    fn write_headers(&self, out: &mut hyper::HeaderMap, request: &Request, first: &Target, target: &Target) -> bool {
        out.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        out.insert(header::ACCEPT, HeaderValue::from_static(request.accept));
        out.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(CODINGS));
        for via in request.via.iter().chain([&self.via]) {
            out.append(header::VIA, via.clone());
        }
        if target.url.origin() == first.url.origin() {
            out.extend(request.headers.clone());
        }
        if let Some(login) = self.way.proxy.as_ref().and_then(|proxy| proxy.authorization(target.is_tls())) {
            out.insert(header::PROXY_AUTHORIZATION, login.clone());
        }
        let theirs = match &request.validated_by {
            Some(url) => target.url == *url,
            None => target.host() == first.host(),
        };
        let validators =
            [(header::IF_NONE_MATCH, &request.if_none_match), (header::IF_MODIFIED_SINCE, &request.if_modified_since)];
        let mut conditional = false;
        for (name, value) in validators {
            if let Some(value) = value.as_ref().filter(|_| theirs) {
                out.insert(name, value.clone());
                conditional = true;
            }
        }
        conditional
    }

    /// The bounds of a body: of many pages each is held to less than a feed.
    fn bounds(&self, lane: Lane) -> Bounds {
        let (most, gap) = (self.settings.max_body, self.settings.timeouts.gap);
        match lane {
            Lane::Pages if most > limits::MAX_PAGE => Bounds { body: limits::MAX_PAGE, called: Bound::Page, gap },
            Lane::Pages | Lane::Feeds => Bounds { body: most, called: Bound::Body, gap },
        }
    }

    /// The response head. Its time begins when the connection stands; until then the connector's bounds hold.
    async fn head(
        &self,
        asked: hyper::Request<Full<Bytes>>,
        mut connection: CaptureConnection,
        target: &Target,
    ) -> Result<hyper::Response<Incoming>, FetchError> {
        let limit = self.settings.timeouts.head;
        let mut answer = std::pin::pin!(self.http.request(asked));
        let connected = async move { drop(connection.wait_for_connection_metadata().await) };
        let head = tokio::select! {
            head = &mut answer => head,
            () = connected => timeout(limit, answer)
                .await
                .map_err(|_| FetchError::Timeout { at: target.place.clone(), phase: Phase::Head, limit })?,
        };
        head.map_err(|error| explain(&error, target))
    }

    async fn answer(
        &self,
        head: hyper::Response<Incoming>,
        target: &Target,
        (lane, conditional): (Lane, bool),
    ) -> Result<Answer, FetchError> {
        let at = || target.place.clone();
        let (mut parts, body) = head.into_parts();
        if parts.headers.len() > limits::MAX_HEAD_FIELDS {
            return Err(FetchError::TooLarge { at: at(), bound: Bound::Head });
        }
        if parts.headers.contains_key(header::TRANSFER_ENCODING) && parts.headers.contains_key(header::CONTENT_LENGTH) {
            let reason = "both Content-Length and Transfer-Encoding: the end of the body is in doubt".into();
            return Err(FetchError::Protocol { at: at(), reason });
        }
        let body = match parts.status.as_u16() {
            206 => {
                let reason = "206 to a request without `Range`: a part of the body is missing".into();
                return Err(FetchError::Protocol { at: at(), reason });
            }
            200..=299 => body::read(&parts.headers, body, self.bounds(lane), &target.place).await?,
            304 if conditional => Bytes::new(),
            304 => {
                let reason = "304 to a request without validators".into();
                return Err(FetchError::Protocol { at: at(), reason });
            }
            status @ (301 | 302 | 303 | 307 | 308) => {
                let mut locations = parts.headers.get_all(header::LOCATION).iter();
                let (Some(location), None) = (locations.next(), locations.next()) else {
                    return Err(FetchError::Redirect { at: at(), why: BadRedirect::NoLocation });
                };
                return Ok(Answer::Moved(status, target.redirected(location.as_bytes(), &self.way.guard)?));
            }
            407 if self.way.proxy.is_some() => {
                return Err(FetchError::Proxy { at: at(), reason: "it wants another login".into() });
            }
            508 => return Err(FetchError::OwnLoop { at: at() }),
            status => {
                let now = self.settings.clock.now();
                let retry_after =
                    parts.headers.get(header::RETRY_AFTER).map(|value| retry_after(value.as_bytes(), now));
                if let (429 | 503, Some(wait)) = (status, retry_after) {
                    self.holds.hold(&target.url, now + wait, now);
                }
                return Err(FetchError::Status { at: at(), status, retry_after });
            }
        };
        keep_end_to_end(&mut parts.headers);
        Ok(Answer::Arrived(hyper::Response::from_parts(parts, body)))
    }
}

fn arrived(answer: hyper::Response<Bytes>, target: Target, moved: Vec<Hop>) -> Response {
    let (parts, body) = answer.into_parts();
    Response { status: parts.status.as_u16(), url: target.url, moved, headers: parts.headers, body }
}

/// What the pool's error means for this target: the connector's own fault where one is inside.
fn explain(error: &legacy::Error, target: &Target) -> FetchError {
    let at = target.place.clone();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(fault) = inner.downcast_ref::<Fault>() {
            return fault.clone().into_error(at, target.led);
        }
        if let Some(error) = inner.downcast_ref::<hyper::Error>() {
            return match error {
                e if e.is_parse_too_large() => FetchError::TooLarge { at, bound: Bound::Head },
                e if e.is_parse() => {
                    FetchError::Protocol { at, reason: format!("the answer is not HTTP: {}", reason(e)) }
                }
                e if e.is_incomplete_message() => {
                    FetchError::Protocol { at, reason: "the connection closed before a complete response head".into() }
                }
                e => FetchError::Protocol { at, reason: reason(e) },
            };
        }
        source = inner.source();
    }
    FetchError::Protocol { at, reason: reason(error) }
}

/// The connection pool with the bounds of a response head.
fn pool(connector: Connector) -> legacy::Client<Connector, Full<Bytes>> {
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::IDLE_TIMEOUT)
        .pool_max_idle_per_host(limits::IDLE_PER_HOST)
        .http1_max_buf_size(limits::MAX_HEAD)
        .http1_max_headers(limits::MAX_HEAD_FIELDS)
        .http2_max_header_list_size(limits::MAX_HEAD as u32)
        .http2_initial_stream_window_size(limits::H2_WINDOW)
        .http2_initial_connection_window_size(limits::H2_WINDOW)
        .build(connector)
}

/// TLS 1.2 and 1.3 with the built-in trust anchors and the given ones; HTTP/2 where the server takes it.
fn trust(extra: &[Vec<u8>]) -> Result<rustls::ClientConfig, FetchError> {
    let unusable = |error: rustls::Error| FetchError::Settings(format!("TLS cannot be set up: {}", reason(error)));
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in extra {
        roots.add(certificate.clone().into()).map_err(unusable)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_fetch_that_only_waited_in_line_does_not_blame_the_host() {
        let settings = Settings { timeout: Duration::from_millis(10), ..Settings::default() };
        let client = Client::new(settings).unwrap();
        let _turns = [client.0.feeds.turn("example.org").await, client.0.feeds.turn("example.org").await];
        let error = client.get(&Request::feed("https://example.org/feed")).await.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { phase: Phase::Turn, .. }), "{error}");
        assert_eq!(error.blame(), super::super::Blame::Us);
    }
}
