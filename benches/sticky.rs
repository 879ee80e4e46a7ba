//! Pins read and inserted a second by each store, with 1 and 64 callers, in batches of 1 and 256; what a pin takes on the
//! disk; how long opening takes.
//!
//! `cargo bench -p callsign-sticky --bench sticky` (`PINS=10000000` for more pins than 1,000,000 in the embedded store)

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_destination::Number;
use callsign_sticky::{
    Channel, EmbeddedOptions, EmbeddedStore, Filter, MemoryStore, PinKey, PinScope, PinnedSender, Recipient,
    StickyStore, Write,
};

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
    for first in (0..KNOWN).step_by(1_000) {
        let writes: Vec<_> = (first..first + 1_000).map(|index| Write::insert(key(index), sender)).collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    }
    // New keys for every insert, of all rows.
    let fresh = AtomicU64::new(1_000_000_000);
    for callers in [1, 64] {
        for batch in [1, 256] {
            let reads = rate(callers, |call| {
                let keys: Vec<_> = (0..batch).map(|at| key((call * batch + at) * 7_919 % KNOWN)).collect();
                assert!(store.read(&keys).into_iter().all(|answer| answer.unwrap().is_some()));
            });
            let inserts = rate(callers, |_| {
                let first = fresh.fetch_add(batch, Ordering::Relaxed);
                let writes: Vec<_> = (first..first + batch).map(|index| Write::insert(key(index), sender)).collect();
                assert!(store.write(&writes).into_iter().all(|answer| answer.unwrap().is_none()));
            });
            let batch = batch as f64;
            println!("| {name} | {callers} | {batch} | {:.0} | {:.0} |", reads * batch, inserts * batch);
        }
    }
}

/// What single reads cost, of pins in memory and of pins on the disk.
fn single(store: &EmbeddedStore, pins: u64) {
    let hot: Vec<_> = (0..1_000).map(key).collect();
    let cold: Vec<_> = (0..200_000).map(|read| key(2_000_000_000 + read * 7_919 % pins)).collect();
    let each = |keys: &[PinKey<'_>], times: u32| {
        let began = Instant::now();
        for _ in 0..times {
            assert!(keys.iter().all(|key| store.get(key).unwrap().is_some()));
        }
        began.elapsed().as_nanos() as f64 / f64::from(times) / keys.len() as f64
    };
    each(&hot, 10);
    println!("embedded: a hot pin {:.0} ns, a pin from the disk {:.0} ns", each(&hot, 1_000), each(&cold, 1));
}

fn main() {
    println!("| store | callers | batch | pins read a second | pins inserted a second |");
    println!("| --- | --- | --- | --- | --- |");
    measure("memory", &MemoryStore::new());
    let path = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from).join("callsign-bench-pins");
    let _ = std::fs::remove_dir_all(&path);
    let store = EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    measure("embedded", &store);

    let pins: u64 = std::env::var("PINS").map_or(1_000_000, |text| text.parse().unwrap());
    let before = (store.count(&Filter::All).unwrap(), store.disk_space().unwrap().unwrap());
    let began = Instant::now();
    for first in (0..pins).step_by(4_096) {
        let senders: Vec<String> = (0..50).map(|sender| format!("N{sender}")).collect();
        let indexes = first..(first + 4_096).min(pins);
        let writes: Vec<_> = indexes
            .map(|index| Write::insert(key(2_000_000_000 + index), PinnedSender::new(&senders[index as usize % 50])))
            .collect();
        assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    }
    println!("\nembedded: {pins} pins inserted in {:.1} s by one caller", began.elapsed().as_secs_f64());
    single(&store, pins);
    drop(store);
    let began = Instant::now();
    let store = EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    let opened = began.elapsed();
    let pins = before.0 + pins;
    let bytes = store.disk_space().unwrap().unwrap();
    println!(
        "embedded: {pins} pins open in {:.0} ms, {:.0} bytes a pin on the disk",
        opened.as_secs_f64() * 1e3,
        bytes as f64 / pins as f64
    );
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();
}
