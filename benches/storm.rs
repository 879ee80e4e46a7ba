//! What callers notice of changes: the latency of `Gateway::resolve` in peace, while the catalog changes a hundred times a
//! second and the policy is swapped once a second, and while it is swapped every millisecond.
//!
//! `cargo bench -p callsign --bench storm [-- --quick]`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod record;
mod world;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callsign::{Binding, BindingTarget, Edit, Gateway, List, Policy};
use serde_json::json;
use serde_json::value::to_raw_value;

/// What of the latencies is written down, in per cent.
const PERCENTILES: [f64; 7] = [50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 99.999];

/// What goes on beside the decisions.
struct Storm {
    kind: &'static str,
    /// The pause after each change of the catalog, and after each swap.
    change: Option<Duration>,
    swap: Option<Duration>,
}

const STORMS: [Storm; 3] = [
    Storm { kind: "quiet", change: None, swap: None },
    Storm {
        kind: "100 changes and a swap a second",
        change: Some(Duration::from_millis(10)),
        swap: Some(Duration::from_secs(1)),
    },
    Storm { kind: "a swap every millisecond", change: None, swap: Some(Duration::from_millis(1)) },
];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let length = Duration::from_secs(if quick { 2 } else { 8 });
    let gateway = Gateway::new(world::catalog(1_000, false)).unwrap();
    let recipients = world::recipients(4_096);
    let mut rows = Vec::new();
    for storm in &STORMS {
        let (latencies, changes, swaps) = measure(&gateway, &recipients, storm, length);
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

/// The latencies of decisions, ascending, and how many changes and swaps there were.
fn measure(gateway: &Gateway, recipients: &[String], storm: &Storm, length: Duration) -> (Vec<u64>, u64, u64) {
    let messages = world::messages(recipients);
    let versions = [Arc::new(Policy::standard().unwrap()), Arc::new(Policy::standard().unwrap())];
    let stop = AtomicBool::new(false);
    // Room beforehand: growing would be measured too.
    let mut latencies = Vec::with_capacity(8_000_000 * length.as_secs() as usize);
    let beside = |pause: Option<Duration>, act: &mut dyn FnMut(u64)| {
        let mut acts = 0;
        while let Some(pause) = pause
            && !stop.load(Ordering::Relaxed)
        {
            act(acts);
            acts += 1;
            std::thread::park_timeout(pause);
        }
        acts
    };
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            beside(storm.swap, &mut |swaps| {
                let version = Arc::clone(&versions[(swaps % 2) as usize]);
                gateway.swap(&BindingTarget::Platform, Binding::new(version)).unwrap();
            })
        });
        let changing = scope.spawn(|| {
            beside(storm.change, &mut |changes| {
                // Every second time the scope that is decided for: what policies keep of it is made anew.
                let catalog = gateway.revision();
                let edit = match changes % 2 {
                    0 => Edit::put_owned(List::Senders, sender(changes / 2)),
                    _ => Edit::put_owned(List::Entities, entity(changes)),
                };
                let catalog = catalog.catalog().edit(&[edit]).unwrap();
                gateway.replace_catalog(catalog).unwrap();
            })
        });
        let begin = Instant::now();
        while begin.elapsed() < length && latencies.len() + messages.len() <= latencies.capacity() {
            for message in &messages {
                let begin = Instant::now();
                black_box(gateway.resolve(message));
                latencies.push(begin.elapsed().as_nanos() as u64);
            }
        }
        stop.store(true, Ordering::Relaxed);
        swapping.thread().unpark();
        changing.thread().unpark();
        let (changes, swaps) = (changing.join().unwrap(), swapping.join().unwrap());
        latencies.sort_unstable();
        (latencies, changes, swaps)
    })
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
