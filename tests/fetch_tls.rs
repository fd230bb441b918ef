//! TLS: the built-in trust and what is added to it, HTTP/2, and handshakes that fail (abuse cases 8 and 18).
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod fetch_support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fetch_support::*;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use refeed::fetch::{Blame, Bound, FetchError, Phase, Refusal, Request, Settings};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A certificate for `name` (DER) and a server configuration that shows it.
fn identity(name: &str, expired: bool, protocols: &[&[u8]]) -> (Vec<u8>, Arc<rustls::ServerConfig>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (certificate.der().to_vec(), Arc::new(config))
}

/// HTTP/1.1 over TLS by a script.
async fn https(
    config: Arc<rustls::ServerConfig>,
    script: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(tls) = TlsAcceptor::from(config.clone()).accept(socket).await {
                serve(tls, &Mutex::default(), &script).await;
            }
        }
    });
    address
}

/// HTTP/2 over TLS; every answer has `fields` header fields and the protocol's name as its body.
async fn http2(config: Arc<rustls::ServerConfig>, fields: usize, size: usize) -> SocketAddr {
    let answer = move |request: hyper::Request<Incoming>| async move {
        let mut response = hyper::Response::new(format!("{:?}", request.version()));
        for n in 0..fields {
            let name = hyper::header::HeaderName::try_from(format!("x-{n}")).unwrap();
            response.headers_mut().insert(name, "a".repeat(size).parse().unwrap());
        }
        Ok::<_, Infallible>(response)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let tls = TlsAcceptor::from(config.clone()).accept(socket).await.unwrap();
            let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(serving.serve_connection(TokioIo::new(tls), hyper::service::service_fn(answer)));
        }
    });
    address
}

/// `feeds.example` at a public address that leads to `server`.
fn stand(server: SocketAddr) -> Arc<Stand> {
    let stand = Stand::new();
    stand.name("feeds.example", &["8.8.8.8"]);
    stand.route("8.8.8.8:443", server);
    stand
}

fn trusting(root: &[u8]) -> Settings {
    Settings { extra_roots: vec![root.to_vec()], ..Settings::default() }
}

#[tokio::test]
async fn a_trusted_certificate_works_with_http_1_and_2() {
    let (root, config) = identity("feeds.example", false, &[]);
    let server = https(config, |_| Reply::Close(ok("", "over tls"))).await;
    let response = stand(server).client(trusting(&root)).get(&Request::feed("https://feeds.example/")).await.unwrap();
    assert_eq!(response.body, "over tls");

    let (root, config) = identity("feeds.example", false, &[b"h2", b"http/1.1"]);
    let server = http2(config, 0, 0).await;
    let stand = stand(server);
    let client = stand.client(trusting(&root));
    for _ in 0..2 {
        let response = client.get(&Request::feed("https://feeds.example/")).await.unwrap();
        assert_eq!(response.body, "HTTP/2.0");
    }
    assert_eq!(stand.dialled().len(), 1, "one connection for both");
}

#[tokio::test]
async fn tls_goes_through_an_http_proxys_tunnel_end_to_end() {
    let (root, config) = identity("feeds.example", false, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:secret@{}", listener.local_addr().unwrap());
    let inside = Arc::new(Mutex::new(Vec::new()));
    let seen = inside.clone();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        assert!(read_head(&mut socket).await.unwrap().starts_with("CONNECT feeds.example:443 "));
        tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 200 Established\r\n\r\n").await.unwrap();
        let tls = TlsAcceptor::from(config).accept(socket).await.unwrap();
        serve(tls, &seen, &|_: &str| Reply::Close(ok("", "tunnelled"))).await
    });
    let settings = Settings { proxy: Some(proxy.parse().unwrap()), ..trusting(&root) };
    assert_eq!(fetch_with(settings, "https://feeds.example/a?b").await.unwrap().body, "tunnelled");
    let request = inside.lock().unwrap().remove(0);
    assert!(request.starts_with("GET /a?b HTTP/1.1\r\n") && !request.contains("proxy-authorization"), "{request}");
}

#[tokio::test]
async fn a_wrong_name_an_unknown_issuer_and_an_expired_certificate_are_refused() {
    for (name, expired, trusted) in
        [("other.example", false, true), ("feeds.example", false, false), ("feeds.example", true, true)]
    {
        let (root, config) = identity(name, expired, &[]);
        let server = https(config, |_| Reply::Close(ok("", "never sent"))).await;
        let settings = if trusted { trusting(&root) } else { Settings::default() };
        let error =
            stand(server).client(settings).get(&Request::feed("https://feeds.example/a?secret")).await.unwrap_err();
        assert!(matches!(error, FetchError::Tls { .. }), "{name}: {error}");
        assert!(error.to_string().contains("certificate") && !error.to_string().contains("secret"), "{error}");
        assert_eq!(error.blame(), Blame::Upstream);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stand = stand(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let error = stand.client(Settings::default()).get(&Request::feed("https://feeds.example/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_has_its_own_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stand = stand(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(accepted) = listener.accept().await {
            held.push(accepted);
        }
    });
    let mut settings = Settings::default();
    settings.timeouts.tls = Duration::from_millis(30);
    let error = stand.client(settings).get(&Request::feed("https://feeds.example/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Tls, .. }), "{error}");
}

#[tokio::test]
async fn http_may_lead_to_https_but_not_back() {
    let (root, config) = identity("feeds.example", false, &[]);
    let secure = https(config, |head| {
        Reply::Close(if head.contains("/down") { moved(301, "http://feeds.example/plain") } else { ok("", "secure") })
    })
    .await;
    let plain = Server::sending(moved(301, "https://feeds.example/")).await;
    let stand = stand(secure);
    stand.route("8.8.8.8:80", plain.address);
    let client = stand.client(trusting(&root));
    let up = client.get(&Request::feed("http://feeds.example/")).await.unwrap();
    assert_eq!((&up.body[..], up.url.scheme()), (&b"secure"[..], "https"));
    let error = client.get(&Request::feed("https://feeds.example/down")).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { why: Refusal::Downgrade, .. }), "{error}");
    assert_eq!(error.blame(), Blame::Upstream);
}

#[tokio::test]
async fn a_huge_http_2_head_is_refused() {
    for (fields, size) in [(70, 1), (60, 1000)] {
        let (root, config) = identity("feeds.example", false, &[b"h2"]);
        let server = http2(config, fields, size).await;
        let error =
            stand(server).client(trusting(&root)).get(&Request::feed("https://feeds.example/")).await.unwrap_err();
        assert!(
            matches!(error, FetchError::TooLarge { bound: Bound::Head, .. } | FetchError::Protocol { .. }),
            "{fields} x {size}: {error}"
        );
    }
}
