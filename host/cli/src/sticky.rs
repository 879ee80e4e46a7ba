//! `callsign sticky`: the pins of a store.

mod listing;
mod open;
mod transfer;

use callsign::sticky::{Filter, PinScope, PinnedSender, Release, StickyStore, Write};
use callsign::{Number, PinKey, Recipient};
use clap::{ArgGroup, Args, Subcommand};

use crate::args::{ChannelName, id};
use crate::exit::{Exit, Stop, print};

pub(crate) use self::open::{IfMissing, StoreArguments};

pub(crate) const EXAMPLES: &str = "\
A pin is the sender that a recipient got first and keeps. A store of pins is a
folder of this machine, a PostgreSQL database, or a Redis or Valkey cluster:
  --sticky ./pins
  --sticky postgres://callsign@db.example/callsign
  --sticky redis://10.0.0.1:6379,10.0.0.2:6379
With TLS, and the server checked:
  --sticky 'postgres://callsign@db.example/callsign?sslmode=verify-full'
  --sticky rediss://redis-1.example:6380

Examples:
  callsign sticky get --sticky ./pins --application shop --to +14155550123
  callsign sticky list --sticky ./pins --sender N1
  callsign sticky migrate --sticky ./pins --from N1 --to N2
  callsign sticky export --sticky ./pins | callsign sticky import --sticky postgres://localhost/callsign";

const EXITS: &str = "\
Exit codes:
  0  done
  1  done, but there is no such pin, or another pin stays
  2  bad input: usage, a store that does not exist or cannot be opened, a line that
     is not a pin
  3  another failure: the store does not answer, the output cannot be written";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Subcommand)]
