//! `refeed run`: one feed through the rules to standard output, as a Unix filter.

use super::job::{Job, JobArgs};
use super::{Failure, terminal};
use crate::base::clock::Time;

const EXAMPLES: &str = "\
Examples:
  refeed run feed.xml                     no rules: repaired, UTF-8, else as it was
  refeed run --use zh-tw,weserv feed.xml  rule sets; `refeed rules` lists them
  refeed run --rules '[{ drop = { title = \"广告\" } }, { limit = 20 }]' < feed.xml
  curl -s https://example.org/feed | refeed run --url https://example.org/feed --use links
  refeed run --to atom feed.xml           another format
  refeed run --to markdown feed.xml       its items as documents
  refeed run --feed voa                   a feed of refeed.toml, from its url
  refeed run --feed voa saved.xml         its rules on another input

The result goes to standard output, errors to standard error; with `--log info` also what was repaired and what a rule could not do.
Exit code 1: the feed could not be read or transformed; 2: wrong rules, configuration or options.";

/// One feed through the rules to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    job: JobArgs,

    /// When the items count as first seen, in documents: milliseconds since 1970; each further item has the next one [default: now]
    #[arg(long, value_name = "EPOCH_MS", allow_negative_numbers = true)]
    first_seen: Option<i64>,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let output = args.job.work(async |Job { pipeline, chain, mut form, input }| {
        form.first_seen = Some(args.first_seen.map_or_else(|| pipeline.clock().now(), Time));
        pipeline.run(input, &chain, form).await
    })?;
    for note in &output.notes {
        tracing::info!(%note, "noted on the way");
    }
    terminal::print(output.body.as_bytes())
}
