//! A server of ours and an upstream stand-in, both on loopback, and a client that shows every byte.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)] // test code, of which each file uses its part

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use refeed::base::clock::{Clock, Time};
use refeed::base::limits::MIB;
use refeed::base::url::Url;
use refeed::cache::Disk;
use refeed::config::fields::Allow;
use refeed::config::{Config, Feed, Origin, RuleList};
use refeed::pipeline::Pipeline;
use refeed::serve::{Access, Router, Settings, Stop, listen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

pub const NOW: Time = Time::from_secs(1_800_000_000); // Fri, 15 Jan 2027 08:00:00 GMT
/// What no test waits for unless it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn feed(items: usize) -> String {
    let item = |n| {
        format!(
            "<item><title>Item {n}</title><guid>urn:{n}</guid><description>{}</description></item>",
            "text ".repeat(40)
        )
    };
    let items: String = (0..items).map(item).collect();
    format!(
        "<rss version=\"2.0\"><channel><title>Feed</title><link>https://example.org/</link><description>d</description>{items}</channel></rss>"
    )
}

/// An upstream: counts requests, waits at its gate, answers as told.
pub struct Upstream {
    pub address: SocketAddr,
    hits: Arc<AtomicUsize>,
    came: watch::Receiver<usize>,
    gate: Arc<Semaphore>,
    seen: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<Script>>,
}

/// From a request's head to the whole response.
type Script = Box<dyn Fn(&str) -> Vec<u8> + Send>;

/// A response as an upstream sends it.
pub fn response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

impl Upstream {
    /// Answers with `feed(50)` and these extra header lines.
    pub async fn start(headers: &str) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (gate, hits) = (Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)), Arc::new(AtomicUsize::new(0)));
        let (arrive, came) = watch::channel(0);
        let (seen, script) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Mutex::new(Box::new(|_: &str| Vec::new()) as Script)));
        let upstream = Upstream {
            address,
            hits: Arc::clone(&hits),
            came,
            gate: Arc::clone(&gate),
            seen: Arc::clone(&seen),
            script: Arc::clone(&script),
        };
        upstream.answers(200, headers, &feed(50));
        let arrive = Arc::new(arrive);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (gate, hits, arrive) = (gate.clone(), hits.clone(), arrive.clone());
                let (seen, script) = (seen.clone(), script.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    seen.lock().unwrap().push(head.clone());
                    let count = hits.fetch_add(1, Ordering::SeqCst) + 1;
                    arrive.send_replace(count);
                    let _pass = gate.acquire().await;
                    let reply = script.lock().unwrap()(&head);
                    stream.write_all(&reply).await?;
                    stream.shutdown().await
                });
            }
        });
        upstream
    }

    pub fn answers(&self, status: u16, headers: &str, body: &str) {
        let bytes = response(status, headers, body);
        self.script(move |_| bytes.clone());
    }

    /// Answers each request's head as `script` says.
    pub fn script(&self, script: impl Fn(&str) -> Vec<u8> + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// The value of `name` in the last request; empty where it has none.
    pub fn asked(&self, name: &str) -> String {
        let seen = self.seen.lock().unwrap();
        let lines = seen.last().map_or("", String::as_str).split("\r\n");
        let mut fields = lines.filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map_or(String::new(), |(_, value)| value.to_owned())
    }

    /// The request lines, in order.
    pub fn lines(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|head| head.split(" HTTP/").next().unwrap_or_default().to_owned()).collect()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// No answer until [`Upstream::open`].
    pub async fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn open(&self) {
        self.gate.add_permits(1000);
    }

    /// Waits until `count` requests have come.
    pub async fn came(&self, count: usize) {
        let mut came = self.came.clone();
        let waited = tokio::time::timeout(PATIENCE, came.wait_for(|hits| *hits >= count)).await;
        waited.expect("the upstream is asked").unwrap();
    }
}

/// A configuration with these feeds: name, URL, rules.
pub fn config(feeds: &[(&str, String, &str)]) -> Config {
    let mut config = Config::default();
    config.fetch.allow.push(Allow { net: "127.0.0.0/8".parse().unwrap(), port: None });
    for (name, url, rules) in feeds {
        let origin = Origin::Http(Url::parse(url).unwrap());
        let rules = if rules.is_empty() { RuleList::empty() } else { RuleList::parse("test", rules).unwrap() };
        let feed = Feed::new(url.as_str(), origin, rules);
        config.feeds.insert((*name).into(), feed);
    }
    config
}

