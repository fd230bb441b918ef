//! `refeed sign`: an address that lets whoever has it ask for one feed with one set of rules, and nothing else.

use super::load::{ConfigArg, load};
use super::{Failure, terminal};
use crate::base::clock::Clock;
use crate::base::url::{Url, encode_component};
use crate::config::quantity::duration;
use crate::serve::sign;
use crate::serve::target::{Target, Wanted};

const EXAMPLES: &str = "\
Examples:
  refeed sign https://example.org/feed zh-tw limit=10
  refeed sign --path --expires 30d https://example.org/feed filter_title='台灣|香港'
  refeed sign '/feed?url=https%3A%2F%2Fexample.org%2Ffeed&opencc=s2t'

The key is `server.access_key` of the configuration; with another key the address is no longer good.";

/// Sign the address of a feed with rules, for a server that is open to its key only
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,

    /// For so long is the address good, as `30d` [default: until the key changes]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires: Option<std::time::Duration>,

    /// Write the rules into the path, for readers that strip queries
    #[arg(long)]
    path: bool,

    /// The feed's URL, or the path and query that refeed is asked for
    #[arg(value_name = "URL")]
    url: String,

    /// Parameters, rule sets and rules: opencc=s2t, weserv, limit=10
    #[arg(value_name = "NAME[=VALUE]")]
    parameters: Vec<String>,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let path = args.config.clone().path_or_default();
    let server = load(&path)?.server;
    let Some(key) = &server.access_key else {
        return Err(Failure::Usage(format!("{} sets no `server.access_key` to sign with", path.display())));
    };
    let expires = args.expires.map(|time| format!("exp={}", (Clock::system().now() + time).secs()));
    let target = target(&args, expires)?;
    let base = server.public_url.as_ref().map_or_else(|| format!("http://{}", server.listen), Url::to_string);
    let line = format!("{}/s/{}{target}\n", base.trim_end_matches('/'), sign::sign(key, &target));
    terminal::print(line.as_bytes())
}

/// What is signed: as given, or made of the feed's URL and the parameters.
fn target(args: &Args, expires: Option<String>) -> Result<String, Failure> {
    let pairs = args.parameters.iter().map(String::as_str).chain(expires.as_deref());
    let encoded: Vec<_> = pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", encode_component(value)),
            None => pair.to_owned(),
        })
        .collect();
    let target = if args.url.starts_with('/') {
        let mark = if args.url.contains('?') { '&' } else { '?' };
        if encoded.is_empty() { args.url.clone() } else { format!("{}{mark}{}", args.url, encoded.join("&")) }
    } else if args.path {
        format!("/via/{}/{}", encoded.join(","), args.url)
    } else {
        let url = format!("url={}", encode_component(&args.url));
        format!("/feed?{}", [vec![url], encoded].concat().join("&"))
    };
    let target = sign::canonical(&target);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    match Target::read(path, query) {
        Ok(Target::Feed(wanted)) => check(&wanted).map(|()| target),
        Ok(Target::Health | Target::Opml) => Err(Failure::Usage("only addresses of feeds are signed".to_owned())),
        Err(refused) => Err(Failure::Usage(refused.to_string())),
    }
}

/// An address that would be refused is not worth signing.
fn check(wanted: &Wanted) -> Result<(), Failure> {
    let list = wanted.parameters.list(&Default::default()).map_err(|wrong| Failure::Usage(wrong.to_string()))?;
    let built = crate::rules::Chain::build(&list, &Default::default());
    built.map(drop).map_err(|problems| Failure::Usage(wanted.parameters.blame(&problems).to_string()))
}
