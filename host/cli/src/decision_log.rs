//! `callsign log`: what was decided, found again and counted.

mod listing;
mod moment;
mod stats;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::anyhow;
use callsign_log::{LogEvent, LogKey, MAX_PAGE, Position, Query, convert_log};
use clap::{Args, Subcommand};

pub(crate) use self::moment::Moment;
use crate::args::{field, id};
use crate::exit::{Exit, Stop, print, say};

pub(crate) const EXAMPLES: &str = "\
Examples:
  callsign log find ./decisions --message-id m-1234
  callsign log find ./decisions --to +14155550123 --since 24h
  callsign log stats ./decisions --since 2026-11-26 --until 2026-11-27

Exit codes:
  0  done
  1  done, and nothing was found
  2  bad input: usage, a filter that cannot be parsed, a folder without a log
  3  another failure; if a file of the log is damaged, what is whole was shown";

const TIMES: &str = "\
A time is one in RFC 3339, such as 2026-11-26T08:00:00Z; a day, such as 2026-11-26, which begins at
00:00 UTC; or how long ago it was: 90s, 15m, 24h, 7d.";

/// The arguments of `log`.
#[derive(Args)]
pub(crate) struct LogArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find decisions, newest first.
    ///
    /// Decisions must pass every filter that is given; without one, the newest of the log are shown.
    #[command(after_help = format!("\
{TIMES}

Examples:
  callsign log find ./decisions --message-id m-1234
  callsign log find ./decisions --to +14155550123 --since 24h --show-recipients
  callsign log find ./decisions --refusal NO_STRATEGY --application shop --since 2026-11-26 --json
  callsign log find ./decisions --sender N1 --limit 1000 --after 42-1234

Exit codes:
  0  found
  1  nothing was found
  2  bad input: usage, a filter that cannot be parsed, a folder without a log
  3  another failure; if a file of the log is damaged, what is whole was shown"))]
    Find(FindArguments),
    /// Count decisions: by step, refusal, sender and policy; with the files, bytes and holes of the log.
    #[command(after_help = format!("\
{TIMES}

Examples:
  callsign log stats ./decisions
  callsign log stats ./decisions --since 1h --json
  callsign log stats ./decisions --application shop --top 100

Exit codes:
  0  counted
  1  there are no such decisions
  2  bad input: usage, a filter that cannot be parsed, a folder without a log
  3  another failure; if a file of the log is damaged, what is whole was counted"))]
    Stats(StatsArguments),
    /// Make Parquet files of all segments of a log that no process writes to.
    ///
    /// A process that writes a log does this by itself, with the segments that it has finished.
    #[command(after_help = "\
Examples:
  callsign log convert ./decisions
  duckdb -c \"SELECT step, count(*) FROM './decisions/*.parquet' GROUP BY step\"

Exit codes:
  0  done
  2  bad input: usage, a folder without a log, a log that a process writes to
  3  another failure; a segment that is damaged stays as it is, and is named")]
    Convert {
        /// The folder of the log.
        #[arg(value_name = "LOG", env = "CALLSIGN_LOG")]
        log: PathBuf,
    },
}

/// The log and the time that is looked at.
#[derive(Args)]
struct LogTime {
    /// The folder of the log.
    #[arg(value_name = "LOG", env = "CALLSIGN_LOG")]
    log: PathBuf,

    /// Only decisions that began at this time or later.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Moment::parse)]
    since: Option<Moment>,

    /// Only decisions that began before this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Moment::parse)]
    until: Option<Moment>,
}

/// The arguments of `log find`.
#[derive(Args)]
struct FindArguments {
    #[command(flatten)]
    log: LogTime,

