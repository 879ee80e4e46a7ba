//! Two processes on one database.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use callsign_sticky::{AsyncStore, PostgresStore, StickyStore, Write};

use crate::conformance::{key, sender, wait};
use callsign_test_servers::postgres::{Server, options, schema};

const PROCESS: &str = "CALLSIGN_STICKY_PROCESS";
const KEYS: u64 = 4_000;

/// One of the processes: several threads go through the same keys, some of them backwards.
#[test]
fn process() {
    let Ok(arguments) = std::env::var(PROCESS) else { return };
    let [address, schema, name] = arguments.split('#').collect::<Vec<_>>()[..] else { panic!("{arguments}") };
    let store = PostgresStore::connect(address, options(schema)).unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (store, id) = (&store, format!("{name}-{thread}"));
            scope.spawn(move || {
                let mut keys: Vec<u64> = (0..KEYS).collect();
                if thread % 2 == 1 {
                    keys.reverse();
                }
                for keys in keys.chunks(16) {
                    let pin_keys: Vec<_> = keys.iter().map(|&index| key("two", index)).collect();
                    let writes: Vec<_> = pin_keys.iter().map(|&key| Write::insert(key, sender(&id))).collect();
                    let written = wait(store.write_async(&writes));
                    let read = wait(store.read_async(&pin_keys));
                    let mut said = String::new();
                    for ((index, written), read) in keys.iter().zip(written).zip(read) {
                        let told = written.unwrap().map_or(sender(&id).key, |pin| pin.sender);
                        assert_eq!(read.unwrap().unwrap().sender, told);
                        said.push_str(&format!("pin {index} {}\n", told.0));
                    }
                    print!("{said}");
                }
            });
        }
    });
}

#[test]
fn two_processes_that_pin_the_same_recipients_are_told_one_sender_each() {
    // Both win some, unless one waits for a core until the other one is done: then they did not meet, and it is tried again.
    let have_met = (0..5).any(|_| pin_the_same_recipients());
    assert!(have_met, "the processes did not meet");
}

/// Two processes pin the same recipients, and are told one sender each. Whether both of them won some.
fn pin_the_same_recipients() -> bool {
    let server = Server::shared();
    let schema = schema();
    drop(PostgresStore::connect(&server.address(), options(&schema)).unwrap());
    let mut children: Vec<_> = ["one", "other"]
        .into_iter()
        .map(|name| {
            Command::new(std::env::current_exe().unwrap())
                .args(["postgres::two_processes::process", "--exact", "--nocapture", "--test-threads=1"])
                .env(PROCESS, format!("{}#{schema}#{name}", server.address()))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut outputs: Vec<_> =
        children.iter_mut().map(|child| BufReader::new(child.stdout.take().unwrap()).lines()).collect();
    // Both are ready before either begins.
    for output in &mut outputs {
        output.by_ref().find(|line| line.as_ref().unwrap().ends_with("ready")).unwrap().unwrap();
    }
    for child in &mut children {
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    let mut told: HashMap<u64, u64> = HashMap::new();
    let mut answers = 0;
    std::thread::scope(|scope| {
        let read: Vec<_> = outputs
            .into_iter()
            .map(|output| scope.spawn(|| output.map(|line| line.unwrap()).collect::<Vec<_>>()))
            .collect();
        for lines in read {
            for line in lines.join().unwrap() {
                // The harness's own words may stand before the first.
                let Some((_, rest)) = line.split_once("pin ") else { continue };
                let (index, sender) = rest.split_once(' ').unwrap();
                let sender = sender.parse().unwrap();
                let before = *told.entry(index.parse().unwrap()).or_insert(sender);
                assert_eq!(before, sender, "recipient {index} has two senders");
                answers += 1;
            }
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!((told.len() as u64, answers), (KEYS, 2 * 4 * KEYS));
    let senders = server.sql(&format!(
        "SELECT count(DISTINCT split_part(id, '-', 1)) FROM {schema}.senders JOIN {schema}.pins USING (sender)"
    ));
    senders == "2"
}

#[test]
fn batches_that_cross_do_not_wait_for_each_other_for_ever() {
    let server = Server::start();
    let store = server.store();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let store = &store;
            scope.spawn(move || {
                let ids = [format!("a{thread}"), format!("b{thread}")];
                for round in 0..30_u64 {
                    let mut keys: Vec<u64> = (0..64).map(|next| (next * (2 * thread + 1) + round) % 64).collect();
                    keys.rotate_left((thread * 7) as usize);
                    let [a, b] = [sender(&ids[0]), sender(&ids[1])];
                    let writes: Vec<_> = keys.iter().map(|&index| Write::insert(key("cross", index), a)).collect();
                    let held = store.write(&writes);
                    let replaces: Vec<_> = (keys.iter().zip(held))
                        .map(|(&index, held)| {
                            let expected = held.unwrap().map_or(a.key, |pin| pin.sender);
                            Write::replace(key("cross", index), expected, b)
                        })
                        .collect();
                    store.write(&replaces).into_iter().for_each(|answer| assert!(answer.is_ok()));
                    let releases: Vec<_> = (keys.iter())
                        .map(|&index| callsign_sticky::Release { key: key("cross", index), expected: Some(b.key) })
                        .collect();
                    store.release(&releases).into_iter().for_each(|answer| assert!(answer.is_ok()));
                }
            });
        }
    });
    drop(store);
    // Counted when the server writes its statistics, which it does when it stops.
    server.stop();
    server.go_on();
    assert_eq!(server.sql("SELECT sum(deadlocks) FROM pg_stat_database"), "0");
}
