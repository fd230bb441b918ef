//! Writing to a person or a pipe: standard output that may go away, messages with colours where they are wanted.

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use super::Failure;
use crate::config::{self, Paint, Problems};

/// Writes `text` to standard output. A reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Colours only for a terminal, and not where `NO_COLOR` is set (no-color.org) or the terminal is dumb.
pub(super) fn paint() -> Paint {
    paint_of(std::io::stderr().is_terminal())
}

/// The same for standard output.
pub(super) fn paint_output() -> Paint {
    paint_of(std::io::stdout().is_terminal())
}

fn paint_of(is_terminal: bool) -> Paint {
    let dumb = config::environment("TERM").is_some_and(|term| term == "dumb");
    if is_terminal && config::environment("NO_COLOR").is_none() && !dumb { Paint::Coloured } else { Paint::Plain }
}

/// One message on standard error, and the exit code.
pub(super) fn complain(message: &str, code: u8) -> ExitCode {
    let label = match paint() {
        Paint::Plain => "error:",
        Paint::Coloured => "\x1b[1;31merror:\x1b[0m",
    };
    let _ = writeln!(std::io::stderr(), "{label} {message}");
    ExitCode::from(code)
}

/// All problems of a configuration on standard error.
pub(super) fn show(problems: &Problems) -> ExitCode {
    let plural = if problems.len() == 1 { "problem" } else { "problems" };
    let _ = write!(std::io::stderr(), "{}", problems.render(paint()));
    complain(&format!("{} {plural} found", problems.len()), 2)
}
