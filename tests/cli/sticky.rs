//! `--sticky` and `callsign sticky`, as an operator uses them.

use serde_json::Value;

use super::run::{Folder, Ran, feed, run};

const TO: &str = "+14155550123";

/// `callsign sticky ...` on the store `pins`.
fn sticky(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.callsign(&["sticky"]);
    run(command.args(arguments).args(["--sticky", "pins"]))
}

fn messages(count: usize) -> String {
    let line = |index| {
        format!(
            "{{\"messageId\":\"m{index}\",\"applicationId\":\"shop\",\"channel\":\"SMS\",\"to\":\"+1415555{index:04}\"}}\n"
        )
    };
    (0..count).map(line).collect()
}

/// senderId and step of each decision.
fn decided(ran: &Ran) -> Vec<(String, String)> {
    assert_eq!(ran.code, 0, "{ran:?}");
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    ran.lines().iter().map(|line| (text(line, "senderId"), text(line, "step"))).collect()
}

#[test]
fn pins_last_from_run_to_run_where_a_store_is_named() {
    let folder = Folder::with_catalog();
    let resolve = || feed(&mut folder.resolve(&["--sticky", "pins"]), messages(3_000).as_bytes());
    let first = decided(&resolve());
    assert!(first.iter().all(|(_, step)| step == "POOL"));
    let second = decided(&resolve());
    for ((sender, _), (again, step)) in first.iter().zip(&second) {
        assert_eq!((sender, &**step), (again, "STICKY"));
    }
    // Not without it.
    let without = decided(&feed(&mut folder.resolve(&[]), messages(10).as_bytes()));
    assert!(without.iter().all(|(_, step)| step == "POOL"));
    let mut explain = folder.callsign(&["explain", "--catalog", "catalog.json", "--application", "shop", "--json"]);
    let ran = run(explain.args(["--to", "+14155550007", "--sticky", "pins"]));
    let explanation: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(explanation.to_string().contains(&format!("\"senderId\":\"{}\"", first[7].0)), "{explanation}");
    assert!(explanation.to_string().contains("STICKY"), "{explanation}");
}

#[test]
fn a_pin_is_made_looked_at_moved_and_released() {
    let folder = Folder::with_catalog();
    let key = ["--application", "shop", "--entity", "acme", "--to", TO];
    let with = |command: &str, more: &[&str]| sticky(&folder, &[&[command], &key[..], more].concat());

    let ran = with("pin", &["--sender", "L1", "--idle-days", "90"]);
    assert_eq!((ran.code, &*ran.out), (0, "pinned to L1\n"), "{ran:?}");
    let ran = with("pin", &["--sender", "L1"]);
    assert_eq!((ran.code, &*ran.out), (0, "pinned to L1 already\n"));
    let ran = with("pin", &["--sender", "L2"]);
    assert_eq!((ran.code, &*ran.out), (1, "stays pinned to L1; to move it, give --replace L1\n"));
    let ran = with("get", &["--json"]);
    let pin: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&pin["senderId"], &pin["idleDays"]), (&"L1".into(), &90.into()));
    assert_eq!(pin["recipientHash"].as_str().map(str::len), Some(32), "{pin}");
    // The hash that a list shows does as well as the number.
    let hash = pin["recipientHash"].as_str().unwrap();
    let ran = sticky(&folder, &["get", "--application", "shop", "--entity", "acme", "--to", hash]);
    assert!(ran.code == 0 && ran.out.contains("L1") && ran.out.contains("after 90 idle days"), "{ran:?}");
    let ran = with("pin", &["--sender", "L2", "--replace", "L1"]);
    assert_eq!((ran.code, &*ran.out), (0, "pinned to L2\n"));
    let ran = with("release", &["--sender", "L1"]);
    assert_eq!((ran.code, &*ran.out), (1, "no such pin\n"));
    let ran = with("release", &[]);
    assert_eq!((ran.code, &*ran.out), (0, "released\n"));
    let ran = with("get", &[]);
    assert_eq!((ran.code, &*ran.out), (1, "no pin\n"));
}

