//! An answer as a response: conditions (RFC 9110 §13), encodings, and the headers that tell how it was come by.
//!
//! The hot path: the body is a pointer to the cached bytes, header values are made once per answer; per request only
//! `Age` and `Cache-Status` are written, and `Content-Length` by hyper.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::negotiate::Accepted;
use super::status::Refused;
use crate::base::clock::Time;
use crate::cache::answer::Prepared;
use crate::cache::flight::Role;
use crate::cache::{Content, Encoding};
use crate::emit::Format;
use crate::pipeline::{Failure, How, Pipeline, Served};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const NOTICE: HeaderName = HeaderName::from_static("refeed-notice");
/// The sources that a merged feed lacks, for a person.
const ERRORS: HeaderName = HeaderName::from_static("refeed-errors");
/// RFC 3229 §10.5.
const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");
/// The name of the method that sends the new items of a feed.
const FEED_DELTA: &str = "feed";
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// For a feed as a page: pictures, sounds and its own style; nothing runs, nothing is sent.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src http: https: data:; media-src http: https:; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox",
);
const VARY: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The headers that keep a browser from running what it gets.
pub fn harden(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
}

/// A document for programs that no cache keeps.
pub fn json(document: &impl serde::Serialize) -> Response<Full<Bytes>> {
    let text = serde_json::to_vec_pretty(document).unwrap_or_default(); // of strings and numbers, which always can be written
    let mut response = Response::new(Full::new(Bytes::from(text)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    harden(headers);
    response
}

/// The content of item `number`, as HTML that cannot act; RSSHub's words where there is none.
pub fn content(content: Option<String>, number: usize) -> Response<Full<Bytes>> {
    let text = content.unwrap_or_else(|| format!("data.item[{number}].description not found"));
    let mut response = Response::new(Full::new(text.into()));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(Format::Html.content_type()));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    harden(out);
    out.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    response
}

/// The response to a GET or HEAD with `headers` that `served` answers.
pub async fn feed(pipeline: &Pipeline, served: &Served, headers: &HeaderMap) -> Result<Response<Full<Bytes>>, Refused> {
    let content = &served.answer.content;
    let accepted = Accepted::read(headers);
    let Some(preferred) = accepted.preferred().next() else { return Err(Refused::NotAcceptable) };
    let now = pipeline.clock().now();
    if changed(content, headers) {
        return Err(Refused::Precondition);
    }
    if let Some(etag) = unchanged(content, accepted, headers, now) {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), served, etag, now);
        return Ok(response);
    }
    let encoded = match preferred {
        Some(encoding) => pipeline.encoded(served, encoding).await.map(|found| (encoding, found)),
        None => None,
    };
    let (encoding, representation) = match encoded {
        Some((encoding, representation)) => (Some(encoding), representation),
        None => (None, content.identity().clone()),
    };
    let mut response = Response::new(Full::new(representation.body));
    let out = response.headers_mut();
    out.reserve(16); // once, instead of growing by halves
    describe(out, served, representation.etag, now);
    out.insert(header::CONTENT_TYPE, content.content_type.clone());
    // after the clock was set back the date would lie in the future, which no server may send (RFC 9110 §8.8.2.1)
    if content.modified <= now {
        out.insert(header::LAST_MODIFIED, content.last_modified.clone());
    }
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.token()));
    }
    harden(out);
    if content.content_type == Format::Html.content_type() {
        out.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    Ok(response)
}

/// Does the reader ask for what is new alone (RFC 3229), and is there anything?
pub fn wants_delta(served: &Served, headers: &HeaderMap) -> bool {
    let mut asked = members(headers, A_IM).filter_map(|member| member.split(';').next());
    asked.any(|name| name.trim().eq_ignore_ascii_case(FEED_DELTA))
        && headers.contains_key(header::IF_NONE_MATCH)
        && unchanged(&served.answer.content, Accepted::read(headers), headers, served.answer.freshness.generated)
            .is_none()
}

/// The tags that the reader has.
pub fn tags(headers: &HeaderMap) -> Vec<&str> {
    members(headers, header::IF_NONE_MATCH).collect()
}

