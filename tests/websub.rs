//! WebSub: a hub that a feed names is asked to tell of changes, and believed no further than to ask the feed itself; a hub of the
//! operator's is told of ours.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod serve_support;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use refeed::base::clock::Clock;
use refeed::base::url::Url;
use refeed::config::Config;
use serve_support::{NOW, PATIENCE, Reply, Server, Upstream, config, feed};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// A hub that accepts whatever it is asked, and shows the forms it got.
struct Hub {
    address: SocketAddr,
    scheme: &'static str,
    forms: mpsc::UnboundedReceiver<Form>,
}

/// One form that is posted to a hub, which accepts it.
async fn take(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Form {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("post /hub http/1.1"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    let accepted = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(accepted).await;
    let _ = stream.shutdown().await;
    url::form_urlencoded::parse(&body).into_owned().collect()
}

type Form = HashMap<String, String>;

impl Hub {
    async fn start() -> Hub {
        Hub::over(None).await
    }

    async fn over(tls: Option<TlsAcceptor>) -> Hub {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, scheme) = (listener.local_addr().unwrap(), if tls.is_some() { "https" } else { "http" });
        let (tell, forms) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let form = match &tls {
                    Some(tls) => take(tls.accept(stream).await.unwrap()).await,
                    None => take(stream).await,
                };
                tell.send(form).unwrap();
            }
        });
        Hub { address, scheme, forms }
    }

    fn url(&self) -> String {
        format!("{}://{}/hub", self.scheme, self.address)
    }

    async fn form(&mut self) -> HashMap<String, String> {
        tokio::time::timeout(PATIENCE, self.forms.recv()).await.expect("the hub is asked").unwrap()
    }

    /// Nothing more was asked of it, as far as a moment tells.
    async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(100), self.forms.recv()).await.is_err()
    }
}

fn public(upstream: &Upstream) -> Config {
    let mut config = config(&[("a", upstream.url("/feed"), "")]);
    config.server.public_url = Some(Url::parse("https://feeds.example/r/").unwrap());
    config
}

/// A server whose feed was refreshed once.
async fn refreshed(config: &Config) -> Server {
    let server = Server::start(config).await;
    refresh(&server).await;
    server
}

async fn refresh(server: &Server) {
    let mut background = server.pipeline.background().await;
    let due = background.next_due().unwrap();
    server.clock.advance(due.since(server.clock.now()));
    background.settle().await;
}

fn path(form: &HashMap<String, String>) -> String {
    form["hub.callback"].strip_prefix("https://feeds.example/r").unwrap().to_owned()
}

async fn confirm(server: &Server, form: &HashMap<String, String>, challenge: &str) -> Reply {
    let topic = form["hub.topic"].replace(':', "%3A").replace('/', "%2F");
    let query = format!("hub.mode=subscribe&hub.topic={topic}&hub.challenge={challenge}&hub.lease_seconds=864000");
    server.get(&format!("{}?{query}", path(form)), &[]).await
}

async fn ping(server: &Server, path: &str, body: &str, signature: Option<&str>) -> Reply {
    let signature = signature.map(|signature| format!("X-Hub-Signature: {signature}\r\n")).unwrap_or_default();
    let length = body.len();
    server
        .send(&format!(
            "POST {path} HTTP/1.1\r\nHost: feeds.example\r\nContent-Length: {length}\r\n{signature}Connection: close\r\n\r\n{body}"
        ))
        .await
}

#[tokio::test]
async fn a_hub_is_asked_confirmed_once_and_its_ping_asks_the_feed_and_not_the_body() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let server = refreshed(&public(&upstream)).await;
    let form = hub.form().await;
    assert_eq!((form["hub.mode"].as_str(), form["hub.topic"].as_str()), ("subscribe", upstream.url("/feed").as_str()));
    assert_eq!(form["hub.lease_seconds"], "864000");
    assert!(!form.contains_key("hub.secret"), "a secret is not sent in the clear");
    let token = path(&form);
    assert!(token.starts_with("/websub/") && token.len() == "/websub/".len() + 64, "{token}");

    assert_eq!(server.get(&format!("{token}?hub.mode=subscribe&hub.topic=x&hub.challenge=c"), &[]).await.status, 404);
    assert_eq!(server.get(&token.replace("/websub/", "/websub/0"), &[]).await.status, 404);
    let confirmed = confirm(&server, &form, "a-b").await;
    assert_eq!((confirmed.status, confirmed.text().as_str()), (200, "a-b"));
    assert_eq!(confirmed.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(confirm(&server, &form, "a-b").await.status, 404, "once");

    let hits = upstream.hits();
    server.clock.advance(Duration::from_secs(61)); // fresh for half an hour, and asked all the same
    upstream.answers(200, "", &feed(3));
    assert_eq!(ping(&server, &token, &feed(1), None).await.status, 202);
    upstream.came(hits + 1).await;
    let reply = server.refreshed("/feed/a").await;
    while server.refreshed("/feed/a").await.text() != feed(3) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_ne!(reply.text(), feed(1), "the body of a ping is nobody's feed");
    assert_eq!(ping(&server, "/websub/none", "", None).await.status, 404);
    assert_eq!(server.ask("DELETE", &token, &[]).await.status, 405);
    assert_eq!(upstream.hits(), hits + 1);
}