#[test]
fn pins_are_listed_counted_exported_imported_and_migrated() {
    let folder = Folder::with_catalog();
    decided(&feed(&mut folder.resolve(&["--sticky", "pins"]), messages(250).as_bytes()));

    let ran = sticky(&folder, &["stats", "--json"]);
    let stats: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(stats["pins"], 250, "{ran:?}");
    assert!(stats["bytes"].as_u64().is_some());
    let of_l1 = {
        let ran = sticky(&folder, &["stats", "--sender", "L1", "--json"]);
        serde_json::from_str::<Value>(&ran.out).expect("JSON")["pins"].as_u64().expect("a number")
    };
    assert!((30..100).contains(&of_l1), "{of_l1}");

    let ran = sticky(&folder, &["list", "--application", "shop", "--limit", "100", "--json"]);
    assert_eq!(ran.lines().len(), 100);
    let next = ran.err.strip_prefix("more with --after ").expect("more").trim().to_owned();
    let ran = sticky(&folder, &["list", "--application", "shop", "--limit", "1000", "--after", &next, "--json"]);
    assert_eq!((ran.lines().len(), &*ran.err), (150, ""));
    let ran = sticky(&folder, &["list", "--recipient", "+14155550007"]);
    assert_eq!(ran.out.lines().count(), 2, "{ran:?}");
    assert!(ran.out.starts_with("SCOPE"), "{ran:?}");

    let exported = sticky(&folder, &["export"]);
    assert_eq!((exported.code, exported.out.lines().count()), (0, 250));
    assert_eq!(exported.err, "250 pins exported\n");
    folder.write("pins.jsonl", &exported.out);
    // Hashed recipients need the same key.
    std::fs::create_dir(folder.path("copy")).unwrap();
    let key = folder.path("pins/recipients.key");
    let import = |file: &str| {
        let mut command = folder.callsign(&["sticky", "import", file, "--sticky", "other"]);
        run(command.arg("--sticky-key").arg(&key))
    };
    let ran = import("pins.jsonl");
    assert_eq!((ran.code, &*ran.out), (0, "250 pins added\n"), "{ran:?}");
    let ran = import("pins.jsonl");
    assert_eq!((ran.code, &*ran.out), (0, "0 pins added, 250 were there already\n"));
    let mut get = folder.callsign(&["sticky", "get", "--application", "shop", "--to", "+14155550007"]);
    let ran = run(get.args(["--sticky", "other", "--sticky-key"]).arg(&key));
    assert!(ran.code == 0 && ran.out.contains("shop"), "{ran:?}");

    let ran = sticky(&folder, &["migrate", "--from", "L1", "--to", "L4"]);
    assert_eq!((ran.code, &*ran.out), (0, &*format!("{of_l1} pins moved\n")));
    let ran = sticky(&folder, &["stats", "--sender", "L1"]);
    assert_eq!(ran.out, "0 pins\n");
    let changed = exported.out.replace("\"L2\"", "\"L9\"");
    folder.write("changed.jsonl", &changed);
    let ran = sticky(&folder, &["import", "changed.jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("recipients keep another sender"), "{ran:?}");
}

#[test]
fn what_cannot_be_done_is_said_clearly_and_nothing_is_made() {
    let folder = Folder::with_catalog();
    folder.write("letter.txt", "dear");
    folder.write("bad.jsonl", "{\"applicationId\":\"shop\"}\n");
    folder.write("key", "not a key");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(folder.path("key"), private).unwrap();
    let sticky_on = |store: &str, arguments: &[&str]| {
        let mut command = folder.callsign(&["sticky"]);
        run(command.args(arguments).args(["--sticky", store]))
    };
    for (ran, expected) in [
        (run(folder.callsign(&["sticky", "stats"]).env_remove("CALLSIGN_STICKY")), "no store of pins is named"),
        (sticky_on("pins", &["stats"]), "there is no sticky store in pins"),
        (sticky_on(".", &["pin", "--to", TO, "--sender", "L1"]), "it is no sticky store"),
        (sticky_on("letter.txt", &["stats"]), "letter.txt"),
        (sticky_on("mysql://x", &["stats"]), "its scheme is not known"),
        (sticky_on("pins", &["pin", "--to", TO, "--sender", "L1", "--sticky-key", "key"]), "not a key for recipients"),
        (sticky_on("pins", &["pin", "--to", TO, "--sender", "L1", "--sticky-key", "none"]), "cannot read the key none"),
        (sticky_on("fresh", &["import", "bad.jsonl"]), "line 1: missing field"),
        (sticky_on("pins", &["get", "--to", "junk"]), "junk"),
        (sticky_on("pins", &["list", "--sender", "a", "--recipient", TO]), "cannot be used with"),
        (sticky_on("fresh", &["list", "--after", "zz"]), "not a position"),
    ] {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(expected), "{expected}: {ran:?}");
        assert_eq!(ran.out, "");
    }
    assert!(!folder.path("pins").exists());
    let ran = run(&mut folder.resolve(&["--sticky", "letter.txt"]));
    assert_eq!((ran.code, &*ran.out), (2, ""));
    let mut explain = folder.callsign(&["explain", "--catalog", "catalog.json", "--to", TO, "--sticky", "none-yet"]);
    let ran = run(&mut explain);
    assert!(ran.code == 2 && ran.err.contains("no sticky store in none-yet"), "{ran:?}");
    assert!(!folder.path("none-yet").exists());
}

#[test]
fn a_store_that_another_process_has_open_is_refused() {
    let folder = Folder::with_catalog();
    let store = callsign::EmbeddedStore::open(folder.path("pins"), Default::default()).expect("a store");
    let ran = sticky(&folder, &["stats"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("open in another process"), "{ran:?}");
    drop(store);
    assert_eq!(sticky(&folder, &["stats"]).out.split(',').next(), Some("0 pins"));
}

#[test]
fn pins_of_an_application_that_was_made_again_are_addressed_by_its_generation() {
    let folder = Folder::with_catalog();
    let key = ["--application", "shop", "--to", TO];
    let with = |command: &str, more: &[&str]| sticky(&folder, &[&[command], &key[..], more].concat());
    assert_eq!(with("pin", &["--sender", "L1"]).out, "pinned to L1\n");
    assert_eq!(with("pin", &["--sender", "L2", "--generation", "2"]).out, "pinned to L2\n");
    for (generation, wanted) in [("0", Some("L1")), ("1", None), ("2", Some("L2"))] {
        let ran = with("get", &["--generation", generation, "--json"]);
        assert_eq!(ran.code, if wanted.is_some() { 0 } else { 1 }, "{ran:?}");
        // `null` where there is none.
        let found = ran.lines().first().and_then(|line| line["senderId"].as_str().map(str::to_owned));
        assert_eq!(found.as_deref(), wanted);
        let listed = sticky(&folder, &["list", "--application", "shop", "--generation", generation, "--json"]);
        assert_eq!(listed.lines().len(), usize::from(wanted.is_some()), "{listed:?}");
    }
    assert_eq!(sticky(&folder, &["list", "--json"]).lines().len(), 2);
    assert_eq!(with("release", &["--generation", "2"]).out, "released\n");
    assert_eq!(with("get", &[]).code, 0, "the other one stays");
    // A generation is one of an application.
    assert_eq!(sticky(&folder, &["list", "--generation", "1"]).code, 2);
}
