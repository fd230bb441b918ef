//! A changed configuration is taken up while the server runs: what is gone is gone at once, what is under way is finished, and a wrong
//! one changes nothing.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

mod serve_support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use refeed::base::clock::Clock;
use refeed::config::Config;
use refeed::pipeline::Pipeline;
use refeed::rules;
use refeed::serve::reload::{Looked, Source};
use refeed::serve::{Access, Reloader, Router, Settings, Stop, listen};
use serve_support::{NOW, Reply, Upstream, read_all};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

struct Running {
    address: std::net::SocketAddr,
    reloader: Reloader,
    path: PathBuf,
    _dir: tempfile::TempDir,
    _stop: watch::Sender<Stop>,
}

fn load(path: &Path) -> Result<Config, String> {
    Config::load(path, rules::check).map_err(|error| error.to_string())
}

impl Running {
    async fn start(text: &str) -> Running {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("refeed.toml");
        std::fs::write(&path, text).unwrap();
        let config = load(&path).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pipeline = Pipeline::from_config(&config, Clock::manual(NOW)).unwrap();
        let router = Router::new(pipeline, Access::new(&config.server, address));
        let (stop, stopped) = watch::channel(Stop::Running);
        tokio::spawn(listen::serve(listener, router.clone(), Settings::default(), stopped));
        let file = path.clone();
        let source = Source { path: path.clone(), load: Arc::new(move || load(&file)) };
        let reloader = Reloader::new(source, router, address, &config).await;
        Running { address, reloader, path, _dir: dir, _stop: stop }
    }

    /// Writes the file, and looks at it as the server does from time to time.
    async fn change(&mut self, text: &str) -> Looked {
        std::fs::write(&self.path, text).unwrap();
        self.reloader.look().await
    }

    async fn get(&self, target: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Reply::parse(&read_all(&mut stream).await)
    }
}

fn config(upstream: &Upstream, feeds: &[(&str, &str)]) -> String {
    let mut text = "[fetch]\nallow = ['127.0.0.0/8']\n".to_owned();
    for (name, rules) in feeds {
        text += &format!("[feeds.{name}]\nurl = '{}'\nrules = {rules}\n", upstream.url("/feed"));
    }
    text
}

fn items(reply: &Reply) -> usize {
    reply.text().matches("<item>").count()
}

#[tokio::test]
async fn feeds_and_rules_come_and_go_at_once_and_the_cache_stays() {
    let upstream = Upstream::start("Cache-Control: max-age=3600\r\n").await;
    let mut server = Running::start(&config(&upstream, &[("a", "[]"), ("b", "[]")])).await;
    assert_eq!(items(&server.get("/feed/a").await), 50);
    assert_eq!(server.reloader.look().await, Looked::Unchanged);
    assert_eq!(server.change(&config(&upstream, &[("a", "[{ limit = 3 }]"), ("new", "[]")])).await, Looked::TakenUp);
    assert_eq!(items(&server.get("/feed/a").await), 3);
    assert_eq!(server.get("/feed/b").await.status, 404);
    assert_eq!(items(&server.get("/feed/new").await), 50);
    assert_eq!(upstream.hits(), 1, "what was fetched is still there");
    let closed = format!("[server]\nopen = 'nobody'\n{}", config(&upstream, &[("a", "[]")]));
    assert_eq!(server.change(&closed).await, Looked::TakenUp);
    assert_eq!(server.get("/feed?url=https://example.org/").await.status, 403);
}

#[tokio::test]
async fn a_wrong_one_changes_nothing_and_the_next_good_one_counts() {
    let upstream = Upstream::start("").await;
    let mut server = Running::start(&config(&upstream, &[("a", "[]")])).await;
    for wrong in ["[feeds", "[feeds.a]\nurl = 'https://example.org/'\nrules = [{ limit = 0 }]\n", "[nonsense]\n"] {
        assert_eq!(server.change(wrong).await, Looked::Refused, "{wrong}");
        assert_eq!(server.reloader.look().await, Looked::Unchanged, "it is told once");
        assert_eq!(items(&server.get("/feed/a").await), 50);
    }
    std::fs::remove_file(&server.path).unwrap();
    assert_eq!(server.reloader.look().await, Looked::Refused);
    assert_eq!(items(&server.get("/feed/a").await), 50);
    assert_eq!(server.change(&config(&upstream, &[("a", "[{ limit = 1 }]")])).await, Looked::TakenUp);
    assert_eq!(items(&server.get("/feed/a").await), 1);
}

#[tokio::test]
async fn what_is_under_way_is_finished() {
    let upstream = Upstream::start("").await;
    let mut server = Running::start(&config(&upstream, &[("a", "[]")])).await;
    upstream.close().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /feed/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    upstream.came(1).await;
    assert_eq!(server.change(&config(&upstream, &[])).await, Looked::TakenUp);
    assert_eq!(server.get("/feed/a").await.status, 404);
    upstream.open();
    let reply = Reply::parse(&read_all(&mut stream).await);
    assert_eq!((reply.status, items(&reply)), (200, 50));
}
