//! Senders, under `/v1/senders`.

mod import;

use serde_json::{Value, json};

use callsign_tests::service::{Reply, Server};

fn sender(id: &str, address: &str) -> Value {
    json!({
        "senderId": id, "sender": address, "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{ "channel": "SMS", "countries": ["CA", "US"] }], "status": "ACTIVE",
    })
}

/// A sender, and one association of it with an application that has a key of its own.
fn with_tenant(server: &Server) -> String {
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    server.post("/v1/senders", &sender("OWN", "+14155550100")).expect(201);
    server.post("/v1/senders", &sender("OTHER", "+14155550101")).expect(201);
    associate(server, "shop", "OWN");
    server.new_key(Some("shop"), &[])
}

fn associate(server: &Server, application: &str, id: &str) {
    let association = json!({
        "resourceType": "NUMBER", "channel": "SMS", "applicationId": application, "entityId": null, "resourceId": id,
    });
    server.post("/provisioning/1/associations", &association).expect(201);
}

fn ids(reply: &Reply) -> Vec<String> {
    let page = reply.json();
    page["results"].as_array().unwrap().iter().map(|one| one["senderId"].as_str().unwrap().to_owned()).collect()
}

fn violations(reply: &Reply) -> Vec<(String, String)> {
    let body = reply.json();
    let list = body["violations"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    list.iter().map(|one| (text(one, "property"), text(one, "violation"))).collect()
}

fn import(server: &Server, kind: &str, query: &str, body: &str) -> Reply {
    let authorization = format!("App {}", server.key());
    let headers = [("authorization", &*authorization), ("content-type", kind)];
    server.send(&headers, "POST", &format!("/v1/senders/import{query}"), Some(body.as_bytes()))
}

fn with_header(server: &Server, header: (&str, &str), method: &str, path: &str, body: Option<&Value>) -> Reply {
    let authorization = format!("App {}", server.key());
    let body = body.map(Value::to_string);
    server.send(&[("authorization", &authorization), header], method, path, body.as_deref().map(str::as_bytes))
}

#[test]
fn a_sender_is_registered_read_replaced_and_removed() {
    let server = Server::start();
    let made = server.post("/v1/senders", &sender("S1", "+14155550100")).expect(201);
    assert_eq!(made.json(), sender("S1", "+14155550100"));
    assert_eq!(made.header("location"), Some("/v1/senders/S1"));
    let read = server.get("/v1/senders/S1").expect(200);
    assert_eq!(read.json(), made.json());
    assert_eq!(read.header("etag"), made.header("etag"));
    server.post("/v1/senders", &sender("S1", "+14155550100")).expect(409);

    let mut other = sender("S1", "+14155550199");
    other["coverage"] = json!([{ "channel": "MMS", "countries": "*" }]);
    other.as_object_mut().unwrap().remove("senderId");
    let replaced = server.put("/v1/senders/S1", &other).expect(200);
    assert_eq!(replaced.json()["sender"], "+14155550199");
    assert_eq!(server.get("/v1/senders/S1").json(), replaced.json());
    assert_ne!(replaced.header("etag"), made.header("etag"));
    assert_eq!(violations(&server.put("/v1/senders/S1", &sender("S2", "+14155550100")).expect(400))[0].0, "senderId");

    server.delete("/v1/senders/S1").expect(204);
    server.get("/v1/senders/S1").expect(404);
    server.delete("/v1/senders/S1").expect(404);
}

#[test]
fn a_field_that_a_replacement_leaves_out_goes_with_if_match_only() {
    let server = Server::start();
    let mut full = sender("S1", "+14155550100");
    full["weight"] = json!(3);
    full["status"] = json!("SUSPENDED");
    server.post("/v1/senders", &full).expect(201);
    let mut less = sender("S1", "+14155550100");
    less.as_object_mut().unwrap().remove("status");
    let refused = server.put("/v1/senders/S1", &less).expect(428).text;
    assert!(refused.contains("has status, weight, which this leaves out"), "{refused}");
    assert_eq!(server.get("/v1/senders/S1").json()["status"], "SUSPENDED");
    let named = json!({ "entityId": "acme", "entityName": "Acme" });
    server.post("/provisioning/1/entities", &named).expect(201);
    server.put("/v1/entities/acme", &json!({ "attributes": { "a": "b" } })).expect(428);
    server.put("/v1/entities/acme", &json!({ "entityName": null })).expect(200);
    // What is said, or known of, may go.
    full["weight"] = json!(1);
    server.put("/v1/senders/S1", &full).expect(200);
    with_header(&server, ("if-match", "*"), "PUT", "/v1/senders/S1", Some(&less)).expect(200);
    assert_eq!(server.get("/v1/senders/S1").json()["status"], "ACTIVE");
}

#[test]
fn an_id_is_made_where_there_is_none_and_may_have_any_characters() {
    let server = Server::start();
    let mut new = sender("-", "+14155550100");
    new.as_object_mut().unwrap().remove("senderId");
    let made = server.post("/v1/senders", &new).expect(201);
    let id = made.json()["senderId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 32);
    server.get(&format!("/v1/senders/{id}")).expect(200);

    let made = server.post("/v1/senders", &sender("a/b ü?", "+14155550101")).expect(201);
    let place = made.header("location").unwrap().to_owned();
    assert_eq!(place, "/v1/senders/a%2Fb%20%C3%BC%3F");
    assert_eq!(server.get(&place).expect(200).json()["senderId"], "a/b ü?");
}

#[test]
fn every_property_that_is_wrong_is_named_unknown_ones_too() {
    let server = Server::start();
    let wrong = json!({
        "senderId": "S1", "sender": "hello", "senderType": "SHORT_CODE", "colour": "red",
        "coverage": [{ "channel": "SMS", "countries": "*" }, { "channel": "FAX", "countries": ["UK"] }],
    });
    let told = violations(&server.post("/v1/senders", &wrong).expect(400));
    let named: Vec<&str> = told.iter().map(|(property, _)| &**property).collect();
    assert_eq!(named, ["colour", "coverage[1].channel", "coverage[1].countries[0]", "sender"], "{told:?}");
    let key = format!("App {}", server.key());
    let twice = br#"{"senderId": "S1", "senderId": "S2", "sender": "A", "senderType": "ALPHANUMERIC", "coverage": []}"#;
    let refused = server.send(&[("authorization", &key)], "POST", "/v1/senders", Some(twice)).expect(400);
    assert_eq!(violations(&refused)[0], ("senderId".into(), "is given twice; keep one of them".into()));
    for (body, detail) in [("[]", "must be a JSON object"), ("", "JSON"), ("{", "not JSON")] {
        let refused = server.send(&[("authorization", &key)], "POST", "/v1/senders", Some(body.as_bytes())).expect(400);
        assert!(refused.json()["detail"].as_str().unwrap().contains(detail), "{refused:?}");
    }
}

#[test]
fn a_patch_changes_what_it_names() {
    let server = Server::start();
    server.post("/v1/senders", &sender("S1", "+14155550100")).expect(201);
    let patch = |body: Value| server.ask(server.key(), "PATCH", "/v1/senders/S1", Some(&body));
    let mut expected = sender("S1", "+14155550100");
    expected["status"] = "SUSPENDED".into();
    assert_eq!(patch(json!({ "status": "SUSPENDED" })).expect(200).json(), expected);
    assert_eq!(patch(json!({})).expect(200).json(), expected);
    expected["coverage"] = json!([{ "channel": "RCS", "countries": "*" }]);
    assert_eq!(patch(json!({ "coverage": expected["coverage"] })).expect(200).json(), expected);
    assert_eq!(server.get("/v1/senders/S1").json(), expected);
    assert_eq!(violations(&patch(json!({ "status": "GONE" })).expect(400))[0].0, "status");
    assert_eq!(violations(&patch(json!({ "state": "ACTIVE" })).expect(400))[0].0, "state");
    assert_eq!(violations(&patch(json!({ "senderId": "S2" })).expect(400))[0].0, "senderId");
    server.ask(server.key(), "PATCH", "/v1/senders/S2", Some(&json!({}))).expect(404);
}

#[test]
fn a_suspended_sender_carries_nothing_until_it_is_activated() {
    let server = Server::start();
    server.post("/v1/senders", &sender("S1", "+14155550100")).expect(201);
    let message = json!({ "channel": "SMS", "to": "+14155550123", "from": "+14155550100" });
    assert_eq!(server.post("/v1/decisions", &message).expect(200).json()["senderId"], "S1");
    for _ in 0..2 {
        server.ask(server.key(), "POST", "/v1/senders/S1/suspend", None).expect(204);
    }
    let refused = server.post("/v1/decisions", &message).expect(200).json();
    assert_eq!(refused["refusal"]["code"], "SENDER_NOT_CAPABLE");
    server.ask(server.key(), "POST", "/v1/senders/S1/activate", None).expect(204);
    assert_eq!(server.post("/v1/decisions", &message).expect(200).json()["senderId"], "S1");
    server.ask(server.key(), "POST", "/v1/senders/S2/activate", None).expect(404);
}

#[test]
fn senders_are_listed_in_pages_and_by_what_they_are() {
    let server = Server::start();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    for (id, kind, address, coverage, status) in [
        ("L", "VIRTUAL_LONG_NUMBER", "+14155550100", json!([{ "channel": "SMS", "countries": ["US"] }]), "ACTIVE"),
        ("C", "SHORT_CODE", "12345", json!([{ "channel": "SMS", "countries": ["CA"] }]), "SUSPENDED"),
        ("A", "ALPHANUMERIC", "ACME", json!([{ "channel": "RCS", "countries": "*" }]), "ACTIVE"),
    ] {
        let body =
            json!({ "senderId": id, "sender": address, "senderType": kind, "coverage": coverage, "status": status });
        server.post("/v1/senders", &body).expect(201);
    }
    associate(&server, "shop", "C");
    for (query, wanted) in [
        ("", &["L", "C", "A"][..]),
        ("?size=2", &["L", "C"]),
        ("?size=2&page=1", &["A"]),
        ("?senderType=SHORT_CODE", &["C"]),
        ("?channel=SMS", &["L", "C"]),
        ("?country=US", &["L", "A"]),
        ("?channel=SMS&country=US", &["L"]),
        ("?status=SUSPENDED", &["C"]),
        ("?status=ACTIVE", &["L", "A"]),
        ("?applicationId=shop", &["C"]),
        ("?applicationId=nobody", &[]),
    ] {
        assert_eq!(ids(&server.get(&format!("/v1/senders{query}")).expect(200)), wanted, "{query}");
    }
    let paging = server.get("/v1/senders?size=2").json()["paging"].clone();
    assert_eq!(paging, json!({ "page": 0, "size": 2, "totalPages": 2, "totalResults": 3 }));
    for (query, property) in
        [("?country=usa", "country"), ("?channel=FAX", "channel"), ("?status=on", "status"), ("?size=0", "size")]
    {
        assert_eq!(violations(&server.get(&format!("/v1/senders{query}")).expect(400))[0].0, property);
    }
}

#[test]
fn a_change_can_depend_on_what_was_read() {
    let server = Server::start();
    let made = server.post("/v1/senders", &sender("S1", "+14155550100")).expect(201);
    let old = made.header("etag").unwrap().to_owned();
    assert!(old.starts_with('"') && old.ends_with('"'), "{old}");
    let known = with_header(&server, ("if-none-match", &old), "GET", "/v1/senders/S1", None).expect(304);
    assert_eq!((known.header("etag"), &*known.text), (Some(&*old), ""));

    let suspended = json!({ "status": "SUSPENDED" });
    let fresh = with_header(&server, ("if-match", &old), "PATCH", "/v1/senders/S1", Some(&suspended)).expect(200);
    let new = fresh.header("etag").unwrap().to_owned();
    let whole = sender("S1", "+14155550100");
    with_header(&server, ("if-match", &old), "PATCH", "/v1/senders/S1", Some(&suspended)).expect(412);
    with_header(&server, ("if-match", &old), "PUT", "/v1/senders/S1", Some(&whole)).expect(412);
    with_header(&server, ("if-match", &old), "DELETE", "/v1/senders/S1", None).expect(412);
    let several = format!("{old}, {new}");
    let back = with_header(&server, ("if-match", &several), "PUT", "/v1/senders/S1", Some(&whole)).expect(200);
    assert_eq!(back.header("etag"), Some(&*old), "the same body has the same tag");
    with_header(&server, ("if-match", &format!("W/{old}")), "DELETE", "/v1/senders/S1", None).expect(412);

    with_header(&server, ("if-match", "*"), "PUT", "/v1/senders/S2", Some(&sender("S2", "+14155550101"))).expect(412);
    with_header(&server, ("if-none-match", "*"), "PUT", "/v1/senders/S1", Some(&whole)).expect(412);
    let made =
        with_header(&server, ("if-none-match", "*"), "PUT", "/v1/senders/S2", Some(&sender("S2", "+14155550101")));
    assert_eq!(made.expect(201).header("location"), Some("/v1/senders/S2"));
    with_header(&server, ("if-match", "*"), "DELETE", "/v1/senders/S2", None).expect(204);
}

#[test]
fn what_is_used_is_removed_only_by_force_and_with_all_its_uses() {
    let server = Server::start();
    for (id, address) in [("S1", "+14155550100"), ("S2", "+14155550101")] {
        server.post("/v1/senders", &sender(id, address)).expect(201);
        associate(&server, "default", id);
    }
    // One that no strategy acts on.
    let mail = json!({
        "resourceType": "NUMBER", "channel": "WHATSAPP", "applicationId": "default", "entityId": null, "resourceId": "S1",
    });
    server.post("/provisioning/1/associations", &mail).expect(201);
    server.put("/v1/default-senders?applicationId=default", &json!({ "senderId": "S1" })).expect(204);
    let both = json!({
        "sendingStrategyId": "BOTH", "platform": { "applicationId": "default" }, "channel": "SMS", "senderIds": ["S1", "S2"],
    });
    let only = json!({
        "sendingStrategyId": "ONLY", "platform": { "applicationId": "default" }, "channel": "MMS", "senderIds": ["S1"],
    });
    server.post("/v1/strategies", &both).expect(201);
    server.post("/v1/strategies", &only).expect(201);

    let detail = |reply: Reply| reply.json()["detail"].as_str().unwrap().to_owned();
    let refused = detail(server.delete("/v1/senders/S1").expect(409));
    for word in ["2 associations", "\"BOTH\"", "\"ONLY\"", "1 default sender", "force=true"] {
        assert!(refused.contains(word), "{word} in {refused}");
    }
    let refused = detail(server.delete("/v1/senders/S1?force=true").expect(409));
    assert!(refused.contains("\"ONLY\"") && !refused.contains("BOTH"), "{refused}");
    server.get("/v1/senders/S1").expect(200);
    server.delete("/v1/strategies/ONLY").expect(204);
    server.delete("/v1/senders/S1?force=perhaps").expect(400);
    server.delete("/v1/senders/S1?force=true").expect(204);

    server.get("/v1/senders/S1").expect(404);
    assert_eq!(server.get("/v1/strategies/BOTH").json()["senderIds"], json!(["S2"]));
    assert_eq!(server.get("/v1/default-senders").json()["results"], json!([]));
    let left = server.get("/provisioning/1/associations").json();
    assert_eq!(left["paging"]["totalResults"], 1);
    assert_eq!(left["results"][0]["resourceId"], "S2");
}

#[test]
fn a_tenant_sees_its_senders_and_changes_none() {
    let server = Server::start();
    let key = with_tenant(&server);
    assert_eq!(ids(&server.ask(&key, "GET", "/v1/senders", None).expect(200)), ["OWN"]);
    let exported = server.ask(&key, "GET", "/v1/senders/export", None).expect(200);
    assert_eq!(exported.text.lines().count(), 1);
    server.ask(&key, "GET", "/v1/senders/OWN", None).expect(200);
    server.ask(&key, "POST", "/v1/senders", Some(&sender("NEW", "+14155550102"))).expect(403);
    server.ask(&key, "POST", "/v1/senders/import", Some(&sender("NEW", "+14155550102"))).expect(403);
    for (id, status) in [("OWN", 403), ("OTHER", 404), ("NONE", 404)] {
        let path = format!("/v1/senders/{id}");
        server.ask(&key, "GET", &path, None).expect(if id == "OWN" { 200 } else { 404 });
        server.ask(&key, "PUT", &path, Some(&sender(id, "+14155550102"))).expect(status);
        server.ask(&key, "PUT", &path, Some(&json!({}))).expect(status);
        server.ask(&key, "PATCH", &path, Some(&json!({ "status": "SUSPENDED" }))).expect(status);
        server.ask(&key, "DELETE", &format!("{path}?force=true"), None).expect(status);
        server.ask(&key, "POST", &format!("{path}/suspend"), None).expect(status);
        server.ask(&key, "POST", &format!("{path}/activate"), None).expect(status);
    }
    let without = server.new_key(None, &["sending-strategy:manage"]);
    server.ask(&without, "GET", "/v1/senders", None).expect(403);
    server.ask(&without, "GET", "/v1/senders/export", None).expect(403);
}

#[test]
fn what_changes_nothing_makes_no_revision() {
    let server = Server::start();
    let lines = format!("{}\n{}\n", sender("S1", "+14155550100"), sender("S2", "+14155550101"));
    let revision = || {
        let text = server.send(&[], "GET", "/metrics", None).expect(200).text;
        let line = text.lines().find(|line| line.contains("catalog_revision ")).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    import(&server, "application/jsonl", "", &lines).expect(200);
    let before = revision();
    import(&server, "application/jsonl", "", &lines).expect(200);
    server.put("/v1/senders/S1", &sender("S1", "+14155550100")).expect(200);
    server.ask(server.key(), "POST", "/v1/senders/S1/activate", None).expect(204);
    assert_eq!(revision(), before);
}

#[test]
fn senders_are_found_by_type_country_channel_status_and_text_and_a_parameter_that_there_is_not_is_refused() {
    let server = Server::start();
    let sender = |id: &str, address: &str, kind: &str, channel: &str, country: &str, status: &str| {
        let body = json!({ "senderId": id, "sender": address, "senderType": kind, "status": status,
            "coverage": [{ "channel": channel, "countries": [country] }] });
        server.post("/v1/senders", &body).expect(201);
    };
    sender("long-1", "+14155550100", "VIRTUAL_LONG_NUMBER", "SMS", "US", "ACTIVE");
    sender("long-2", "+442071838750", "VIRTUAL_LONG_NUMBER", "SMS", "GB", "SUSPENDED");
    sender("code", "12345", "SHORT_CODE", "SMS", "US", "ACTIVE");
    sender("name", "Acme", "ALPHANUMERIC", "SMS", "DE", "ACTIVE");
    for (query, found) in [
        ("type=SHORT_CODE", &["code"][..]),
        ("senderType=ALPHANUMERIC", &["name"]),
        ("country=US", &["long-1", "code"]),
        ("country=US&type=VIRTUAL_LONG_NUMBER&channel=SMS", &["long-1"]),
        ("channel=MMS", &[]),
        ("status=SUSPENDED", &["long-2"]),
        ("text=LONG", &["long-1", "long-2"]),
        ("text=acm", &["name"]),
        ("text=%2B1+(415)+555-01", &["long-1"]),
        ("text=2071", &["long-2"]),
        ("text=nothing", &[]),
    ] {
        let results = server.get(&format!("/v1/senders?{query}")).expect(200).json()["results"].clone();
        let ids: Vec<&str> = results.as_array().unwrap().iter().map(|one| one["senderId"].as_str().unwrap()).collect();
        assert_eq!(ids, found, "{query}");
    }
    server.get("/v1/senders?type=NONE").expect(400);
    for (path, parameter) in [
        ("/v1/senders?typ=SHORT_CODE", "typ"),
        ("/v1/senders?type=SHORT_CODE&Type=x", "Type"),
        ("/v1/strategies?sender=x", "sender"),
        ("/v1/usage?application=x", "application"),
        ("/v1/keys?name=x", "name"),
    ] {
        let refused = server.get(path).expect(400).json();
        let violation = &refused["violations"][0];
        assert_eq!(violation["property"], parameter, "{refused}");
        assert!(violation["violation"].as_str().unwrap().contains("is not a parameter here"), "{refused}");
    }
    // The compatible paths take what other versions of clients send.
    server.get("/provisioning/1/applications?unknown=x").expect(200);
}

/// A sender with everything that one can have.
fn full() -> Value {
    let mut sender = sender("S1", "+14155550100");
    sender["coverage"] = json!([
        { "channel": "SMS", "countries": "*" }, { "channel": "SMS", "countries": ["SG"], "status": "PENDING" },
    ]);
    sender["messageTypes"] = json!(["OTP", "TRANSACTIONAL"]);
    sender["weight"] = 250.into();
    sender["attributes"] = json!({ "campaign": "C1", "price": "0.0075" });
    sender
}

#[test]
fn registrations_message_types_weights_and_attributes_are_kept_and_checked() {
    let server = Server::start();
    let made = server.post("/v1/senders", &full()).expect(201);
    assert_eq!(made.json(), full());
    assert_eq!(server.get("/v1/senders/S1").expect(200).json(), full());
    // A change of one is another tag, and a patch keeps the others.
    let patched = server.ask(server.key(), "PATCH", "/v1/senders/S1", Some(&json!({ "weight": 1_000 }))).expect(200);
    assert_ne!(patched.header("etag"), made.header("etag"));
    let mut expected = full();
    expected["weight"] = 1_000.into();
    assert_eq!(patched.json(), expected);
    server.ask(server.key(), "POST", "/v1/senders/S1/suspend", None).expect(204);
    expected["status"] = "SUSPENDED".into();
    assert_eq!(server.get("/v1/senders/S1").json(), expected);

    let many: serde_json::Map<String, Value> = (0..33).map(|index| (format!("a{index}"), "".into())).collect();
    for (field, value, property) in [
        ("weight", json!(0), "weight"),
        ("weight", json!(1_001), "weight"),
        ("messageTypes", json!([]), "messageTypes"),
        ("messageTypes", json!(["A", "A"]), "messageTypes[1]"),
        ("messageTypes", json!(["transactional"]), "messageTypes[0]"),
        ("attributes", json!({ "a b": "" }), "attributes[\"a b\"]"),
        ("attributes", json!({ "a": "x".repeat(256) }), "attributes.a"),
        ("attributes", json!({ "a": 1 }), "attributes.a"),
        ("attributes", Value::Object(many), "attributes"),
        ("coverage", json!([{ "channel": "SMS", "countries": "*", "status": "ON" }]), "coverage[0].status"),
        ("senderType", json!("RCS_AGENT"), "coverage[0].channel"),
    ] {
        let mut wrong = full();
        wrong[field] = value;
        let told = violations(&server.put("/v1/senders/S1", &wrong).expect(400));
        assert_eq!(told[0].0, property, "{told:?}");
    }
    let key = format!("App {}", server.key());
    let twice = full().to_string().replace("\"price\":\"0.0075\"", "\"campaign\":\"C2\"");
    let refused = server.send(&[("authorization", &key)], "PUT", "/v1/senders/S1", Some(twice.as_bytes())).expect(400);
    assert_eq!(violations(&refused)[0], ("attributes.campaign".into(), "is given twice; keep one of them".into()));
}
