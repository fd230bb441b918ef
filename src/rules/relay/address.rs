//! Addresses taken apart as they are spelled, without a copy: enough to tell which need not be parsed.
//!
//! A spelling that browsers correct (capitals, tabs, percent-encoded letters in a host) is taken apart as it stands; unless the
//! host [is plain](Address::is_plain), the caller looks again at what the parser makes of it. Any text is accepted; longer ones than [`MAX_URL`] are nobody's.

use crate::base::limits::MAX_URL;
use crate::base::url::has_scheme;

/// What sort of address a text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sort<'a> {
    /// `http:`, `https:` or `//host/…`.
    Web(Address<'a>),
    /// It needs a base.
    Relative,
    /// Another scheme, a fragment alone, nothing, or too long to be fetched.
    Other,
}

/// The parts of a web address, as spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// Without the root's dot.
    pub host: &'a str,
    /// Empty for the ports of `http:` and `https:`.
    pub port: &'a str,
    /// With its `/`, or empty.
    pub path: &'a str,
    /// Without its `?`.
    pub query: Option<&'a str>,
}

/// Takes `text`, without outer white space, apart.
pub(super) fn sort(text: &str) -> Sort<'_> {
    if text.is_empty() || text.len() > MAX_URL || text.starts_with('#') {
        return Sort::Other;
    }
    if let Some(rest) = text.strip_prefix("//") {
        return Sort::Web(Address::split(rest));
    }
    if !has_scheme(text) {
        return Sort::Relative;
    }
    match after_scheme(text) {
        Some(rest) => Sort::Web(Address::split(rest)),
        None => Sort::Other,
    }
}

/// What follows `http://` or `https://`.
pub(super) fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    rest.strip_prefix("//").filter(|_| is_web)
}

/// Where the authority ends. A `\` is a `/` to browsers.
pub(super) fn authority_end(rest: &str) -> Option<usize> {
    rest.find(['/', '?', '#', '\\'])
}

impl<'a> Address<'a> {
    /// Of what follows the `//`.
    pub fn split(rest: &'a str) -> Address<'a> {
        let (authority, tail) = rest.split_at(authority_end(rest).unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (authority, ""),
        };
        let tail = tail.split_once('#').map_or(tail, |(tail, _)| tail);
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        let port = if matches!(port, "80" | "443") { "" } else { port };
        Address { host: host.strip_suffix('.').unwrap_or(host), port, path, query }
    }
}

impl Address<'_> {
    /// True where the parser would leave the host as it is.
    pub fn is_plain(&self) -> bool {
        self.host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_'))
    }
}

/// True where `path` is `beginning`, or begins with it, however either is percent-encoded.
pub(super) fn begins(path: &str, beginning: &str, is_whole: bool) -> bool {
    let mut path = decoded(if path.is_empty() { "/" } else { path });
    let is_prefix = decoded(beginning).all(|byte| path.next() == Some(byte));
    is_prefix && (!is_whole || path.next().is_none())
}

fn decoded(text: &str) -> impl Iterator<Item = u8> {
    let hex =
        |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16)).and_then(|it| u8::try_from(it).ok());
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        if byte == b'%'
            && let (Some(high), Some(low)) = (hex(rest.first()), hex(rest.get(1)))
        {
            rest = rest.get(2..)?;
            return Some(high * 16 + low);
        }
        Some(byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for other in ["", "#a", "data:image/gif;base64,AA", "blob:https://a/b", "cid:x", "http:a.png", "file:///a"] {
            assert_eq!(sort(other), Sort::Other, "{other}");
        }
        for relative in ["a.png", "/a.png", "?a", "a/b:c", "../a"] {
            assert_eq!(sort(relative), Sort::Relative, "{relative}");
        }
        assert_eq!(sort(&format!("https://a/{}", "x".repeat(MAX_URL))), Sort::Other);
        let parts = |host, port, path, query| Sort::Web(Address { host, port, path, query });
        assert_eq!(sort("HTTPS://u:p@A.example.:8080/b?c#d?e"), parts("A.example", "8080", "/b", Some("c")));
        assert_eq!(sort("//a:443?b/c"), parts("a", "", "", Some("b/c")));
        assert_eq!(sort("http://[::1]/b"), parts("[::1]", "", "/b", None));
        assert_eq!(sort("http://[::1]:81"), parts("[::1]", "81", "", None));
    }

    #[test]
    fn paths_are_compared_as_servers_read_them() {
        assert!(begins("", "/", true));
        assert!(begins("/f%28x%29/a", "/f(x)/", false) && !begins("/f%28x%29/a", "/f(x)/", true));
        assert!(begins("/%", "/%", true) && !begins("/%2", "/%25", true));
    }
}
