//! `refeed mirror`: the items of feeds as documents in a folder.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::load::{ConfigArg, load};
use super::{Failure, cache};
use crate::base::clock::Clock;
use crate::config::suggest;
use crate::emit::Format;
use crate::mirror::{Done, Media, Mirror, Options, Removed, Watch};
use crate::pipeline::Pipeline;

const EXAMPLES: &str = "\
Examples:
  refeed mirror --config refeed.toml --out mirror
  refeed mirror --out mirror --feed voa --media     with its pictures and sounds
  refeed mirror --out site --to html --removed mark

Each feed has a folder: a document for each item, named by when it was first seen (milliseconds since 1970), index.json,
which remembers them, and an index for people. Run it as often as you like: an item keeps its file, what changed is written
again, a run that finds nothing new changes nothing, and one that was stopped is taken up by the next. What was fetched is kept in
`mirror` in the folder of `cache.path`: a feed is asked for when it is due, and whether it has changed; an article once.
Exit code 1: a feed could not be mirrored; the others were.";

/// Write each item of each feed as a document
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,

    /// The folder of the mirror
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Only this feed; may be given several times [default: all]
    #[arg(long = "feed", value_name = "NAME")]
    feeds: Vec<String>,

    /// The format of the documents: markdown or html
    #[arg(long, value_name = "FORMAT", default_value = "markdown", value_parser = format)]
    to: Format,

    /// What becomes of items that a feed took back
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    removed: Gone,

    /// Copy pictures and sounds along, and make the links lead to the copies
    #[arg(long)]
    media: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Gone {
    /// They stay as they are
    Keep,
    /// They stay, marked as removed in the index
    Mark,
}

fn format(word: &str) -> Result<Format, String> {
    match word.parse() {
        Ok(format @ (Format::Markdown | Format::Html)) => Ok(format),
        _ => Err("write markdown or html".to_owned()),
    }
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let config = load(&args.config.path_or_default())?;
    if let Some(unknown) = args.feeds.iter().find(|name| !config.feeds.contains_key(name.as_str())) {
        let advice = suggest::advice(unknown, config.feeds.keys().map(|name| &**name));
        return Err(Failure::Usage(format!("unknown feed `{unknown}`: {advice}")));
    }
    let wanted = |name: &&str| args.feeds.is_empty() || args.feeds.iter().any(|wanted| wanted == name);
    let names: Vec<&str> = config.feeds.keys().map(|name| &**name).filter(wanted).collect();
    let clock = Clock::system();
    let disk = cache::beside(&config.cache, "mirror", clock.clone());
    let pipeline = Pipeline::with_disk(&config, clock, disk.clone())?;
    let removed = match args.removed {
        Gone::Keep => Removed::Keep,
        Gone::Mark => Removed::Mark,
    };
    let media = if args.media { Media::Copies } else { Media::Links };
    let options = Options { out: args.out, format: args.to, removed, media };
    let mirror = Mirror::open(options).map_err(Failure::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let bar = Bar::new(names.len());
    let mut failed = 0;
    for name in names {
        bar.feed(name);
        match runtime.block_on(mirror.feed(&pipeline, name, &bar)) {
            Ok(done) => bar.say(&told(name, &done)),
            Err(error) => {
                failed += 1;
                bar.say(&format!("{name}: {error}"));
            }
        }
    }
    bar.end();
    let _ = runtime.block_on(disk.flush()); // a disk that refuses has been named in the log
    runtime.shutdown_background(); // a name lookup that was given up may still run
    match failed {
        0 => Ok(()),
        1 => Err(Failure::Failed("one feed could not be mirrored".to_owned())),
        more => Err(Failure::Failed(format!("{more} feeds could not be mirrored"))),
    }
}

fn told(name: &str, done: &Done) -> String {
    let Done { new, changed, removed, files, missing } = done;
    let mut out = format!("{name}: {new} new, {changed} changed");
    for (count, what) in [(*removed, "removed"), (*files, "files fetched")] {
        if count > 0 {
            out.push_str(&format!(", {count} {what}"));
        }
    }
    for problem in missing {
        out.push_str(&format!("\n  not copied: {problem}"));
    }
    out
}

/// A bar on a terminal; elsewhere only the lines about each feed.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new(feeds: usize) -> Bar {
        if !std::io::stderr().is_terminal() {
            return Bar(None);
        }
        let bar = ProgressBar::new(feeds as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} feeds, {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        Bar(Some(bar))
    }

    fn feed(&self, name: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(name.to_owned());
        }
    }

    fn say(&self, line: &str) {
        match &self.0 {
            Some(bar) => {
                bar.println(line);
                bar.inc(1);
            }
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Bar {
    fn document(&self, feed: &str, done: usize, all: usize) {
        if let Some(bar) = &self.0 {
            bar.set_message(format!("{feed}: {done}/{all}"));
        }
    }

    fn file(&self, url: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(crate::base::text::excerpt(url.split('?').next().unwrap_or_default(), 60));
        }
    }
}
