//! Decisions of several threads on one gateway: as it is, and with the counters of the threads in as few cache lines as they fit in, to
//! show what false sharing would cost here.
//!
//! `cargo bench -p callsign --bench threads` measures 1, 2, 4 and so on up to all cores of the machine, and all of them.
//! `THREADS=N` measures up to N threads instead.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod world;

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use callsign::Gateway;
use callsign_turns::Turns;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use crossbeam_utils::CachePadded;

/// The counters of the threads, and how far apart they are.
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
    /// By the gateway, each with a counter in a cache line of its own.
    Gateway,
    /// By the gateway, with the counters of eight threads in one cache line.
    SharedLine,
    /// Each with a native policy of its own: what the machine has to give.
    Native,
}

const KINDS: [(&str, Kind); 3] =
    [("gateway", Kind::Gateway), ("shared-line", Kind::SharedLine), ("native", Kind::Native)];

/// How many decisions an iteration has, so that the start of the threads costs little beside it.
const DECISIONS: u64 = 100_000;

fn threads(criterion: &mut Criterion) {
    let gateway = Gateway::new(world::catalog(1_000, false)).unwrap();
    let mut turns = Turns::new();
    for threads in counts(most()) {
        for (name, kind) in KINDS {
            let gateway = &gateway;
            let mut per_second = rate(gateway, threads, kind, Duration::from_millis(50));
            turns.add_timed(BenchmarkId::new(name, threads), DECISIONS, move |iterations| {
                // As long as these decisions took before: were a count to end the threads, the slowest of them would be
                // measured.
                let decisions = (iterations * DECISIONS) as f64;
                per_second = rate(gateway, threads, kind, Duration::from_secs_f64(decisions / per_second));
                Duration::from_secs_f64(decisions / per_second)
            });
        }
    }
    turns.measure(&mut criterion.benchmark_group("threads"));
}

/// How many threads there are at most.
fn most() -> usize {
    match std::env::var("THREADS") {
        Ok(wanted) if !wanted.is_empty() => wanted
            .parse()
            .ok()
            .filter(|&most| most > 0)
            .unwrap_or_else(|| panic!("THREADS={wanted} is no number from 1")),
        _ => thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The powers of two up to a number of threads, and that number.
fn counts(most: usize) -> Vec<usize> {
    let mut counts: Vec<usize> =
        (0..usize::BITS).map(|power| 1 << power).take_while(|&threads| threads < most).collect();
    counts.push(most);
    counts
}

/// Decisions a second of so many threads together.
fn rate(gateway: &Gateway, threads: usize, kind: Kind, length: Duration) -> f64 {
    let counters = match kind != Kind::SharedLine {
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

/// Ten samples of 0.9 s for each number of threads and each kind.
fn config() -> Criterion {
    callsign_turns::criterion().sample_size(10).measurement_time(Duration::from_secs(9))
}

criterion_group! { name = benches; config = config(); targets = threads }
criterion_main!(benches);
