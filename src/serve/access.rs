//! Who may ask for any URL (`server.open`): an open proxy is never a default that someone else can reach.
//!
//! Without the key in the configuration, whoever sits at this machine may: the server listens on a loopback address,
//! nobody gave it a public one, the request passed no proxy and names a loopback host (a page that rebinds its own name
//! to this address names itself). All others need `server.access_key`: itself (`key`), RSSHub's `code` made of it, or an address signed
//! with it. `open = "nobody"` is obeyed before any of them.

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header;
use md5::{Digest, Md5};

use super::sign;
use super::status::Refused;
use super::target::Shown;
use crate::base::clock::Time;
use crate::config::fields::Secret;
use crate::config::{Open, Server};

/// The operator's decision, ready to be applied.
#[derive(Clone, Debug)]
pub struct Access {
    open: Option<Open>,
    key: Option<Secret>,
    /// Nobody but this machine can reach the listener directly.
    local: bool,
    /// The host of `server.public_url`.
    public: Option<String>,
    port: u16,
}

impl Access {
    /// For a server that listens on `address`.
    pub fn new(server: &Server, address: SocketAddr) -> Access {
        Access {
            open: server.open,
            key: server.access_key.clone(),
            local: address.ip().is_loopback() && server.public_url.is_none(),
            public: server
                .public_url
                .as_ref()
                .and_then(|url| Some(url.host_str()?.trim_matches(['[', ']']).to_owned())),
            port: address.port(),
        }
    }

    /// Is `authority`, which a request names with its path, a name of this server, as far as it can know: a loopback host without
    /// another's port, any address with its port, or the host of `server.public_url`?
    pub fn is_own(&self, authority: &str) -> bool {
        let (name, port) = split_host(authority);
        (is_loopback_host(authority) && port.is_none_or(|port| port == self.port))
            || (name.parse::<IpAddr>().is_ok() && port == Some(self.port))
            || self.public.as_ref().is_some_and(|host| host.eq_ignore_ascii_case(name))
    }

    /// May a request for `host` with `headers` that shows this ask for any URL at `now`? A signature must be good wherever it is shown.
    pub fn judge(&self, host: &str, headers: &HeaderMap, shown: &Shown, now: Time) -> Result<(), Refused> {
        let local = || self.local && !was_forwarded(headers) && is_loopback_host(host);
        if self.open == Some(Open::Nobody) {
            return Err(Refused::Closed);
        }
        match (&shown.signature, shown.expires) {
            (Some((signature, target)), expires) => {
                let key = self.key.as_ref().ok_or(Refused::KeyNotConfigured)?;
                if !sign::verify(key, target, signature) {
                    return Err(Refused::WrongSignature);
                }
                let is_late = expires.is_some_and(|expires| now.secs() > expires);
                return if is_late { Err(Refused::Expired) } else { Ok(()) };
            }
            (None, Some(_)) => return Err(Refused::Unsigned),
            (None, None) => {}
        }
        match self.open {
            Some(Open::Everybody) => Ok(()),
            None if local() => Ok(()),
            _ => self.unlock(shown),
        }
    }

    /// May a request with `headers` use this server as its HTTP proxy? The key is the password of `Proxy-Authorization`. Who sits at this
    /// machine may whatever host is named: no page of a browser can send such a request to a server that is not its proxy.
    pub fn judge_proxied(&self, headers: &HeaderMap) -> Result<(), Refused> {
        match self.open {
            Some(Open::Nobody) => Err(Refused::Closed),
            Some(Open::Everybody) => Ok(()),
            None if self.local && !was_forwarded(headers) => Ok(()),
            _ => {
                let Some(key) = &self.key else { return Err(Refused::KeyNotConfigured) };
                let shown = password(headers).ok_or(Refused::NoProxyKey)?;
                same(key.reveal(), &shown).ok_or(Refused::NoProxyKey)
            }
        }
    }

    /// Is the key shown, or RSSHub's code, which is made of it?
    fn unlock(&self, shown: &Shown) -> Result<(), Refused> {
        let Some(key) = &self.key else { return Err(Refused::KeyNotConfigured) };
        match shown {
            Shown { key: Some(shown), .. } => same(key.reveal(), shown).ok_or(Refused::WrongKey),
            Shown { code: Some((code, path)), .. } => {
                let expected = hex(&Md5::digest([path.as_bytes(), key.reveal().as_bytes()].concat()));
                same(&expected, &code.to_ascii_lowercase()).ok_or(Refused::WrongCode)
            }
            _ => Err(Refused::NoKey),
        }
    }
}

