//! The one map from errors to HTTP: RFC 9457 problem documents, HTML for a browser.
//!
//! A problem names the feed, the cause, who is to blame, and the config key that changes it. It holds what the error's
//! message holds: no body, credential, private address or stack. Problems are not cached: their `Retry-After` would age.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use super::negotiate::wants_html;
use super::reply::harden;
use crate::base::limits;
use crate::fetch::{BadRedirect, Bound, FetchError, Led, Phase, Refusal};
use crate::pipeline::error::Blame;
use crate::pipeline::{Error, Failure};
use crate::rules::parameters::Wrong;

/// Why a request gets no feed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No such path.
    #[error("nothing is served here; feeds are at /feed/NAME and /feed?url=URL")]
    NoSuchPath,
    /// A tunnel: refeed was taken for a proxy of everything.
    #[error(
        "this proxy reads feeds and cannot see into a TLS tunnel: subscribe to the feed's http:// address, from which the way to https \
         is found, or to /feed?url=URL at this server"
    )]
    Tunnel,
    /// Through refeed as an HTTP proxy without the key.
    #[error("this proxy needs its access key as the password, with any user name")]
    NoProxyKey,
    /// A method that this path does not know.
    #[error("only GET, HEAD and OPTIONS are served")]
    Method,
    /// A request with a body.
    #[error("requests with a body are not served")]
    Body,
    /// A target above the limit.
    #[error("the request's target is longer than {} bytes", limits::MAX_REQUEST_TARGET)]
    TargetTooLong,
    /// No `Host`, several, or one that is none (RFC 9112 §3.2).
    #[error("a request needs exactly one Host header, with a host and no more")]
    Host,
    /// A target that cannot be decoded.
    #[error("the path is not UTF-8 or holds control characters")]
    Undecodable,
    /// Parameters that mean nothing here.
    #[error("unknown parameter {names}{advice}")]
    UnknownParameters {
        /// The parameters, quoted.
        names: String,
        /// What to write instead.
        advice: String,
    },
    /// A parameter that is missing, said twice or unusable.
    #[error("parameter `{name}` {problem}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `server.open = "nobody"`.
    #[error("this server answers for its configured feeds only")]
    Closed,
    /// A key is needed and none is there.
    #[error(
        "this URL needs the parameter `key` (among the rules, where the path holds them: /via/key=…/URL), or a signature"
    )]
    NoKey,
    /// Not the key.
    #[error("the parameter `key` is wrong")]
    WrongKey,
    /// RSSHub's `code`, and not the one of this path.
    #[error("the parameter `code` is wrong")]
    WrongCode,
    /// A signature that does not belong to what it stands before.
    #[error("this address is not the one that was signed, or the key has changed since")]
    WrongSignature,
    /// A signed address whose time has come.
    #[error("this signed address has expired")]
    Expired,
    /// A time of expiry that nothing vouches for.
    #[error("`exp` belongs to a signed address: `refeed sign` makes one")]
    Unsigned,
    /// A key is needed but the server has none.
    #[error("any URL is served to this machine alone; others need a key, and none is configured")]
    KeyNotConfigured,
    /// The request was sent by ourselves.
    #[error("the request has come back to the server that sent it")]
    Loop,
    /// `If-Match` or `If-Unmodified-Since` names other bytes.
    #[error("the feed is not what `If-Match` or `If-Unmodified-Since` asks for")]
    Precondition,
    /// No coding that the request accepts.
    #[error("the request accepts neither the plain bytes nor br, zstd or gzip")]
    NotAcceptable,
    /// A feed that could be asked for but not made.
    #[error("feed `{feed}`: {}{}", told(&failure.error, *named), withheld(failure, *named))]
    Feed {
        /// Its name, or its URL without the query.
        feed: String,
        /// It is a feed of the configuration: the reader has not chosen its URL.
        named: bool,
        /// What happened.
        failure: Failure,
    },
}

/// What an operator can do about an outage that upstream forbids to hide.
fn withheld(failure: &Failure, named: bool) -> &'static str {
    match failure.withheld && named {
        true => {
            "; there is a copy, which the upstream forbids to use now, unless the feed sets `stale_if_error` for itself"
        }
        false => "",
    }
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Refused {
        match wrong {
            Wrong::Unknown { names, advice } => Refused::UnknownParameters {
                names,
                advice: format!(": {advice}; a `&` of the feed's URL is written %26"),
            },
            Wrong::Unusable { name, problem } => Refused::Parameter { name, problem },
        }
    }
}

/// What a problem document says beside its detail.
struct Kind {
    status: StatusCode,
    /// Last part of the problem's type, a name for programs.
    name: &'static str,
    title: &'static str,
    config_key: Option<&'static str>,
}

const fn kind(status: StatusCode, name: &'static str, title: &'static str) -> Kind {
    Kind { status, name, title, config_key: None }
}

impl Kind {
    const fn key(self, config_key: &'static str) -> Kind {
        self.maybe(Some(config_key))
    }

    const fn maybe(self, config_key: Option<&'static str>) -> Kind {
        Kind { config_key, ..self }
    }
}

