//! Policies that talk.

use serde_json::json;

use super::components::talking;
use super::turns::Turns;
use super::world::{ATTACKER, World};

#[test]
fn a_policy_that_logs_16_lines_a_call_does_not_fill_the_log() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["decisions:make", "modules:manage"]);
    world.bind(&key, ATTACKER, &talking(), &json!({}));
    let body = json!({ "channel": "SMS", "to": "+14155550123" }).to_string();
    Turns::of(&world, "13: 16 log lines a call")
        .attacked_by(&key, 4, |attacker| {
            attacker.ask("POST", "/v1/decisions", body.as_bytes());
        })
        .run();
    // Something was left out, however few requests a busy machine has let the attackers make.
    for _ in 0..10 {
        world.decide(&key, json!({}));
    }
    // It is told.
    world.server.until("it is told how many lines were not logged", || {
        let log = world.server.log();
        log.contains("not logged") || log.contains("left out") || log.contains("more lines")
    });
}
