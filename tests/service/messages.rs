//! What a message may say besides its channel and its recipient, under `/v1/decisions`; and the attributes of applications
//! and entities.

use serde_json::{Value, json};

use crate::contract::world;
use callsign_tests::service::{Reply, Server};

/// Senders for types of messages, and an RCS agent for the United States.
fn platform() -> Server {
    let number = |id: &str, address: &str, types: Value| {
        json!({ "senderId": id, "sender": address, "senderType": "VIRTUAL_LONG_NUMBER", "messageTypes": types,
                "coverage": [{ "channel": "SMS", "countries": "*" }] })
    };
    let link = |kind: &str, channel: &str, id: &str| json!({ "resourceType": kind, "channel": channel, "applicationId": "shop", "entityId": null, "resourceId": id });
    world::of(
        &json!({
            "applications": [{ "applicationId": "shop" }],
            "entities": [{ "entityId": "acme" }],
            "senders": [
                number("T", "+14155550100", json!(["TRANSACTIONAL"])),
                number("P", "+14155550101", json!(["PROMOTIONAL"])),
                { "senderId": "AGENT", "sender": "acme_agent", "senderType": "RCS_AGENT",
                  "coverage": [{ "channel": "RCS", "countries": ["US"] }] },
            ],
            "associations":
                [link("NUMBER", "SMS", "T"), link("NUMBER", "SMS", "P"), link("RCS_RESOURCE", "RCS", "AGENT")],
            "sendingStrategies":
                [{ "sendingStrategyId": "A", "platform": { "applicationId": "shop" }, "useStickySender": true }],
        }),
        "",
    )
}

