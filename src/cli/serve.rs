//! `refeed serve`: the proxy.

use std::net::SocketAddr;
use std::path::Path;

use tracing::info;

use super::load::{ConfigArg, DEFAULT, load};
use super::{Failure, cache, demo};
use crate::base::clock::Clock;
use crate::config::fields::parse_listen;
use crate::pipeline::Pipeline;

const EXAMPLES: &str = "\
Without a configuration, a built-in feed is served at /feed/demo, and any feed at /feed?url=URL to this machine.

Examples:
  refeed serve
  refeed serve --config refeed.toml
  refeed serve --config refeed.toml --listen 0.0.0.0:4600

When it is ready it prints `listening on http://ADDR` to standard error; SIGINT and SIGTERM end it.";

/// Serve feeds through their rules, from a cache
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,

    /// Where to listen, instead of the configuration's `server.listen`; port 0 picks a free one
    #[arg(long, value_name = "ADDR", value_parser = parse_listen)]
    listen: Option<SocketAddr>,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let mut config = match args.config.path() {
        Some(path) => load(&path)?,
        None => {
            info!("no configuration: the built-in feed is at /feed/demo, any feed at /feed?url=URL");
            if Path::new(DEFAULT).exists() {
                info!("{DEFAULT} is not read: name it with --config {DEFAULT}");
            }
            demo::config()?
        }
    };
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    let clock = Clock::system();
    let disk = cache::open(&config.cache, clock.clone());
    let pipeline = Pipeline::with_disk(&config, clock, disk.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(crate::serve::serve(pipeline, config.server));
    let _ = runtime.block_on(disk.flush()); // a disk that refuses has been named in the log
    runtime.shutdown_background(); // name lookups and transformations that nobody waits for may still run
    ended.map_err(Failure::failed)
}
