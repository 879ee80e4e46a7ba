//! How many instructions a decision takes: a figure that a busy machine does not change.
//!
//! With one of its flags it runs itself under callgrind, which counts what happens inside the `counted_` functions and nothing
//! else. Without one, criterion says how long the same functions take.
//!
//! - `make instructions` holds them against `benches/instructions.json`, in the profile that the tests are built with, and
//!   fails where one has grown by more than 5 %. `make instructions RENEW=1` stores them.
//! - `cargo bench -p callsign --bench instructions -- --record` leaves them for the report.
//!
//! The profile stays: `callgrind_annotate target/bench/callgrind.out` says which functions the instructions are in.

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

use callsign::{BindingTarget, Gateway, Limits, MemoryStore, Policy};
use callsign_tests::decision_log::TemporaryLog;
use criterion::{Criterion, Throughput, criterion_group};
use serde_json::json;

/// What is counted.
struct Case {
    name: &'static str,
    sticky: bool,
    way: Way,
    /// The function that callgrind knows it by.
    function: &'static str,
    counted: fn(&mut dyn FnMut()),
}

#[derive(Clone, Copy)]
enum Way {
    Native,
    Single,
    Batch64,
    /// With a decision log.
    RecordedSingle,
    RecordedBatch64,
}

/// Cases, each with a function of its own.
macro_rules! cases {
    ($($name:literal, $sticky:literal, $way:ident, $function:ident;)*) => {
        const CASES: &[Case] = &[$(Case {
            name: $name,
            sticky: $sticky,
            way: Way::$way,
            function: concat!("::", stringify!($function)),
            counted: $function,
        }),*];
        $(
            #[inline(never)]
            fn $function(decide: &mut dyn FnMut()) {
                decide();
                // Functions that do the same would be made one.
                black_box($name);
            }
        )*
    };
}

cases! {
    "native", false, Native, counted_native;
    "single", false, Single, counted_single;
    "batch64", false, Batch64, counted_batch;
    "recorded single", false, RecordedSingle, counted_recorded_single;
    "recorded batch64", false, RecordedBatch64, counted_recorded_batch;
    "sticky native", true, Native, counted_sticky_native;
    "sticky single", true, Single, counted_sticky_single;
    "sticky batch64", true, Batch64, counted_sticky_batch;
}

/// How many decisions of each are counted, a multiple of 64.
const DECISIONS: usize = 4_096;

/// By how much a figure may grow, in per cent, before it is a fault; one that shrinks by as much wants to be stored.
const TOLERANCE: f64 = 5.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--count") {
        CASES.iter().for_each(count);
        return ExitCode::SUCCESS;
    }
    if !["--check", "--record", "--renew"].into_iter().any(has) {
        benches();
        return ExitCode::SUCCESS;
    }
    let found = instructions();
    for case in CASES {
        println!("{:16} {:8.0} instructions a decision", case.name, found[case.name]);
    }
    if has("--record") {
        let rows: Vec<_> =
            CASES.iter().map(|case| json!({"what": case.name, "instructions": found[case.name]})).collect();
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
            eprintln!(
                "{case}: {count:.0} instructions a decision, {change:.1} % more than the {before:.0} of benches/instructions.json"
            );
        } else if change < -TOLERANCE {
            eprintln!("{case}: {:.1} % fewer instructions: store them with `make instructions RENEW=1`", -change);
        }
    }
    if slower {
        eprintln!(
            "where that is meant, store the new figures with `make instructions RENEW=1` and say why in the commit"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The instructions of a decision of each case, as callgrind counts them.
fn instructions() -> BTreeMap<&'static str, f64> {
    let file = record::folder().join("callgrind.out");
    fs::create_dir_all(record::folder()).unwrap();
    let text = |mut command: Command| {
        let output = command.output().expect("valgrind is needed: apt-get install valgrind");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mut count = Command::new("valgrind");
    count.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted*"]);
    count.arg(format!("--callgrind-out-file={}", file.display()));
    count.arg(env::current_exe().unwrap()).arg("--count");
    text(count);
    let mut annotate = Command::new("callgrind_annotate");
    annotate.args(["--inclusive=yes", "--threshold=100", "--show-percs=no"]).arg(&file);
    let functions = text(annotate);
    let of = |name: &str| {
        let line = functions.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}"));
        let number = line.split_whitespace().next().unwrap().replace(',', "");
        number.parse::<f64>().unwrap() / DECISIONS as f64
    };
    CASES.iter().map(|case| (case.name, of(case.function))).collect()
}

/// Counts the decisions of a case, after everything that is kept is in place.
fn count(case: &Case) {
    with(case, |decide| {
        for _ in 0..3 {
            decide();
        }
        (case.counted)(decide);
    });
}

/// Times the decisions of all cases.
fn times(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("instructions");
    group.throughput(Throughput::Elements(DECISIONS as u64));
    for case in CASES {
        with(case, |decide| {
            group.bench_function(case.name.replace(' ', "/"), |bencher| bencher.iter(|| (case.counted)(&mut *decide)));
        });
    }
}

/// Gives the decisions of a case to somebody, and looks whether they were right.
fn with(case: &Case, somebody: impl FnOnce(&mut dyn FnMut())) {
    let recipients = world::recipients(DECISIONS);
    let messages = world::messages(&recipients);
    // Time is slower under callgrind.
    let mut limits = Limits::default();
    limits.deadline = Duration::from_secs(600);
    let policy = Policy::standard().unwrap().with_limits(limits);
    let gateway = Gateway::with(world::catalog(1_000, case.sticky), policy, Arc::new(MemoryStore::new())).unwrap();
    let log = matches!(case.way, Way::RecordedSingle | Way::RecordedBatch64).then(TemporaryLog::roomy);
    if let Some(log) = &log {
        gateway.record_to(Arc::clone(&log.recorder));
    }
    let mut native = gateway.native();
    let mut decide: Box<dyn FnMut()> = match case.way {
        Way::Native => Box::new(|| {
            for message in &messages {
                black_box(native.resolve(message));
            }
        }),
        Way::Single | Way::RecordedSingle => Box::new(|| {
            for message in &messages {
                black_box(gateway.resolve(message));
            }
        }),
        Way::Batch64 | Way::RecordedBatch64 => Box::new(|| {
            for batch in messages.chunks_exact(64) {
                black_box(gateway.resolve_batch(batch));
            }
        }),
    };
    somebody(&mut decide);
    assert!(gateway.resolve(&messages[0]).get().sender().is_some(), "{:?}", gateway.resolve(&messages[0]));
    assert_eq!(gateway.failures(&BindingTarget::Platform), Some(0));
    assert_eq!(log.map_or(0, |log| log.recorder.counters().dropped), 0, "what is dropped costs less");
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = times }