#[tokio::test]
async fn a_strangers_ping_is_refused_before_its_body_comes() {
    let upstream = Upstream::start("").await;
    let server = refreshed(&public(&upstream)).await;
    let head = "POST /websub/0 HTTP/1.1\r\nHost: feeds.example\r\nContent-Length: 4000000\r\nConnection: close\r\n\r\n";
    let started = tokio::time::Instant::now();
    assert_eq!(server.send(head).await.status, 404);
    assert!(started.elapsed() < Duration::from_secs(5), "it waits for nothing");
}

#[tokio::test]
async fn pings_come_no_faster_to_the_feed_than_one_in_a_minute() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let server = refreshed(&public(&upstream)).await;
    let form = hub.form().await;
    confirm(&server, &form, "c").await;
    for _ in 0..20 {
        assert_eq!(ping(&server, &path(&form), "", None).await.status, 202);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(upstream.hits(), 1, "it was asked just now");
}

#[tokio::test]
async fn without_a_public_address_no_hub_is_asked() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let config = Config { server: Default::default(), ..public(&upstream) };
    refreshed(&config).await;
    assert!(hub.is_quiet().await);
}

#[tokio::test]
async fn hubs_that_are_none_are_not_asked() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start("").await;
    for link in [
        upstream.url("/feed"),            // the feed itself
        "ftp://127.0.0.1/hub".to_owned(), // no web address
        format!("http://a:b@{}/hub", hub.address),
    ] {
        upstream.answers(200, &format!("Link: <{link}>; rel=\"hub\"\r\n"), &feed(1));
        let before = upstream.hits();
        refreshed(&public(&upstream)).await;
        assert_eq!(upstream.hits(), before + 1, "{link}");
    }
    // a private address: the guard refuses to send anything to it
    let mut guarded = public(&upstream);
    guarded.fetch.allow = vec![upstream.address.to_string().parse().unwrap()];
    upstream.answers(200, &format!("Link: <{}>; rel=\"hub\"\r\n", hub.url()), &feed(1));
    refreshed(&guarded).await;
    assert!(hub.is_quiet().await);
}

#[tokio::test]
async fn a_lease_is_renewed_before_it_ends_and_not_before_that() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let server = refreshed(&public(&upstream)).await;
    let first = hub.form().await;
    confirm(&server, &first, "c").await;
    let mut background = server.pipeline.background().await;
    let day = Duration::from_secs(24 * 3600);
    for _ in 0..14 {
        server.get("/feed/a", &[]).await; // somebody reads it
        server.clock.advance(day / 2);
        background.settle().await;
    }
    assert!(hub.is_quiet().await, "after seven days of ten");
    for _ in 0..4 {
        server.get("/feed/a", &[]).await;
        server.clock.advance(day / 2);
        background.settle().await;
    }
    let second = hub.form().await;
    assert_eq!((&second["hub.callback"], &second["hub.mode"]), (&first["hub.callback"], &"subscribe".to_owned()));
    assert_eq!(confirm(&server, &second, "d").await.text(), "d");
}

/// A hub's certificate for 127.0.0.1 in a file, and what shows it.
fn identity(directory: &Path) -> (std::path::PathBuf, TlsAcceptor) {
    use base64::Engine;
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(certificate.der());
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let path = directory.join("roots.pem");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    std::fs::write(&path, pem).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    (path, TlsAcceptor::from(Arc::new(config)))
}

