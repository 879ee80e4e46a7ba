//! Messages with ever new entities.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use super::attacker::Attacker;
use super::turns::Turns;
use super::world::{ATTACKER, NEIGHBOUR, World, configured};

/// A request of 250 messages, each of an entity that nobody has named.
pub fn names_new_entities(attacker: &mut Attacker<'_>) {
    let messages: Vec<_> = (0..250)
        .map(|_| json!({ "entityId": format!("e{}", Attacker::number()), "channel": "SMS", "to": "+14155550123" }))
        .collect();
    attacker.ask("POST", "/v1/decisions", json!({ "messages": messages }).to_string().as_bytes());
}

#[test]
fn messages_with_ever_new_entities_make_no_more_than_a_tenant_may_have() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["decisions:make", "application-entity:manage"]);
    let neighbour = world.key(NEIGHBOUR, &["decisions:make", "application-entity:manage"]);
    let made = AtomicU64::new(0);
    Turns::of(&world, "10: ever new entities")
        .attacked_by(&key, 2, names_new_entities)
        .beside("a message that names a new entity", Duration::from_millis(500), || {
            let entity = format!("new-{}", made.fetch_add(1, Ordering::Relaxed));
            world.decide(&neighbour, json!({ "entityId": entity }));
        })
        .run();
    let total = |key: &str| {
        let list = world.server.ask(key, "GET", "/provisioning/1/entities?size=1", None).expect(200).json();
        list["paging"]["totalResults"].as_u64().unwrap()
    };
    let made = made.into_inner();
    world.server.until("the neighbour's entities are there", || total(&neighbour) >= made);
    // The twelve of the platform that its associations name are not its own.
    let most = configured("tenant", "entities");
    assert!(total(&key) <= most + 12, "{} entities, at most {most}", total(&key));
}

#[test]
fn a_message_over_the_budget_of_entities_is_decided_all_the_same() {
    let world = World::alone_with(&super::world::catalog(), "[tenant]\nentities = 20\n");
    let key = world.key(ATTACKER, &["decisions:make", "application-entity:manage"]);
    let neighbour = world.key(NEIGHBOUR, &["decisions:make", "application-entity:manage"]);
    // Many in one request, and one in each of many.
    let many: Vec<_> =
        (0..100).map(|at| json!({ "entityId": format!("m{at}"), "channel": "SMS", "to": "+14155550123" })).collect();
    let decided = world.server.ask(&key, "POST", "/v1/decisions", Some(&json!({ "messages": many }))).expect(200);
    assert_eq!(decided.json()["decisions"].as_array().map(Vec::len), Some(100));
    for at in 0..60 {
        let decision = world.decide(&key, json!({ "entityId": format!("e{at}") }));
        assert!(decision.get("refusal").is_none_or(|refusal| refusal["code"] != "BUSY"), "{decision}");
    }
    world.decide(&neighbour, json!({ "entityId": "mine" }));
    world.server.until("another tenant's entity is made", || {
        world.server.ask(&neighbour, "GET", "/provisioning/1/entities/mine", None).status == 200
    });
    let list = world.server.ask(&key, "GET", "/provisioning/1/entities?size=1", None).expect(200).json();
    let own = list["paging"]["totalResults"].as_u64().unwrap();
    assert!(own <= 20 + 12, "{own} entities");
    // Over the budget by request: refused with its name, by a status that the contract of the path has.
    let made = json!({ "entityId": "one-more" });
    let refused = world.server.ask(&key, "POST", "/provisioning/1/entities", Some(&made));
    assert!(matches!(refused.status, 400 | 413 | 429), "{refused:?}");
    assert!(refused.text.contains("entities"), "{refused:?}");
}
