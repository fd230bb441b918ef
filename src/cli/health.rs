//! `refeed health`: asks a running server of this machine whether it is well, for Docker's `HEALTHCHECK`.
//!
//! One request to `/healthz` at the address that the server listens on; at most [`HEALTH_TIMEOUT`] and [`HEALTH_ANSWER`].

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use super::Failure;
use super::load::{ConfigArg, load};
use crate::base::limits::{HEALTH_ANSWER, HEALTH_TIMEOUT};
use crate::base::text::excerpt;
use crate::config::Server;
use crate::config::fields::parse_listen;

/// Ask a running server whether it is well (exit code 0) or not (1)
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, in a Dockerfile:\n  HEALTHCHECK CMD [\"refeed\", \"health\"]")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,

    /// The address that the server was told to listen on, instead of the configuration's
    #[arg(long, value_name = "ADDR", value_parser = parse_listen)]
    listen: Option<SocketAddr>,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let listen = match (args.listen, args.config.path()) {
        (Some(listen), _) => listen,
        (None, Some(path)) => load(&path)?.server.listen,
        (None, None) => Server::default().listen,
    };
    let address = reachable(listen);
    let status = ask(address).map_err(|error| Failure::Failed(format!("no answer from http://{address}: {error}")))?;
    match status.split(' ').nth(1) {
        Some(code) if status.starts_with("HTTP/1.") && code.starts_with('2') => Ok(()),
        _ => Err(Failure::Failed(format!("http://{address}/healthz answers `{}`", excerpt(&status, 80)))),
    }
}

/// A server that listens on every address is asked on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The status line of the answer.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    stream.set_write_timeout(Some(HEALTH_TIMEOUT))?;
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 512];
    while answer.len() < HEALTH_ANSWER && !answer.contains(&b'\n') {
        match stream.read(&mut part)? {
            0 => break,
            read => answer.extend_from_slice(&part[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
