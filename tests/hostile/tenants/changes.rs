//! Changes without end: the writer is everybody's, and so is the number of elements of a platform.

use std::time::Duration;

use serde_json::{Value, json};

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, NEIGHBOUR, World, catalog};

const SCOPES: [&str; 3] = ["application-entity:manage", "sending-strategy:manage", "modules:manage"];

#[test]
fn a_storm_of_entities_made_and_removed_lets_others_change_the_platform_meanwhile() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    let neighbour = world.key(NEIGHBOUR, &SCOPES);
    Turns::of(&world, "own: entities made and removed")
        .attacked_by(&key, 4, |attacker| {
            let entity = format!("storm-{}", Attacker::number());
            let body = json!({ "entityId": entity }).to_string();
            attacker.ask("POST", "/provisioning/1/entities", body.as_bytes());
            attacker.ask("DELETE", &format!("/provisioning/1/entities/{entity}"), b"");
        })
        .beside("a change of another tenant", Duration::from_millis(500), || {
            let name = json!({ "applicationName": format!("name {}", Attacker::number()) });
            let path = format!("/provisioning/1/applications/{NEIGHBOUR}");
            world.server.ask(&neighbour, "PUT", &path, Some(&name)).expect(204);
        })
        .memory(32 * MIB)
        .run();
}

#[test]
fn swaps_and_rollbacks_without_end_let_others_change_the_platform_meanwhile() {
    let world = World::alone();
    let key = world.key(ATTACKER, &SCOPES);
    let neighbour = world.key(NEIGHBOUR, &SCOPES);
    let path = format!("/v1/binding?applicationId={ATTACKER}");
    let back = format!("/v1/binding/rollback?applicationId={ATTACKER}");
    Turns::of(&world, "own: swaps and rollbacks")
        .attacked_by(&key, 2, |attacker| {
            attacker.ask("PUT", &path, br#"{"module":"standard"}"#);
            attacker.ask("POST", &back, b"");
        })
        .beside("a change of another tenant", Duration::from_millis(500), || {
            let name = json!({ "applicationName": format!("name {}", Attacker::number()) });
            let path = format!("/provisioning/1/applications/{NEIGHBOUR}");
            world.server.ask(&neighbour, "PUT", &path, Some(&name)).expect(204);
        })
        .memory(64 * MIB)
        .run();
}

/// Makes elements of a kind until it is refused, at most so many.
fn fills(world: &World, key: &str, most: usize, path: &str, body: impl Fn(usize) -> Value) -> u16 {
    let replies = (0..most).map(|at| world.server.ask(key, "POST", path, Some(&body(at))).status);
    replies.into_iter().find(|status| *status >= 300).unwrap_or(201)
}

#[test]
fn a_tenant_does_not_take_the_elements_that_the_platform_may_have() {
    let least = catalog();
    let there: usize = least.as_object().unwrap().values().map(|list| list.as_array().unwrap().len()).sum();
    // A tenant may have 400 of the 600 that there is room for.
    let config = format!(
        "[limits]\nelements = {}\n[tenant]\nassociations = 200\nstrategies = 100\nentities = 100\nchanges_per_second = 0\n",
        there + 600
    );
    let world = World::alone_with(&least, &config);
    let key = world.key(ATTACKER, &SCOPES);
    // Of resources that strategies do not act on, any id is taken.
    let associated = |at: usize| {
        json!({
            "resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": ATTACKER, "entityId": null,
            "resourceId": format!("d{at}.example"),
        })
    };
    fills(&world, &key, 700, "/provisioning/1/associations", associated);
    let strategy = |at: usize| {
        let country = format!("{}{}", char::from(b'A' + (at / 26 % 26) as u8), char::from(b'A' + (at % 26) as u8));
        json!({ "platform": { "applicationId": ATTACKER }, "channel": "RCS", "destinationCountryCode": country })
    };
    fills(&world, &key, 300, "/provisioning/2/sending-strategies", strategy);
    let neighbour = world.key(NEIGHBOUR, &SCOPES);
    let entity = json!({ "entityId": "mine" });
    world.server.ask(&neighbour, "POST", "/provisioning/1/entities", Some(&entity)).expect(201);
    world.server.post("/provisioning/1/applications", &json!({ "applicationId": "new" })).expect(201);
}

#[test]
fn renaming_without_end_does_not_fill_the_store() {
    let world = World::beside_others_with("[tenant]\nchanges_per_second = 0\n");
    let key = world.key(ATTACKER, &SCOPES);
    let path = format!("/provisioning/1/applications/{ATTACKER}");
    let size = || std::fs::metadata(world.server.data.join("catalog.sqlite")).unwrap().len();
    let before = size();
    for at in 0..3_000 {
        let name = json!({ "applicationName": format!("{at} {}", "x".repeat(240)) });
        let reply = world.server.ask(&key, "PUT", &path, Some(&name));
        assert!(matches!(reply.status, 204 | 413 | 429), "{reply:?}");
    }
    let grown = size().saturating_sub(before);
    println!("own: 3,000 changes of a name took {} KiB of the store", grown >> 10);
    assert!(grown < 4 * MIB, "{} MiB", grown / MIB);
}