/// What is new in `served` since the reader's copy with the tag `base`: `delta`, with the tag of the whole (RFC 3229 §10).
pub async fn delta(
    pipeline: &Pipeline,
    served: &Served,
    (delta, base): (&Served, &str),
    headers: &HeaderMap,
) -> Result<Response<Full<Bytes>>, Refused> {
    let mut plain = headers.clone();
    for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_MATCH, header::IF_UNMODIFIED_SINCE] {
        plain.remove(name); // they speak of the whole
    }
    let mut response = feed(pipeline, delta, &plain).await?;
    *response.status_mut() = StatusCode::IM_USED;
    let out = response.headers_mut();
    describe(out, served, served.answer.content.etag(None).clone(), pipeline.clock().now());
    out.insert(IM, HeaderValue::from_static(FEED_DELTA));
    // who named several tags must know which of them it is (RFC 3229 §10.5.1)
    if let Ok(base) = HeaderValue::try_from(base) {
        out.insert(DELTA_BASE, base);
    }
    // a cache that does not know the method must not give it to others
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, im"));
    Ok(response)
}

/// The list of all feeds. It says more once feeds were fetched, so that no cache is to keep it.
pub fn opml(text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/x-opml; charset=utf-8"));
    out.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"refeed.opml\""));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    harden(out);
    response
}

/// What a 200 and its 304 have in common (RFC 9110 §15.4.5).
fn describe(out: &mut HeaderMap, served: &Served, etag: HeaderValue, now: Time) {
    let answer = &served.answer;
    out.insert(header::ETAG, etag);
    if let Some(link) = &served.link {
        out.insert(header::LINK, link.clone());
    }
    out.insert(header::VARY, VARY);
    out.insert(header::CACHE_CONTROL, answer.cache_control.clone());
    out.insert(header::AGE, HeaderValue::from(answer.age(now).as_secs()));
    if let Some(errors) = &answer.errors {
        out.insert(ERRORS, errors.clone());
    }
    out.insert(CACHE_STATUS, cache_status(&served.how, answer.freshness.fresh_until.secs() - now.secs()));
    if let How::Kept(failure) = &served.how {
        out.insert(NOTICE, notice(failure, answer.freshness.generated));
    }
}

/// RFC 9211: `refeed; hit; ttl=1200`. What is stale has a `ttl` below zero.
fn cache_status(how: &How, ttl: i64) -> HeaderValue {
    let how = match how {
        How::Hit => "hit".to_owned(),
        How::Refreshing => return status_line("hit", ttl, "; detail=refreshing"),
        How::Kept(failure) => {
            // `fwd-status` belongs to a request that went on (RFC 9211 §2.3); an earlier failure is told by the notice
            let status = failure.status().map(|status| format!("; fwd-status={status}")).unwrap_or_default();
            let how = if failure.asked { format!("fwd=stale{status}") } else { "hit".to_owned() };
            return status_line(&how, ttl, "; detail=upstream-failed");
        }
        How::Made { asked: false, .. } => return status_line("hit", ttl, "; detail=transformed"),
        How::Made { stale, role, status, stored, .. } => {
            let reason = if *stale { "stale" } else { "miss" };
            let status = status.map(|status| format!("; fwd-status={status}")).unwrap_or_default();
            let kept = match role {
                Role::Led if *stored => "; stored",
                Role::Led => "",
                Role::Joined => "; collapsed",
            };
            format!("fwd={reason}{status}{kept}")
        }
    };
    status_line(&how, ttl, "")
}

fn status_line(how: &str, ttl: i64, detail: &str) -> HeaderValue {
    HeaderValue::try_from(format!("refeed; {how}; ttl={ttl}{detail}")).unwrap_or(HeaderValue::from_static("refeed"))
}

/// For a person who wonders why nothing new comes. It names no address: readers of a configured feed need not know it.
fn notice(failure: &Failure, from: Time) -> HeaderValue {
    let (why, from) = (failure.error.without_place(), httpdate::fmt_http_date(from.to_system()));
    let text = format!("{why}; this copy is from {from}");
    let ascii: String = text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    HeaderValue::try_from(ascii).unwrap_or(HeaderValue::from_static("upstream failed; this is the last good copy"))
}

