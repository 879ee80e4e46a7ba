//! What callers notice of changes: the latency of `Gateway::resolve` in peace, while the catalog changes a hundred times a
//! second and the policy is swapped once a second, and while it is swapped every millisecond. Criterion has the mean of the
//! decisions; their percentiles are in `target/bench/storm.json`.
//!
//! `cargo bench -p callsign --bench storm`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod record;
mod world;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign::{Binding, BindingTarget, Edit, Gateway, List, Policy};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use serde_json::json;
use serde_json::value::to_raw_value;

/// What of the latencies is written down, in per cent.
const PERCENTILES: [f64; 7] = [50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 99.999];

/// How long each storm lasts.
const LASTS: Duration = Duration::from_secs(8);

/// The most latencies that are kept. More would not fit in the room that is made beforehand, and growing would be measured too.
const MOST: usize = 64_000_000;

/// What goes on beside the decisions.
struct Storm {
    /// Its part of the benchmark's name.
    id: &'static str,
    kind: &'static str,
    /// The pause after each change of the catalog, and after each swap.
    change: Option<Duration>,
    swap: Option<Duration>,
}

const STORMS: [Storm; 3] = [
    Storm { id: "quiet", kind: "quiet", change: None, swap: None },
    Storm {
        id: "changes-and-swaps",
        kind: "100 changes and a swap a second",
        change: Some(Duration::from_millis(10)),
        swap: Some(Duration::from_secs(1)),
    },
    Storm { id: "swaps", kind: "a swap every millisecond", change: None, swap: Some(Duration::from_millis(1)) },
];

fn storms(criterion: &mut Criterion) {
    let gateway = Gateway::new(world::catalog(1_000, false)).unwrap();
    let recipients = world::recipients(4_096);
    let messages = world::messages(&recipients);
    let mut group = criterion.benchmark_group("storm");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(1));
    let mut rows = Vec::new();
    for storm in &STORMS {
        let mut latencies = Vec::with_capacity(MOST);
        let mut next = messages.iter().cycle();
        let (changes, swaps) = beside(&gateway, storm, || {
            group.bench_function(storm.id, |bencher| {
                bencher.iter_custom(|iterations| {
                    let begin = Instant::now();
                    for _ in 0..iterations {
                        let message = next.next().unwrap();
                        let begin = Instant::now();
                        black_box(gateway.resolve(message));
                        let took = begin.elapsed().as_nanos() as u64;
                        if latencies.len() < MOST {
                            latencies.push(took);
                        }
                    }
                    begin.elapsed()
                });
            });
        });
        if latencies.is_empty() {
            // Left out by a filter.
            continue;
        }
        latencies.sort_unstable();
        let at = |percent: f64| latencies[((latencies.len() - 1) as f64 * percent / 100.0).round() as usize];
        let percentiles: Vec<(f64, u64)> = PERCENTILES.iter().map(|&percent| (percent, at(percent))).collect();
        println!("{} decisions, {changes} changes, {swaps} swaps: {}", latencies.len(), storm.kind);
        for (percent, nanoseconds) in &percentiles {
            println!("    p{percent:<8} {nanoseconds:10} ns");
        }
        rows.push(json!({"kind": storm.kind, "percentiles": percentiles, "changes": changes, "swaps": swaps}));
    }
    record::write("storm.json", &json!({ "rows": rows }));
}

/// Does something in a storm; how many changes and swaps there were.
fn beside(gateway: &Gateway, storm: &Storm, decide: impl FnOnce()) -> (u64, u64) {
    let versions = [Arc::new(Policy::standard().unwrap()), Arc::new(Policy::standard().unwrap())];
    let stop = AtomicBool::new(false);
    let repeat = |pause: Option<Duration>, count: &AtomicU64, act: &dyn Fn(u64)| {
        while let Some(pause) = pause
            && !stop.load(Ordering::Relaxed)
        {
            act(count.fetch_add(1, Ordering::Relaxed));
            std::thread::park_timeout(pause);
        }
    };
    let (changes, swaps) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            repeat(storm.swap, &swaps, &|swaps| {
                let version = Arc::clone(&versions[(swaps % 2) as usize]);
                gateway.swap(&BindingTarget::Platform, Binding::new(version)).unwrap();
            });
        });
        let changing = scope.spawn(|| {
            repeat(storm.change, &changes, &|changes| {
                // Every second time the scope that is decided for: what policies keep of it is made anew.
                let catalog = gateway.revision();
                let edit = match changes % 2 {
                    0 => Edit::put_owned(List::Senders, sender(changes / 2)),
                    _ => Edit::put_owned(List::Entities, entity(changes)),
                };
                let catalog = catalog.catalog().edit(&[edit]).unwrap();
                gateway.replace_catalog(catalog).unwrap();
            });
        });
        decide();
        stop.store(true, Ordering::Relaxed);
        swapping.thread().unpark();
        changing.thread().unpark();
    });
    (changes.into_inner(), swaps.into_inner())
}

/// A sender of the pool, suspended and active by turns.
fn sender(turn: u64) -> Box<serde_json::value::RawValue> {
    let status = if turn.is_multiple_of(2) { "SUSPENDED" } else { "ACTIVE" };
    to_raw_value(&json!({"senderId": "S00000001", "sender": "+12132000001", "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}], "status": status}))
    .unwrap()
}

/// An entity that nothing is known of but its name.
fn entity(turn: u64) -> Box<serde_json::value::RawValue> {
    to_raw_value(&json!({"entityId": "acme", "entityName": format!("Acme {turn}")})).unwrap()
}

criterion_group! { name = benches; config = callsign_turns::criterion().measurement_time(LASTS); targets = storms }
criterion_main!(benches);
