//! The outgoing proxy of `fetch.proxy`: `http://`, `socks5://` or `socks5h://`, with or without `user:password@`.
//!
//! The proxy's own address is the operator's word and is not judged. What is asked of it is: a literal address that is
//! not public is refused here, in every spelling, and with `socks5` names are resolved and judged here too. With
//! `http` and `socks5h` the proxy resolves names, so that **its** network decides what a name reaches: a proxy inside a
//! private network must not be used that way with readers one does not trust. Over an `http` proxy, `https` goes through
//! CONNECT and `http` as a request with the whole URL, as every such proxy expects. Called by `connect.rs`.

use std::net::{IpAddr, SocketAddr};

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::net::TcpStream;
use tower_service::Service;

use super::connect::{Fault, Opened, Way};
use super::error::{FetchError, Refusal, reason};
use crate::base::limits;

/// How the proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    /// Names are resolved here.
    Socks5,
    /// Names are resolved by the proxy.
    Socks5h,
}

/// An outgoing proxy, ready to be asked.
pub(super) struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    login: Intercept,
}

impl Proxy {
    /// Reads `fetch.proxy`. Refuses other schemes, a missing host, a path, and a login that SOCKS cannot carry.
    pub fn new(url: &url::Url) -> Result<Proxy, FetchError> {
        let refuse = |why: &str| FetchError::Settings(format!("`fetch.proxy`: {why}"));
        let kind = match url.scheme() {
            "http" => Kind::Http,
            "socks5" => Kind::Socks5,
            "socks5h" => Kind::Socks5h,
            _ => return Err(refuse("write http://HOST:PORT, socks5://HOST:PORT or socks5h://HOST:PORT")),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(refuse("nothing may follow the port"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("it names no host"))?;
        let any = Uri::from_static("http://any.invalid/");
        let login =
            Matcher::builder().all(url.as_str()).build().intercept(&any).ok_or_else(|| refuse("it cannot be read"))?;
        if login.raw_auth().is_some_and(|(user, password)| user.len().max(password.len()) > limits::MAX_SOCKS_LOGIN) {
            return Err(refuse("user name and password may have 255 bytes each"));
        }
        let port = url.port().unwrap_or(if kind == Kind::Http { 80 } else { 1080 });
        Ok(Proxy { kind, host: host.trim_matches(['[', ']']).to_owned(), port, login })
    }

    /// True where requests are written with the whole URL: over an `http` proxy, without TLS.
    pub fn takes_absolute_form(&self, tls: bool) -> bool {
        self.kind == Kind::Http && !tls
    }

    /// The `Proxy-Authorization` of such a request.
    pub fn authorization(&self, tls: bool) -> Option<&HeaderValue> {
        self.login.basic_auth().filter(|_| self.takes_absolute_form(tls))
    }

    /// A connection through the proxy to `host:port`, up to where TLS or HTTP begins. The caller bounds the time.
    pub async fn open(&self, way: &Way, host: &str, port: u16, tls: bool) -> Result<TcpStream, Fault> {
        let target = self.target(way, host, port).await?;
        let found = way.lookup(&self.host).await.map_err(own_fault)?;
        let addresses: Vec<_> = found.into_iter().map(|ip| SocketAddr::new(ip, self.port)).collect();
        let tcp = way.dial(&addresses).await.map_err(own_fault)?;
        if self.takes_absolute_form(tls) {
            return Ok(tcp);
        }
        match self.kind {
            Kind::Http => self.tunnel(tcp, target).await,
            Kind::Socks5 | Kind::Socks5h => self.socks(tcp, target).await,
        }
    }

    /// What the proxy is asked for: judged where it is an address, `http://HOST:PORT` with the port always written.
    async fn target(&self, way: &Way, host: &str, port: u16) -> Result<Uri, Fault> {
        let here = self.kind == Kind::Socks5 || host.parse::<IpAddr>().is_ok();
        let text = match here {
            true => way.addresses(host, port).await?.first().map(|address| format!("http://{address}/")),
            false if is_loopback_name(host) => return Err(Fault::Refused(Refusal::Address)),
            // `fetch.allow` opens ports of addresses, and nobody here learns the address
            false if !limits::WEB_PORTS.contains(&port) => return Err(Fault::Refused(Refusal::Port(port))),
            false => Some(format!("http://{host}:{port}/")),
        };
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| Fault::Proxy("the URL's host cannot be asked of it".into()))
    }

    async fn tunnel(&self, tcp: TcpStream, target: Uri) -> Result<TcpStream, Fault> {
        let mut tunnel = Tunnel::new(target.clone(), Opened::new(tcp));
        if let Some(login) = self.login.basic_auth() {
            tunnel = tunnel.with_auth(login.clone());
        }
        tunnel.call(target).await.map(|io| io.into_inner()).map_err(|error| Fault::Proxy(reason(error)))
    }

    async fn socks(&self, tcp: TcpStream, target: Uri) -> Result<TcpStream, Fault> {
        let mut socks = SocksV5::new(target.clone(), Opened::new(tcp));
        if let Some((user, password)) = self.login.raw_auth() {
            socks = socks.with_auth(user.to_owned(), password.to_owned());
        }
        socks.call(target).await.map(|io| io.into_inner()).map_err(|error| Fault::Proxy(reason(error)))
    }
}

/// RFC 6761 §6.3: these names are loopback, whoever resolves them.
fn is_loopback_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}

/// What went wrong on the way to the proxy is the proxy's matter, not the URL's.
fn own_fault(fault: Fault) -> Fault {
    match fault {
        Fault::Dns(reason) | Fault::Connect(reason) => Fault::Proxy(reason),
        Fault::Timeout(phase, _) => Fault::Proxy(phase.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(text: &str) -> Result<Proxy, FetchError> {
        Proxy::new(&url::Url::parse(text).unwrap())
    }

    #[test]
    fn schemes_and_logins_are_read() {
        let http = proxy("http://us%40er:p%3Aw@proxy.example:3128").unwrap();
        assert_eq!((http.kind, http.host.as_str(), http.port), (Kind::Http, "proxy.example", 3128));
        assert_eq!(http.authorization(false).unwrap(), "Basic dXNAZXI6cDp3");
        assert_eq!(http.authorization(true), None);
        let socks = proxy("socks5h://user:word@[::1]").unwrap();
        assert_eq!((socks.kind, socks.host.as_str(), socks.port), (Kind::Socks5h, "::1", 1080));
        assert_eq!(socks.login.raw_auth(), Some(("user", "word")));
        assert!(!socks.takes_absolute_form(false));
    }

    #[test]
    fn other_proxies_are_refused_without_showing_the_login() {
        for text in ["https://u:secret@p/", "socks4://u:secret@p", "socks5://u:secret@p/path", "ftp://u:secret@p"] {
            let Err(error) = proxy(text) else { panic!("{text}") };
            assert!(error.to_string().starts_with("`fetch.proxy`") && !error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn localhost_is_never_asked_of_a_proxy() {
        for name in ["localhost", "LOCALHOST.", "a.localhost"] {
            assert!(is_loopback_name(name), "{name}");
        }
        assert!(!is_loopback_name("notlocalhost"));
    }
}
