//! From a URL's text to what is asked of whom: one parser (`url`, the WHATWG rules), then the rules for what is fetched.
//!
//! Refuses control characters, schemes other than `http` and `https`, user information, ports that nothing allows, hosts
//! over 253 bytes and URLs over 4 KiB, each before any lookup. Every hop of a redirect passes here again. What goes on
//! the wire is what the parser understood, re-serialised: no second parser can read another host out of it. The one
//! liberty is an apostrophe in a query, which the parser would escape and the typed URL keeps. Called by `client.rs`.

use hyper::Uri;
use url::{Host, Url};

use super::error::{FetchError, Led, Place, Refusal};
use super::guard::Guard;
use crate::base::limits;

/// One URL that may be asked, before its name is resolved.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// As the parser understood it, without fragment.
    pub url: Url,
    /// The same for hyper.
    pub uri: Uri,
    /// How it came to be asked.
    pub led: Led,
    /// For messages.
    pub place: Place,
}

impl Target {
    /// Reads a URL as typed; white space around it is ignored.
    pub fn typed(text: &str, guard: &Guard) -> Result<Target, FetchError> {
        let refuse = |why| FetchError::Refused { at: Place::unreadable(), why: Refusal::Url(why), led: Led::Typed };
        let text = text.trim_matches(' ');
        check_text(text.as_bytes()).map_err(refuse)?;
        let url = Url::parse(text).map_err(|error| refuse(explain(error)))?;
        Target::new(url, Some(text), Led::Typed, guard)
    }

    /// Where a `Location` of this target leads. Its bytes need not be ASCII: they are taken as a browser takes them.
    pub fn redirected(&self, location: &[u8], guard: &Guard) -> Result<Target, FetchError> {
        let refuse = |why| FetchError::Refused { at: self.place.clone(), why: Refusal::Url(why), led: Led::Redirected };
        check_text(location).map_err(refuse)?;
        let url = self.url.join(&escape_non_ascii(location)).map_err(|error| refuse(explain(error)))?;
        if self.url.scheme() == "https" && url.scheme() == "http" {
            let (at, led) = (Place::of(&url), Led::Redirected);
            return Err(FetchError::Refused { at, why: Refusal::Downgrade, led });
        }
        Target::new(url, None, Led::Redirected, guard)
    }

    fn new(mut url: Url, typed: Option<&str>, led: Led, guard: &Guard) -> Result<Target, FetchError> {
        url.set_fragment(None);
        let place = Place::of(&url);
        let refuse = |why| FetchError::Refused { at: place.clone(), why, led };
        check(&url, guard).map_err(refuse)?;
        let uri = uri_of(&url, typed).ok_or_else(|| refuse(Refusal::Url("its host or path cannot be sent")))?;
        Ok(Target { url, uri, led, place })
    }

    /// True for `https`.
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host's name or number, in the parser's spelling.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

fn check_text(text: &[u8]) -> Result<(), &'static str> {
    if text.len() > limits::MAX_URL {
        return Err("it is longer than 4 KiB");
    }
    if text.iter().any(|byte| byte.is_ascii_control()) {
        return Err("it contains a control character");
    }
    Ok(())
}

fn check(url: &Url, guard: &Guard) -> Result<(), Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Userinfo);
    }
    if url.as_str().len() > limits::MAX_URL {
        return Err(Refusal::Url("it is longer than 4 KiB"));
    }
    match url.host() {
        Some(Host::Domain(name)) if name.len() > limits::MAX_HOST => return Err(Refusal::Url("its host is too long")),
        Some(Host::Domain(name)) if !name.bytes().all(is_host_byte) => {
            return Err(Refusal::Url("its host holds a character that no host name has"));
        }
        Some(_) => {}
        None => return Err(Refusal::Url("it has no host")),
    }
    match url.port_or_known_default() {
        Some(port) if guard.knows_port(port) => Ok(()),
        Some(port) => Err(Refusal::Port(port)),
        None => Err(Refusal::Scheme),
    }
}

/// Letters, digits, hyphen and dot (RFC 1123 §2.1), and the underscore that names in use have.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// The parsed URL for hyper. `None` where hyper reads it differently, which the checks before leave no room for.
fn uri_of(url: &Url, typed: Option<&str>) -> Option<Uri> {
    let wire = typed.and_then(|typed| wire_target(typed, url)).unwrap_or(&url[url::Position::BeforePath..]);
    let uri: Uri = format!("{}{wire}", &url[..url::Position::BeforePath]).parse().ok()?;
    (uri.host() == url.host_str() && uri.port_u16() == url.port()).then_some(uri)
}

/// Path and query as typed, where the parser changed nothing in them but apostrophes of the query.
fn wire_target<'a>(typed: &'a str, url: &Url) -> Option<&'a str> {
    let rest = typed.split_once("://")?.1;
    let start = rest.find(['/', '?', '#'])?;
    let target = rest.get(start..)?.split('#').next()?;
    let parsed = &url[url::Position::BeforePath..];
    let (path, query) = target.split_once('?')?;
    let (parsed_path, parsed_query) = parsed.split_once('?')?;
    (path == parsed_path && query.replace('\'', "%27") == parsed_query).then_some(target)
}

