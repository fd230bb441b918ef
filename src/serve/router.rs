//! From a request to the answer to it: what is asked, whether it may be, and the one log line about it.
//!
//! Refuses what it does not know by name: paths, methods, parameters, bodies. Called by `listen` for every request.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;
use url::ParseError;

use super::access::Access;
use super::query::{decode, parameters};
use super::status::{ALLOW, Refused, problem};
use super::{health, reply};
use crate::base::limits;
use crate::base::url::Url;
use crate::fetch::INSTANCE;
use crate::pipeline::{Ask, How, Pipeline};

/// Answers requests. Clones share everything.
#[derive(Clone)]
pub struct Router(Arc<Inner>);

struct Inner {
    pipeline: Pipeline,
    access: Access,
    /// Our name in `Via`.
    via: String,
}

/// What a request is for.
#[derive(Debug, PartialEq)]
enum Target<'a> {
    Named(Cow<'a, str>),
    Any { url: Url, key: Option<Cow<'a, str>> },
    Health,
}

/// A response, and what the log says of it.
type Answered = (Response<Full<Bytes>>, &'static str);

impl Router {
    /// A router over `pipeline`.
    pub fn new(pipeline: Pipeline, access: Access) -> Router {
        Router(Arc::new(Inner { via: pipeline.via(), pipeline, access }))
    }

    /// The response to `request` of `peer`.
    pub async fn respond<B: Body>(&self, request: Request<B>, peer: IpAddr) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let has_body = !body.is_end_stream() || parts.headers.contains_key(header::TRANSFER_ENCODING);
        let (response, cache) = match self.answer(&parts, has_body).await {
            Ok(answered) => answered,
            Err(refused) => (problem(&refused, parts.uri.path(), &parts.headers), "-"),
        };
        tracing::info!(
            method = %parts.method,
            path = parts.uri.path(),
            status = response.status().as_u16(),
            bytes = if parts.method == Method::HEAD { 0 } else { response.body().size_hint().lower() },
            ms = started.elapsed().as_millis() as u64,
            cache,
            %peer,
            "request"
        );
        response
    }

    async fn answer(&self, parts: &Parts, has_body: bool) -> Result<Answered, Refused> {
        let host = check(parts, has_body, &self.0.via)?;
        match parts.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS if parts.uri.path() == "*" => return Ok((allow(), "-")),
            Method::OPTIONS => return Path::of(parts.uri.path()).map(|_| (allow(), "-")),
            _ => return Err(Refused::Method),
        }
        // in absolute form: a request for another server, sent here by who takes refeed for an HTTP proxy
        if parts.uri.authority().is_some() && !self.0.access.is_own(host) {
            return Err(Refused::OtherHost);
        }
        let path = Path::of(parts.uri.path())?;
        match path.with(parts.uri.query().unwrap_or_default())? {
            Target::Health => Ok((health::healthz(), "-")),
            Target::Named(name) => self.feed(Ask::Named(&name), true, &parts.headers).await,
            Target::Any { url, key } => {
                self.0.access.judge(host, &parts.headers, key.as_deref())?;
                self.feed(Ask::Url(&url), false, &parts.headers).await
            }
        }
    }

    async fn feed(&self, ask: Ask<'_>, named: bool, headers: &HeaderMap) -> Result<Answered, Refused> {
        let pipeline = &self.0.pipeline;
        let failed = |failure| Refused::Feed { feed: ask.label(), named, failure };
        let served = pipeline.answer(ask, trail(headers)).await.map_err(failed)?;
        let cache = match served.how {
            How::Hit => "hit",
            How::Refreshing => "stale",
            How::Kept(_) => "kept",
            How::Made { stale: true, .. } => "refreshed",
            How::Made { stale: false, .. } => "miss",
        };
        Ok((reply::feed(pipeline, &served, headers).await?, cache))
    }
}

/// What every request must keep to. The host that it names, empty where HTTP/1.0 names none.
fn check<'a>(parts: &'a Parts, has_body: bool, via: &str) -> Result<&'a str, Refused> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    match () {
        () if has_body => Err(Refused::Body),
        () if target > limits::MAX_REQUEST_TARGET => Err(Refused::TargetTooLong),
        () if hops(&parts.headers).any(|hop| hop == via) => Err(Refused::Loop),
        // in absolute form the target's own host counts (RFC 9112 §3.2.2)
        () => host(parts).map(|host| parts.uri.authority().map_or(host, |authority| authority.as_str())),
    }
}

/// The value of the one `Host` header.
fn host(parts: &Parts) -> Result<&str, Refused> {
    let mut lines = parts.headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) if parts.version < Version::HTTP_11 => Ok(""),
        (Some(line), None) => {
            let text = line.to_str().map_err(|_| Refused::Host)?;
            // an empty one is allowed, and no name that anything is open for
            let sound = text.is_empty() || (text.parse::<Authority>().is_ok() && !text.contains('@'));
            if sound { Ok(text) } else { Err(Refused::Host) }
        }
        _ => Err(Refused::Host),
    }
}

/// The names in `Via`: `1.1 NAME (comment)`, in a list.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::VIA).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|hop| hop.split_whitespace().nth(1))
}

/// The refeeds that a request came through, for the request that it causes: each must see itself to end a circle. Other
/// names in `Via` are the reader's own business.
fn trail(headers: &HeaderMap) -> Option<HeaderValue> {
    let own = hops(headers).filter(|hop| hop.starts_with(INSTANCE)).take(limits::MAX_HOPS_TOLD);
    let hops: Vec<String> = own.map(|hop| format!("1.1 {hop}")).collect();
    HeaderValue::try_from(hops.join(", ")).ok().filter(|trail| !trail.is_empty())
}