fn signed(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[tokio::test]
async fn a_hub_over_https_is_told_a_secret_and_only_what_it_signs_is_believed() {
    let directory = tempfile::tempdir().unwrap();
    let (roots, tls) = identity(directory.path());
    let mut hub = Hub::over(Some(tls)).await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let mut config = public(&upstream);
    config.fetch.roots = Some(roots);
    let server = refreshed(&config).await;
    let form = hub.form().await;
    let secret = &form["hub.secret"];
    assert!(secret.len() == 64 && !form["hub.callback"].contains(secret.as_str()), "{form:?}");
    assert_eq!(confirm(&server, &form, "c").await.text(), "c");
    server.clock.advance(Duration::from_secs(61));
    let body = feed(1);
    for wrong in [None, Some(signed("guess", &body)), Some(signed(secret, "other")), Some("sha256=".to_owned())] {
        let answer = ping(&server, &path(&form), &body, wrong.as_deref()).await;
        assert_eq!(answer.status, 202, "who guesses learns nothing");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(upstream.hits(), 1, "and nothing is asked");
    assert_eq!(ping(&server, &path(&form), &body, Some(&signed(secret, &body))).await.status, 202);
    upstream.came(2).await;
}

#[tokio::test]
async fn a_hub_may_withdraw_and_the_feed_is_polled_again() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let server = refreshed(&public(&upstream)).await;
    let form = hub.form().await;
    confirm(&server, &form, "c").await;
    let topic = form["hub.topic"].replace(':', "%3A").replace('/', "%2F");
    let denied = format!("{}?hub.mode=denied&hub.topic={topic}&hub.reason=no", path(&form));
    assert_eq!(server.get(&denied, &[]).await.status, 404);
    server.clock.advance(Duration::from_secs(61));
    ping(&server, &path(&form), "", None).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(upstream.hits(), 1, "whoever pings now has no subscription");
}

#[tokio::test]
async fn subscriptions_survive_a_restart_and_a_changed_configuration_and_go_with_their_feed() {
    let (mut hub, directory) = (Hub::start().await, tempfile::tempdir().unwrap());
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let config = public(&upstream);
    let server = Server::on_disk(&config, directory.path(), Clock::manual(NOW)).await;
    refresh(&server).await;
    let form = hub.form().await;
    confirm(&server, &form, "c").await;
    let token = path(&form).strip_prefix("/websub/").unwrap().to_owned();
    let server = server.restarted(&config, directory.path()).await;
    drop(server.pipeline.background().await);
    assert!(server.pipeline.pinged(&token, None, b""));
    // before anything is read from the disk, too
    let changed = server.pipeline.reloaded(&config).unwrap();
    assert!(changed.pinged(&token, None, b""));
    drop(changed.background().await);
    assert!(changed.pinged(&token, None, b"") && hub.is_quiet().await, "nobody is asked again");
    let without = Config { feeds: Default::default(), ..public(&upstream) };
    let without = changed.reloaded(&without).unwrap();
    drop(without.background().await);
    assert!(!without.pinged(&token, None, b""), "the hub learns that nobody is there");
    let again = without.reloaded(&config).unwrap();
    drop(again.background().await);
    assert!(!again.pinged(&token, None, b""));
}

#[tokio::test]
async fn where_the_public_address_changes_hubs_are_told_the_new_one() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start(&format!("Link: <{}>; rel=\"hub\"\r\n", hub.url())).await;
    let mut config = public(&upstream);
    let server = refreshed(&config).await;
    let form = hub.form().await;
    confirm(&server, &form, "c").await;
    config.server.public_url = Some(Url::parse("https://moved.example/").unwrap());
    let moved = server.pipeline.reloaded(&config).unwrap();
    let mut background = moved.background().await;
    server.clock.advance(Duration::from_secs(24 * 3600));
    background.settle().await;
    let form = hub.form().await;
    assert!(form["hub.callback"].starts_with("https://moved.example/websub/"), "{form:?}");
}

#[tokio::test]
async fn our_own_changes_are_announced_to_the_configured_hub_and_only_then_named() {
    let mut hub = Hub::start().await;
    let upstream = Upstream::start("Cache-Control: max-age=300\r\n").await;
    let mut config = public(&upstream);
    let plain = Server::start(&config).await;
    assert_eq!(plain.get("/feed/a", &[]).await.header("link"), "", "no hub, no link");
    config.server.hub = Some(Url::parse(&hub.url()).unwrap());
    let server = Server::start(&config).await;
    let link = format!("<{}>; rel=\"hub\", <https://feeds.example/r/feed/a>; rel=\"self\"", hub.url());
    assert_eq!(server.get("/feed/a", &[]).await.header("link"), link);
    assert!(hub.is_quiet().await, "the first copy is no change");
    for (body, changed) in [(feed(50), false), (feed(51), true), (feed(51), false)] {
        upstream.answers(200, "Cache-Control: max-age=300\r\n", &body);
        server.clock.advance(Duration::from_secs(301));
        server.get("/feed/a", &[]).await;
        server.refreshed("/feed/a").await;
        match changed {
            true => {
                let form = hub.form().await;
                assert_eq!(
                    (form["hub.mode"].as_str(), form["hub.url"].as_str()),
                    ("publish", "https://feeds.example/r/feed/a")
                );
            }
            false => assert!(hub.is_quiet().await),
        }
    }
}

/// The signature is over the body as it came: `src/websub/signature.rs` has the published cases.
#[test]
fn a_ping_is_signed_as_the_specification_says() {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(b"body");
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(refeed::websub::signature::verify(&format!("sha256={hex}"), "secret", b"body"));
}
