//! `refeed serve`: the proxy.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::info;

use super::load::{ConfigArg, DEFAULT, load};
use super::{Failure, cache, demo};
use crate::base::clock::Clock;
use crate::config::Config;
use crate::config::fields::parse_listen;
use crate::pipeline::Pipeline;
use crate::rules;
use crate::serve::reload::Source;

const EXAMPLES: &str = "\
Without a configuration, a built-in feed is served at /feed/demo, and any feed at /feed?url=URL to this machine.

Examples:
  refeed serve
  refeed serve --config refeed.toml
  refeed serve --config refeed.toml --listen 0.0.0.0:4600
  refeed serve --config refeed.toml --offline

When it is ready it prints `listening on http://ADDR` to standard error; SIGINT and SIGTERM end it. A changed configuration is taken
up while it runs, at once on SIGHUP; a wrong one is named in the log and the running one stays.";

/// Serve feeds through their rules, from a cache
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,

    /// Where to listen, instead of the configuration's `server.listen`; port 0 picks a free one
    #[arg(long, value_name = "ADDR", value_parser = parse_listen)]
    listen: Option<SocketAddr>,

    /// Fetch nothing: serve what is kept, however old
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let (path, listen, offline) = (args.config.path(), args.listen, args.offline);
    let mut config = match &path {
        Some(path) => load(path)?,
        None => {
            let others = match listen.is_none_or(|address| address.ip().is_loopback()) {
                true => "any feed at /feed?url=URL",
                false => "any other needs a configuration with `server.access_key`",
            };
            info!("no configuration: the built-in feed is at /feed/demo, {others}");
            if Path::new(DEFAULT).exists() {
                info!("{DEFAULT} is not read: name it with --config {DEFAULT}");
            }
            demo::config()?
        }
    };
    let told = move |config: &mut Config| {
        config.server.listen = listen.unwrap_or(config.server.listen);
        config.fetch.offline = offline;
    };
    told(&mut config);
    let again = |path: PathBuf| {
        let read = path.clone();
        let load = move || {
            let mut config = Config::load(&read, rules::check).map_err(|error| error.to_string())?;
            told(&mut config);
            Ok(config)
        };
        Source { path, load: Arc::new(load) }
    };
    let clock = Clock::system();
    let disk = cache::open(&config.cache, clock.clone());
    let pipeline = Pipeline::with_disk(&config, clock, disk.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(crate::serve::serve(pipeline, config, path.map(again)));
    let _ = runtime.block_on(disk.flush()); // a disk that refuses has been named in the log
    runtime.shutdown_background(); // name lookups and transformations that nobody waits for may still run
    ended.map_err(Failure::failed)
}
