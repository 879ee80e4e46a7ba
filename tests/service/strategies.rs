//! Sending strategies in full, under `/v1/strategies`.

use serde_json::{Value, json};

use callsign_tests::service::{Reply, Server};

/// A platform with an application that has a key of its own.
fn platform() -> (Server, String) {
    let server = Server::start();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    server.post("/provisioning/1/entities", &json!({ "entityId": "acme" })).expect(201);
    for (id, address) in [("OWN", "+14155550100"), ("OTHER", "+14155550101")] {
        let sender = json!({
            "senderId": id, "sender": address, "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{ "channel": "SMS", "countries": "*" }],
        });
        server.post("/v1/senders", &sender).expect(201);
    }
    let association = json!({
        "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "OWN",
    });
    server.post("/provisioning/1/associations", &association).expect(201);
    let key = server.new_key(Some("shop"), &[]);
    (server, key)
}

fn full(id: &str) -> Value {
    json!({
        "sendingStrategyId": id, "platform": { "applicationId": "shop", "entityId": "acme" }, "channel": "SMS",
        "destinationCountryCodes": ["CA", "US"], "useStickySender": true, "stickyIdleDays": 30,
        "useGeolocatedSender": true, "priorities": [{ "senderType": "SHORT_CODE", "priority": 2 }],
        "senderIds": ["OWN", "OTHER"],
    })
}

fn of(application: &str, id: &str, channel: &str) -> Value {
    json!({ "sendingStrategyId": id, "platform": { "applicationId": application }, "channel": channel })
}