/// refeed on a loopback port, with a clock that stands still.
pub struct Server {
    pub address: SocketAddr,
    pub clock: Clock,
    pub pipeline: Pipeline,
    pub stop: watch::Sender<Stop>,
    pub ended: JoinHandle<()>,
}

impl Server {
    pub async fn start(config: &Config) -> Server {
        Server::with(config, Settings::default()).await
    }

    pub async fn with(config: &Config, settings: Settings) -> Server {
        Server::over(config, settings, Clock::manual(NOW), Disk::none()).await
    }

    /// With a store in `directory`.
    pub async fn on_disk(config: &Config, directory: &Path, clock: Clock) -> Server {
        let disk = Disk::open(directory, 64 * MIB, clock.clone());
        Server::over(config, Settings::default(), clock, disk).await
    }

    /// The process ends, and begins anew with this configuration.
    pub async fn restarted(self, config: &Config, directory: &Path) -> Server {
        let Server { clock, pipeline, stop, ended, .. } = self;
        stop.send_replace(Stop::Now);
        pipeline.disk().flush().await.unwrap();
        drop(pipeline);
        ended.await.unwrap();
        Server::on_disk(config, directory, clock).await
    }

    async fn over(config: &Config, settings: Settings, clock: Clock, disk: Disk) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(Stop::Running);
        let pipeline = Pipeline::with_disk(config, clock.clone(), disk).unwrap();
        let router = Router::new(pipeline.clone(), Access::new(&config.server, address));
        let ended = tokio::spawn(listen::serve(listener, router, settings, stopped));
        Server { address, clock, pipeline, stop, ended }
    }

    /// One feed named `a` of `upstream`.
    pub async fn of(upstream: &Upstream) -> Server {
        Server::start(&config(&[("a", upstream.url("/feed"), "")])).await
    }

    /// Asks until the answer is fresh: a refresh behind has come to its end.
    pub async fn refreshed(&self, target: &str) -> Reply {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let reply = self.get(target, &[]).await;
            if !reply.header("cache-status").contains("detail=refreshing") {
                return reply;
            }
            assert!(tokio::time::Instant::now() < until, "the refresh ends");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Refreshes what falls due at `pipeline` within `span`, hour by hour at most.
    pub async fn live(&self, pipeline: &Pipeline, span: Duration) {
        let mut background = pipeline.background().await;
        let (end, hour) = (self.clock.now() + span, Duration::from_secs(3600));
        while self.clock.now() < end {
            background.settle().await;
            let next = background.next_due().unwrap_or(end).min(self.clock.now() + hour).min(end);
            self.clock.advance(next.since(self.clock.now()).max(Duration::from_millis(1)));
        }
        background.settle().await;
    }

    pub async fn connect(&self) -> TcpStream {
        TcpSocket::new_v4().unwrap().connect(self.address).await.unwrap()
    }

    pub async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", target, headers).await
    }

    pub async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let host = if headers.iter().any(|(name, _)| *name == "Host") { "" } else { "Host: localhost\r\n" };
        self.send(&format!("{method} {target} HTTP/1.1\r\n{host}Connection: close\r\n{lines}\r\n")).await
    }

    /// Sends `request` and reads until the server closes.
    pub async fn send(&self, request: &str) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        Reply::parse(&read_all(&mut stream).await)
    }
}

/// Everything until the server closes, however it does.
pub async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let read = async {
        let mut buffer = vec![0; 64 * 1024]; // on the heap: tests have small stacks
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the server closes");
    all
}

/// A socket with the smallest receive buffer there is.
pub async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    socket.connect(address).await.unwrap()
}

#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// Without the body, which hides the rest.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} and {} bytes", self.status, self.headers, self.body.len())
    }
}

impl Reply {
    pub fn parse(bytes: &[u8]) -> Reply {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a response head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            let before = headers.insert(name.to_ascii_lowercase(), value.to_owned());
            assert!(before.is_none(), "{name} is there twice");
        }
        Reply { status, headers, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a problem document")
    }

    /// The body without its content coding.
    pub fn decoded(&self) -> String {
        let (mut out, body) = (Vec::new(), &self.body[..]);
        match self.header("content-encoding") {
            "br" => brotli::BrotliDecompress(&mut &body[..], &mut out).unwrap(),
            "zstd" => out = zstd::decode_all(body).unwrap(),
            "gzip" => {
                flate2::bufread::MultiGzDecoder::new(body).read_to_end(&mut out).unwrap();
            }
            _ => out = body.to_vec(),
        }
        String::from_utf8(out).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