impl Refused {
    fn kind(&self) -> Kind {
        use StatusCode as S;
        match self {
            Refused::NoSuchPath => kind(S::NOT_FOUND, "no-such-path", "Not found"),
            Refused::Tunnel => kind(S::METHOD_NOT_ALLOWED, "tunnel", "No tunnels"),
            Refused::NoProxyKey => kind(S::PROXY_AUTHENTICATION_REQUIRED, "key", "Key needed").key("server.access_key"),
            Refused::Method => kind(S::METHOD_NOT_ALLOWED, "method", "Method not allowed"),
            Refused::Body => kind(S::PAYLOAD_TOO_LARGE, "body", "Body not allowed"),
            Refused::TargetTooLong => kind(S::URI_TOO_LONG, "target-too-long", "URL too long"),
            Refused::Host | Refused::Undecodable => kind(S::BAD_REQUEST, "bad-request", "Bad request"),
            Refused::UnknownParameters { .. } | Refused::Parameter { .. } => {
                kind(S::BAD_REQUEST, "bad-parameter", "Bad parameter")
            }
            Refused::Closed => kind(S::FORBIDDEN, "closed", "Not open").key("server.open"),
            Refused::NoKey | Refused::WrongKey | Refused::WrongCode | Refused::KeyNotConfigured => {
                kind(S::FORBIDDEN, "key", "Key needed").key("server.access_key")
            }
            Refused::WrongSignature => kind(S::FORBIDDEN, "signature", "Wrong signature").key("server.access_key"),
            Refused::Expired => kind(S::FORBIDDEN, "expired", "Expired"),
            Refused::Unsigned => kind(S::BAD_REQUEST, "bad-parameter", "Bad parameter"),
            Refused::Loop => kind(S::LOOP_DETECTED, "loop", "Loop detected"),
            Refused::Precondition => kind(S::PRECONDITION_FAILED, "precondition", "Precondition failed"),
            Refused::NotAcceptable => kind(S::NOT_ACCEPTABLE, "not-acceptable", "Not acceptable"),
            Refused::Feed { failure, named, .. } if !withheld(failure, *named).is_empty() => {
                feed_kind(&failure.error, *named).key("feeds.NAME.stale_if_error")
            }
            Refused::Feed { failure, named, .. } => feed_kind(&failure.error, *named),
        }
    }

    fn blame(&self) -> &'static str {
        match self {
            Refused::Feed { failure, named, .. } => match failure.error.blame() {
                Blame::Reader if *named && !matches!(*failure.error, Error::UnknownFeed | Error::NoSuchPage { .. }) => {
                    "refeed"
                }
                Blame::Reader => "reader",
                Blame::Upstream => "upstream",
                Blame::Us => "refeed",
            },
            _ => "reader",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Refused::Feed { failure, .. } => match *failure.error {
                Error::Busy | Error::Late => Some(failure.retry_after.unwrap_or(limits::BUSY_RETRY)),
                _ => failure.retry_after,
            },
            _ => None,
        }
    }
}

/// The message for a reader. Where a page leads is known to whoever named the page.
fn told(error: &Error, named: bool) -> String {
    match error {
        Error::Named { .. } if !named => error.to_string(),
        _ => error.without_place(),
    }
}

fn feed_kind(error: &Error, named: bool) -> Kind {
    use StatusCode as S;
    match error {
        Error::UnknownFeed => kind(S::NOT_FOUND, "unknown-feed", "No such feed").key("feeds"),
        Error::File(_) => kind(S::INTERNAL_SERVER_ERROR, "file", "File cannot be read").key("feeds"),
        Error::Rule(_) => kind(S::INTERNAL_SERVER_ERROR, "rule-failed", "A rule failed").key("feeds"),
        Error::Emit(_) => kind(S::INTERNAL_SERVER_ERROR, "no-such-form", "Cannot be written so").key("feeds"),
        Error::Fetch(error) => fetch_kind(error, named),
        Error::NotAFeed(_) => kind(S::BAD_GATEWAY, "not-a-feed", "Not a feed"),
        Error::Named { error, .. } => match &**error {
            Error::Fetch(FetchError::Refused { why, .. }) => {
                kind(S::BAD_GATEWAY, "named-feed-refused", "The page's feed is refused").maybe(allow_key(why))
            }
            error => feed_kind(error, named),
        },
        Error::CutShort => kind(S::BAD_GATEWAY, "cut-short", "Upstream's feed is cut short"),
        Error::Emptied { .. } => kind(S::BAD_GATEWAY, "emptied", "Upstream's feed is empty"),
        Error::Earlier(_) => kind(S::BAD_GATEWAY, "upstream-failed", "Upstream failed"),
        Error::NoSuchPage { .. } => kind(S::NOT_FOUND, "no-such-page", "No such page").key("archive"),
        Error::NoArchive => kind(S::SERVICE_UNAVAILABLE, "no-archive", "Archive not readable").key("cache.path"),
        Error::TooMuch => kind(S::BAD_GATEWAY, "too-large", "The sources are too large together"),
        Error::NoSource { .. } => kind(S::BAD_GATEWAY, "no-source", "No source has an answer"),
        Error::Busy => kind(S::SERVICE_UNAVAILABLE, "busy", "Busy"),
        Error::Late => kind(S::GATEWAY_TIMEOUT, "late", "Too slow").key("fetch.timeout"),
        Error::Bug => kind(S::INTERNAL_SERVER_ERROR, "bug", "Bug in refeed"),
    }
}

