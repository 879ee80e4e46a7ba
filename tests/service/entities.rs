//! An entity belongs to whoever made it: two applications can have one with the same id, and neither learns of the
//! other's.

use serde_json::{Value, json};

use crate::contract::world;
use callsign_tests::service::{Reply, Server};

const LIST: &str = "/provisioning/1/entities";
const OWN: &str = "/provisioning/1/entities/own";

struct Tenant<'a> {
    server: &'a Server,
    application: &'static str,
    key: String,
}

impl Tenant<'_> {
    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.server.ask(&self.key, method, path, body.as_ref())
    }

    fn make(&self, entity: &str, name: &str) -> Reply {
        self.ask("POST", LIST, Some(json!({ "entityId": entity, "entityName": name })))
    }

    /// The ids of its list.
    fn entities(&self) -> Vec<String> {
        world::ids(&self.ask("GET", LIST, None).expect(200).json(), "entityId")
    }

    fn message(&self, entity: &str) -> Reply {
        let message = json!({ "entityId": entity, "channel": "SMS", "to": "+14155550123" });
        self.ask("POST", "/v1/decisions", Some(message)).expect(200)
    }

    /// Everything that names an entity, and whether it is answered as if there were none.
    fn ways_to_name(&self, entity: &str) -> Vec<(String, u16, String)> {
        let application = self.application;
        let platform = json!({ "applicationId": application, "entityId": entity });
        let link = json!({
            "resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": application, "entityId": entity,
            "resourceId": "x.example",
        });
        let pin = json!({ "entityId": entity, "channel": "SMS", "to": "+14155550123", "senderId": "LONG" });
        let scope = format!("applicationId={application}&entityId={}", world::escaped(entity));
        let sender = json!({ "senderId": "LONG" });
        [
            ("GET", format!("{LIST}/{entity}"), None),
            ("PUT", format!("{LIST}/{entity}"), Some(json!({ "entityName": "Mine" }))),
            ("DELETE", format!("{LIST}/{entity}"), None),
            ("POST", "/provisioning/1/associations".to_owned(), Some(link)),
            ("POST", "/provisioning/2/sending-strategies".to_owned(), Some(json!({ "platform": platform }))),
            ("POST", "/v1/strategies".to_owned(), Some(json!({ "platform": platform }))),
            ("PUT", format!("/v1/default-senders?{scope}"), Some(sender)),
            ("DELETE", format!("/v1/default-senders?{scope}"), None),
            ("PUT", format!("/v1/binding?{scope}"), Some(json!({ "module": "standard" }))),
            ("GET", format!("/v1/binding?{scope}"), None),
            ("PUT", "/v1/pins".to_owned(), Some(pin)),
        ]
        .into_iter()
        .map(|(method, path, body)| {
            let reply = self.ask(method, &path, body);
            let what = format!("{method} {path}").replace(entity, "ENTITY");
            (what, reply.status, reply.text.replace(entity, "ENTITY"))
        })
        .collect()
    }
}

fn tenants(server: &Server) -> [Tenant<'_>; 2] {
    ["shop", "bank"].map(|application| Tenant { server, application, key: server.new_key(Some(application), &[]) })
}

#[test]
fn an_entity_of_another_tenant_is_no_different_from_one_that_nobody_made() {
    let server = world::server();
    let [shop, bank] = tenants(&server);
    bank.make("victim", "Victim").expect(201);
    let before = bank.ask("GET", "/provisioning/1/entities/victim", None).expect(200).json();
    let named = shop.ways_to_name("victim");
    assert_eq!(named, shop.ways_to_name("nobody"));
    for (what, status, text) in &named {
        let wanted = if what.contains("strategies") { 400 } else { 404 };
        assert_eq!(*status, wanted, "{what}: {text}");
    }
    // The platform's `globex` is not named by anything of the shop, and is hidden in the same way.
    assert_eq!(named, shop.ways_to_name("globex"));
    assert!(!shop.entities().iter().any(|id| id == "victim" || id == "nobody"));
    assert_eq!(bank.ask("GET", "/provisioning/1/entities/victim", None).expect(200).json(), before);
    bank.ask("DELETE", "/provisioning/1/entities/victim", None).expect(200);
}

