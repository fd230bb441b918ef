//! The operating system's names and sockets, behind a trait. The only file that resolves a name or opens a connection.
//!
//! Nothing here judges: `connect.rs` asks the guard between the two calls. Tests put their own answers in the system's
//! place, so that a name can be "public", or change its mind, without a packet leaving the machine.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::base::limits;

/// An answer of the network to come.
pub type Pending<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// Resolves names and opens connections.
pub trait Network: Send + Sync + 'static {
    /// The addresses of a name, in the order to try them. The caller bounds time and number.
    fn resolve(&self, name: &str) -> Pending<Vec<IpAddr>>;
    /// A connection to exactly this address. The caller has judged it and bounds the time.
    fn dial(&self, address: SocketAddr) -> Pending<TcpStream>;
}

/// The machine's own resolver and sockets.
pub struct System {
    lookups: Arc<Semaphore>,
}

impl System {
    /// At most [`limits::MAX_LOOKUPS`] lookups run at once. A lookup cannot be interrupted: it keeps its permit until
    /// the system's resolver gives up, also when nobody waits for it any more.
    pub fn new() -> System {
        System { lookups: Arc::new(Semaphore::new(limits::MAX_LOOKUPS)) }
    }
}

impl Default for System {
    fn default() -> System {
        System::new()
    }
}

impl Network for System {
    #[allow(clippy::disallowed_methods)] // the one lookup; its answers pass the guard in connect.rs
    fn resolve(&self, name: &str) -> Pending<Vec<IpAddr>> {
        let (name, lookups) = (name.to_owned(), self.lookups.clone());
        Box::pin(async move {
            let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
            let lookup = tokio::spawn(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await;
                drop(permit);
                found.map(|addresses| addresses.map(|address| address.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }

    #[allow(clippy::disallowed_methods)] // the one connect; connect.rs has judged the address
    fn dial(&self, address: SocketAddr) -> Pending<TcpStream> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }
}
