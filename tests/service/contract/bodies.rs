//! Bodies that are not what a row takes: 400, with the property.

use serde_json::{Value, json};

use super::{fault, world};

/// The rows that take a body.
const PATHS: [(&str, &str); 7] = [
    ("POST", "/provisioning/1/applications"),
    ("PUT", "/provisioning/1/applications/shop"),
    ("POST", "/provisioning/1/entities"),
    ("PUT", "/provisioning/1/entities/acme"),
    ("POST", "/provisioning/1/associations"),
    ("DELETE", "/provisioning/1/associations"),
    ("POST", "/provisioning/2/sending-strategies"),
];

#[test]
fn a_body_that_is_no_json_object_is_400() {
    let server = world::shared();
    let head = [("authorization", &*format!("App {}", server.key()))];
    for (method, path) in PATHS {
        for body in ["", " ", "{", "null", "[]", "[{}]", "5", "\"x\"", "true", "{} {}", "{\"a\":}", "{'a':1}"] {
            let reply = server.send(&head, method, path, Some(body.as_bytes()));
            assert_eq!(fault::check(path, &reply, 400).len(), 1, "{body}");
        }
        let reply = server.send(&head, method, path, None);
        assert_eq!(fault::check(path, &reply, 400).len(), 1);
    }
}

#[test]
fn an_id_has_1_to_255_characters() {
    let server = world::server();
    for (path, id) in [("/provisioning/1/applications", "applicationId"), ("/provisioning/1/entities", "entityId")] {
        for wrong in [
            json!(null),
            json!(5),
            json!(true),
            json!(["x"]),
            json!({ "x": 1 }),
            json!(""),
            json!("x".repeat(256)),
            json!("漢".repeat(256)),
            json!("a\u{0}b"),
            json!("a\nb"),
            json!("\u{85}"),
        ] {
            fault::names(path, &server.post(path, &json!({ id: wrong })), 400, id);
        }
        assert_eq!(fault::check(path, &server.post(path, &json!({})), 400).len(), 1);
        for right in ["x".repeat(255), "漢".repeat(255)] {
            server.post(path, &json!({ id: right })).expect(201);
        }
    }
}

#[test]
fn every_property_that_is_wrong_is_named() {
    let server = world::shared();
    let path = "/provisioning/1/applications";
    let reply = server.post(path, &json!({ "applicationId": 5, "applicationName": 6 }));
    let mut names: Vec<String> = fault::check(path, &reply, 400).into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["applicationId", "applicationName"]);
}

#[test]
fn all_of_an_association_is_required_and_null_is_no_entity() {
    let server = world::shared();
    let path = "/provisioning/1/associations";
    let sound = world::association(&json!(null), "FREE");
    for method in ["POST", "DELETE"] {
        let ask = |body: &Value| server.ask(server.key(), method, path, Some(body));
        for name in ["resourceType", "channel", "applicationId", "entityId", "resourceId"] {
            let mut without = sound.clone();
            without.as_object_mut().unwrap().remove(name);
            let violations = fault::check(path, &ask(&without), 400);
            assert!(violations[0].1.contains(name), "{violations:?}");
            let mut wrong = sound.clone();
            wrong[name] = json!(5);
            fault::names(path, &ask(&wrong), 400, name);
            if name != "entityId" {
                wrong[name] = json!(null);
                fault::names(path, &ask(&wrong), 400, name);
            }
        }
        for (name, wrong) in
            [("resourceType", "PHONE"), ("resourceType", "number"), ("channel", "FAX"), ("channel", "sms")]
        {
            let mut body = sound.clone();
            body[name] = json!(wrong);
            fault::names(path, &ask(&body), 400, name);
        }
    }
}

#[test]
fn a_strategy_that_is_not_sound_is_400_with_its_violations() {
    let server = world::server();
    let path = "/provisioning/2/sending-strategies";
    let entry = |kind: Value, priority: Value| json!({ "senderType": kind, "priority": priority });
    for (property, body) in [
        ("channel", json!({ "channel": "EMAIL" })),
        ("channel", json!({ "channel": 5 })),
        ("destinationCountryCode", json!({ "destinationCountryCode": "USA" })),
        ("destinationCountryCode", json!({ "destinationCountryCode": "us" })),
        ("destinationCountryCode", json!({ "destinationCountryCode": "ZZ" })),
        ("destinationCountryCode", json!({ "destinationCountryCode": 1 })),
        ("useStickySender", json!({ "useStickySender": "yes" })),
        ("useGeolocatedSender", json!({ "useGeolocatedSender": 1 })),
        ("platform", json!({ "platform": "shop" })),
        ("platform.applicationId", json!({ "platform": { "applicationId": 5 } })),
        ("platform.applicationId", json!({ "platform": { "applicationId": "none" } })),
        ("platform.entityId", json!({ "platform": { "entityId": "none" } })),
        ("platform.entityId", json!({ "platform": { "applicationId": "shop", "entityId": 5 } })),
        ("priorities", json!({ "priorities": "x" })),
        ("priorities[0]", json!({ "priorities": [1] })),
        ("priorities[0].senderType", json!({ "priorities": [entry(json!("FAX"), json!(1))] })),
        ("priorities[0].priority", json!({ "priorities": [entry(json!("SHORT_CODE"), json!(0))] })),
        ("priorities[0].priority", json!({ "priorities": [entry(json!("SHORT_CODE"), json!(5))] })),
        ("priorities[0].priority", json!({ "priorities": [entry(json!("SHORT_CODE"), json!(1.5))] })),
        ("priorities[0].priority", json!({ "priorities": [entry(json!("SHORT_CODE"), json!(-1))] })),
        ("priorities[0].priority", json!({ "priorities": [entry(json!("SHORT_CODE"), json!("1"))] })),
    ] {
        let reply = server.post(path, &body);
        let violations = fault::check(path, &reply, 400);
        assert!(violations.iter().any(|(name, _)| name == property), "{body}: {property} is not in {reply:?}");
    }
    for priorities in [
        json!([{ "senderType": "SHORT_CODE" }]),
        json!([{ "priority": 1 }]),
        json!([entry(json!("SHORT_CODE"), json!(1)), entry(json!("SHORT_CODE"), json!(2))]),
    ] {
        let violations = fault::check(path, &server.post(path, &json!({ "priorities": priorities })), 400);
        assert!(violations.iter().all(|(name, _)| name.starts_with("priorities[")), "{violations:?}");
    }
    let list = server.get(path).expect(200).json();
    assert_eq!(list["paging"]["totalResults"], 2, "{list}");
}
