//! (stand-in) The server.

use std::io::Write;

use crate::config::Server;
use crate::pipeline::Pipeline;

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be had.
    #[error("cannot listen on {address} (`server.listen`): {error}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

/// Listens until it is told to stop.
pub async fn serve(_pipeline: Pipeline, server: Server) -> Result<(), ServeError> {
    let failed = |error| ServeError::Listen { address: server.listen, error };
    let listener = tokio::net::TcpListener::bind(server.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let _ = writeln!(std::io::stderr(), "listening on http://{address}");
    let _ = tokio::signal::ctrl_c().await;
    Ok(())
}
