//! An application that is removed leaves nothing to one that is made with its id.

use serde_json::{Value, json};

use crate::policies::{TO, always, catalog, upload};
use callsign_tests::service::{Server, folder};

const PIN: &str = "/v1/pins?applicationId=shop&channel=SMS&to=%2B14155550123";

fn make(server: &Server, key: &str) {
    let body = json!({ "applicationId": "shop", "applicationName": "Shop" });
    server.ask(key, "POST", "/provisioning/1/applications", Some(&body)).expect(201);
    let link = json!({
        "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S1",
    });
    server.ask(key, "POST", "/provisioning/1/associations", Some(&link)).expect(201);
}

fn pins(server: &Server, key: &str, query: &str) -> Vec<Value> {
    let listed = server.ask(key, "GET", &format!("/v1/pins/list?{query}"), None).expect(200).json();
    listed["results"].as_array().unwrap().clone()
}

#[test]
fn an_application_that_is_made_again_finds_nothing_of_the_old_one() {
    let data = folder("removed");
    let file = catalog();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    let pin = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S1" });
    let mut seen = 0;
    for generation in 0..3 {
        if generation > 0 {
            make(&server, &key);
        }
        let shop = server.new_key(Some("shop"), &[]);
        let ask = |method: &str, path: &str, body: Option<&Value>| server.ask(&shop, method, path, body);
        // Nothing of the generation before.
        ask("GET", PIN, None).expect(404);
        assert_eq!(pins(&server, &shop, "applicationId=shop"), Vec::<Value>::new());
        for path in ["/v1/coverage", "/v1/modules", "/v1/bindings", "/v1/entities", "/v1/strategies"] {
            let wanted = if generation == 0 && path == "/v1/strategies" { 1 } else { 0 };
            let listed = ask("GET", path, None).expect(200).json();
            assert_eq!(listed["paging"]["totalResults"], wanted, "{path} of generation {generation}: {listed}");
        }
        ask("GET", "/v1/binding/history?applicationId=shop", None).expect(404);

        // Something of each kind.
        server.ask(&key, "PUT", "/v1/pins", Some(&pin)).expect(200);
        seen += 1;
        ask("GET", PIN, None).expect(200);
        assert_eq!(pins(&server, &shop, "applicationId=shop").len(), 1);
        // The platform's lists show the pins of this generation only.
        assert_eq!(pins(&server, &key, "senderId=S1").len(), 1);
        assert_eq!(pins(&server, &key, "to=%2B14155550123").len(), 1);
        let message = json!({ "entityId": "acme", "channel": "SMS", "to": "+447400123456" });
        ask("POST", "/v1/decisions", Some(&message)).expect(200);
        server.until("the entity is there", || ask("GET", "/provisioning/1/entities/acme", None).status == 200);
        if generation > 0 {
            assert!(!ask("GET", "/v1/coverage", None).expect(200).json()["results"].as_array().unwrap().is_empty());
        }
        upload(&server, &shop, &always("mine", "1.0.0", 0));
        let binding = "/v1/binding?applicationId=shop&entityId=acme";
        ask("PUT", binding, Some(&json!({ "module": "mine@1.0.0" }))).expect(200);

        server.ask(&key, "DELETE", "/provisioning/1/applications/shop", None).expect(200);
        assert_eq!(ask("GET", "/provisioning/1/applications", None).status, 401);
        // While there is none, there is nothing to be found either.
        server.ask(&key, "GET", PIN, None).expect(404);
        assert_eq!(pins(&server, &key, "senderId=S1").len(), 0);
        server.ask(&key, "GET", "/v1/entities?entityId=acme&applicationId=shop", None).expect(200);
    }
    assert_eq!(seen, 3);
    assert_eq!(server.end(), Some(0));
    // A start knows how often it was removed.
    let server = Server::at(&data, "", &[]);
    make(&server, &key);
    let rename = json!({ "applicationName": "Renamed" });
    server.ask(&key, "PUT", "/provisioning/1/applications/shop", Some(&rename)).expect(204);
    server.ask(&key, "GET", PIN, None).expect(404);
    let found = server.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200).json();
    assert_eq!(found, json!({ "applicationId": "shop", "applicationName": "Renamed" }));
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}
