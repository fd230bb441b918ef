//! A site whose articles wait at a gate: what stands at each path, who came, and how many at once.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // test code, of which each file uses its part

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::serve_support::{PATIENCE, Server, config};
use refeed::config::Config;

pub const TEXT: &str = "This is the whole text of the article, and it is long enough to count as one.";

pub struct Site {
    pub address: SocketAddr,
    pages: Mutex<HashMap<String, Vec<u8>>>,
    hits: Mutex<HashMap<String, usize>>,
    pub heads: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    pub most_at_once: AtomicUsize,
    /// Articles wait here; the feed does not.
    gate: Semaphore,
    /// And then for so long.
    pub delay: Mutex<Duration>,
}

impl Site {
    pub async fn start() -> Arc<Site> {
        Site::at("127.0.0.1").await
    }

    pub async fn at(host: &str) -> Arc<Site> {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let site = Arc::new(Site {
            address: listener.local_addr().unwrap(),
            pages: Mutex::default(),
            hits: Mutex::default(),
            heads: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            delay: Mutex::default(),
        });
        let served = Arc::clone(&site);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let site = Arc::clone(&served);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    site.heads.lock().unwrap().push(head);
                    *site.hits.lock().unwrap().entry(path.clone()).or_default() += 1;
                    if path != "/feed" {
                        let now = site.at_once.fetch_add(1, Ordering::SeqCst) + 1;
                        site.most_at_once.fetch_max(now, Ordering::SeqCst);
                        let pass = site.gate.acquire().await;
                        drop(pass);
                        let delay = *site.delay.lock().unwrap();
                        tokio::time::sleep(delay).await;
                        site.at_once.fetch_sub(1, Ordering::SeqCst);
                    }
                    let reply = site.pages.lock().unwrap().get(&path).cloned();
                    let missing = b"HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec();
                    stream.write_all(&reply.unwrap_or(missing)).await?;
                    stream.shutdown().await
                });
            }
        });
        site
    }

    pub fn put(&self, path: &str, body: &str) {
        self.put_as(path, "text/html; charset=utf-8", body.as_bytes());
    }

    pub fn put_as(&self, path: &str, content_type: &str, body: &[u8]) {
        self.put_with(path, &format!("Content-Type: {content_type}\r\nCache-Control: max-age=600\r\n"), body);
    }

    /// With these header lines.
    pub fn put_with(&self, path: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head = format!("HTTP/1.1 200 X\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.pages.lock().unwrap().insert(path.to_owned(), [head.as_bytes(), body].concat());
    }

    /// A feed whose items lead to these paths.
    pub fn feed(&self, paths: &[&str]) {
        let urls: Vec<_> = paths.iter().map(|path| format!("http://{}{path}", self.address)).collect();
        self.feed_of(&paths.iter().copied().zip(urls.iter().map(String::as_str)).collect::<Vec<_>>());
    }

    /// A feed of items with these titles, which lead there.
    pub fn feed_of(&self, items: &[(&str, &str)]) {
        let item = |(path, url): &(&str, &str)| {
            format!(
                "<item><title>{path}</title><link>{url}</link><guid>{url}</guid><description>summary of {path}</description></item>"
            )
        };
        let items: String = items.iter().map(item).collect();
        self.put(
            "/feed",
            &format!("<rss version=\"2.0\"><channel><title>t</title><link>http://{}/</link><description>d</description>{items}</channel></rss>", self.address),
        );
    }

    pub fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    pub fn hits(&self, path: &str) -> usize {
        self.hits.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    /// The configuration of its feed as `a`.
    pub fn config(&self, rules: &str) -> Config {
        config(&[("a", format!("http://{}/feed", self.address), rules)])
    }

    pub async fn server(&self, rules: &str) -> Server {
        Server::start(&self.config(rules)).await
    }
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what}"));
}

pub fn article(text: &str) -> String {
    format!(
        "<html><head><title>x</title></head><body><nav>menu</nav><div id=a><p>{text}</p></div><footer>foot</footer></body></html>"
    )
}
