//! Pins read and inserted by each store, with 1 and 64 callers, in batches of 1 and 256; what a pin takes on the
//! disk; how long opening takes. A decision reads its pin and inserts it, as the first message to a recipient does.
//! PostgreSQL and a Redis cluster of six are started on loopback for this, and share the machine with the callers.
//!
//! `cargo bench -p callsign-sticky --bench sticky`; `PINS=10000000` for more than 1,000,000 pins in the embedded store,
//! `STORES=embedded` for one of memory, embedded, postgres, redis.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

mod callers;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callers::Callers;
use callsign_destination::Number;
use callsign_sticky::{
    Channel, EmbeddedOptions, EmbeddedStore, MemoryStore, PinKey, PinScope, PinnedSender, Recipient, RedisOptions,
    StickyStore, Write,
};
use callsign_test_servers::{postgres, redis};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

/// How long callers call for each of ten samples.
const SAMPLE: Duration = Duration::from_millis(250);
/// Keys that reads are made of, all of them pinned.
const KNOWN: u64 = 200_000;
/// How many pins are written at once where a store is filled.
const LOAD: u64 = 4_096;
const SENDER: &str = "N1";

fn key(index: u64) -> PinKey<'static> {
    let number = Number::parse_e164(&format!("+1{:010}", 2_000_000_000 + index)).unwrap();
    PinKey::new(PinScope::new("bench", None), Channel::Sms, Recipient::Number(number))
}

fn measure(criterion: &mut Criterion, name: &str, store: &dyn StickyStore) {
    let sender = PinnedSender::new(SENDER);
    let known: Vec<_> = (0..KNOWN).map(key).collect();
    for keys in known.chunks(1_000) {
        let writes: Vec<_> = keys.iter().map(|&key| Write::insert(key, sender)).collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    }
    // New keys for every insert, of all benchmarks.
    let fresh = AtomicU64::new(1_000_000_000);
    let fresh = |batch: u64| {
        let first = fresh.fetch_add(batch, Ordering::Relaxed);
        (first..first + batch).map(key).collect::<Vec<_>>()
    };
    let insert = |keys: &[PinKey<'_>]| {
        let writes: Vec<_> = keys.iter().map(|&key| Write::insert(key, sender)).collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.unwrap().is_none()));
    };
    let mut group = criterion.benchmark_group(format!("sticky/{name}"));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for count in [1, 64] {
        for batch in [1, 256] {
            let read = |call: u64| {
                let first = (call * batch * 7_919 % (KNOWN - batch)) as usize;
                let keys = &known[first..first + batch as usize];
                assert!(store.read(keys).into_iter().all(|answer| answer.unwrap().is_some()));
            };
            let decide = |_: u64| {
                let keys = fresh(batch);
                assert!(store.read(&keys).into_iter().all(|answer| answer.unwrap().is_none()));
                insert(&keys);
            };
            let calls: [(&str, &(dyn Fn(u64) + Sync)); 3] =
                [("read", &read), ("insert", &|_| insert(&fresh(batch))), ("decide", &decide)];
            for (what, call) in calls {
                let callers = Callers::new(count, SAMPLE, call);
                group.throughput(Throughput::Elements(batch));
                group.bench_function(BenchmarkId::new(format!("{what}/{count}-callers"), batch), |bencher| {
                    bencher.iter_custom(|iterations| callers.time(iterations));
                });
            }
        }
    }
}

fn stores(criterion: &mut Criterion) {
    let wanted = std::env::var("STORES").unwrap_or_else(|_| "memory embedded postgres redis".into());
    let wanted = |name: &str| wanted.split([' ', ',']).any(|wanted| wanted == name);
    if wanted("memory") {
        measure(criterion, "memory", &MemoryStore::new());
    }
    if wanted("postgres") {
        measure(criterion, "postgres", &postgres::Server::start().store());
    }
    if wanted("redis") {
        let cluster = redis::Cluster::start(redis::Setup::default());
        measure(criterion, "redis", &cluster.store(RedisOptions::default()));
    }
    if wanted("embedded") {
        let path = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let path = path.join("callsign-bench-pins");
        let _ = std::fs::remove_dir_all(&path);
        measure(criterion, "embedded", &EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap());
        std::fs::remove_dir_all(&path).unwrap();
        many(criterion, path);
    }
}

/// What many pins cost in the embedded store: to write, on the disk, in memory, to open and to read.
fn many(criterion: &mut Criterion, path: PathBuf) {
    let pins: u64 = std::env::var("PINS").map_or(1_000_000, |text| text.parse().unwrap());
    let open = || EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    let senders: Vec<String> = (0..5_000).map(|sender| format!("N{sender}")).collect();
    let store = open();
    let began = Instant::now();
    for first in (0..pins).step_by(LOAD as usize) {
        let writes: Vec<_> = (first..(first + LOAD).min(pins))
            .map(|index| Write::insert(key(index), PinnedSender::new(&senders[index as usize % senders.len()])))
            .collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    }
    println!("embedded: {pins} pins inserted in {:.1} s by one caller", began.elapsed().as_secs_f64());
    drop(store);

    let mut group = criterion.benchmark_group("sticky/embedded");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    let store = RefCell::new(Some(open()));
    group.throughput(Throughput::Elements(1)).bench_function(BenchmarkId::new("open", pins), |bencher| {
        bencher.iter_custom(|iterations| {
            let mut took = Duration::ZERO;
            for _ in 0..iterations {
                // Closed outside of the time: one process has it open at a time.
                drop(store.take());
                let began = Instant::now();
                let opened = open();
                took += began.elapsed();
                store.replace(Some(opened));
            }
            took
        });
    });
    // As it is after it was opened.
    drop(store.take());
    let store = open();
    println!(
        "embedded: {pins} pins, {:.1} bytes a pin on the disk, {} MiB of memory",
        store.disk_space().unwrap().unwrap() as f64 / pins as f64,
        memory() >> 20
    );
    // No pin from the disk is read twice: a second is enough for some 300,000 of them.
    group.measurement_time(Duration::from_secs(1));
    let (mut hot, mut cold, mut absent) = (0, 0, 0);
    let indexes: [(&str, bool, &mut dyn FnMut() -> u64); 3] = [
        ("get-from-memory", true, &mut || following(&mut hot) % 1_000),
        ("get-from-disk", true, &mut || 1_000 + following(&mut cold) * 7_919 % (pins - 1_000)),
        ("get-absent", false, &mut || 3_000_000_000 + following(&mut absent)),
    ];
    for (what, pinned, next) in indexes {
        group.bench_function(BenchmarkId::new(what, pins), |bencher| {
            bencher.iter_custom(|iterations| gets(&store, iterations, pinned, next));
        });
    }
    println!("embedded: {} MiB of memory with its caches full", memory() >> 20);
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();
}

fn following(taken: &mut u64) -> u64 {
    *taken += 1;
    *taken - 1
}

/// How long so many single reads take.
fn gets(store: &EmbeddedStore, reads: u64, pinned: bool, next: &mut dyn FnMut() -> u64) -> Duration {
    let mut took = Duration::ZERO;
    for first in (0..reads).step_by(1_000) {
        let keys: Vec<_> = (first..reads.min(first + 1_000)).map(|_| key(next())).collect();
        let began = Instant::now();
        assert!(keys.iter().all(|key| store.get(key).unwrap().is_some() == pinned));
        took += began.elapsed();
    }
    took
}

/// Resident bytes of this process.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = stores }
criterion_main!(benches);
