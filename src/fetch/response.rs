//! What a fetch brought: status, final URL, end-to-end headers, the whole decoded body.
//!
//! Header values are kept as the bytes they came in as; what describes one connection only, the transfer, or another
//! site's visitor (`Set-Cookie`) is left out, and so are the length and coding of a body that is decoded by now.

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use url::Url;

/// One redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led.
    pub url: Url,
}

/// A successful fetch.
#[derive(Clone, Debug)]
pub struct Response {
    /// 2xx, or 304 where the request was conditional.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The redirects on the way, in order; the last one's URL is [`Response::url`].
    pub moved: Vec<Hop>,
    /// End-to-end headers.
    pub headers: HeaderMap,
    /// Decoded, at most `fetch.max_body` bytes; empty with 304.
    pub body: Bytes,
}

impl Response {
    /// True where upstream says that the copy at hand is still good.
    pub fn is_not_modified(&self) -> bool {
        self.status == 304
    }

    /// The media type without parameters, as sent (`application/rss+xml`).
    pub fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or_default().trim()).filter(|media| !media.is_empty())
    }

    /// The `charset` parameter of `Content-Type`: a label to look up, not one that exists.
    pub fn charset(&self) -> Option<&str> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        value.split(';').skip(1).find_map(|parameter| {
            let (name, label) = parameter.split_once('=')?;
            let label = label.trim().trim_matches(['"', '\'']).trim();
            (name.trim().eq_ignore_ascii_case("charset") && !label.is_empty()).then_some(label)
        })
    }

    /// `ETag`, to be sent back as it is.
    pub fn etag(&self) -> Option<&HeaderValue> {
        self.headers.get(header::ETAG)
    }

    /// `Last-Modified`, to be sent back as it is.
    pub fn last_modified(&self) -> Option<&HeaderValue> {
        self.headers.get(header::LAST_MODIFIED)
    }

    /// `Cache-Control`, its lines joined as RFC 9110 §5.3 joins them; lines that are not ASCII are left out.
    pub fn cache_control(&self) -> Option<String> {
        let lines: Vec<_> =
            self.headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }
}

/// Headers that end with this hop (RFC 9110 §7.6.1), or that are no longer true or wanted.
const DROPPED: [HeaderName; 11] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::SET_COOKIE,
    header::WWW_AUTHENTICATE,
];

/// Removes what is not end-to-end, and what `Connection` names.
pub(super) fn keep_end_to_end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&DROPPED) {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "set-cookie2"] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(content_type: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let url = Url::parse("http://example.org/").unwrap();
        Response { status: 200, url, moved: vec![], headers, body: Bytes::new() }
    }

    #[test]
    fn the_charset_label_is_found_in_its_usual_and_unusual_forms() {
        for (value, media, label) in [
            ("text/xml", Some("text/xml"), None),
            ("text/xml; charset=GB2312", Some("text/xml"), Some("GB2312")),
            ("text/xml;CHARSET = \"big5\" ; x=y", Some("text/xml"), Some("big5")),
            ("application/rss+xml; type=feed;charset='utf-8'", Some("application/rss+xml"), Some("utf-8")),
            ("; charset=", None, None),
        ] {
            let response = response(value);
            assert_eq!((response.content_type(), response.charset()), (media, label), "{value}");
        }
    }

    #[test]
    fn only_end_to_end_headers_are_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("etag", "\"a\""),
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-encoding", "gzip"),
            ("set-cookie", "id=1"),
            ("cache-control", "max-age=60"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        keep_end_to_end(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["cache-control", "etag"]);
    }
}
