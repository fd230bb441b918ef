//! `refeed import`: the rules of other programs as a configuration of refeed's.
//!
//! What is printed is what `refeed check` accepts: each rule was built before it is written. What cannot be translated stands there as a
//! comment, and on standard error with its line.

mod draft;
mod freshrss;
mod funnel;
mod miniflux;
mod rsshub;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Failure, terminal};
use crate::base::limits::MAX_CONFIG;
use crate::config::read_capped;
use crate::config::value::quoted;
use crate::rules::full_text::fivefilters::{self, Warning};

const EXAMPLES: &str = "\
Examples:
  curl -s -H 'X-Auth-Token: …' https://miniflux.example/v1/feeds | refeed import miniflux - > refeed.toml
  refeed import miniflux rules.txt        lines such as EntryTitle=(?i)sponsored, and rewrite rules
  refeed import rsshub-url 'https://rsshub.app/voa/1?filter_title=台灣&opencc=t2s'
  refeed import rss-funnel funnel.yaml
  refeed import freshrss searches.txt     one search a line: intitle:ad OR #sponsored
  refeed import fivefilters site.example.txt    a rule set for `full_text`

The result goes to standard output, what could not be translated to standard error, with its line.
Exit code 1: nothing could be read; 0 otherwise.";

/// Translate the rules of Miniflux, RSSHub, rss-funnel, FreshRSS or FiveFilters into a configuration
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// Feeds as Miniflux's API lists them (`GET /v1/feeds`), or rule lines
    Miniflux {
        /// A file, or - for standard input
        file: PathBuf,
        /// Filter lines that stand under no heading keep items instead of dropping them
        #[arg(long)]
        keep: bool,
    },
    /// An address of RSSHub with its parameters
    RsshubUrl {
        /// The address
        url: String,
    },
    /// A site config of FiveFilters (Full-Text RSS, wallabag), named by its host: `site.example.txt`
    Fivefilters {
        /// A file, or - for standard input
        file: PathBuf,
    },
    /// Searches of FreshRSS, one a line: what its filters mark as read, or its user queries show
    Freshrss {
        /// A file, or - for standard input
        file: PathBuf,
        /// The searches say what stays, instead of what goes
        #[arg(long)]
        keep: bool,
    },
    /// The configuration of rss-funnel
    RssFunnel {
        /// A YAML file, or - for standard input
        file: PathBuf,
    },
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let draft = match args.from {
        From::Fivefilters { file } => return fivefilters(&file),
        From::Miniflux { file, keep } => miniflux::read(&text(&file)?, keep),
        From::RsshubUrl { url } => rsshub::read(&url),
        From::Freshrss { file, keep } => Ok(freshrss::read(&text(&file)?, keep)),
        From::RssFunnel { file } => funnel::read(&text(&file)?),
    };
    let draft = draft.map_err(Failure::Failed)?;
    let mut stderr = std::io::stderr().lock();
    for note in draft.notes() {
        let _ = writeln!(stderr, "{note}");
    }
    terminal::print(draft.to_string().as_bytes())
}

/// A rule set rather than feeds: which feeds lead to the site, its config does not say.
fn fivefilters(file: &Path) -> Result<(), Failure> {
    let imported = fivefilters::import(&text(file)?);
    let mut stderr = std::io::stderr().lock();
    for Warning { line, message } in &imported.warnings {
        let _ = writeln!(stderr, "line {line}: {message}");
    }
    let host = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().trim_start_matches('.');
    let name = if host.contains('.') { host } else { "site.example" };
    let tests: String = imported.tests.iter().map(|url| format!("# Tested by its authors with {url}\n")).collect();
    let set = format!("{tests}[sites.{}]\nrules = [\n{}]\n", quoted(name), imported.rules);
    terminal::print(set.as_bytes())
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = read_capped(path, MAX_CONFIG, None).map_err(Failure::failed)?;
    String::from_utf8(bytes).map_err(|_| Failure::Failed(format!("{} is not UTF-8", path.display())))
}
