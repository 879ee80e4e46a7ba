//! Catalogs that are refused, and `callsign check`.

use serde_json::Value;

use super::run::{Folder, run};

const FAULTY: &str = r#"{
  "applications": [{"applicationId": "shop"}, {"applicationId": "shop"}],
  "entities": [{"entityID": "acme"}],
  "senders": [{"senderId": "S1", "sender": "+1415", "senderType": "VIRTUAL_LONG_NUMBER",
               "coverage": [{"channel": "SMS", "countries": ["XX"]}]}],
  "defaultSenders": [{"platform": {"applicationId": "shop"}, "senderId": "S9"}]
}"#;

/// Where the faults are.
const PLACES: [&str; 5] = [
    "catalog.json:2:65: $.applications[1].applicationId: ",
    "catalog.json:3:17: $.entities[0].entityID: ",
    "catalog.json:4:44: $.senders[0].sender: ",
    "catalog.json:5:62: $.senders[0].coverage[0].countries[0]: ",
    "catalog.json:6:74: $.defaultSenders[0].senderId: ",
];

#[test]
fn every_fault_is_listed_with_its_place_and_nothing_is_decided() {
    let folder = Folder::new();
    folder.write("catalog.json", FAULTY);
    folder.write("messages.jsonl", r#"{"channel":"SMS","to":"+14155550123"}"#);
    for arguments in [
        &["check", "--catalog", "catalog.json"][..],
        &["resolve", "--catalog", "catalog.json", "messages.jsonl"],
        &["explain", "--catalog", "catalog.json", "--to", "+14155550123", "--json"],
    ] {
        let ran = run(&mut folder.callsign(arguments));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
        for place in PLACES {
            assert!(ran.err.lines().any(|line| line.starts_with(place)), "{place} is not in\n{}", ran.err);
        }
        let last = ran.err.lines().last().expect("lines");
        assert!(last.starts_with("callsign: the catalog catalog.json has "), "{last}");
        assert!(last.ends_with(&format!("{} faults", ran.err.lines().count() - 1)), "{last}");
    }
}

#[test]
fn faults_for_programs_are_one_object() {
    let folder = Folder::new();
    folder.write("catalog.json", FAULTY);
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json", "--json"]));
    assert_eq!((ran.code, &*ran.err), (2, ""));
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let faults = report["faults"].as_array().expect("a list");
    assert_eq!(report["omitted"], 0);
    for place in PLACES {
        let found = faults.iter().any(|fault| {
            let Value::String(path) = &fault["path"] else { panic!("{fault}") };
            assert!(fault["message"].as_str().is_some_and(|message| !message.is_empty()));
            place.starts_with(&format!("catalog.json:{}:{}: {path}: ", fault["line"], fault["column"]))
        });
        assert!(found, "{place} is not in {report}");
    }
}

#[test]
fn what_is_not_json_is_named_with_its_place() {
    let folder = Folder::new();
    folder.write("catalog.json", "{\n  \"senders\": [,]\n}");
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json"]));
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.starts_with("catalog.json:2:15: $: not JSON: "), "{}", ran.err);
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json", "--json"]));
    assert_eq!(ran.code, 2);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&report["faults"][0]["path"], &report["faults"][0]["line"]), (&"$".into(), &2.into()));
}

#[test]
fn a_catalog_that_cannot_be_read_is_refused_with_advice() {
    let folder = Folder::new();
    for arguments in [
        &["check", "--catalog", "nothing.json"][..],
        &["check", "--catalog", "nothing.json", "--json"],
        &["resolve", "--catalog", "nothing.json"],
        &["explain", "--catalog", "nothing.json", "--to", "+14155550123"],
    ] {
        let ran = run(&mut folder.callsign(arguments));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("cannot read the catalog nothing.json: "), "{}", ran.err);
        assert!(ran.err.contains("after --catalog"), "{}", ran.err);
    }
}

#[test]
fn a_sound_catalog_is_counted() {
    let folder = Folder::with_catalog();
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json"]));
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(ran.out.starts_with("catalog.json: sound\n"), "{}", ran.out);
    for count in ["senders            5\n", "associations       7\n", "sending strategies 2\n"] {
        assert!(ran.out.contains(count), "{}", ran.out);
    }
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json", "--json"]));
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(report["faults"], Value::Array(Vec::new()));
    assert_eq!(report["catalog"]["senders"], 5);
}
