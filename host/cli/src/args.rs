//! What can be asked of the command, and the arguments that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use callsign::{Channel, Id, Limits, parse_time};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::numbering::NumberingArguments;
use crate::policy_log::LogLevel;
use crate::resolve::check_length;
use crate::{
    backup, check, completions, decision_log, explain, key, module, policy, replay, resolve, serve, sticky, what_if,
};

const TOP_EXAMPLES: &str = "\
Examples:
  callsign resolve --catalog catalog.json messages.jsonl > decisions.jsonl
  callsign explain --catalog catalog.json --to +14155550123 --application shop
  callsign check --catalog catalog.json

Exit codes:
  0  done
  1  done, but some messages were INVALID_MESSAGE
  2  bad input: usage, catalog, policy component, settings, an unreadable file
  3  another failure, such as an output that cannot be written";

/// Chooses the sender of messages.
///
/// A catalog lists the senders and strategies of a platform; each message gets a sender, or a reason.
#[derive(Parser)]
#[command(name = "callsign", version, after_help = TOP_EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Decide the sender of every message of a file: one decision a line, in their order.
    ///
    /// Decisions go to standard output, a summary to standard error. The pins of sticky senders are kept in the store
    /// that
    /// --sticky names; without it they last for this run.
    #[command(after_help = resolve::EXAMPLES)]
    Resolve(resolve::ResolveArguments),
    /// Show, step by step, why a message gets its sender, or none.
    ///
    /// Reads the pins of the store that --sticky names and writes none. Without it there are no pins: the message is
    /// the first to its recipient.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArguments),
    /// Find every fault of a catalog at once.
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArguments),
    /// Keep policy components in a store: add, list, show, remove.
    #[command(after_help = module::EXAMPLES)]
    Module(module::Arguments),
    /// Write, build, test and inspect policy components.
    #[command(after_help = policy::EXAMPLES)]
    Policy(policy::Arguments),
    /// Look at pins, change them, and move them between stores.
    #[command(after_help = sticky::EXAMPLES)]
    Sticky(sticky::Arguments),
    /// Find decisions in a decision log, and count them.
    ///
    /// `callsign resolve --log` and the service write such logs. They may be in use.
    #[command(after_help = decision_log::EXAMPLES)]
    Log(decision_log::LogArguments),
    /// Decide recorded messages again, exactly as they were, and say which answers differ.
    ///
    /// None should: a decision depends on nothing but what its record names. Nothing is changed, no pin is read or written.
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::ReplayArguments),
    /// Show what another policy, catalog or strategy would do to recorded messages.
    ///
    /// Nothing is changed: every record is decided by itself, on the pin and the signals that were read then.
    #[command(after_help = what_if::EXAMPLES)]
    WhatIf(what_if::WhatIfArguments),
    /// Serve decisions, and the platform that they are made on, over HTTP.
    ///
    /// By default it listens on 127.0.0.1:8080, keeps everything in the folder callsign-data, and prints the first key
    /// of the platform once. At SIGTERM or Ctrl-C it finishes the running requests and ends; at SIGHUP it takes its
    /// configuration over.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeArguments),
    /// Make a backup of a service, which may be running, in a new folder.
    ///
    /// It has the catalog, modules, bindings, keys and the audit log, as they were at one moment, and the pins. Needs no key
    /// of the service: it reads the service's folder.
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::BackupArguments),
    /// Restore a backup into a data folder without a platform, while no service runs.
    ///
    /// The backup is checked first. A restore that was interrupted can be run again; until it is done no service starts.
    #[command(after_help = backup::EXAMPLES)]
    Restore(backup::BackupArguments),
    /// Create, list, rotate and revoke the keys of a service.
    ///
    /// Writes to the store of the service, which may be running: it sees a change within 0.1 s.
    #[command(after_help = key::EXAMPLES)]
    Key(key::KeyArguments),
    /// Compile a component: what the service starts as a process of its own.
    #[command(hide = true)]
    CompileModule,
    /// Print the completion script for a shell.
    #[command(after_help = completions::EXAMPLES)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What a gateway is made of: the catalog, the policy, the pins.
#[derive(Args)]
pub(crate) struct GatewayArguments {
    /// The catalog: one JSON file.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: PathBuf,

    /// A policy component to decide with instead of the standard one.
    #[arg(long, value_name = "FILE.wasm")]
    pub(crate) policy: Option<PathBuf>,

    /// Settings for the policy: a JSON file. The policy checks them.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,

    /// Show what the policy logs on standard error: lines of this level and above, 1,000 a second at most.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) policy_log: LogLevel,

    #[command(flatten)]
    pub(crate) deadline: DeadlineArgument,

    #[command(flatten)]
    pub(crate) numbering: NumberingArguments,

    #[command(flatten)]
    pub(crate) sticky: sticky::StoreArguments,

    /// When messages without `sentAt` go out, for policies that read the time [default: no time, so that runs are
    /// reproducible]
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub(crate) sent_at: Option<u64>,
}

/// How long a call of a policy may run.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DeadlineArgument {
    /// How long a call of the policy may run, for one message or up to 256: 1 to 600,000. Give more on a machine with much else to
    /// do.
    #[arg(
        long,
        value_name = "MILLISECONDS",
        env = "CALLSIGN_POLICY_DEADLINE",
        default_value_t = 200,
        value_parser = clap::value_parser!(u64).range(1..=600_000)
    )]
    policy_deadline: u64,
}

impl DeadlineArgument {
    /// These limits with this deadline.
    pub(crate) fn of(self, mut limits: Limits) -> Limits {
        limits.deadline = Duration::from_millis(self.policy_deadline);
        limits
    }
}

/// A channel, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChannelName {
    #[value(name = "SMS")]
    Sms,
    #[value(name = "MMS")]
    Mms,
    #[value(name = "RCS")]
    Rcs,
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Sms => Self::Sms,
            ChannelName::Mms => Self::Mms,
            ChannelName::Rcs => Self::Rcs,
        }
    }
}

/// Parses a time; returns seconds since 1970-01-01 UTC.
fn time(text: &str) -> Result<u64, String> {
    parse_time(text).map_err(|error| error.to_string())
}

/// Parses an id: the rule of a catalog.
pub(crate) fn id(text: &str) -> Result<String, String> {
    check_length(text)?;
    Id::parse(text).map(|id| id.as_str().to_owned()).map_err(|error| error.to_string())
}

pub(crate) fn field(text: &str) -> Result<String, String> {
    check_length(text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
