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
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;

use super::access::Access;
use super::query::{decode, parameters};
use super::status::{ALLOW, Refused, problem};
use super::{health, reply};
use crate::base::limits;
use crate::base::url::Url;
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
        if parts.method == Method::OPTIONS && parts.uri.path() == "*" {
            return Ok((allow(), "-"));
        }
        let path = Path::of(parts.uri.path())?;
        match parts.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Ok((allow(), "-")),
            _ => return Err(Refused::Method),
        }
        match path.with(parts.uri.query().unwrap_or_default())? {
            Target::Health => Ok((health::healthz(), "-")),
            Target::Named(name) => self.feed(Ask::Named(&name), &parts.headers).await,
            Target::Any { url, key } => {
                self.0.access.judge(host, &parts.headers, key.as_deref())?;
                self.feed(Ask::Url(&url), &parts.headers).await
            }
        }
    }

    async fn feed(&self, ask: Ask<'_>, headers: &HeaderMap) -> Result<Answered, Refused> {
        let pipeline = &self.0.pipeline;
        let failed = |failure| Refused::Feed { feed: ask.label(), failure };
        let served = pipeline.answer(ask).await.map_err(failed)?;
        let cache = match served.how {
            How::Hit => "hit",
            How::Made { stale: true, .. } => "stale",
            How::Made { stale: false, .. } => "miss",
        };
        Ok((reply::feed(pipeline, &served, headers).await?, cache))
    }
}

/// What every request must keep to. The host that it names, empty where HTTP/1.0 names none.
fn check<'a>(parts: &'a Parts, has_body: bool, via: &str) -> Result<&'a str, Refused> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let hosts = parts.headers.get_all(header::HOST).iter().count();
    match () {
        () if has_body => Err(Refused::Body),
        () if target > limits::MAX_REQUEST_TARGET => Err(Refused::TargetTooLong),
        () if hosts > 1 || (hosts == 0 && parts.version == Version::HTTP_11) => Err(Refused::Host),
        () if names(&parts.headers, via) => Err(Refused::Loop),
        () => {
            let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            // in absolute form the target's own host counts (RFC 9112 §3.2.2)
            Ok(parts.uri.authority().map_or(host, |authority| authority.as_str()))
        }
    }
}

/// True where `Via` names us: `1.1 NAME (comment)`, in a list.
fn names(headers: &HeaderMap, via: &str) -> bool {
    let lines = headers.get_all(header::VIA).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|hop| hop.split_whitespace().nth(1) == Some(via))
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
            return Err(Refused::UnknownParameters(unknown.join(", ")));
        }
        match self {
            Path::Health => Ok(Target::Health),
            Path::Named(name) => Ok(Target::Named(decode(name).ok_or(Refused::Undecodable)?)),
            Path::Any => {
                let missing = || Refused::Parameter { name: "url", problem: "is missing".into() };
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
    let mut url = Url::parse(text).map_err(|error| wrong(format!("is not a URL: {error}")))?;
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
            ("/feed", "url=example.org", "is not a URL"),
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
        assert!(names(&headers, "refeed-1"));
        assert!(!names(&headers, "refeed-2"));
        assert!(!names(&headers, "1.1"));
    }

    proptest! {
        #[test]
        fn nothing_panics(path in "/(feed)?/?\\PC{0,30}", query in "(url|key|x)?=?\\PC{0,40}") {
            let _ = target(&path, &query);
        }
    }
}
