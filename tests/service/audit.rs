//! The audit log.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};

use crate::policies::{always, server, upload};

#[test]
fn every_change_is_there_the_newest_first_and_no_secret() {
    let server = server();
    for id in ["a", "b", "c"] {
        server.post("/provisioning/1/applications", &json!({ "applicationId": id })).expect(201);
    }
    server.delete("/provisioning/1/applications/b").expect(200);
    server.post("/v1/keys", &json!({ "name": "another" })).expect(201);
    let (mut before, mut all) = (String::new(), Vec::new());
    loop {
        let reply = server.get(&format!("/v1/audit?size=2{before}")).expect(200);
        assert!(!reply.text.contains("hash"), "{}", reply.text);
        let page = reply.json();
        all.extend(page["results"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    let revisions: Vec<u64> = all.iter().map(|entry| entry["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, (1..=revisions.len() as u64).rev().collect::<Vec<_>>());
    assert_eq!((&all[0]["action"], &all[0]["changes"][0]["kind"]), (&json!("POST /v1/keys"), &json!("key")));
    let removal = &all[1];
    assert_eq!(removal["action"], "DELETE /provisioning/1/applications/b");
    assert!(removal["who"].as_str().unwrap().ends_with(" first"), "{removal}");
    // The generation is what the next application with this id has.
    let element = json!({ "applicationId": "b" });
    let generation = json!({ "kind": "generation", "key": "b", "element": element, "removed": false, "after": 1 });
    let application =
        json!({ "kind": "application", "key": "b", "element": element, "removed": true, "before": element });
    assert_eq!(removal["changes"], json!([generation, application]));
    assert!(removal["at"].as_str().unwrap().ends_with('Z'), "{removal}");
    let element = json!({ "applicationId": "c" });
    let made = json!({ "kind": "application", "key": "c", "element": element, "removed": false, "after": element });
    assert_eq!(all[2]["changes"], json!([made]));

    server.get("/v1/audit?before=x").expect(400);
    assert_eq!(server.get("/v1/audit?before=1").expect(200).json(), json!({ "results": [] }));
    let tenant = server.new_key(Some("a"), &["audit:read"]);
    server.ask(&tenant, "GET", "/v1/audit", None).expect(200);
    let decides = server.new_key(None, &["decisions:make"]);
    server.ask(&decides, "GET", "/v1/audit", None).expect(403);
}

/// The revisions of the whole log, the newest first.
fn revisions(server: &Server, key: &str) -> Vec<u64> {
    let page = server.ask(key, "GET", "/v1/audit?size=1000", None).expect(200).json();
    page["results"].as_array().unwrap().iter().map(|entry| entry["revision"].as_u64().unwrap()).collect()
}

fn signal(server: &Server, signal: Signal) {
    kill_process(Pid::from_raw(server.process().cast_signed()).unwrap(), signal).unwrap();
}

fn applications(server: &Server, key: &str) -> usize {
    let list = server.ask(key, "GET", "/provisioning/1/applications?size=1", None).expect(200).json();
    list["paging"]["totalResults"].as_u64().unwrap() as usize
}

#[test]
fn the_log_goes_back_as_far_as_it_may_and_the_platform_keeps_everything() {
    let data = folder("audit");
    let server = Server::at(&data, "", &[]);
    let key = server.key().to_owned();
    for at in 0..30 {
        server.post("/provisioning/1/applications", &json!({ "applicationId": format!("a{at}") })).expect(201);
    }
    let (all, there) = (revisions(&server, &key), applications(&server, &key));
    assert_eq!(all, (1..=31).rev().collect::<Vec<_>>());
    assert_eq!(server.end(), Some(0));

    // By number.
    let server = Server::at(&data, "[catalog]\naudit_revisions = 10", &[]);
    server.until("the rest is removed", || revisions(&server, &key) == all[..10]);
    assert_eq!(applications(&server, &key), there);
    server.until_logged("21 revisions are removed from the audit log");
    assert_eq!(server.end(), Some(0));

    // By age: seven of the ten were made a hundred days ago.
    let store = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
    let days = 100_i64 * 24 * 60 * 60 * 1_000;
    store.execute("UPDATE revisions SET at = at - ? WHERE revision <= 28", [days]).unwrap();
    let server = Server::at(&data, "[catalog]\naudit_days = 101", &[]);
    assert_eq!(revisions(&server, &key), all[..10]);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "[catalog]\naudit_days = 99", &[]);
    server.until("the old ones are removed", || revisions(&server, &key) == all[..3]);
    // Changes go on from where they were, and the last part of the log ends.
    server.ask(&key, "POST", "/provisioning/1/applications", Some(&json!({ "applicationId": "next" }))).expect(201);
    assert_eq!(revisions(&server, &key), [32, 31, 30, 29]);
    let last = server.ask(&key, "GET", "/v1/audit?size=2&before=31", None).expect(200).json();
    assert_eq!(last["results"].as_array().unwrap().len(), 2);
    assert_eq!(server.ask(&key, "GET", "/v1/audit?before=29", None).expect(200).json(), json!({ "results": [] }));
    assert_eq!(server.end(), Some(0));

    // Without a bound nothing is removed.
    store.execute("UPDATE revisions SET at = 1", []).unwrap();
    let server = Server::at(&data, "[catalog]\naudit_days = 0\naudit_revisions = 0", &[]);
    assert_eq!(revisions(&server, &key), [32, 31, 30, 29]);
    assert_eq!((applications(&server, &key), server.end()), (there + 1, Some(0)));
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_node_that_was_away_for_longer_than_the_log_goes_back_has_all_the_same() {
    let database = Database::start();
    let config = |more: &str| format!("[catalog]\nstore = \"{}\"\n{more}", database.address());
    let first = Server::with(&config(""));
    let key = first.key().to_owned();
    let data = folder("away");
    let away = Server::at(&data, &config(""), &[]);
    signal(&away, Signal::STOP);
    for at in 0..8 {
        first.post("/provisioning/1/applications", &json!({ "applicationId": format!("a{at}") })).expect(201);
    }
    let there = applications(&first, &key);
    assert_eq!(first.end(), Some(0));
    let data = folder("second");
    let second = Server::at(&data, &config("audit_revisions = 2"), &[]);
    second.until("the log is short", || revisions(&second, &key) == [9, 8]);
    signal(&away, Signal::CONT);
    away.until("it has all", || applications(&away, &key) == there);
    away.until_logged("the platform is loaded anew");
}

#[test]
fn a_change_shows_the_values_before_and_after_and_names_in_words() {
    let server = server();
    let newest = || server.get("/v1/audit?size=1").expect(200).json()["results"][0]["changes"].clone();
    server.ask(server.key(), "POST", "/v1/senders/S1/suspend", None).expect(204);
    let changes = newest();
    assert_eq!(changes[0]["element"], json!({ "senderId": "S1" }));
    assert_eq!(
        (&changes[0]["before"]["status"], &changes[0]["after"]["status"]),
        (&json!("ACTIVE"), &json!("SUSPENDED"))
    );
    server.put("/v1/default-senders?applicationId=shop", &json!({ "senderId": "S0" })).expect(204);
    server.put("/v1/default-senders?applicationId=shop", &json!({ "senderId": "S2" })).expect(204);
    let changes = newest();
    assert_eq!(
        (&changes[0]["kind"], &changes[0]["element"]),
        (&json!("defaultSender"), &json!({ "applicationId": "shop" }))
    );
    assert_eq!((&changes[0]["before"]["senderId"], &changes[0]["after"]["senderId"]), (&json!("S0"), &json!("S2")));
    // Of policies their names, and of long settings the length.
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let settings = json!({ "text": "x".repeat(1_000) });
    server.put("/v1/binding?applicationId=shop", &json!({ "module": "standard" })).expect(200);
    server.put("/v1/binding?applicationId=shop", &json!({ "module": "acme@1.0.0", "settings": settings })).expect(200);
    let changes = newest();
    assert_eq!(changes[0]["element"], json!({ "applicationId": "shop" }));
    assert_eq!(
        (&changes[0]["before"]["module"], &changes[0]["after"]["policy"]),
        (&json!("standard"), &json!("acme@1.0.0"))
    );
    assert!(changes.to_string().len() < 1_000, "{changes}");
    // Of keys no hash.
    let key = server.post("/v1/keys", &json!({ "name": "one", "scopes": ["audit:read"] })).expect(201).json();
    let id = key["keyId"].as_str().unwrap();
    server.delete(&format!("/v1/keys/{id}")).expect(204);
    let changes = newest();
    assert_eq!((&changes[0]["before"]["name"], changes[0].get("after")), (&json!("one"), None));
    assert!(!changes.to_string().contains("hash"), "{changes}");
}

#[test]
fn a_tenant_reads_what_was_changed_of_its_application_and_who_it_was_if_it_was_its_own_key() {
    let server = server();
    let shop = server.new_key(Some("shop"), &[]);
    let care = server.new_key(Some("care"), &[]);
    let ask = |key: &str, method: &str, path: &str, body: &Value| server.ask(key, method, path, Some(body)).expect(201);
    let strategy = json!({ "channel": "MMS", "platform": { "applicationId": "shop" } });
    let made = ask(&shop, "POST", "/v1/strategies", &strategy).json()["sendingStrategyId"].clone();
    ask(&care, "POST", "/v1/strategies", &json!({ "channel": "MMS", "platform": { "applicationId": "care" } }));
    // The platform changes it, and something of its own.
    let path = format!("/v1/strategies/{}", made.as_str().unwrap());
    let wider = json!({ "platform": { "applicationId": "shop" } });
    server.replace(server.key(), &path, &json!({ "channel": "RCS", "platform": wider["platform"] })).expect(200);
    server.ask(server.key(), "POST", "/v1/senders/S1/suspend", None).expect(204);

    let read = |key: &str| server.ask(key, "GET", "/v1/audit", None).expect(200);
    let seen = read(&shop).json()["results"].as_array().unwrap().clone();
    let (replaced, created) = (&seen[0], &seen[1]);
    assert_eq!((replaced.get("who"), replaced.get("action")), (None, None), "{replaced}");
    let change = &replaced["changes"][0];
    assert_eq!((&change["before"]["channel"], &change["after"]["channel"]), (&json!("MMS"), &json!("RCS")));
    assert_eq!(created["action"], "POST /v1/strategies");
    assert!(created["who"].as_str().unwrap().ends_with(" of a test"), "{created}");
    let text = read(&shop).text;
    assert!(!text.contains("\"care\"") && !text.contains("suspend"), "{text}");
    assert!(!read(&care).text.contains(made.as_str().unwrap()));
    // In parts, to the first revision.
    let (mut before, mut parts) = (String::new(), Vec::new());
    loop {
        let part = server.ask(&shop, "GET", &format!("/v1/audit?size=1{before}"), None).expect(200).json();
        parts.extend(part["results"].as_array().unwrap().clone());
        let Some(next) = part["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(parts, seen);
}

/// A platform that began with so many senders with ids of a length, imported in its first revision, and a strategy that lists
/// all of them. And their ids.
fn imported(config: &str, senders: usize, length: usize) -> (Server, Vec<String>) {
    let ids: Vec<String> = (0..senders).map(|number| format!("S{number:0length$}")).collect();
    let sender = |(number, id): (usize, &String)| {
        json!({ "senderId": id, "sender": format!("+1415{:07}", 5_550_000 + number),
                "senderType": "VIRTUAL_LONG_NUMBER", "coverage": [{ "channel": "SMS", "countries": "*" }] })
    };
    let strategy = json!({ "sendingStrategyId": "T", "platform": { "applicationId": "shop" }, "senderIds": ids });
    let senders: Vec<Value> = ids.iter().enumerate().map(sender).collect();
    let catalog = json!({ "applications": [{ "applicationId": "shop" }], "senders": senders,
                          "sendingStrategies": [strategy] });
    let file = folder("large").join("catalog.json");
    std::fs::write(&file, catalog.to_string()).unwrap();
    (Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]), ids)
}

#[test]
fn a_tenant_does_not_read_revisions_whose_changes_take_more_than_64_kib() {
    // Whether a tenant reads the import of so many senders, in the list and by itself.
    let read = |senders: usize| {
        let (server, _) = imported("", senders, 6);
        let tenant = server.new_key(Some("shop"), &[]);
        let told = server.ask(&tenant, "GET", "/v1/audit", None).expect(200).text;
        let is_told = told.contains("\"sendingStrategyId\":\"T\"");
        let revision = revisions(&server, server.key()).into_iter().min().unwrap();
        let path = format!("/v1/audit/{revision}");
        let alone = server.ask(&tenant, "GET", &path, None);
        let part = server.get(&path).expect(200).json();
        assert_eq!(part["changes"].as_array().unwrap().len(), senders + 3, "the platform reads all of them");
        if is_told {
            let alone = alone.expect(200).json();
            assert_eq!((&alone["total"], &alone["changes"][1]["key"]), (&json!(2), &json!("T")), "{alone}");
        } else {
            alone.expect(404);
        }
        is_told
    };
    assert!(read(10));
    assert!(!read(1_000));
}

#[test]
fn a_list_has_the_first_100_changes_of_an_import_and_its_parts_have_all_of_them() {
    let database = Database::start();
    for config in [String::new(), format!("[catalog]\nstore = \"{}\"", database.address())] {
        // More than the mebibyte that is read at once, and the last change alone is more.
        let (server, ids) = imported(&config, 10_000, 120);
        let list = server.get("/v1/audit?size=50").expect(200);
        assert!(list.text.len() < 131_072, "{}", list.text.len());
        let list = list.json();
        let import = list["results"].as_array().unwrap().last().unwrap();
        assert_eq!((&import["total"], import["changes"].as_array().unwrap().len()), (&json!(10_003), 100));
        let path = format!("/v1/audit/{}", import["revision"]);
        // From where the list ends, and from the beginning.
        for (mut changes, mut next) in
            [(import["changes"].as_array().unwrap().clone(), import["next"].as_u64()), (Vec::new(), Some(0))]
        {
            let mut parts = 0;
            while let Some(after) = next {
                let part = server.get(&format!("{path}?after={after}")).expect(200);
                assert!(part.text.len() < 4 << 20, "{}", part.text.len());
                let part = part.json();
                assert_eq!((&part["revision"], &part["action"]), (&import["revision"], &import["action"]));
                changes.extend(part["changes"].as_array().unwrap().clone());
                next = part["next"].as_u64();
                parts += 1;
            }
            assert!(parts > 1, "{parts}");
            assert_eq!(changes.len(), 10_003);
            let senders = changes.iter().filter(|change| change["kind"] == "sender");
            let told: Vec<&str> = senders.map(|change| change["key"].as_str().unwrap()).collect();
            assert_eq!(told, ids);
            let last = changes.last().unwrap();
            assert_eq!((&last["key"], last["after"]["senderIds"].as_array().unwrap().len()), (&json!("T"), 10_000));
        }
        // A place where no change begins, one behind the end, and a revision that is not there.
        server.get(&format!("{path}?after=7")).expect(400);
        server.get(&format!("{path}?after=99999999")).expect(400);
        server.get(&format!("{path}?after=x")).expect(400);
        server.get("/v1/audit/999").expect(404);
        server.get("/v1/audit/x").expect(404);
    }
}
