//! Clients that are slow, silent, rude or many are dealt with, and the server ends as it was told to.

mod serve_support;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::pipeline::Pipeline;
use refeed::serve::listen::{Accept, serve};
use refeed::serve::{Access, Router, Settings, Stop};
use serve_support::{PATIENCE, Reply, Server, Upstream, config, feed, narrow, read_all};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3600);

fn impatient() -> Settings {
    Settings { header_timeout: SHORT, ..Settings::default() }
}

#[tokio::test]
async fn silent_and_half_speaking_clients_are_closed() {
    let server = Server::with(&config(&[]), impatient()).await;
    for start in ["", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        read_all(&mut stream).await; // fails where the server does not close
    }
}

#[tokio::test]
async fn a_byte_at_a_time_does_not_keep_a_connection_open() {
    let server = Server::with(&config(&[]), impatient()).await;
    let (mut read, mut write) = server.connect().await.into_split();
    let drip = async {
        let bytes = b"GET /healthz HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
        for byte in bytes {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    let closed = async { while let Ok(1..) = read.read(&mut [0; 512]).await {} };
    timeout(PATIENCE, async {
        tokio::select! {
            () = drip => {}
            () = closed => {}
        }
    })
    .await
    .expect("the server closes");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let server = Server::with(&config(&[]), impatient()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(Reply::parse(&read_all(&mut stream).await).text(), "ok\n");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_of_its_answer_is_cut() {
    let upstream = Upstream::start("").await;
    upstream.answers(200, "", &feed(9000)); // 2.5 MB, more than this pair of sockets buffers
    let settings = Settings { write_stall: SHORT, drain: LONG, ..Settings::default() };
    let server = Server::with(&config(&[("a", upstream.url("/"), "")]), settings).await;
    let mut stream = narrow(server.address).await;
    stream.write_all(b"GET /feed/a HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    upstream.came(1).await;
    server.stop.send_replace(Stop::Draining);
    timeout(PATIENCE, server.ended).await.expect("the connection was cut").unwrap();
    drop(stream);
}

#[tokio::test]
async fn rude_requests_are_refused() {
    let server = Server::start(&config(&[])).await;
    let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    for (request, status) in [
        (format!("{get}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 413),
        (format!("{get}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 413),
        (format!("{get}Content-Length: 5\r\n\r\nhello"), 413),
        (format!("{get}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), 400),
        (format!("{get}Content-Length: -1\r\n\r\n"), 400),
        (format!("{get}Transfer-Encoding: gzip\r\n\r\n"), 400),
        (format!("{get}Bad Header: 1\r\n\r\n"), 400),
        (format!("{get}{}\r\n", "X: y\r\n".repeat(100)), 431),
        (format!("{get}X: {}\r\n\r\n", "y".repeat(40_000)), 431),
        (format!("GET /feed/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "x".repeat(5000)), 414),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".into(), 400),
        ("GARBAGE\r\n\r\n".into(), 400),
    ] {
        let reply = server.send(&request).await;
        assert_eq!(reply.status, status, "{}", &request[..request.len().min(120)]);
        let answers = String::from_utf8_lossy(&reply.body).matches("HTTP/1.").count();
        assert_eq!(answers, 0, "a second request was smuggled in by {request:.120}");
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_places_come_back() {
    let settings = Settings { connections: 2, ..Settings::default() };
    let server = Server::with(&config(&[]), settings).await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(request).await.unwrap();
        stream.read_u8().await.unwrap();
        held.push(stream);
    }
    assert!(read_all(&mut server.connect().await).await.is_empty());
    drop(held);
    let mut back = false;
    for _ in 0..1000 {
        let mut stream = server.connect().await;
        back = stream.write_all(request).await.is_ok() && stream.read_u8().await.is_ok();
        if back {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(back);
}

/// Out of file descriptors for ever.
struct Exhausted {
    asked: Arc<AtomicUsize>,
    came: Arc<Notify>,
}

impl Accept for Exhausted {
    type Io = DuplexStream;
    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.came.notify_one();
        Err(io::Error::from_raw_os_error(24)) // EMFILE
    }
}

#[tokio::test]
async fn running_out_of_descriptors_does_not_spin() {
    let config = config(&[]);
    let pipeline = Pipeline::from_config(&config, Clock::system()).unwrap();
    let router = Router::new(pipeline, Access::new(&config.server, ([127, 0, 0, 1], 0).into()));
    let (asked, came) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let acceptor = Exhausted { asked: Arc::clone(&asked), came: Arc::clone(&came) };
    let (stop, stopped) = watch::channel(Stop::Running);
    let settings = Settings { accept_pause: (LONG, LONG), ..Settings::default() };
    let ended = tokio::spawn(serve(acceptor, router, settings, stopped));
    came.notified().await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    stop.send_replace(Stop::Draining);
    timeout(PATIENCE, ended).await.expect("the pause ends with the server").unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_in_flight_is_finished_and_no_more_are_accepted() {
    let upstream = Upstream::start("").await;
    upstream.close().await;
    let server = Server::of(&upstream).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /feed/a HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    upstream.came(1).await;
    server.stop.send_replace(Stop::Draining);
    timeout(PATIENCE, async {
        while std::net::TcpStream::connect(server.address).is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the listener is closed");
    upstream.open();
    let reply = Reply::parse(&read_all(&mut stream).await);
    assert_eq!((reply.status, reply.text(), reply.header("connection")), (200, feed(50), "close"));
    timeout(PATIENCE, server.ended).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn answers_that_do_not_finish_are_cut_when_the_time_is_up_or_at_the_second_signal() {
    for (drain, second) in [(SHORT, false), (LONG, true)] {
        let upstream = Upstream::start("").await;
        upstream.close().await;
        let settings = Settings { drain, ..Settings::default() };
        let server = Server::with(&config(&[("a", upstream.url("/"), "")]), settings).await;
        let mut stream = server.connect().await;
        stream.write_all(b"GET /feed/a HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        upstream.came(1).await;
        server.stop.send_replace(Stop::Draining);
        if second {
            server.stop.send_replace(Stop::Now);
        }
        timeout(PATIENCE, server.ended).await.expect("the server ends").unwrap();
        assert!(read_all(&mut stream).await.is_empty());
    }
}