fn message(more: Value) -> Value {
    let mut message = json!({ "applicationId": "shop", "to": "+14155550123" });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn decide(server: &Server, more: Value) -> Reply {
    server.post("/v1/decisions", &message(more))
}

#[test]
fn a_message_has_the_senders_of_its_type() {
    let server = platform();
    for (kind, id) in [("TRANSACTIONAL", "T"), ("PROMOTIONAL", "P")] {
        let decision = decide(&server, json!({ "channel": "SMS", "messageType": kind, "dryRun": true })).expect(200);
        assert_eq!(decision.json()["senderId"], id);
    }
    let refused = decide(&server, json!({ "channel": "SMS", "messageType": "OTP" })).expect(200).json();
    assert_eq!(refused["refusal"]["code"], "NO_ELIGIBLE_SENDER");
    // The audit names it, with the type.
    let gaps = server.get("/v1/coverage").expect(200).json()["results"].clone();
    let gap = &gaps[0];
    assert_eq!((&gap["reason"], &gap["messageType"]), (&json!("OTHER_MESSAGE_TYPE"), &json!("OTP")), "{gaps}");
    let explained =
        decide(&server, json!({ "channel": "SMS", "messageType": "OTP", "dryRun": true, "explain": true })).expect(200);
    let reasons: Vec<Value> = explained.json()["explanation"]["senders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["reason"].clone())
        .collect();
    assert!(reasons.contains(&"only for PROMOTIONAL".into()), "{reasons:?}");
    let explicit =
        decide(&server, json!({ "channel": "SMS", "messageType": "OTP", "from": "+14155550100" })).expect(200).json();
    assert_eq!(
        explicit["refusal"]["message"],
        "the sender in `from` is not for messages of type OTP, only for TRANSACTIONAL"
    );
}

#[test]
fn the_first_channel_with_a_sender_is_decided_for_and_the_others_are_fallbacks() {
    let server = platform();
    let order = json!({ "channels": ["RCS", "SMS"], "messageType": "PROMOTIONAL" });
    let decision = decide(&server, order.clone()).expect(200).json();
    assert_eq!((&decision["channel"], &decision["senderId"]), (&json!("RCS"), &json!("AGENT")));
    let [fallback] = &decision["fallbacks"].as_array().unwrap()[..] else { panic!("one fallback: {decision}") };
    assert_eq!((&fallback["channel"], &fallback["senderId"]), (&json!("SMS"), &json!("P")));
    // Only the answer was pinned.
    let of_channel = decide(&server, json!({ "channel": "SMS", "messageType": "PROMOTIONAL" })).expect(200).json();
    assert_eq!(of_channel["step"], "POOL", "a fallback writes no pin");
    assert!(of_channel.get("channel").is_none() && of_channel.get("fallbacks").is_none());

    let batch =
        json!({ "messages": [message(order), message(json!({ "channel": "SMS", "messageType": "PROMOTIONAL" }))] });
    let decisions = server.post("/v1/decisions", &batch).expect(200).json()["decisions"].clone();
    assert_eq!((&decisions[0]["step"], &decisions[0]["fallbacks"][0]["step"]), (&json!("STICKY"), &json!("STICKY")));
    assert_eq!(decisions[1]["step"], "STICKY");
    let dry =
        decide(&server, json!({ "channels": ["MMS", "SMS"], "messageType": "OTP", "dryRun": true, "explain": true }));
    let dry = dry.expect(200).json();
    assert_eq!((&dry["channel"], &dry["refusal"]["code"]), (&json!("MMS"), &json!("NO_ELIGIBLE_SENDER")));
    assert_eq!(dry["fallbacks"][0]["refusal"]["code"], "NO_ELIGIBLE_SENDER");
    assert_eq!(dry["explanation"]["otherChannels"][0]["message"]["channel"], "SMS");
}

#[test]
fn what_is_wrong_with_a_message_is_named_by_its_property() {
    let server = platform();
    let many: serde_json::Map<String, Value> = (0..33).map(|index| (format!("a{index}"), "".into())).collect();
    let wrong = [
        (json!({}), "channel"),
        (json!({ "channels": [] }), "channels"),
        (json!({ "channels": ["RCS", "RCS"] }), "channels"),
        (json!({ "channels": ["RCS", "FAX"] }), "channels[1]"),
        (json!({ "channels": ["RCS", 7] }), "channels[1]"),
        (json!({ "channels": "RCS" }), "channels"),
        (json!({ "channel": "SMS", "channels": ["RCS"] }), "channels"),
        (json!({ "channel": "SMS", "messageType": "Promotional" }), "messageType"),
        (json!({ "channel": "SMS", "messageType": "a b" }), "messageType"),
        (json!({ "channel": "SMS", "messageType": 7 }), "messageType"),
        (json!({ "channel": "SMS", "sentAt": "tomorrow" }), "sentAt"),
        (json!({ "channel": "SMS", "sentAt": 1_772_400_600 }), "sentAt"),
        (json!({ "channel": "SMS", "attributes": { "a b": "" } }), "attributes.a b"),
        (json!({ "channel": "SMS", "attributes": { "a": "x".repeat(256) } }), "attributes.a"),
        (json!({ "channel": "SMS", "attributes": { "a": 1 } }), "attributes.a"),
        (json!({ "channel": "SMS", "attributes": ["a"] }), "attributes"),
        (json!({ "channel": "SMS", "attributes": many }), "attributes"),
    ];
    for (more, property) in wrong {
        let body = decide(&server, more.clone()).expect(400).json();
        assert_eq!(body["violations"][0]["property"], property, "{more}: {body}");
        let body = server.post("/v1/decisions", &json!({ "messages": [message(more.clone())] })).expect(400).json();
        assert_eq!(body["violations"][0]["property"], format!("messages[0].{property}"), "{more}: {body}");
    }
    let key = format!("App {}", server.key());
    let twice = br#"{"channel":"SMS","to":"+14155550123","attributes":{"a":"1","a":"2"}}"#;
    let refused = server.send(&[("authorization", &key)], "POST", "/v1/decisions", Some(twice)).expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "attributes.a", "{refused}");
    let sound =
        json!({ "channel": "SMS", "sentAt": "2026-03-01T22:30:00+01:00", "attributes": { "a": "", "b.c-D_9": "é" } });
    decide(&server, sound).expect(200);
}

#[test]
fn applications_and_entities_have_attributes_that_the_compatible_paths_leave_alone() {
    let server = platform();
    for (path, compatible, id, name) in [
        ("/v1/applications/shop", "/provisioning/1/applications/shop", "applicationId", "applicationName"),
        ("/v1/entities/acme", "/provisioning/1/entities/acme", "entityId", "entityName"),
    ] {
        let before = server.get(path).expect(200);
        let body = json!({ name: "One", "attributes": { "campaign": "C1" } });
        let put = server.put(path, &body).expect(200);
        let last = path.rsplit('/').next().unwrap();
        assert_eq!(put.json(), json!({ id: last, name: "One", "attributes": { "campaign": "C1" } }));
        assert_ne!(put.header("etag"), before.header("etag"));
        // What a client knew before is refused by the tag.
        let authorization = format!("App {}", server.key());
        let headers = [("authorization", &*authorization), ("if-match", before.header("etag").unwrap())];
        server.send(&headers, "PUT", path, Some(body.to_string().as_bytes())).expect(412);

        server.put(compatible, &json!({ name: "Two" })).expect(204);
        assert_eq!(server.get(compatible).expect(200).json(), json!({ id: last, name: "Two" }));
        let after = server.get(path).expect(200).json();
        assert_eq!(after, json!({ id: last, name: "Two", "attributes": { "campaign": "C1" } }));
        for wrong in [json!({ "attributes": { "a b": "" } }), json!({ "attributes": [] }), json!({ "colour": 1 })] {
            server.put(path, &wrong).expect(400);
        }
        server.put(&path.replace(last, "nobody"), &body).expect(404);
    }
    let key = server.new_key(Some("shop"), &[]);
    server.ask(&key, "GET", "/v1/applications/shop", None).expect(200);
    server.ask(&key, "GET", "/v1/applications/default", None).expect(404);
    server.ask(&key, "PUT", "/v1/applications/default", Some(&json!({}))).expect(404);
    let own = server.ask(&key, "GET", "/v1/applications", None).expect(200).json();
    assert_eq!(own["results"].as_array().unwrap().len(), 1);
    server.ask(&key, "PUT", "/v1/entities/acme", Some(&json!({}))).expect(403);
}

#[test]
fn a_strategy_may_skip_unhealthy_senders_and_rank_agents() {
    let server = platform();
    let strategy = json!({
        "platform": { "applicationId": "default" }, "skipUnhealthySenders": true,
        "priorities": [{ "senderType": "RCS_AGENT", "priority": 1 }, { "senderType": "SHORT_CODE", "priority": 2 }],
    });
    let made = server.put("/v1/strategies/B", &strategy).expect(201).json();
    assert_eq!(
        (&made["skipUnhealthySenders"], &made["priorities"][1]["senderType"]),
        (&json!(true), &json!("RCS_AGENT"))
    );
    let shown = server.get("/provisioning/2/sending-strategies?sendingStrategyId=B").expect(200).json();
    assert!(shown["results"][0].get("skipUnhealthySenders").is_none(), "{shown}");
    let wrong = json!({ "platform": { "applicationId": "default" }, "channel": "SMS", "skipUnhealthySenders": "yes" });
    let refused = server.put("/v1/strategies/C", &wrong).expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "skipUnhealthySenders");
}

#[test]
fn a_registration_that_is_pending_is_a_gap() {
    let server = platform();
    let sender = json!({ "senderId": "S", "sender": "12345", "senderType": "SHORT_CODE",
        "coverage": [{ "channel": "SMS", "countries": "*" }, { "channel": "SMS", "countries": ["SG"], "status": "PENDING" }] });
    server.post("/v1/senders", &sender).expect(201);
    let link = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "default", "entityId": null, "resourceId": "S" });
    server.post("/provisioning/1/associations", &link).expect(201);
    let strategy = json!({ "platform": { "applicationId": "default" }, "channel": "SMS", "destinationCountryCodes": ["SG", "US"] });
    server.put("/v1/strategies/B", &strategy).expect(201);
    let gaps = server.get("/v1/coverage?applicationId=default").expect(200).json()["results"].clone();
    let found: Vec<_> =
        gaps.as_array().unwrap().iter().map(|gap| (gap["country"].clone(), gap["reason"].clone())).collect();
    assert_eq!(found, [(json!("SG"), json!("REGISTRATION_PENDING"))]);
}
