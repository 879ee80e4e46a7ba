//! What people wait for at the command line: `callsign resolve` on many lines, and the start of `callsign explain`.
//!
//! `cargo bench -p callsign-cli --bench command -- FOLDER [--quick]`; FOLDER has a platform as `examples/platform` makes it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a program that says what it measured, or ends")]

mod record;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const CALLSIGN: &str = env!("CARGO_BIN_EXE_callsign");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let folder = arguments.iter().find(|argument| !argument.starts_with("--")).expect("FOLDER: a generated platform");
    let folder = PathBuf::from(folder);
    let catalog = folder.join("catalog.json");
    starts(&catalog, if quick { 11 } else { 41 });
    lines(&catalog, &folder.join("messages.jsonl"));
}

fn command(words: &[&str], catalog: &Path) -> Command {
    let mut command = Command::new(CALLSIGN);
    command.args(words).arg("--catalog").arg(catalog).stderr(Stdio::null());
    command
}

/// How long `explain` takes from a cold process: with the code that an earlier one compiled, and without.
fn starts(catalog: &Path, rounds: usize) {
    let cache = std::env::temp_dir().join(format!("callsign-start-{}", std::process::id()));
    let explain = |cache: &Path| {
        let begin = Instant::now();
        let mut command = command(&["explain"], catalog);
        command.args(["--application", "shop", "--entity", "acme-parcels", "--to", "+14155550123"]);
        let output = command.env("CALLSIGN_CACHE", cache).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty());
        begin.elapsed().as_secs_f64() * 1e3
    };
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let first = median((0..rounds / 4).map(|round| explain(&cache.join(format!("first-{round}")))).collect());
    let warm = cache.join("warm");
    explain(&warm);
    let cached = median((0..rounds).map(|_| explain(&warm)).collect());
    fs::remove_dir_all(&cache).unwrap();
    println!("explain, compiled code cached: {cached:.1} ms; first ever: {first:.1} ms");
    let rows = json!([
        {"what": "explain, compiled code cached", "median_ms": cached},
        {"what": "explain, first ever", "median_ms": first},
    ]);
    record::write("start.json", &json!({ "rows": rows }));
}

/// How many lines a second `resolve` decides, how much memory it takes, and whether they stay in order.
fn lines(catalog: &Path, messages: &Path) {
    let count = BufReader::new(File::open(messages).unwrap()).lines().count();
    let begin = Instant::now();
    let mut resolve = command(&["resolve"], catalog);
    let child = resolve.arg(messages).stdout(Stdio::null()).spawn().unwrap();
    let peak = peak_memory(child);
    let per_second = count as f64 / begin.elapsed().as_secs_f64();

    let mut resolve = command(&["resolve"], catalog);
    let mut child = resolve.arg(messages).stdout(Stdio::piped()).spawn().unwrap();
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

    println!(
        "resolve: {count} lines at {per_second:.0} a second, {peak:.0} MiB at most; {checked} of them found in order"
    );
    record::write("lines.json", &json!({"rows": [{"lines": count, "per_second": per_second, "peak_mib": peak}]}));
}

/// Waits for a process; the most memory that it had, in MiB.
fn peak_memory(mut child: Child) -> f64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    loop {
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success());
            return peak;
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok()) {
            peak = kib / 1024.0;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
