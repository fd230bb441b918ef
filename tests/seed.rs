//! The document that this project was asked to be able to produce, byte for byte: by `refeed run`, by `refeed mirror`, and
//! by the server at `.md`; its Taiwan edition; and another article of the same structure.
//!
//! The site is a stand-in: an outgoing proxy on loopback that answers for www.voachinese.com over TLS with the pages of
//! `fixtures/voachinese`, which were made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod cli_common;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use cli_common::{command, text};
use refeed::base::clock::{Clock, Time};
use refeed::config::{Config, RuleList};
use refeed::emit::Format;
use refeed::mirror::{Media, Mirror, Options, Quiet, Removed};
use refeed::pipeline::{Ask, Pipeline};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HOST: &str = "www.voachinese.com";
const FIRST_SEEN: Time = Time(1_709_386_743_000);

fn fixture(name: &str) -> String {
    fs::read_to_string(format!("fixtures/voachinese/{name}")).unwrap()
}

/// `found` must be the fixture `name`, which `UPDATE_GOLDEN=1` writes anew (not in CI, and never the seed).
fn is_golden(name: &str, found: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        fs::write(format!("fixtures/voachinese/{name}"), found).unwrap();
    }
    assert_eq!(found, fixture(name));
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The proxy, and a configuration in `folder` whose feed `voa` goes through it.
async fn stand_in(folder: &Path, more_rules: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let asked = head(&mut stream).await;
                assert!(asked.starts_with(&format!("CONNECT {HOST}:443 ")), "{asked}");
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let asked = head(&mut stream).await;
                let path = asked.split(' ').nth(1).unwrap_or_default();
                let name = path.strip_prefix("/a/").unwrap_or("feed.xml");
                let body = fs::read(format!("fixtures/voachinese/{name}")).unwrap();
                let kind = if name.ends_with(".xml") { "application/rss+xml" } else { "text/html; charset=utf-8" };
                let reply = format!(
                    "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[reply.as_bytes(), &body].concat()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    let (pem, config) = (folder.join("roots.pem"), folder.join("refeed.toml"));
    let coded = base64::engine::general_purpose::STANDARD.encode(certificate.der());
    let lines: Vec<&str> = (0..coded.len()).step_by(64).map(|at| &coded[at..coded.len().min(at + 64)]).collect();
    let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    fs::write(&pem, text).unwrap();
    let text = format!(
        "[fetch]\nproxy = \"http://{address}\"\nroots = \"{}\"\n[cache]\npath = \"none\"\n[feeds.voa]\nurl = \"https://{HOST}/api/zm_yql-vomx-tpeybti\"\nrules = [\"sites/voachinese\", {more_rules}]\n",
        pem.display()
    );
    fs::write(&config, text).unwrap();
    config.display().to_string()
}

async fn run(arguments: &[&str]) -> String {
    let mut command = command(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn load(path: &str) -> Config {
    Config::load(Path::new(path), refeed::rules::check).unwrap_or_else(|problems| panic!("{problems}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_gives_the_seeds_document() {
    let folder = tempfile::tempdir().unwrap();
    let config = stand_in(folder.path(), "{ limit = 1 }").await;
    let arguments = ["run", "--config", &config, "--feed", "voa", "--to", "markdown", "--first-seen", "1709386743000"];
    assert_eq!(run(&arguments).await, fixture("1709386743000.md"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mirror_gives_the_seeds_document_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(&stand_in(folder.path(), "{ limit = 1 }").await);
    let out = folder.path().join("out");
    let options = Options { out: out.clone(), format: Format::Markdown, removed: Removed::Keep, media: Media::Links };
    let pipeline = Pipeline::from_config(&config, Clock::manual(FIRST_SEEN)).unwrap();
    let mirror = Mirror::open(options).unwrap();
    mirror.feed(&pipeline, "voa", &Quiet).await.unwrap();
    assert_eq!(fs::read_to_string(out.join("voa/1709386743000.md")).unwrap(), fixture("1709386743000.md"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_gives_it_at_md() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(&stand_in(folder.path(), "{ limit = 1 }").await);
    let pipeline = Pipeline::from_config(&config, Clock::manual(FIRST_SEEN)).unwrap();
    let ask = || Ask { format: Some(Format::Markdown), ..Ask::named("voa") };
    let served = pipeline.answer(ask(), None).await.unwrap();
    let body = String::from_utf8(served.answer.content.identity().body.to_vec()).unwrap();
    assert_eq!(body, fixture("1709386743000.md"));
}

/// All that stands in tags, and all addresses.
fn markup(document: &str) -> Vec<&str> {
    let tags = document.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    tags.chain(document.split("](").skip(1).filter_map(|rest| rest.split(')').next())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_taiwan_edition_is_converted_in_its_text_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = stand_in(folder.path(), "{ limit = 1 }, { opencc = \"s2twp\" }").await;
    let arguments = ["run", "--config", &config, "--feed", "voa", "--to", "markdown", "--first-seen", "1709386743000"];
    let found = run(&arguments).await;
    is_golden("1709386743000.tw.md", &found);
    assert_eq!(markup(&found), markup(&fixture("1709386743000.md")));
    for word in ["人工智慧", "資訊", "影片", "晶片", "臺灣"] {
        assert!(found.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_article_of_the_same_structure_comes_out_right_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = stand_in(folder.path(), "{ keep = { title = \"图书馆\" } }").await;
    let arguments = ["run", "--config", &config, "--feed", "voa", "--to", "markdown", "--first-seen", "1709433000000"];
    is_golden("1709433000000.md", &run(&arguments).await);
}

#[test]
fn no_text_of_the_article_stands_in_the_rule_set() {
    let rules = fs::read_to_string("rules/sites/voachinese.toml").unwrap();
    let code: String = rules.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    assert!(code.is_ascii(), "a rule set for a Chinese site whose rules hold Chinese text");
    assert_eq!(RuleList::names("test", "sites/voachinese").items.len(), 1);
}
