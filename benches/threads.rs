//! Decisions of several threads on one gateway: as it is, and with the counters of the threads in one cache line, to show what
//! false sharing would cost here.
//!
//! `cargo bench -p callsign --bench threads [-- --quick]`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod record;
mod world;

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use callsign::Gateway;
use crossbeam_utils::CachePadded;
use serde_json::json;

/// The counters of up to 16 threads, and how far apart they are.
enum Counters {
    Apart(Vec<CachePadded<AtomicU64>>),
    Together(Vec<AtomicU64>),
}

impl Counters {
    fn of(&self, thread: usize) -> &AtomicU64 {
        match self {
            Self::Apart(counters) => &counters[thread],
            Self::Together(counters) => &counters[thread],
        }
    }
}

/// How the threads decide.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    AsItIs,
    /// Their counters are in one line.
    Shared,
    /// Each with a native policy of its own: what the machine has to give.
    Native,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::AsItIs => "as it is",
            Self::Shared => "one line shared on purpose",
            Self::Native => "native, nothing is shared",
        }
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, length) = if quick { (5, Duration::from_millis(200)) } else { (9, Duration::from_secs(1)) };
    let gateway = Gateway::new(world::catalog(1_000, false)).unwrap();
    let cores = thread::available_parallelism().map_or(1, usize::from).min(16);
    let mut rows = Vec::new();
    let mut measured = Vec::new();
    for threads in (0..).map(|power| 1 << power).take_while(|&threads| threads <= cores) {
        for kind in [Kind::AsItIs, Kind::Shared, Kind::Native] {
            measured.push((threads, kind, Vec::new()));
        }
    }
    // In turns, so that what else the machine does falls on all of them.
    for _ in 0..rounds {
        for (threads, kind, rates) in &mut measured {
            rates.push(rate(&gateway, *threads, *kind, length));
        }
    }
    for (threads, kind, mut rates) in measured {
        rates.sort_by(f64::total_cmp);
        let rate = rates[rates.len() / 2];
        let kind = kind.words();
        println!("{threads:3} threads, {kind:30} {rate:12.0} decisions a second");
        rows.push(json!({"threads": threads, "kind": kind, "per_second": rate}));
    }
    record::write("threads.json", &json!({ "rows": rows }));
}

/// Decisions a second of so many threads together.
fn rate(gateway: &Gateway, threads: usize, kind: Kind, length: Duration) -> f64 {
    let counters = match kind != Kind::Shared {
        true => Counters::Apart((0..threads).map(|_| CachePadded::default()).collect()),
        false => Counters::Together((0..threads).map(|_| AtomicU64::default()).collect()),
    };
    let (barrier, stop) = (Barrier::new(threads + 1), AtomicBool::new(false));
    thread::scope(|scope| {
        for thread in 0..threads {
            let (barrier, stop, counter) = (&barrier, &stop, counters.of(thread));
            scope.spawn(move || {
                let recipients = world::recipients(4_096);
                let messages = world::messages(&recipients);
                let mut native = gateway.native();
                let mut decide = |message| match kind {
                    Kind::Native => drop(black_box(native.resolve(message).sender().is_some())),
                    _ => drop(black_box(gateway.resolve(message))),
                };
                messages.iter().for_each(&mut decide);
                barrier.wait();
                for message in messages.iter().cycle() {
                    decide(message);
                    counter.fetch_add(1, Ordering::Relaxed);
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        barrier.wait();
        let begin = Instant::now();
        let before: u64 = (0..threads).map(|thread| counters.of(thread).load(Ordering::Relaxed)).sum();
        thread::sleep(length);
        let after: u64 = (0..threads).map(|thread| counters.of(thread).load(Ordering::Relaxed)).sum();
        let rate = (after - before) as f64 / begin.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        rate
    })
}
