//! The listening socket and its connections, each within the bounds of [`Settings`], and how they end.
//!
//! HTTP/1.1 by hyper's own `http1` connection: its header timer also closes silent and half-speaking clients, which the
//! protocol-sniffing one leaves open. Told to stop, the server accepts no more, lets answers in flight finish within
//! `drain`, and cuts the rest.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::guard::Guarded;
use super::peers::{Patience, Peers, Place};
use super::{Router, Settings};
use crate::base::limits;

/// How urgently the server is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    Running,
    /// Accept no more, let answers finish.
    Draining,
    /// At once.
    Now,
}

/// Where connections come from; a listening socket, or a test.
pub trait Accept: Send {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// The next connection and its peer. Dropping the future loses none.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Io = TcpStream;
    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}

/// Serves until `stop` says otherwise and all connections have ended, or were cut.
pub async fn serve<A: Accept>(mut acceptor: A, router: Router, settings: Settings, mut stop: watch::Receiver<Stop>) {
    let peers = Peers::new(settings.connections, settings.per_peer);
    let (phase, phases) = watch::channel(Stop::Running);
    // closed when the last connection has dropped its end
    let (alive, mut ended) = mpsc::channel::<Infallible>(1);
    let mut patience = Patience::new(settings.accept_pause);
    let mut full = false; // said once, until a connection finds a place again
    loop {
        let accepted = tokio::select! {
            biased;
            () = asked(&mut stop, Stop::Draining) => break,
            accepted = acceptor.accept() => accepted,
        };
        match accepted {
            Ok((io, peer)) => {
                patience.succeeded();
                // no place: the connection is closed by being dropped
                let place = peers.admit(peer.ip());
                if place.is_none() && !std::mem::replace(&mut full, true) {
                    tracing::warn!(%peer, "too many connections: new ones are closed");
                }
                if let Some(place) = place {
                    full = false;
                    let connection = Connection { router: router.clone(), settings, peer, place, alive: alive.clone() };
                    tokio::spawn(connection.serve(io, phases.clone()));
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // out of file descriptors, mostly: asking again at once would only burn a processor
                let pause = patience.failed();
                tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "cannot accept a connection");
                tokio::select! {
                    () = asked(&mut stop, Stop::Draining) => break,
                    () = sleep(pause) => {}
                }
            }
        }
    }
    drop((acceptor, alive));
    phase.send_replace(Stop::Draining);
    tracing::info!(connections = phase.receiver_count() - 1, "stopping: answers in flight may finish");
    let drained = async {
        tokio::select! {
            _ = ended.recv() => {}
            () = asked(&mut stop, Stop::Now) => {}
        }
    };
    if timeout(settings.drain, drained).await.is_err() {
        tracing::warn!("stopping: some answers did not finish in time and are cut");
    }
    phase.send_replace(Stop::Now);
    // connections end at the next poll; wait for that, so that a caller may count on it
    let _ = ended.recv().await;
}

/// Errors of the connection that was being accepted, not of the socket that accepts.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionRefused | K::ConnectionAborted | K::ConnectionReset | K::InvalidInput)
}

/// Waits until whoever may stop the server asks for `level`; for ever where nobody is left who may.
async fn asked(stop: &mut watch::Receiver<Stop>, level: Stop) {
    if stop.wait_for(|now| *now >= level).await.is_err() {
        std::future::pending().await
    }
}

/// Waits until the server is at `level`. A server that is gone is beyond all levels.
async fn reached(phases: &mut watch::Receiver<Stop>, level: Stop) {
    let _ = phases.wait_for(|now| *now >= level).await;
}

struct Connection {
    router: Router,
    settings: Settings,
    peer: SocketAddr,
    /// Held while the connection is open.
    #[allow(dead_code)] // dropped, not read
    place: Place,
    #[allow(dead_code)] // dropped, not read
    alive: mpsc::Sender<Infallible>,
}

impl Connection {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, io: S, mut phases: watch::Receiver<Stop>) {
        let io = Guarded::new(io, self.settings.write_stall, self.settings.write_total);
        let (router, peer) = (&self.router, self.peer.ip());
        let service = service_fn(|request| async move { Ok::<_, Infallible>(router.respond(request, peer).await) });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.header_timeout)
            .max_buf_size(limits::MAX_REQUEST_HEAD)
            .max_header_size(limits::MAX_REQUEST_HEAD) // the buffer alone lets a head through that came in one piece
            .max_headers(limits::MAX_REQUEST_HEADERS)
            .serve_connection(TokioIo::new(io), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = reached(&mut phases, Stop::Draining) => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = reached(&mut phases, Stop::Now) => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %peer, "connection ended early");
        }
    }
}

/// The operator's wishes: the first SIGTERM or SIGINT drains, the second stops at once.
pub fn signals() -> io::Result<watch::Receiver<Stop>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (sender, stop) = watch::channel(Stop::Running);
    tokio::spawn(async move {
        for level in [Stop::Draining, Stop::Now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            sender.send_replace(level);
        }
    });
    Ok(stop)
}