    /// Of the message with this messageId.
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = field)]
    message_id: Option<String>,

    /// To this recipient: a number, or the hash that a log with sealed recipients shows.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = field)]
    to: Option<String>,

    /// That this sender carries, by its senderId.
    #[arg(long, value_name = "ID", value_parser = id)]
    sender: Option<String>,

    /// That were refused with this code, such as NO_STRATEGY.
    #[arg(long, value_name = "CODE", value_parser = field)]
    refusal: Option<String>,

    /// Of messages of this application.
    #[arg(long, value_name = "ID", value_parser = id)]
    application: Option<String>,

    /// Of messages of this entity.
    #[arg(long, value_name = "ID", value_parser = id)]
    entity: Option<String>,

    /// How many to show, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = limit)]
    limit: usize,

    /// Go on after this position, which an earlier call gave.
    #[arg(long, value_name = "POSITION", value_parser = position)]
    after: Option<Position>,

    /// A file with the key of the log, if it is not in the log's folder.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Show the numbers of sealed recipients, which needs the key of the log.
    #[arg(long)]
    show_recipients: bool,

    /// Print JSON lines, for programs.
    #[arg(long)]
    json: bool,
}

/// The arguments of `log stats`.
#[derive(Args)]
struct StatsArguments {
    #[command(flatten)]
    log: LogTime,

    /// Of messages of this application.
    #[arg(long, value_name = "ID", value_parser = id)]
    application: Option<String>,

    /// How many of each kind to show: those with the most decisions.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

impl LogTime {
    /// A query for this time.
    fn query(&self) -> Result<Query, Stop> {
        let now = SystemTime::now();
        let at = |moment: &Option<Moment>| moment.map(|moment| moment.microseconds(now));
        Query::new()
            .between(at(&self.since), at(&self.until))
            .map_err(|_| Stop::refused(anyhow!("no decision can be found: --until is not after --since")))
    }
}

/// Narrows what is looked for by the text of an option.
type Filter = fn(Query, &str) -> Query;

impl FindArguments {
    fn query(&self) -> Result<Query, Stop> {
        let mut query = self.log.query()?.limit(self.limit).map_err(Stop::refused)?;
        let filters: [(&Option<String>, Filter); 6] = [
            (&self.message_id, Query::message_id),
            (&self.to, Query::to),
            (&self.sender, Query::sender),
            (&self.refusal, Query::refusal),
            (&self.application, Query::application),
            (&self.entity, Query::entity),
        ];
        for (text, filter) in filters {
            if let Some(text) = text {
                query = filter(query, text);
            }
        }
        Ok(if let Some(position) = self.after { query.after(position) } else { query })
    }

    /// The key, if it is needed.
    fn key(&self) -> Result<Option<LogKey>, Stop> {
        if let Some(file) = &self.key {
            return LogKey::read(file).map(Some).map_err(Stop::refused);
        }
        if self.to.is_none() && !self.show_recipients {
            return Ok(None);
        }
        LogKey::of_log(&self.log.log).map_err(Stop::refused)
    }
}

fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
        _ => Err(format!("give a number from 1 to {MAX_PAGE}")),
    }
}

fn position(text: &str) -> Result<Position, String> {
    text.parse::<Position>().map_err(|error| error.to_string())
}

pub(crate) fn run(arguments: &LogArguments) -> Result<Exit, Stop> {
    match &arguments.command {
        Command::Find(arguments) => listing::find(arguments),
        Command::Stats(arguments) => stats::count(arguments),
        Command::Convert { log } => convert(log),
    }
}

fn convert(log: &Path) -> Result<Exit, Stop> {
    let failed = Cell::new(false);
    let tell = |event| match event {
        LogEvent::SegmentConverted { path } => {
            // A reader that went away is noticed at the end.
            let _ = print(&format!("{}\n", path.display()));
        }
        LogEvent::ConversionFailed { reason, .. } => {
            failed.set(true);
            say(&format!("callsign: {reason}\n"));
        }
        _ => {}
    };
    convert_log(log, &tell).map_err(listing::unreadable)?;
    Ok(if failed.get() { Exit::Failed } else { Exit::Done })
}
