//! Events as they happen.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::policies::{always, demanding, server, upload};
use callsign_tests::service::Server;

/// Who listens.
pub(crate) struct Listener(BufReader<TcpStream>);

impl Listener {
    pub(crate) fn of(server: &Server, key: &str) -> Self {
        Self::with(server, key, "")
    }

    /// With further lines of the head.
    fn with(server: &Server, key: &str, more: &str) -> Self {
        Self::asked(server, key, more).unwrap_or_else(|status| panic!("{status}"))
    }

    /// The same; the line with the status, where it may not listen.
    fn asked(server: &Server, key: &str, more: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: App {key}\r\n{more}\r\n").unwrap();
        let mut listener = Self(BufReader::new(stream));
        let status = listener.line().unwrap();
        if !status.contains(" 200 ") {
            return Err(status);
        }
        // Who has the head is heard from then on.
        while !listener.line().unwrap().is_empty() {}
        Ok(listener)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.0.read_line(&mut line).unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event: its name and its data.
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        let mut name = None;
        loop {
            let line = self.line()?;
            if let Some(event) = line.strip_prefix("event: ") {
                name = Some(event.to_owned());
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((name.unwrap(), serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// Waits for an event of a name.
    #[track_caller]
    pub(crate) fn until(&mut self, name: &str) -> Value {
        loop {
            let (event, data) = self.next().unwrap_or_else(|| panic!("no {name}"));
            if event == name {
                assert_eq!(data["event"], name);
                return data;
            }
        }
    }
}

const SHOP: &str = "/v1/binding?applicationId=shop";

#[test]
fn swaps_rollbacks_and_revisions_are_heard() {
    let server = server();
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    upload(&server, server.key(), &always("acme", "2.0.0", 2));
    upload(&server, server.key(), &demanding("picky", "1.0.0"));
    let mut all = Listener::of(&server, server.key());
    let (shop, care) = (server.new_key(Some("shop"), &["audit:read"]), server.new_key(Some("care"), &["audit:read"]));
    let (mut shop, mut care) = (Listener::of(&server, &shop), Listener::of(&server, &care));

    server.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    server.put(SHOP, &json!({ "module": "acme@2.0.0" })).expect(200);
    server.put(SHOP, &json!({ "module": "picky@1.0.0" })).expect(400);
    server.post("/v1/binding/rollback?applicationId=shop", &json!({})).expect(200);
    server.put("/v1/binding?applicationId=care", &json!({ "module": "acme@1.0.0" })).expect(200);

    let swapped = all.until("swapped");
    assert_eq!((&swapped["to"], &swapped["for"]), (&json!("acme@1.0.0"), &json!({ "applicationId": "shop" })));
    let revision = all.until("revision");
    assert_eq!(revision["action"], "PUT /v1/binding");
    assert_eq!(
        (&all.until("swapped")["from"], &all.until("rejected")["policy"]),
        (&json!("acme@1.0.0"), &json!("picky@1.0.0"))
    );
    let back = all.until("rolledBack");
    assert_eq!((&back["from"], &back["to"]), (&json!("acme@2.0.0"), &json!("acme@1.0.0")));
    assert!(back["id"].as_u64() > revision["id"].as_u64());

    // A tenant hears what concerns it, and nothing else.
    let heard: Vec<String> = (0..4).map(|_| shop.next().unwrap().0).collect();
    assert_eq!(heard, ["swapped", "swapped", "rejected", "rolledBack"]);
    let (event, data) = care.next().unwrap();
    assert_eq!((&*event, &data["for"]), ("swapped", &json!({ "applicationId": "care" })));
}

#[test]
fn listeners_have_places_and_go_when_the_service_does() {
    let server = Server::with("[limits]\nlisteners = 1");
    let mut listener = Listener::of(&server, server.key());
    server.get("/v1/events").expect(503);
    let other = server.new_key(None, &["decisions:make"]);
    server.ask(&other, "GET", "/v1/events", None).expect(403);
    assert_eq!(server.end(), Some(0));
    while listener.next().is_some() {}
}

#[test]
fn who_leaves_makes_room_and_a_key_that_ends_hears_nothing_more() {
    let server = Server::with("[limits]\nlisteners = 1");
    drop(Listener::of(&server, server.key()));
    let made = server.post("/v1/keys", &json!({ "name": "listener", "scopes": ["audit:read"] })).expect(201).json();
    // That a listener is gone may show only when something is sent to it.
    let (mut count, mut listener) = (0, None);
    server.until("there is room", || {
        count += 1;
        server.post("/provisioning/1/applications", &json!({ "applicationId": format!("a{count}") })).expect(201);
        listener = Listener::asked(&server, made["key"].as_str().unwrap(), "").ok();
        listener.is_some()
    });
    server.delete(&format!("/v1/keys/{}", made["keyId"].as_str().unwrap())).expect(204);
    assert!(listener.unwrap().next().is_none());
}

#[test]
fn who_comes_back_to_another_node_is_told_that_something_was_missed_and_of_the_revisions_since() {
    let shared = callsign_tests::service::folder("shared");
    let config = format!("[catalog]\nstore = {:?}", shared.join("catalog.sqlite"));
    std::fs::set_permissions(&shared, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let first = Server::with(&config);
    let key = first.key().to_owned();
    let make = |server: &Server, id: &str| {
        server.ask(&key, "POST", "/provisioning/1/applications", Some(&json!({ "applicationId": id }))).expect(201);
    };
    let mut listener = Listener::of(&first, &key);
    make(&first, "heard");
    let heard = listener.until("revision");
    assert_eq!(heard["id"], heard["revision"]);
    let at: jiff::Timestamp = heard["at"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().as_second() - at.as_second() < 60);
    drop(listener);
    make(&first, "missed-1");
    make(&first, "missed-2");

    // Another node has the same numbers.
    let data = callsign_tests::service::folder("other");
    let second = Server::at(&data, &config, &[]);
    let last = heard["id"].as_u64().unwrap();
    let mut listener = Listener::with(&second, &key, &format!("last-event-id: {last}\r\n"));
    let (name, gap) = listener.next().unwrap();
    assert_eq!((&*name, &gap["after"], &gap["revision"]), ("missed", &json!(last), &json!(last + 2)));
    for number in 1..=2 {
        assert_eq!(listener.until("revision")["revision"], json!(last + number));
    }
    make(&second, "live");
    assert_eq!(listener.until("revision")["revision"], json!(last + 3));
    // Who missed nothing is told nothing.
    let mut listener = Listener::with(&second, &key, &format!("last-event-id: {}\r\n", last + 3));
    make(&second, "next");
    assert_eq!(listener.next().unwrap().1["revision"], json!(last + 4));
    // A platform that is younger than what was heard is another one.
    let mut listener = Listener::with(&second, &key, "last-event-id: 1000000\r\n");
    assert_eq!(listener.next().unwrap().0, "missed");
    let header = format!("App {key}");
    let wrong = [("authorization", &*header), ("last-event-id", "yesterday")];
    second.send(&wrong, "GET", "/v1/events", None).expect(400);
}
