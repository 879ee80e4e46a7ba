//! The command `callsign`: decides which sender carries each message of a file, explains a decision, checks a catalog.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
