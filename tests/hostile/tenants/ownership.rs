//! An entity belongs to whoever made it.

use serde_json::{Value, json};

use super::world::{ATTACKER, NEIGHBOUR, World};
use callsign_tests::service::Reply;

const SCOPES: [&str; 5] =
    ["application-entity:manage", "sending-strategy:manage", "modules:manage", "decisions:make", "sticky:manage"];

struct Two {
    world: World,
    attacker: String,
    neighbour: String,
}

impl Two {
    fn new() -> Self {
        let world = World::beside_others();
        let (attacker, neighbour) = (world.key(ATTACKER, &SCOPES), world.key(NEIGHBOUR, &SCOPES));
        Self { world, attacker, neighbour }
    }

    fn ask(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.world.server.ask(key, method, path, body.as_ref())
    }

    /// The entity of the neighbour is what it was, and its owner can remove it.
    #[track_caller]
    fn is_the_neighbours(&self, entity: &str, name: &Value) {
        let path = format!("/provisioning/1/entities/{entity}");
        let seen = self.ask(&self.neighbour, "GET", &path, None).expect(200).json();
        assert_eq!(&seen["entityName"], name);
        self.ask(&self.attacker, "GET", &path, None).expect(404);
        let list = self.ask(&self.attacker, "GET", "/provisioning/1/entities?size=1000", None).expect(200).text;
        assert!(!list.contains(&format!("\"{entity}\"")), "{list}");
        self.ask(&self.neighbour, "DELETE", &path, None).expect(200);
        self.ask(&self.neighbour, "GET", &path, None).expect(404);
    }
}

#[test]
fn a_default_sender_for_anothers_entity_is_404_and_changes_nothing() {
    let two = Two::new();
    let made = json!({ "entityId": "acme", "entityName": "secret" });
    two.ask(&two.neighbour, "POST", "/provisioning/1/entities", Some(made)).expect(201);
    let path = format!("/v1/default-senders?applicationId={ATTACKER}&entityId=acme");
    two.ask(&two.attacker, "PUT", &path, Some(json!({ "senderId": "S0" }))).expect(404);
    two.is_the_neighbours("acme", &json!("secret"));
}

#[test]
fn nothing_that_names_anothers_entity_shows_it_or_blocks_its_removal() {
    let two = Two::new();
    let scoped = format!("applicationId={ATTACKER}&entityId=acme");
    let platform = json!({ "applicationId": ATTACKER, "entityId": "acme" });
    let attacks = [
        ("PUT", format!("/v1/binding?{scoped}"), json!({ "module": "standard" })),
        ("PUT", format!("/v1/default-senders?{scoped}"), json!({ "senderId": "S0" })),
        ("POST", "/provisioning/2/sending-strategies".to_owned(), json!({ "platform": platform })),
        (
            "POST",
            "/provisioning/1/associations".to_owned(),
            json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": ATTACKER, "entityId": "acme", "resourceId": "S0" }),
        ),
        (
            "PUT",
            "/v1/pins".to_owned(),
            json!({ "entityId": "acme", "channel": "SMS", "to": "+14155550123", "senderId": "S0" }),
        ),
        ("PUT", "/provisioning/1/entities/acme".to_owned(), json!({ "entityName": "mine" })),
        ("DELETE", "/provisioning/1/entities/acme".to_owned(), json!(null)),
    ];
    for (method, path, body) in attacks {
        let made = json!({ "entityId": "acme", "entityName": "secret" });
        two.ask(&two.neighbour, "POST", "/provisioning/1/entities", Some(made)).expect(201);
        let body = (!body.is_null()).then_some(body);
        let theirs = two.ask(&two.attacker, method, &path, body.clone());
        two.is_the_neighbours("acme", &json!("secret"));
        // The same about an entity that nobody made is answered alike.
        let nobodys = two.ask(
            &two.attacker,
            method,
            &path.replace("acme", "none"),
            body.map(|body| serde_json::from_str(&body.to_string().replace("acme", "none")).unwrap()),
        );
        assert_eq!(theirs.status, nobodys.status, "{method} {path}: {theirs:?} {nobodys:?}");
        let text = |reply: &Reply| if reply.status < 300 { String::new() } else { reply.text.clone() };
        assert_eq!(text(&theirs).replace("acme", "none"), text(&nobodys), "{method} {path}");
    }
}

#[test]
fn a_message_that_names_anothers_future_entity_takes_nothing_from_it() {
    let two = Two::new();
    two.world.decide(&two.attacker, json!({ "entityId": "globex" }));
    two.world.server.until("the attacker has its entity", || {
        two.ask(&two.attacker, "GET", "/provisioning/1/entities/globex", None).status == 200
    });
    let path = "/provisioning/1/entities/globex";
    two.ask(&two.neighbour, "GET", path, None).expect(404);
    let made = json!({ "entityId": "globex", "entityName": "Globex" });
    two.ask(&two.neighbour, "POST", "/provisioning/1/entities", Some(made)).expect(201);
    let name = |key: &str| two.ask(key, "GET", path, None).expect(200).json()["entityName"].clone();
    assert_eq!(name(&two.neighbour), "Globex");
    assert_eq!(name(&two.attacker), "globex");
    two.ask(&two.attacker, "PUT", path, Some(json!({ "entityName": "Mine" }))).expect(204);
    assert_eq!((name(&two.neighbour), name(&two.attacker)), (json!("Globex"), json!("Mine")));
    // Each removes its own.
    two.ask(&two.neighbour, "DELETE", path, None).expect(200);
    assert_eq!(name(&two.attacker), "Mine");
    two.ask(&two.neighbour, "GET", path, None).expect(404);
    two.ask(&two.attacker, "DELETE", path, None).expect(200);
}

#[test]
fn the_platform_sees_whose_each_entity_is() {
    let two = Two::new();
    for key in [&two.attacker, &two.neighbour] {
        two.ask(key, "POST", "/provisioning/1/entities", Some(json!({ "entityId": "acme" }))).expect(201);
    }
    let seen = two.world.server.get("/v1/entities?size=1000").expect(200).text;
    assert!(seen.contains("\"acme\"") && seen.contains(ATTACKER) && seen.contains(NEIGHBOUR), "{seen}");
    let own = two.ask(&two.attacker, "GET", "/v1/entities?size=1000", None).expect(200).text;
    assert!(own.contains("\"acme\"") && !own.contains(NEIGHBOUR), "{own}");
}
