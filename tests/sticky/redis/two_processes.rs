//! Two processes on one cluster.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use callsign_sticky::{PinKey, RedisStore, StickyStore, Write};

use crate::conformance::{application, key, sender};
use crate::redis::options;
use callsign_test_servers::redis::Cluster;

/// Says to a run of this test binary that it is one of the two processes.
const PART: &str = "CALLSIGN_TEST_REDIS_PART";

/// Recipients, of which each process writes these many at once.
const RECIPIENTS: u64 = 20_000;
const AT_ONCE: u64 = 50;

#[test]
fn two_processes_always_see_one_sender_for_each_recipient() {
    if let Ok(part) = std::env::var(PART) {
        return one_of_two(&part);
    }
    // Each wins some, unless it waits for a core until the other one is done: then they did not race, and it is tried again.
    let have_raced = (0..5).any(|_| race());
    assert!(have_raced, "the processes did not race");
}

/// Two processes write the same recipients, and see one sender for each. Whether both of them won some.
fn race() -> bool {
    let cluster = Cluster::shared();
    let (prefix, app) = (options().prefix, application());
    let mut children = Vec::new();
    for id in ["one", "other"] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "redis::two_processes::two_processes_always_see_one_sender_for_each_recipient",
            "--exact",
            "--nocapture",
        ]);
        command.env(PART, format!("{} {prefix} {app} {id}", cluster.address()));
        children.push(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    }
    let mut outputs: Vec<_> =
        children.iter_mut().map(|child| BufReader::new(child.stdout.take().unwrap()).lines()).collect();
    // Both are ready before either begins.
    for output in &mut outputs {
        output.by_ref().find(|line| line.as_ref().unwrap().ends_with("ready")).unwrap().unwrap();
    }
    for child in &mut children {
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    let told: Vec<Vec<String>> = outputs
        .into_iter()
        .map(|output| {
            let told = output.map(Result::unwrap).filter_map(|line| line.strip_prefix("told ").map(Into::into));
            told.collect()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(told[0].len() as u64, RECIPIENTS);
    assert_eq!(told[0], told[1]);
    let won = told[0].iter().filter(|told| told.ends_with(&format!("{:x}", sender("one").key.0))).count();
    println!("of {RECIPIENTS} recipients one process won {won}");
    won > 0 && won < RECIPIENTS as usize
}

fn one_of_two(part: &str) {
    let [address, prefix, app, id] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    let mut options = options();
    options.prefix = prefix.into();
    let store = RedisStore::connect(address, options).unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    for first in (0..RECIPIENTS).step_by(AT_ONCE as usize) {
        let keys: Vec<PinKey<'_>> = (first..first + AT_ONCE).map(|index| key(app, index)).collect();
        let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender(id))).collect();
        let written = store.write(&writes);
        for (index, (written, read)) in written.into_iter().zip(store.read(&keys)).enumerate() {
            let told = written.unwrap().map_or(sender(id).key, |pin| pin.sender);
            assert_eq!(read.unwrap().unwrap().sender, told);
            println!("told {} {:x}", first + index as u64, told.0);
        }
    }
}
