//! What a pin takes on the disk of PostgreSQL, by table and index. Settings of the server come from
//! `CALLSIGN_POSTGRES_SETTINGS`, with `;` between them.

use std::time::Duration;

use callsign_sticky::{PostgresStore, StickyStore, Write};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};

use callsign_test_servers::postgres::{Server, options, schema};

use crate::callers::Callers;
use crate::{key, sender};

const PINS: u64 = 1_000_000;
const CALLERS: usize = 16;
const BATCH: u64 = 256;
/// How long callers insert for each of ten samples.
const SAMPLE: Duration = Duration::from_millis(500);

pub(crate) fn figures(criterion: &mut Criterion) {
    let server = Server::start();
    let schema = schema();
    let store = PostgresStore::connect(&server.address(), options(&schema)).unwrap();
    let insert = |call| pin(&store, call * BATCH, BATCH);
    let callers = Callers::new(CALLERS, SAMPLE, &insert);
    let mut group = criterion.benchmark_group("servers/postgres");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).throughput(Throughput::Elements(BATCH));
    group.bench_function(BenchmarkId::new(format!("insert/{CALLERS}-callers"), BATCH), |bencher| {
        bencher.iter_custom(|iterations| callers.time(iterations));
    });
    // As many as there are to be, so that sizes of two runs can be compared.
    let done = callers.calls() * BATCH;
    (done..PINS.max(done)).step_by(BATCH as usize).for_each(|first| pin(&store, first, BATCH));
    let pins: f64 = server.sql(&format!("SELECT count(*) FROM {schema}.pins")).parse().unwrap();
    server.sql("CHECKPOINT");
    let sizes = format!(
        "SELECT i.relkind::text || ' ' || regexp_replace(i.relname::text, '_[0-9]+', ''),
                round(sum(pg_relation_size(i.oid)) / {pins}, 1)
        FROM pg_class i JOIN pg_namespace n ON n.oid = i.relnamespace
        WHERE n.nspname = '{schema}' AND i.relname LIKE 'pins%' AND i.relkind IN ('r', 'i') GROUP BY 1 ORDER BY 1"
    );
    println!("postgres: {pins} pins, bytes a pin (r is the table, i an index)\n{}", server.sql(&sizes));
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
