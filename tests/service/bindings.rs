//! Policies that are bound, tried, swapped and taken back.

use std::path::Path;

use serde_json::{Value, json};

use crate::policies::{TO, always, catalog, decide, demanding, failing, server, until_started, upload};
use callsign_tests::service::{Server, folder};

const SHOP: &str = "/v1/binding?applicationId=shop";

fn step(what: &str) -> String {
    format!("/v1/binding/{what}?applicationId=shop")
}

/// A service that is started again, with its bindings in use.
pub(crate) fn again(data: &Path) -> Server {
    let server = Server::at(data, "", &[]);
    until_started(&server);
    server
}

#[test]
fn a_policy_is_bound_swapped_and_rolled_back_and_a_restart_changes_nothing() {
    let data = folder("bound");
    let file = catalog();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 1));
    let digest = upload(&server, &key, &always("acme", "2.0.0", 2));
    assert!(decide(&server, &key, "shop", TO).ends_with("callsign-standard@1.0.0"));

    let bound = server.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    assert_eq!(bound.json()["for"], json!({ "applicationId": "shop" }));
    assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    assert!(decide(&server, &key, "care", TO).ends_with("callsign-standard@1.0.0"));
    let wanted = json!({ "module": digest, "settings": { "a": 1 }, "onFailure": "STANDARD",
        "onUnavailable": "DECIDE_UNPINNED", "breaker": { "failures": 3, "restSeconds": 9 },
        "probes": [{ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S2", "step": "POOL" }] });
    let binding = server.put(SHOP, &wanted).expect(200).json();
    assert_eq!(decide(&server, &key, "shop", TO), "S2 acme@2.0.0");
    let active = &binding["active"];
    for name in ["module", "settings", "onFailure", "onUnavailable", "breaker", "probes"] {
        assert_eq!(active[name], wanted[name], "{name}");
    }
    assert_eq!(binding["history"][0]["policy"], "acme@1.0.0");
    server.post(&step("rollback"), &json!({})).expect(200);
    assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    let binding = server.get(SHOP).expect(200);
    assert_eq!(server.end(), Some(0));

    // From the copy of this node, and then without it: the catalog store has all.
    for with_copy in [true, false] {
        if !with_copy {
            std::fs::remove_dir_all(data.join("modules")).unwrap();
        }
        let server = again(&data);
        assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
        let again = server.ask(&key, "GET", SHOP, None).expect(200);
        assert_eq!((again.json(), again.header("etag")), (binding.json(), binding.header("etag")));
        assert_eq!(server.end(), Some(0));
    }

    // What was before the start can be rolled back to.
    let server = again(&data);
    server.ask(&key, "PUT", SHOP, Some(&json!({ "module": "acme@2.0.0" }))).expect(200);
    assert_eq!(server.end(), Some(0));
    let server = again(&data);
    assert_eq!(decide(&server, &key, "shop", TO), "S2 acme@2.0.0");
    server.ask(&key, "POST", &step("rollback"), None).expect(200);
    assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    server.ask(&key, "POST", &step("rollback"), None).expect(409);
    server.ask(&key, "DELETE", SHOP, None).expect(204);
    assert!(decide(&server, &key, "shop", TO).ends_with("callsign-standard@1.0.0"));
    server.ask(&key, "GET", SHOP, None).expect(404);
}

#[test]
fn a_probe_that_the_catalog_of_another_day_would_fail_does_not_change_what_a_restart_serves() {
    let data = folder("probed");
    let file = catalog();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 0));
    let probe = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S0" });
    server.put(SHOP, &json!({ "module": "acme@1.0.0", "probes": [probe] })).expect(200);
    // Without the sender that it names the probe cannot be answered as it was.
    let association = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
        "resourceId": "S0" });
    let gone = server.ask(&key, "DELETE", "/provisioning/1/associations", Some(&association));
    assert!(gone.status < 300, "{gone:?}");
    let before = decide(&server, &key, "shop", TO);
    assert_eq!(before, "S1 acme@1.0.0");
    assert_eq!(server.end(), Some(0));
    let server = again(&data);
    assert_eq!(decide(&server, &key, "shop", TO), before);
}

