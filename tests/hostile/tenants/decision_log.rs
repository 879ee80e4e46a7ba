//! Comparisons of recorded traffic and lookups without end: each reads the log, and decides or looks through all of it.

use std::time::Duration;

use serde_json::json;

use callsign_tests::service::folder;

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World, catalog};

/// How many messages of the attacker are in the log.
const MESSAGES: usize = 20_000;

#[test]
fn comparisons_and_lookups_without_end_cost_the_others_nothing() {
    let log = folder("compared");
    // As if there were no budget of changes: what is left holds all the same.
    let config = format!("[log]\ndirectory = \"{}\"\n[tenant]\nchanges_per_second = 0\n", log.display());
    let world = World::alone_with(&catalog(), &config);
    let key = world.key(ATTACKER, &["audit:read", "decisions:make"]);
    let recorded = || -> usize {
        let text = world.server.get("/metrics").expect(200).text;
        let line = text.lines().find_map(|line| line.strip_prefix("callsign_log_records_total "));
        line.and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    for request in 0..MESSAGES / 1_000 {
        let messages: Vec<_> = (0..1_000)
            .map(|at| json!({ "messageId": format!("{request}-{at}"), "channel": "SMS", "to": "+14155550123" }))
            .collect();
        world.server.ask(&key, "POST", "/v1/decisions", Some(&json!({ "messages": messages }))).expect(200);
        // The log drops what its writer has no room for, and for those of one request it has room.
        world.server.until("they are in the log", || recorded() >= (request + 1) * 1_000);
    }
    Turns::of(&world, "own: comparisons of recorded traffic, and lookups")
        .attacked_by(&key, 4, |attacker| {
            let strategy = json!({ "sendingStrategyId": format!("OF-{ATTACKER}"), "senderIds": ["S2"] });
            attacker.ask("POST", "/v1/what-if", json!({ "strategies": [strategy] }).to_string().as_bytes());
            attacker.ask("GET", "/v1/decisions?messageId=nobody", b"");
            attacker.ask("GET", "/v1/decisions?to=%2B14155550123&size=1000", b"");
        })
        .beside("a lookup of the platform", Duration::from_secs(2), || {
            let path = format!("/v1/decisions?applicationId=third&messageId={}", Attacker::number());
            world.server.get(&path).expect(200);
        })
        .memory(192 * MIB)
        .run();
    drop(world);
    std::fs::remove_dir_all(log).unwrap();
}
