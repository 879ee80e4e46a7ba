//! Keys over HTTP.

use serde_json::json;

use crate::policies::server;

fn works(server: &callsign_tests::service::Server, key: &str) -> bool {
    server.ask(key, "GET", "/provisioning/1/applications", None).status != 401
}

#[test]
fn a_key_is_made_rotated_and_ended() {
    let server = server();
    let body = json!({ "name": "of the shop", "scopes": ["decisions:make", "audit:read"], "applicationId": "shop",
        "expiresAt": "2999-01-01T00:00:00Z" });
    let reply = server.post("/v1/keys", &body).expect(201);
    let made = reply.json();
    let (id, key) = (made["keyId"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!(reply.header("location"), Some(&*format!("/v1/keys/{id}")));
    assert_eq!((&made["name"], &made["applicationId"]), (&body["name"], &body["applicationId"]));
    assert_eq!((&made["scopes"], &made["expiresAt"]), (&body["scopes"], &body["expiresAt"]));
    assert!(works(&server, key));
    let listed = server.get("/v1/keys").expect(200);
    assert_eq!(listed.json()["results"].as_array().unwrap().len(), 2);
    assert!(!listed.text.contains("hash") && !listed.text.contains("\"key\""), "{}", listed.text);

    let place = format!("/v1/keys/{id}");
    let next = server.post(&format!("{place}/rotate"), &json!({ "overlapSeconds": 600 })).expect(200).json();
    let next = next["key"].as_str().unwrap();
    assert!(works(&server, key) && works(&server, next));
    let last = server.ask(server.key(), "POST", &format!("{place}/rotate"), None).expect(200).json();
    assert!(!works(&server, key) && !works(&server, next) && works(&server, last["key"].as_str().unwrap()));
    server.delete(&place).expect(204);
    server.delete(&place).expect(404);
    server.post(&format!("{place}/rotate"), &json!({})).expect(404);
    assert!(!works(&server, last["key"].as_str().unwrap()));
}

#[test]
fn nobody_gets_at_more_than_they_have() {
    let server = server();
    let little = json!({ "name": "little", "scopes": ["keys:manage", "audit:read"] });
    let little = server.post("/v1/keys", &little).expect(201).json();
    let key = little["key"].as_str().unwrap();
    let made = server.ask(key, "POST", "/v1/keys", Some(&json!({ "name": "x" }))).expect(201).json();
    assert_eq!(made["scopes"], json!(["audit:read", "keys:manage"]));
    let more = json!({ "name": "x", "scopes": ["decisions:make"] });
    server.ask(key, "POST", "/v1/keys", Some(&more)).expect(403);
    let first = server.key().split('_').nth(1).unwrap().to_owned();
    // The next secret of a key that may do more would be more, too.
    server.ask(key, "POST", &format!("/v1/keys/{first}/rotate"), None).expect(403);
    let tenant = server.new_key(Some("shop"), &[]);
    server.ask(&tenant, "GET", "/v1/keys", None).expect(403);
    server.ask(&tenant, "POST", "/v1/keys", Some(&json!({ "name": "x" }))).expect(403);
    let decides = server.new_key(None, &["decisions:make"]);
    server.ask(&decides, "GET", "/v1/keys", None).expect(403);
}

#[test]
fn the_last_key_that_manages_keys_stays() {
    let server = server();
    let id = |key: &str| key.split('_').nth(1).unwrap().to_owned();
    server.delete(&format!("/v1/keys/{}", id(server.key()))).expect(409);
    let other = server.post("/v1/keys", &json!({ "name": "other" })).expect(201).json();
    server.delete(&format!("/v1/keys/{}", id(server.key()))).expect(204);
    let other = other["key"].as_str().unwrap();
    server.ask(other, "DELETE", &format!("/v1/keys/{}", id(other)), None).expect(409);
}

#[test]
fn what_is_no_key_is_refused_by_property() {
    let server = server();
    for (body, property) in [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x", "scopes": ["everything"] }), "scopes[0]"),
        (json!({ "name": "x", "expiresAt": "tomorrow" }), "expiresAt"),
        (json!({ "name": "x", "expiresAt": "2001-01-01T00:00:00Z" }), "expiresAt"),
        (json!({ "name": "x", "application": "shop" }), "application"),
    ] {
        let refused = server.post("/v1/keys", &body).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{body}: {refused}");
    }
    server.post("/v1/keys", &json!({ "name": "x", "applicationId": "none" })).expect(404);
    let id = server.key().split('_').nth(1).unwrap();
    let far = json!({ "overlapSeconds": 9_999_999 });
    server.post(&format!("/v1/keys/{id}/rotate"), &far).expect(400);
}
