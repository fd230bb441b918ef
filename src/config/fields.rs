//! How single settings are read from text: addresses, URLs, secrets, bounded numbers. Each error says what to write; the
//! part after a line break is shown as the help.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::quantity;
use super::schema::{Refresh, Store};
use crate::base::limits::{
    CACHE_DISK_FLOOR, FETCH_TIMEOUT_CEILING, MAX_BODY_CEILING, MAX_FOLDERS, MAX_PAGES_PER_HOST, MAX_REDIRECTS_CEILING,
    REFRESH_SHORTEST, TTL_CEILING,
};
use crate::base::text::human_size;
use crate::base::url::Url;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret of this text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, to compare with or to sign with; not to print.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// One entry of `fetch.allow`: non-public addresses that may be fetched, on one port or on all. Names are refused: who
/// answers for a name can change, and the list must not change with it.
///
/// Written `127.0.0.1`, `127.0.0.1:9000`, `192.168.1.0/24`, `192.168.1.0/24:8080`, `::1`, `[::1]:80`, `[fd00::/8]:80`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allow {
    /// The addresses; a single one is a range of one. IPv4 is written as such.
    pub net: IpNet,
    /// The port, or any.
    pub port: Option<u16>,
}

impl Allow {
    /// True where `address` may be dialled because of this entry. Mapped addresses count as IPv4.
    pub fn admits(&self, address: SocketAddr) -> bool {
        self.net.contains(&address.ip().to_canonical()) && self.port.is_none_or(|port| port == address.port())
    }

    fn read(text: &str) -> Option<Allow> {
        let (address, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']')?;
                (address, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
            }
            None => match text.split_once(':') {
                Some((address, port)) if !port.contains(':') => (address, Some(port)),
                _ => (text, None), // bare IPv6
            },
        };
        let single = || address.parse::<IpAddr>().ok().map(|ip| IpNet::from(ip.to_canonical()));
        let net: IpNet = address.parse().ok().or_else(single)?;
        if matches!(net, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some()) {
            return None; // a range of IPv4 in disguise, which no canonical address is in
        }
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port != 0)?)
            }
            Some(_) => return None,
        };
        Some(Allow { net: net.trunc(), port })
    }
}

impl FromStr for Allow {
    type Err = String;

    fn from_str(text: &str) -> Result<Allow, String> {
        Allow::read(text.trim()).ok_or_else(|| {
            format!(
                "`{text}` is not an address or a range\n\
                 write `192.168.1.7`, `192.168.1.0/24`, `127.0.0.1:9000` or `[fd00::1]:80`; names are not allowed here, \
                 because what they mean can change"
            )
        })
    }
}

impl<'de> Deserialize<'de> for Allow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Allow, D::Error> {
        text(from, "an address such as `\"127.0.0.1:9000\"`")?.parse().map_err(D::Error::custom)
    }
}

/// A string; `what` it should be is told to who writes something else.
fn text<'de, D: Deserializer<'de>>(from: D, what: &'static str) -> Result<String, D::Error> {
    struct Text(&'static str);
    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }
    from.deserialize_str(Text(what))
}

const DURATION: &str = "a duration such as `\"25s\"` or `\"1h30m\"`";
const SIZE: &str = "a size such as `\"32 MiB\"`";

/// An address to listen on.
pub(super) fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = text(from, "an address such as `\"127.0.0.1:4600\"`")?;
    parse_listen(&text).map_err(D::Error::custom)
}

/// `127.0.0.1:4600`, `[::]:80`, or `localhost:4600`; port 0 picks a free one.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let numeric = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| {
        format!("`{text}` is not an address with a port\nwrite `127.0.0.1:4600`, `0.0.0.0:4600` or `[::]:4600`")
    })
}

/// The base of the links that refeed writes.
pub(super) fn public_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    let url = parse_url(&text, &["http", "https"]).map_err(D::Error::custom)?;
    if url.query().is_some() || url.fragment().is_some() || has_credentials(&url) {
        return Err(D::Error::custom(
            "the public URL has a query, a fragment or credentials\nwrite scheme, host and path only: `https://feeds.example.org`",
        ));
    }
    Ok(Some(url))
}

/// A hub.
pub(super) fn hub<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    parse_url(&text, &["https", "http"]).map(Some).map_err(D::Error::custom)
}

/// An outgoing proxy.
pub(super) fn proxy<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    parse_url(&text, &["http", "socks5", "socks5h"]).map(Some).map_err(D::Error::custom)
}