#[test]
fn the_platform_always_has_a_policy() {
    let server = server();
    let binding = server.get("/v1/binding").expect(200).json();
    assert_eq!((&binding["active"]["policy"], &binding["for"]), (&json!("callsign-standard@1.0.0"), &json!({})));
    assert_eq!(server.get("/v1/bindings").expect(200).json()["results"].as_array().unwrap().len(), 1);
    server.delete("/v1/binding").expect(409);
    server.post("/v1/binding/rollback", &json!({})).expect(409);
    upload(&server, server.key(), &always("acme", "1.0.0", 2));
    server.put("/v1/binding", &json!({ "module": "acme@1.0.0" })).expect(200);
    assert_eq!(decide(&server, server.key(), "care", TO), "S2 acme@1.0.0");
    assert_eq!(server.get("/v1/bindings").expect(200).json()["results"].as_array().unwrap().len(), 1);
    server.post("/v1/binding/rollback", &json!({})).expect(200);
    assert!(decide(&server, server.key(), "care", TO).ends_with("callsign-standard@1.0.0"));
    // A shadow beside it needs nothing bound.
    server.post("/v1/binding/shadow", &json!({ "module": "acme@1.0.0" })).expect(200);
    server.get("/v1/binding/comparison").expect(200);
}

#[test]
fn a_canary_that_fails_is_recalled_and_stays_away() {
    let data = folder("canary");
    let file = catalog();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 1));
    upload(&server, &key, &failing("acme", "1.1.0"));
    server.put(SHOP, &json!({ "module": "acme@1.0.0", "versions": "^1" })).expect(200);
    server.post(&step("shadow"), &json!({ "module": "standard" })).expect(200);
    let canary = json!({ "module": "acme@1.1.0", "perMille": 1000, "recall": { "answers": 5 } });
    let binding = server.post(&step("canary"), &canary).expect(200).json();
    assert_eq!((&binding["canary"]["perMille"], &binding["canary"]["recall"]["perMille"]), (&json!(1000), &json!(50)));
    assert_eq!(binding["canary"]["policy"], "acme@1.1.0");
    server.until("the canary is recalled", || {
        decide(&server, &key, "shop", TO);
        server.get(SHOP).expect(200).json().get("canary").is_none()
    });
    assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    let binding = server.get(SHOP).expect(200).json();
    assert_eq!((&binding["passedOver"], &binding["active"]["policy"]), (&json!("1.1.0"), &json!("acme@1.0.0")));
    assert_eq!(binding["shadow"]["module"], "standard", "only what went wrong is taken off");
    server.get(&step("comparison")).expect(200);
    assert_eq!(server.end(), Some(0));
    let server = again(&data);
    assert_eq!(server.ask(&key, "GET", SHOP, None).expect(200).json(), binding);
    for _ in 0..20 {
        assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
    }
    upload(&server, &key, &always("acme", "1.0.5", 2));
    assert_eq!(decide(&server, &key, "shop", TO), "S1 acme@1.0.0");
}

#[test]
fn candidates_are_compared_promoted_and_withdrawn() {
    let server = server();
    let key = server.key();
    upload(&server, key, &always("acme", "1.0.0", 1));
    upload(&server, key, &always("acme", "2.0.0", 2));
    server.post(&step("shadow"), &json!({ "module": "acme@1.0.0" })).expect(404);
    server.post(&step("promote"), &json!({})).expect(404);
    server.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    for what in ["promote", "rollback", "withdraw"] {
        server.post(&step(what), &json!({})).expect(409);
    }
    server.get(&step("comparison")).expect(404);

    server.post(&step("shadow"), &json!({ "module": "acme@2.0.0" })).expect(200);
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
    // It is asked after the message was decided.
    let mut comparison = Value::Null;
    server.until("the shadow is compared", || {
        comparison = server.get(&step("comparison")).expect(200).json();
        comparison["compared"] == 1
    });
    assert_eq!((&comparison["policy"], &comparison["dropped"]), (&json!("acme@2.0.0"), &json!(0)));
    assert_eq!(comparison["different"], 1);
    let sample = &comparison["samples"][0];
    assert_eq!((&sample["serving"], &sample["candidate"]), (&json!("S1 POOL"), &json!("S2 POOL")));
    let binding = server.post(&step("withdraw"), &json!({})).expect(200).json();
    assert_eq!((binding.get("shadow"), &binding["passedOver"]), (None, &json!("2.0.0")));
    server.get(&step("comparison")).expect(404);

    server.post(&step("canary"), &json!({ "module": "acme@2.0.0", "perMille": 1000 })).expect(200);
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@2.0.0");
    let binding = server.post(&step("promote"), &json!({})).expect(200).json();
    assert_eq!((binding.get("canary"), &binding["active"]["policy"]), (None, &json!("acme@2.0.0")));
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@2.0.0");
    let history = server.get(&step("history")).expect(200).json();
    assert_eq!(history["results"][0]["policy"], "acme@1.0.0");
    assert!(history["results"][0]["until"].as_str().unwrap().ends_with('Z'), "{history}");
    server.post(&step("rollback"), &json!({})).expect(200);
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.0.0");
}

