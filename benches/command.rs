//! What people wait for at the command line: `callsign resolve` on many lines, and the start of `callsign explain`.
//!
//! `cargo bench -p callsign-cli --bench command`, with a platform in `target/bench/platform` as `examples/platform` makes it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a program that says what it measured, or ends")]

mod record;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

const CALLSIGN: &str = env!("CARGO_BIN_EXE_callsign");

fn platform() -> PathBuf {
    record::folder().join("platform")
}

fn command(word: &str) -> Command {
    let mut command = Command::new(CALLSIGN);
    command.arg(word).arg("--catalog").arg(platform().join("catalog.json")).stderr(Stdio::null());
    command
}

/// How long `explain` takes from a cold process: with the code that an earlier one compiled, and without.
fn explain(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("callsign-start-{}", std::process::id()));
    let explain = |cache: &Path| {
        let mut command = command("explain");
        command.args(["--application", "shop", "--entity", "acme-parcels", "--to", "+14155550123"]);
        let output = command.env("CALLSIGN_CACHE", cache).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty());
    };
    let mut group = criterion.benchmark_group("command/explain");
    group.sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(2));
    let warm = folder.join("warm");
    group.sample_size(40).bench_function("cached", |bencher| {
        if !warm.exists() {
            explain(&warm);
        }
        bencher.iter(|| explain(&warm));
    });
    let mut round = 0;
    group.sample_size(10).bench_function("first", |bencher| {
        bencher.iter(|| {
            round += 1;
            explain(&folder.join(format!("first-{round}")));
        });
    });
    group.finish();
    let _ = fs::remove_dir_all(&folder);
}

/// How long `resolve` takes for a file, how much memory it takes, and whether the lines stay in order.
fn resolve(criterion: &mut Criterion) {
    let messages = platform().join("messages.jsonl");
    let file = File::open(&messages)
        .unwrap_or_else(|error| panic!("{}: {error}: `make bench-host` makes it", messages.display()));
    let count = BufReader::new(file).lines().count() as u64;
    let mut peak: Option<f64> = None;
    let mut group = criterion.benchmark_group("command");
    // A run takes seconds: one is a sample.
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(1));
    group.throughput(Throughput::Elements(count));
    group.bench_function(BenchmarkId::new("resolve", count), |bencher| {
        bencher.iter_custom(|iterations| {
            let mut took = Duration::ZERO;
            for _ in 0..iterations {
                let begin = Instant::now();
                let child = command("resolve").arg(&messages).stdout(Stdio::null()).spawn().unwrap();
                let (status, memory) = peak_memory(child);
                took += begin.elapsed();
                assert!(status, "`callsign resolve` failed");
                peak = Some(peak.unwrap_or_default().max(memory));
            }
            took
        });
    });
    if let Some(peak) = peak {
        let checked = in_order(&messages);
        println!("resolve: {count} lines, {peak:.0} MiB at most; {checked} of them found in order");
        record::write("lines.json", &json!({"lines": count, "peak_mib": peak}));
    }
}

/// Looks whether decisions come in the order of their messages; gives how many it looked at.
fn in_order(messages: &Path) -> usize {
    let mut child = command("resolve").arg(messages).stdout(Stdio::piped()).spawn().unwrap();
    let decisions = BufReader::new(child.stdout.take().unwrap()).lines();
    let asked = BufReader::new(File::open(messages).unwrap()).lines();
    let mut checked = 0;
    for (asked, decision) in asked.zip(decisions).take(1_000_000) {
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["messageId"].clone();
        assert_eq!(id(&asked.unwrap()), id(&decision.unwrap()), "line {checked} is not in order");
        checked += 1;
    }
    // The rest of its output goes nowhere.
    child.kill().unwrap();
    child.wait().unwrap();
    checked
}

/// Waits for a process: whether it succeeded, and the most memory that it had, in MiB.
fn peak_memory(mut child: Child) -> (bool, f64) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    loop {
        if let Some(ended) = child.try_wait().unwrap() {
            return (ended.success(), peak);
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok()) {
            peak = kib / 1024.0;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = explain, resolve }
criterion_main!(benches);