fn allow() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOW));
    response
}

/// A path that is served.
enum Path<'a> {
    Health,
    Any,
    Named(&'a str),
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Result<Path<'a>, Refused> {
        match path {
            "/healthz" => Ok(Path::Health),
            "/feed" => Ok(Path::Any),
            _ => match path.strip_prefix("/feed/") {
                Some(name) if !name.is_empty() && !name.contains('/') => Ok(Path::Named(name)),
                _ => Err(Refused::NoSuchPath),
            },
        }
    }

    fn with(self, query: &'a str) -> Result<Target<'a>, Refused> {
        let (mut url, mut key, mut unknown) = (None, None, Vec::new());
        for (name, value) in parameters(query) {
            match (&*name, &self) {
                ("url", Path::Any) => once(&mut url, "url", value)?,
                ("key", Path::Any | Path::Named(_)) => once(&mut key, "key", value)?,
                _ => unknown.push(format!("`{}`", crate::base::text::excerpt(&name, limits::EXCERPT_CHARS))),
            }
        }
        if !unknown.is_empty() {
            let advice = match self {
                Path::Any => "; a `&` that belongs to the feed's URL is written %26",
                Path::Named(_) => "; a feed of the configuration takes none but `key`",
                Path::Health => "",
            };
            return Err(Refused::UnknownParameters { names: unknown.join(", "), advice });
        }
        match self {
            Path::Health => Ok(Target::Health),
            Path::Named(name) => Ok(Target::Named(decode(name).ok_or(Refused::Undecodable)?)),
            Path::Any => {
                let missing = || Refused::Parameter {
                    name: "url",
                    problem: "is missing: write /feed?url=https://example.org/feed.xml".into(),
                };
                Ok(Target::Any { url: feed_url(&url.ok_or_else(missing)?)?, key })
            }
        }
    }
}

fn once<'a>(place: &mut Option<Cow<'a, str>>, name: &'static str, value: &'a str) -> Result<(), Refused> {
    let wrong = |problem: &str| Refused::Parameter { name, problem: problem.into() };
    let value = decode(value).ok_or_else(|| wrong("is not UTF-8 or holds control characters"))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong("is there twice")),
    }
}

fn feed_url(text: &str) -> Result<Url, Refused> {
    let wrong = |problem: String| Refused::Parameter { name: "url", problem };
    if text.trim().is_empty() {
        return Err(wrong("is empty".into()));
    }
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => return Err(wrong("must begin with http:// or https://".into())),
        Err(error) => return Err(wrong(format!("is not a URL: {error}"))),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://".into()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or password".into()));
    }
    url.set_fragment(None); // never sent, so not part of what is asked
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(path: &str, query: &str) -> Result<String, String> {
        let found = Path::of(path).and_then(|path| path.with(query)).map_err(|refused| refused.to_string())?;
        Ok(match found {
            Target::Health => "health".into(),
            Target::Named(name) => format!("named {name}"),
            Target::Any { url, key } => format!("any {url} {}", key.as_deref().unwrap_or("-")),
        })
    }

    #[test]
    fn targets_that_are_served() {
        for (path, query, expected) in [
            ("/healthz", "", "health"),
            ("/feed/voa", "", "named voa"),
            ("/feed/%E5%8F%B0%E7%81%A3", "key=1", "named 台灣"),
            ("/feed/a%2Fb", "", "named a/b"),
            ("/feed", "url=https%3A%2F%2Fexample.org%2Ff%3Fa%3D1%26b%3D2", "any https://example.org/f?a=1&b=2 -"),
            ("/feed", "url=https://example.org/f?a=b+c", "any https://example.org/f?a=b+c -"),
            ("/feed", "key=k&url=https://example.org/台#top", "any https://example.org/%E5%8F%B0 k"),
        ] {
            assert_eq!(target(path, query).as_deref(), Ok(expected), "{path}?{query}");
        }
    }

    #[test]
    fn targets_that_are_refused_say_why() {
        for (path, query, reason) in [
            ("/", "", "nothing is served here"),
            ("/feed/", "", "nothing is served here"),
            ("/feed/a/b", "", "nothing is served here"),
            ("/feeds", "", "nothing is served here"),
            ("/feed/%FF", "", "not UTF-8"),
            ("/feed/voa", "limit=3", "`limit`"),
            ("/feed", "", "`url` is missing"),
            ("/feed", "url=a&url=b", "`url` is there twice"),
            ("/feed", "url=https://example.org/f?a=1&b=2&c", "`b`, `c`"),
            ("/feed", "url=example.org", "http://"),
            ("/feed", "url=", "is empty"),
            ("/feed", "url=http://", "is not a URL"),
            ("/feed", "url=file:///etc/passwd", "http://"),
            ("/feed", "url=https://me:secret@example.org/", "password"),
            ("/feed", "url=%FF", "not UTF-8"),
            ("/healthz", "x=1", "`x`"),
        ] {
            let refused = target(path, query).unwrap_err();
            assert!(refused.contains(reason) && !refused.contains("secret"), "{path}?{query}: {refused}");
        }
    }

    #[test]
    fn a_request_that_we_sent_is_recognised() {
        let mut headers = HeaderMap::new();
        headers.append(header::VIA, HeaderValue::from_static("1.0 fred, 1.1 refeed-1 (x)"));
        assert_eq!(hops(&headers).collect::<Vec<_>>(), ["fred", "refeed-1"]);
        assert_eq!(trail(&headers).unwrap(), "1.1 refeed-1");
        assert_eq!(trail(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(path in "/(feed)?/?\\PC{0,30}", query in "(url|key|x)?=?\\PC{0,40}") {
            let _ = target(&path, &query);
        }
    }
}
