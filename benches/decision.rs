//! What a decision costs, from `Message` to `Decision`: natively, through the component one by one, in batches of 64, and
//! with a fresh instance for every call; with pools of 10, 1,000 and 100,000 senders.
//!
//! `cargo bench -p callsign-host --bench decision`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod world;

use std::hint::black_box;
use std::sync::Arc;

use callsign::{Gateway, Isolation, MemoryStore, Policy};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const POOLS: [usize; 3] = [10, 1_000, 100_000];

fn decisions(criterion: &mut Criterion) {
    let recipients = world::recipients(4_096);
    let messages = world::messages(&recipients);
    let warm = Arc::new(Policy::standard().unwrap());
    let fresh = Arc::new(Policy::standard().unwrap().with_isolation(Isolation::Fresh));
    for sticky in [false, true] {
        let mut group = criterion.benchmark_group(if sticky { "decision/sticky" } else { "decision" });
        for senders in POOLS {
            let catalog = world::catalog(senders, sticky);
            let with = |policy: &Arc<Policy>| {
                Gateway::with(catalog.clone(), Arc::clone(policy), Arc::new(MemoryStore::new())).unwrap()
            };
            let gateway = with(&warm);
            let mut native = gateway.native();
            // Everything that is kept is in place, and every recipient is pinned, before anything is measured.
            for message in messages.iter().cycle().take(3 * messages.len()) {
                black_box(gateway.resolve(message));
                black_box(native.resolve(message));
            }
            let mut next = messages.iter().cycle();
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new("native", senders), |bencher| {
                bencher.iter(|| {
                    black_box(native.resolve(next.next().unwrap()));
                });
            });
            group.bench_function(BenchmarkId::new("single", senders), |bencher| {
                bencher.iter(|| black_box(gateway.resolve(next.next().unwrap())));
            });
            let mut batches = messages.chunks_exact(64).cycle();
            group.throughput(Throughput::Elements(64));
            group.bench_function(BenchmarkId::new("batch64", senders), |bencher| {
                bencher.iter(|| black_box(gateway.resolve_batch(batches.next().unwrap())));
            });
            let gateway = with(&fresh);
            black_box(gateway.resolve(&messages[0]));
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new("fresh", senders), |bencher| {
                bencher.iter(|| black_box(gateway.resolve(next.next().unwrap())));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
