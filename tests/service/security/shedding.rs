//! More requests than can be worked on: 503 at once, with the time after which to try again.

use std::time::Duration;

use serde_json::json;

use super::connection::{Wire, head, is_well};
use crate::contract::store_unavailable::lock;
use crate::contract::{fault, world};
use callsign_tests::service::{Reply, Server};

const PATH: &str = "/provisioning/1/applications";

#[track_caller]
fn is_shed(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    let after: u64 = reply.header("retry-after").expect("when to try again").parse().unwrap();
    assert!((1..=60).contains(&after));
}

fn message() -> serde_json::Value {
    json!({ "channel": "SMS", "to": "+14155550123" })
}

/// A metric without labels.
fn metric(server: &Server, name: &str) -> f64 {
    let metrics = server.send(&[], "GET", "/metrics", None).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

/// Waits until a request that was sent has the only place. Who asks with a request of its own may take the place itself.
fn until_taken(server: &Server) {
    server.until("the only place is taken", || metric(server, "callsign_requests_in_progress") > 0.0);
}

/// What is answered while a request has the only place. It takes long: it waits for a store that somebody else writes, but for 5 s
/// at most, which a busy machine may need for the questions. They are then asked again.
fn while_taken<T>(server: &Server, ask: impl Fn() -> T) -> T {
    for number in 0..10 {
        let locked = lock(server);
        let body = format!("{{\"applicationId\":\"slow{number}\"}}");
        let more = format!("content-length: {}\r\n", body.len());
        let mut slow = Wire::with(server, head(server, "POST", PATH, &more) + &body);
        until_taken(server);
        let answers = ask();
        drop(locked);
        // What was written had its place until the store was free.
        match slow.reply().unwrap().status {
            201 => return answers,
            status => assert_eq!(status, 500),
        }
    }
    panic!("the store is given up each time before all is asked");
}

#[test]
fn requests_over_the_limit_are_503_at_once() {
    let server = world::with("[limits]\nrequests = 1\nwaiting = 0");
    let (replies, shed) = while_taken(&server, || {
        let replies = [
            server.get(PATH),
            server.get("/provisioning/2/sending-strategies"),
            server.post("/v1/decisions", &message()),
            server.send(&[], "GET", "/healthz", None),
            server.send(&[], "GET", PATH, None),
        ];
        (replies, metric(&server, "callsign_requests_shed_total"))
    });
    let [applications, strategies, decision, health, nobody] = replies;
    is_shed(&applications);
    fault::check(PATH, &applications, 503);
    is_shed(&strategies);
    fault::check("/provisioning/2", &strategies, 503);
    is_shed(&decision);
    assert_eq!(decision.json()["code"], "UNAVAILABLE");
    // Who watches is not turned away, and sees it; nor is anybody without a key told of it.
    health.expect(200);
    assert!(shed >= 3.0);
    nobody.expect(401);
    server.until("there is room again", || server.get(PATH).status == 200);
    is_well(&server);
}

#[test]
fn a_request_waits_for_its_turn_and_not_for_ever() {
    let server = world::with("[limits]\nrequests = 1\nwaiting = 1\nwaiting_milliseconds = 200");
    let reply = while_taken(&server, || server.get(PATH));
    is_shed(&reply);
    assert!(reply.text.contains("waited too long"), "{reply:?}");
    server.until("there is room again", || server.get(PATH).status == 200);
}

#[test]
fn bodies_together_have_so_much_room() {
    let server = world::with(
        "[limits]\nbody_bytes = 1000\nmodule_bytes = 1000\nimport_bytes = 1000\nbodies_bytes = 1500\nbody_seconds = 600",
    );
    for held in ["content-length: 1000\r\n", "transfer-encoding: chunked\r\n"] {
        let part = format!("{{\"applicationId\":\"late\"{}", " ".repeat(950));
        let large = json!({ "applicationId": "x", "padding": "x".repeat(600) });
        let taken = || {
            let mut slow = Wire::with(&server, head(&server, "POST", PATH, held));
            // Announced alone, it has no room; what arrived has.
            assert_ne!(server.post(PATH, &large).status, 503);
            if held.starts_with("content") {
                slow.write(&part)
            } else {
                slow.write(format!("{:x}\r\n{part}", part.len() + 1))
            }
            // What fits beside it is taken, what does not is turned away. Who asks has room for a moment: if the bytes of the
            // slow one come just then, it is turned away itself.
            let mut turned_away = false;
            server.until("the room is taken", || {
                turned_away = slow.speaks_within(Duration::from_millis(1));
                turned_away || server.post(PATH, &large).status == 503
            });
            (!turned_away).then_some(slow)
        };
        let mut slow = (0..100).find_map(|_| taken()).expect("room for the slow one");
        // A request without a body needs no room.
        is_shed(&server.post(PATH, &large));
        is_shed(&server.post("/v1/decisions", &large));
        server.post("/v1/decisions", &message()).expect(200);
        server.get(PATH).expect(200);
        // It is given back when the body is there, and when its client is gone.
        if held.starts_with("content") {
            slow.write(format!("}}{}", " ".repeat(1_000 - part.len() - 1)));
            assert_eq!(slow.reply().unwrap().status, 201);
        }
        drop(slow);
        server.until("there is room again", || server.post(PATH, &large).status != 503);
    }
    is_well(&server);
}
