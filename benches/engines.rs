//! Which engine keeps pins on the disk: fjall, a log-structured merge tree, or redb, a B-tree. The same layout in both (a
//! key of 33 bytes, a value of 18, an index by sender), filled with `PINS` pins (default 1,000,000), then groups of 64
//! durable inserts and random reads.
//!
//! `cargo bench -p callsign-sticky --bench engines`, or `PINS=10000000 cargo bench ...`

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use redb::ReadableDatabase;

/// How many are loaded at once.
const LOAD: u64 = 50_000;
/// How many wait together in a group.
const GROUP: u64 = 64;
/// Memory for blocks, in both.
const CACHE: u64 = 256 << 20;

type Key = [u8; 33];
type Entry = [u8; 41];

fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One of 500 scopes, SMS, a hashed recipient.
fn key(index: u64) -> Key {
    let mut key = [0; 33];
    let scope = random(index) % 500;
    key[..8].copy_from_slice(&random(scope).to_be_bytes());
    key[8..16].copy_from_slice(&random(scope + 1_000).to_be_bytes());
    key[17..25].copy_from_slice(&random(index + (1 << 40)).to_be_bytes());
    key[25..].copy_from_slice(&random(index + (1 << 50)).to_be_bytes());
    key
}

/// One of 5,000 senders.
fn entry(index: u64, key: &Key) -> Entry {
    let mut entry = [0; 41];
    entry[..8].copy_from_slice(&random(index % 5_000 + (1 << 60)).to_be_bytes());
    entry[8..].copy_from_slice(key);
    entry
}

const VALUE: [u8; 18] = [7; 18];

trait Engine: Sized {
    const NAME: &str;
    fn open(path: &Path) -> Self;
    /// Inserts the pins of a range in one durable commit.
    fn insert(&self, range: std::ops::Range<u64>);
    fn read(&self, key: &Key) -> bool;
}

struct Redb(redb::Database);

const PINS: redb::TableDefinition<'_, &[u8; 33], &[u8; 18]> = redb::TableDefinition::new("pins");
const BY_SENDER: redb::TableDefinition<'_, &[u8; 41], ()> = redb::TableDefinition::new("by-sender");

impl Engine for Redb {
    const NAME: &str = "redb";

    fn open(path: &Path) -> Self {
        Self(redb::Builder::new().set_cache_size(CACHE as usize).create(path.join("pins.redb")).unwrap())
    }

    fn insert(&self, range: std::ops::Range<u64>) {
        let write = self.0.begin_write().unwrap();
        {
            let (mut pins, mut by_sender) = (write.open_table(PINS).unwrap(), write.open_table(BY_SENDER).unwrap());
            for index in range {
                let key = key(index);
                pins.insert(&key, &VALUE).unwrap();
                by_sender.insert(&entry(index, &key), ()).unwrap();
            }
        }
        write.commit().unwrap();
    }

    fn read(&self, key: &Key) -> bool {
        let read = self.0.begin_read().unwrap();
        let pins = read.open_table(PINS).unwrap();
        pins.get(key).unwrap().is_some()
    }
}

struct Fjall {
    database: fjall::Database,
    pins: fjall::Keyspace,
    by_sender: fjall::Keyspace,
}

impl Engine for Fjall {
    const NAME: &str = "fjall";

    fn open(path: &Path) -> Self {
        let database = fjall::Database::builder(path).cache_size(CACHE).open().unwrap();
        let open = |name: &str| database.keyspace(name, fjall::KeyspaceCreateOptions::default).unwrap();
        Self { pins: open("pins"), by_sender: open("by-sender"), database }
    }

    fn insert(&self, range: std::ops::Range<u64>) {
        let mut batch = self.database.batch().durability(Some(fjall::PersistMode::SyncData));
        for index in range {
            let key = key(index);
            batch.insert(&self.pins, &key[..], &VALUE[..]);
            batch.insert(&self.by_sender, &entry(index, &key)[..], []);
        }
        batch.commit().unwrap();
    }

    fn read(&self, key: &Key) -> bool {
        self.pins.get(key).unwrap().is_some()
    }
}

fn bytes_of(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => bytes_of(&entry.path()),
            // What is allocated: both engines make files longer than what is in them.
            false => std::os::unix::fs::MetadataExt::blocks(&entry.metadata().unwrap()) * 512,
        })
        .sum()
}

/// Measures one engine after the other and not in turns: what fjall leaves to its threads would slow down redb.
fn measure<E: Engine>(criterion: &mut Criterion, pins: u64) {
    let path = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = path.join(format!("callsign-engines-{}", E::NAME));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    let engine = RefCell::new(Some(E::open(&path)));
    let next = Cell::new(0);
    let insert = |many: u64, once: u64| {
        let first = next.replace(next.get() + many);
        let engine = engine.borrow();
        let engine = engine.as_ref().expect("it is open");
        (first..first + many)
            .step_by(once as usize)
            .for_each(|first| engine.insert(first..(first + once).min(next.get())));
    };
    let mut group = criterion.benchmark_group(format!("engines/{}", E::NAME));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    // Each sample is a tenth of the pins, so that they are all there after the last.
    let tenth = pins.div_ceil(10);
    group.warm_up_time(Duration::from_nanos(1)).measurement_time(Duration::from_nanos(1));
    group.throughput(Throughput::Elements(tenth));
    group.bench_function("load", |bencher| bencher.iter(|| insert(tenth, LOAD)));
    // Those that a filter left out.
    insert(pins.saturating_sub(next.get()), LOAD);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(GROUP));
    group.bench_function(BenchmarkId::new("insert", GROUP), |bencher| bencher.iter(|| insert(GROUP, GROUP)));
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(1));
    let mut read = 0;
    group.bench_function("read", |bencher| {
        let engine = engine.borrow();
        let engine = engine.as_ref().expect("it is open");
        bencher.iter(|| {
            read += 1;
            assert!(engine.read(&key(random(read) % pins)));
        });
    });
    drop(engine.take());
    let bytes = bytes_of(&path) as f64 / next.get() as f64;
    println!("{}: {} pins, {bytes:.0} bytes a pin", E::NAME, next.get());
    group.bench_function("open", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut took = Duration::ZERO;
            for _ in 0..iterations {
                let began = Instant::now();
                let engine = E::open(&path);
                assert!(engine.read(&key(pins - 1)));
                took += began.elapsed();
            }
            took
        });
    });
    std::fs::remove_dir_all(&path).unwrap();
}

fn engines(criterion: &mut Criterion) {
    let pins = std::env::var("PINS").map_or(1_000_000, |text| text.parse().unwrap());
    println!("{pins} pins, an index by sender, {} MiB for blocks", CACHE >> 20);
    measure::<Redb>(criterion, pins);
    measure::<Fjall>(criterion, pins);
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = engines }
criterion_main!(benches);
