//! From a request to the answer to it: what is asked, whether it may be, and the one log line about it.
//!
//! Refuses what it does not know by name: paths, methods, parameters, bodies. Called by `listen` for every request.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::sync::watch;
use tokio::time::Instant;

use super::access::Access;
use super::status::{ALLOW, Refused, problem};
use super::target::{self, Named, Part, Target, Wanted, What, public_path};
use super::{callback, health, reply};
use crate::base::clock::Time;
use crate::base::limits;
use crate::emit::Format;
use crate::fetch::INSTANCE;
use crate::pipeline::{Ask, Error, How, Pipeline, RulesError, Which, Window};

/// Answers requests. Clones share everything.
#[derive(Clone)]
pub struct Router(Arc<watch::Sender<Arc<Inner>>>);

/// What answers are made with, from one configuration. A request keeps what it began with.
struct Inner {
    pipeline: Pipeline,
    access: Access,
    /// Our name in `Via`.
    via: String,
}

/// A response, and what the log says of it.
type Answered = (Response<Full<Bytes>>, &'static str);

impl Router {
    /// A router over `pipeline`.
    pub fn new(pipeline: Pipeline, access: Access) -> Router {
        Router(Arc::new(watch::Sender::new(Inner::new(pipeline, access))))
    }

    /// From now on requests are answered from another configuration.
    pub fn replace(&self, pipeline: Pipeline, access: Access) {
        self.0.send_replace(Inner::new(pipeline, access));
    }

    /// The pipeline that requests are answered from now.
    pub fn pipeline(&self) -> Pipeline {
        self.0.borrow().pipeline.clone()
    }

    /// Refreshes the feeds without a reader, those of the configuration that answers are made from at the time.
    pub async fn refresh(self) {
        let mut changes = self.0.subscribe();
        loop {
            let pipeline = changes.borrow_and_update().pipeline.clone();
            let background = pipeline.background().await;
            tokio::select! {
                () = background.run() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    /// The response to `request` of `peer`.
    pub async fn respond<B: Body>(&self, request: Request<B>, peer: IpAddr) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let has_body = !body.is_end_stream() || parts.headers.contains_key(header::TRANSFER_ENCODING);
        let path = public_path(parts.uri.path());
        let inner = Arc::clone(&self.0.borrow());
        let answered = match callback::token(parts.uri.path()) {
            Some(token) => match check(&parts, false, &inner.via) {
                Ok(_) => callback::respond(&inner.pipeline, token, &parts, body).await.map(|response| (response, "-")),
                Err(refused) => Err(refused),
            },
            None => inner.answer(&parts, has_body).await,
        };
        let (response, cache) = match answered {
            Ok(answered) => answered,
            Err(refused) => (problem(&refused, &path, &parts.headers), "-"),
        };
        tracing::info!(
            method = %parts.method,
            %path,
            status = response.status().as_u16(),
            bytes = if parts.method == Method::HEAD { 0 } else { response.body().size_hint().lower() },
            ms = started.elapsed().as_millis() as u64,
            cache,
            %peer,
            "request"
        );
        response
    }
}

impl Inner {
    fn new(pipeline: Pipeline, access: Access) -> Arc<Inner> {
        Arc::new(Inner { via: pipeline.via(), pipeline, access })
    }

    async fn answer(&self, parts: &Parts, has_body: bool) -> Result<Answered, Refused> {
        if parts.method == Method::CONNECT {
            return Err(Refused::Tunnel);
        }
        let host = check(parts, has_body, &self.via)?;
        match parts.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS if parts.uri.path() == "*" => return Ok((allow(), "-")),
            Method::OPTIONS => return Target::is_served(parts.uri.path()).map(|()| (allow(), "-")),
            _ => return Err(Refused::Method),
        }
        // in absolute form: a request for another server, from a reader whose HTTP proxy refeed is
        if parts.uri.authority().is_some() && !self.access.is_own(host) {
            let url = target::feed_url(&parts.uri.to_string())?;
            self.access.judge_proxied(&parts.headers)?;
            return self.ask(Ask::of(Which::Proxied(&url)), &parts.headers).await;
        }
        match Target::read(parts.uri.path(), parts.uri.query().unwrap_or_default())? {
            Target::Health => Ok((health::healthz(), "-")),
            Target::Opml => {
                let failed = |error: Error| Refused::Feed { feed: "opml".into(), named: true, failure: error.into() };
                Ok((reply::opml(self.pipeline.opml(host).await.map_err(failed)?), "-"))
            }
            Target::Feed(wanted) => {
                // what an explanation tells of a configured feed, its readers need not know, and pages are not fetched for everybody
                if matches!(wanted.feed, Named::Any(_))
                    || !matches!(wanted.what, What::Document(_))
                    || wanted.parameters.may_fetch()
                {
                    self.access.judge(host, &parts.headers, &wanted.shown, self.pipeline.clock().now())?;
                }
                self.feed(&wanted, &parts.headers).await
            }
        }
    }

    /// The name of a feed and the format that its ending asks for. A feed that is called so wins.
    fn split<'a>(&self, name: &'a str) -> (&'a str, Option<Format>) {
        match Format::of_path(name) {
            Some((feed, format)) if !self.pipeline.has(name) => (feed, Some(format)),
            _ => (name, None),
        }
    }

    async fn feed(&self, wanted: &Wanted, headers: &HeaderMap) -> Result<Answered, Refused> {
        let pipeline = &self.pipeline;
        let (feed, format) = match &wanted.feed {
            Named::Configured(name) => {
                let (name, format) = self.split(name);
                (Which::Named(name), format)
            }
            Named::Any(url) => (Which::Url(url), None),
        };
        let named = matches!(feed, Which::Named(_));
        let failed = |failure| Refused::Feed { feed: feed.label(), named, failure };
        let rules = pipeline.rules(&wanted.parameters).await.map_err(|error| match error {
            RulesError::Wrong(wrong) => wrong.into(),
            RulesError::Other(error) => failed(error.into()),
        })?;
        let format = match wanted.what {
            What::Document(asked) => asked.or(format),
            What::Explanation => {
                let ask = Ask { feed, rules, format, window: Window::Newest };
                let told = pipeline.explain_feed(&ask).await.map_err(failed)?;
                return Ok((reply::json(&told), "-"));
            }
            What::Content(number) => {
                let ask = Ask { feed, rules, format, window: Window::Newest };
                let content = pipeline.content(&ask, number).await.map_err(failed)?;
                return Ok((reply::content(content, number), "-"));
            }
        };
        let window = self.window(feed, wanted.part)?;
        self.ask(Ask { feed, rules, format, window }, headers).await
    }

    async fn ask(&self, ask: Ask<'_>, headers: &HeaderMap) -> Result<Answered, Refused> {
        let pipeline = &self.pipeline;
        let feed = ask.feed;
        let failed = |failure| Refused::Feed { feed: feed.label(), named: matches!(feed, Which::Named(_)), failure };
        let served = pipeline.answer(ask.clone(), trail(headers)).await.map_err(failed)?;
        let cache = match served.how {
            How::Hit => "hit",
            How::Refreshing => "stale",
            How::Kept(_) => "kept",
            How::Made { stale: true, .. } => "refreshed",
            How::Made { stale: false, .. } => "miss",
        };
        if ask.window == Window::Newest && reply::wants_delta(&served, headers) {
            let tags = reply::tags(headers);
            if let Some((delta, base)) = pipeline.delta(&served, &ask, &tags).await.map_err(failed)? {
                return Ok((reply::delta(pipeline, &served, (&delta, base), headers).await?, cache));
            }
        }
        Ok((reply::feed(pipeline, &served, headers).await?, cache))
    }

    /// Which part of `feed` is asked for; only an archive has any.
    fn window(&self, feed: Which<'_>, part: Part) -> Result<Window, Refused> {
        let pipeline = &self.pipeline;
        let parameter = match part {
            Part::Newest => return Ok(Window::Newest),
            Part::Dropped => return Ok(Window::Dropped),
            Part::Page(_) => "archive",
            Part::Since(_) | Part::Last(_) => "since",
        };
        if !matches!(feed, Which::Named(name) if pipeline.has_archive(name)) {
            let problem = "is for feeds that keep an archive (`archive = {}` in their configuration)".to_owned();
            return Err(Refused::Parameter { name: parameter.to_owned(), problem });
        }
        Ok(match part {
            Part::Newest | Part::Dropped => Window::Newest,
            Part::Page(number) => Window::Page(number),
            Part::Since(time) => Window::Since(time),
            Part::Last(last) => {
                // in steps, so that readers who ask alike share an answer
                let step = limits::SINCE_STEP.as_millis() as i64;
                let since = pipeline.clock().now() - last;
                Window::Since(Time(since.0.div_euclid(step) * step))
            }
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_we_sent_is_recognised() {
        let mut headers = HeaderMap::new();
        headers.append(header::VIA, HeaderValue::from_static("1.0 fred, 1.1 refeed-1 (x)"));
        assert_eq!(hops(&headers).collect::<Vec<_>>(), ["fred", "refeed-1"]);
        assert_eq!(trail(&headers).unwrap(), "1.1 refeed-1");
        assert_eq!(trail(&HeaderMap::new()), None);
    }
}
