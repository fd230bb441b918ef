//! `refeed completions`: what a shell needs to complete refeed's arguments.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure, terminal};

const EXAMPLES: &str = "\
Examples:
  refeed completions bash > ~/.local/share/bash-completion/completions/refeed
  refeed completions zsh > \"${fpath[1]}/_refeed\"
  refeed completions fish > ~/.config/fish/completions/refeed.fish";

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "refeed", &mut text);
    terminal::print(&text)
}
