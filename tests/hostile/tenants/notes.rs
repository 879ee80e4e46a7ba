//! Explanations without end.

use serde_json::json;

use super::components::{messages, notes};
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World};

const SCOPES: [&str; 2] = ["decisions:make", "modules:manage"];

#[test]
fn explanations_of_two_million_notes_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, &notes(), &json!({}));
    let body = messages(150, json!({ "dryRun": true, "explain": true }));
    Turns::of(&world, "4: 150 explanations of two million notes")
        .attacked_by(&key, 1, |attacker| {
            attacker.ask("POST", "/v1/decisions", &body);
        })
        // Some instances of 20 MB, and what was read of one explanation.
        .memory(128 * MIB)
        .run();
}

#[test]
fn an_explanation_is_no_longer_than_its_scope_and_says_that_it_was_cut() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, &notes(), &json!({}));
    let message = json!({ "channel": "SMS", "to": "+14155550123", "dryRun": true, "explain": true });
    let reply = world.server.ask(&key, "POST", "/v1/decisions", Some(&message)).expect(200);
    assert!(reply.text.len() < 100_000, "{} bytes: {}", reply.text.len(), &reply.text[..300]);
    assert!(reply.json().is_object());
}
