//! Stand-ins for the fetch tests: scripted upstreams on loopback, and a network whose "public" names all lead there.
//!
//! Nothing here, and nothing that uses it, sends a packet to any other address: [`Stand`] refuses to.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // each test file uses its part; helpers of tests fail loudly

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use refeed::fetch::{Client, FetchError, Network, Pending, Request, Response, Settings};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What an upstream does with one request.
pub enum Reply {
    /// Sends these bytes and waits for the next request on the connection.
    Keep(Vec<u8>),
    /// Sends these bytes and closes.
    Close(Vec<u8>),
    /// Sends these bytes and then nothing, with the connection open.
    Silence(Vec<u8>),
    /// Sends the first part, then the second again and again until the client goes away.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends the first part, then a byte every few milliseconds.
    Drip(Vec<u8>),
}

/// A scripted upstream and what it was asked.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    opened: Arc<Mutex<usize>>,
}

impl Server {
    /// Answers each request head by `script`.
    pub async fn start(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Server { address: listener.local_addr().unwrap(), seen: Arc::default(), opened: Arc::default() };
        let (served, script) = (server.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                *served.opened.lock().unwrap() += 1;
                let (served, script) = (served.clone(), script.clone());
                tokio::spawn(async move { serve(socket, &served.seen, &*script).await });
            }
        });
        server
    }

    /// The same bytes to everybody, then the end.
    pub async fn sending(bytes: impl Into<Vec<u8>>) -> Server {
        let bytes = bytes.into();
        Server::start(move |_| Reply::Close(bytes.clone())).await
    }

    /// A URL of this server by its address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The request heads, in order.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// How many connections were opened.
    pub fn opened(&self) -> usize {
        *self.opened.lock().unwrap()
    }
}

/// Reads one request head; `None` where the client left.
pub async fn read_head<S: AsyncRead + Unpin>(socket: &mut S) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Plays a script on one connection, whatever lies under it.
pub async fn serve<S>(
    mut socket: S,
    seen: &Mutex<Vec<String>>,
    script: &(impl Fn(&str) -> Reply + ?Sized),
) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let head = read_head(&mut socket).await?;
        seen.lock().unwrap().push(head.clone());
        match script(&head) {
            Reply::Keep(bytes) => socket.write_all(&bytes).await.ok()?,
            Reply::Close(bytes) => {
                socket.write_all(&bytes).await.ok()?;
                socket.shutdown().await.ok()?;
                return None;
            }
            Reply::Silence(bytes) => {
                socket.write_all(&bytes).await.ok()?;
                socket.read_u8().await.ok()?; // until the client gives up
            }
            Reply::Endless(start, again) => {
                socket.write_all(&start).await.ok()?;
                loop {
                    socket.write_all(&again).await.ok()?;
                }
            }
            Reply::Drip(start) => {
                socket.write_all(&start).await.ok()?;
                loop {
                    socket.write_all(b"x").await.ok()?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
}

/// A response with a length.
pub fn ok(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A redirect.
pub fn moved(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// Settings that may fetch from loopback.
pub fn loopback() -> Settings {
    Settings { allow: vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()], ..Settings::default() }
}

/// One fetch from a loopback server with default settings.
pub async fn fetch(url: &str) -> Result<Response, FetchError> {
    fetch_with(loopback(), url).await
}

/// One fetch with these settings.
pub async fn fetch_with(settings: Settings, url: &str) -> Result<Response, FetchError> {
    Client::new(settings).unwrap().get(&Request::feed(url)).await
}

/// A network of made-up names. All that is dialled is written down and led to a loopback port.
#[derive(Default)]
pub struct Stand {
    /// Successive answers for each name; the last one stays.
    names: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    /// Where a dialled address leads; an address without an entry refuses the connection.
    routes: Mutex<HashMap<SocketAddr, SocketAddr>>,
    resolved: Mutex<Vec<String>>,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl Stand {
    pub fn new() -> Arc<Stand> {
        Arc::default()
    }

    /// Adds the next answer for a name.
    pub fn name(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.names.lock().unwrap().entry(name.into()).or_default().push(addresses);
    }

    /// Leads an address to a loopback server.
    pub fn route(&self, address: &str, to: SocketAddr) {
        assert!(to.ip().is_loopback());
        self.routes.lock().unwrap().insert(address.parse().unwrap(), to);
    }

    /// The names that were looked up.
    pub fn resolved(&self) -> Vec<String> {
        self.resolved.lock().unwrap().clone()
    }

    /// The addresses that were dialled.
    pub fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().iter().map(SocketAddr::to_string).collect()
    }

    /// A client on this network.
    pub fn client(self: &Arc<Stand>, settings: Settings) -> Client {
        Client::on(settings, self.clone()).unwrap()
    }

    /// One fetch on this network with nothing allowed.
    pub async fn fetch(self: &Arc<Stand>, url: &str) -> Result<Response, FetchError> {
        self.client(Settings::default()).get(&Request::feed(url)).await
    }
}

impl Network for Stand {
    fn resolve(&self, name: &str) -> Pending<Vec<IpAddr>> {
        self.resolved.lock().unwrap().push(name.into());
        let mut names = self.names.lock().unwrap();
        let found =
            names.get_mut(name).map(|answers| if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() });
        Box::pin(async move { found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }

    #[allow(clippy::disallowed_methods)] // to loopback only
    fn dial(&self, address: SocketAddr) -> Pending<TcpStream> {
        self.dialled.lock().unwrap().push(address);
        let to = self.routes.lock().unwrap().get(&address).copied();
        Box::pin(async move {
            match to {
                Some(to) => TcpStream::connect(to).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}
