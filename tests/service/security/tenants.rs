//! A key of an application sees that application, and nothing of another.

use serde_json::{Value, json};

use crate::contract::{fault, world};
use callsign_tests::service::{Reply, Server};

struct Tenant<'a> {
    server: &'a Server,
    key: String,
}

impl Tenant<'_> {
    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.server.ask(&self.key, method, path, body.as_ref())
    }

    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, None).expect(200).json()
    }

    #[track_caller]
    fn is_refused(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Vec<(String, String)> {
        fault::check(path, &self.ask(method, path, body), status)
    }
}

fn shop(server: &Server) -> Tenant<'_> {
    Tenant { server, key: server.new_key(Some("shop"), &[]) }
}

/// Everything that the platform's key sees.
fn everything(server: &Server) -> Vec<Value> {
    let lists = [
        "/provisioning/1/applications?size=1000",
        "/provisioning/1/entities?size=1000",
        "/provisioning/1/associations?size=1000",
        "/provisioning/2/sending-strategies?size=1000",
        "/numbers/1/numbers?limit=1000",
    ];
    lists.iter().map(|path| server.get(path).expect(200).json()).collect()
}

#[test]
fn lists_show_its_own_alone() {
    let server = world::shared();
    let shop = shop(&server);
    let ids = |path: &str, name: &str| world::ids(&shop.get(path), name);
    assert_eq!(ids("/provisioning/1/applications", "applicationId"), ["shop"]);
    assert_eq!(ids("/provisioning/1/entities", "entityId"), ["acme"]);
    assert_eq!(ids("/provisioning/1/associations", "applicationId"), ["shop"; 3]);
    assert_eq!(ids("/provisioning/2/sending-strategies", "sendingStrategyId"), ["SHOPS"]);
    let numbers = shop.get("/numbers/1/numbers");
    assert_eq!((&numbers["numberCount"], &numbers["numbers"][0]["numberKey"]), (&json!(1), &json!("LONG")));
    // Totals do not tell of the others either, nor does a filter that names them.
    for path in [
        "/provisioning/1/applications?",
        "/provisioning/1/entities?",
        "/provisioning/1/associations?applicationId=bank&",
        "/provisioning/1/associations?entityId=globex&",
        "/provisioning/1/associations?resourceId=BANKS&",
        "/provisioning/2/sending-strategies?applicationId=bank&",
        "/provisioning/2/sending-strategies?sendingStrategyId=BANKS&",
        "/provisioning/2/sending-strategies?entityId=globex&",
        "/numbers/1/numbers?number=442079460018&",
    ] {
        for size in ["size=1&limit=1&page=1", "size=1000&limit=1000"] {
            let text = shop.get(&format!("{path}{size}")).to_string();
            assert!(!text.to_lowercase().contains("bank") && !text.contains("globex"), "{path}: {text}");
        }
    }
    for list in [
        shop.get("/provisioning/1/associations?applicationId=bank"),
        shop.get("/provisioning/2/sending-strategies?applicationId=bank"),
    ] {
        assert_eq!((&list["paging"]["totalResults"], &list["paging"]["totalPages"]), (&json!(0), &json!(0)));
    }
}

