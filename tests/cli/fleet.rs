//! Two gateways on one store that is a network away, and the command line on it. The servers are real ones.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use callsign_tests::platform::Platform;
use callsign_tests::servers::postgres::Server;
use callsign_tests::servers::redis::{Cluster, Setup};
use serde_json::{Value, json};

use super::run::PATIENT;

const MESSAGES: usize = 4_000;

/// A catalog file with twenty senders of a shop.
fn catalog(geolocated: bool) -> String {
    let senders = (0..20).fold(Platform::new(), |platform, index| {
        let area = if index % 2 == 0 { 415 } else { 212 };
        let id = format!("S{index}");
        platform.long(&id, &format!("+1{area}555{:04}", 100 + index)).associate("shop", &[&id])
    });
    senders.strategy("A", "shop", json!({"useStickySender": true, "useGeolocatedSender": geolocated})).file()
}

fn callsign(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.args(arguments).env(PATIENT.0, PATIENT.1).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn senders(output: &str) -> Vec<String> {
    let sender = |line: &str| {
        let decision: Value = serde_json::from_str(line).unwrap();
        decision["senderId"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    output.lines().map(sender).collect()
}

/// Two processes that would choose differently decide for the same recipients at once.
fn one_sender_for_each_recipient(store: &str) {
    let folder = std::env::temp_dir().join(format!("callsign-fleet-{}-{}", std::process::id(), store.len()));
    fs::create_dir_all(&folder).unwrap();
    let message = |index| format!("{{\"applicationId\":\"shop\",\"channel\":\"SMS\",\"to\":\"+1415555{index:04}\"}}\n");
    let messages: PathBuf = folder.join("messages.jsonl");
    fs::write(&messages, (0..MESSAGES).map(message).collect::<String>()).unwrap();
    let processes: Vec<_> = [true, false]
        .into_iter()
        .map(|geolocated| {
            let catalog_file = folder.join(format!("{geolocated}.json"));
            fs::write(&catalog_file, catalog(geolocated)).unwrap();
            let mut command = callsign(&["resolve", "--sticky", store, "--catalog"]);
            command.arg(catalog_file).arg(&messages).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> =
        processes.into_iter().map(|process| senders(&said(&process.wait_with_output().unwrap()))).collect();
    assert_eq!(outputs[0].len(), MESSAGES);
    for (index, (one, other)) in outputs[0].iter().zip(&outputs[1]).enumerate() {
        assert_eq!(one, other, "recipient {index} heard from two senders");
    }

    let sticky = |arguments: &[&str]| {
        let output = callsign(&["sticky"]).args(arguments).args(["--sticky", store]).output().unwrap();
        said(&output)
    };
    let pins = |text: String| serde_json::from_str::<Value>(&text).unwrap()["pins"].as_u64().unwrap();
    assert_eq!(pins(sticky(&["stats", "--json"])), MESSAGES as u64);
    let of_first = outputs[0].iter().filter(|sender| **sender == outputs[0][0]).count() as u64;
    assert_eq!(pins(sticky(&["stats", "--sender", &outputs[0][0], "--json"])), of_first);
    let shown = sticky(&["get", "--application", "shop", "--to", "+14155550000", "--json"]);
    assert!(shown.contains(&format!("\"senderId\":\"{}\"", outputs[0][0])), "{shown}");
    assert_eq!(sticky(&["export"]).lines().count(), MESSAGES);
    assert_eq!(sticky(&["migrate", "--from", &outputs[0][0], "--to", "S999"]), format!("{of_first} pins moved\n"));
    assert_eq!(sticky(&["release", "--application", "shop", "--to", "+14155550000"]), "released\n");
    assert_eq!(sticky(&["list", "--recipient", "+14155550000"]), "no pins\n");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn two_gateways_on_one_database_give_each_recipient_one_sender() {
    let server = Server::start();
    one_sender_for_each_recipient(&server.address());
}

#[test]
fn two_gateways_on_one_redis_cluster_give_each_recipient_one_sender() {
    let cluster = Cluster::start(Setup::default());
    one_sender_for_each_recipient(&cluster.address());
}

#[test]
fn a_store_that_cannot_be_reached_or_let_in_is_said_clearly_without_its_password() {
    for (store, code, expected) in [
        ("postgres://callsign:hush@127.0.0.1:1/callsign", 3, "cannot be reached"),
        ("redis://:hush@127.0.0.1:1", 3, "cannot be reached"),
        ("postgres://[", 2, "not the address of a sticky store"),
        ("redis://", 2, "not the address of a sticky store"),
    ] {
        let output = callsign(&["sticky", "stats", "--sticky", store]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{store}: {err}");
        assert!(err.contains(expected) && !err.contains("hush"), "{store}: {err}");
    }
}
