//! The decision log: what is recorded, what a crash and a failing disk leave of it, and looking decisions up.

mod crash;
mod disk;
mod lookup;
mod what_if;

use std::path::Path;

use serde_json::{Value, json};

use callsign_tests::service::Server;

use crate::policies::catalog;

/// A configuration with a log in a folder.
fn config(log: &Path, more: &str) -> String {
    format!("[log]\ndirectory = \"{}\"\n{more}\n", log.display())
}

/// A service on a platform with the applications `shop` and `care`, that records its decisions in `log` beside its data.
fn recording(data: &Path, more: &str) -> Server {
    let file = catalog();
    Server::at(data, &config(&data.join("log"), more), &["--catalog", file.to_str().unwrap()])
}

fn message(application: &str, id: &str) -> Value {
    let digits: u32 = id.bytes().fold(0, |sum, byte| sum * 31 % 9_000 + u32::from(byte));
    json!({ "messageId": id, "applicationId": application, "channel": "SMS", "to": format!("+1415555{digits:04}") })
}

fn decide(server: &Server, key: &str, messages: &[Value]) -> Vec<Value> {
    let body = json!({ "messages": messages });
    let reply = server.ask(key, "POST", "/v1/decisions", Some(&body)).expect(200).json();
    reply["decisions"].as_array().unwrap().clone()
}

/// A value of the metrics.
fn metric(server: &Server, name: &str) -> u64 {
    let text = server.send(&[], "GET", "/metrics", None).expect(200).text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

/// Waits until so many decisions are in the log since the start.
fn until_recorded(server: &Server, records: u64) {
    server.until("the decisions are recorded", || metric(server, "callsign_log_records_total") >= records);
}

/// Every decision that a query finds, in pages of a size.
fn found(server: &Server, key: &str, query: &str, size: usize) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/decisions?size={size}{query}{after}");
        let page = server.ask(key, "GET", &path, None).expect(200).json();
        let results = page["results"].as_array().unwrap();
        assert!(results.len() <= size, "{} of {size}", results.len());
        all.extend(results.iter().cloned());
        let Some(next) = page["next"].as_str() else { return all };
        after = format!("&after={next}");
    }
}

fn ids(found: &[Value]) -> Vec<&str> {
    found.iter().map(|decision| decision["messageId"].as_str().unwrap()).collect()
}
