//! Too many requests: 429.

use super::{fault, rows, world};

#[test]
fn too_many_requests_are_429_on_every_row_and_say_when_to_try_again() {
    let server = world::with("[rate]\nmanagement_per_second = 1\nmanagement_burst = 3");
    let key = server.new_key(None, &[]);
    for row in rows::all() {
        // Each second one is granted: soon one is not.
        let refused = (0..1_000).map(|_| row.ask(&server, &key)).find(|reply| reply.status == 429);
        let refused = refused.unwrap_or_else(|| panic!("{} {} is never refused", row.method, row.path));
        assert_eq!(fault::check(row.path, &refused, 429), []);
        let after: u64 = refused.header("retry-after").expect("when to try again").parse().unwrap();
        assert!((1..=60).contains(&after), "{after}");
    }
    server.until("it is granted again", || server.ask(&key, "GET", "/numbers/1/numbers", None).status == 200);
}

#[test]
fn another_key_is_not_affected() {
    let server = world::with("[rate]\nmanagement_per_second = 1\nmanagement_burst = 20");
    let (busy, calm) = (server.new_key(None, &[]), server.new_key(None, &[]));
    let get = |key: &str| server.ask(key, "GET", "/provisioning/1/applications", None).status;
    assert!((0..1_000).any(|_| get(&busy) == 429));
    assert_eq!(get(&calm), 200);
    // Nor are decisions, which have a rate of their own.
    let message = serde_json::json!({ "channel": "SMS", "to": "+14155550123" });
    server.ask(&busy, "POST", "/v1/decisions", Some(&message)).expect(200);
}

#[test]
fn a_message_with_three_channels_is_charged_as_three() {
    let server = world::with("[rate]\nmessages_per_second = 1\nmessages_burst = 3");
    let message = |channels: &[&str]| serde_json::json!({ "channels": channels, "to": "+14155550123" });
    // Each key is a new one, so what may come at once is all that counts.
    let decide = |messages: &[serde_json::Value]| {
        let body = serde_json::json!({ "messages": messages });
        server.ask(&server.new_key(None, &[]), "POST", "/v1/decisions", Some(&body))
    };
    let three = message(&["SMS", "MMS", "RCS"]);
    decide(std::slice::from_ref(&three)).expect(200);
    decide(&[message(&["SMS", "RCS"]), message(&["SMS"])]).expect(200);
    let refused = decide(&[three, message(&["SMS"])]).expect(429);
    assert!(refused.text.contains("rate.messages_burst"), "{}", refused.text);
}

#[test]
fn none_is_any_number() {
    let server = world::with("[rate]\nmanagement_per_second = 0\nmanagement_burst = 1");
    for _ in 0..50 {
        server.get("/numbers/1/numbers?limit=1").expect(200);
    }
}
