//! What a decision costs on a Redis cluster, in processor time and with replicas waited for, what a pin takes of its memory,
//! and how long listings take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_sticky::{Filter, PinKey, PinScope, StickyStore, Write, each_pin};

use super::{application, key, number, options, sender};
use callsign_test_servers::redis::{Cluster, Setup};

const LASTS: Duration = Duration::from_millis(1_500);

/// How many items callers get done a second.
fn rate(callers: usize, batch: u64, call: impl Fn(u64) + Sync) -> f64 {
    let (next, began) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while began.elapsed() < LASTS {
                    call(next.fetch_add(batch, Ordering::Relaxed));
                }
            });
        }
    });
    next.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// The seconds of processor time that this process and the servers took so far: on a machine that does other things too,
/// this tells more than the clock.
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

pub(super) fn figures() {
    reads_and_inserts_a_second();
    memory_and_listings_of_a_million_pins();
}

fn reads_and_inserts_a_second() {
    let cluster = Cluster::start(Setup::default());
    for wait in [None, Some((1, Duration::from_millis(500)))] {
        let mut options = options();
        options.wait_replicas = wait;
        let store = cluster.store(options);
        for (callers, batch) in [(1, 1), (64, 1), (1, 256), (4, 256), (64, 256)] {
            let app = application();
            let keys = |first| (first..first + batch).map(|index| key(&app, index)).collect::<Vec<PinKey<'_>>>();
            let write = |keys: &[PinKey<'_>]| {
                let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender("a"))).collect();
                assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
            };
            let read = |keys: &[PinKey<'_>]| assert!(store.read(keys).into_iter().all(|answer| answer.is_ok()));
            let inserts = rate(callers, batch, |first| write(&keys(first)));
            let reads = rate(callers, batch, |first| read(&keys(first % 10_000)));
            let before = processor(&cluster);
            let done = AtomicU64::new(0);
            let decisions = rate(callers, batch, |first| {
                let keys = keys(5_000_000 + first);
                read(&keys);
                write(&keys);
                done.fetch_add(batch, Ordering::Relaxed);
            });
            let after = processor(&cluster);
            let each = |before: f64, after: f64| (after - before) * 1e6 / done.load(Ordering::Relaxed) as f64;
            println!(
                "callers {callers:2}, batch {batch:3}, waiting for a replica {:5}: {reads:8.0} reads, {inserts:8.0} \
                 inserts, {decisions:8.0} decisions a second; processor time of a decision: {:.1} us here, {:.1} us on \
                 the six servers",
                wait.is_some(),
                each(before.0, after.0),
                each(before.1, after.1),
            );
        }
    }
}

fn memory_and_listings_of_a_million_pins() {
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
        let timed = |what: &str, work: &dyn Fn() -> u64| {
            let began = Instant::now();
            let number = work();
            println!("{what}: {number} in {:?}", began.elapsed());
        };
        timed("count of all", &|| store.count(&Filter::All).unwrap());
        timed("count of a scope", &|| store.count(&Filter::Scope(PinScope::new(&app, None))).unwrap());
        timed("count of a sender", &|| store.count(&Filter::Sender(sender("sender-7"))).unwrap());
        timed("list of a sender", &|| each_pin(&store, &Filter::Sender(sender("sender-7")), |_| Ok(())).unwrap());
        timed("list of all", &|| each_pin(&store, &Filter::All, |_| Ok(())).unwrap());
        timed("list of a recipient", &|| each_pin(&store, &Filter::Recipient(number(77)), |_| Ok(())).unwrap());
    }
}
