//! The store in a Redis Cluster, on real servers.

mod failover;
mod load;
mod migration;
mod opening;
mod tls;
mod two_processes;
mod unreachable;

use std::time::Duration;

use callsign_sticky::{AsyncStore, PinKey, RecipientKey, RedisOptions, StickyStore, Touch, Write, now};

use crate::conformance::{self, application, key, sender};
use callsign_test_servers::redis::{Cluster, prefix, until};

fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.prefix = prefix();
    // A busy machine is not what is tested.
    options.retry.attempt_timeout = Duration::from_secs(5);
    options.retry.total_timeout = Duration::from_secs(5);
    options
}

#[test]
fn the_redis_store_does_what_every_store_does() {
    let cluster = Cluster::shared();
    conformance::all(&cluster.store(options()));
}

#[test]
fn it_does_so_with_hashed_recipients_and_when_replicas_are_waited_for() {
    let cluster = Cluster::shared();
    let mut options = options();
    options.recipient_key = Some(RecipientKey::new([7; 32]));
    options.wait_replicas = Some((1, Duration::from_secs(3)));
    conformance::all(&cluster.store(options));
}

#[test]
fn replicas_are_never_asked_for_a_pin() {
    let cluster = Cluster::shared();
    let (store, app) = (cluster.store(options()), application());
    let keys: Vec<PinKey<'_>> = (0..500).map(|index| key(&app, index)).collect();
    let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender("a"))).collect();
    assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    assert!(store.read(&keys).into_iter().all(|answer| answer.unwrap().is_some()));
    for index in 3..6 {
        let mut stats = String::new();
        until("the replica has what its master was told", || {
            stats = cluster.ask(index, "INFO commandstats");
            stats.contains("cmdstat_set:")
        });
        // What a master hands on is there as `set`; a client's command would be refused, and be counted.
        for line in stats.lines().filter(|line| line.starts_with("cmdstat_")) {
            let asked = ["cmdstat_get:", "cmdstat_eval", "cmdstat_hget"].iter().any(|name| line.starts_with(name));
            assert!(!asked, "replica {index}: {line}");
            assert!(!line.starts_with("cmdstat_set:") || line.contains("rejected_calls=0"), "replica {index}: {line}");
        }
    }
}

#[test]
fn it_is_called_from_inside_another_runtime_and_dropped_there() {
    let cluster = Cluster::shared();
    let (store, app) = (cluster.store(options()), application());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async move {
        let key = key(&app, 1);
        assert_eq!(store.insert(&key, &sender("a")).unwrap(), None);
        let read = store.read_async(std::slice::from_ref(&key)).await.remove(0);
        assert_eq!(read.unwrap().unwrap().sender, sender("a").key);
        assert_eq!(store.get(&key).unwrap().unwrap().sender, sender("a").key);
    });
}

#[test]
fn touches_are_written_in_the_background() {
    let cluster = Cluster::shared();
    let (store, app) = (cluster.store(options()), application());
    let then = now() - 86_400;
    let keys: Vec<PinKey<'_>> = (0..2_000).map(|index| key(&app, index)).collect();
    let insert = |&key| Write { used: Some((then, then)), ..Write::insert(key, sender("a")).idle_days(5) };
    let writes: Vec<Write<'_>> = keys.iter().map(insert).collect();
    assert!(store.write(&writes).into_iter().all(|answer| answer.unwrap().is_none()));
    let touches: Vec<Touch<'_>> =
        keys.iter().map(|&key| Touch { key, sender: sender("a").key, idle_days: 5 }).collect();
    store.touch_later(&touches);
    let touched = || store.read(&keys).into_iter().all(|answer| answer.unwrap().unwrap().last_used > then);
    until("all were touched", touched);
    let pin = store.get(&keys[0]).unwrap().unwrap();
    assert_eq!((pin.first_used, pin.idle_days), (then, 5));

    // Too many at once: some are left out, and nobody waits.
    let mut few = options();
    few.waiting_touches = 10;
    let store = cluster.store(few);
    let touch = || {
        let began = std::time::Instant::now();
        store.touch_later(&touches);
        began.elapsed()
    };
    // This thread may have to wait for a core in some of them.
    let quickest = (0..100).map(|_| touch()).min().unwrap();
    assert!(quickest < Duration::from_millis(20), "{quickest:?}");
}
