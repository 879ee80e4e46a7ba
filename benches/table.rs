//! Prints what `cargo bench --bench decision` measured last as a table, nanoseconds and ratios to native, and writes it down
//! for the report, with the machine that it was measured on.

#![allow(missing_docs, clippy::unwrap_used, reason = "a program")]

mod record;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::{Value, json};

const POOLS: [u32; 3] = [10, 1_000, 100_000];

/// Function, messages a measurement, in words.
const ROWS: [(&str, f64, &str); 4] = [
    ("native", 1.0, "native Rust, the same logic"),
    ("single", 1.0, "`Gateway::resolve`, warm"),
    ("batch64", 64.0, "`Gateway::resolve_batch` of 64, a decision"),
    ("fresh", 1.0, "`Gateway::resolve`, a fresh instance for every call"),
];

fn main() -> ExitCode {
    let root = record::folder().join("../criterion");
    let mut rows = Vec::new();
    println!("| nanoseconds a decision (times native), with pools of | 10 | 1,000 | 100,000 senders |");
    println!("| --- | --- | --- | --- |");
    for (group, sticky) in [("decision", false), ("decision_sticky", true)] {
        for (function, messages, words) in ROWS {
            let mut cells = Vec::new();
            for pool in POOLS {
                let (Some(own), Some(native)) =
                    (measured(&root, group, function, pool), measured(&root, group, "native", pool))
                else {
                    eprintln!(
                        "nothing measured for {group}/{function}/{pool}: run `cargo bench --bench decision` first"
                    );
                    return ExitCode::FAILURE;
                };
                let [own, low, high] = own.map(|nanoseconds| nanoseconds / messages);
                cells.push(format!("{own:.0} ({:.1})", own / native[0]));
                rows.push(json!({"what": function, "sticky": sticky, "senders": pool, "nanoseconds": own, "low": low,
                    "high": high}));
            }
            println!("| {}{words} | {} |", if sticky { "sticky: " } else { "" }, cells.join(" | "));
        }
    }
    record::write("decision.json", &json!({ "rows": rows }));
    record::write("machine.json", &machine());
    ExitCode::SUCCESS
}

/// The median of a benchmark and its confidence interval, in nanoseconds.
fn measured(root: &Path, group: &str, function: &str, pool: u32) -> Option<[f64; 3]> {
    let file = root.join(group).join(function).join(pool.to_string()).join("new/estimates.json");
    let estimates: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let median = &estimates["median"];
    let interval = &median["confidence_interval"];
    Some([median["point_estimate"].as_f64()?, interval["lower_bound"].as_f64()?, interval["upper_bound"].as_f64()?])
}

/// What it was measured on.
fn machine() -> Value {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let lock = fs::read_to_string(record::folder().join("../../Cargo.lock")).unwrap_or_default();
    let wasmtime = lock.split("[[package]]").find(|package| package.contains("name = \"wasmtime\"\n"));
    let wasmtime = wasmtime.and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
    json!({
        "cpu": field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "memory_gib": memory.map(|kib| (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0),
        "os": said("uname", &["-sr"]),
        "rustc": said("rustc", &["--version"]).and_then(|text| text.split(' ').nth(1).map(str::to_owned)),
        "wasmtime": wasmtime,
        "callsign": env!("CARGO_PKG_VERSION"),
        "commit": said("git", &["rev-parse", "--short", "HEAD"]),
        "dirty": said("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty()),
        "date": said("date", &["-u", "+%Y-%m-%d"]),
        "quick": std::env::args().any(|argument| argument == "--quick"),
    })
}
