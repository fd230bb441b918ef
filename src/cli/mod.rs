//! The command line: arguments → command → exit code. One file per command.
//!
//! Exit codes: 0 done, 1 failed, 2 bad usage or configuration. What a command makes goes to standard output, and what a
//! person should know to standard error; a reader of standard output that has gone away is no error.

mod cache;
mod check;
mod completions;
mod demo;
mod explain;
mod health;
mod import;
mod job;
mod load;
mod log;
mod mirror;
mod names;
mod opml;
mod rules;
mod run;
mod schema;
mod serve;
mod sign;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::base::limits::HELP_WIDTH;
use crate::config::{ConfigError, Problems};
use crate::pipeline::StartError;

const EXAMPLES: &str = "\
Examples:
  refeed serve                            a first look, at /feed/demo
  refeed serve --config refeed.toml       your feeds
  refeed run --use zh-tw feed.xml         a feed through a rule set, to standard output
  curl -s https://example.org/feed | refeed run --rules '[{ limit = 5 }]'
  refeed explain --feed voa               what each of its rules does to each item
  refeed rules                            the rules and rule sets
  refeed rules keep                       one of them, with examples
  refeed check                            every problem of refeed.toml";

/// Any feed through your rules, nothing else changed, served from a cache.
#[derive(Debug, Parser)]
#[command(name = "refeed", version, after_help = EXAMPLES, max_term_width = HELP_WIDTH, arg_required_else_help = true)]
struct Cli {
    /// What to log to standard error: error, warn, info, debug, trace, off, or a tracing filter
    ///
    /// The default is info for serve and warn for the other commands; the variable REFEED_LOG sets it too.
    #[arg(long, value_name = "LEVEL", global = true)]
    log: Option<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Run(run::Args),
    Explain(explain::Args),
    Check(check::Args),
    Rules(rules::Args),
    Schema(schema::Args),
    Cache(cache::Args),
    Sign(sign::Args),
    Import(import::Args),
    Health(health::Args),
    Mirror(mirror::Args),
    Opml(opml::Args),
    Completions(completions::Args),
}

/// Why a command ends without having done its work.
#[derive(Debug)]
enum Failure {
    /// The command cannot be understood: exit code 2.
    Usage(String),
    /// The configuration or the rules are wrong: exit code 2.
    Problems(Problems),
    /// It was understood, and failed: exit code 1.
    Failed(String),
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Failure {
        Failure::Problems(problems)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        match error {
            ConfigError::Problems(problems) => Failure::Problems(problems),
            other => Failure::Usage(other.to_string()),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        match error {
            StartError::Rules(problems) => Failure::Problems(problems),
            StartError::Client(error) => Failure::Usage(error.to_string()),
        }
    }
}

impl Failure {
    /// Of an error that is not the user's words.
    fn failed(error: impl std::fmt::Display) -> Failure {
        Failure::Failed(error.to_string())
    }
}

/// Runs the command that `arguments` (the program's name first) ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(help_or_error) => {
            let _ = help_or_error.print();
            return ExitCode::from(u8::try_from(help_or_error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => terminal::complain(&message, 1),
        Err(Failure::Usage(message)) => terminal::complain(&message, 2),
        Err(Failure::Problems(problems)) => terminal::show(&problems),
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let default = if matches!(cli.command, Command::Serve(_)) { "info" } else { "warn" };
    log::start(cli.log, default)?;
    match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Run(args) => run::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Check(args) => check::run(args),
        Command::Rules(args) => rules::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Cache(args) => cache::run(args),
        Command::Sign(args) => sign::run(args),
        Command::Import(args) => import::run(args),
        Command::Health(args) => health::run(args),
        Command::Mirror(args) => mirror::run(args),
        Command::Opml(args) => opml::run(args),
        Command::Completions(args) => completions::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