/// The tag of the representation that the reader has and may keep, if it has one. Any acceptable encoding of the same
/// content will do, also one that this server has not made yet.
fn unchanged(content: &Content, accepted: Accepted, headers: &HeaderMap, now: Time) -> Option<HeaderValue> {
    let would_send = || match accepted.preferred().next().flatten() {
        Some(encoding) if matches!(content.encoded(encoding), Prepared::Ready(_)) => Some(encoding),
        _ => None,
    };
    if !headers.contains_key(header::IF_NONE_MATCH) {
        let date = headers.get(header::IF_MODIFIED_SINCE)?;
        return not_modified_since(content, date, now).then(|| content.etag(would_send()).clone());
    }
    let known: Vec<&str> =
        members(headers, header::IF_NONE_MATCH).map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).collect();
    if known == ["*"] {
        return Some(content.etag(would_send()).clone());
    }
    let has = |coding: &Option<Encoding>| known.iter().any(|tag| content.etag(*coding) == tag);
    accepted.preferred().find(has).map(|coding| content.etag(coding).clone())
}

/// True where the request wants other bytes than these (`If-Match`, else `If-Unmodified-Since`): RFC 9110 §13.1.1, by
/// strong comparison.
fn changed(content: &Content, headers: &HeaderMap) -> bool {
    if headers.contains_key(header::IF_MATCH) {
        let codings = || Encoding::ALL.into_iter().map(Some).chain([None]);
        return !members(headers, header::IF_MATCH).any(|tag| tag == "*" || codings().any(|c| content.etag(c) == tag));
    }
    headers.get(header::IF_UNMODIFIED_SINCE).and_then(date).is_some_and(|date| content.modified > date)
}

/// The tags of a list, `W/` and quotes included.
fn members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// A date later than now is none that we sent, or one from before the clock was set back: it says nothing.
fn not_modified_since(content: &Content, since: &HeaderValue, now: Time) -> bool {
    date(since).is_some_and(|date| content.modified <= date && date <= now)
}

fn date(value: &HeaderValue) -> Option<Time> {
    value.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok()).map(Time::from_system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Time = Time::from_secs(1_800_000_000); // Fri, 15 Jan 2027 08:00:00 GMT

    fn condition(accept: &'static str, lines: &[(HeaderName, String)]) -> Option<Option<Encoding>> {
        let content = Content::new(Bytes::from("a".repeat(4096)), "application/rss+xml", NOW, None);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        for (name, line) in lines {
            let line = line
                .replace("BR", content.etag(Some(Encoding::Brotli)).to_str().unwrap())
                .replace("GZ", content.etag(Some(Encoding::Gzip)).to_str().unwrap())
                .replace("ID", content.etag(None).to_str().unwrap());
            headers.append(name, line.parse().unwrap());
        }
        let found = unchanged(&content, Accepted::read(&headers), &headers, NOW + Duration::from_secs(1))?;
        let codings = Encoding::ALL.map(Some).into_iter().chain([None]);
        Some(codings.into_iter().find(|coding| content.etag(*coding) == found).unwrap())
    }

    #[test]
    fn the_table_of_conditions() {
        let inm = |line: &str| vec![(header::IF_NONE_MATCH, line.to_owned())];
        let ims = |line: &str| vec![(header::IF_MODIFIED_SINCE, line.to_owned())];
        for (accept, lines, expected) in [
            ("", inm("ID"), Some(None)),
            ("", inm("W/ID"), Some(None)),
            ("", inm("\"x\", W/\"y\",ID"), Some(None)),
            ("", inm("*"), Some(None)),
            ("", inm("GZ"), None), // the reader takes no gzip now
            ("gzip", inm("GZ"), Some(Some(Encoding::Gzip))),
            ("gzip", inm("ID"), Some(None)),
            ("gzip, br", inm("GZ, BR"), Some(Some(Encoding::Brotli))),
            ("", inm("\"x\""), None),
            ("", inm(""), None),
            ("", inm("ID-br"), None),
            ("", vec![], None),
            ("", ims("Fri, 15 Jan 2027 08:00:00 GMT"), Some(None)),
            ("", ims("Friday, 15-Jan-27 08:00:01 GMT"), Some(None)),
            ("", ims("Fri, 15 Jan 2027 07:59:59 GMT"), None),
            ("", ims("Fri Jan 15 08:00:00 2027"), Some(None)),
            ("", ims("Fri, 15 Jan 2027 08:00:02 GMT"), None), // in the future
            ("", ims("yesterday"), None),
            ("", [inm("\"x\""), ims("Fri, 15 Jan 2027 08:00:00 GMT")].concat(), None),
        ] {
            assert_eq!(condition(accept, &lines), expected, "{accept} {lines:?}");
        }
    }
}
