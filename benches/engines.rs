//! Which engine keeps pins on the disk: fjall, a log-structured merge tree, or redb, a B-tree. The same layout in both (a
//! key of 33 bytes, a value of 18, an index by sender), filled with `PINS` pins (default 1,000,000), then groups of 64
//! durable inserts and random reads.
//!
//! `cargo bench -p callsign-sticky --bench engines`, or `PINS=10000000 cargo bench ...`

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use redb::ReadableDatabase;

/// How long inserts are measured.
const WHILE: Duration = Duration::from_secs(5);
const READS: u64 = 200_000;
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

fn measure<E: Engine>(pins: u64) {
    let path = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = path.join(format!("callsign-engines-{}", E::NAME));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    let engine = E::open(&path);
    let began = Instant::now();
    for first in (0..pins).step_by(LOAD as usize) {
        engine.insert(first..(first + LOAD).min(pins));
    }
    let loaded = began.elapsed();
    let began = Instant::now();
    let mut next = pins;
    while began.elapsed() < WHILE {
        engine.insert(next..next + GROUP);
        next += GROUP;
    }
    let inserts = (next - pins) as f64 / began.elapsed().as_secs_f64();
    let began = Instant::now();
    assert!((0..READS).all(|read| engine.read(&key(random(read) % pins))));
    let read = began.elapsed() / READS as u32;
    drop(engine);
    let bytes = bytes_of(&path) as f64 / next as f64;
    let began = Instant::now();
    let engine = E::open(&path);
    assert!(engine.read(&key(pins - 1)));
    let opened = began.elapsed();
    println!(
        "| {} | {:.1} s | {inserts:.0} | {:.2} us | {bytes:.0} | {:.0} ms |",
        E::NAME,
        loaded.as_secs_f64(),
        read.as_nanos() as f64 / 1e3,
        opened.as_secs_f64() * 1e3
    );
    drop(engine);
    std::fs::remove_dir_all(&path).unwrap();
}

fn main() {
    let pins = std::env::var("PINS").map_or(1_000_000, |text| text.parse().unwrap());
    println!("{pins} pins, an index by sender, {} MiB for blocks", CACHE >> 20);
    println!("| engine | loaded in | durable inserts a second, groups of {GROUP} | read | bytes a pin | opened in |");
    println!("| --- | --- | --- | --- | --- | --- |");
    measure::<Redb>(pins);
    measure::<Fjall>(pins);
}
