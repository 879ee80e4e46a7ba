//! The coverage audit, under `/v1/coverage`.

use serde_json::{Value, json};

use callsign_tests::service::Server;

/// A sender that reaches some countries by SMS, for the application `shop`.
fn sender(server: &Server, id: &str, countries: Value) {
    let sender = json!({
        "senderId": id, "sender": id, "senderType": "ALPHANUMERIC", "status": "ACTIVE",
        "coverage": [{ "channel": "SMS", "countries": countries }],
    });
    server.put(&format!("/v1/senders/{id}"), &sender);
}

fn associate(server: &Server, id: &str, entity: Option<&str>) {
    let association = json!({
        "resourceType": "ALPHA", "channel": "SMS", "applicationId": "shop", "entityId": entity, "resourceId": id,
    });
    server.post("/provisioning/1/associations", &association).expect(201);
}

fn platform() -> Server {
    let server = Server::start();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    server.post("/provisioning/1/entities", &json!({ "entityId": "acme" })).expect(201);
    server
}

fn strategy(server: &Server, id: &str, more: Value) {
    let mut strategy = json!({ "sendingStrategyId": id, "platform": { "applicationId": "shop" } });
    strategy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/v1/strategies/{id}");
    if server.put(&path, &strategy).status == 428 {
        server.replace(server.key(), &path, &strategy).expect(200);
    }
}

fn gaps(server: &Server, query: &str) -> Vec<Value> {
    server.get(&format!("/v1/coverage{query}")).expect(200).json()["results"].as_array().unwrap().clone()
}

fn refused(server: &Server, entity: Option<&str>, channel: &str, to: &str) -> Value {
    let message = json!({ "applicationId": "shop", "entityId": entity, "channel": channel, "to": to });
    server.post("/v1/decisions", &message).expect(200).json()["refusal"]["code"].clone()
}

#[test]
fn a_country_that_a_strategy_names_and_no_sender_reaches_is_a_gap_until_one_does() {
    let server = platform();
    strategy(&server, "T", json!({ "channel": "SMS", "destinationCountryCodes": ["US", "FR"] }));
    let gap = |country: &str, reason: &str, senders: u32| {
        json!({
            "applicationId": "shop", "channel": "SMS", "country": country, "reason": reason, "strategyId": "T",
            "senders": senders, "seen": 0,
        })
    };
    let none = "NO_ASSOCIATION";
    assert_eq!(gaps(&server, ""), [gap("FR", none, 0), gap("US", none, 0)]);
    sender(&server, "S", json!(["US"]));
    associate(&server, "S", None);
    assert_eq!(gaps(&server, ""), [gap("FR", "COUNTRY_NOT_COVERED", 1)]);
    server.ask(server.key(), "POST", "/v1/senders/S/suspend", None).expect(204);
    let suspended = "ALL_SUSPENDED";
    assert_eq!(gaps(&server, ""), [gap("FR", suspended, 1), gap("US", suspended, 1)]);
    sender(&server, "S", json!("*"));
    assert_eq!(gaps(&server, ""), [] as [Value; 0]);

    sender(&server, "U", json!("*"));
    strategy(&server, "T", json!({ "channel": "SMS", "destinationCountryCodes": ["US"], "senderIds": ["U"] }));
    assert_eq!(gaps(&server, ""), [gap("US", "NOT_LISTED", 1)]);
    server.put("/v1/default-senders?applicationId=shop", &json!({ "senderId": "U" })).expect(204);
    assert_eq!(gaps(&server, ""), [] as [Value; 0]);
    server.ask(server.key(), "POST", "/v1/senders/U/suspend", None).expect(204);
    let mut with_default = gap("US", "NOT_LISTED", 1);
    with_default["defaultSenderId"] = "U".into();
    assert_eq!(gaps(&server, ""), [with_default]);
}

#[test]
fn an_entity_with_senders_is_held_against_the_strategies_of_its_application() {
    let server = platform();
    strategy(&server, "T", json!({ "destinationCountryCodes": ["US", "FR"] }));
    // Of every channel, and the application has no sender for any.
    assert_eq!(gaps(&server, ""), [] as [Value; 0]);
    sender(&server, "S", json!(["US"]));
    associate(&server, "S", Some("acme"));
    let found = gaps(&server, "");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["entityId"], &found[0]["country"]), (&json!("acme"), &json!("FR")));
    assert_eq!(refused(&server, Some("acme"), "SMS", "+33628550123"), "NO_ELIGIBLE_SENDER");
    assert_eq!(refused(&server, Some("acme"), "SMS", "+14155550123"), Value::Null);
}