/// The password of `Proxy-Authorization: Basic` (RFC 7617); the user's name means nothing here.
fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(header::PROXY_AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let pair = STANDARD.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    String::from_utf8(pair).ok()?.split_once(':').map(|(_, password)| password.to_owned())
}

/// Compared by hash: equal time whatever was sent.
fn same(ours: &str, shown: &str) -> Option<()> {
    (blake3::hash(ours.as_bytes()) == blake3::hash(shown.as_bytes())).then_some(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// True where a header says that someone sent the request on.
fn was_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        *name == header::FORWARDED
            || *name == header::VIA
            || *name == "x-real-ip"
            || name.as_str().starts_with("x-forwarded-")
    })
}

/// `HOST`, `HOST:PORT`, `[HOST]:PORT`: the host without brackets, and the port.
fn split_host(authority: &str) -> (&str, Option<u16>) {
    let (name, rest) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or((rest, "")),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    (name, rest.strip_prefix(':').and_then(|port| port.parse().ok()))
}

/// `host` with or without a port: `localhost`, `127.0.0.0/8`, `[::1]`.
fn is_loopback_host(host: &str) -> bool {
    let (name, _) = split_host(host);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    const LOOPBACK: &str = "127.0.0.1";

    fn access(listener: &str, change: impl FnOnce(&mut Server)) -> Access {
        let mut server = Server::default();
        change(&mut server);
        Access::new(&server, SocketAddr::new(listener.parse().unwrap(), 4600))
    }

    fn may(access: &Access, host: &str, header: Option<&'static str>, key: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        let shown = Shown { key: key.map(str::to_owned), ..Shown::default() };
        access.judge(host, &headers, &shown, Time::from_secs(0)).is_ok()
    }

    #[test]
    fn by_default_this_machine_may_and_nobody_else() {
        let default = access(LOOPBACK, |_| {});
        for host in ["127.0.0.1:4600", "localhost", "LOCALHOST:1", "[::1]:4600", "127.8.8.8"] {
            assert!(may(&default, host, None, None), "{host}");
        }
        for host in ["evil.example", "", "localhost.evil.example", "[::2]:1", "127.0.0.1.evil.example", "["] {
            assert!(!may(&default, host, None, None), "{host}");
        }
        for header in ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host"] {
            assert!(!may(&default, "localhost", Some(header), None), "{header}");
        }
        assert!(!may(&access("0.0.0.0", |_| {}), "localhost", None, None));
        let public = access(LOOPBACK, |server| server.public_url = "https://feeds.example".parse().ok());
        assert!(!may(&public, "localhost", None, None));
    }

    #[test]
    fn only_what_can_be_its_own_name_is() {
        let server = access("0.0.0.0", |server| server.public_url = "https://Feeds.example/x".parse().ok());
        for own in [
            "feeds.EXAMPLE",
            "feeds.example:443",
            "localhost",
            "127.0.0.1:4600",
            "[::1]",
            "192.0.2.1:4600",
            "[2001:db8::1]:4600",
        ] {
            assert!(server.is_own(own), "{own}");
        }
        for other in [
            "blog.example",
            "127.0.0.1:1",
            "feeds.example.org",
            "192.0.2.1",
            "192.0.2.1:80",
            "localhost.example",
            "",
            "[",
        ] {
            assert!(!server.is_own(other), "{other}");
        }
    }

    #[test]
    fn the_key_opens_where_a_key_is_asked_for() {
        let key =
            |open| access("0.0.0.0", |server| (server.open, server.access_key) = (open, Some(Secret::new("secret"))));
        for open in [None, Some(Open::Key)] {
            assert!(may(&key(open), "feeds.example", Some("via"), Some("secret")));
            assert!(!may(&key(open), "feeds.example", None, Some("Secret")));
            assert!(!may(&key(open), "feeds.example", None, None));
        }
        assert!(!may(&key(Some(Open::Nobody)), "localhost", None, Some("secret")));
        assert!(may(&key(Some(Open::Everybody)), "feeds.example", Some("via"), None));
        assert!(!may(&access(LOOPBACK, |server| server.open = Some(Open::Key)), "localhost", None, Some("")));
    }
}
