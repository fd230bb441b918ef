//! `refeed schema`: the JSON Schema of the configuration, for editors.

use super::{Failure, terminal};
use crate::rules::schema;

const EXAMPLES: &str = "\
Examples:
  refeed schema > refeed.schema.json
  taplo: put `#:schema ./refeed.schema.json` on the first line of refeed.toml";

/// Print a JSON Schema of the configuration, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&schema::document()).map_err(Failure::failed)?;
    terminal::print((text + "\n").as_bytes())
}