#[test]
fn what_is_not_accepted_changes_nothing_and_is_told_by_property() {
    let server = server();
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    upload(&server, server.key(), &demanding("picky", "1.0.0"));
    server.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    let before = server.get(SHOP).expect(200).json();
    let probe = |fields: Value| {
        let mut probe = json!({ "applicationId": "shop", "channel": "SMS", "to": TO });
        probe.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "module": "acme@1.0.0", "probes": [probe] })
    };
    for (body, property) in [
        (json!({ "module": "picky@1.0.0" }), "settings"),
        (probe(json!({ "senderId": "S2" })), "probes"),
        (probe(json!({ "channel": "FAX" })), "probes[0]"),
        (probe(json!({ "step": "MAGIC" })), "probes[0]"),
        (json!({ "module": "acme@1.0.0", "versions": "^2" }), "versions"),
        (json!({ "module": "acme@1.0.0", "versions": "newest" }), "versions"),
        (json!({ "module": "standard", "versions": "^1" }), "versions"),
        (json!({ "module": "acme@1.0.0", "setings": {} }), "setings"),
        (json!({ "module": "acme@1.0.0", "onFailure": "PANIC" }), "onFailure"),
        (json!({ "module": "acme@1.0.0", "breaker": { "failures": 0, "restSeconds": 1 } }), "breaker.failures"),
        (json!({ "settings": {} }), "module"),
    ] {
        let refused = server.put(SHOP, &body).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{body}: {refused}");
    }
    for (body, property) in [
        (json!({ "module": "acme@1.0.0" }), "perMille"),
        (json!({ "module": "acme@1.0.0", "perMille": 0 }), "perMille"),
        (json!({ "module": "acme@1.0.0", "perMille": 5, "recall": { "answers": 0 } }), "recall.answers"),
    ] {
        let refused = server.post(&step("canary"), &body).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{body}: {refused}");
    }
    server.put(SHOP, &json!({ "module": "acme@9.0.0" })).expect(404);
    server.put("/v1/binding?applicationId=none", &json!({ "module": "standard" })).expect(404);
    server.put("/v1/binding?entityId=acme", &json!({ "module": "standard" })).expect(400);
    server.put("/v1/binding?applicationId=", &json!({ "module": "standard" })).expect(400);
    assert_eq!(server.get(SHOP).expect(200).json(), before);
    // An entity is bound once there is one.
    let new = "/v1/binding?applicationId=shop&entityId=new";
    server.put(new, &json!({ "module": "acme@1.0.0" })).expect(404);
    server.post("/provisioning/1/entities", &json!({ "entityId": "new" })).expect(201);
    server.put(new, &json!({ "module": "acme@1.0.0" })).expect(200);
}

