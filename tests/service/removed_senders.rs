//! Many senders that are removed: their slots are given up beside the changes, and nobody sees a difference.

use serde_json::{Value, json};

use callsign_tests::service::{Server, folder};

/// How many senders there are. Every tenth is associated, and stays.
const SENDERS: usize = 200;

fn sender(index: usize) -> Value {
    json!({
        "senderId": format!("S{index}"), "sender": format!("+1415555{index:04}"), "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{ "channel": "SMS", "countries": "*" }],
    })
}

fn ids(server: &Server, key: &str) -> Vec<Value> {
    let listed = server.ask(key, "GET", "/v1/senders?size=200", None).expect(200).json();
    listed["results"].as_array().unwrap().iter().map(|sender| sender["senderId"].clone()).collect()
}

#[test]
fn lists_exports_and_decisions_are_the_same_before_and_after_the_slots_of_removed_senders_are_given_up() {
    let data = folder("removed-senders");
    let file = data.with_extension("json");
    let stays = |index: &usize| index.is_multiple_of(10);
    let associations: Vec<Value> = (0..SENDERS)
        .filter(stays)
        .map(|index| {
            json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "default", "entityId": null,
                "resourceId": format!("S{index}") })
        })
        .collect();
    let catalog = json!({
        "senders": (0..SENDERS).map(sender).collect::<Vec<_>>(),
        "associations": associations,
        "sendingStrategies": [{ "sendingStrategyId": "T", "platform": { "applicationId": "default" } }],
    });
    std::fs::write(&file, catalog.to_string()).unwrap();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    let decide = || -> Vec<Value> {
        let messages = (0..100).map(|n| json!({ "channel": "SMS", "to": format!("+3362855{n:04}") }));
        let decided = server.post("/v1/decisions", &json!({ "messages": messages.collect::<Vec<_>>() })).expect(200);
        decided.json()["decisions"].as_array().unwrap().clone()
    };
    let before = decide();
    assert!(before.iter().all(|decision| decision["senderId"].is_string()), "{before:?}");

    server.delete("/v1/senders/S10").expect(409);
    for index in (0..SENDERS).filter(|index| !stays(index)) {
        server.delete(&format!("/v1/senders/S{index}")).expect(204);
        server.get(&format!("/v1/senders/S{index}")).expect(404);
    }
    server.until_logged("the catalog has given up the slots of what was removed");
    // They are removed for good, and come last when they are made again.
    server.post("/v1/senders", &sender(5)).expect(201);
    let expected: Vec<Value> = (0..SENDERS).filter(stays).chain([5]).map(|n| json!(format!("S{n}"))).collect();
    assert_eq!(ids(&server, &key), expected);
    let exported = server.get("/v1/senders/export").expect(200).text;
    let exported: Vec<Value> =
        exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["senderId"].clone()).collect();
    assert_eq!(exported, expected);
    assert_eq!(decide(), before);

    // And after a start, which reads the store.
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    assert_eq!(ids(&server, &key), expected);
    drop(server);
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_dir_all(data).unwrap();
}
