//! The command `callsign`: decides which sender carries each message of a file, explains a decision, checks a catalog,
//! serves decisions over HTTP. A module for each subcommand.
#![forbid(unsafe_code)]

mod args;
mod backup;
mod check;
mod completions;
mod decision_log;
mod exit;
mod explain;
mod gateway;
mod key;
mod module;
mod module_trust;
mod numbering;
mod policy;
mod policy_log;
mod provenance;
mod recorded;
mod replay;
mod resolve;
mod serve;
mod sticky;
mod table;
mod what_if;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Cli, Command};
use self::exit::Stop;

/// A request of the service makes about thirty small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Resolve(arguments) => resolve::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Module(arguments) => module::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Sticky(arguments) => sticky::run(&arguments),
        Command::Log(arguments) => decision_log::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::WhatIf(arguments) => what_if::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Backup(arguments) => backup::back_up(&arguments),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::CompileModule => return callsign::compile_child_main(),
        Command::Completions { shell } => completions::run(shell),
    };
    done.unwrap_or_else(Stop::report).into()
}
