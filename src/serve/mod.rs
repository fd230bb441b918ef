//! The HTTP server: sockets, requests, answers. Nothing here fetches, parses or transforms.
//!
//! [`listen`] holds the sockets and their bounds, [`target`] finds out what is asked, [`access`] whether it may be, [`router`] has it
//! answered; [`reload`] takes up a changed configuration; [`reply`] turns an answer into a response, [`status`] an error. HTTP/1.1 without TLS: both TLS and HTTP/2 are the
//! front proxy's. Called by `cli`.

pub mod access;
pub mod callback;
pub mod control;
pub mod guard;
pub mod health;
pub mod listen;
pub mod negotiate;
pub mod peers;
pub mod query;
pub mod reload;
pub mod reply;
pub mod router;
pub mod sign;
pub mod status;
pub mod target;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

pub use self::access::Access;
pub use self::listen::{Stop, signals};
pub use self::reload::Reloader;
pub use self::router::Router;
use crate::base::limits;
use crate::config::Config;
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
    #[error("cannot listen on {address} (`server.listen`): {error}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
    /// The system refuses to tell of signals.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

/// Serves `pipeline` as `config`, which it is made of, says until told to stop by SIGTERM or SIGINT; takes up changes of `source`. Tells
/// standard error when it is ready.
pub async fn serve(pipeline: Pipeline, config: Config, source: Option<reload::Source>) -> Result<(), ServeError> {
    let stop = signals().map_err(ServeError::Signals)?;
    let server = &config.server;
    let failed = |error| ServeError::Listen { address: server.listen, error };
    let listener = TcpListener::bind(server.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = Router::new(pipeline, Access::new(server, address));
    if let Some(source) = source {
        let reloader = Reloader::new(source, router.clone(), address, &config).await;
        tokio::spawn(reloader.run(stop.clone()));
    }
    tokio::spawn(control::answer(router.clone()));
    if !config.fetch.offline {
        tokio::spawn(router.clone().refresh());
    }
    drop(config); // what of it is needed, the pipeline has
    announce(address);
    listen::serve(listener, router, Settings::default(), stop).await;
    Ok(())
}

/// The line that scripts wait for.
fn announce(address: SocketAddr) {
    let _ = writeln!(io::stderr(), "listening on http://{address}"); // a closed standard error is no reason to stop
}