#[test]
fn two_tenants_have_one_with_the_same_id_and_neither_learns_of_the_others() {
    let server = world::server();
    let [shop, bank] = tenants(&server);
    bank.make("zeta", "Zeta").expect(201);
    bank.make("own", "The bank's").expect(201);
    // Nor does the order of a list tell that another one was first.
    shop.make("mine", "Mine").expect(201);
    shop.make("own", "The shop's").expect(201);
    shop.make("own", "Again").expect(409);
    assert_eq!(
        (shop.entities(), bank.entities()),
        (vec!["mine".into(), "own".into(), "acme".into()], vec!["zeta".into(), "own".into(), "globex".into()])
    );
    let name = |tenant: &Tenant<'_>| tenant.ask("GET", OWN, None).expect(200).json()["entityName"].clone();
    assert_eq!((name(&shop), name(&bank)), (json!("The shop's"), json!("The bank's")));
    shop.ask("PUT", OWN, Some(json!({ "entityName": "Renamed" }))).expect(204);
    assert_eq!((name(&shop), name(&bank)), (json!("Renamed"), json!("The bank's")));
    // What belongs to the scope of the one stays when the other deletes its own.
    let platform = json!({ "applicationId": "bank", "entityId": "own" });
    bank.ask("POST", "/v1/strategies", Some(json!({ "platform": platform, "channel": "MMS" }))).expect(201);
    shop.ask("POST", "/v1/strategies", Some(json!({ "platform": { "applicationId": "shop", "entityId": "own" } })))
        .expect(201);
    shop.ask("DELETE", OWN, None).expect(200);
    shop.ask("GET", OWN, None).expect(404);
    assert_eq!(name(&bank), json!("The bank's"));
    let left = server.get("/v1/strategies?entityId=own").expect(200).json();
    assert_eq!((left["paging"]["totalResults"].clone(), left["results"][0]["platform"].clone()), (json!(1), platform));
}

#[test]
fn a_message_makes_an_entity_for_its_caller_whatever_others_have() {
    let server = world::server();
    let [shop, bank] = tenants(&server);
    // The attacker is first.
    shop.message("own");
    server.until("the shop has it", || shop.ask("GET", OWN, None).status == 200);
    bank.ask("GET", OWN, None).expect(404);
    bank.make("own", "The bank's").expect(201);
    assert_eq!(bank.ask("GET", OWN, None).expect(200).json()["entityName"], "The bank's");
    // The other way round it is the same.
    bank.make("theirs", "Theirs").expect(201);
    shop.message("theirs");
    server.until("the shop has one, too", || shop.ask("GET", "/provisioning/1/entities/theirs", None).status == 200);
    assert_eq!(shop.ask("GET", "/provisioning/1/entities/theirs", None).json()["entityName"], "theirs");
    // For the platform's key neither is the platform's, and both are listed with whose they are.
    server.get(OWN).expect(404);
    let all = server.get("/v1/entities?entityId=own").expect(200).json();
    let whose: Vec<&Value> = all["results"].as_array().unwrap().iter().map(|one| &one["applicationId"]).collect();
    assert_eq!(whose, [&json!("shop"), &json!("bank")]);
    // An entity of the platform that the shop's associations name makes no new one.
    shop.message("acme");
    assert_eq!(shop.ask("GET", "/provisioning/1/entities/acme", None).expect(200).json()["entityName"], "Acme");
    let own = shop.ask("GET", "/v1/entities?size=1000", None).expect(200).json();
    assert_eq!(world::ids(&own, "entityId"), ["own", "theirs"]);
    assert_eq!(shop.ask("GET", "/v1/entities?applicationId=bank", None).expect(200).json()["results"], json!([]));
}

#[test]
fn the_deletion_of_a_tenant_is_never_blocked() {
    let server = world::server();
    let [shop, _] = tenants(&server);
    shop.make("own", "Own").expect(201);
    // The platform uses it in the shop, and has one of its own.
    server.post("/provisioning/1/entities", &json!({ "entityId": "own" })).expect(201);
    server.post("/provisioning/1/associations", &world::association(&json!("own"), "LONG")).expect(201);
    let platform = json!({ "platform": { "applicationId": "shop", "entityId": "own" } });
    server.post("/provisioning/2/sending-strategies", &platform).expect(201);
    server.put("/v1/default-senders?applicationId=shop&entityId=own", &json!({ "senderId": "LONG" })).expect(204);
    server.put("/v1/binding?applicationId=shop&entityId=own", &json!({ "module": "standard" })).expect(200);
    shop.ask("DELETE", OWN, None).expect(200);
    shop.ask("GET", OWN, None).expect(404);
    // Nothing moved to the application `default`, which is not the tenant's, and the platform's is there still.
    let moved = server.get("/provisioning/1/associations?applicationId=default").expect(200).json();
    assert_eq!(moved["results"], json!([]));
    server.get("/v1/binding?applicationId=shop&entityId=own").expect(404);
    server.get(OWN).expect(200);
}

#[test]
fn the_ids_of_strategies_tell_nothing_of_others() {
    let server = world::server();
    let [shop, _] = tenants(&server);
    let body = json!({ "platform": { "applicationId": "shop" }, "channel": "MMS" });
    let put = |id: &str| {
        let reply = shop.ask("PUT", &format!("/v1/strategies/{id}"), Some(body.clone()));
        (reply.status, reply.text.replace(id, "ID"))
    };
    assert_eq!(put("BANKS"), put("NOBODY"));
    assert_eq!(put("BANKS").0, 404);
    for id in ["BANKS", "NOBODY"] {
        let mut chosen = body.clone();
        chosen["sendingStrategyId"] = json!(id);
        let refused = shop.ask("POST", "/v1/strategies", Some(chosen)).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], "sendingStrategyId");
    }
    let made = shop.ask("POST", "/v1/strategies", Some(body.clone())).expect(201).json();
    let id = made["sendingStrategyId"].as_str().unwrap().to_owned();
    assert_eq!(put(&id).0, 428);
    server.replace(&shop.key, &format!("/v1/strategies/{id}"), &body).expect(200);
}

