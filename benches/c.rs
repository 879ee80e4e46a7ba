//! What a decision costs through the C library, beside the same decision in Rust: one by one, and in batches of 64.
//!
//! `cargo bench -p callsign-c --bench c`. With `--count` it runs itself under callgrind, which counts the instructions of both.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

#[path = "c/caller.rs"]
mod caller;

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use callsign::{Gateway, MemoryStore, Policy};
use callsign_tests::pool::{catalog, messages, recipients};
use callsign_turns::Turns;
use criterion::{BenchmarkId, Criterion, criterion_group};

use self::caller::Caller;

const SENDERS: usize = 1_000;
const BATCH: usize = 64;
/// How many decisions are counted.
const DECISIONS: usize = 4_096;

fn decisions(criterion: &mut Criterion) {
    let recipients = recipients(DECISIONS);
    let messages = messages(&recipients);
    for (name, sticky) in [("c", false), ("c/sticky", true)] {
        let mut group = criterion.benchmark_group(name);
        let gateway = gateway(sticky);
        let mut singles = Caller::new(&catalog(SENDERS, sticky), &messages);
        let mut batches = Caller::new(&catalog(SENDERS, sticky), &messages);
        for message in messages.iter().cycle().take(3 * DECISIONS) {
            black_box(gateway.resolve(message));
        }
        (0..3 * DECISIONS).for_each(|index| singles.resolve(index % DECISIONS));
        (0..3 * DECISIONS / BATCH).for_each(|index| batches.resolve_batch(index * BATCH % DECISIONS, BATCH));
        let id = |function: &str| BenchmarkId::new(function, SENDERS);
        let mut of_rust = messages.iter().cycle();
        let mut of_rust_batches = messages.chunks_exact(BATCH).cycle();
        let mut of_c = (0..DECISIONS).cycle();
        let mut of_c_batches = (0..DECISIONS).step_by(BATCH).cycle();
        let mut turns = Turns::new();
        turns.add(id("resolve/rust"), 1, || gateway.resolve(of_rust.next().unwrap()));
        turns.add(id("resolve/c"), 1, || singles.resolve(of_c.next().unwrap()));
        turns.add(id("resolve_batch/64/rust"), BATCH as u64, || gateway.resolve_batch(of_rust_batches.next().unwrap()));
        turns
            .add(id("resolve_batch/64/c"), BATCH as u64, || batches.resolve_batch(of_c_batches.next().unwrap(), BATCH));
        turns.measure(&mut group);
    }
}

fn gateway(sticky: bool) -> Gateway {
    Gateway::with(catalog(SENDERS, sticky), Policy::standard().unwrap(), Arc::new(MemoryStore::new())).unwrap()
}

#[inline(never)]
fn counted_rust(decide: &mut dyn FnMut()) {
    decide();
    black_box("rust");
}

#[inline(never)]
fn counted_c(decide: &mut dyn FnMut()) {
    decide();
    black_box("c");
}

/// What callgrind counts.
fn count() {
    let recipients = recipients(DECISIONS);
    let messages = messages(&recipients);
    let gateway = gateway(false);
    let mut rust = || {
        for message in &messages {
            black_box(gateway.resolve(message));
        }
    };
    let mut caller = Caller::new(&catalog(SENDERS, false), &messages);
    let mut c = || (0..DECISIONS).for_each(|index| caller.resolve(index));
    (0..3).for_each(|_| rust());
    counted_rust(&mut rust);
    (0..3).for_each(|_| c());
    counted_c(&mut c);
}

/// Counts the instructions of a decision in Rust and through the C library.
fn instructions() {
    let file = std::env::temp_dir().join(format!("callsign-c-{}.out", std::process::id()));
    let text = |mut command: Command| {
        let output = command.output().expect("valgrind is needed: apt-get install valgrind");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mut run = Command::new("valgrind");
    run.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted*"]);
    run.arg(format!("--callgrind-out-file={}", file.display()));
    run.arg(std::env::current_exe().unwrap()).arg("--counted");
    text(run);
    let mut annotate = Command::new("callgrind_annotate");
    annotate.args(["--inclusive=yes", "--threshold=100", "--show-percs=no"]).arg(&file);
    let functions = text(annotate);
    std::fs::remove_file(file).unwrap();
    for name in ["counted_rust", "counted_c"] {
        let line = functions.lines().find(|line| line.contains(name)).unwrap();
        let count: f64 = line.split_whitespace().next().unwrap().replace(',', "").parse().unwrap();
        println!("{name:12} {:8.0} instructions a decision", count / DECISIONS as f64);
    }
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = decisions }

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    match () {
        () if has("--counted") => count(),
        () if has("--count") => instructions(),
        () => benches(),
    }
}
