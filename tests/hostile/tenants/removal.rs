//! An application that is removed leaves nothing to its successor of the same name.

use serde_json::{Value, json};

use super::components::quick;
use super::world::{TO, World, association};

const SCOPES: [&str; 6] = [
    "application-entity:manage",
    "sending-strategy:manage",
    "modules:manage",
    "decisions:make",
    "sticky:manage",
    "audit:read",
];

#[test]
fn the_owner_of_an_application_that_is_made_again_finds_nothing_of_the_old_one() {
    let world = World::beside_others();
    let server = &world.server;
    let old = world.key("third", &SCOPES);
    let ask = |key: &str, method: &str, path: &str, body: Option<Value>| server.ask(key, method, path, body.as_ref());
    // Everything that an application can leave.
    let pin = json!({ "channel": "SMS", "to": TO, "senderId": "S0" });
    ask(&old, "PUT", "/v1/pins", Some(pin)).expect(200);
    ask(&old, "POST", "/provisioning/1/entities", Some(json!({ "entityId": "olds" }))).expect(201);
    let refused = json!({ "channel": "RCS", "to": TO });
    let decision = ask(&old, "POST", "/v1/decisions", Some(refused)).expect(200).json();
    assert_eq!(decision["refusal"]["code"], "NO_ELIGIBLE_SENDER", "{decision}");
    world.bind(&old, "third", &quick("olds").build(), &json!({ "secret": "olds" }));
    let seen = ask(&old, "GET", "/v1/coverage", None).expect(200).json();
    assert!(!seen["results"].as_array().unwrap().is_empty(), "{seen}");

    server.delete("/provisioning/1/applications/third").expect(200);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "third" })).expect(201);
    server.post("/provisioning/1/associations", &association("third", None, "S0")).expect(201);
    let strategy = json!({ "sendingStrategyId": "ANEW", "platform": { "applicationId": "third" } });
    server.post("/v1/strategies", &strategy).expect(201);
    assert_eq!(ask(&old, "GET", "/provisioning/1/applications", None).status, 401, "the old key is none");

    let new = world.key("third", &SCOPES);
    ask(&new, "GET", "/v1/pins?channel=SMS&to=%2B14155550123", None).expect(404);
    for path in ["/v1/pins/list", "/v1/coverage", "/v1/modules", "/v1/bindings", "/provisioning/1/entities"] {
        let found = ask(&new, "GET", path, None).expect(200).json();
        assert_eq!(found["results"], json!([]), "{path}");
    }
    ask(&new, "GET", "/v1/binding?applicationId=third", None).expect(404);
    ask(&new, "GET", "/v1/binding/history?applicationId=third", None).expect(404);
    ask(&new, "POST", "/v1/binding/rollback?applicationId=third", None).expect(404);
    ask(&new, "GET", "/provisioning/1/entities/olds", None).expect(404);
    // And once more: a third one has a generation of its own too.
    ask(&new, "PUT", "/v1/pins", Some(json!({ "channel": "SMS", "to": TO, "senderId": "S0" }))).expect(200);
    server.delete("/provisioning/1/applications/third").expect(200);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "third" })).expect(201);
    let newest = world.key("third", &SCOPES);
    ask(&newest, "GET", "/v1/pins?channel=SMS&to=%2B14155550123", None).expect(404);
}
