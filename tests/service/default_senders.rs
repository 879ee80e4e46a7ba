//! Default senders, under `/v1/default-senders`.

use serde_json::{Value, json};

use callsign_tests::service::Server;

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

fn of(id: &str) -> Value {
    json!({ "senderId": id })
}

#[test]
fn a_platform_gets_another_gets_none() {
    let (server, _) = platform();
    server.put("/v1/default-senders?applicationId=shop", &of("OWN")).expect(204);
    server.put("/v1/default-senders?applicationId=shop&entityId=acme", &of("OTHER")).expect(204);
    server.put("/v1/default-senders?applicationId=default", &of("OWN")).expect(204);
    server.put("/v1/default-senders?applicationId=default", &of("OTHER")).expect(204);
    let all = json!([
        { "platform": { "applicationId": "shop" }, "senderId": "OWN" },
        { "platform": { "applicationId": "shop", "entityId": "acme" }, "senderId": "OTHER" },
        { "platform": { "applicationId": "default" }, "senderId": "OTHER" },
    ]);
    assert_eq!(server.get("/v1/default-senders").expect(200).json()["results"], all);
    let shop = server.get("/v1/default-senders?applicationId=shop&size=1&page=1").json();
    assert_eq!(shop["results"], json!([all[1]]));
    assert_eq!(shop["paging"]["totalResults"], 2);

    server.delete("/v1/default-senders?applicationId=shop").expect(204);
    server.delete("/v1/default-senders?applicationId=shop").expect(404);
    server.delete("/v1/default-senders?applicationId=shop&entityId=acme").expect(204);
    assert_eq!(server.get("/v1/default-senders").json()["results"], json!([all[2]]));
    server.get("/v1/senders/OWN").expect(200);
}

#[test]
fn it_carries_what_no_associated_sender_can() {
    let (server, _) = platform();
    let strategy = json!({ "sendingStrategyId": "T", "platform": { "applicationId": "default" } });
    server.post("/v1/strategies", &strategy).expect(201);
    let message = json!({ "channel": "SMS", "to": "+33628550123" });
    let refused = server.post("/v1/decisions", &message).json();
    assert_eq!(refused["refusal"]["code"], "NO_ELIGIBLE_SENDER");
    server.put("/v1/default-senders?applicationId=default", &of("OTHER")).expect(204);
    let decided = server.post("/v1/decisions", &message).json();
    assert_eq!((&decided["senderId"], &decided["step"]), (&json!("OTHER"), &json!("DEFAULT_SENDER")));
}

#[test]
fn what_does_not_exist_is_named() {
    let (server, _) = platform();
    for (query, id, detail) in [
        ("applicationId=nobody", "OWN", "the application \"nobody\" does not exist"),
        ("applicationId=shop&entityId=nobody", "OWN", "the entity \"nobody\" does not exist"),
        ("applicationId=shop", "NONE", "the sender \"NONE\" does not exist"),
    ] {
        let refused = server.put(&format!("/v1/default-senders?{query}"), &of(id)).expect(404);
        assert_eq!(refused.json()["detail"], detail);
    }
    let refused = server.put("/v1/default-senders", &of("OWN")).expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "applicationId");
    for (body, property) in [(json!({}), "senderId"), (json!({ "senderId": "OWN", "entityId": "acme" }), "entityId")] {
        let refused = server.put("/v1/default-senders?applicationId=shop", &body).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{refused}");
    }
    server.delete("/v1/default-senders?applicationId=nobody").expect(404);
    server.put("/v1/default-senders?applicationId=shop", &of("OWN")).expect(204);
    let refused = server.delete("/v1/default-senders?applicationId=shop&entityId=").expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "entityId");
}

#[test]
fn a_tenant_has_its_own_application_and_the_senders_that_it_sees() {
    let (server, key) = platform();
    server.put("/v1/default-senders?applicationId=default", &of("OTHER")).expect(204);
    assert_eq!(server.ask(&key, "GET", "/v1/default-senders", None).expect(200).json()["results"], json!([]));
    let put = |query: &str, id: &str| server.ask(&key, "PUT", &format!("/v1/default-senders?{query}"), Some(&of(id)));
    put("applicationId=shop", "OWN").expect(204);
    put("applicationId=shop", "OTHER").expect(404);
    put("applicationId=default", "OWN").expect(404);
    let own = server.ask(&key, "GET", "/v1/default-senders", None).json();
    assert_eq!(own["results"], json!([{ "platform": { "applicationId": "shop" }, "senderId": "OWN" }]));
    server.ask(&key, "DELETE", "/v1/default-senders?applicationId=default", None).expect(404);
    server.ask(&key, "DELETE", "/v1/default-senders?applicationId=shop", None).expect(204);
    let without = server.new_key(None, &["numbers:manage"]);
    server.ask(&without, "GET", "/v1/default-senders", None).expect(403);
}
