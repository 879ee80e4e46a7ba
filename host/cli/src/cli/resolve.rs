//! `callsign resolve`: the sender of every message of a file.

use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Instant;

use super::exit::{Exit, Stop, say};
use super::messages::Messages;
use super::sticky::WhereMissing;
use super::{MOST_THREADS, ResolveArguments, gateway, pipeline};

pub(super) fn run(arguments: &ResolveArguments) -> Result<Exit, Stop> {
    let gateway = gateway::load(&arguments.deciding, WhereMissing::Make)?;
    let messages = Messages::open(arguments)?;
    let threads = arguments.threads.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let began = Instant::now();
    let tally = pipeline::run(gateway, messages, threads.min(MOST_THREADS), io::stdout())?;
    say(&tally.summary(arguments.summary, began.elapsed()));
    Ok(if tally.invalid() > 0 { Exit::InvalidMessages } else { Exit::Done })
}
