//! Pins over HTTP.

use serde_json::json;

use crate::policies::{TO, server};

const KEY: &str = "/v1/pins?applicationId=shop&channel=SMS&to=%2B14155550123";

#[test]
fn a_pin_is_made_found_replaced_and_released() {
    let server = server();
    let pin = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S1" });
    server.get(KEY).expect(404);
    server.delete(KEY).expect(404);
    assert_eq!(server.put("/v1/pins", &pin).expect(200).json(), json!({ "pinned": true }));
    let found = server.get(KEY).expect(200).json();
    assert_eq!(
        (&found["senderId"], &found["applicationId"], &found["channel"]),
        (&json!("S1"), &json!("shop"), &json!("SMS"))
    );
    let hash = found["recipientHash"].as_str().expect("a folder keeps hashes");
    for name in ["firstUsed", "lastUsed"] {
        let at: jiff::Timestamp = found[name].as_str().unwrap().parse().unwrap();
        assert!(jiff::Timestamp::now().as_second() - at.as_second() < 60, "{found}");
    }
    assert_eq!(found.get("idleDays"), None, "{found}");
    server.get(&format!("/v1/pins?applicationId=shop&channel=SMS&to={hash}")).expect(200);
    server.get("/v1/pins?applicationId=shop&channel=SMS&to=+14155550123").expect(200);
    server.get("/v1/pins?applicationId=shop&entityId=acme&channel=SMS&to=%2B14155550123").expect(404);

    server.put("/v1/pins", &pin).expect(200);
    let mut other = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S2" });
    let stays = server.put("/v1/pins", &other).expect(409).json();
    assert!(stays["detail"].as_str().unwrap().contains("stays pinned to S1"), "{stays}");
    (other["replace"], other["idleDays"]) = (json!("S1"), json!(30));
    server.put("/v1/pins", &other).expect(200);
    let found = server.get(KEY).expect(200).json();
    assert_eq!((&found["senderId"], &found["idleDays"]), (&json!("S2"), &json!(30)));
    server.delete(&format!("{KEY}&senderId=S1")).expect(404);
    server.delete(KEY).expect(204);
    server.get(KEY).expect(404);
}

#[test]
fn pins_are_listed_in_parts_and_moved() {
    let server = server();
    for number in 0..5 {
        let pin = json!({ "applicationId": "shop", "channel": "SMS", "to": format!("+1415555012{number}"), "senderId": "S1" });
        server.put("/v1/pins", &pin).expect(200);
    }
    let care = json!({ "applicationId": "care", "channel": "SMS", "to": TO, "senderId": "S1" });
    server.put("/v1/pins", &care).expect(200);
    let (mut after, mut seen) = (String::new(), 0);
    loop {
        let page = server.get(&format!("/v1/pins/list?applicationId=shop&size=2{after}")).expect(200).json();
        seen += page["results"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, 5);
    let of = |query: &str| {
        server.get(&format!("/v1/pins/list?{query}")).expect(200).json()["results"].as_array().unwrap().len()
    };
    assert_eq!((of("senderId=S1"), of("to=%2B14155550123"), of("applicationId=shop&entityId=acme")), (6, 2, 0));
    for query in
        ["", "senderId=S1&applicationId=shop", "entityId=acme", "senderId=S1&after=xyz", "senderId=S1&after=00"]
    {
        server.get(&format!("/v1/pins/list?{query}")).expect(400);
    }
    assert_eq!(
        server.post("/v1/pins/move", &json!({ "from": "S1", "to": "S2" })).expect(200).json(),
        json!({ "moved": 6 })
    );
    assert_eq!((of("senderId=S1"), of("senderId=S2")), (0, 6));
    let refused = server.post("/v1/pins/move", &json!({ "from": "S2", "to": "S9" })).expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "to");
}

#[test]
fn what_is_no_pin_is_refused_and_tenants_see_their_own() {
    let server = server();
    for (body, property) in [
        (json!({ "applicationId": "shop", "channel": "SMS", "to": "x", "senderId": "S1" }), "to"),
        (json!({ "applicationId": "shop", "channel": "FAX", "to": TO, "senderId": "S1" }), "channel"),
        (json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S9" }), "senderId"),
        (json!({ "applicationId": "shop", "channel": "SMS", "to": TO }), "senderId"),
        (json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S1", "idleDays": 0 }), "idleDays"),
        (json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S1", "sender": 1 }), "sender"),
    ] {
        let refused = server.put("/v1/pins", &body).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{body}: {refused}");
    }
    server.get("/v1/pins?channel=SMS").expect(400);
    let (shop, care) =
        (server.new_key(Some("shop"), &["sticky:manage"]), server.new_key(Some("care"), &["sticky:manage"]));
    let pin = json!({ "channel": "SMS", "to": TO, "senderId": "S1" });
    server.ask(&shop, "PUT", "/v1/pins", Some(&pin)).expect(200);
    server.get(KEY).expect(200);
    for (method, path) in [("GET", KEY), ("DELETE", KEY), ("GET", "/v1/pins/list?applicationId=shop")] {
        server.ask(&care, method, path, None).expect(404);
    }
    server.ask(&care, "GET", "/v1/pins/list?senderId=S1", None).expect(403);
    server.ask(&care, "POST", "/v1/pins/move", Some(&json!({ "from": "S1", "to": "S2" }))).expect(403);
    let list = |key: &str| {
        server.ask(key, "GET", "/v1/pins/list", None).expect(200).json()["results"].as_array().unwrap().len()
    };
    assert_eq!((list(&shop), list(&care)), (1, 0));
    let decides = server.new_key(None, &["decisions:make"]);
    server.ask(&decides, "GET", KEY, None).expect(403);
}

#[test]
fn what_stores_take_is_measured() {
    let server = server();
    let strategy =
        json!({ "platform": { "applicationId": "shop" }, "destinationCountryCode": "US", "useStickySender": true });
    server.post("/provisioning/2/sending-strategies", &strategy).expect(201);
    let message = json!({ "applicationId": "shop", "channel": "SMS", "to": TO });
    server.post("/v1/decisions", &message).expect(200);
    let metrics = server.get("/metrics").expect(200).text;
    for (store, operation) in [("catalog", "commit"), ("catalog", "head"), ("sticky", "read"), ("sticky", "write")] {
        let line = format!("store=\"{store}\",operation=\"{operation}\"");
        assert!(metrics.contains(&line), "no {line} in {metrics}");
    }
}
