//! `refeed cache`: what is kept on disk, and forgetting some of it.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::load::{ConfigArg, load};
use super::{Failure, terminal};
use crate::base::clock::{Clock, Time};
use crate::base::text::human_size;
use crate::cache::Disk;
use crate::config::quantity::human_duration;
use crate::config::{self, Cache, Store};

const EXAMPLES: &str = "\
The store is that of `cache.path` in the configuration, the platform's default without one.

Examples:
  refeed cache stats
  refeed cache list --config refeed.toml
  refeed cache purge voa";

/// Show or forget what is kept on disk
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// How much is kept, of what kind
    Stats,
    /// The feeds of which something is kept, the largest first
    List,
    /// Forget all that is kept of a feed; it is fetched anew when it is next asked for
    Purge {
        /// A feed's name, or a URL as `list` shows it
        name: String,
    },
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let cache = args.config.path().map(|path| load(&path)).transpose()?.unwrap_or_default().cache;
    let Some(directory) = directory(&cache) else {
        return Err(Failure::failed(
            "nothing is kept on disk: `cache.path` is \"none\", or there is no home directory",
        ));
    };
    if !Disk::exists(&directory) {
        return terminal::print(format!("nothing is kept yet in {}\n", directory.display()).as_bytes());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Failure::failed)?;
    let clock = Clock::system();
    let disk = Disk::open(directory, cache.disk, clock.clone());
    let said = runtime.block_on(async {
        match args.action {
            Action::Stats => stats(&disk).await,
            Action::List => list(&disk, clock.now()).await,
            Action::Purge { name } => purge(&disk, &name).await,
        }
    });
    terminal::print(said?.as_bytes())
}

/// The store that `cache` asks for.
pub(super) fn open(cache: &Cache, clock: Clock) -> Disk {
    match directory(cache) {
        Some(directory) => Disk::open(directory, cache.disk, clock),
        None => {
            if cache.path == Store::Default {
                tracing::warn!("nothing is kept on disk: there is no home directory; set `cache.path`");
            }
            Disk::none()
        }
    }
}

fn directory(cache: &Cache) -> Option<PathBuf> {
    match &cache.path {
        Store::None => None,
        Store::Directory(path) => Some(path.clone()),
        Store::Default => config::data_directory(),
    }
}

async fn stats(disk: &Disk) -> Result<String, Failure> {
    let stats = disk.stats().await.map_err(Failure::failed)?;
    let (used, limit) = (human_size(stats.used), human_size(stats.limit));
    let mut out = format!("{}: {used} of {limit} (`cache.disk`)\n", stats.path.display());
    for count in stats.counts {
        let _ = writeln!(out, "{:>9} {:<13} {:>10}", count.records, count.kind.name(), human_size(count.bytes));
    }
    Ok(out)
}

async fn list(disk: &Disk, now: Time) -> Result<String, Failure> {
    let mut out = format!("{:>10}  {:<14} {:<14} feed\n", "size", "stored", "used");
    for listed in disk.list().await.map_err(Failure::failed)? {
        let (stored, used) = (ago(now, listed.stored), ago(now, listed.used));
        let _ = writeln!(out, "{:>10}  {stored:<14} {used:<14} {}", human_size(listed.bytes), listed.label);
    }
    Ok(out)
}

async fn purge(disk: &Disk, name: &str) -> Result<String, Failure> {
    match disk.purge(name).await.map_err(Failure::failed)? {
        0 => Err(Failure::Failed(format!("nothing is kept of `{name}`; `refeed cache list` shows what is"))),
        1 => Ok(format!("{name}: 1 record forgotten\n")),
        records => Ok(format!("{name}: {records} records forgotten\n")),
    }
}

/// To the minute: `3h12m ago`.
fn ago(now: Time, then: Time) -> String {
    let minutes = now.since(then).as_secs() / 60;
    if minutes == 0 { "now".to_owned() } else { format!("{} ago", human_duration(Duration::from_secs(minutes * 60))) }
}
