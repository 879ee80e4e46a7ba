//! How many instructions a decision takes: a figure that a busy machine does not change.
//!
//! It runs itself under callgrind, which counts what happens inside [`counted`] and nothing else.
//!
//! - `cargo bench -p callsign-host --bench instructions` prints the figures.
//! - `make instructions` holds them against `benches/instructions.json`, in the profile that the tests are built with, and
//!   fails where one has grown by more than 5 %. `make instructions RENEW=1` stores them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod record;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use callsign::{Bound, Gateway, Limits, MemoryStore, Policy};
use serde_json::json;

/// What is counted.
const CASES: [&str; 6] = ["native", "single", "batch64", "sticky native", "sticky single", "sticky batch64"];

/// How many decisions of each are counted, a multiple of 64.
const DECISIONS: usize = 4_096;

/// By how much a figure may grow, in per cent, before it is a fault; one that shrinks by as much wants to be stored.
const TOLERANCE: f64 = 5.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--count") {
        CASES.into_iter().for_each(count);
        return ExitCode::SUCCESS;
    }
    let found = instructions();
    for case in CASES {
        println!("{case:16} {:8.0} instructions a decision", found[case]);
    }
    if has("--record") {
        let rows: Vec<_> = CASES.iter().map(|case| json!({"what": case, "instructions": found[case]})).collect();
        record::write("instructions.json", &json!({ "rows": rows }));
    }
    let stored = record::folder().join("../../benches/instructions.json");
    if has("--renew") {
        let rounded: BTreeMap<&str, u64> = found.iter().map(|(&case, &count)| (case, count.round() as u64)).collect();
        fs::write(&stored, serde_json::to_string_pretty(&rounded).unwrap() + "\n").unwrap();
    }
    if has("--check") { check(&stored, &found) } else { ExitCode::SUCCESS }
}

/// Compares with the stored figures.
fn check(stored: &Path, found: &BTreeMap<&str, f64>) -> ExitCode {
    let stored: BTreeMap<String, f64> = serde_json::from_str(&fs::read_to_string(stored).unwrap()).unwrap();
    let mut slower = false;
    for (case, &count) in found {
        let before = stored[*case];
        let change = 100.0 * (count - before) / before;
        if change > TOLERANCE {
            slower = true;
            eprintln!("{case}: {count:.0} instructions a decision, {change:.1} % more than the {before:.0} of benches/instructions.json");
        } else if change < -TOLERANCE {
            eprintln!("{case}: {:.1} % fewer instructions: store them with `make instructions RENEW=1`", -change);
        }
    }
    if slower {
        eprintln!("where that is meant, store the new figures with `make instructions RENEW=1` and say why in the commit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The instructions of a decision of each case, as callgrind counts them: it writes a file whenever [`counted`] returns.
fn instructions() -> BTreeMap<&'static str, f64> {
    let folder = record::folder().join("callgrind");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted*", "--dump-after=*counted*"])
        .arg(format!("--callgrind-out-file={}/out", folder.display()))
        .arg(env::current_exe().unwrap())
        .arg("--count")
        .output()
        .expect("valgrind is needed: apt-get install valgrind");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let of = |number: usize| {
        let file = fs::read_to_string(folder.join(format!("out.{number}"))).unwrap();
        let totals = file.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
        totals.trim().parse::<f64>().unwrap() / DECISIONS as f64
    };
    let found = CASES.into_iter().zip((1..).map(of)).collect();
    fs::remove_dir_all(&folder).unwrap();
    found
}

/// Makes the decisions of a case, after everything that is kept is in place.
fn count(case: &str) {
    let (sticky, way) = match case.strip_prefix("sticky ") {
        Some(way) => (true, way),
        None => (false, case),
    };
    let recipients = world::recipients(DECISIONS);
    let messages = world::messages(&recipients);
    // Time is slower in there.
    let mut limits = Limits::default();
    limits.deadline = Duration::from_secs(600);
    let policy = Policy::standard().unwrap().with_limits(limits);
    let gateway = Gateway::with(world::catalog(1_000, sticky), policy, Arc::new(MemoryStore::new())).unwrap();
    let mut native = gateway.native();
    let mut decide: Box<dyn FnMut()> = match way {
        "native" => Box::new(|| {
            for message in &messages {
                black_box(native.resolve(message));
            }
        }),
        "single" => Box::new(|| {
            for message in &messages {
                black_box(gateway.resolve(message));
            }
        }),
        _ => Box::new(|| {
            for batch in messages.chunks_exact(64) {
                black_box(gateway.resolve_batch(batch));
            }
        }),
    };
    for _ in 0..3 {
        decide();
    }
    counted(&mut decide);
    assert!(gateway.resolve(&messages[0]).get().sender().is_some(), "{:?}", gateway.resolve(&messages[0]));
    assert_eq!(gateway.failures(&Bound::Platform), Some(0));
}

/// What callgrind counts.
#[inline(never)]
fn counted(decide: &mut dyn FnMut()) {
    decide();
}
