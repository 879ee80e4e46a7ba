//! What callers notice of swaps: the latency of `Gateway::resolve` with none, and while a thread swaps and rolls back.
//!
//! `cargo bench -p callsign-host --bench storm`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod world;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callsign::{Binding, Bound, Gateway, Policy};

/// How many decisions are measured of each kind.
const DECISIONS: usize = 1_000_000;

fn main() {
    let gateway = Gateway::new(world::catalog(1_000, false)).unwrap();
    let recipients = world::recipients(4_096);
    println!("| latency of a decision, {DECISIONS} each | p50 | p99 | p99.9 | highest | swaps |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for pause in [None, Some(Duration::from_millis(1000)), Some(Duration::from_millis(1))] {
        let (mut latencies, swaps) = measure(&gateway, &recipients, pause);
        latencies.sort_unstable();
        let at = |per_mille: usize| latencies[(latencies.len() - 1) * per_mille / 1000];
        let what = match pause {
            None => "no swaps".to_owned(),
            Some(pause) => format!("a swap every {pause:?}"),
        };
        println!("| {what} | {} ns | {} ns | {} ns | {} ns | {swaps} |", at(500), at(990), at(999), at(1000));
    }
}

/// The latencies of decisions, with a swap after every pause, and how many swaps there were.
fn measure(gateway: &Gateway, recipients: &[String], pause: Option<Duration>) -> (Vec<u64>, u64) {
    let messages = world::messages(recipients);
    let versions = [Arc::new(Policy::standard().unwrap()), Arc::new(Policy::standard().unwrap())];
    let stop = AtomicBool::new(false);
    let mut latencies = Vec::with_capacity(DECISIONS);
    let mut swaps = 0;
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut swaps = 0u64;
            while let Some(pause) = pause
                && !stop.load(Ordering::Relaxed)
            {
                let version = Arc::clone(&versions[(swaps % 2) as usize]);
                gateway.swap(&Bound::Platform, Binding::new(version)).unwrap();
                swaps += 1;
                std::thread::park_timeout(pause);
            }
            swaps
        });
        for message in messages.iter().cycle().take(DECISIONS) {
            let begin = Instant::now();
            black_box(gateway.resolve(message));
            latencies.push(begin.elapsed().as_nanos() as u64);
        }
        stop.store(true, Ordering::Relaxed);
        swapping.thread().unpark();
        swaps = swapping.join().unwrap();
    });
    (latencies, swaps)
}
