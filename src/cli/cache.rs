//! `refeed cache`: what is kept on disk, and forgetting some of it.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::load::{ConfigArg, load};
use super::{Failure, terminal};
use crate::base::clock::{Clock, Time};
use crate::base::text::human_size;
use crate::cache::disk::{DiskError, Listed, Stats};
use crate::cache::{Disk, Shared};
use crate::config::quantity::human_duration;
use crate::config::{self, Cache, Store};
use crate::serve::control::{self, Answer, Question};

const EXAMPLES: &str = "\
The store is that of `cache.path` in the configuration, the platform's default without one. It may be in use by a server of
the same user: the server answers then, and forgets what it has in memory, too. What is purged is forgotten in the store that
several refeeds share (`cache.shared`) as well; the others keep what they have.

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
        /// A feed's name, or a URL or `pages of HOST` as `list` shows it
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
    let question = match args.action {
        Action::Stats => Question::Stats,
        Action::List => Question::List,
        Action::Purge { name } => Question::Purge(name),
    };
    let answer = match control::ask(&directory, &question) {
        Some(answer) => {
            answer.map_err(|error| Failure::Failed(format!("the server that runs does not answer: {error}")))?
        }
        None => perform(&question, directory, &cache)?,
    };
    let now = Clock::system().now();
    let said = match (answer, question) {
        (Answer::Stats(stats), _) => show(stats),
        (Answer::List(list), _) => table(list, now),
        (Answer::Purged(0), Question::Purge(name)) => {
            return Err(Failure::Failed(format!("nothing is kept of `{name}`; `refeed cache list` shows what is")));
        }
        (Answer::Purged(1), _) => "1 record forgotten\n".to_owned(),
        (Answer::Purged(records), _) => format!("{records} records forgotten\n"),
        (Answer::Failed(why), _) => return Err(Failure::Failed(why)),
    };
    terminal::print(said.as_bytes())
}

/// Answers `question` from the store itself, which no server has.
fn perform(question: &Question, directory: PathBuf, cache: &Cache) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    let disk = Disk::open(directory, cache.disk, Clock::system());
    let answer = runtime.block_on(async {
        Ok(match question {
            Question::Stats => Answer::Stats(disk.stats().await?),
            Question::List => Answer::List(disk.list().await?),
            Question::Purge(name) => {
                let gone = disk.purge(name).await?;
                let shared = cache.shared.as_ref().map_or_else(Shared::none, |address| Shared::at(address.reveal()));
                for key in &gone.keys {
                    shared.remove(key).await;
                }
                Answer::Purged(gone.records)
            }
        })
    });
    answer.map_err(|error: DiskError| Failure::failed(error))
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

/// The store of a command that may run beside a server: a folder of its own in that of the server's. None where there is none.
pub(super) fn beside(cache: &Cache, name: &str, clock: Clock) -> Disk {
    let directory = directory(cache).map(|directory| directory.join(name));
    directory.map_or_else(Disk::none, |directory| Disk::open(directory, cache.disk, clock))
}

fn directory(cache: &Cache) -> Option<PathBuf> {
    match &cache.path {
        Store::None => None,
        Store::Directory(path) => Some(path.clone()),
        Store::Default => config::data_directory(),
    }
}

fn show(stats: Stats) -> String {
    let (used, limit) = (human_size(stats.used), human_size(stats.limit));
    let mut out = format!("{}: {used} of {limit} (`cache.disk`)\n", stats.path.display());
    for count in stats.counts {
        let _ = writeln!(out, "{:>9} {:<13} {:>10}", count.records, count.kind.name(), human_size(count.bytes));
    }
    if stats.lost > 0 {
        let _ = writeln!(out, "{:>9} not written since the server started: the disk did not take them", stats.lost);
    }
    out
}

fn table(list: Vec<Listed>, now: Time) -> String {
    let mut out = format!("{:>10}  {:<14} {:<14} feed\n", "size", "stored", "used");
    for listed in list {
        let (stored, used) = (ago(now, listed.stored), ago(now, listed.used));
        let _ = writeln!(out, "{:>10}  {stored:<14} {used:<14} {}", human_size(listed.bytes), listed.label);
    }
    out
}

/// To the minute: `3h12m ago`.
fn ago(now: Time, then: Time) -> String {
    let minutes = now.since(then).as_secs() / 60;
    if minutes == 0 { "now".to_owned() } else { format!("{} ago", human_duration(Duration::from_secs(minutes * 60))) }
}
