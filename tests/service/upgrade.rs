//! From one release to the next and back, on one store: with the program of the release before, which `make upgrade
//! PREVIOUS=/path/to/callsign` names.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, command, folder};

use crate::policies::{TO, always, catalog, decide, until_started, upload};

fn previous() -> PathBuf {
    PathBuf::from(
        std::env::var_os("CALLSIGN_PREVIOUS").expect("CALLSIGN_PREVIOUS names the program of the release before"),
    )
}

/// What both releases show alike.
fn everything(server: &Server, key: &str) -> Value {
    let get = |path: &str| server.ask(key, "GET", path, None).expect(200).json()["results"].clone();
    until_started(server);
    json!({
        "applications": get("/provisioning/1/applications?size=1000"), "entities": get("/provisioning/1/entities?size=1000"),
        "associations": get("/provisioning/1/associations?size=1000"),
        "strategies": get("/provisioning/2/sending-strategies?size=1000"), "senders": get("/v1/senders?size=1000"),
        "modules": get("/v1/modules"), "keys": get("/v1/keys"),
        "pins": get("/v1/pins/list?applicationId=shop").as_array().unwrap().len(),
        "decision": decide(server, key, "shop", TO),
    })
}

/// Changes that both releases can make.
fn change(server: &Server, key: &str, name: &str) {
    server.ask(key, "POST", "/provisioning/1/applications", Some(&json!({ "applicationId": name }))).expect(201);
    let strategy = json!({ "platform": { "applicationId": name }, "useStickySender": true });
    server.ask(key, "POST", "/provisioning/2/sending-strategies", Some(&strategy)).expect(201);
    server.ask(key, "POST", "/v1/senders/S1/suspend", None).expect(204);
    server.ask(key, "POST", "/v1/senders/S1/activate", None).expect(204);
    let entity = json!({ "entityId": format!("of-{name}"), "entityName": "one" });
    server.ask(key, "POST", "/provisioning/1/entities", Some(&entity)).expect(201);
}

#[test]
#[ignore = "needs the program of the release before: make upgrade PREVIOUS=/path/to/callsign"]
fn a_store_of_the_release_before_is_served_changed_and_served_by_that_release_again() {
    let data = folder("upgraded");
    // The old one makes it.
    let old = Server::of_program(&previous(), &data, "");
    let key = old.key().to_owned();
    let file: Value = serde_json::from_slice(&std::fs::read(catalog()).unwrap()).unwrap();
    old.ask(&key, "POST", "/provisioning/1/applications", Some(&json!({ "applicationId": "shop" }))).expect(201);
    for sender in file["senders"].as_array().unwrap() {
        old.ask(&key, "POST", "/v1/senders", Some(sender)).expect(201);
    }
    for association in file["associations"].as_array().unwrap().iter().filter(|one| one["applicationId"] == "shop") {
        old.ask(&key, "POST", "/provisioning/1/associations", Some(association)).expect(201);
    }
    upload(&old, &key, &always("acme", "1.0.0", 1));
    old.ask(&key, "PUT", "/v1/binding?applicationId=shop", Some(&json!({ "module": "acme@1.0.0" }))).expect(200);
    let pin = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "senderId": "S1" });
    old.ask(&key, "PUT", "/v1/pins", Some(&pin)).expect(200);
    change(&old, &key, "by-the-old");
    let before = everything(&old, &key);
    assert_eq!(old.end(), Some(0));

    // The new one serves it and changes it, in ways of its own too; also after a crash.
    let new = Server::at(&data, "", &[]);
    assert_eq!(everything(&new, &key), before);
    change(&new, &key, "by-the-new");
    let digest = new.ask(&key, "GET", "/v1/modules", None).expect(200).json()["results"][0]["digest"].clone();
    new.ask(&key, "POST", &format!("/v1/modules/{}/share", digest.as_str().unwrap()), None).expect(200);
    new.kill();
    let new = Server::at(&data, "", &[]);
    let backup = data.with_extension("backup");
    let made = command().arg("backup").arg(&backup).env("CALLSIGN_SERVE_DATA", &data).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut after = everything(&new, &key);
    assert_eq!(new.end(), Some(0));

    // Back: the old one has all of it, and goes on.
    let old = Server::of_program(&previous(), &data, "");
    let mut seen = everything(&old, &key);
    // Which it does not know of.
    for modules in [&mut after["modules"], &mut seen["modules"]] {
        modules
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|module| drop(module.as_object_mut().unwrap().remove("shared")));
    }
    assert_eq!(seen, after);
    change(&old, &key, "by-the-old-again");
    let last = everything(&old, &key);
    assert_eq!(old.end(), Some(0));
    let new = Server::at(&data, "", &[]);
    assert_eq!(everything(&new, &key)["applications"], last["applications"]);
    assert_eq!(new.end(), Some(0));
    for path in [&data, &backup] {
        let _ = std::fs::remove_dir_all(path);
    }
}

fn is_seen(server: &Server, key: &str, name: &str) {
    let path = format!("/provisioning/1/entities/of-{name}");
    server.until("the other has taken it over", || server.ask(key, "GET", &path, None).status == 200);
}

#[test]
#[ignore = "needs the program of the release before: make upgrade PREVIOUS=/path/to/callsign"]
fn a_fleet_is_upgraded_node_by_node_while_it_decides_and_taken_back() {
    let database = Database::start();
    let config = format!("[catalog]\nstore = \"{}\"", database.address());
    let start = |program: Option<&Path>, data: &Path| match program {
        Some(program) => Server::of_program(program, data, &config),
        None => Server::at(data, &config, &[]),
    };
    let (old, data) = (previous(), [folder("first"), folder("second")]);
    let mut first = start(Some(&old), &data[0]);
    let mut other = start(Some(&old), &data[1]);
    let key = first.key().to_owned();
    let sender = json!({ "senderId": "S1", "sender": "+12125550101", "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{ "channel": "SMS", "countries": "*" }] });
    first.ask(&key, "POST", "/v1/senders", Some(&sender)).expect(201);
    change(&first, &key, "both-old");
    is_seen(&other, &key, "both-old");
    // One after the other to the new one, and back in the same order. Either changes, and either decides.
    for (round, program) in [None, Some(&*old)].into_iter().enumerate() {
        assert_eq!(first.end(), Some(0));
        let message = json!({ "channel": "SMS", "to": TO, "from": "+12125550101" });
        other.ask(&key, "POST", "/v1/decisions", Some(&message)).expect(200);
        first = start(program, &data[0]);
        change(&first, &key, &format!("first-{round}"));
        is_seen(&other, &key, &format!("first-{round}"));
        change(&other, &key, &format!("other-{round}"));
        is_seen(&first, &key, &format!("other-{round}"));
        assert_eq!(other.end(), Some(0));
        first.ask(&key, "POST", "/v1/decisions", Some(&message)).expect(200);
        other = start(program, &data[1]);
        is_seen(&other, &key, &format!("other-{round}"));
        first.until("both are ready", || {
            [&first, &other].iter().all(|server| server.send(&[], "GET", "/readyz", None).status == 200)
        });
    }
    // The log of the last one has nothing of a platform that it had to load anew.
    assert!(!other.log().contains("loaded anew"), "{}", other.log());
    drop((first, other));
    data.iter().for_each(|data| drop(std::fs::remove_dir_all(data)));
}
