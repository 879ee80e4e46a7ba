//! Servers that do not answer, and come back.

use std::time::{Duration, Instant};

use callsign_sticky::{PinKey, RedisOptions, RedisStore, Release, StickyError, StickyStore, Write};

use crate::conformance::{application, key, sender};
use crate::redis::load::{slot, third};
use crate::redis::options;
use callsign_test_servers::redis::{Cluster, SHORT, Setup, until};

fn quick() -> RedisOptions {
    let mut options = options();
    options.retry.attempt_timeout = Duration::from_millis(60);
    options.retry.total_timeout = Duration::from_millis(200);
    options.retry.rest = Duration::from_millis(200);
    options
}

/// Asks until there is an answer: a machine that is busy takes longer than these limits now and then.
fn answered<T, E>(mut ask: impl FnMut() -> Result<T, E>) -> T {
    let mut answer = None;
    until("there is an answer", || {
        answer = ask().ok();
        answer.is_some()
    });
    answer.unwrap()
}

/// The answers to a call about many pins, unless one of them is an error.
fn all<T>(answers: Vec<Result<T, StickyError>>) -> Result<Vec<T>, StickyError> {
    answers.into_iter().collect()
}

/// What a call may take beyond its patience on a machine that is busy.
const SLACK: Duration = Duration::from_millis(400);

#[test]
fn a_cluster_that_is_away_fails_in_time_is_left_alone_and_is_found_again() {
    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, ..Setup::default() });
    let (options, app) = (quick(), application());
    let retry = options.retry;
    let store = answered(|| RedisStore::connect(&cluster.address(), options.clone()));
    answered(|| store.insert(&key(&app, 1), &sender("a")));

    let leave = |gone: &dyn Fn(), back: &dyn Fn()| {
        gone();
        let fails = || {
            let began = Instant::now();
            let error = store.get(&key(&app, 1)).unwrap_err().to_string();
            (began.elapsed(), error)
        };
        // This thread may have to wait for a core in some of them.
        let quickest = (0..retry.failures).map(|_| fails().0).min().unwrap();
        assert!(quickest < retry.total_timeout + SLACK, "{quickest:?}");
        // It is left alone for a while, then asked once more, and so on; nobody waits for a server meanwhile.
        until("it is left alone", || {
            let (took, error) = fails();
            error.contains("left alone") && took < retry.attempt_timeout
        });
        back();
        until("the store is found again", || store.get(&key(&app, 1)).is_ok());
        answered(|| store.list(&callsign_sticky::Filter::All, None, 10));
    };
    let server = &cluster.servers[0];
    leave(&|| server.freeze(true), &|| server.freeze(false));
    assert_eq!(answered(|| store.get(&key(&app, 1))).unwrap().sender, sender("a").key);
    leave(&|| server.kill(), &|| cluster.restart(0));
    // It kept nothing on disk, as these servers are set up; the names are written again with the pin.
    until("it can be written", || store.insert(&key(&app, 2), &sender("b")).is_ok());
}

#[test]
fn a_server_that_is_away_fails_only_the_pins_on_it() {
    let cluster = Cluster::start(Setup { node_timeout: SHORT, ..Setup::default() });
    let (options, app) = (quick(), application());
    let prefix = options.prefix.clone();
    let store = answered(|| RedisStore::connect(&cluster.address(), options.clone()));
    let keys: Vec<PinKey<'_>> = (0..300).map(|index| key(&app, index)).collect();
    let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender("a"))).collect();
    answered(|| all(store.write(&writes)));

    // A sound server may have to wait for a core longer than a call waits for it: not each time.
    let mut wrong = Vec::new();
    let fails_alone = (0..20).any(|_| {
        cluster.servers[1].freeze(true);
        wrong = (keys.iter().zip(store.read(&keys)))
            .filter(|(key, answer)| match third(slot(&prefix, key)) {
                1 => answer.is_ok(),
                _ => !matches!(answer, Ok(Some(pin)) if pin.sender == sender("a").key),
            })
            .collect();
        if !wrong.is_empty() {
            cluster.servers[1].freeze(false);
            answered(|| all(store.read(&keys)));
        }
        wrong.is_empty()
    });
    assert!(fails_alone, "{wrong:?}");
    // Its replica takes over while it is frozen, and the store finds out by itself.
    until("all are answered again", || store.read(&keys).into_iter().all(|answer| answer.is_ok()));
    assert!(cluster.is_master(4));
    cluster.servers[1].freeze(false);
    for pin in answered(|| all(store.read(&keys))) {
        assert_eq!(pin.unwrap().sender, sender("a").key);
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_a_success_when_it_is_tried_again() {
    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, ..Setup::default() });
    let (mut options, app) = (options(), application());
    options.retry.attempt_timeout = Duration::from_millis(100);
    options.retry.total_timeout = Duration::from_secs(20);
    options.retry.retries = 100;
    let store = cluster.store(options);
    let (fresh, replaced) = (key(&app, 1), key(&app, 2));
    store.insert(&replaced, &sender("old")).unwrap();
    let calls = || cluster.ask::<String>(0, "INFO commandstats");
    cluster.ask::<()>(0, "CONFIG RESETSTAT");
    // What was sent to a frozen server is done when it goes on, though the connection is closed by then.
    cluster.servers[0].freeze(true);
    std::thread::scope(|scope| {
        let writes = [Write::insert(fresh, sender("new")), Write::replace(replaced, sender("old").key, sender("new"))];
        let store = &store;
        let written = scope.spawn(move || store.write(&writes));
        std::thread::park_timeout(Duration::from_millis(350));
        cluster.servers[0].freeze(false);
        for answer in written.join().unwrap() {
            assert_eq!(answer.unwrap(), None);
        }
    });
    assert!(calls().contains("cmdstat_eval"), "nothing was tried again: {}", calls());
    for key in [fresh, replaced] {
        assert_eq!(store.get(&key).unwrap().unwrap().sender, sender("new").key);
    }
}

#[test]
fn a_write_that_too_few_replicas_have_is_not_acknowledged() {
    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, ..Setup::default() });
    let (mut options, app) = (options(), application());
    options.wait_replicas = Some((1, Duration::from_millis(20)));
    let mut does_not_wait = options.clone();
    does_not_wait.wait_replicas = None;
    let retry = options.retry;
    assert!(RedisStore::connect(&cluster.address(), options.clone()).is_err());
    let other = cluster.store(does_not_wait);
    // It is opened once it is there.
    let store = cluster.store(options);
    let key = key(&app, 1);
    // The names of the pin are waited for like the pin, so it is not even written.
    let began = Instant::now();
    let error = store.insert(&key, &sender("a")).unwrap_err();
    assert!(error.to_string().contains("0 of 1 replicas"), "{error}");
    assert!(began.elapsed() < retry.total_timeout);
    assert_eq!(store.get(&key).unwrap(), None);
    // With the names known it is written, and may be lost: whoever wants the same is told so as well.
    assert_eq!(other.insert(&key, &sender("a")).unwrap(), None);
    assert!(store.insert(&key, &sender("b")).is_err());
    assert!(store.release(&[Release { key, expected: None }]).remove(0).is_err());
    assert_eq!(other.get(&key).unwrap(), None);
}