fn first_violation(reply: &Reply) -> (String, String) {
    let body = reply.json();
    let text = |name: &str| body["violations"][0][name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (text("property"), text("violation"))
}

fn ids(reply: &Reply) -> Vec<String> {
    let page = reply.json();
    let id = |one: &Value| one["sendingStrategyId"].as_str().unwrap().to_owned();
    page["results"].as_array().unwrap().iter().map(id).collect()
}

fn with_header(server: &Server, header: (&str, &str), method: &str, path: &str, body: Option<&Value>) -> Reply {
    let authorization = format!("App {}", server.key());
    let body = body.map(Value::to_string);
    server.send(&[("authorization", &authorization), header], method, path, body.as_deref().map(str::as_bytes))
}

#[test]
fn a_strategy_says_all_that_a_catalog_file_can() {
    let (server, _) = platform();
    let made = server.post("/v1/strategies", &full("T 1")).expect(201);
    assert_eq!(made.json(), full("T 1"));
    assert_eq!(made.header("location"), Some("/v1/strategies/T%201"));
    let read = server.get("/v1/strategies/T%201").expect(200);
    assert_eq!(read.json(), made.json());
    assert_eq!(read.header("etag"), made.header("etag"));
    server.post("/v1/strategies", &full("T 1")).expect(409);
    server.delete("/v1/strategies/T%201").expect(204);
    server.get("/v1/strategies/T%201").expect(404);
    server.delete("/v1/strategies/T%201").expect(404);

    let made = server.post("/v1/strategies", &json!({ "platform": { "applicationId": "shop" } })).expect(201).json();
    assert_eq!(made["sendingStrategyId"].as_str().unwrap().len(), 32);
    assert_eq!((&made["useStickySender"], &made["useGeolocatedSender"]), (&json!(false), &json!(false)));
}

#[test]
fn strategies_are_listed_in_the_order_of_their_precedence_across_pages() {
    let (server, _) = platform();
    let mut wanted = Vec::new();
    // In the order of their precedence, and made in another one.
    let places =
        [(Some("US"), Some("SMS")), (Some("CA"), Some("SMS")), (Some("US"), None), (None, Some("SMS")), (None, None)];
    for (place, (country, channel)) in places.iter().enumerate() {
        wanted.push((format!("P{place}"), country, channel));
    }
    for at in [4, 2, 0, 3, 1] {
        let (id, country, channel) = &wanted[at];
        let mut strategy = json!({ "sendingStrategyId": id, "platform": { "applicationId": "ordered" } });
        strategy
            .as_object_mut()
            .unwrap()
            .extend(country.map(|country| ("destinationCountryCode".to_owned(), json!(country))));
        strategy.as_object_mut().unwrap().extend(channel.map(|channel| ("channel".to_owned(), json!(channel))));
        if at == 4 {
            server.post("/provisioning/1/applications", &json!({ "applicationId": "ordered" })).expect(201);
        }
        server.post("/v1/strategies", &strategy).expect(201);
    }
    let listed = |order: &str| -> Vec<String> {
        let pages = (0..3).flat_map(|page| {
            let path = format!("/v1/strategies?applicationId=ordered&size=2&page={page}{order}");
            server.get(&path).expect(200).json()["results"].as_array().unwrap().clone()
        });
        pages.map(|strategy| strategy["sendingStrategyId"].as_str().unwrap().to_owned()).collect()
    };
    // Those that are equal stay as they were made.
    assert_eq!(listed("&order=precedence"), ["P0", "P1", "P2", "P3", "P4"]);
    assert_eq!(listed(""), ["P4", "P2", "P0", "P3", "P1"]);
    server.get("/v1/strategies?order=size").expect(400);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let (server, _) = platform();
    for (name, value, property) in [
        ("colour", json!("red"), "colour"),
        ("platform", json!({ "applicationId": "nobody" }), "platform.applicationId"),
        ("platform", json!({ "applicationId": "shop", "entityId": "nobody" }), "platform.entityId"),
        ("channel", json!("FAX"), "channel"),
        ("destinationCountryCodes", json!(["US", "UK"]), "destinationCountryCodes[1]"),
        ("destinationCountryCode", json!("US"), "destinationCountryCodes"),
        ("stickyIdleDays", json!(0), "stickyIdleDays"),
        ("priorities", json!([{ "senderType": "SHORT_CODE", "priority": 9 }]), "priorities[0].priority"),
        ("senderIds", json!(["OWN", "NONE"]), "senderIds[1]"),
    ] {
        let mut strategy = full("T");
        strategy[name] = value;
        let told = first_violation(&server.post("/v1/strategies", &strategy).expect(400));
        assert_eq!(told.0, property, "{name}: {told:?}");
    }
    server.post("/v1/strategies", &json!({})).expect(400);
    server.get("/v1/strategies/T").expect(404);
}

#[test]
fn one_that_ties_is_refused_and_the_other_named() {
    let (server, _) = platform();
    server.post("/v1/strategies", &of("shop", "FIRST", "SMS")).expect(201);
    let refused = server.post("/v1/strategies", &of("shop", "SECOND", "SMS")).expect(400);
    assert!(first_violation(&refused).1.contains("\"FIRST\""), "{refused:?}");
    server.post("/v1/strategies", &of("shop", "SECOND", "MMS")).expect(201);
    let refused = server.replace(server.key(), "/v1/strategies/SECOND", &of("shop", "SECOND", "SMS")).expect(400);
    assert!(first_violation(&refused).1.contains("\"FIRST\""), "{refused:?}");
    assert_eq!(server.get("/v1/strategies/SECOND").json()["channel"], "MMS");
}

#[test]
fn one_that_is_replaced_keeps_its_id_and_its_place() {
    let (server, _) = platform();
    for (id, channel) in [("A", "SMS"), ("B", "MMS"), ("C", "RCS")] {
        server.post("/v1/strategies", &of("shop", id, channel)).expect(201);
    }
    let mut other = of("default", "B", "SMS");
    // Fields that are left out would be gone, so it is said what is replaced.
    let unsaid = server.put("/v1/strategies/B", &other).expect(428);
    assert_eq!(unsaid.json()["code"], "PRECONDITION_REQUIRED", "{unsaid:?}");
    assert_eq!(server.get("/v1/strategies/B").expect(200).json()["channel"], "MMS");
    let replaced = server.replace(server.key(), "/v1/strategies/B", &other).expect(200).json();
    assert_eq!(replaced["platform"], json!({ "applicationId": "default" }));
    other.as_object_mut().unwrap().remove("sendingStrategyId");
    assert_eq!(server.replace(server.key(), "/v1/strategies/B", &other).expect(200).json(), replaced);
    assert_eq!(ids(&server.get("/v1/strategies")), ["A", "B", "C"]);
    let refused = server.put("/v1/strategies/B", &of("shop", "D", "MMS")).expect(400);
    assert_eq!(first_violation(&refused).0, "sendingStrategyId");
    assert_eq!(
        server.put("/v1/strategies/D", &of("shop", "D", "MMS")).expect(201).header("location"),
        Some("/v1/strategies/D")
    );
    assert_eq!(ids(&server.get("/v1/strategies")), ["A", "B", "C", "D"]);
}

#[test]
fn a_change_can_depend_on_what_was_read() {
    let (server, _) = platform();
    let old = server.post("/v1/strategies", &of("shop", "A", "SMS")).expect(201).header("etag").unwrap().to_owned();
    let other = of("shop", "A", "MMS");
    let new = with_header(&server, ("if-match", &old), "PUT", "/v1/strategies/A", Some(&other)).expect(200);
    let new = new.header("etag").unwrap().to_owned();
    assert_ne!(new, old);
    with_header(&server, ("if-match", &old), "PUT", "/v1/strategies/A", Some(&other)).expect(412);
    with_header(&server, ("if-none-match", "*"), "PUT", "/v1/strategies/A", Some(&other)).expect(412);
    with_header(&server, ("if-match", "*"), "PUT", "/v1/strategies/B", Some(&of("shop", "B", "RCS"))).expect(412);
    with_header(&server, ("if-none-match", "*"), "PUT", "/v1/strategies/B", Some(&of("shop", "B", "RCS"))).expect(201);
    with_header(&server, ("if-none-match", &new), "GET", "/v1/strategies/A", None).expect(304);
    with_header(&server, ("if-match", &old), "DELETE", "/v1/strategies/A", None).expect(412);
    with_header(&server, ("if-match", &new), "DELETE", "/v1/strategies/A", None).expect(204);
}

#[test]
fn of_two_that_read_the_same_one_changes_it() {
    let (server, _) = platform();
    let tag = server.post("/v1/strategies", &of("shop", "A", "SMS")).expect(201).header("etag").unwrap().to_owned();
    let bodies: Vec<Value> = (1..=8)
        .map(|days| {
            let mut body = of("shop", "A", "SMS");
            body["useStickySender"] = true.into();
            body["stickyIdleDays"] = days.into();
            body
        })
        .collect();
    let statuses = std::thread::scope(|scope| {
        let put = |body| with_header(&server, ("if-match", &tag), "PUT", "/v1/strategies/A", Some(body)).status;
        let all: Vec<_> = bodies.iter().map(|body| scope.spawn(move || put(body))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<u16>>()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
}

#[test]
fn strategies_are_listed_by_scope_and_channel() {
    let (server, _) = platform();
    server.post("/v1/strategies", &of("shop", "A", "SMS")).expect(201);
    server
        .post("/v1/strategies", &json!({ "sendingStrategyId": "B", "platform": { "applicationId": "shop" } }))
        .expect(201);
    server.post("/v1/strategies", &full("C")).expect(201);
    server.post("/v1/strategies", &of("default", "D", "MMS")).expect(201);
    for (query, wanted) in [
        ("", &["A", "B", "C", "D"][..]),
        ("?applicationId=shop", &["A", "B", "C"]),
        ("?entityId=acme", &["C"]),
        ("?channel=SMS", &["A", "B", "C"]),
        ("?channel=MMS", &["B", "D"]),
        ("?size=3&page=1", &["D"]),
    ] {
        assert_eq!(ids(&server.get(&format!("/v1/strategies{query}")).expect(200)), wanted, "{query}");
    }
    server.get("/v1/strategies?channel=FAX").expect(400);
}

#[test]
fn a_tenant_has_its_own_strategies_and_lists_senders_that_it_sees() {
    let (server, key) = platform();
    server.post("/v1/strategies", &of("default", "PLATFORM", "SMS")).expect(201);
    let put = |id: &str, body: &Value| server.replace(&key, &format!("/v1/strategies/{id}"), body);
    let post = |body: &Value| server.ask(&key, "POST", "/v1/strategies", Some(body));

    // Whether an id is free would tell what others have, so the service chooses it.
    let mut own = of("shop", "OWN", "SMS");
    own["senderIds"] = json!(["OWN"]);
    assert_eq!(first_violation(&post(&own).expect(400)).0, "sendingStrategyId");
    put("OWN", &own).expect(404);
    own.as_object_mut().unwrap().remove("sendingStrategyId");
    let id = post(&own).expect(201).json()["sendingStrategyId"].as_str().unwrap().to_owned();
    own["sendingStrategyId"] = json!(id);
    assert_eq!(ids(&server.ask(&key, "GET", "/v1/strategies", None).expect(200)), [&*id]);
    server.ask(&key, "GET", "/v1/strategies/PLATFORM", None).expect(404);
    server.ask(&key, "DELETE", "/v1/strategies/PLATFORM", None).expect(404);
    put("PLATFORM", &of("shop", "PLATFORM", "MMS")).expect(404);
    assert_eq!(first_violation(&put(&id, &of("default", &id, "MMS")).expect(400)).0, "platform.applicationId");

    // A sender of others is told like one that does not exist, and together with it.
    own["senderIds"] = json!(["OTHER"]);
    let hidden = first_violation(&put(&id, &own).expect(400));
    own["senderIds"] = json!(["NONE"]);
    let unknown = first_violation(&put(&id, &own).expect(400));
    assert_eq!((hidden.0, hidden.1.replace("OTHER", "NONE")), unknown);
    let platform_unknown =
        first_violation(&server.replace(server.key(), &format!("/v1/strategies/{id}"), &own).expect(400));
    assert_eq!(platform_unknown, unknown);
    own["senderIds"] = json!(["OTHER", "NONE"]);
    assert_eq!(put(&id, &own).expect(400).json()["violations"].as_array().unwrap().len(), 2);

    put(&id, &of("shop", &id, "MMS")).expect(200);
    server.ask(&key, "DELETE", &format!("/v1/strategies/{id}"), None).expect(204);
    let without = server.new_key(None, &["numbers:manage"]);
    server.ask(&without, "GET", "/v1/strategies", None).expect(403);
}
