//! The command line: what can be asked for, and with what.

mod batch;
mod check;
mod chunks;
mod completions;
mod decision;
mod exit;
mod explain;
mod gateway;
mod json;
mod key;
mod lanes;
mod line;
mod messages;
mod module;
mod pipeline;
mod policy;
mod progress;
mod resolve;
mod rows;
mod serve;
mod sticky;
mod summary;
mod turn;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use self::exit::Stop;

const TOP_EXAMPLES: &str = "\
Examples:
  callsign resolve --catalog catalog.json messages.jsonl > decisions.jsonl
  callsign explain --catalog catalog.json --to +14155550123 --application shop
  callsign check --catalog catalog.json

Exit codes:
  0  done
  1  done, but some messages were INVALID_MESSAGE
  2  what was given was refused: usage, catalog, policy component or settings,
     unreadable file
  3  something failed on the way, such as writing the output";

const RESOLVE_EXAMPLES: &str = "\
A message is a JSON object on one line:
  {\"messageId\": \"m1\", \"applicationId\": \"shop\", \"entityId\": \"acme\",
   \"channel\": \"SMS\", \"to\": \"+14155550123\", \"from\": \"Shop\"}
or a CSV row under a header with these names. `channel` (SMS, MMS or RCS) and `to`
are required; `from` overrides every strategy. A line has at most 64 KiB.

Examples:
  callsign resolve --catalog catalog.json messages.jsonl > decisions.jsonl
  callsign resolve --catalog catalog.json messages.csv
  zcat messages.csv.gz | callsign resolve --catalog catalog.json --format csv
  callsign resolve --catalog catalog.json --policy own.wasm --settings own.json messages.jsonl
  callsign resolve --catalog catalog.json --policy own.wasm --sent-at 2026-03-01T21:30:00Z messages.jsonl

Exit codes:
  0  every message has a decision: a sender, or a refusal
  1  the same, but some messages were INVALID_MESSAGE; each names its line and fault
  2  what was given was refused: usage, catalog, policy component or settings, a
     file that cannot be read, a CSV header; nothing is on standard output
  3  something failed on the way, such as writing the output";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  callsign explain --catalog catalog.json --to +14155550123 --application shop
  callsign explain --catalog catalog.json --to '+44 20 7946 0018' --application shop --entity acme --channel RCS
  callsign explain --catalog catalog.json --to +14155550123 --from Shop --json

Exit codes:
  0  explained, also where the message is refused
  2  what was given was refused: usage, catalog, policy component or settings,
     unreadable file
  3  something failed on the way, such as writing the output";

const CHECK_EXAMPLES: &str = "\
A fault is one line on standard error: FILE:LINE:COLUMN: PATH: MESSAGE.

Examples:
  callsign check --catalog catalog.json
  callsign check --catalog catalog.json --json | jq -r '.faults[].path'

Exit codes:
  0  the catalog is sound
  2  it has faults, or cannot be read
  3  something failed on the way, such as writing the output";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  callsign completions bash > ~/.local/share/bash-completion/completions/callsign
  callsign completions zsh > ~/.zfunc/_callsign
  callsign completions fish > ~/.config/fish/completions/callsign.fish";

/// Chooses the sender of messages.
///
/// A catalog says which senders, applications, entities and sending strategies there are; Callsign decides from which
/// sender each message goes out, or why it cannot.
#[derive(Parser)]
#[command(name = "callsign", version, after_help = TOP_EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decide the sender of every message of a file: one decision a line, in the order of the messages.
    ///
    /// Decisions go to standard output, a summary to standard error. Pins of the sticky sender are kept for the run, or in
    /// the store that --sticky names.
    #[command(after_help = RESOLVE_EXAMPLES)]
    Resolve(ResolveArguments),
    /// Show, step by step, why a message gets its sender, or none.
    ///
    /// Nothing is pinned. Pins are those of the store that --sticky names; without it the message is the first to its
    /// recipient.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// Find every fault of a catalog at once.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// Keep policy components in a store: add, list, show, remove.
    #[command(after_help = module::EXAMPLES)]
    Module(module::Arguments),
    /// Write, build, test and inspect policy components.
    #[command(after_help = policy::EXAMPLES)]
    Policy(policy::Arguments),
    /// Look at pins, change them, and move them between stores.
    #[command(after_help = sticky::EXAMPLES)]
    Sticky(sticky::Arguments),
    /// Serve decisions, and the platform that they are made on, over HTTP.
    ///
    /// Without any configuration it listens on 127.0.0.1:8080, keeps everything in the folder callsign-data, and prints the
    /// first key of the platform once. It ends at SIGTERM or Ctrl-C, after the requests under way.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeArguments),
    /// Make, list, rotate and revoke the keys of a service.
    ///
    /// Works on the store of the service, beside it: what is changed counts within a tenth of a second.
    #[command(after_help = key::EXAMPLES)]
    Key(key::KeyArguments),
    /// Print the completion script for a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What decisions are made with.
#[derive(Args)]
struct Deciding {
    /// The catalog: one JSON file.
    #[arg(long, value_name = "FILE")]
    catalog: PathBuf,

    /// A policy component to decide with instead of the standard one.
    #[arg(long, value_name = "FILE.wasm")]
    policy: Option<PathBuf>,

    /// Settings for the policy: a JSON file, which the policy itself checks.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    #[command(flatten)]
    sticky: sticky::StoreArguments,

    /// When all messages go out, for policies that ask [default: no time, which each policy takes as it wants]
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    sent_at: Option<u64>,
}

#[derive(Args)]
struct ResolveArguments {
    #[command(flatten)]
    deciding: Deciding,

    /// The messages; `-` is standard input.
    #[arg(value_name = "MESSAGES", default_value = "-")]
    messages: PathBuf,

    /// What the messages are written in [default: csv for a file named *.csv, otherwise jsonl]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// How many threads read, decide and write; the output is the same for any number [default: one for each core]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    /// How the summary on standard error is written.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    summary: SummaryFormat,
}

#[derive(Args)]
struct ExplainArguments {
    #[command(flatten)]
    deciding: Deciding,

    /// The recipient, in E.164; separators are ignored.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    to: String,

    /// The application of the message [default: the application `default`]
    #[arg(long, value_name = "ID", value_parser = field)]
    application: Option<String>,

    /// The entity of the message.
    #[arg(long, value_name = "ID", value_parser = field)]
    entity: Option<String>,

    /// The channel.
    #[arg(long, value_name = "CHANNEL", default_value = "SMS", ignore_case = true)]
    channel: ChannelName,

    /// A sender that overrides every strategy.
    #[arg(long, value_name = "SENDER", value_parser = field)]
    from: Option<String>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct CheckArguments {
    /// The catalog: one JSON file.
    #[arg(long, value_name = "FILE")]
    catalog: PathBuf,

    /// Print JSON to standard output, for programs.
    #[arg(long)]
    json: bool,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values under a header.
    Csv,
}

/// How the summary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SummaryFormat {
    /// For people.
    Text,
    /// One JSON object on one line, for programs.
    Json,
}

/// A channel on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ChannelName {
    #[value(name = "SMS")]
    Sms,
    #[value(name = "MMS")]
    Mms,
    #[value(name = "RCS")]
    Rcs,
}

/// Threads past this number would only wait for each other.
const MOST_THREADS: usize = 256;

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(number) if number.get() <= MOST_THREADS => Ok(number),
        _ => Err(format!("give a number from 1 to {MOST_THREADS}")),
    }
}

/// A point in time, in seconds since 1970-01-01 UTC.
fn time(text: &str) -> Result<u64, String> {
    let time: Option<Timestamp> = text.parse().ok();
    let seconds = time.and_then(|time| u64::try_from(time.as_second()).ok());
    seconds.ok_or_else(|| "give a time since 1970 such as 2026-03-01T21:30:00Z or 2026-03-01T22:30:00+01:00".to_owned())
}

fn field(text: &str) -> Result<String, String> {
    line::check_length(text)?;
    Ok(text.to_owned())
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Resolve(arguments) => resolve::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Module(arguments) => module::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Sticky(arguments) => sticky::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Completions { shell } => completions::run(shell),
    };
    done.unwrap_or_else(Stop::report).into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
