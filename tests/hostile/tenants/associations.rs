//! A platform with 100,000 associations of others: what a tenant asks costs what the tenant has.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World, association, catalog, sender};

/// The usual platform, and one application more that has 100,000 associations: 10,000 senders for ten entities.
fn crowded() -> Value {
    let mut catalog = catalog();
    let mut push = |list: &str, element: Value| catalog[list].as_array_mut().unwrap().push(element);
    push("applications", json!({ "applicationId": "crowd" }));
    for at in 0..10 {
        push("entities", json!({ "entityId": format!("crowd-{at}") }));
    }
    for at in 0..10_000 {
        let id = format!("C{at}");
        push("senders", sender(&id, &format!("+1313{at:07}")));
        for entity in 0..10 {
            push("associations", association("crowd", Some(&format!("crowd-{entity}")), &id));
        }
    }
    catalog
}

const SCOPES: [&str; 4] = ["decisions:make", "application-entity:manage", "numbers:manage", "sending-strategy:manage"];

/// What a tenant asks; paths without a body are lists.
fn questions() -> Vec<(&'static str, &'static str, Option<Value>)> {
    let from = json!({ "channel": "SMS", "to": "+14155550123", "from": "+12125550100" });
    vec![
        ("POST", "/v1/decisions", Some(from)),
        ("GET", "/provisioning/1/associations?size=1000", None),
        ("GET", "/provisioning/1/associations?resourceId=S0", None),
        ("GET", "/provisioning/1/entities?size=1000", None),
        ("GET", "/provisioning/2/sending-strategies?size=1000", None),
        ("GET", "/numbers/1/numbers?limit=1000", None),
        ("GET", "/v1/senders?size=1000", None),
        ("GET", "/v1/default-senders", None),
    ]
}

/// The middle time of each question of a tenant.
fn times(world: &World) -> Vec<Duration> {
    let key = world.key(ATTACKER, &SCOPES);
    let middle = |(method, path, body): (&str, &str, Option<Value>)| {
        let mut times: Vec<Duration> = (0..60)
            .map(|_| {
                // Fewer than a tenant may make in a second.
                std::thread::sleep(Duration::from_millis(8));
                let began = Instant::now();
                world.server.ask(&key, method, path, body.as_ref()).expect(200);
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    questions().into_iter().map(middle).collect()
}

#[test]
fn what_a_tenant_asks_takes_no_longer_where_others_have_100_000_associations() {
    let few = times(&World::alone());
    let many = times(&World::alone_with(&crowded(), ""));
    let mut slower = Vec::new();
    for (((method, path, _), few), many) in questions().into_iter().zip(few).zip(many) {
        println!("17: {method} {path}: {few:?} alone, {many:?} beside 100,000 associations");
        if many > few * 3 / 2 + Duration::from_millis(1) {
            slower.push(path);
        }
    }
    assert!(slower.is_empty(), "{slower:?}");
}

#[test]
fn messages_with_a_sender_and_lists_of_a_tenant_cost_the_others_nothing() {
    let world = World::alone_with(&crowded(), "");
    let key = world.key(ATTACKER, &SCOPES);
    let questions: Vec<_> = questions()
        .into_iter()
        .map(|(method, path, body)| (method, path, body.map(|body| body.to_string()).unwrap_or_default()))
        .collect();
    Turns::of(&world, "17: `from` and lists beside 100,000 associations")
        .attacked_by(&key, 2, |attacker| {
            for (method, path, body) in &questions {
                attacker.ask(method, path, body.as_bytes());
            }
        })
        .memory(32 * MIB)
        .run();
}
