//! Prints what `cargo bench --bench decision` measured last as a table: nanoseconds, and ratios to native.

#![allow(missing_docs, reason = "a program")]

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

const POOLS: [&str; 3] = ["10", "1000", "100000"];

/// Group, function, messages a measurement, in words.
const ROWS: [(&str, &str, f64, &str); 8] = [
    ("decision", "native", 1.0, "native Rust, the same logic"),
    ("decision", "single", 1.0, "`Gateway::resolve`, warm"),
    ("decision", "batch64", 64.0, "`Gateway::resolve_batch` of 64, a decision"),
    ("decision", "fresh", 1.0, "`Gateway::resolve`, a fresh instance for every call"),
    ("decision_sticky", "native", 1.0, "sticky: native"),
    ("decision_sticky", "single", 1.0, "sticky: `resolve`, warm"),
    ("decision_sticky", "batch64", 64.0, "sticky: `resolve_batch` of 64, a decision"),
    ("decision_sticky", "fresh", 1.0, "sticky: a fresh instance for every call"),
];

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/criterion");
    println!("| nanoseconds a decision (times native), with pools of | 10 | 1,000 | 100,000 senders |");
    println!("| --- | --- | --- | --- |");
    for (group, function, messages, words) in ROWS {
        let mut cells = Vec::new();
        for pool in POOLS {
            let (Some(own), Some(native)) =
                (median(&root, group, function, pool), median(&root, group, "native", pool))
            else {
                eprintln!("nothing measured for {group}/{function}/{pool}: run `cargo bench --bench decision` first");
                return ExitCode::FAILURE;
            };
            let own = own / messages;
            cells.push(format!("{own:.0} ({:.1})", own / native));
        }
        println!("| {words} | {} |", cells.join(" | "));
    }
    ExitCode::SUCCESS
}

/// The median of a benchmark, in nanoseconds.
fn median(root: &Path, group: &str, function: &str, pool: &str) -> Option<f64> {
    let file = root.join(group).join(function).join(pool).join("new/estimates.json");
    let estimates: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
