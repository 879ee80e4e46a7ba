//! What a decision costs, from `Message` to `Decision`: natively, through the component one by one, in batches of 64 and of 256,
//! and with a fresh instance for every call; recorded in a decision log; with pools of 10, 1,000 and 100,000 senders.
//!
//! `cargo bench -p callsign --bench decision`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod machine;
mod record;
mod world;

use std::hint::black_box;
use std::sync::Arc;

use callsign::{Catalog, Gateway, Isolation, MemoryStore, Message, Policy};
use callsign_tests::decision_log::TemporaryLog;
use callsign_turns::Turns;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const POOLS: [usize; 3] = [10, 1_000, 100_000];
const BATCH: usize = 64;
const LARGE_BATCH: usize = 256;

fn decisions(criterion: &mut Criterion) {
    record::write("machine.json", &machine::machine());
    let recipients = world::recipients(4_096);
    let messages = world::messages(&recipients);
    for (name, sticky) in [("decision", false), ("decision/sticky", true)] {
        let mut group = criterion.benchmark_group(name);
        for senders in POOLS {
            let catalog = world::catalog(senders, sticky);
            let warm = ready(catalog.clone(), Isolation::default(), &messages);
            let log = TemporaryLog::roomy();
            let recorded = ready(catalog.clone(), Isolation::default(), &messages);
            recorded.record_to(Arc::clone(&log.recorder));
            let fresh = ready(catalog, Isolation::Fresh, &messages);
            let mut native = warm.native();
            for message in messages.iter().cycle().take(3 * messages.len()) {
                black_box(native.resolve(message));
            }
            let id = |function: &str| BenchmarkId::new(function, senders);
            let mut next = [0; 4].map(|_: i32| messages.iter().cycle());
            let [of_native, of_warm, of_recorded, of_fresh] = &mut next;
            let mut batches = messages.chunks_exact(BATCH).cycle();
            let mut large_batches = messages.chunks_exact(LARGE_BATCH).cycle();
            let mut recorded_batches = batches.clone();
            let mut turns = Turns::new();
            turns.add(id("native"), 1, || {
                black_box(native.resolve(of_native.next().unwrap()));
            });
            turns.add(id("resolve/warm"), 1, || warm.resolve(of_warm.next().unwrap()));
            turns.add(id("resolve_batch/64"), BATCH as u64, || warm.resolve_batch(batches.next().unwrap()));
            turns
                .add(id("resolve_batch/256"), LARGE_BATCH as u64, || warm.resolve_batch(large_batches.next().unwrap()));
            turns.add(id("resolve/recorded"), 1, || recorded.resolve(of_recorded.next().unwrap()));
            turns.add(id("resolve_batch/64/recorded"), BATCH as u64, || {
                recorded.resolve_batch(recorded_batches.next().unwrap())
            });
            turns.add(id("resolve/fresh"), 1, || fresh.resolve(of_fresh.next().unwrap()));
            turns.measure(&mut group);
        }
    }
}

/// A gateway that has everything in place that it keeps, and a pin for every recipient.
fn ready(catalog: Catalog, isolation: Isolation, messages: &[Message<'_>]) -> Gateway {
    let policy = Policy::standard().unwrap().with_isolation(isolation);
    let gateway = Gateway::with(catalog, policy, Arc::new(MemoryStore::new())).unwrap();
    for message in messages.iter().cycle().take(3 * messages.len()) {
        assert!(gateway.resolve(message).get().sender().is_some());
    }
    gateway
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = decisions }
criterion_main!(benches);
