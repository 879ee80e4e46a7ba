//! What the store does in a second and keeps on disk. Prints; run it as
//! `cargo test --release -p callsign-sticky --test sticky postgres::figures -- --ignored --nocapture`. Settings of the
//! server come from `CALLSIGN_POSTGRES_SETTINGS`, with `;` between them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_sticky::{PostgresStore, StickyStore, Write};

use super::server::{Server, options, schema};
use crate::conformance::{key, sender};

const PINS: u64 = 1_000_000;

#[test]
#[ignore = "prints figures, for a minute or two"]
fn figures() {
    let server = Server::start();
    let schema = schema();
    let store = PostgresStore::connect(&server.address(), options(&schema)).unwrap();
    let next = AtomicU64::new(0);
    let seconds = measure(
        16,
        || pin(&store, next.fetch_add(256, Ordering::Relaxed), 256),
        |_| next.load(Ordering::Relaxed) < PINS,
    );
    let pins: f64 = server.sql(&format!("SELECT count(*) FROM {schema}.pins")).parse().unwrap();
    println!("loaded {pins} pins, {:.0} a second, 16 callers, batches of 256", pins / seconds.1.as_secs_f64());
    server.sql("CHECKPOINT");
    let sizes = "SELECT i.relkind::text || ' ' || regexp_replace(i.relname::text, '_[0-9]+', ''), round(sum(pg_relation_size(i.oid)) / {pins}, 1)
        FROM pg_class i JOIN pg_namespace n ON n.oid = i.relnamespace
        WHERE n.nspname = '{schema}' AND i.relname LIKE 'pins%' AND i.relkind IN ('r', 'i') GROUP BY 1 ORDER BY 1";
    println!("bytes a pin:\n{}", server.sql(&sizes.replace("{pins}", &pins.to_string()).replace("{schema}", &schema)));
    for (callers, batch) in [(1, 1), (64, 1), (1, 256), (64, 256)] {
        let random = AtomicU64::new(1);
        let pick = || random.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) % (PINS - 256);
        let reads = a_second(callers, batch, || read(&store, pick(), batch));
        let inserts = a_second(callers, batch, || pin(&store, next.fetch_add(batch, Ordering::Relaxed), batch));
        let decisions = a_second(callers, batch, || {
            let first = next.fetch_add(batch, Ordering::Relaxed);
            read(&store, first, batch);
            pin(&store, first, batch);
        });
        println!(
            "{callers:2} callers, batches of {batch:3}: {reads:7.0} reads, {inserts:7.0} inserts, {decisions:7.0} decisions \
             (a read and an insert) a second"
        );
    }
}

fn read(store: &PostgresStore, first: u64, batch: u64) {
    let keys: Vec<_> = (first..first + batch).map(|index| key("figures", shuffled(index))).collect();
    store.read(&keys).into_iter().for_each(|answer| assert!(answer.is_ok()));
}

fn pin(store: &PostgresStore, first: u64, batch: u64) {
    let ids: Vec<String> = (0..20).map(|id| format!("sender-{id}")).collect();
    let pins = |index: u64| Write::insert(key("figures", shuffled(index)), sender(&ids[(index % 20) as usize]));
    store
        .write(&(first..first + batch).map(pins).collect::<Vec<_>>())
        .into_iter()
        .for_each(|answer| assert_eq!(answer.unwrap(), None));
}

/// Recipients in no order, as they come, each once: an index grows everywhere. All steps can be undone in 23 bits.
fn shuffled(index: u64) -> u64 {
    let mut mixed = index;
    for factor in [0x5bd1e995, 0x1b873593, 0x2c1b3c6d] {
        mixed ^= mixed >> 11;
        mixed = mixed * factor % (1 << 23);
    }
    mixed
}

/// Items a second, over three seconds.
fn a_second(callers: usize, batch: u64, call: impl Fn() + Sync) -> f64 {
    let (calls, took) = measure(callers, call, |began| began.elapsed() < Duration::from_secs(3));
    (calls * batch) as f64 / took.as_secs_f64()
}

fn measure(callers: usize, call: impl Fn() + Sync, goes_on: impl Fn(Instant) -> bool + Sync) -> (u64, Duration) {
    let (calls, began) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while goes_on(began) {
                    call();
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (calls.into_inner(), began.elapsed())
}
