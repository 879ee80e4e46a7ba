//! What goes and what moves when an application or an entity is deleted.

use serde_json::{Value, json};

use super::world;
use callsign_tests::service::Server;

fn link(kind: &str, channel: &str, application: &str, entity: Value, resource: &str) -> Value {
    json!({
        "resourceType": kind, "channel": channel, "applicationId": application, "entityId": entity,
        "resourceId": resource,
    })
}

/// All associations, in no order.
fn all(server: &Server) -> Vec<String> {
    let list = server.get("/provisioning/1/associations?size=1000").expect(200).json();
    let mut all: Vec<String> = list["results"].as_array().unwrap().iter().map(Value::to_string).collect();
    all.sort_unstable();
    all
}

fn sorted(links: &[Value]) -> Vec<String> {
    let mut links: Vec<String> = links.iter().map(Value::to_string).collect();
    links.sort_unstable();
    links
}

#[test]
fn associations_of_an_application_move_to_default_with_a_null_entity() {
    let server = world::server();
    let path = "/provisioning/1/associations";
    server.post(path, &link("DOMAIN", "EMAIL", "shop", json!("acme"), "shop.example")).expect(201);
    server.post(path, &link("DOMAIN", "EMAIL", "shop", json!(null), "shop.example")).expect(201);
    // LONG comes from the application and from its entity, and is at default already: it stays once.
    server.post(path, &link("NUMBER", "SMS", "default", json!(null), "LONG")).expect(201);
    assert_eq!(server.delete("/provisioning/1/applications/shop").expect(200).text, "");
    let right = [
        link("NUMBER", "SMS", "default", json!(null), "LONG"),
        link("ALPHA", "SMS", "default", json!(null), "WORD"),
        link("DOMAIN", "EMAIL", "default", json!(null), "shop.example"),
        link("NUMBER", "SMS", "bank", json!("globex"), "BANKS"),
    ];
    assert_eq!(all(&server), sorted(&right));
    // Its strategies go; its entity stays, which is not only its own.
    let strategies = server.get("/provisioning/2/sending-strategies").expect(200).json();
    assert_eq!(world::ids(&strategies, "sendingStrategyId"), ["BANKS"]);
    server.get("/provisioning/1/entities/acme").expect(200);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    assert_eq!(all(&server), sorted(&right));
}

#[test]
fn associations_of_an_entity_move_to_default_with_a_null_entity() {
    let server = world::server();
    let path = "/provisioning/1/associations";
    server.post(path, &link("NUMBER", "SMS", "bank", json!("acme"), "LONG")).expect(201);
    server.post(path, &link("APPLE_RESOURCE", "APPLE", "bank", json!("acme"), "agent")).expect(201);
    server
        .post(
            "/provisioning/2/sending-strategies",
            &json!({ "platform": { "applicationId": "bank", "entityId": "acme" } }),
        )
        .expect(201);
    assert_eq!(server.delete("/provisioning/1/entities/acme").expect(200).text, "");
    // LONG was acme's in two applications: at default it is once.
    let right = [
        link("NUMBER", "SMS", "shop", json!(null), "LONG"),
        link("NUMBER", "SMS", "default", json!(null), "LONG"),
        link("ALPHA", "SMS", "default", json!(null), "WORD"),
        link("APPLE_RESOURCE", "APPLE", "default", json!(null), "agent"),
        link("NUMBER", "SMS", "bank", json!("globex"), "BANKS"),
    ];
    assert_eq!(all(&server), sorted(&right));
    let strategies = server.get("/provisioning/2/sending-strategies").expect(200).json();
    assert_eq!(world::ids(&strategies, "sendingStrategyId"), ["SHOPS", "BANKS"]);
    server.get("/provisioning/1/applications/bank").expect(200);
}

#[test]
fn an_entity_of_default_loses_its_associations_to_default_itself() {
    let server = world::server();
    let path = "/provisioning/1/associations";
    server.post(path, &link("NUMBER", "SMS", "default", json!("globex"), "SHORT")).expect(201);
    server.post(path, &link("NUMBER", "SMS", "default", json!(null), "SHORT")).expect(201);
    server.post(path, &link("NUMBER", "SMS", "default", json!("globex"), "FREE")).expect(201);
    server.delete("/provisioning/1/entities/globex").expect(200);
    let list = server.get(&format!("{path}?applicationId=default")).expect(200).json();
    let mut left = world::ids(&list, "resourceId");
    left.sort_unstable();
    assert_eq!(left, ["BANKS", "FREE", "SHORT"]);
}

#[test]
fn what_moved_is_there_after_a_start() {
    let data = callsign_tests::service::folder("moved");
    let file = data.join("catalog.json");
    std::fs::write(&file, world::catalog().to_string()).unwrap();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    server.delete("/provisioning/1/applications/shop").expect(200);
    server.delete("/provisioning/1/entities/globex").expect(200);
    let get = |server: &Server| server.ask(&key, "GET", "/provisioning/1/associations", None).expect(200).json();
    let before = get(&server);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    assert_eq!(get(&server), before);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn keys_of_an_application_end_with_it() {
    let server = world::server();
    let key = server.new_key(Some("shop"), &[]);
    server.delete("/provisioning/1/applications/shop").expect(200);
    assert_eq!(server.ask(&key, "GET", "/provisioning/1/applications", None).status, 401);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    assert_eq!(server.ask(&key, "GET", "/provisioning/1/applications", None).status, 401);
}
