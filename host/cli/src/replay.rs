//! `callsign replay`: recorded decisions, made again exactly as they were.

use std::path::PathBuf;

use callsign_replay::replay;
use clap::Args;

use crate::exit::{Exit, Stop, print};
use crate::recorded::{RecordedArguments, with_progress};

pub(crate) const EXAMPLES: &str = "\
A record names its catalog, its module with the settings, the pin and the health
of senders that its decision read. What is not there cannot be replayed; the report
counts it by reason.

Examples:
  callsign resolve --catalog catalog.json --log decisions messages.jsonl > /dev/null
  callsign replay decisions --catalog catalog.json
  callsign replay decisions --catalog catalog.json --module own.wasm --json | jq .different
  callsign replay /var/lib/callsign/decisions --data /var/lib/callsign --since 2026-03-01T00:00:00Z

Exit codes:
  0  every answer that could be replayed is the same
  1  some differ
  2  bad input: usage, no log, a file that cannot be read
  3  another failure, such as a damaged segment: what is whole was replayed";

/// The arguments of `replay`.
#[derive(Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    recorded: RecordedArguments,

    /// A catalog file that was decided on; the log names it by its digest. May be given several times.
    #[arg(long, value_name = "FILE")]
    catalog: Vec<PathBuf>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ReplayArguments) -> Result<Exit, Stop> {
    let recorded = arguments.recorded.open(&arguments.catalog)?;
    let report = with_progress(|progress| {
        let key = recorded.key.as_ref();
        replay(&recorded.log, &recorded.sources, key, &recorded.standard, &recorded.options, progress)
    });
    match arguments.json {
        true => print(&(serde_json::to_string(&report).map_err(Stop::failed)? + "\n"))?,
        false => print(&report.to_string())?,
    }
    Ok(match report {
        report if report.different > 0 => Exit::InvalidMessages,
        report if report.is_damaged => Exit::Failed,
        _ => Exit::Done,
    })
}
