//! Outgoing proxies: what they are asked, what is refused before they are, and how their failures are told.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod fetch_support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fetch_support::*;
use refeed::fetch::{Blame, FetchError, Phase, Refusal, Request, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn through(proxy: &str) -> Settings {
    Settings { proxy: Some(proxy.parse().unwrap()), ..Settings::default() }
}

/// A SOCKS5 proxy that writes down what it is asked for and plays the upstream itself.
#[derive(Clone, Default)]
struct Socks {
    asked: Arc<Mutex<Vec<String>>>,
    logins: Arc<Mutex<Vec<String>>>,
}

impl Socks {
    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socks = self.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let socks = socks.clone();
                tokio::spawn(async move { socks.serve(socket).await.unwrap() });
            }
        });
        address
    }

    /// RFC 1928, RFC 1929.
    async fn serve(&self, mut socket: TcpStream) -> std::io::Result<()> {
        assert_eq!(socket.read_u8().await?, 5);
        let methods = read_counted(&mut socket).await?;
        let method = methods.as_bytes()[0];
        socket.write_all(&[5, method]).await?;
        if method == 2 {
            assert_eq!(socket.read_u8().await?, 1);
            let login = format!("{}:{}", read_counted(&mut socket).await?, read_counted(&mut socket).await?);
            self.logins.lock().unwrap().push(login);
            socket.write_all(&[1, 0]).await?;
        }
        let mut request = [0; 4];
        socket.read_exact(&mut request).await?;
        assert_eq!(request[..3], [5, 1, 0]);
        let host = match request[3] {
            1 => {
                let mut v4 = [0; 4];
                socket.read_exact(&mut v4).await?;
                std::net::Ipv4Addr::from(v4).to_string()
            }
            3 => format!("name {}", read_counted(&mut socket).await?),
            other => panic!("address type {other}"),
        };
        let port = socket.read_u16().await?;
        self.asked.lock().unwrap().push(format!("{host} {port}"));
        socket.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        serve(socket, &Mutex::default(), &|_: &str| Reply::Close(ok("", "through socks"))).await;
        Ok(())
    }
}

async fn read_counted(socket: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; socket.read_u8().await?.into()];
    socket.read_exact(&mut bytes).await?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn an_http_proxy_gets_the_whole_url_and_its_login() {
    let proxy = Server::sending(ok("", "through the proxy")).await;
    let settings = through(&format!("http://us%40er:secret@{}", proxy.address));
    let response = fetch_with(settings, "http://feeds.example/feed?a=b").await.unwrap();
    assert_eq!(response.body, "through the proxy");
    let seen = proxy.seen().remove(0);
    assert!(seen.starts_with("GET http://feeds.example/feed?a=b HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains("host: feeds.example\r\n") && seen.contains("proxy-authorization: Basic dXNAZXI6c2VjcmV0\r\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn socks5h_resolves_at_the_proxy_and_socks5_here() {
    let socks = Socks::default();
    let address = socks.start().await;
    let response =
        fetch_with(through(&format!("socks5h://user:pa%3Ass@{address}")), "http://feeds.example/").await.unwrap();
    assert_eq!(response.body, "through socks");

    let stand = Stand::new();
    stand.name("feeds.example", &["10.0.0.1", "8.8.8.8"]);
    stand.name("inside.example", &["10.0.0.1"]);
    stand.name("proxy.example", &["192.168.0.1"]); // the operator's word: not judged
    stand.route("192.168.0.1:1080", address);
    let client = stand.client(through("socks5://proxy.example"));
    assert_eq!(client.get(&Request::feed("http://feeds.example:8080/")).await.unwrap().body, "through socks");
    let error = client.get(&Request::feed("http://inside.example/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { why: Refusal::Address, .. }), "{error}");

    assert_eq!(*socks.asked.lock().unwrap(), ["name feeds.example 80", "8.8.8.8 8080"]);
    assert_eq!(*socks.logins.lock().unwrap(), ["user:pa:ss"]);
    assert_eq!(stand.dialled(), ["192.168.0.1:1080"]);
}

#[tokio::test]
async fn private_literals_and_other_ports_are_refused_before_any_proxy_is_asked() {
    for scheme in ["http", "socks5", "socks5h"] {
        let stand = Stand::new();
        stand.name("localhost", &["127.0.0.1"]);
        let client = stand.client(through(&format!("{scheme}://192.168.0.1:3128")));
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "①②⑦.0.0.1", "[::ffff:10.0.0.1]", "[::1]", "localhost"]
        {
            let error = client.get(&Request::feed(format!("http://{host}/"))).await.unwrap_err();
            assert!(matches!(error, FetchError::Refused { why: Refusal::Address, .. }), "{scheme} {host}: {error}");
        }
        let error = client.get(&Request::feed("http://feeds.example:6379/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { why: Refusal::Port(6379), .. }), "{scheme}: {error}");
        assert_eq!(stand.dialled(), [""; 0], "{scheme}");
    }
    let stand = Stand::new();
    let open = Settings { allow: vec!["127.0.0.1".parse().unwrap()], ..through("socks5h://192.168.0.1") };
    let error = stand.client(open).get(&Request::feed("http://feeds.example:6379/")).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Refused { why: Refusal::Port(6379), .. }),
        "an entry opens ports of its addresses only"
    );
}

#[tokio::test]
async fn a_proxy_that_fails_is_our_fault_and_its_login_stays_secret() {
    for answer in
        ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n\r\n", "nonsense\r\n\r\n", ""]
    {
        let proxy = Server::sending(answer).await;
        let settings = through(&format!("http://user:secret@{}", proxy.address));
        let error = fetch_with(settings, "https://feeds.example/").await.unwrap_err();
        assert!(matches!(error, FetchError::Proxy { .. }), "{error}");
        assert!(error.blame() == Blame::Us && error.to_string().contains("fetch.proxy"), "{error}");
        assert!(!error.to_string().contains("secret") && !format!("{error:?}").contains("secret"), "{error}");
    }
    let proxy = Server::sending("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").await;
    let error = fetch_with(through(&format!("http://{}", proxy.address)), "http://feeds.example/").await.unwrap_err();
    assert!(matches!(error, FetchError::Proxy { .. }), "{error}");
    let stand = Stand::new();
    let gone =
        stand.client(through("socks5h://user:secret@192.168.0.1")).get(&Request::feed("http://feeds.example/")).await;
    assert!(matches!(gone, Err(FetchError::Proxy { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_silent_proxy_ends_at_the_bound_of_connecting() {
    let proxy = Server::start(|_| Reply::Silence(vec![])).await;
    let mut settings = through(&format!("http://{}", proxy.address));
    settings.timeouts.connect_all = Duration::from_millis(20);
    settings.timeouts.dns = Duration::from_millis(20);
    let error = fetch_with(settings, "https://feeds.example/").await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Connect, .. }), "{error}");
}
