//! An entity first named in a message is created, its name the id.

use std::time::Instant;

use serde_json::{Value, json};

use super::world;

fn message(entity: &str) -> Value {
    json!({ "applicationId": "shop", "entityId": entity, "channel": "SMS", "to": "+14155550123" })
}

#[test]
fn an_entity_first_named_in_a_message_is_created_its_name_the_id() {
    let server = world::server();
    for entity in ["fresh", "a/b 漢字"] {
        let path = format!("/provisioning/1/entities/{}", world::escaped(entity));
        server.get(&path).expect(404);
        let decision = server.post("/v1/decisions", &message(entity)).expect(200).json();
        assert!(decision.get("senderId").is_some() || decision.get("refusal").is_some(), "{decision}");
        server.until("the entity is there", || server.get(&path).status == 200);
        assert_eq!(server.get(&path).json(), json!({ "entityId": entity, "entityName": entity }));
        server.post("/provisioning/1/entities", &json!({ "entityId": entity })).expect(409);
    }
}

#[test]
fn many_in_one_request_are_all_created_once() {
    let server = world::server();
    let messages: Vec<Value> = (0..600).map(|n| message(&format!("e{}", n / 2))).collect();
    let body = json!({ "messages": messages });
    let decide = || server.post("/v1/decisions", &body).expect(200);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(decide);
        }
    });
    let count = || server.get("/provisioning/1/entities?size=1").expect(200).json()["paging"]["totalResults"].clone();
    server.until("all are there", || count() == 302);
}

#[test]
fn those_of_many_requests_are_created_in_few_revisions() {
    const ACTION: &str = "entities that messages named first";
    let server = world::with("");
    let began = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for n in 0..20 {
                    server.post("/v1/decisions", &message(&format!("c{client}-{n}"))).expect(200);
                }
            });
        }
    });
    let count = || server.get("/provisioning/1/entities?size=1").expect(200).json()["paging"]["totalResults"].clone();
    server.until("all are there", || count() == 162);
    // A round every 25 ms at most, and the first one at once.
    let most = began.elapsed().as_millis() / 25 + 1;
    let audit = server.get("/v1/audit?size=1000").expect(200).json();
    let rounds = audit["results"].as_array().unwrap().iter().filter(|entry| entry["action"] == ACTION).count();
    assert!(rounds >= 1 && rounds as u128 <= most, "{rounds} rounds, at most {most}");
}

#[test]
fn one_that_exists_keeps_its_name() {
    let server = world::server();
    server.post("/v1/decisions", &message("acme")).expect(200);
    assert_eq!(server.get("/provisioning/1/entities/acme").expect(200).json()["entityName"], "Acme");
    server.post("/v1/decisions", &message("globex")).expect(200);
    assert_eq!(server.get("/provisioning/1/entities/globex").expect(200).json(), json!({ "entityId": "globex" }));
}

#[test]
fn one_that_is_only_tried_is_not_created() {
    let server = world::server();
    let mut tried = message("tried");
    tried["dryRun"] = json!(true);
    server.post("/v1/decisions", &tried).expect(200);
    // A message that is refused as a request names nobody.
    let mut wrong = message("wrong");
    wrong["channel"] = json!("FAX");
    server.post("/v1/decisions", &wrong).expect(400);
    server.post("/v1/decisions", &message("after")).expect(200);
    server.until("the one after is there", || server.get("/provisioning/1/entities/after").status == 200);
    server.get("/provisioning/1/entities/tried").expect(404);
    server.get("/provisioning/1/entities/wrong").expect(404);
}

#[test]
fn one_that_was_deleted_is_created_when_it_is_named_again() {
    let server = world::server();
    let path = "/provisioning/1/entities/fresh";
    for _ in 0..2 {
        server.post("/v1/decisions", &message("fresh")).expect(200);
        server.until("the entity is there", || server.get(path).status == 200);
        server.delete(path).expect(200);
    }
    server.get(path).expect(404);
}