#[test]
fn a_binding_changes_only_from_what_was_seen() {
    let server = server();
    let key = format!("App {}", server.key());
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let first = server.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    let first = first.header("etag").unwrap().to_owned();
    let body = json!({ "module": "standard" }).to_string();
    let send = |method: &str, path: &str, tag: &str, body: Option<&str>| {
        server.send(&[("authorization", &key), ("if-match", tag)], method, path, body.map(str::as_bytes))
    };
    send("PUT", SHOP, "\"other\"", Some(&body)).expect(412);
    let second = send("PUT", SHOP, &first, Some(&body)).expect(200);
    let second = second.header("etag").unwrap().to_owned();
    assert_ne!(first, second);
    for (method, path) in [("DELETE", SHOP.to_owned()), ("POST", step("rollback")), ("POST", step("withdraw"))] {
        send(method, &path, &first, None).expect(412);
    }
    send("POST", &step("rollback"), &format!("\"x\", {second}"), None).expect(200);
    send("PUT", "/v1/binding?applicationId=care", "*", Some(&body)).expect(412);
    send("DELETE", SHOP, "*", None).expect(204);
}

#[test]
fn tenants_bind_what_is_theirs_to_what_is_theirs() {
    let server = server();
    let scopes = ["modules:manage", "decisions:make"];
    let (shop, care) = (server.new_key(Some("shop"), &scopes), server.new_key(Some("care"), &scopes));
    upload(&server, &shop, &always("mine", "1.0.0", 1));
    upload(&server, &care, &always("theirs", "1.0.0", 2));
    upload(&server, server.key(), &always("common", "1.0.0", 0));
    let put = |key: &str, path: &str, module: &str| server.ask(key, "PUT", path, Some(&json!({ "module": module })));
    put(&shop, SHOP, "mine@1.0.0").expect(200);
    put(&shop, "/v1/binding?applicationId=shop&entityId=acme", "standard").expect(404);
    let entities = server.new_key(Some("shop"), &["application-entity:manage"]);
    server.ask(&entities, "POST", "/provisioning/1/entities", Some(&json!({ "entityId": "acme" }))).expect(201);
    put(&shop, "/v1/binding?applicationId=shop&entityId=acme", "standard").expect(200);
    for (path, module) in [
        (SHOP, "theirs@1.0.0"),
        (SHOP, "common@1.0.0"),
        ("/v1/binding", "mine@1.0.0"),
        ("/v1/binding?applicationId=care", "mine@1.0.0"),
        ("/v1/binding?applicationId=care&entityId=acme", "standard"),
    ] {
        put(&shop, path, module).expect(404);
    }
    server.ask(&care, "GET", SHOP, None).expect(404);
    server.ask(&care, "DELETE", SHOP, None).expect(404);
    server.ask(&care, "POST", &step("rollback"), None).expect(404);
    server.ask(&shop, "GET", "/v1/binding", None).expect(404);
    let seen = server.ask(&shop, "GET", "/v1/bindings", None).expect(200).json();
    assert_eq!(seen["paging"]["totalResults"], 2);
    assert_eq!(server.ask(&care, "GET", "/v1/bindings", None).expect(200).json()["results"], json!([]));
    // What another application's messages come to is not to be learnt from a probe.
    let probe = json!({ "applicationId": "care", "channel": "SMS", "to": TO, "senderId": "S2" });
    let body = json!({ "module": "mine@1.0.0", "probes": [probe] });
    let refused = server.ask(&shop, "PUT", SHOP, Some(&body)).expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "probes[0].applicationId");
    assert_eq!(decide(&server, &shop, "shop", TO), "S1 mine@1.0.0");
    // The platform may put its own policy and the application's to use there, not another one's.
    put(server.key(), SHOP, "common@1.0.0").expect(200);
    put(server.key(), SHOP, "mine@1.0.0").expect(200);
    put(server.key(), SHOP, "theirs@1.0.0").expect(404);
    put(server.key(), "/v1/binding", "mine@1.0.0").expect(404);
}

#[test]
fn a_candidate_beside_nothing_is_told_what_to_bind_first() {
    let server = server();
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 1));
    for (what, body) in
        [("shadow", json!({ "module": "acme@1.0.0" })), ("canary", json!({ "module": "acme@1.0.0", "perMille": 10 }))]
    {
        let told = server.post(&step(what), &body).expect(404).json();
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains("nothing is bound for") && detail.contains("PUT /v1/binding"), "{detail}");
        // As it says.
        server.put(SHOP, &json!({ "module": "standard" })).expect(200);
        server.post(&step(what), &body).expect(200);
        server.delete(SHOP).expect(204);
    }
}
