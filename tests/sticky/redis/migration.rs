//! Slots move from one master to another in the middle of load.

use std::time::Duration;

use ::redis::{Cmd, Connection, FromRedisValue};
use callsign_sticky::{Filter, PinScope, StickyStore, Write, each_pin};

use crate::conformance::{application, key, sender};
use crate::redis::load::{Progress, Stops, hammer, redis_key, slot};
use crate::redis::options;
use callsign_test_servers::redis::{Cluster, Setup, until};

/// A slot on its way from the first master to the second.
struct Moving<'a> {
    cluster: &'a Cluster,
    from: Connection,
    to: Connection,
    ids: [String; 2],
}

fn ask<T: FromRedisValue>(connection: &mut Connection, words: &[&str]) -> T {
    let mut cmd = Cmd::new();
    for word in words {
        cmd.arg(word);
    }
    cmd.query(connection).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

impl<'a> Moving<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let ids = [cluster.ask(0, "CLUSTER MYID"), cluster.ask(1, "CLUSTER MYID")];
        Self { cluster, from: cluster.connection(0).unwrap(), to: cluster.connection(1).unwrap(), ids }
    }

    fn begin(&mut self, slot: u16) {
        let slot = slot.to_string();
        ask::<()>(&mut self.to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &self.ids[0]]);
        ask::<()>(&mut self.from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &self.ids[1]]);
    }

    /// Moves so many keys; whether there were any.
    fn keys(&mut self, slot: u16, most: usize) -> bool {
        let keys: Vec<Vec<u8>> =
            ask(&mut self.from, &["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), &most.to_string()]);
        for key in &keys {
            let mut cmd = Cmd::new();
            cmd.arg("MIGRATE").arg("127.0.0.1").arg(self.cluster.servers[1].port).arg(key).arg(0).arg(5_000);
            cmd.query::<()>(&mut self.from).unwrap();
        }
        !keys.is_empty()
    }

    fn end(&mut self, slot: u16) {
        let slot = slot.to_string();
        ask::<()>(&mut self.to, &["CLUSTER", "SETSLOT", &slot, "NODE", &self.ids[1]]);
        ask::<()>(&mut self.from, &["CLUSTER", "SETSLOT", &slot, "NODE", &self.ids[1]]);
    }
}

#[test]
fn slots_move_in_the_middle_of_load_without_a_wrong_answer() {
    let cluster = Cluster::start(Setup { replicas: 0, ..Setup::default() });
    let (mut options, app) = (options(), application());
    options.retry.attempt_timeout = Duration::from_secs(10);
    options.retry.total_timeout = Duration::from_secs(30);
    let prefix = options.prefix.clone();
    let store = cluster.store(options);
    let progress = Progress::default();
    let history = std::thread::scope(|scope| {
        let writers = scope.spawn(|| hammer(&store, &prefix, &app, &progress));
        let stops = Stops(&progress);
        until("there is load", || progress.total() > 20_000);
        let mut moving = Moving::new(&cluster);
        for slot in 0..300 {
            moving.begin(slot);
            while moving.keys(slot, 2) {}
            moving.end(slot);
        }
        let before = progress.total();
        until("the load goes on", || progress.total() > before + 10_000);
        drop(stops);
        writers.join().unwrap()
    });
    assert!(history.failed.is_empty(), "{:?}", history.failed);
    let keys = history.has_one_sender_each(&store, &app);
    println!("{keys} pins, {} answers while 300 slots moved", history.told.len());
}

#[test]
fn a_slot_that_is_half_moved_is_read_written_and_listed_whole() {
    let cluster = Cluster::start(Setup { replicas: 0, ..Setup::default() });
    let (options, app) = (options(), application());
    let prefix = options.prefix.clone();
    let store = cluster.store(options);
    // Twenty keys of one slot of the first master, and others.
    let target = slot(&prefix, &(0..).map(|index| key(&app, index)).find(|key| slot(&prefix, key) < 5_000).unwrap());
    let ours: Vec<u64> = (0..).filter(|&index| slot(&prefix, &key(&app, index)) == target).take(30).collect();
    let (old, new) = ours.split_at(20);
    for &index in old {
        assert_eq!(store.insert(&key(&app, index), &sender("old")).unwrap(), None);
    }
    let writes: Vec<Write<'_>> = (0..500).map(|index| Write::insert(key(&app, index), sender("old"))).collect();
    assert!(store.write(&writes).into_iter().all(|answer| answer.is_ok()));
    let scope = PinScope::new(&app, None);
    let total = store.count(&Filter::Scope(scope)).unwrap();

    let mut moving = Moving::new(&cluster);
    moving.begin(target);
    moving.keys(target, 10);
    let count: usize = cluster.ask(1, &format!("CLUSTER COUNTKEYSINSLOT {target}"));
    assert_eq!(count, 10);
    for &index in old {
        let pin = store.insert(&key(&app, index), &sender("new")).unwrap().unwrap();
        assert_eq!(pin.sender, sender("old").key);
        assert_eq!(store.replace(&key(&app, index), sender("x").key, &sender("new")).unwrap(), Some(pin));
        assert_eq!(store.get(&key(&app, index)).unwrap(), Some(pin));
    }
    for &index in new {
        assert_eq!(store.insert(&key(&app, index), &sender("new")).unwrap(), None);
        assert!(store.insert(&key(&app, index), &sender("old")).unwrap().is_some());
    }
    let total = total + new.iter().filter(|&&index| index >= 500).count() as u64;
    assert_eq!(store.count(&Filter::Scope(scope)).unwrap(), total);
    let mut listed = Vec::new();
    each_pin(&store, &Filter::Scope(scope), |record| {
        listed.push(redis_key(&prefix, &record.key()));
        Ok(())
    })
    .unwrap();
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len() as u64, total);

    while moving.keys(target, 100) {}
    moving.end(target);
    for &index in old {
        assert_eq!(store.get(&key(&app, index)).unwrap().unwrap().sender, sender("old").key);
    }
    assert_eq!(store.count(&Filter::Scope(scope)).unwrap(), total);
}
