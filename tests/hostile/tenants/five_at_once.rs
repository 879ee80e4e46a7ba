//! Five attackers with five different attacks at once.

use std::time::Duration;

use serde_json::json;

use super::components::{messages, slow, table_fills, talking};
use super::new_entities::names_new_entities;
use super::turns::{MIB, Turns};
use super::unread_answers::never_reads;
use super::world::{ATTACKERS, NEIGHBOUR, World, configured};

const SCOPES: [&str; 4] = ["decisions:make", "modules:manage", "audit:read", "application-entity:manage"];

#[test]
fn five_attackers_with_five_attacks_cost_the_others_nothing() {
    let world = World::alone();
    let keys = ATTACKERS.map(|application| world.key(application, &SCOPES));
    let neighbour = world.key(NEIGHBOUR, &SCOPES);
    world.bind(&keys[0], ATTACKERS[0], &slow(Duration::from_millis(100)), &json!({}));
    world.bind(&keys[4], ATTACKERS[4], &talking(), &json!({}));
    let fills = table_fills(10_000);
    let many = messages(250, json!({}));
    let one = json!({ "channel": "SMS", "to": "+14155550123" }).to_string();
    Turns::of(&world, "five attackers, five attacks")
        .attacked_by(&keys[0], 2, |attacker| {
            attacker.ask("POST", "/v1/decisions", &many);
            attacker.wait(Duration::from_millis(50));
        })
        .attacked_by(&keys[1], 1, names_new_entities)
        .attacked_by(&keys[2], 1, |attacker| {
            let body = fills.next();
            attacker.ask("POST", "/v1/modules", &body);
        })
        .attacked_by(&keys[3], 1, never_reads)
        .attacked_by(&keys[4], 2, |attacker| {
            attacker.ask("POST", "/v1/decisions", one.as_bytes());
        })
        .beside("a decision of another tenant", Duration::from_millis(250), || {
            world.decide(&neighbour, json!({}));
        })
        .memory(configured("tenant", "instance_bytes") + 128 * MIB)
        .run();
}
