//! Text that came from outside does nothing to a terminal.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::world::{ATTACKER, World, beside_others};
use callsign_tests::component::Component;
use callsign_tests::service::folder;

/// Clears the screen, reorders a line, hides what follows.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}31m\u{200f}\u{61c}\u{202e}\u{2066}\u{200b}\u{2060}\u{feff}\u{e0041}\u{7f}";

/// Nothing of it is there as it was.
#[track_caller]
fn is_harmless(text: &str) {
    let found = HOSTILE.chars().filter(|sign| !sign.is_ascii_graphic()).find(|sign| text.contains(*sign));
    assert_eq!(found, None, "{text:?}");
}

fn callsign(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_callsign")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    format!("{}{}", text(ran.stdout), text(ran.stderr))
}

/// The text as WebAssembly text writes it.
fn written(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A component whose functions, name and version have these names.
fn named() -> Vec<u8> {
    let text = format!(
        r#"(component
             (import "callsign:policy/log@1.0.0" (instance))
             (core module
               (import "callsign:policy/log@1.0.0" "{}" (func))))"#,
        written(HOSTILE)
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn what_a_component_is_called_does_nothing_to_a_terminal() {
    let _turn = beside_others();
    let folder = folder("terminal");
    std::fs::write(folder.join("functions.wasm"), named()).unwrap();
    let told = callsign(&folder, &["policy", "inspect", "functions.wasm"]);
    is_harmless(&told);
    assert!(told.contains("log@1.0.0"), "{told}");
    let labelled = |name: &str, version: &str| {
        callsign_tests::component::labelled(&Component::new("plain", "1.0.0").build(), name, version)
    };
    for (name, component) in [("name.wasm", labelled(HOSTILE, "1.0.0")), ("version.wasm", labelled("plain", HOSTILE))] {
        std::fs::write(folder.join(name), component).unwrap();
        is_harmless(&callsign(&folder, &["policy", "inspect", name]));
        is_harmless(&callsign(&folder, &["module", "add", name, "--store", "modules"]));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_a_file_says_does_nothing_to_a_terminal() {
    let _turn = beside_others();
    let folder = folder("terminal");
    let catalog = json!({ "applications": [{ "applicationId": HOSTILE }, { HOSTILE: 1 }], HOSTILE: [] });
    std::fs::write(folder.join("catalog.json"), catalog.to_string()).unwrap();
    is_harmless(&callsign(&folder, &["check", "--catalog", "catalog.json"]));
    std::fs::write(folder.join("sound.json"), "{}").unwrap();
    for message in [
        json!({ "messageId": HOSTILE, "channel": HOSTILE, "to": "+14155550123" }),
        json!({ "channel": "SMS", "to": HOSTILE }),
        json!({ "channel": "SMS", "to": "+14155550123", "entityId": HOSTILE }),
        json!({ "channel": "SMS", "to": "+14155550123", HOSTILE: 1 }),
    ] {
        std::fs::write(folder.join("messages.jsonl"), message.to_string()).unwrap();
        let told = callsign(&folder, &["resolve", "--catalog", "sound.json", "messages.jsonl"]);
        // The id of a message is given back as it is, as data.
        let told = told.lines().filter(|line| !line.starts_with('{')).collect::<String>();
        is_harmless(&told);
    }
    is_harmless(&callsign(&folder, &["explain", "--catalog", "sound.json", "--to", HOSTILE]));
    is_harmless(&callsign(&folder, &["check", "--catalog", HOSTILE]));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_a_policy_says_does_nothing_to_the_log() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["modules:manage", "decisions:make"]);
    let length = HOSTILE.len();
    let talks = Component::new("talks", "1.0.0")
        .import("log", "write", "(param i32 i32 i32)")
        .item(&format!(r#"(data (i32.const 8192) "{}")"#, written(HOSTILE)))
        .resolve(&format!(
            "(call $write (i32.const 3) (i32.const 8192) (i32.const {length})) (call $refuse (i32.const 7))"
        ))
        .refusal_text(&format!(
            "(call $words (i32.const 96) (i32.const 6) (i32.const 8192) (i32.const {length})) (i32.const 2048)"
        ));
    world.bind(&key, ATTACKER, &talks.build(), &json!({}));
    let decision = world.decide(&key, json!({}));
    is_harmless(decision["refusal"]["message"].as_str().unwrap());
    world.server.until_logged("talks");
    is_harmless(&world.server.log());
}