#[test]
fn ids_of_another_application_are_404_and_what_is_there_stays() {
    let server = world::shared();
    let shop = shop(&server);
    let before = everything(&server);
    let link = |application: &str, entity: Value, resource: &str| {
        Some(json!({
            "resourceType": "NUMBER", "channel": "SMS", "applicationId": application, "entityId": entity,
            "resourceId": resource,
        }))
    };
    for (method, path, body) in [
        ("GET", "/provisioning/1/applications/bank", None),
        ("GET", "/provisioning/1/applications/default", None),
        ("PUT", "/provisioning/1/applications/bank", Some(json!({ "applicationName": "Mine" }))),
        ("PUT", "/provisioning/1/applications/default", Some(json!({ "applicationName": "Mine" }))),
        ("DELETE", "/provisioning/1/applications/bank", None),
        ("GET", "/provisioning/1/entities/globex", None),
        ("PUT", "/provisioning/1/entities/globex", Some(json!({ "entityName": "Mine" }))),
        ("DELETE", "/provisioning/1/entities/globex", None),
        (
            "GET",
            "/provisioning/1/associations/single?resourceType=NUMBER&channel=SMS&applicationId=bank&entityId=globex&resourceId=BANKS",
            None,
        ),
        ("POST", "/provisioning/1/associations", link("bank", json!(null), "LONG")),
        ("POST", "/provisioning/1/associations", link("default", json!(null), "LONG")),
        // A sender that is not associated with it yet is not its own to take.
        ("POST", "/provisioning/1/associations", link("shop", json!(null), "BANKS")),
        ("POST", "/provisioning/1/associations", link("shop", json!("acme"), "FREE")),
        ("DELETE", "/provisioning/1/associations", link("bank", json!("globex"), "BANKS")),
        ("DELETE", "/provisioning/2/sending-strategies/BANKS", None),
    ] {
        assert_eq!(shop.is_refused(method, path, body, 404), []);
    }
    // There is no 404 for strategies that are made: it is told as if the application were not there.
    for application in ["bank", "default", "none"] {
        let body = json!({ "platform": { "applicationId": application } });
        let violations = shop.is_refused("POST", "/provisioning/2/sending-strategies", Some(body), 400);
        assert_eq!(violations[0].0, "platform.applicationId");
        assert_eq!(violations[0].1, format!("application {application:?} does not exist"));
    }
    assert_eq!(everything(&server), before);
}

#[test]
fn what_is_the_platforms_is_403() {
    let server = world::shared();
    let shop = shop(&server);
    let before = everything(&server);
    for (method, path, body) in [
        ("POST", "/provisioning/1/applications", Some(json!({ "applicationId": "mine" }))),
        ("DELETE", "/provisioning/1/applications/shop", None),
        // The platform made it, and it is seen because it is used.
        ("PUT", "/provisioning/1/entities/acme", Some(json!({ "entityName": "Mine" }))),
        ("DELETE", "/provisioning/1/entities/acme", None),
    ] {
        assert_eq!(shop.is_refused(method, path, body, 403), []);
    }
    assert_eq!(everything(&server), before);
}

#[test]
fn its_own_it_manages() {
    let server = world::server();
    let shop = shop(&server);
    shop.ask("PUT", "/provisioning/1/applications/shop", Some(json!({ "applicationName": "Mine" }))).expect(204);
    shop.ask("POST", "/provisioning/1/entities", Some(json!({ "entityId": "own" }))).expect(201);
    shop.ask("PUT", "/provisioning/1/entities/own", Some(json!({ "entityName": "Own" }))).expect(204);
    let link = world::association(&json!("own"), "LONG");
    shop.ask("POST", "/provisioning/1/associations", Some(link.clone())).expect(201);
    // Without a platform a strategy is its own, never that of `default`.
    let body = json!({ "channel": "MMS" });
    let made = shop.ask("POST", "/provisioning/2/sending-strategies", Some(body)).expect(201).json();
    let id = made["sendingStrategyId"].as_str().unwrap();
    let list = server.get(&format!("/provisioning/2/sending-strategies?sendingStrategyId={id}")).json();
    assert_eq!(list["results"][0]["platform"], json!({ "applicationId": "shop" }));
    shop.ask("DELETE", &format!("/provisioning/2/sending-strategies/{id}"), None).expect(204);
    shop.ask("DELETE", "/provisioning/1/associations", Some(link)).expect(204);
    shop.ask("DELETE", "/provisioning/1/entities/own", None).expect(200);
}

