//! What a tenant stores: over a budget nothing more is made, and what is removed makes room.

use serde_json::{Value, json};

use super::{ENTITIES, STRATEGIES, is_over, server, used};
use crate::contract::world;
use crate::policies::{self, always, try_upload};
use callsign_tests::service::Server;

#[test]
fn entities_are_so_many() {
    let server = server("entities = 2");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let make = |key: &str, id: &str| server.ask(key, "POST", ENTITIES, Some(&json!({ "entityId": id })));
    make(&shop, "one").expect(201);
    make(&shop, "two").expect(201);
    // There is no 413 on these paths.
    is_over(ENTITIES, &make(&shop, "three"), 400, "entities");
    server.ask(&shop, "PUT", &format!("{ENTITIES}/one"), Some(&json!({ "entityName": "One" }))).expect(204);
    make(&bank, "four").expect(201);
    make(server.key(), "five").expect(201);
    assert_eq!(used(&server, "shop", "entities"), (2, 1));
    server.ask(&shop, "DELETE", &format!("{ENTITIES}/one"), None).expect(200);
    make(&shop, "three").expect(201);
}

#[test]
fn strategies_are_so_many_on_both_paths() {
    // One is in the catalog that it starts with.
    let server = server("strategies = 2");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let body = |application: &str, country: &str| json!({ "platform": { "applicationId": application }, "destinationCountryCode": country });
    let make = |key: &str, body: &Value| server.ask(key, "POST", STRATEGIES, Some(body));
    make(&shop, &body("shop", "US")).expect(201);
    is_over(STRATEGIES, &make(&shop, &body("shop", "CA")), 400, "strategies");
    let own = json!({ "platform": { "applicationId": "shop" }, "destinationCountryCodes": ["CA", "MX"] });
    is_over("/v1/strategies", &server.ask(&shop, "POST", "/v1/strategies", Some(&own)), 413, "strategies");
    make(&bank, &body("bank", "CA")).expect(201);
    // What the platform makes for it is not refused, and counts.
    make(server.key(), &body("shop", "CA")).expect(201);
    assert_eq!(used(&server, "shop", "strategies").0, 3);
    server.ask(&shop, "DELETE", &format!("{STRATEGIES}/SHOPS"), None).expect(204);
    is_over(STRATEGIES, &make(&shop, &body("shop", "MX")), 400, "strategies");
}

#[test]
fn associations_are_so_many() {
    // Three are in the catalog that it starts with.
    let server = server("associations = 4");
    let shop = server.new_key(Some("shop"), &[]);
    let path = "/provisioning/1/associations";
    let domain = |name: &str| json!({ "resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": "shop", "entityId": null, "resourceId": name });
    assert_eq!(used(&server, "shop", "associations").0, 3);
    server.ask(&shop, "POST", path, Some(&domain("a.example"))).expect(201);
    is_over(path, &server.ask(&shop, "POST", path, Some(&domain("b.example"))), 400, "associations");
    let link = world::association(&json!("acme"), "LONG");
    server.ask(&shop, "DELETE", path, Some(&link)).expect(204);
    server.ask(&shop, "POST", path, Some(&link)).expect(201);
    is_over(path, &server.ask(&shop, "POST", path, Some(&domain("b.example"))), 400, "associations");
    server.post(path, &domain("b.example")).expect(201);
    assert_eq!(used(&server, "shop", "associations").0, 5);
}

fn with_policies(tenant: &str) -> Server {
    let file = policies::catalog();
    Server::with_arguments(&format!("[tenant]\n{tenant}"), &["--catalog", file.to_str().unwrap()])
}

#[test]
fn modules_and_bindings_are_so_many() {
    let server = with_policies("modules = 2\nbindings = 1");
    let (shop, care) = (server.new_key(Some("shop"), &[]), server.new_key(Some("care"), &[]));
    try_upload(&server, &shop, "", &always("acme", "1.0.0", 1)).expect(201);
    let second = try_upload(&server, &shop, "", &always("acme", "2.0.0", 1)).expect(201).json();
    is_over("/v1/modules", &try_upload(&server, &shop, "", &always("acme", "3.0.0", 1)), 413, "modules");
    try_upload(&server, &care, "", &always("acme", "3.0.0", 1)).expect(201);
    try_upload(&server, server.key(), "", &always("acme", "3.0.0", 1)).expect(201);
    let place = format!("/v1/modules/{}", second["digest"].as_str().unwrap());
    server.ask(&shop, "DELETE", &place, None).expect(204);
    try_upload(&server, &shop, "", &always("acme", "3.0.0", 1)).expect(201);

    server.ask(&shop, "POST", ENTITIES, Some(&json!({ "entityId": "e" }))).expect(201);
    let bind = |key: &str, of: &str| {
        server.ask(key, "PUT", &format!("/v1/binding?applicationId={of}"), Some(&json!({ "module": "acme@3.0.0" })))
    };
    bind(&shop, "shop").expect(200);
    is_over("/v1/binding", &bind(&shop, "shop&entityId=e"), 413, "bindings");
    // One that is there can be changed.
    let other = json!({ "module": "acme@1.0.0" });
    server.ask(&shop, "PUT", "/v1/binding?applicationId=shop", Some(&other)).expect(200);
    bind(&care, "care").expect(200);
    assert_eq!((used(&server, "shop", "modules"), used(&server, "shop", "bindings")), ((2, 1), (1, 1)));
    server.ask(&shop, "DELETE", "/v1/binding?applicationId=shop", None).expect(204);
    bind(&shop, "shop&entityId=e").expect(200);
}

#[test]
fn bytes_in_the_store_are_so_many() {
    let component = always("acme", "1.0.0", 1);
    let server = with_policies(&format!("store_bytes = {}", component.len() * 3 / 2 + 2_000));
    let (shop, care) = (server.new_key(Some("shop"), &[]), server.new_key(Some("care"), &[]));
    let before = used(&server, "shop", "store_bytes").0;
    let made = try_upload(&server, &shop, "", &component).expect(201).json();
    let after = used(&server, "shop", "store_bytes").0;
    assert!(after - before >= component.len() as u64, "{before} {after}");
    is_over("/v1/modules", &try_upload(&server, &shop, "", &always("acme", "2.0.0", 1)), 413, "store_bytes");
    // Settings count: a binding with large ones does not fit either, and a small one does.
    let bind = |settings: usize| {
        let body = json!({ "module": "acme@1.0.0", "settings": { "x": "x".repeat(settings) } });
        server.ask(&shop, "PUT", "/v1/binding?applicationId=shop", Some(&body))
    };
    is_over("/v1/binding", &bind(component.len()), 413, "store_bytes");
    bind(10).expect(200);
    server.ask(&shop, "DELETE", "/v1/binding?applicationId=shop", None).expect(204);
    try_upload(&server, &care, "", &component).expect(201);
    server.ask(&shop, "DELETE", &format!("/v1/modules/{}", made["digest"].as_str().unwrap()), None).expect(204);
    assert_eq!(used(&server, "shop", "store_bytes").0, before);
    try_upload(&server, &shop, "", &always("acme", "2.0.0", 1)).expect(201);
}