/// The web page of a feed.
pub(super) fn page<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    parse_url(&text, &["https", "http"]).map(Some).map_err(D::Error::custom)
}

/// A folder of a list of feeds: names with `/` between, none of them empty.
pub(super) fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    let names: Vec<&str> = text.split('/').map(str::trim).collect();
    if names.iter().any(|name| name.is_empty()) || names.len() > MAX_FOLDERS {
        return Err(D::Error::custom(format!(
            "a folder is a name, or up to {MAX_FOLDERS} with `/` between\nwrite `News` or `News/Taiwan`"
        )));
    }
    Ok(Some(names.join("/")))
}

/// A URL with a host and one of `schemes`.
pub(super) fn parse_url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    let example = format!("{}://example.org/…", schemes[0]);
    let url = Url::parse(text.trim()).map_err(|error| format!("not a URL: {error}\nwrite `{example}`"))?;
    if !schemes.contains(&url.scheme()) {
        let known = schemes.iter().map(|scheme| format!("`{scheme}:`")).collect::<Vec<_>>().join(", ");
        return Err(format!("the scheme `{}:` cannot be used here\nuse one of {known}", url.scheme()));
    }
    if url.scheme() != "file" && url.host_str().is_none_or(str::is_empty) {
        return Err(format!("the URL names no host\nwrite `{example}`"));
    }
    Ok(url)
}

pub(super) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// A key that is not empty.
pub(super) fn access_key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("an empty access key\nleave `access_key` out, or write a long random text"));
    }
    Ok(Some(Secret(text)))
}

/// A timeout: above zero, at most its ceiling.
pub(super) fn timeout<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let time = quantity::duration(&text(from, DURATION)?).map_err(D::Error::custom)?;
    if time.is_zero() || time > FETCH_TIMEOUT_CEILING {
        let most = quantity::human_duration(FETCH_TIMEOUT_CEILING);
        return Err(D::Error::custom(format!("the timeout must be above zero and at most {most}")));
    }
    Ok(time)
}

/// A span of freshness: zero is allowed.
pub(super) fn ttl<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let time = quantity::duration(&text(from, DURATION)?).map_err(D::Error::custom)?;
    if time > TTL_CEILING {
        return Err(D::Error::custom(format!("at most {} is allowed", quantity::human_duration(TTL_CEILING))));
    }
    Ok(time)
}

/// A span of freshness that may be left out.
pub(super) fn maybe_ttl<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    ttl(from).map(Some)
}

/// `refresh`: `"on-demand"`, or a duration that leaves the upstream in peace.
pub(super) fn refresh<'de, D: Deserializer<'de>>(from: D) -> Result<Refresh, D::Error> {
    let text = text(from, "`\"on-demand\"` or a duration such as `\"1h\"`")?;
    if text == "on-demand" {
        return Ok(Refresh::OnDemand);
    }
    let every = quantity::duration(&text).map_err(|error| {
        let (what, _) = error.split_once('\n').unwrap_or((&error, ""));
        D::Error::custom(format!("{what}\nwrite `on-demand`, or a duration as `30m` or `1h`"))
    })?;
    if !(REFRESH_SHORTEST..=TTL_CEILING).contains(&every) {
        let bounds = [REFRESH_SHORTEST, TTL_CEILING].map(quantity::human_duration);
        return Err(D::Error::custom(format!("between {} and {} are allowed", bounds[0], bounds[1])));
    }
    Ok(Refresh::Every(every))
}

/// A size; zero is allowed.
pub(super) fn size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    quantity::size(&text(from, SIZE)?).map_err(D::Error::custom)
}

/// The directory of the store.
pub(super) fn store<'de, D: Deserializer<'de>>(from: D) -> Result<Store, D::Error> {
    match text(from, "a directory, or `\"none\"`")?.as_str() {
        "none" => Ok(Store::None),
        path if Path::new(path).is_absolute() => Ok(Store::Directory(path.into())),
        path => Err(D::Error::custom(format!(
            "`{path}` is not an absolute path: what it means would depend on where refeed is started\n\
             write `/var/lib/refeed`, or `none` to keep nothing on disk"
        ))),
    }
}

/// The address of a store that several refeeds share; it may hold a password, so no error repeats it.
pub(super) fn shared<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    let text = text(from, "an address such as `\"redis://cache:6379\"`")?;
    parse_shared(text.trim()).map_err(D::Error::custom)?;
    Ok(Some(Secret(text.trim().to_owned())))
}

