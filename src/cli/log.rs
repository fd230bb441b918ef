//! Logs, to standard error, for an operator to read.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::{Failure, terminal};
use crate::config::{self, Paint};

/// Starts logging by `--log`, else by `REFEED_LOG`, else at the command's `default` level.
pub(super) fn start(asked: Option<String>, default: &str) -> Result<(), Failure> {
    let (named, wish) = match asked.map(|wish| ("--log", wish)) {
        Some(asked) => asked,
        None => ("REFEED_LOG", config::environment("REFEED_LOG").unwrap_or_else(|| default.to_owned())),
    };
    let filter = filter(&wish).map_err(|reason| {
        Failure::Usage(format!("{named}: {reason}; write error, warn, info, debug, trace, off, or a filter of tracing"))
    })?;
    let colours = terminal::paint() == Paint::Coloured && std::io::stderr().is_terminal();
    // A second start (the tests of one process) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .try_init();
    Ok(())
}

/// A bare level is meant for refeed; the libraries below it only warn, and the HTML parser not about what pages do.
fn filter(wish: &str) -> Result<EnvFilter, String> {
    let wish = wish.trim();
    let directives = match wish.parse::<LevelFilter>() {
        Ok(LevelFilter::OFF) => "off".to_owned(),
        Ok(LevelFilter::ERROR) => "error".to_owned(),
        Ok(level) => format!("warn,html5ever=error,refeed={level}"),
        Err(_) if wish.contains('=') => wish.to_owned(),
        Err(_) => return Err(format!("`{wish}` is not a level")),
    };
    EnvFilter::try_new(directives).map_err(|error| format!("`{wish}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_for_refeed_and_a_filter_is_taken_as_it_is() {
        assert_eq!(filter("debug").unwrap().to_string(), "html5ever=error,refeed=debug,warn");
        assert_eq!(filter("off").unwrap().to_string(), "off");
        assert!(filter("refeed::fetch=trace").is_ok());
        assert!(filter("loud").is_err());
        assert!(filter("refeed=loud").is_err());
    }
}