fn escape_non_ascii(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The parser's complaints in terms of what was typed; none quotes the text.
fn explain(error: url::ParseError) -> &'static str {
    use url::ParseError as E;
    match error {
        E::RelativeUrlWithoutBase => "it does not begin with http:// or https://",
        E::EmptyHost => "it has no host",
        E::InvalidPort => "its port is no number from 0 to 65535",
        E::InvalidIpv4Address | E::InvalidIpv6Address => "its host is a broken IP address",
        E::IdnaError | E::InvalidDomainCharacter => "its host name is not valid",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Result<Target, FetchError> {
        Target::typed(text, &Guard::default())
    }

    fn why(text: &str) -> Refusal {
        match typed(text) {
            Err(FetchError::Refused { why, led: Led::Typed, .. }) => why,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn wire(text: &str) -> String {
        typed(text).unwrap().uri.path_and_query().unwrap().to_string()
    }

    #[test]
    fn a_valid_url_keeps_its_bytes_on_the_wire() {
        for target in [
            "/api/zm_yql-vomx-tpeybti",
            "/a$b_c~d!e'f(g)*h+i,j;k:l@m=n&o",
            "/?q='$_'&r=a+b%20c",
            "/%E5%8F%b0/%7e?",
            "/a//b/",
        ] {
            assert_eq!(wire(&format!("https://example.org{target}")), target);
        }
        assert_eq!(wire(" http://example.org?a='b'#c "), "/?a=%27b%27");
        assert_eq!(wire("http://example.org/台?湾"), "/%E5%8F%B0?%E6%B9%BE");
    }

    #[test]
    fn text_that_could_split_a_request_is_refused() {
        for bad in ["http://a/\r\nX: y", "http://a/\n", "http://a/\0", "http://a\t.b/", "http://a/\u{7f}"] {
            assert!(matches!(why(bad), Refusal::Url("it contains a control character")), "{bad:?}");
        }
    }

    #[test]
    fn schemes_userinfo_and_ports_are_refused_before_any_lookup() {
        for scheme in ["file:///etc/passwd", "ftp://a/", "gopher://a/", "data:text/xml,x", "javascript:1", "ws://a/"] {
            assert_eq!(why(scheme), Refusal::Scheme, "{scheme}");
        }
        for userinfo in
            ["http://user:pass@host/", "http://a@b@c/", "http://user@host/", "http://:p@host/", "http:user@host"]
        {
            assert_eq!(why(userinfo), Refusal::Userinfo, "{userinfo}");
        }
        for port in [22, 25, 6379, 0, 65535] {
            assert_eq!(why(&format!("http://host:{port}/")), Refusal::Port(port));
        }
        for text in ["", "host/feed", "/feed", "http://", "http:///", "http://[::1/", "http://a b/", "http://a:99999/"]
        {
            assert!(matches!(why(text), Refusal::Url(_) | Refusal::Port(_)), "{text}");
        }
        assert!(matches!(why(&format!("http://{}/", "a.".repeat(200))), Refusal::Url(_)));
        assert!(matches!(why(&format!("http://a/{}", "a".repeat(limits::MAX_URL))), Refusal::Url(_)));
        assert!(matches!(why("http://a{b}/"), Refusal::Url(_)));
    }

    #[test]
    fn no_second_parser_reads_another_host() {
        for (text, host) in [
            ("http://good.com#@evil/", "good.com"),
            ("http://good.com\\@evil/", "good.com"),
            ("http://good.com/@evil", "good.com"),
            ("http://good.com?@evil/", "good.com"),
            ("http://127。0。0。1/", "127.0.0.1"),
            ("http://①②⑦.0.0.1/", "127.0.0.1"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f000001/", "127.0.0.1"),
            ("http://0177.0.0.1/", "127.0.0.1"),
            ("http://127.1/", "127.0.0.1"),
            ("http://0/", "0.0.0.0"),
            ("http://[::FFFF:10.0.0.1]/", "[::ffff:a00:1]"),
            ("http://BÜCHER.example/", "xn--bcher-kva.example"),
        ] {
            let target = typed(text).unwrap();
            assert_eq!(target.host(), host, "{text}");
            assert_eq!(target.uri.host(), Some(host), "{text}");
        }
    }

    #[test]
    fn redirects_resolve_against_their_hop_and_keep_their_rules() {
        let guard = Guard::default();
        let from = typed("https://example.org/a/b?c").unwrap();
        let to = |location: &str| from.redirected(location.as_bytes(), &guard).map(|target| target.url.to_string());
        assert_eq!(to("../d").unwrap(), "https://example.org/d");
        assert_eq!(to("//other.example/x").unwrap(), "https://other.example/x");
        assert_eq!(to("/台灣#frag").unwrap(), "https://example.org/%E5%8F%B0%E7%81%A3");
        assert_eq!(from.redirected(b"/\xB1\xCA", &guard).unwrap().url.as_str(), "https://example.org/%B1%CA");
        for (location, expected) in [
            ("http://example.org/", Refusal::Downgrade),
            ("file:///etc/passwd", Refusal::Scheme),
            ("gopher://x/", Refusal::Scheme),
            ("data:text/xml,x", Refusal::Scheme),
            ("https://u:p@example.org/", Refusal::Userinfo),
            ("https://example.org:22/", Refusal::Port(22)),
        ] {
            let error = to(location).unwrap_err();
            let FetchError::Refused { why, led: Led::Redirected, .. } = error else { panic!("{location}: {error}") };
            assert_eq!(why, expected, "{location}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_nothing_unparsed_reaches_the_wire(text in "(https?://)?.{0,80}", location in proptest::collection::vec(0u8.., 0..60)) {
            let guard = Guard::default();
            if let Ok(target) = Target::typed(&text, &guard) {
                proptest::prop_assert_eq!(target.uri.host(), target.url.host_str());
                proptest::prop_assert!(target.uri.to_string().is_ascii());
                let _ = target.redirected(&location, &guard);
            }
        }
    }
}
