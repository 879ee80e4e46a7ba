//! The server is killed and started again under load; every pin that it acknowledged must be there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use callsign_sticky::{PostgresStore, SenderKey, StickyStore, Write};

use crate::conformance::{key, sender};
use callsign_test_servers::postgres::{Server, options, schema};

const WRITERS: u64 = 16;
const KEYS: u64 = 5_000;
const KILLS: usize = 3;

/// Answers between two kills.
const ANSWERS: usize = 3_000;

#[test]
fn every_acknowledged_pin_outlives_a_killed_server() {
    let server = Server::start();
    let mut options = options(&schema());
    options.retry.attempt_timeout = Duration::from_millis(500);
    options.retry.total_timeout = Duration::from_secs(1);
    options.retry.rest = Duration::from_millis(50);
    let store = PostgresStore::connect(&server.address(), options.clone()).unwrap();
    let done = AtomicBool::new(false);
    let (told, answers) = mpsc::channel::<(u64, SenderKey)>();
    let mut first: HashMap<u64, SenderKey> = HashMap::new();
    let mut failures = 0;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, done, told) = (&store, &done, told.clone());
                scope.spawn(move || write_until(done, store, writer, &told))
            })
            .collect();
        let mut hear = |answers_wanted: usize| {
            for (index, sender) in answers.iter().take(answers_wanted) {
                let before = *first.entry(index).or_insert(sender);
                assert_eq!(before, sender, "key {index} answered two senders");
            }
        };
        for _ in 0..KILLS {
            hear(ANSWERS);
            server.kill();
            server.go_on();
        }
        hear(ANSWERS);
        done.store(true, Ordering::Relaxed);
        failures = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        drop(told);
        hear(usize::MAX);
    });
    // By a store that remembers nothing, and waits for a machine that is busy.
    options.retry.attempt_timeout = Duration::from_secs(20);
    options.retry.total_timeout = Duration::from_secs(60);
    let store = PostgresStore::connect(&server.address(), options).unwrap();
    let mut there = 0;
    for (index, &sender) in &first {
        let pin = store.get(&key("kill", *index)).unwrap();
        assert_eq!(pin.map(|pin| pin.sender), Some(sender), "key {index}");
        there += 1;
    }
    println!("{KILLS} kills, {there} keys, {failures} calls failed meanwhile");
    assert!(there > 1_000 && failures > 0, "{there} keys, {failures} failures");
}

/// Pins keys, alone or a few at once, each call with a sender of its own, and tells the answers; how many calls failed.
fn write_until(done: &AtomicBool, store: &PostgresStore, writer: u64, told: &mpsc::Sender<(u64, SenderKey)>) -> usize {
    let (mut random, mut failures) = (writer + 1, 0);
    while !done.load(Ordering::Relaxed) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let keys: Vec<u64> = (0..1 + random % 4).map(|next| ((random >> 33) + next * 37) % KEYS).collect();
        let id = format!("w{writer}-{random}");
        let writes: Vec<_> = keys.iter().map(|&index| Write::insert(key("kill", index), sender(&id))).collect();
        for (index, answer) in keys.iter().zip(store.write(&writes)) {
            match answer {
                Ok(pin) => told.send((*index, pin.map_or(sender(&id).key, |pin| pin.sender))).unwrap(),
                // The key may have this pin or not; whoever asks next is told which.
                Err(_) => failures += 1,
            }
        }
        std::thread::yield_now();
    }
    failures
}
