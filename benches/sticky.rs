//! Pins read and inserted a second by each store, with 1 and 64 callers, in batches of 1 and 256; what a pin takes on the
//! disk; how long opening takes. A decision reads its pin and inserts it, as the first message to a recipient does.
//! PostgreSQL and a Redis cluster of six are started on loopback for this, and share the machine with the callers.
//!
//! `cargo bench -p callsign-sticky --bench sticky`; `PINS=10000000` for more than 1,000,000 pins in the embedded store,
//! `STORES=embedded` for one of memory, embedded, postgres, redis.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_destination::Number;
use callsign_sticky::{
    Channel, EmbeddedOptions, EmbeddedStore, MemoryStore, PinKey, PinScope, PinnedSender, Recipient, RedisOptions,
    StickyStore, Write,
};
use callsign_test_servers::{postgres, redis};

/// How long each row is measured.
const WHILE: Duration = Duration::from_secs(3);
/// Keys that reads are made of, all of them pinned.
const KNOWN: u64 = 200_000;
const SENDER: &str = "N1";

fn key(index: u64) -> PinKey<'static> {
    let number = Number::parse_e164(&format!("+1{:010}", 2_000_000_000 + index)).unwrap();
    PinKey::new(PinScope::new("bench", None), Channel::Sms, Recipient::Number(number))
}

/// Calls a second of so many callers.
fn rate(callers: usize, call: impl Fn(u64) + Sync) -> f64 {
    let (stop, calls, next) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    call(next.fetch_add(1, Ordering::Relaxed));
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(WHILE);
        stop.store(true, Ordering::Relaxed);
    });
    calls.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

fn measure(name: &str, store: &dyn StickyStore) {
    let sender = PinnedSender::new(SENDER);
    let known: Vec<_> = (0..KNOWN).map(key).collect();
    for keys in known.chunks(1_000) {
        let writes: Vec<_> = keys.iter().map(|&key| Write::insert(key, sender)).collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    }
    // New keys for every insert, of all rows.
    let fresh = AtomicU64::new(1_000_000_000);
    let fresh = |batch: u64| {
        let first = fresh.fetch_add(batch, Ordering::Relaxed);
        (first..first + batch).map(key).collect::<Vec<_>>()
    };
    let insert = |keys: &[PinKey<'_>]| {
        let writes: Vec<_> = keys.iter().map(|&key| Write::insert(key, sender)).collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.unwrap().is_none()));
    };
    for callers in [1, 64] {
        for batch in [1, 256] {
            let reads = rate(callers, |call| {
                let first = (call * batch * 7_919 % (KNOWN - batch)) as usize;
                let keys = &known[first..first + batch as usize];
                assert!(store.read(keys).into_iter().all(|answer| answer.unwrap().is_some()));
            });
            let inserts = rate(callers, |_| insert(&fresh(batch)));
            let decisions = rate(callers, |_| {
                let keys = fresh(batch);
                assert!(store.read(&keys).into_iter().all(|answer| answer.unwrap().is_none()));
                insert(&keys);
            });
            let each = |rate: f64| (rate * batch as f64).round() as u64;
            println!("| {name} | {callers} | {batch} | {} | {} | {} |", each(reads), each(inserts), each(decisions));
        }
    }
}

/// What single reads cost, of pins in memory and of pins on the disk.
fn single(store: &EmbeddedStore, pins: u64) {
    let hot: Vec<_> = (0..1_000).map(key).collect();
    let cold: Vec<_> = (0..100_000).map(|read| key(1_000 + read * 7_919 % (pins - 1_000))).collect();
    let each = |keys: &[PinKey<'_>], times: u32| {
        let began = Instant::now();
        for _ in 0..times {
            assert!(keys.iter().all(|key| store.get(key).unwrap().is_some()));
        }
        began.elapsed().as_nanos() as f64 / f64::from(times) / keys.len() as f64
    };
    each(&hot, 10);
    println!("embedded: a hot pin {:.0} ns, a pin from the disk {:.0} ns", each(&hot, 1_000), each(&cold, 1));
    let unknown: Vec<_> = (0..100_000).map(|index| key(3_000_000_000 + index)).collect();
    let began = Instant::now();
    assert!(unknown.iter().all(|key| store.get(key).unwrap().is_none()));
    println!("embedded: a recipient without a pin {:.0} ns", began.elapsed().as_nanos() as f64 / 1e5);
}

fn main() {
    let wanted = std::env::var("STORES").unwrap_or_else(|_| "memory embedded postgres redis".into());
    let wanted = |name: &str| wanted.split([' ', ',']).any(|wanted| wanted == name);
    println!("| store | callers | batch | pins read a second | pins inserted a second | decisions a second |");
    println!("| --- | --- | --- | --- | --- | --- |");
    if wanted("memory") {
        measure("memory", &MemoryStore::new());
    }
    if wanted("postgres") {
        measure("postgres", &postgres::Server::start().store());
    }
    if wanted("redis") {
        let cluster = redis::Cluster::start(redis::Setup::default());
        measure("redis", &cluster.store(RedisOptions::default()));
    }
    if wanted("embedded") {
        embedded();
    }
}

fn embedded() {
    let path = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from).join("callsign-bench-pins");
    let _ = std::fs::remove_dir_all(&path);
    let store = EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    measure("embedded", &store);
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();

    let pins: u64 = std::env::var("PINS").map_or(1_000_000, |text| text.parse().unwrap());
    let store = EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    let senders: Vec<String> = (0..5_000).map(|sender| format!("N{sender}")).collect();
    let began = Instant::now();
    for first in (0..pins).step_by(4_096) {
        let indexes = first..(first + 4_096).min(pins);
        let writes: Vec<_> = indexes
            .map(|index| Write::insert(key(index), PinnedSender::new(&senders[index as usize % senders.len()])))
            .collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    }
    println!("\nembedded: {pins} pins inserted in {:.1} s by one caller", began.elapsed().as_secs_f64());
    drop(store);
    let began = Instant::now();
    let store = EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    let opened = began.elapsed();
    println!(
        "embedded: {pins} pins open in {:.0} ms, {:.1} bytes a pin on the disk, {} MiB of memory",
        opened.as_secs_f64() * 1e3,
        store.disk_space().unwrap().unwrap() as f64 / pins as f64,
        memory() >> 20
    );
    single(&store, pins);
    println!("embedded: {} MiB of memory with its caches full", memory() >> 20);
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();
}

/// Resident bytes of this process.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
