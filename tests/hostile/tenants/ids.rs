//! Ids that are none: what a message names is held to the rule of the catalog.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use super::turns::Turns;
use super::world::{ATTACKER, NEIGHBOUR, World};

/// Control and format characters: escapes of a terminal, marks that reorder a line, characters without a width, tags.
const NO_IDS: [&str; 8] =
    ["a\u{9b}", "a\u{7f}", "\u{1b}[2J", "a\nb", "\u{200f}a", "a\u{202e}b", "a\u{200b}", "\u{e0041}\u{e0042}"];

#[test]
fn an_id_of_a_message_that_no_catalog_would_take_is_400_with_its_property() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["decisions:make", "application-entity:manage"]);
    for id in NO_IDS {
        let message = json!({ "entityId": id, "channel": "SMS", "to": "+14155550123" });
        let refused = world.server.ask(&key, "POST", "/v1/decisions", Some(&message)).expect(400);
        assert_eq!(refused.json()["violations"][0]["property"], "entityId", "{refused:?}");
        let several = json!({ "messages": [message] });
        let refused = world.server.ask(&key, "POST", "/v1/decisions", Some(&several)).expect(400);
        assert_eq!(refused.json()["violations"][0]["property"], "messages[0].entityId", "{refused:?}");
        let entity = json!({ "entityId": id });
        world.server.ask(&key, "POST", "/provisioning/1/entities", Some(&entity)).expect(400);
    }
}

#[test]
fn ids_that_are_none_keep_no_entity_of_another_tenant_from_being_made() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["decisions:make"]);
    let neighbour = world.key(NEIGHBOUR, &["decisions:make", "application-entity:manage"]);
    let made = AtomicU64::new(0);
    Turns::of(&world, "3: entity ids with control characters")
        .attacked_by(&key, 2, |attacker| {
            for id in NO_IDS {
                let body = json!({ "entityId": id, "channel": "SMS", "to": "+14155550123" }).to_string();
                attacker.ask("POST", "/v1/decisions", body.as_bytes());
            }
        })
        .beside("a message that names a new entity", Duration::from_millis(250), || {
            let entity = format!("new-{}", made.fetch_add(1, Ordering::Relaxed));
            world.decide(&neighbour, json!({ "entityId": entity }));
        })
        .run();
    let made = made.into_inner();
    world.server.until("all entities that messages named are there", || {
        let list = world.server.ask(&neighbour, "GET", "/provisioning/1/entities?size=1", None).expect(200).json();
        list["paging"]["totalResults"].as_u64() >= Some(made)
    });
}
