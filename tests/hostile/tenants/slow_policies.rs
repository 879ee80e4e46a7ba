//! Policies that take nearly all the time that a call may take: to decide, to say why they refuse, as a shadow.

use std::time::Duration;

use serde_json::json;

use super::components::{messages, quick, slow, slow_now_and_then, slow_to_word};
use super::turns::Turns;
use super::world::{ATTACKER, NEIGHBOUR, World};

const SCOPES: [&str; 2] = ["decisions:make", "modules:manage"];

/// Between two requests. Once the circuit of a policy is open they are answered at once, and a flood of quick batches is
/// another attack: the budget of messages bounds it.
const PAUSE: Duration = Duration::from_millis(50);

/// Two requests of 250 messages at a time, beside the victim and a neighbour with a policy of its own.
fn two_large_requests(world: &World, name: &str, key: &str) {
    let neighbour = world.key(NEIGHBOUR, &SCOPES);
    world.bind(&neighbour, NEIGHBOUR, &quick("own").build(), &json!({}));
    let body = messages(250, json!({}));
    Turns::of(world, name)
        .attacked_by(key, 2, |attacker| {
            attacker.ask("POST", "/v1/decisions", &body);
            attacker.wait(PAUSE);
        })
        .beside("a decision of another tenant's policy", Duration::from_millis(100), || {
            let decision = world.decide(&neighbour, json!({}));
            assert_eq!(decision["senderId"], "S0", "{decision}");
        })
        .run();
}

#[test]
fn refusals_that_take_55_ms_each_to_word_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, &slow_to_word(Duration::from_millis(55)), &json!({}));
    two_large_requests(&world, "2: refusals that take 55 ms each to word", &key);
}

#[test]
fn decisions_that_take_nearly_their_deadline_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, &slow(Duration::from_millis(100)), &json!({}));
    two_large_requests(&world, "2: decisions that take 100 ms each", &key);
}

#[test]
fn a_slow_shadow_costs_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, &quick("quick").build(), &json!({}));
    let module = world.upload(&key, &slow(Duration::from_millis(55))).json();
    let shadow = json!({ "module": module["digest"] });
    let path = format!("/v1/binding/shadow?applicationId={ATTACKER}");
    world.server.ask(&key, "POST", &path, Some(&shadow)).expect(200);
    two_large_requests(&world, "2: a shadow that takes 55 ms for each message", &key);
}

#[test]
fn explained_and_dry_requests_of_a_slow_policy_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, &slow(Duration::from_millis(100)), &json!({}));
    let body = messages(250, json!({ "dryRun": true, "explain": true }));
    Turns::of(&world, "2: dry runs that take 100 ms a message")
        .attacked_by(&key, 2, |attacker| {
            attacker.ask("POST", "/v1/decisions", &body);
            attacker.wait(PAUSE);
        })
        .run();
}

/// Single messages on four connections, a thousand a second.
fn single_messages(name: &str, component: &[u8]) {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    world.bind(&key, ATTACKER, component, &json!({}));
    let body = json!({ "channel": "SMS", "to": "+14155550123" }).to_string();
    Turns::of(&world, name)
        .attacked_by(&key, 4, |attacker| {
            attacker.ask("POST", "/v1/decisions", body.as_bytes());
        })
        .run();
}

#[test]
fn decisions_that_take_half_a_millisecond_cost_the_others_nothing() {
    single_messages("own: decisions that take 0.4 ms each", &slow(Duration::from_micros(400)));
}

#[test]
fn a_policy_that_is_slow_now_and_then_costs_the_others_nothing() {
    single_messages("own: one call in twenty takes 100 ms", &slow_now_and_then(Duration::from_millis(100)));
}
