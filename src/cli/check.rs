//! `refeed check`: every problem of a configuration at once, or what it means.

use std::fmt::Write;

use super::load::{ConfigArg, load};
use super::{Failure, terminal};
use crate::base::clock::Clock;
use crate::config::{Config, Open};
use crate::pipeline::Pipeline;
use crate::rules::{BuildContext, Chain};

const EXAMPLES: &str = "\
Each problem is shown with its file, line and column, and what to write instead. Exit code 0: none; 2: some.

Examples:
  refeed check
  refeed check --config refeed.toml && systemctl reload refeed";

/// Check a configuration (refeed.toml where none is named) and all of its rules
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let path = args.config.path_or_default();
    let config = load(&path)?;
    let plural = if config.feeds.len() == 1 { "feed" } else { "feeds" };
    let mut out = format!("{}: {} {plural}, no problems\n", path.display(), config.feeds.len());
    let _ = writeln!(out, "listens on {}; any URL: {}", config.server.listen, who(&config));
    let pipeline = Pipeline::from_config(&config, Clock::system())?; // all that `serve` would do before it listens
    for (name, feed) in &config.feeds {
        let _ = writeln!(out, "/feed/{name}  {}", feed.url);
        write_rules(&mut out, pipeline.chain(name));
    }
    for (host, list) in &config.sites {
        let chain = Chain::build(list, &BuildContext::of(&config))?;
        let _ = writeln!(out, "feeds of {host}, asked for through refeed as an HTTP proxy");
        write_rules(&mut out, Some(&chain));
    }
    terminal::print(out.as_bytes())
}

/// The rules in their order, rule sets opened.
fn write_rules(out: &mut String, chain: Option<&Chain>) {
    for (number, (rule, sets)) in chain.into_iter().flat_map(Chain::written).enumerate() {
        let from = if sets.is_empty() { String::new() } else { format!("    (from {})", sets.join(", ")) };
        let _ = writeln!(out, "{:>4} {rule}{from}", number + 1);
    }
}

/// Who may ask for any URL, in words.
fn who(config: &Config) -> &'static str {
    let server = &config.server;
    let local = server.listen.ip().is_loopback() && server.public_url.is_none();
    match (server.open, &server.access_key) {
        (Some(Open::Everybody), _) => "everybody",
        (None, _) if local => "everybody on this machine",
        (Some(Open::Nobody), _) => "nobody",
        (_, Some(_)) => "who has the access key",
        (_, None) => "nobody, because `server.access_key` is not set",
    }
}
