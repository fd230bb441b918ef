//! The HTTP server: sockets, requests, answers. Nothing here fetches, parses or transforms.
//!
//! [`listen`] holds the sockets and their bounds, [`router`] finds out what is asked, [`access`] whether it may be,
//! [`reply`] turns an answer into a response, [`status`] an error. HTTP/1.1 without TLS: both TLS and HTTP/2 are the
//! front proxy's. Called by `cli`.

pub mod access;
pub mod guard;
pub mod health;
pub mod listen;
pub mod negotiate;
pub mod peers;
pub mod query;
pub mod reply;
pub mod router;
pub mod status;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

pub use self::listen::{Stop, signals};
pub use self::router::Router;
use crate::base::limits;
use crate::config;
use crate::pipeline::Pipeline;

/// The bounds of connections; the defaults are those of `base::limits`.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A whole request head within this time of the connection's opening or of the last answer.
    pub header_timeout: Duration,
    /// Longest time without a byte taken from an answer.
    pub write_stall: Duration,
    /// Longest time for a whole answer.
    pub write_total: Duration,
    /// Open connections.
    pub connections: usize,
    /// Open connections of one peer that is not this machine.
    pub per_peer: usize,
    /// First and longest pause after a failed accept.
    pub accept_pause: (Duration, Duration),
    /// Time for answers in flight when told to stop.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            header_timeout: limits::HEADER_TIMEOUT,
            write_stall: limits::WRITE_STALL,
            write_total: limits::WRITE_TOTAL,
            connections: limits::MAX_CONNECTIONS,
            per_peer: limits::MAX_CONNECTIONS_PER_PEER,
            accept_pause: (limits::ACCEPT_PAUSE, limits::ACCEPT_PAUSE_LONGEST),
            drain: limits::DRAIN,
        }
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {listen} (server.listen): {source}")]
    Bind {
        /// As configured.
        listen: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refuses to tell of signals.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

/// Serves `pipeline` as `server` says until told to stop by SIGTERM or SIGINT. `via` is the name by which `fetch` calls
/// this instance in `Via`: a request that names it has come back to where it was sent from.
pub async fn run(pipeline: Pipeline, server: &config::Server, via: &str) -> Result<(), ServeError> {
    let stop = signals().map_err(ServeError::Signals)?;
    let bound = |source| ServeError::Bind { listen: server.listen.clone(), source };
    let listener = TcpListener::bind(&server.listen).await.map_err(bound)?;
    let address = listener.local_addr().map_err(bound)?;
    let router = Router::new(pipeline, access::Access::new(server, address.ip()), via);
    announce(address);
    listen::serve(listener, router, Settings::default(), stop).await;
    Ok(())
}

/// The line that scripts wait for.
#[allow(clippy::print_stderr)] // part of the command's interface, not a log
fn announce(address: SocketAddr) {
    eprintln!("listening on http://{address}");
}
