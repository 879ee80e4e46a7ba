//! A platform with three senders, and policies that decide each of them.

use serde_json::{Value, json};

use callsign_tests::component::Component;
use callsign_tests::platform::Platform;
use callsign_tests::service::{Reply, Server};

pub const TO: &str = "+14155550123";

/// A folder with a catalog file: the applications `shop` and `care`, which both have the senders S0, S1 and S2.
pub fn catalog() -> std::path::PathBuf {
    let platform = (0..3).fold(Platform::new(), |platform, index| {
        let id = format!("S{index}");
        platform.long(&id, &format!("+1212555010{index}")).associate("shop", &[&id]).associate("care", &[&id])
    });
    let platform = platform.strategy("shop", "shop", json!({})).strategy("care", "care", json!({}));
    let file = callsign_tests::service::folder("catalog").join("catalog.json");
    std::fs::write(&file, platform.file()).unwrap();
    file
}

/// A service on that platform.
pub fn server() -> Server {
    let file = catalog();
    Server::with_arguments("", &["--catalog", file.to_str().unwrap()])
}

/// How many bindings are not in use yet.
pub fn starting(server: &Server) -> u64 {
    let health = server.send(&[], "GET", "/readyz", None).json();
    health["starting"].as_u64().unwrap()
}

/// Waits until every binding is in use. A service that starts waits for that for a second, and then listens all the same.
#[track_caller]
pub fn until_started(server: &Server) {
    server.until("every binding is in use", || starting(server) == 0);
}

/// What is answered once the store of pins does. On a busy machine one over the network may not in time.
#[track_caller]
pub fn once_pins_answer(server: &Server, ask: impl Fn() -> Reply) -> Reply {
    let mut answer = ask();
    server.until("the store of pins answers", || {
        if answer.status == 503 {
            answer = ask();
        }
        answer.status != 503
    });
    answer
}

/// A policy that always decides one sender.
pub fn always(name: &str, version: &str, sender: u32) -> Vec<u8> {
    Component::new(name, version).deciding(sender).build()
}

/// A policy that fails on every message.
pub fn failing(name: &str, version: &str) -> Vec<u8> {
    Component::new(name, version).resolve("unreachable").build()
}

/// A policy that accepts no settings.
pub fn demanding(name: &str, version: &str) -> Vec<u8> {
    let refuse = "(i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const 112))
        (i32.store (i32.const 2056) (i32.const 12)) (i32.const 2048)";
    Component::new(name, version).check_settings(refuse).build()
}

pub fn try_upload(server: &Server, key: &str, query: &str, component: &[u8]) -> Reply {
    let key = format!("App {key}");
    server.send(&[("authorization", &key)], "POST", &format!("/v1/modules{query}"), Some(component))
}

/// Uploads a component; its digest.
#[track_caller]
pub fn upload(server: &Server, key: &str, component: &[u8]) -> String {
    let module = try_upload(server, key, "", component).expect(201).json();
    module["digest"].as_str().unwrap().to_owned()
}

/// What a message of an application comes to: `senderId policy`, or the code of a refusal.
#[track_caller]
pub fn decide(server: &Server, key: &str, application: &str, to: &str) -> String {
    let message = json!({ "applicationId": application, "channel": "SMS", "to": to });
    let decision = server.ask(key, "POST", "/v1/decisions", Some(&message)).expect(200).json();
    told(&decision)
}

pub fn told(decision: &Value) -> String {
    match decision["refusal"]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => format!("{} {}", decision["senderId"].as_str().unwrap(), decision["policy"].as_str().unwrap()),
    }
}
