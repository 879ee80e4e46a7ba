//! `callsign completions`: the completion script for a shell.

use clap::CommandFactory;

use crate::args::Cli;
use crate::exit::{Exit, Stop, print};

pub(crate) const EXAMPLES: &str = "\
Examples:
  callsign completions bash > ~/.local/share/bash-completion/completions/callsign
  callsign completions zsh > ~/.zfunc/_callsign
  callsign completions fish > ~/.config/fish/completions/callsign.fish";

pub(crate) fn run(shell: clap_complete::Shell) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callsign", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
