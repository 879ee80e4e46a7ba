//! What a decision costs, from `Message` to `Decision`: natively, through the component one by one, in batches of 64, and
//! with a fresh instance for every call; with pools of 10, 1,000 and 100,000 senders.
//!
//! `cargo bench -p callsign --bench decision [-- --quick]`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod machine;
mod record;
mod timing;
mod world;

use std::hint::black_box;
use std::sync::Arc;

use callsign::{Gateway, Isolation, MemoryStore, Policy};
use serde_json::{Value, json};

use timing::{Measured, Work};

const POOLS: [usize; 3] = [10, 1_000, 100_000];

/// What is measured, in words.
const ROWS: [(&str, &str); 4] = [
    ("native", "native Rust, the same logic"),
    ("single", "`Gateway::resolve`, warm"),
    ("batch64", "`Gateway::resolve_batch` of 64, a decision"),
    ("fresh", "`Gateway::resolve`, a fresh instance for every call"),
];

fn main() {
    let mut rows = Vec::new();
    println!("| nanoseconds a decision (times native), with pools of | 10 | 1,000 | 100,000 senders |");
    println!("| --- | --- | --- | --- |");
    for sticky in [false, true] {
        let measured: Vec<Vec<Measured>> = POOLS.iter().map(|&senders| measure(senders, sticky)).collect();
        for (row, (what, words)) in ROWS.into_iter().enumerate() {
            let cell = |of: &Vec<Measured>| format!("{:.0} ({:.1})", of[row].median, of[row].median / of[0].median);
            let cells: Vec<String> = measured.iter().map(cell).collect();
            println!("| {}{words} | {} |", if sticky { "sticky: " } else { "" }, cells.join(" | "));
            rows.extend(POOLS.iter().zip(&measured).map(|(senders, of)| -> Value {
                let Measured { median, low, high } = of[row];
                json!({"what": what, "sticky": sticky, "senders": senders, "nanoseconds": median, "low": low, "high": high})
            }));
        }
    }
    record::write("decision.json", &json!({ "rows": rows }));
    record::write("machine.json", &machine::machine());
}

/// Nanoseconds a decision, in the order of [`ROWS`].
fn measure(senders: usize, sticky: bool) -> Vec<Measured> {
    let recipients = world::recipients(4_096);
    let messages = world::messages(&recipients);
    let catalog = world::catalog(senders, sticky);
    let with = |policy: Policy| Gateway::with(catalog.clone(), policy, Arc::new(MemoryStore::new())).unwrap();
    let warm = with(Policy::standard().unwrap());
    let fresh = with(Policy::standard().unwrap().with_isolation(Isolation::Fresh));
    let mut native = warm.native();
    // Everything that is kept is in place, and every recipient is pinned, before anything is measured.
    for message in messages.iter().cycle().take(3 * messages.len()) {
        black_box(warm.resolve(message));
        black_box(native.resolve(message));
    }
    let mut next = [0; 3].map(|_: i32| messages.iter().cycle());
    let [of_native, of_warm, of_fresh] = &mut next;
    let mut batches = messages.chunks_exact(64).cycle();
    timing::measure(&mut [
        Work::new(1, || {
            black_box(native.resolve(of_native.next().unwrap()));
        }),
        Work::new(1, || {
            black_box(warm.resolve(of_warm.next().unwrap()));
        }),
        Work::new(64, || {
            black_box(warm.resolve_batch(batches.next().unwrap()));
        }),
        Work::new(1, || {
            black_box(fresh.resolve(of_fresh.next().unwrap()));
        }),
    ])
}
