//! A writer process is killed again and again; every pin that it acknowledged must be there.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use callsign_sticky::{EmbeddedOptions, EmbeddedStore, PinnedSender, SenderKey, StickyStore, Write};

use super::Folder;
use crate::conformance::{key, sender};

const WRITER: &str = "CALLSIGN_STICKY_WRITER";
const KEYS: u64 = 4_000;

/// The writer: several threads pin keys, each with a sender of its own, and say what they were told.
#[test]
fn writer() {
    let Ok(arguments) = std::env::var(WRITER) else { return };
    let (path, round) = arguments.rsplit_once('#').unwrap();
    let round: u64 = round.parse().unwrap();
    let store = EmbeddedStore::open(PathBuf::from(path), EmbeddedOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let store = &store;
            scope.spawn(move || {
                let mut random = round * 8 + thread + 1;
                let id = format!("r{round}t{thread}");
                loop {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let first = random >> 33;
                    // Alone, or a few at once.
                    let keys: Vec<u64> = (0..1 + random % 4).map(|next| (first + next * 37) % KEYS).collect();
                    let writes: Vec<_> =
                        keys.iter().map(|&index| Write::insert(key("kill", index), sender(&id))).collect();
                    let mut said = String::new();
                    for (index, answer) in keys.iter().zip(store.write(&writes)) {
                        let told = answer.unwrap().map_or(PinnedSender::new(&id).key, |pin| pin.sender);
                        said.push_str(&format!("pin {index} {}\n", told.0));
                    }
                    // Whole lines in one piece; what is not read before the kill was told nobody.
                    std::io::stdout().lock().write_all(said.as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn every_acknowledged_pin_outlives_200_kills() {
    let kills: u64 = std::env::var("CALLSIGN_KILLS").map_or(200, |text| text.parse().unwrap());
    let folder = Folder::new();
    let mut acknowledged: HashMap<u64, SenderKey> = HashMap::new();
    let mut random = 0x5eed_u64;
    let mut lines_read = 0;
    for round in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["embedded::kills::writer", "--exact", "--nocapture", "--test-threads=1"])
            .env(WRITER, format!("{}#{round}", folder.0.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The moment of the kill: after a random number of answers.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let lines = 1 + (random >> 40) % 400;
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let mut told = 0;
        let mut killed = false;
        loop {
            line.clear();
            if output.read_line(&mut line).unwrap() == 0 {
                break;
            }
            // The harness's own lines come before, and a line cut off by the kill has no end.
            if let Some(rest) = line.strip_suffix('\n').and_then(|line| line.split_once("pin ").map(|(_, rest)| rest)) {
                let (index, sender) = rest.split_once(' ').unwrap();
                let (index, sender) = (index.parse().unwrap(), SenderKey(sender.parse().unwrap()));
                let before = *acknowledged.entry(index).or_insert(sender);
                assert_eq!(before, sender, "key {index} answered two senders, round {round}");
                told += 1;
            }
            if told >= lines && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the writer ended by itself in round {round} after {told} answers");
        lines_read += told;
        let store = folder.open();
        for (&index, &sender) in &acknowledged {
            let pin = store.get(&key("kill", index)).unwrap();
            assert_eq!(pin.map(|pin| pin.sender), Some(sender), "key {index} after round {round}");
        }
    }
    println!("{kills} kills, {lines_read} answers, {} keys", acknowledged.len());
    assert!(acknowledged.len() > 1_000);
}
