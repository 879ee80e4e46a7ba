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

/// The middle times of a question of a tenant in two worlds. It is asked in either by turns, so that whatever else the machine
/// does counts for both.
fn middle_times(worlds: [(&World, &str); 2], method: &str, path: &str, body: Option<&Value>) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..60 {
        for ((world, key), times) in worlds.into_iter().zip(&mut times) {
            // Fewer than a tenant may make in a second.
            std::thread::sleep(Duration::from_millis(8));
            let began = Instant::now();
            world.server.ask(key, method, path, body).expect(200);
            times.push(began.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

#[test]
fn what_a_tenant_asks_takes_no_longer_where_others_have_100_000_associations() {
    let alone = World::alone();
    let crowded = alone.another(&crowded());
    let keys = [&alone, &crowded].map(|world| world.key(ATTACKER, &SCOPES));
    let is_slower = |(method, path, body): &(&str, &str, Option<Value>)| {
        let [few, many] =
            middle_times([(&alone, keys[0].as_str()), (&crowded, keys[1].as_str())], method, path, body.as_ref());
        println!("17: {method} {path}: {few:?} alone, {many:?} beside 100,000 associations");
        many > few * 3 / 2 + Duration::from_millis(1)
    };
    // What is slower for its associations is slower each time, and not for what the machine does now and then.
    let mut slower = questions();
    for _ in 0..5 {
        slower.retain(&is_slower);
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
