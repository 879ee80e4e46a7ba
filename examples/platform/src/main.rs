//! Generates a realistic messaging platform: a catalog of applications, entities, senders and strategies, and the
//! messages of a day. The same seed and sizes give the same bytes.
#![forbid(unsafe_code)]

mod application;
mod area_code;
mod association;
mod catalog;
mod channel;
mod country;
mod coverage;
mod default_sender;
mod entity;
mod message;
mod number;
mod platform;
mod pool;
mod random;
mod scope;
mod sender;
mod strategy;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    catalog::Counts,
    platform::{Platform, Size},
};

/// Writes a realistic messaging platform: DIR/catalog.json and DIR/messages.jsonl.
///
/// The same seed and sizes give the same bytes.
#[derive(Parser)]
#[command(name = "platform", version, after_help = EXAMPLES)]
struct Arguments {
    /// The seed of the random numbers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// How many client companies, 1 to 1,000,000; about a third have strategies of their own.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    entities: u32,

    /// How many senders, 1 to 5,000,000.
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    senders: u32,

    /// How many messages, up to 10,000,000,000; there are three recipients for ten messages.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(..=MESSAGES))]
    messages: u64,

    /// The folder to write to; created if it does not exist.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

const MESSAGES: u64 = 10_000_000_000;

const EXAMPLES: &str = "\
Examples:
  platform --out data
  platform --seed 7 --entities 100000 --senders 1000000 --messages 10000000 --out large";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("platform: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    fs::create_dir_all(&arguments.out)
        .map_err(|error| format!("cannot make the folder {}: {error}", arguments.out.display()))?;
    let size = Size {
        entities: arguments.entities as usize,
        senders: arguments.senders as usize,
        messages: arguments.messages,
    };
    let platform = Platform::new(arguments.seed, size);
    let catalog = arguments.out.join("catalog.json");
    let counts = save(&catalog, |out| catalog::write(&platform, out))?;
    let messages = arguments.out.join("messages.jsonl");
    save(&messages, |out| message::write(&platform, out))?;
    let Counts { applications, entities, senders, associations, strategies, default_senders } = counts;
    eprintln!(
        "{}: {applications} applications, {entities} entities, {senders} senders, {associations} associations, \
         {strategies} strategies, {default_senders} default senders",
        catalog.display()
    );
    eprintln!("{}: {} messages", messages.display(), arguments.messages);
    Ok(())
}

/// Creates and writes a file.
fn save<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> Result<T, String> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let written = write(&mut out)?;
        out.flush()?;
        Ok(written)
    });
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}
