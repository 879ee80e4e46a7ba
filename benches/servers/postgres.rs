//! What a pin takes on the disk of PostgreSQL, by table and index. Settings of the server come from
//! `CALLSIGN_POSTGRES_SETTINGS`, with `;` between them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use callsign_sticky::{PostgresStore, StickyStore, Write};

use super::{key, sender};
use callsign_test_servers::postgres::{Server, options, schema};

const PINS: u64 = 1_000_000;
const CALLERS: usize = 16;
const BATCH: u64 = 256;

pub(super) fn figures() {
    let server = Server::start();
    let schema = schema();
    let store = PostgresStore::connect(&server.address(), options(&schema)).unwrap();
    let (next, began) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while let first = next.fetch_add(BATCH, Ordering::Relaxed)
                    && first < PINS
                {
                    pin(&store, first, BATCH);
                }
            });
        }
    });
    let took = began.elapsed();
    let pins: f64 = server.sql(&format!("SELECT count(*) FROM {schema}.pins")).parse().unwrap();
    let rate = pins / took.as_secs_f64();
    println!("postgres: {pins} pins inserted, {rate:.0} a second, {CALLERS} callers, batches of {BATCH}");
    server.sql("CHECKPOINT");
    let sizes = format!(
        "SELECT i.relkind::text || ' ' || regexp_replace(i.relname::text, '_[0-9]+', ''),
                round(sum(pg_relation_size(i.oid)) / {pins}, 1)
        FROM pg_class i JOIN pg_namespace n ON n.oid = i.relnamespace
        WHERE n.nspname = '{schema}' AND i.relname LIKE 'pins%' AND i.relkind IN ('r', 'i') GROUP BY 1 ORDER BY 1"
    );
    println!("postgres: bytes a pin (r is the table, i an index)\n{}", server.sql(&sizes));
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