fn fetch_kind(error: &FetchError, named: bool) -> Kind {
    use FetchError as F;
    use StatusCode as S;
    let bad_gateway = |name, title| kind(S::BAD_GATEWAY, name, title);
    match error {
        F::Refused { led: Led::Redirected, why, .. } => {
            bad_gateway("redirect-refused", "Redirect refused").maybe(allow_key(why))
        }
        F::Refused { why, .. } => {
            let status = if named { S::INTERNAL_SERVER_ERROR } else { S::FORBIDDEN };
            kind(status, "address-refused", "Address refused").maybe(allow_key(why))
        }
        F::Redirect { why: BadRedirect::TooMany(_), .. } => {
            bad_gateway("bad-redirect", "Bad redirect").key("fetch.max_redirects")
        }
        F::Redirect { .. } => bad_gateway("bad-redirect", "Bad redirect"),
        F::OwnLoop { .. } => kind(S::LOOP_DETECTED, "loop", "Loop detected"),
        F::Settings(_) | F::Busy { .. } => kind(S::SERVICE_UNAVAILABLE, "busy", "Busy"),
        F::Timeout { phase: Phase::Turn, .. } => kind(S::SERVICE_UNAVAILABLE, "busy", "Busy").key("fetch.timeout"),
        F::Proxy { .. } => bad_gateway("proxy", "Outgoing proxy failed").key("fetch.proxy"),
        F::Timeout { phase, .. } => kind(S::GATEWAY_TIMEOUT, "upstream-timeout", "Upstream too slow")
            .maybe((*phase == Phase::Whole).then_some("fetch.timeout")),
        F::TooLarge { bound, .. } => bad_gateway("too-large", "Upstream's answer is too large")
            .maybe(matches!(bound, Bound::Body(_)).then_some("fetch.max_body")),
        F::Offline { .. } => kind(S::SERVICE_UNAVAILABLE, "offline", "Not kept, and nothing is fetched"),
        F::Held { .. } => bad_gateway("upstream-pause", "Upstream asked for a pause"),
        F::Status { .. } => bad_gateway("upstream-status", "Upstream refused"),
        F::Encoding { .. } | F::Truncated { .. } | F::Protocol { .. } => {
            bad_gateway("bad-answer", "Upstream's answer is broken")
        }
        F::Dns { .. } | F::Connect { .. } | F::Tls { .. } => {
            bad_gateway("upstream-unreachable", "Upstream unreachable")
        }
    }
}

/// The key that changes a refusal, where one does.
fn allow_key(why: &Refusal) -> Option<&'static str> {
    matches!(why, Refusal::Address | Refusal::Port(_)).then_some("fetch.allow")
}

/// The response to a refused request for `path` (without its query) with `headers`.
pub fn problem(refused: &Refused, path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let kind = refused.kind();
    let (body, content_type) = if wants_html(headers) {
        (html(refused, &kind), "text/html; charset=utf-8")
    } else {
        (json(refused, &kind, path), "application/problem+json")
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = kind.status;
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    harden(out);
    if let Some(wait) = refused.retry_after() {
        // rounded up: a reader that comes back on the dot must not be early
        out.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000) as u64));
    }
    match refused {
        Refused::NoProxyKey => {
            drop(out.insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"refeed\"")));
        }
        Refused::Tunnel | Refused::Method => drop(out.insert(header::ALLOW, HeaderValue::from_static(ALLOW))),
        Refused::Body => drop(out.insert(header::CONNECTION, HeaderValue::from_static("close"))),
        _ => {}
    }
    response
}

/// The methods of every path.
pub const ALLOW: &str = "GET, HEAD, OPTIONS";

fn json(refused: &Refused, kind: &Kind, path: &str) -> String {
    let mut document = serde_json::json!({
        "type": format!("urn:refeed:problem:{}", kind.name),
        "title": kind.title,
        "status": kind.status.as_u16(),
        "detail": refused.to_string(),
        "instance": path,
        "blame": refused.blame(),
    });
    if let Refused::Feed { feed, .. } = refused {
        document["feed"] = feed.as_str().into();
    }
    if let Some(key) = kind.config_key {
        document["config_key"] = key.into();
    }
    document.to_string()
}

fn html(refused: &Refused, kind: &Kind) -> String {
    let (status, title) = (kind.status.as_u16(), kind.title);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{status} {title}</title>\n\
         <h1>{status} {title}</h1>\n<p>{}</p>\n<p>To blame: {}.",
        escape(&refused.to_string()),
        refused.blame()
    );
    if let Some(key) = kind.config_key {
        let _ = write!(page, " Config key: <code>{key}</code>.");
    }
    page + "</p>\n</html>\n"
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}
