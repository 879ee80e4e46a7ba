//! Questions that are dear to answer: coverage audits, exports, large pages.

use std::time::Duration;

use callsign::Country;
use serde_json::{Value, json};

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, NEIGHBOUR, World, association, catalog, is_late};

const SCOPES: [&str; 4] = ["audit:read", "numbers:manage", "application-entity:manage", "sending-strategy:manage"];

/// The usual platform; the attacker has strategies for every country and channel in each of 200 entities, and a sender in each
/// that covers none of them.
fn dear_to_audit() -> Value {
    let mut catalog = catalog();
    let mut push = |list: &str, element: Value| catalog[list].as_array_mut().unwrap().push(element);
    let letters = || (b'A'..=b'Z').map(char::from);
    let codes = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
    let countries: Vec<String> = codes.filter(|code| Country::parse(code).is_some()).collect();
    push("senders", json!({ "senderId": "NONE", "sender": "NONE", "senderType": "ALPHANUMERIC", "coverage": [] }));
    for at in 0..200 {
        let entity = format!("audited-{at}");
        push("entities", json!({ "entityId": entity }));
        push("associations", association(ATTACKER, Some(&entity), "NONE"));
        for channel in ["SMS", "MMS", "RCS"] {
            push(
                "sendingStrategies",
                json!({
                    "sendingStrategyId": format!("{entity}-{channel}"), "channel": channel,
                    "platform": { "applicationId": ATTACKER, "entityId": entity }, "destinationCountryCodes": countries,
                }),
            );
        }
    }
    catalog
}

/// A change that somebody else makes meanwhile.
fn changes(world: &World) {
    let name = json!({ "applicationName": format!("name {}", Attacker::number()) });
    world.server.put("/provisioning/1/applications/third", &name).expect(204);
}

#[test]
fn audits_exports_and_large_pages_without_end_cost_the_others_nothing() {
    let world = World::alone_with(&dear_to_audit(), "");
    let key = world.key(ATTACKER, &SCOPES);
    Turns::of(&world, "own: coverage audits, exports and large pages")
        .attacked_by(&key, 4, |attacker| {
            for path in [
                "/v1/coverage?size=1000",
                "/v1/senders/export",
                "/provisioning/1/associations?size=1000",
                "/provisioning/2/sending-strategies?size=1000",
                "/provisioning/2/sending-strategies?size=1000&page=4294967295",
            ] {
                attacker.ask("GET", path, b"");
            }
        })
        .beside("a change of the platform", Duration::from_millis(500), || changes(&world))
        .memory(128 * MIB)
        .run();
}

#[test]
fn audits_that_nobody_waits_for_cost_the_others_nothing() {
    let world = World::alone_with(&dear_to_audit(), "");
    let key = world.key(ATTACKER, &SCOPES);
    Turns::of(&world, "own: coverage audits whose clients have gone")
        .attacked_by(&key, 2, |attacker| {
            let asked = attacker.head("GET", "/v1/coverage?size=1", "");
            if let Some(mut wire) = attacker.open() {
                wire.push(asked.as_bytes());
                // It has begun by the time that its client goes.
                attacker.wait(Duration::from_millis(4));
            }
        })
        .beside("a change of the platform", Duration::from_millis(500), || changes(&world))
        .memory(128 * MIB)
        .run();
}

#[test]
fn metrics_and_documents_without_a_key_cost_the_others_nothing() {
    let world = World::alone();
    Turns::of(&world, "own: metrics and documents without a key")
        .attacked_by("", 4, |attacker| {
            for path in ["/metrics", "/healthz", "/openapi.json", "/docs/"] {
                attacker.ask("GET", path, b"");
            }
        })
        .memory(32 * MIB)
        .run();
}

#[test]
fn refused_messages_of_a_tenant_do_not_push_those_of_another_out_of_its_audit() {
    // However fast the attacker may be: the one that waits gets there too.
    let world = World::alone_with(&catalog(), "[tenant]\nmessages_per_second = 0\n");
    let key = world.key(ATTACKER, &["decisions:make"]);
    let neighbour = world.key(NEIGHBOUR, &["decisions:make", "audit:read"]);
    world.server.until("it is refused for want of a sender, and not of time", || {
        let decision = world.decide(&neighbour, json!({ "channel": "RCS" })).to_string();
        assert!(decision.contains("NO_ELIGIBLE_SENDER") || is_late(&decision), "{decision}");
        !is_late(&decision)
    });
    let seen = || {
        let audit = world.server.ask(&neighbour, "GET", "/v1/coverage", None).expect(200).json();
        audit["results"].as_array().unwrap().iter().any(|gap| gap["channel"] == "RCS" && gap["seen"].as_u64() > Some(0))
    };
    assert!(seen(), "it is in the audit");
    // More scopes than are kept of everybody together.
    for request in 0..150 {
        let messages: Vec<_> = (0..1_000)
            .map(|at| json!({ "entityId": format!("r{request}-{at}"), "channel": "RCS", "to": "+14155550123" }))
            .collect();
        let reply = world.server.ask(&key, "POST", "/v1/decisions", Some(&json!({ "messages": messages })));
        reply.expect(200);
    }
    assert!(seen(), "it is in the audit still");
}
