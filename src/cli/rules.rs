//! `refeed rules`: the documentation of rules and rule sets, from the program itself.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Failure, terminal};
use crate::config::suggest;
use crate::rules::Kind;
use crate::rules::docs::{one_line, summary};
use crate::rules::sets::Sets;

/// List the rules and rule sets, or show one with its documentation
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  refeed rules\n  refeed rules keep\n  refeed rules zh-tw")]
pub(super) struct Args {
    /// A rule or a rule set
    name: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let text = match &args.name {
        None => list(),
        Some(name) => show(name)?,
    };
    terminal::print(text.as_bytes())
}

fn list() -> String {
    let mut out = String::from("Rules, each a table of one key in a feed's `rules`:\n");
    for kind in Kind::ALL {
        let _ = writeln!(out, "  {:<10} {}", kind.name(), one_line(summary(&kind.docs())));
    }
    out.push_str("\nRule sets, each a string in a feed's `rules`, or a name after --use:\n");
    for set in Sets::embedded().iter() {
        let _ = writeln!(out, "  {:<10} {}", set.name, one_line(summary(&set.docs())));
    }
    out.push_str("\n`refeed rules NAME` shows one with examples.\n");
    out
}

/// A rule and a rule set of the same name are both shown.
fn show(name: &str) -> Result<String, Failure> {
    let rule = Kind::named(name).map(|kind| format!("# {name}\n\n{}\n", kind.docs()));
    let set = Sets::embedded().get(name).map(|set| format!("# The rule set {name}\n\n{}", set.text));
    match [rule, set].into_iter().flatten().collect::<Vec<_>>().join("\n") {
        found if !found.is_empty() => Ok(found),
        _ => {
            let sets = Sets::embedded();
            let mut all: BTreeSet<&str> = Kind::names().collect();
            all.extend(sets.names());
            let advice = suggest::advice(name, all.iter().copied());
            Err(Failure::Usage(format!("no rule and no rule set is called `{name}`: {advice}")))
        }
    }
}