#[test]
fn an_entity_that_it_made_is_nobody_elses_to_use() {
    let server = world::server();
    let shop = shop(&server);
    shop.ask("POST", "/provisioning/1/entities", Some(json!({ "entityId": "own" }))).expect(201);
    let bank = Tenant { server: &server, key: server.new_key(Some("bank"), &[]) };
    assert_eq!(bank.is_refused("GET", "/provisioning/1/entities/own", None, 404), []);
    assert_eq!(bank.is_refused("DELETE", "/provisioning/1/entities/own", None, 404), []);
    // The platform can name it in the shop, and in the bank once the bank or the platform has one.
    let platform = |application: &str| json!({ "platform": { "applicationId": application, "entityId": "own" } });
    server.post("/provisioning/2/sending-strategies", &platform("bank")).expect(400);
    server.post("/provisioning/2/sending-strategies", &platform("shop")).expect(201);
    server.post("/provisioning/1/entities", &json!({ "entityId": "own" })).expect(201);
    server.post("/provisioning/2/sending-strategies", &platform("bank")).expect(201);
    // The bank sees the platform's now, since it uses it; it is still not its own.
    bank.ask("GET", "/provisioning/1/entities/own", None).expect(200);
    assert_eq!(bank.is_refused("PUT", "/provisioning/1/entities/own", Some(json!({})), 403), []);
    // What the platform did does not keep the shop from deleting its own.
    shop.ask("DELETE", "/provisioning/1/entities/own", None).expect(200);
    bank.ask("GET", "/provisioning/1/entities/own", None).expect(200);
}

#[test]
fn messages_are_its_own() {
    let server = world::shared();
    let shop = shop(&server);
    let message = |application: Option<&str>, from: Option<&str>| json!({ "applicationId": application, "channel": "SMS", "to": "+14155550123", "from": from });
    for application in ["bank", "default", "none"] {
        for body in [
            message(Some(application), None),
            json!({ "messages": [message(None, None), message(Some(application), None)] }),
        ] {
            let reply = shop.ask("POST", "/v1/decisions", Some(body)).expect(404);
            assert_eq!(
                (&reply.json()["code"], reply.header("content-type")),
                (&json!("NOT_FOUND"), Some("application/problem+json"))
            );
        }
    }
    // Without an application, and with its own, it is the same.
    for application in [None, Some("shop")] {
        let decision = shop.ask("POST", "/v1/decisions", Some(message(application, None))).expect(200).json();
        assert_eq!((&decision["senderId"], &decision["strategyId"]), (&json!("LONG"), &json!("SHOPS")));
    }
}

#[test]
fn an_explanation_tells_nothing_of_another_application() {
    let server = world::shared();
    let shop = shop(&server);
    let message =
        json!({ "entityId": "globex", "channel": "SMS", "to": "+447400123456", "explain": true, "dryRun": true });
    let text = shop.ask("POST", "/v1/decisions", Some(message)).expect(200).text;
    assert!(!text.contains("BANKS") && !text.contains("\"bank\"") && !text.contains("442079460018"), "{text}");
}

#[test]
fn a_sender_of_another_application_is_not_sent_from() {
    let server = world::shared();
    let shop = shop(&server);
    let from = |sender: &str| {
        let message = json!({ "channel": "SMS", "to": "+14155550123", "from": sender });
        shop.ask("POST", "/v1/decisions", Some(message)).expect(200).json()
    };
    assert_eq!(from("+14155550100")["senderId"], "LONG");
    // For the platform it is registered; for this key it is not there.
    let decision = from("+442079460018");
    assert_eq!(decision["refusal"]["code"], "SENDER_NOT_REGISTERED", "{decision}");
}

#[test]
fn a_key_of_an_application_that_is_made_anew_sees_nothing_of_the_old_one() {
    let server = world::server();
    let shop = shop(&server);
    server.delete("/provisioning/1/applications/shop").expect(200);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    assert_eq!(shop.ask("GET", "/provisioning/1/applications", None).status, 401);
    let anew = self::shop(&server);
    assert_eq!(anew.get("/provisioning/1/entities")["results"], json!([]));
    assert_eq!(anew.get("/numbers/1/numbers")["numberCount"], 0);
}
