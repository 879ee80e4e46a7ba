//! Reports of health and receipts without end: every node takes them over, and their rows are in everybody's store.

use std::time::Duration;

use serde_json::{Value, json};

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World, association, catalog, sender};

const COUNTRIES: [&str; 10] = ["US", "CA", "DE", "FR", "GB", "ES", "IT", "JP", "BR", "MX"];

/// A platform in which the attacker has 50 senders of its own.
fn platform() -> Value {
    let mut platform = catalog();
    for at in 0..50 {
        let id = format!("OWN{at}");
        platform["senders"].as_array_mut().unwrap().push(sender(&id, &format!("+14155550{at:03}")));
        platform["associations"].as_array_mut().unwrap().push(association(ATTACKER, None, &id));
    }
    platform
}

/// A thousand entries about its senders, each about something else.
fn entries(entry: impl Fn(&str, &str, &str) -> Value) -> Vec<Value> {
    let senders = (0..50).map(|at| format!("OWN{at}"));
    let about = senders.flat_map(|id| COUNTRIES.map(|country| (id.clone(), country)));
    about.flat_map(|(id, country)| ["SMS", "MMS"].map(|channel| entry(&id, channel, country))).collect()
}

#[test]
fn a_storm_of_reports_and_receipts_lets_others_report_and_decide_meanwhile() {
    // As if there were no budget of changes: what is left holds all the same.
    let world = World::alone_with(&platform(), "[tenant]\nchanges_per_second = 0\n");
    let key = world.key(ATTACKER, &["numbers:manage"]);
    Turns::of(&world, "own: reports of health and receipts")
        .attacked_by(&key, 4, |attacker| {
            let status = if Attacker::number().is_multiple_of(2) { "HEALTHY" } else { "UNHEALTHY" };
            let reports = entries(|id, channel, country| {
                json!({ "senderId": id, "channel": channel, "country": country, "status": status })
            });
            attacker.ask("POST", "/v1/health", json!({ "reports": reports }).to_string().as_bytes());
            let receipts = entries(|id, channel, country| {
                json!({ "senderId": id, "channel": channel, "country": country, "undelivered": 1_000_000 })
            });
            attacker.ask("POST", "/v1/receipts", json!({ "receipts": receipts }).to_string().as_bytes());
        })
        .beside("a report of the platform", Duration::from_secs(1), || {
            let status = if Attacker::number().is_multiple_of(2) { "HEALTHY" } else { "UNHEALTHY" };
            let report = json!({ "status": status, "channel": "MMS" });
            world.server.put("/v1/senders/S0/health", &report).expect(200);
        })
        .memory(64 * MIB)
        .run();
    // Nobody else's sender is unhealthy for it.
    let report = json!({ "reports": [{ "senderId": "S1", "status": "UNHEALTHY" }] });
    world.server.ask(&key, "POST", "/v1/health", Some(&report)).expect(403);
}