enum Command {
    /// Show the pin of a recipient.
    #[command(after_help = format!("\
Examples:
  callsign sticky get --sticky ./pins --application shop --entity acme --channel MMS --to +14155550123
  callsign sticky get --sticky ./pins --application shop --to +14155550123 --json | jq -r .senderId

{EXITS}"))]
    Get {
        #[command(flatten)]
        key: KeyArguments,

        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Pin a recipient to a sender. An existing pin stays, unless --replace names its sender.
    #[command(after_help = format!("\
Examples:
  callsign sticky pin --sticky ./pins --application shop --to +14155550123 --sender N1
  callsign sticky pin --sticky ./pins --application shop --to +14155550123 --sender N2 --replace N1

{EXITS}"))]
    Pin {
        #[command(flatten)]
        key: KeyArguments,

        /// The sender, by its senderId.
        #[arg(long, value_name = "ID", value_parser = id)]
        sender: String,

        /// Replace the pin if its sender is still this one.
        #[arg(long, value_name = "ID", value_parser = id)]
        replace: Option<String>,

        /// Expire the pin after this many days without use [default: never]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3_650))]
        idle_days: Option<u16>,
    },
    /// Remove the pin of a recipient: its next message sets a new one.
    #[command(after_help = format!("\
Examples:
  callsign sticky release --sticky ./pins --application shop --to +14155550123
  callsign sticky release --sticky ./pins --application shop --to +14155550123 --sender N1

{EXITS}"))]
    Release {
        #[command(flatten)]
        key: KeyArguments,

        /// Remove it only if its sender is this one.
        #[arg(long, value_name = "ID", value_parser = id)]
        sender: Option<String>,
    },
    /// List pins: all, or those of a scope, a sender or a recipient.
    #[command(after_help = format!("\
If there are more, the last line on standard error gives the position to continue from.

Examples:
  callsign sticky list --sticky ./pins --application shop --entity acme
  callsign sticky list --sticky ./pins --sender N1 --limit 1000
  callsign sticky list --sticky ./pins --recipient +14155550123 --json

{EXITS}"))]
    List {
        #[command(flatten)]
        filter: FilterArguments,

        /// The most pins to list, 1 to 10,000.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,

        /// Continue after this position, which an earlier list gave.
        #[arg(long, value_name = "POSITION")]
        after: Option<String>,

        /// Print JSON lines, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Count pins: all, or those of a scope, a sender or a recipient.
    #[command(after_help = format!("\
Examples:
  callsign sticky stats --sticky ./pins
  callsign sticky stats --sticky ./pins --sender N1 --json

{EXITS}"))]
    Stats {
        #[command(flatten)]
        filter: FilterArguments,

        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Write pins as JSON lines to standard output.
    #[command(after_help = format!("\
A line: {{\"applicationId\":\"shop\",\"channel\":\"SMS\",\"recipient\":\"+14155550123\",\"senderId\":\"N1\",
\"firstUsed\":\"2026-09-21T14:13:20Z\",\"lastUsed\":\"2026-09-21T14:13:20Z\"}}, and entityId and idleDays if the pin has them. A
store that hashes recipients writes recipientHash instead, which only a store with the same key can
use.

Examples:
  callsign sticky export --sticky ./pins > pins.jsonl
  callsign sticky export --sticky ./pins --application shop | gzip > shop.jsonl.gz

{EXITS}"))]
    Export {
        #[command(flatten)]
        filter: FilterArguments,
    },
    /// Add pins from JSON lines. Existing pins stay.
    #[command(after_help = format!("\
Lines are as `export` writes them. An interrupted import can be run again.

Examples:
  callsign sticky import --sticky ./pins pins.jsonl
  zcat pins.jsonl.gz | callsign sticky import --sticky ./pins

{EXITS}"))]
    Import {
        /// The lines; `-` is standard input.
        #[arg(value_name = "FILE", default_value = "-")]
        file: std::path::PathBuf,
    },
    /// Move all pins of a sender to another.
    #[command(after_help = format!("\
Examples:
  callsign sticky migrate --sticky ./pins --from N1 --to N2

{EXITS}"))]
    Migrate {
        /// The sender that loses its pins.
        #[arg(long, value_name = "ID", value_parser = id)]
        from: String,

        /// The sender that gets them.
        #[arg(long, value_name = "ID", value_parser = id)]
        to: String,
    },
}

/// The key of a pin.
#[derive(Args)]
struct KeyArguments {
    /// The application.
    #[arg(long, value_name = "ID", default_value = callsign::DEFAULT_APPLICATION, value_parser = id)]
    application: String,

    /// The entity.
    #[arg(long, value_name = "ID", value_parser = id)]
    entity: Option<String>,

    /// How many applications with this id were removed before: their pins stay apart
    #[arg(long, value_name = "N", default_value_t = 0)]
    generation: u32,

    /// The channel.
    #[arg(long, value_name = "CHANNEL", default_value = "SMS", ignore_case = true)]
    channel: ChannelName,

    /// The recipient: a number in E.164, or the hash that a list shows.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = recipient)]
    to: Recipient,
}

impl KeyArguments {
    fn key(&self) -> PinKey<'_> {
        let scope = PinScope::of_generation(&self.application, self.entity.as_deref(), self.generation);
        PinKey::new(scope, self.channel.into(), self.to)
    }
}

/// Which pins to list, count or export.
#[derive(Args)]
#[command(group = ArgGroup::new("which").args(["application", "sender", "recipient"]))]
struct FilterArguments {
    /// Pins of this application; with --entity, of that entity of it.
    #[arg(long, value_name = "ID", value_parser = id)]
    application: Option<String>,

    /// Pins of this entity of the application.
    #[arg(long, value_name = "ID", requires = "application", value_parser = id)]
    entity: Option<String>,

    /// How many applications with this id were removed before: their pins stay apart
    #[arg(long, value_name = "N", requires = "application", default_value_t = 0)]
    generation: u32,

    /// Pins to this sender, by its senderId.
    #[arg(long, value_name = "ID", value_parser = id)]
    sender: Option<String>,

    /// Pins of this recipient: a number in E.164, or the hash that a list shows.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = recipient)]
    recipient: Option<Recipient>,
}

impl FilterArguments {
    fn filter(&self) -> Filter<'_> {
        match (&self.application, &self.sender, self.recipient) {
            (Some(application), _, _) => {
                Filter::Scope(PinScope::of_generation(application, self.entity.as_deref(), self.generation))
            }
            (_, Some(sender), _) => Filter::Sender(PinnedSender::new(sender)),
            (_, _, Some(recipient)) => Filter::Recipient(recipient),
            _ => Filter::All,
        }
    }
}

fn recipient(text: &str) -> Result<Recipient, String> {
    if let Ok(hash) = text.parse() {
        return Ok(Recipient::Hash(hash));
    }
    Number::parse(text).map(Recipient::of).map_err(|error| error.to_string())
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Stop> {
    // Only commands that add pins create a store.
    let missing = match arguments.command {
        Command::Pin { .. } | Command::Import { .. } => IfMissing::Create,
        _ => IfMissing::Refuse,
    };
    let store = arguments.store.open(missing)?.ok_or_else(|| {
        Stop::refused(anyhow::anyhow!("no store of pins is named"))
            .hint("Give a folder or an address after --sticky, or in CALLSIGN_STICKY.")
    })?;
    let store = &*store;
    match &arguments.command {
        Command::Get { key, json } => listing::get(store, &key.key(), *json),
        Command::Pin { key, sender, replace, idle_days } => {
            pin(store, &key.key(), sender, replace.as_deref(), idle_days.unwrap_or(0))
        }
        Command::Release { key, sender } => release(store, &key.key(), sender.as_deref()),
        Command::List { filter, limit, after, json } => {
            listing::list(store, &filter.filter(), usize::from(*limit), after.as_deref(), *json)
        }
        Command::Stats { filter, json } => listing::stats(store, &filter.filter(), *json),
        Command::Export { filter } => transfer::export(store, &filter.filter()),
        Command::Import { file } => transfer::import(store, file),
        Command::Migrate { from, to } => transfer::migrate(store, from, to),
    }
}

fn pin(
    store: &dyn StickyStore,
    key: &PinKey<'_>,
    sender: &str,
    replace: Option<&str>,
    idle_days: u16,
) -> Result<Exit, Stop> {
    let sender = PinnedSender::new(sender);
    let write = match replace {
        None => Write::insert(*key, sender),
        Some(expected) => Write::replace(*key, PinnedSender::new(expected).key, sender),
    };
    match store.write_one(&write.idle_days(idle_days)).map_err(Stop::failed)? {
        None => print(&format!("pinned to {}\n", sender.id)).map(|()| Exit::Done),
        Some(pin) if pin.sender == sender.key => {
            print(&format!("pinned to {} already\n", sender.id)).map(|()| Exit::Done)
        }
        Some(_) => {
            let id = listing::record(store, key)?.map_or_else(|| "another".into(), |record| record.sender);
            print(&format!("stays pinned to {id}; to move it, give --replace {id}\n")).map(|()| Exit::InvalidMessages)
        }
    }
}

fn release(store: &dyn StickyStore, key: &PinKey<'_>, sender: Option<&str>) -> Result<Exit, Stop> {
    let expected = sender.map(|id| PinnedSender::new(id).key);
    let answers = store.release(&[Release { key: *key, expected }]);
    match answers.into_iter().next().transpose().map_err(Stop::failed)?.flatten() {
        Some(_) => print("released\n").map(|()| Exit::Done),
        None => print("no such pin\n").map(|()| Exit::InvalidMessages),
    }
}
