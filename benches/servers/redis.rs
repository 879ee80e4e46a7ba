//! What a decision costs on a Redis cluster, in time, in processor time, and with a replica waited for, what a pin takes of its memory,
//! and how long listings take.

use std::time::Duration;

use callsign_sticky::{Filter, PinKey, PinScope, StickyStore, Write, each_pin};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};

use callsign_test_servers::redis::{Cluster, Setup};

use crate::callers::Callers;
use crate::{application, key, number, options, sender};

/// How long callers call for each of ten samples.
const SAMPLE: Duration = Duration::from_millis(150);

/// The seconds of processor time that this process and the servers took so far. On a machine that does other things too they
/// say more than the clock.
fn processor(cluster: &Cluster) -> (f64, f64) {
    let seconds = |id: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    };
    (seconds("self"), cluster.servers.iter().map(|server| seconds(&server.id().to_string())).sum())
}

fn memory(cluster: &Cluster) -> u64 {
    let used = |index| {
        let info: String = cluster.ask(index, "INFO memory");
        info.lines().find_map(|line| line.strip_prefix("used_memory:")?.parse::<u64>().ok()).unwrap()
    };
    (0..3).map(used).sum()
}

pub(crate) fn figures(criterion: &mut Criterion) {
    reads_and_inserts(criterion);
    memory_and_listings_of_a_million_pins(criterion);
}

fn reads_and_inserts(criterion: &mut Criterion) {
    let cluster = Cluster::start(Setup::default());
    for (name, wait) in [("servers/redis", None), ("servers/redis-replica", Some((1, Duration::from_millis(500))))] {
        let mut options = options();
        options.wait_replicas = wait;
        let store = cluster.store(options);
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        for (count, batch) in [(1, 1), (64, 1), (1, 256), (4, 256), (64, 256)] {
            let app = application();
            let keys = |first| (first..first + batch).map(|index| key(&app, index)).collect::<Vec<PinKey<'_>>>();
            let write = |keys: &[PinKey<'_>]| {
                let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender("a"))).collect();
                assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
            };
            let read = |keys: &[PinKey<'_>]| assert!(store.read(keys).into_iter().all(|answer| answer.is_ok()));
            let decide = |call: u64| {
                let keys = keys(5_000_000 + call * batch);
                read(&keys);
                write(&keys);
            };
            let calls: [(&str, &(dyn Fn(u64) + Sync)); 3] = [
                ("insert", &|call| write(&keys(call * batch))),
                ("read", &|call| read(&keys(call * batch % 10_000))),
                ("decide", &decide),
            ];
            for (what, call) in calls {
                let callers = Callers::new(count, SAMPLE, call);
                let before = processor(&cluster);
                group.throughput(Throughput::Elements(batch));
                group.bench_function(BenchmarkId::new(format!("{what}/{count}-callers"), batch), |bencher| {
                    bencher.iter_custom(|iterations| callers.time(iterations));
                });
                let after = processor(&cluster);
                if callers.calls() > 0 {
                    let each = |before: f64, after: f64| (after - before) * 1e6 / (callers.calls() * batch) as f64;
                    let (here, servers) = (each(before.0, after.0), each(before.1, after.1));
                    println!("    processor time of each: {here:.1} us here, {servers:.1} us on the six servers");
                }
            }
        }
    }
}

fn memory_and_listings_of_a_million_pins(criterion: &mut Criterion) {
    const PINS: u64 = 1_000_000;
    let cluster = Cluster::start(Setup { replicas: 0, ..Setup::default() });
    for idle_days in [0, 90] {
        let (store, app) = (cluster.store(options()), application());
        let senders: Vec<String> = (0..100).map(|index| format!("sender-{index}")).collect();
        let before = memory(&cluster);
        for first in (0..PINS).step_by(1_000) {
            let write = |index: u64| {
                Write::insert(key(&app, index), sender(&senders[index as usize % 100])).idle_days(idle_days)
            };
            let writes: Vec<Write<'_>> = (first..first + 1_000).map(write).collect();
            assert!(store.write(&writes).into_iter().all(|answer| answer.unwrap().is_none()));
        }
        let bytes = (memory(&cluster) - before) as f64 / PINS as f64;
        println!("idle days {idle_days}: {bytes:.0} bytes a pin on its master");
        let mut group = criterion.benchmark_group("servers/redis/list");
        // A listing of everything takes seconds: one is a sample.
        group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(1));
        let (scope, one, recipient) = (
            Filter::Scope(PinScope::new(&app, None)),
            Filter::Sender(sender("sender-7")),
            Filter::Recipient(number(77)),
        );
        let list = |filter: &Filter<'_>| each_pin(&store, filter, |_| Ok(())).unwrap();
        let listings: [(&str, &dyn Fn() -> u64); 6] = [
            ("count-all", &|| store.count(&Filter::All).unwrap()),
            ("count-scope", &|| store.count(&scope).unwrap()),
            ("count-sender", &|| store.count(&one).unwrap()),
            ("sender", &|| list(&one)),
            ("all", &|| list(&Filter::All)),
            ("recipient", &|| list(&recipient)),
        ];
        for (what, listing) in listings {
            let mut found = 0;
            group.bench_function(BenchmarkId::new(what, format!("{idle_days}-idle-days")), |bencher| {
                bencher.iter(|| found = listing());
            });
            println!("    {found} pins");
        }
    }
}
