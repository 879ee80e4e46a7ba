//! Writes a log again as if its decisions had been made over a day, more of them by day than by night: a run of
//! `callsign resolve` decides the messages of a day in a second, and a report over time then has nothing to show.
//!
//! `cargo run --example over-a-day -- LOG OUT`
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use callsign_log::{CatalogContext, DecisionLog, LogKey, LogOptions, Part, PolicyContext, Recorder, TimeRange};

/// 2026-03-02T00:00:00Z, a Monday, in microseconds.
const BEGIN: u64 = 1_772_409_600_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, out] = &arguments[..] else {
        eprintln!("give the folder of a log, and one for the new log");
        return ExitCode::from(2);
    };
    match write(Path::new(log), Path::new(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let log = DecisionLog::open(from)?;
    let mut options = LogOptions::default();
    options.key = LogKey::of_log(from)?;
    options.ring_bytes = 64 << 20;
    let recorder = Recorder::open(to, options)?;
    let all: usize = log.read(TimeRange::ALL).filter_map(|part| block_length(&part)).sum();
    let (mut done, mut bytes) = (0, Vec::new());
    for part in log.read(TimeRange::ALL) {
        let Part::Block(block) = part? else { continue };
        for record in block.records(&mut bytes)?.iter() {
            let catalog = block.catalog(record.catalog).ok_or("a catalog is missing")?;
            let catalog = recorder.declare_catalog(CatalogContext::clone(&catalog));
            let policy = match record.policy {
                Some(id) => {
                    let policy = block.policy(id).ok_or("a policy is missing")?;
                    Some(recorder.declare_policy(PolicyContext::clone(&policy)))
                }
                None => None,
            };
            let time = BEGIN + time_of_day(done as f64 / all as f64);
            let _ = recorder.record(&callsign_log::Record { time, catalog, policy, signals: None, ..record });
            done += 1;
        }
        recorder.flush()?;
    }
    recorder.close();
    if from.join("key").exists() {
        std::fs::copy(from.join("key"), to.join("key"))?;
    }
    println!("{done} decisions of a day are in {}", to.display());
    Ok(())
}

fn block_length(part: &Result<Part, callsign_log::LogError>) -> Option<usize> {
    match part {
        Ok(Part::Block(block)) => Some(block.len()),
        _ => None,
    }
}

/// When a share of the messages of a day has been sent, in microseconds since midnight: most go out in the afternoon.
fn time_of_day(share: f64) -> u64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        // The integral of 1 - 0.8 cos(2 pi t).
        let sent = middle - 0.8 / std::f64::consts::TAU * (std::f64::consts::TAU * middle).sin();
        if sent < share { low = middle } else { high = middle }
    }
    (low * 86_400e6) as u64
}
