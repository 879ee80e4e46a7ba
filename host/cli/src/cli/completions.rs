//! `callsign completions`: the completion script for a shell.

use clap::CommandFactory;

use super::Cli;
use super::exit::{Exit, Stop, print};

pub(super) fn run(shell: clap_complete::Shell) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callsign", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
