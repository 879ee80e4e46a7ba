//! The command `callsign`: decides which sender carries each message of a file, explains a decision, checks a catalog.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

/// A request of the service allocates and frees some thirty small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