#[test]
fn what_messages_were_refused_for_is_a_gap_until_it_is_put_right() {
    let server = platform();
    strategy(&server, "T", json!({ "channel": "SMS" }));
    assert_eq!(gaps(&server, ""), [] as [Value; 0], "a strategy of every country names none");
    for _ in 0..3 {
        assert_eq!(refused(&server, None, "SMS", "+33628550123"), "NO_ELIGIBLE_SENDER");
    }
    assert_eq!(refused(&server, Some("acme"), "RCS", "+14155550123"), "CHANNEL_NOT_ALLOWED");
    let batch = json!({ "messages": [
        { "applicationId": "nobody", "channel": "SMS", "to": "+14155550123" },
        { "applicationId": "shop", "channel": "SMS", "to": "no number" },
    ] });
    server.post("/v1/decisions", &batch).expect(200);
    let tried = json!({ "applicationId": "shop", "channel": "SMS", "to": "+442079460018", "dryRun": true });
    server.post("/v1/decisions", &tried).expect(200);

    let found = gaps(&server, "");
    let told: Vec<_> =
        found.iter().map(|gap| (&gap["applicationId"], &gap["country"], &gap["reason"], &gap["seen"])).collect();
    assert_eq!(
        told,
        [
            (&json!("nobody"), &json!("US"), &json!("NO_STRATEGY"), &json!(1)),
            (&json!("shop"), &json!("FR"), &json!("NO_ASSOCIATION"), &json!(3)),
            (&json!("shop"), &json!("US"), &json!("CHANNEL_NOT_ALLOWED"), &json!(1)),
        ]
    );
    assert_eq!((&found[1]["lastRefusal"], &found[1]["strategyId"]), (&json!("NO_ELIGIBLE_SENDER"), &json!("T")));
    assert!(found[1]["lastSeen"].as_str().unwrap().ends_with('Z'), "{found:?}");

    // Another obstacle now, though it is a message's refusal that named the country.
    strategy(&server, "T", json!({ "channel": "SMS", "destinationCountryCode": "US" }));
    let found = gaps(&server, "?applicationId=shop&country=FR");
    assert_eq!((&found[0]["reason"], &found[0]["seen"]), (&json!("COUNTRY_NOT_ALLOWED"), &json!(3)));

    strategy(&server, "T", json!({}));
    sender(&server, "S", json!("*"));
    associate(&server, "S", None);
    assert_eq!(gaps(&server, "?applicationId=shop&country=FR"), [] as [Value; 0]);
    // Forgotten: a gap that opens again is one that no message has met.
    server.ask(server.key(), "POST", "/v1/senders/S/suspend", None).expect(204);
    assert_eq!(gaps(&server, "?applicationId=shop&country=FR"), [] as [Value; 0]);
}

#[test]
fn gaps_are_listed_by_application_entity_channel_and_country_in_pages() {
    let server = platform();
    for (id, channel) in [("A", "SMS"), ("B", "MMS")] {
        strategy(&server, id, json!({ "channel": channel, "destinationCountryCodes": ["CA", "US"] }));
    }
    let own = json!({
        "sendingStrategyId": "C", "platform": { "applicationId": "default", "entityId": "acme" }, "channel": "RCS",
        "destinationCountryCode": "US",
    });
    server.post("/v1/strategies", &own).expect(201);
    for (query, count) in [
        ("", 5),
        ("?applicationId=shop", 4),
        ("?applicationId=nobody", 0),
        ("?entityId=acme", 1),
        ("?channel=MMS", 2),
        ("?country=US", 3),
        ("?channel=SMS&country=CA", 1),
        ("?size=3&page=1", 2),
    ] {
        assert_eq!(gaps(&server, query).len(), count, "{query}");
    }
    assert_eq!(server.get("/v1/coverage?size=3").json()["paging"]["totalResults"], 5);
    server.get("/v1/coverage?channel=FAX").expect(400);
    server.get("/v1/coverage?country=usa").expect(400);
}

#[test]
fn a_tenant_sees_the_gaps_of_its_application() {
    let server = platform();
    strategy(&server, "T", json!({ "channel": "SMS", "destinationCountryCode": "US" }));
    let other = json!({
        "sendingStrategyId": "O", "platform": { "applicationId": "default" }, "channel": "SMS",
        "destinationCountryCode": "US",
    });
    server.post("/v1/strategies", &other).expect(201);
    server.post("/v1/decisions", &json!({ "channel": "MMS", "to": "+14155550123" })).expect(200);
    let key = server.new_key(Some("shop"), &[]);
    let seen = |query: &str| {
        let answer = server.ask(&key, "GET", &format!("/v1/coverage{query}"), None).expect(200).json();
        answer["paging"]["totalResults"].clone()
    };
    assert_eq!(gaps(&server, "").len(), 3);
    assert_eq!(seen(""), 1);
    assert_eq!(seen("?applicationId=shop"), 1);
    assert_eq!(seen("?applicationId=default"), 0);
    let without = server.new_key(None, &["numbers:manage"]);
    server.ask(&without, "GET", "/v1/coverage", None).expect(403);
}

#[test]
fn an_entity_with_a_strategy_and_no_senders_is_a_gap_before_a_message_fails() {
    let server = platform();
    let own = |id: &str, more: Value| {
        let mut strategy =
            json!({ "sendingStrategyId": id, "platform": { "applicationId": "shop", "entityId": "acme" } });
        strategy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.post("/v1/strategies", &strategy).expect(201);
    };
    own("EVERY", json!({ "channel": "SMS" }));
    let gap = json!({ "applicationId": "shop", "entityId": "acme", "channel": "SMS", "reason": "NO_ASSOCIATION",
        "strategyId": "EVERY", "senders": 0, "seen": 0 });
    assert_eq!(gaps(&server, ""), std::slice::from_ref(&gap));
    // It is one for every country.
    assert_eq!(gaps(&server, "?country=FR&entityId=acme"), [gap]);
    own("LISTED", json!({ "destinationCountryCode": "US" }));
    let told: Vec<(Value, Value)> =
        gaps(&server, "").iter().map(|gap| (gap["channel"].clone(), gap["country"].clone())).collect();
    let us = json!("US");
    let sms = json!("SMS");
    assert_eq!(told, [(sms.clone(), Value::Null), (sms, us.clone()), (json!("MMS"), us.clone()), (json!("RCS"), us)]);

    // A default sender carries what it covers.
    sender(&server, "D", json!("*"));
    server.put("/v1/default-senders?applicationId=shop&entityId=acme", &json!({ "senderId": "D" })).expect(204);
    assert!(gaps(&server, "?channel=SMS").is_empty());
    server.delete("/v1/default-senders?applicationId=shop&entityId=acme").expect(204);
    associate(&server, "D", Some("acme"));
    assert!(gaps(&server, "").is_empty(), "{:?}", gaps(&server, ""));
}
