//! `callsign resolve`: the sender of every message of a file.

mod batch;
mod chunks;
mod csv_rows;
mod fields;
mod head;
mod json_lines;
mod messages;
mod output;
mod partitions;
mod pipeline;
mod progress;
mod recording;
mod recycling;
mod sequencer;
mod summary;

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use clap::{Args, ValueEnum};

pub(crate) use self::fields::{Fields, ParsedMessage, check_length};
use self::messages::Messages;
use self::recording::LogArguments;

use crate::args::GatewayArguments;
use crate::exit::{Exit, Stop, say};
use crate::gateway;
use crate::policy_log;
use crate::sticky::IfMissing;

pub(crate) const EXAMPLES: &str = "\
A message is a JSON object on one line:
  {\"messageId\": \"m1\", \"applicationId\": \"shop\", \"entityId\": \"acme\",
   \"channel\": \"SMS\", \"to\": \"+14155550123\", \"from\": \"Shop\"}
or a CSV row under a header with these names. `channel` (SMS, MMS or RCS) and `to`
are required; `from` overrides every strategy. A message may also have
  \"messageType\": \"TRANSACTIONAL\", \"sentAt\": \"2026-03-01T21:30:00Z\",
  \"attributes\": {\"campaign\": \"C1\"}       (CSV: a column attribute.campaign)
and, in place of `channel`, channels in order of preference:
  \"channels\": [\"RCS\", \"SMS\"]             (CSV: RCS|SMS)
A line has at most 64 KiB.

Examples:
  callsign resolve --catalog catalog.json messages.jsonl > decisions.jsonl
  callsign resolve --catalog catalog.json messages.csv
  zcat messages.csv.gz | callsign resolve --catalog catalog.json --format csv
  callsign resolve --catalog catalog.json --policy own.wasm --settings own.json messages.jsonl
  callsign resolve --catalog catalog.json --policy own.wasm --sent-at 2026-03-01T21:30:00Z messages.jsonl
  callsign resolve --catalog catalog.json --log decision-log messages.jsonl > decisions.jsonl

Exit codes:
  0  every message has a decision: a sender, or a refusal
  1  the same, but some messages were INVALID_MESSAGE; each says its line and its fault
  2  bad input: usage, catalog, policy component or settings, a file that cannot
     be read, a CSV header; nothing is written to standard output
  3  another failure, such as an output that cannot be written";

/// The arguments of `resolve`.
#[derive(Args)]
pub(crate) struct ResolveArguments {
    #[command(flatten)]
    deciding: GatewayArguments,

    #[command(flatten)]
    log: LogArguments,

    /// The messages; `-` is standard input.
    #[arg(value_name = "MESSAGES", default_value = "-")]
    messages: PathBuf,

    /// The format of the messages [default: csv for a file named *.csv and for what begins with a row of column names, otherwise jsonl]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// How many threads to use; the output does not depend on it [default: one for each core]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    /// The format of the summary on standard error.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    summary: SummaryFormat,
}

/// The format of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values under a header.
    Csv,
}

/// The format of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    /// For people.
    Text,
    /// One JSON object on one line, for programs.
    Json,
}

/// The most threads. Chunks are written one after another, so more threads would only wait for each other.
const MAX_THREADS: usize = 256;

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(number) if number.get() <= MAX_THREADS => Ok(number),
        _ => Err(format!("give a number from 1 to {MAX_THREADS}")),
    }
}

pub(crate) fn run(arguments: &ResolveArguments) -> Result<Exit, Stop> {
    let log = arguments.log.open()?;
    let gateway = gateway::load(&arguments.deciding, IfMissing::Create, log.is_some())?;
    let messages = Messages::open(arguments)?;
    if let Some(recorder) = &log {
        gateway.record_to(Arc::clone(recorder));
    }
    let threads = arguments.threads.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let began = Instant::now();
    let tally = pipeline::run(gateway, messages, threads.min(MAX_THREADS), io::stdout());
    let recorded = log.map_or(Ok(()), |recorder| recording::finish(&recorder));
    let tally = tally?;
    recorded?;
    policy_log::tell_dropped();
    say(&tally.summary(arguments.summary, began.elapsed()));
    Ok(if tally.invalid() > 0 { Exit::InvalidMessages } else { Exit::Done })
}