#[test]
fn a_pin_to_a_sender_of_others_is_answered_like_one_to_a_sender_that_is_not_there() {
    let server = world::server();
    let [shop, _] = tenants(&server);
    let pin = |sender: &str| {
        let body = json!({ "channel": "SMS", "to": "+14155550123", "senderId": sender });
        let reply = shop.ask("PUT", "/v1/pins", Some(body));
        (reply.status, reply.text.replace(sender, "SENDER"))
    };
    assert_eq!(pin("BANKS"), pin("NOBODYS"));
    assert_eq!(pin("BANKS").0, 400);
    assert_eq!(pin("LONG").0, 200);
}

#[test]
fn one_id_that_is_none_stops_nobody() {
    let server = world::server();
    let [shop, bank] = tenants(&server);
    for (id, property) in [("a\u{9b}", "entityId"), ("a\u{202e}b", "entityId"), ("", "entityId")] {
        let message = json!({ "entityId": id, "channel": "SMS", "to": "+14155550123" });
        let refused = shop.ask("POST", "/v1/decisions", Some(message.clone())).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{id:?}: {refused}");
        let several = json!({ "messages": [{ "channel": "SMS", "to": "+14155550123" }, message] });
        let refused = shop.ask("POST", "/v1/decisions", Some(several)).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], "messages[1].entityId", "{id:?}: {refused}");
        for path in ["/v1/binding", "/v1/default-senders", "/v1/pins"] {
            let query = format!("{path}?applicationId=shop&entityId={}&channel=SMS&to=1", world::escaped(id));
            let status = shop.ask("DELETE", &query, None).status;
            assert!(status == 400 || id.is_empty(), "{query}: {status}");
        }
    }
    bank.message("fresh");
    let path = "/provisioning/1/entities/fresh";
    server.until("the bank's is there", || bank.ask("GET", path, None).status == 200);
}

#[test]
fn what_cannot_be_created_is_told_and_hurts_no_other_tenant() {
    // No room for more elements: two applications more than there are.
    let server = world::with("[limits]\nelements = 24");
    let [shop, bank] = tenants(&server);
    let many: Vec<Value> = (0..200)
        .map(|number| json!({ "entityId": format!("e{number}"), "channel": "SMS", "to": "+14155550123" }))
        .collect();
    shop.ask("POST", "/v1/decisions", Some(json!({ "messages": many }))).expect(200);
    server.until_logged("of the application \"shop\" named first are not created");
    // It is not tried for ever, so other changes go on, and what has room is made.
    bank.ask("PUT", "/provisioning/1/applications/bank", Some(json!({ "applicationName": "Bank" }))).expect(204);
    let made = shop.ask("GET", "/v1/entities", None).expect(200).json();
    let mut left = made["paging"]["totalResults"].as_u64().unwrap();
    assert!(left > 0, "as many as there is room for are made, one by one");
    for entity in world::ids(&made, "entityId") {
        shop.ask("DELETE", &format!("{LIST}/{entity}"), None).expect(200);
        left -= 1;
    }
    assert_eq!(left, 0);
    bank.message("fresh");
    server.until("there is room again", || bank.ask("GET", "/provisioning/1/entities/fresh", None).status == 200);
}

#[test]
fn a_store_of_an_earlier_version_is_brought_up_to_date() {
    let data = callsign_tests::service::folder("earlier");
    let file = data.join("catalog.json");
    std::fs::write(&file, world::catalog().to_string()).unwrap();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    let [shop, _] = tenants(&server);
    shop.make("own", "Own").expect(201);
    let shops = shop.key;
    assert_eq!(server.end(), Some(0));
    // As an earlier version had it: nothing for what the platform made, and for others the application under the id.
    let store = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
    store.execute("DELETE FROM elements WHERE kind = 'owner'", []).unwrap();
    store.execute("INSERT INTO elements VALUES ('owner', 'own', 999999999999, '\"shop\"')", []).unwrap();
    let body = r#"{"entityId":"own","entityName":"As it was"}"#;
    store.execute("UPDATE elements SET body = ? WHERE kind = 'entity' AND key = 'own'", [body]).unwrap();
    // It kept the components of modules that were deleted.
    store.execute("INSERT INTO components VALUES ('0123abcd', x'00')", []).unwrap();
    for _ in 0..2 {
        let server = Server::at(&data, "", &[]);
        let kept: u32 = store.query_row("SELECT count(*) FROM components", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 0);
        let own = server.ask(&shops, "GET", OWN, None).expect(200).json();
        assert_eq!(own, json!({ "entityId": "own", "entityName": "As it was" }));
        server.ask(&key, "GET", OWN, None).expect(404);
        let platforms = server.ask(&key, "GET", LIST, None).expect(200).json();
        assert_eq!(world::ids(&platforms, "entityId"), ["acme", "globex"]);
        assert_eq!(server.end(), Some(0));
    }
    std::fs::remove_dir_all(data).unwrap();
}
