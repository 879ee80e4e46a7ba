//! Applications and entities: the same five rows.

use serde_json::{Value, json};

use super::{fault, world};
use callsign_tests::service::Server;

struct Kind {
    path: &'static str,
    id: &'static str,
    name: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind { path: "/provisioning/1/applications", id: "applicationId", name: "applicationName" },
    Kind { path: "/provisioning/1/entities", id: "entityId", name: "entityName" },
];

impl Kind {
    fn of(&self, id: &str) -> String {
        format!("{}/{id}", self.path)
    }

    fn get(&self, server: &Server, id: &str) -> Value {
        server.get(&self.of(id)).expect(200).json()
    }
}

#[test]
fn a_name_that_is_absent_or_null_is_left_out() {
    let server = world::server();
    for kind in KINDS {
        let (id, name) = (kind.id, kind.name);
        server.post(kind.path, &json!({ id: "absent" })).expect(201);
        server.post(kind.path, &json!({ id: "null", name: null })).expect(201);
        server.post(kind.path, &json!({ id: "empty", name: "" })).expect(201);
        server.post(kind.path, &json!({ id: "named", name: "Näme", "other": [1] })).expect(201);
        assert_eq!(kind.get(&server, "absent"), json!({ id: "absent" }));
        assert_eq!(kind.get(&server, "null"), json!({ id: "null" }));
        assert_eq!(kind.get(&server, "named"), json!({ id: "named", name: "Näme" }));
        let list = server.get(&format!("{}?size=1000", kind.path)).expect(200).json();
        let list = list["results"].as_array().unwrap();
        assert!(list.contains(&json!({ id: "null" })) && list.contains(&json!({ id: "named", name: "Näme" })));
    }
}

#[test]
fn put_has_the_name_alone() {
    let server = world::server();
    for kind in KINDS {
        let (id, name) = (kind.id, kind.name);
        server.post(kind.path, &json!({ id: "one", name: "One" })).expect(201);
        server.put(&kind.of("one"), &json!({ name: "Two", id: "other" })).expect(204);
        assert_eq!(kind.get(&server, "one"), json!({ id: "one", name: "Two" }));
        server.get(&kind.of("other")).expect(404);
        server.put(&kind.of("one"), &json!({ name: null })).expect(204);
        assert_eq!(kind.get(&server, "one"), json!({ id: "one" }));
        server.put(&kind.of("one"), &json!({ name: "Three" })).expect(204);
        server.put(&kind.of("one"), &json!({})).expect(204);
        assert_eq!(kind.get(&server, "one"), json!({ id: "one" }));
        for wrong in [json!(5), json!(["x"]), json!("x".repeat(256)), json!("a\nb")] {
            let reply = server.put(&kind.of("one"), &json!({ name: wrong }));
            fault::names(kind.path, &reply, 400, name);
        }
        server.put(&kind.of("one"), &json!({ name: "漢".repeat(255) })).expect(204);
    }
}

#[test]
fn one_that_exists_is_409_and_stays_as_it_is() {
    let server = world::server();
    for (kind, there) in KINDS.into_iter().zip(["shop", "acme"]) {
        let before = kind.get(&server, there);
        let reply = server.post(kind.path, &json!({ kind.id: there, kind.name: "Another" }));
        assert_eq!(fault::check(kind.path, &reply, 409), []);
        assert_eq!(kind.get(&server, there), before);
    }
}

#[test]
fn of_many_that_make_one_at_once_one_is_first() {
    let server = world::server();
    for kind in KINDS {
        let make = || server.post(kind.path, &json!({ kind.id: "contested" })).status;
        let mut replies: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        replies.sort_unstable();
        assert_eq!(replies, [201, 409, 409, 409, 409, 409, 409, 409]);
    }
}

#[test]
fn one_that_was_deleted_is_gone_and_can_be_made_again() {
    let server = world::server();
    for kind in KINDS {
        let (id, name) = (kind.id, kind.name);
        server.post(kind.path, &json!({ id: "brief", name: "Brief" })).expect(201);
        assert_eq!(server.delete(&kind.of("brief")).expect(200).text, "");
        for (method, body) in [("GET", None), ("PUT", Some(json!({}))), ("DELETE", None)] {
            let reply = server.ask(server.key(), method, &kind.of("brief"), body.as_ref());
            assert_eq!(fault::check(kind.path, &reply, 404), []);
        }
        server.post(kind.path, &json!({ id: "brief" })).expect(201);
        assert_eq!(kind.get(&server, "brief"), json!({ id: "brief" }));
    }
}

#[test]
fn default_is_an_application_that_always_exists() {
    let server = world::server();
    let path = "/provisioning/1/applications/default";
    assert_eq!(server.get(path).expect(200).json(), json!({ "applicationId": "default" }));
    fault::names(path, &server.delete(path), 400, "applicationId");
    let reply = server.post("/provisioning/1/applications", &json!({ "applicationId": "default" }));
    assert_eq!(fault::check(path, &reply, 409), []);
    // Its name is as free as any other's, and with one it is still not deleted.
    server.put(path, &json!({ "applicationName": "Everything else" })).expect(204);
    fault::names(path, &server.delete(path), 400, "applicationId");
    assert_eq!(server.get(path).expect(200).json()["applicationName"], "Everything else");
    // An entity of that name is one like any other.
    server.post("/provisioning/1/entities", &json!({ "entityId": "default" })).expect(201);
    server.delete("/provisioning/1/entities/default").expect(200);
}

#[test]
fn lists_have_the_same_order_after_a_start() {
    let data = callsign_tests::service::folder("order");
    let server = Server::at(&data, "", &[]);
    let key = server.key().to_owned();
    for id in ["b", "a", "c"] {
        server.post("/provisioning/1/applications", &json!({ "applicationId": id })).expect(201);
    }
    server.put("/provisioning/1/applications/a", &json!({ "applicationName": "A" })).expect(204);
    server.put("/provisioning/1/applications/default", &json!({ "applicationName": "D" })).expect(204);
    let before = server.get("/provisioning/1/applications").expect(200).json();
    assert_eq!(world::ids(&before, "applicationId"), ["default", "b", "a", "c"]);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    assert_eq!(server.ask(&key, "GET", "/provisioning/1/applications", None).expect(200).json(), before);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}