fn parse_shared(text: &str) -> Result<(), &'static str> {
    let wrong = |why| Err(why);
    let Ok(url) = Url::parse(text) else {
        return wrong(
            "not an address of a Valkey or Redis\n\
             write `redis://cache:6379`, or `redis://user:password@cache:6379/0` with what is special in them as `%40`",
        );
    };
    match url.scheme() {
        "redis" => {}
        "rediss" => {
            return wrong(
                "refeed speaks with Valkey and Redis without TLS\n\
                 write `redis://…`, over a network that nobody else reads: a private one, or a tunnel",
            );
        }
        _ => return wrong("the scheme must be `redis:`, which Valkey has too\nwrite `redis://cache:6379`"),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("the address names no host\nwrite `redis://cache:6379`");
    }
    let database = url.path().trim_start_matches('/');
    if url.query().is_some()
        || url.fragment().is_some()
        || !database.bytes().all(|b| b.is_ascii_digit())
        || database.len() > 4
    {
        return wrong("only the number of a database may follow the host and the port\nwrite `redis://cache:6379/0`");
    }
    Ok(())
}

/// Room on disk: enough for the state of a few feeds.
pub(super) fn disk_size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let bytes = size(from)?;
    if bytes < CACHE_DISK_FLOOR {
        let least = human_size(CACHE_DISK_FLOOR);
        return Err(D::Error::custom(format!(
            "must be at least {least}\nto keep nothing on disk, write `path = \"none\"`"
        )));
    }
    Ok(bytes)
}

/// The size of a body: above zero, at most its ceiling.
pub(super) fn body_size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let bytes = size(from)?;
    if bytes == 0 || bytes > MAX_BODY_CEILING {
        return Err(D::Error::custom(format!("must be above zero and at most {}", human_size(MAX_BODY_CEILING))));
    }
    Ok(bytes)
}

/// A number of redirects; zero follows none.
pub(super) fn redirects<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let count = usize::deserialize(from)?;
    if count > MAX_REDIRECTS_CEILING {
        return Err(D::Error::custom(format!("at most {MAX_REDIRECTS_CEILING} redirects are followed")));
    }
    Ok(count)
}

pub(super) fn pages_per_host<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let count = usize::deserialize(from)?;
    if !(1..=MAX_PAGES_PER_HOST).contains(&count) {
        return Err(D::Error::custom(format!("1 to {MAX_PAGES_PER_HOST} pages of one host are fetched at once")));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_permits_its_range_and_port_only() {
        let on = |entry: &str, address: &str| entry.parse::<Allow>().unwrap().admits(address.parse().unwrap());
        assert!(on("127.0.0.1:9000", "127.0.0.1:9000"));
        assert!(on("127.0.0.1:9000", "[::ffff:127.0.0.1]:9000"));
        assert!(!on("127.0.0.1:9000", "127.0.0.1:9001"));
        assert!(!on("127.0.0.1", "127.0.0.2:80"));
        assert!(on("192.168.1.7/24", "192.168.1.200:5000"));
        assert!(on("192.168.1.0/24:8000", "192.168.1.200:8000"));
        assert!(!on("192.168.1.0/24:8000", "192.168.1.200:80"));
        assert!(on("::ffff:10.0.0.1", "10.0.0.1:1"));
        assert!(on("[::1]:80", "[::1]:80"));
        assert!(on("::1", "[::1]:443"));
        assert!(on("[fd00::/8]:80", "[fd12::1]:80"));
        assert!(!on("fd00::/8", "10.0.0.1:80"));
    }

    #[test]
    fn names_broken_ports_and_disguised_ranges_are_refused() {
        for text in [
            "",
            "localhost",
            "localhost:80",
            "example.org",
            "127.1",
            "0x7f000001",
            "1.2.3",
            "1.2.3.4/33",
            "[::1",
            "[::1]80",
            "127.0.0.1:0",
            "127.0.0.1:65536",
            "127.0.0.1:",
            "127.0.0.1:+80",
            "[::1]:http",
            "::ffff:10.0.0.0/104",
        ] {
            assert!(text.parse::<Allow>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_parser(text in ".{0,60}") {
            let _ = text.parse::<Allow>();
        }
    }

    #[test]
    fn listen_needs_a_port() {
        assert!(parse_listen("0.0.0.0:0").is_ok());
        assert!(parse_listen("[::1]:80").is_ok());
        assert!(parse_listen("localhost:80").unwrap().ip().is_loopback());
        for text in ["127.0.0.1", "4600", "example.org:80", ""] {
            assert!(parse_listen(text).unwrap_err().contains("write"), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "(secret)");
    }
}
