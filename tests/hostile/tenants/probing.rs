//! What is another tenant's is answered like what does not exist.

use serde_json::{Value, json};

use super::world::{ATTACKER, NEIGHBOUR, World, association, sender};
use callsign_tests::service::Reply;

const SCOPES: [&str; 7] = [
    "application-entity:manage",
    "sending-strategy:manage",
    "numbers:manage",
    "modules:manage",
    "decisions:make",
    "sticky:manage",
    "audit:read",
];

/// A sender, a strategy, an entity and a module of the neighbour; ids of the same length that nobody has.
const THEIRS: &str = "THEIRS";
const NOBODYS: &str = "NOBODY";

fn world() -> (World, String) {
    let world = World::beside_others();
    let neighbour = world.key(NEIGHBOUR, &SCOPES);
    world.server.post("/v1/senders", &sender(THEIRS, "+12125550177")).expect(201);
    world.server.post("/provisioning/1/associations", &association(NEIGHBOUR, None, THEIRS)).expect(201);
    let strategy = json!({ "sendingStrategyId": THEIRS, "platform": { "applicationId": NEIGHBOUR }, "channel": "MMS" });
    world.server.post("/v1/strategies", &strategy).expect(201);
    let entity = json!({ "entityId": THEIRS });
    world.server.ask(&neighbour, "POST", "/provisioning/1/entities", Some(&entity)).expect(201);
    let attacker = world.key(ATTACKER, &SCOPES);
    (world, attacker)
}

/// The address of the neighbour's sender, and one that nobody has.
const ADDRESSES: [&str; 2] = ["12125550177", "12125550178"];

/// The status and the text, with the ids left out.
fn told(path: &str, reply: &Reply) -> (u16, String) {
    let text = reply.text.replace(THEIRS, "ID").replace(NOBODYS, "ID");
    let text = text.replace(ADDRESSES[0], "NUMBER").replace(ADDRESSES[1], "NUMBER");
    // What was made has an id that the service may have chosen.
    (reply.status, if reply.status == 201 && path.contains("strategies") { String::new() } else { text })
}

#[test]
fn whatever_names_what_others_have_is_answered_like_what_nobody_has() {
    let (world, attacker) = world();
    let pin = |sender: &str| json!({ "channel": "SMS", "to": "+14155550123", "senderId": sender });
    let message = |from: &str| json!({ "channel": "SMS", "to": "+14155550123", "from": from });
    let strategy =
        |id: &str| json!({ "sendingStrategyId": id, "platform": { "applicationId": ATTACKER }, "channel": "RCS" });
    type Question<'q> = (&'q str, &'q str, Box<dyn Fn(&str) -> Option<Value> + 'q>);
    let questions: Vec<Question<'_>> = vec![
        ("PUT", "/v1/pins", Box::new(|id| Some(pin(id)))),
        ("GET", "/v1/pins/list?senderId={}", Box::new(|_| None)),
        ("POST", "/v1/pins/move", Box::new(|id| Some(json!({ "from": id, "to": "S0" })))),
        ("DELETE", "/v1/pins?channel=SMS&to=%2B14155550123&senderId={}", Box::new(|_| None)),
        ("GET", "/v1/senders/{}", Box::new(|_| None)),
        ("GET", "/numbers/1/numbers?number={number}", Box::new(|_| None)),
        (
            "POST",
            "/v1/decisions",
            Box::new(|id| Some(message(if id == THEIRS { "+12125550177" } else { "+12125550178" }))),
        ),
        ("POST", "/provisioning/1/associations", Box::new(|id| Some(association(ATTACKER, None, id)))),
        ("PUT", "/v1/default-senders?applicationId=attacker", Box::new(|id| Some(json!({ "senderId": id })))),
        (
            "POST",
            "/v1/strategies",
            Box::new(|id| {
                let mut strategy = strategy("LIST");
                strategy["senderIds"] = json!([id]);
                Some(strategy)
            }),
        ),
        ("GET", "/v1/strategies/{}", Box::new(|_| None)),
        ("DELETE", "/v1/strategies/{}", Box::new(|_| None)),
        ("DELETE", "/provisioning/2/sending-strategies/{}", Box::new(|_| None)),
        ("GET", "/provisioning/2/sending-strategies?sendingStrategyId={}", Box::new(|_| None)),
        ("GET", "/provisioning/1/entities/{}", Box::new(|_| None)),
        ("DELETE", "/provisioning/1/entities/{}", Box::new(|_| None)),
        ("PUT", "/provisioning/1/entities/{}", Box::new(|_| Some(json!({ "entityName": "x" })))),
        ("GET", "/v1/coverage?applicationId=attacker&entityId={}", Box::new(|_| None)),
        ("PUT", "/v1/strategies/{}", Box::new(|id| Some(strategy(id)))),
        ("POST", "/v1/strategies", Box::new(|id| Some(strategy(id)))),
        ("POST", "/provisioning/1/entities", Box::new(|id| Some(json!({ "entityId": id })))),
    ];
    let mut apart = Vec::new();
    for (method, path, body) in questions {
        let [theirs, nobodys] = [(THEIRS, ADDRESSES[0]), (NOBODYS, ADDRESSES[1])].map(|(id, address)| {
            let reply = world.server.ask(
                &attacker,
                method,
                &path.replace("{}", id).replace("{number}", address),
                body(id).as_ref(),
            );
            // What was made is removed, so that the next question finds the same.
            if method != "GET" && reply.status < 300 && path.contains("strategies") {
                let made = reply.json()["sendingStrategyId"].as_str().unwrap_or(id).to_owned();
                world.server.ask(&attacker, "DELETE", &format!("/v1/strategies/{made}"), None);
            }
            reply
        });
        if told(path, &theirs) != told(path, &nobodys) {
            apart.push(format!("{method} {path}:\n  {theirs:?}\n  {nobodys:?}"));
        }
    }
    assert!(apart.is_empty(), "{}", apart.join("\n"));
    // All of it is still the neighbour's, as it was.
    world.server.get(&format!("/v1/strategies/{THEIRS}")).expect(200);
    world.server.get(&format!("/v1/senders/{THEIRS}")).expect(200);
}
