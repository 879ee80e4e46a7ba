//! Bodies over 2 MiB are taken, as far as the configuration allows.

use std::fmt::Write;

use serde_json::json;

use super::components::large;
use super::world::{ATTACKER, World};

#[test]
fn a_module_of_three_mebibytes_is_taken() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let module = world.upload(&key, &large(3 << 20).next()).json();
    assert!(module["size"].as_u64() > Some(3 << 20), "{module}");
}

#[test]
fn an_import_of_three_mebibytes_is_taken() {
    let world = World::beside_others();
    let mut lines = String::new();
    let mut count = 0;
    while lines.len() < 3 << 20 {
        let padding = "x".repeat(200);
        let sender = json!({
            "senderId": format!("{padding}-{count}"), "sender": format!("N{count}"), "senderType": "ALPHANUMERIC",
            "coverage": [],
        });
        writeln!(lines, "{sender}").unwrap();
        count += 1;
    }
    let key = format!("App {}", world.server.key());
    let done = world.server.send(&[("authorization", &key)], "POST", "/v1/senders/import", Some(lines.as_bytes()));
    assert_eq!(done.expect(200).json()["created"], count);
}
