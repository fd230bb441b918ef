//! Opens connections for the HTTP client: name → addresses → guard → the judged address dialled → TLS.
//!
//! Promises: a name is resolved once per connection, and what is dialled is one of the addresses that were judged, as a
//! number; literal addresses take the same path. A name with public and private addresses is reached on the public
//! ones; with private ones only it is refused and no packet is sent. Every step has its own time bound. Called by
//! hyper-util's pool, which `client.rs` sets up; a pooled connection was judged when it was opened.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tower_service::Service;

use super::Timeouts;
use super::error::{FetchError, Led, Phase, Place, Refusal, reason};
use super::guard::{Guard, Verdict};
use super::network::Network;
use super::proxy::Proxy;
use crate::base::limits;

/// Why no connection came about; becomes a [`FetchError`] once `client.rs` adds the URL.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{self:?}")]
pub(super) enum Fault {
    Refused(Refusal),
    Own,
    Dns(String),
    Connect(String),
    Proxy(String),
    Tls(String),
    Timeout(Phase, std::time::Duration),
}

impl Fault {
    pub fn into_error(self, at: Place, led: Led) -> FetchError {
        match self {
            Fault::Refused(why) => FetchError::Refused { at, why, led },
            Fault::Own => FetchError::OwnLoop { at },
            Fault::Dns(reason) => FetchError::Dns { at, reason },
            Fault::Connect(reason) => FetchError::Connect { at, reason },
            Fault::Proxy(reason) => FetchError::Proxy { at, reason },
            Fault::Tls(reason) => FetchError::Tls { at, reason },
            Fault::Timeout(phase, limit) => FetchError::Timeout { at, phase, limit },
        }
    }
}

/// The connector that hyper-util's client is built on.
#[derive(Clone)]
pub(super) struct Connector(pub Arc<Way>);

/// All that opening a connection needs.
pub(super) struct Way {
    pub guard: Guard,
    pub network: Arc<dyn Network>,
    pub tls: Arc<rustls::ClientConfig>,
    pub proxy: Option<Proxy>,
    pub timeouts: Timeouts,
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Fault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let way = self.0.clone();
        Box::pin(async move { way.open(uri).await })
    }
}

impl Way {
    async fn open(&self, uri: Uri) -> Result<Stream, Fault> {
        let tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let limit = self.timeouts.connect_all;
        let late = |_| Fault::Timeout(Phase::Connect, limit);
        let Some(proxy) = &self.proxy else {
            let addresses = self.addresses(&host, port).await?;
            let tcp = timeout(limit, self.dial(&addresses)).await.map_err(late)??;
            return self.secure(uri, tcp, tls).await;
        };
        let tcp = timeout(self.timeouts.dns + limit, proxy.open(self, &host, port, tls)).await.map_err(late)??;
        let mut stream = self.secure(uri, tcp, tls).await?;
        stream.absolute_form = proxy.takes_absolute_form(tls);
        Ok(stream)
    }

    /// The addresses that may be dialled, at least one, IPv6 and IPv4 in turn.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
        let found = self.lookup(host).await?;
        let mut refused = None;
        let mut kept = Vec::new();
        for ip in in_turn(found) {
            let address = SocketAddr::new(ip, port);
            match self.guard.judge(address) {
                Verdict::Dial => kept.push(address),
                Verdict::Own => return Err(Fault::Own),
                Verdict::Private => refused = Some(Refusal::Address),
                Verdict::Port => refused = refused.or(Some(Refusal::Port(port))),
            }
        }
        match refused {
            Some(why) if kept.is_empty() => Err(Fault::Refused(why)),
            None if kept.is_empty() => Err(Fault::Dns("the name has no addresses".into())),
            _ => Ok(kept),
        }
    }

    /// At most [`limits::MAX_ADDRESSES`] addresses of a name; a literal address is its own answer.
    pub async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, Fault> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![ip]);
        }
        let limit = self.timeouts.dns;
        let mut found = timeout(limit, self.network.resolve(host))
            .await
            .map_err(|_| Fault::Timeout(Phase::Dns, limit))?
            .map_err(|error| Fault::Dns(unresolved(&error)))?;
        found.truncate(limits::MAX_ADDRESSES);
        Ok(found)
    }

    /// The first of the judged addresses that answers; each has its own share of the time.
    pub async fn dial(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Fault> {
        let limit = self.timeouts.connect;
        let mut last = Fault::Connect("it has no addresses".into());
        for &address in addresses {
            match timeout(limit, self.network.dial(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Fault::Connect(reason(error.kind())),
                Err(_) => last = Fault::Timeout(Phase::Connect, limit),
            }
        }
        Err(last)
    }

    /// The TLS handshake on an open connection, or the connection as it is.
    async fn secure(&self, uri: Uri, tcp: TcpStream, tls: bool) -> Result<Stream, Fault> {
        if !tls {
            return Ok(Stream { io: MaybeHttpsStream::Http(TokioIo::new(tcp)), absolute_form: false });
        }
        let names = Arc::new(DefaultServerNameResolver::default());
        let mut connector = HttpsConnector::new(Opened::new(tcp), self.tls.clone(), true, names);
        let limit = self.timeouts.tls;
        let io = timeout_at(Instant::now() + limit, connector.call(uri))
            .await
            .map_err(|_| Fault::Timeout(Phase::Tls, limit))?
            .map_err(|error| Fault::Tls(reason(error)))?;
        Ok(Stream { io, absolute_form: false })
    }
}

/// The resolver's own words, without the library's before them.
fn unresolved(error: &io::Error) -> String {
    let text = error.to_string();
    let said = text.rsplit(": ").next().unwrap_or_default();
    format!("the name does not resolve: {}", reason(said))
}

/// IPv6 and IPv4 in turn, each family in its own order (RFC 8305 §4), so that one broken family costs one try.
fn in_turn(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = found.into_iter().partition(IpAddr::is_ipv6);
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    let mut out = Vec::new();
    loop {
        let pair = [v6.next(), v4.next()];
        if pair == [None, None] {
            return out;
        }
        out.extend(pair.into_iter().flatten());
    }
}

/// A connection that is open already, for connectors that wrap one. Taken once.
pub(super) struct Opened(Option<TcpStream>);

impl Opened {
    pub fn new(tcp: TcpStream) -> Opened {
        Opened(Some(tcp))
    }
}

impl Service<Uri> for Opened {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<TokioIo<TcpStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::Error::other("already taken")))
    }
}

/// A connection as the pool holds it.
pub(super) struct Stream {
    io: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// An HTTP proxy reads the whole URL from the request line.
    absolute_form: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.absolute_form)
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_tried_in_turn() {
        let ips = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let found = ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"]);
        assert_eq!(in_turn(found), ips(&["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]));
        assert_eq!(in_turn(vec![]), vec![] as Vec<IpAddr>);
    }
}
