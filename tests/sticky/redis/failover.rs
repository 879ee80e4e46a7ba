//! A master is killed in the middle of load, when its replica is behind.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ::redis::Cmd;
use callsign_sticky::{RedisOptions, StickyStore};

use crate::conformance::{application, key};
use crate::redis::load::{History, Progress, Stops, hammer, slot, third};
use callsign_test_servers::redis::{Cluster, SHORT, Setup, until};

/// Calls are not to wait for a server that is gone for long: what is checked is what they answer.
fn options(prefix: &str) -> RedisOptions {
    let mut options = RedisOptions::default();
    options.prefix = prefix.into();
    // Long for servers that are only busy; one that is gone refuses at once.
    options.retry.attempt_timeout = Duration::from_secs(8);
    options.retry.total_timeout = Duration::from_secs(20);
    options.retry.rest = Duration::from_millis(100);
    options
}

/// What came of a kill.
struct Killed {
    history: History,
    /// From when on the replica got nothing more.
    behind: Instant,
    /// When the master was killed.
    at: Instant,
}

/// Under load, stops the replica of a master, lets it fall behind, kills the master, and lets the replica go on, which
/// takes over; then waits until writes to its slots are answered again.
fn kill(cluster: &Cluster, master: usize, store: &dyn StickyStore, prefix: &str, app: &str, waits: bool) -> Killed {
    let (replica, progress) = (master + 3, Progress::default());
    let done = || progress.done[master].load(Ordering::Relaxed);
    let (mut behind, mut at) = (Instant::now(), Instant::now());
    let history = std::thread::scope(|scope| {
        let writers = scope.spawn(|| hammer(store, prefix, app, &progress));
        let stops = Stops(&progress);
        until("there is load", || progress.total() > 20_000);
        behind = Instant::now();
        cluster.servers[replica].freeze(true);
        // More than the buffers of the system hold, so that what follows is in the master only, and goes with it.
        let mut connection = cluster.connection(master).unwrap();
        let mut junk = Cmd::new();
        let number = (0..).find(|number| third(slot_of(&format!("junk-{number}"))) == master).unwrap();
        junk.arg("SET").arg(format!("junk-{number}")).arg(vec![0u8; 8 << 20]);
        for _ in 0..3 {
            junk.query::<()>(&mut connection).unwrap();
        }
        match waits {
            // Calls that began before may still be answered.
            true => until("no write is answered", || {
                let (before, began) = (done(), Instant::now());
                while began.elapsed() < Duration::from_millis(100) {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
                done() == before
            }),
            false => {
                let before = done();
                until("writes are answered", || done() > before + 3_000);
            }
        }
        at = Instant::now();
        cluster.servers[master].kill();
        cluster.servers[replica].freeze(false);
        until("the replica has taken over", || cluster.is_master(replica));
        println!("the replica took over {:?} after the kill", at.elapsed());
        if waits {
            // The new master has to have a replica.
            cluster.restart(master);
        }
        let before = done();
        until("writes resume", || done() > before + 3_000);
        drop(stops);
        writers.join().unwrap()
    });
    for (index, error) in &history.failed {
        assert_eq!(third(slot(prefix, &key(app, *index))), master, "a key of another master failed: {error}");
    }
    println!("{} answers, calls for {} keys failed at times", history.told.len(), history.failed.len());
    Killed { history, behind, at }
}

fn slot_of(key: &str) -> u16 {
    crate::redis::load::checksum(key.as_bytes()) % 16_384
}

#[test]
fn a_failover_loses_what_the_replica_had_not_got_and_with_replicas_waited_for_nothing() {
    let cluster = Cluster::start(Setup { node_timeout: SHORT, ..Setup::default() });

    // Nobody waits for replicas: what the replica had not got is lost, and nothing else.
    let (prefix, app) = ("quick", application());
    let store = cluster.store(options(prefix));
    let Killed { history, behind, at } = kill(&cluster, 0, &store, prefix, &app, false);
    let senders = history.senders();
    let mut lost = 0;
    for (&index, told) in &senders {
        let read = store.get(&key(&app, index)).unwrap().map(|pin| pin.sender);
        if told.len() == 1 && read == Some(told[0].sender) {
            continue;
        }
        lost += 1;
        assert_eq!(third(slot(prefix, &key(&app, index))), 0, "a pin of another master was lost: {told:?}");
        assert!(told[0].at > behind, "a pin was lost that the replica had: {told:?}");
        assert!(told.len() <= 2, "lost more than once: {told:?}");
        // Once another sender was told, the first never came back.
        if let [first, second] = told[..] {
            assert!(second.at > at && history.last(index, first.sender) < second.at, "told by turns: {told:?}");
            assert_eq!(read, Some(second.sender));
        }
    }
    println!("not waiting for replicas: {lost} of {} pins lost, in {:?}", senders.len(), at - behind);
    assert!(lost > 0, "the replica was not behind");

    // Every write waits for a replica: nothing that was acknowledged is lost.
    cluster.restart(0);
    cluster.settle();
    assert!(!cluster.is_master(0), "the old master comes back as one");
    let (prefix, app) = ("safe", application());
    let mut waits = options(prefix);
    waits.wait_replicas = Some((1, Duration::from_secs(5)));
    let store = cluster.store(waits);
    let Killed { history, .. } = kill(&cluster, 1, &store, prefix, &app, true);
    cluster.settle();
    let keys = history.has_one_sender_each(&store, &app);
    println!("waiting for a replica: none of {keys} pins lost");
}
