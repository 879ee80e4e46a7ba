//! The catalog as one file, out of the service and into it.

use serde_json::{Value, json};

use callsign_tests::platform::Platform;
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};

/// A service on a platform with two applications, an entity with a name, three senders, a strategy and a default sender.
fn server() -> (Server, Value) {
    let platform = (0..3).fold(Platform::new(), |platform, index| {
        let id = format!("S{index}");
        platform.long(&id, &format!("+1212555010{index}")).associate("shop", &[&id]).associate("care", &[&id])
    });
    let platform = platform.strategy("shop", "shop", json!({})).strategy("care", "care", json!({}));
    let mut file: Value = serde_json::from_str(&platform.file()).unwrap();
    file["entities"] = json!([{ "entityId": "acme", "entityName": "Acme" }]);
    file["defaultSenders"] = json!([{ "platform": { "applicationId": "shop" }, "senderId": "S1" }]);
    let path = folder("catalog").join("catalog.json");
    std::fs::write(&path, file.to_string()).unwrap();
    (Server::with_arguments("", &["--catalog", path.to_str().unwrap()]), file)
}

#[test]
fn the_catalog_that_is_read_is_the_file_that_the_command_takes_and_changes_nothing_when_it_is_put() {
    let (server, _) = server();
    server.put("/provisioning/1/entities/acme", &json!({ "entityName": "Acme Ltd" })).expect(204);
    let read = server.get("/v1/catalog").expect(200);
    let catalog = read.json();
    assert_eq!(catalog["entities"], json!([{ "entityId": "acme", "entityName": "Acme Ltd" }]));
    let file = folder("exported").join("catalog.json");
    std::fs::write(&file, &read.text).unwrap();
    let checked = callsign_tests::service::command().arg("check").arg("--catalog").arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    let same = server.put("/v1/catalog", &catalog).expect(200).json();
    assert_eq!(same, json!({ "dryRun": false, "counts": {}, "changes": [] }));
    let newest = server.get("/v1/audit?size=1").expect(200).json();
    assert_eq!(newest["results"][0]["action"], "PUT /provisioning/1/entities/acme");

    // Another service with nothing gets all of it.
    let other = Server::start();
    let put = other.put("/v1/catalog", &catalog).expect(200).json();
    assert_eq!(put["counts"]["sender"], json!({ "added": 3, "changed": 0, "removed": 0 }));
    assert_eq!(other.get("/v1/catalog").expect(200).json(), catalog);
    let entity = other.get("/provisioning/1/entities/acme").expect(200).json();
    assert_eq!(entity["entityName"], "Acme Ltd");
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing_and_the_put_does_exactly_that() {
    let (server, _) = server();
    let tenant = server.new_key(Some("care"), &[]);
    let read = server.get("/v1/catalog").expect(200);
    let mut wanted = read.json();
    let applications = wanted["applications"].as_array_mut().unwrap();
    applications.retain(|application| application["applicationId"] != "care");
    applications.push(json!({ "applicationId": "new" }));
    for list in ["associations", "sendingStrategies"] {
        wanted[list]
            .as_array_mut()
            .unwrap()
            .retain(|element| element["applicationId"] != "care" && element["platform"]["applicationId"] != "care");
    }
    wanted["senders"][2]["status"] = json!("SUSPENDED");
    let tag = read.header("etag").unwrap().to_owned();

    let dry = server.put("/v1/catalog?dryRun=true", &wanted).expect(200).json();
    let count = |kind: &str| dry["counts"][kind].clone();
    assert_eq!(dry["dryRun"], true);
    assert_eq!(count("application"), json!({ "added": 1, "changed": 0, "removed": 1 }));
    assert_eq!(count("association"), json!({ "added": 0, "changed": 0, "removed": 3 }));
    assert_eq!(count("strategy"), json!({ "added": 0, "changed": 0, "removed": 1 }));
    assert_eq!(count("sender"), json!({ "added": 0, "changed": 1, "removed": 0 }));
    let changes = dry["changes"].as_array().unwrap();
    let sender = changes.iter().find(|change| change["kind"] == "sender").unwrap();
    assert_eq!((&sender["element"], &sender["change"]), (&json!({ "senderId": "S2" }), &json!("changed")));
    assert_eq!((&sender["before"]["status"], &sender["after"]["status"]), (&json!("ACTIVE"), &json!("SUSPENDED")));
    assert_eq!(server.get("/v1/catalog").expect(200).json(), read.json());
    assert_eq!(server.get("/v1/catalog").expect(200).header("etag"), Some(&*tag));

    let done = server.put("/v1/catalog", &wanted).expect(200).json();
    assert_eq!((&done["counts"], &done["changes"]), (&dry["counts"], &dry["changes"]));
    server.get("/provisioning/1/applications/care").expect(404);
    // What belongs to an application that is removed goes along.
    server.ask(&tenant, "GET", "/provisioning/1/applications", None).expect(401);
    let again = server.put("/v1/catalog", &wanted).expect(200).json();
    assert_eq!(again["changes"], json!([]));
    // Somebody changed it since it was read.
    let key = format!("App {}", server.key());
    let headers = [("authorization", &*key), ("if-match", &*tag)];
    let refused = server.send(&headers, "PUT", "/v1/catalog", Some(read.text.as_bytes())).expect(412);
    let serves = server.get("/v1/catalog").expect(200).header("etag").unwrap().to_owned();
    assert_ne!(serves, tag);
    let names = refused.json().to_string();
    for revision in [&tag, &serves] {
        let revision = revision.trim_matches('"');
        assert!(names.contains(&format!("\\\"{revision}\\\"")), "{names} names revision {revision}");
    }
}

#[test]
fn a_catalog_with_faults_or_a_key_without_every_scope_changes_nothing() {
    let (server, file) = server();
    let mut wrong = file.clone();
    wrong["sendingStrategies"][0]["platform"]["applicationId"] = json!("nowhere");
    let fault = server.put("/v1/catalog", &wrong).expect(400).json();
    let property = fault["violations"][0]["property"].as_str().unwrap();
    assert!(property.starts_with("sendingStrategies[0]"), "{fault}");
    let some = server.new_key(None, &["application-entity:manage", "numbers:manage"]);
    server.ask(&some, "GET", "/v1/catalog", None).expect(403);
    server.ask(&some, "PUT", "/v1/catalog", Some(&file)).expect(403);
    let tenant = server.new_key(Some("shop"), &[]);
    server.ask(&tenant, "GET", "/v1/catalog", None).expect(403);
}

/// Changes a platform in many ways, and checks afterwards that the catalog of each revision is the one that was read then.
fn every_revision_can_be_read_later(server: &Server) {
    let revision = || server.get("/healthz").expect(200).json()["revision"].as_u64().unwrap();
    let mut read = Vec::new();
    let mut note = || read.push((revision(), server.get("/v1/catalog").expect(200).text));
    note();
    let mut file = server.get("/v1/catalog").expect(200).json();
    let sender = |id: usize| {
        json!({ "senderId": format!("S{id}"), "sender": format!("+1212555{id:04}"), "senderType": "VIRTUAL_LONG_NUMBER",
                "coverage": [{ "channel": "SMS", "countries": "*" }] })
    };
    file["senders"] = (0..20).map(sender).collect();
    file["applications"].as_array_mut().unwrap().extend(["shop", "care"].map(|id| json!({ "applicationId": id })));
    server.put("/v1/catalog", &file).expect(200);
    note();
    for id in [3, 1, 4] {
        let association = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
                                  "resourceId": format!("S{id}") });
        server.post("/provisioning/1/associations", &association).expect(201);
        note();
    }
    server.put("/v1/default-senders?applicationId=care", &json!({ "senderId": "S7" })).expect(204);
    note();
    server.put("/v1/default-senders?applicationId=care", &json!({ "senderId": "S8" })).expect(204);
    server.post("/provisioning/1/entities", &json!({ "entityId": "acme", "entityName": "Acme" })).expect(201);
    note();
    server.put("/provisioning/1/entities/acme", &json!({ "entityName": "Acme Ltd" })).expect(204);
    let strategy = json!({ "sendingStrategyId": "T", "platform": { "applicationId": "care", "entityId": "acme" } });
    server.post("/v1/strategies", &strategy).expect(201);
    note();
    server.ask(server.key(), "POST", "/v1/senders/S4/suspend", None).expect(204);
    note();
    // An application goes with all that it has, and comes again.
    let whole = server.get("/v1/catalog").expect(200).json();
    server.delete("/provisioning/1/applications/care").expect(200);
    note();
    server.put("/v1/catalog", &whole).expect(200);
    note();
    let mut fewer = whole.clone();
    fewer["senders"].as_array_mut().unwrap().retain(|sender| sender["senderId"] != "S0");
    server.put("/v1/catalog", &fewer).expect(200);
    server.put("/v1/catalog", &whole).expect(200);
    note();
    // One that is no change of the catalog.
    server.post("/v1/keys", &json!({ "name": "another" })).expect(201);
    note();
    for (revision, catalog) in &read {
        let then = server.get(&format!("/v1/catalog?revision={revision}")).expect(200);
        assert_eq!(then.text, *catalog, "revision {revision}");
    }
    let next = revision() + 1;
    let fault = server.get(&format!("/v1/catalog?revision={next}")).expect(404).text;
    assert!(fault.contains("is not there yet"), "{fault}");
    server.get("/v1/catalog?revision=x").expect(400);
    let tenant = server.new_key(Some("shop"), &[]);
    server.ask(&tenant, "GET", "/v1/catalog?revision=1", None).expect(403);
}

#[test]
fn the_catalog_of_an_earlier_revision_is_the_one_that_was_read_then() {
    every_revision_can_be_read_later(&Server::start());
}

#[test]
fn the_catalog_of_an_earlier_revision_is_the_one_that_was_read_then_in_postgresql_too() {
    let database = Database::start();
    every_revision_can_be_read_later(&Server::with(&format!("[catalog]\nstore = \"{}\"", database.address())));
}
