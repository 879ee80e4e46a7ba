//! Clients that take their time: others are served meanwhile.

use super::connection::{Wire, head, is_well};
use crate::contract::fault;
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/applications";

#[test]
fn a_slow_head_is_closed_while_others_are_served() {
    // Longer than this client may wait for a core between two steps.
    let server = Server::with("[limits]\nhead_seconds = 3\n[rate]\nmanagement_per_second = 0");
    let mut slow = [Wire::to(&server), Wire::with(&server, "GET"), Wire::with(&server, "GET / HTTP/1.1\r\nx: y\r\n")];
    is_well(&server);
    for wire in &mut slow {
        if let Some(reply) = wire.reply() {
            assert_eq!(reply.status, 408);
            wire.is_closed();
        }
    }
    // It is the time for all of it that counts, not for a byte.
    let mut dripping = Wire::with(&server, "GET / HTTP/1.1\r\nx: ");
    server.until("it is closed", || {
        dripping.write("y");
        server.get(PATH).expect(200);
        dripping.is_over()
    });
}

#[test]
fn a_connection_that_is_idle_is_closed() {
    let server = Server::with("[limits]\nhead_seconds = 3");
    let mut wire = Wire::with(&server, head(&server, "GET", PATH, ""));
    assert_eq!(wire.reply().unwrap().status, 200);
    wire.is_closed();
}

#[test]
fn a_slow_body_is_refused_while_others_are_served() {
    let server = Server::with("[limits]\nbody_seconds = 1");
    let mut slow: Vec<Wire> = ["content-length: 100\r\n", "transfer-encoding: chunked\r\n"]
        .iter()
        .map(|body| Wire::with(&server, head(&server, "POST", PATH, body)))
        .collect();
    slow[0].write("{\"applicationId\":");
    slow[1].write("5\r\n{\"app");
    is_well(&server);
    for wire in &mut slow {
        let reply = wire.reply().unwrap();
        assert_eq!(reply.status, 408, "{reply:?}");
        assert_eq!(fault::keys(&reply.json()), ["requestError"]);
    }
    let mut slow = Wire::with(&server, head(&server, "POST", "/v1/decisions", "content-length: 100\r\n"));
    let reply = slow.reply().unwrap();
    assert_eq!((reply.status, &reply.json()["code"]), (408, &serde_json::json!("TIMEOUT")));
    is_well(&server);
}

#[test]
fn a_client_that_does_not_read_its_answers_keeps_nobody_waiting() {
    let server = Server::start();
    let ask = head(&server, "GET", "/openapi.json", "");
    let mut greedy: Vec<Wire> = (0..8).map(|_| Wire::to(&server)).collect();
    for wire in &mut greedy {
        wire.write(ask.repeat(100));
    }
    is_well(&server);
    drop(greedy);
    is_well(&server);
}

/// How many connections are open, without one of its own that stays.
fn connections(server: &Server) -> f64 {
    let metrics = server.send(&[("connection", "close")], "GET", "/metrics", None).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("callsign_connections "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[test]
fn a_client_that_does_not_read_its_answers_is_closed() {
    let server = Server::with("[limits]\nwrite_seconds = 1\nhead_seconds = 600");
    let ask = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    let greedy: Vec<Wire> = (0..50)
        .map(|_| {
            let wire = Wire::to(&server);
            wire.write_some(&ask);
            wire
        })
        .collect();
    // Each was open, though the first may be closed before the last one is.
    assert!(greedy.iter().all(Wire::is_spoken_to));
    is_well(&server);
    server.until("they are closed", || connections(&server) <= 3.0);
    // One that reads is not, however long it takes. It has a second for each part, which a busy machine may miss now and then.
    let reads_all = || {
        let mut patient = Wire::with(&server, "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100));
        (0..100).all(|_| {
            is_well(&server);
            matches!(patient.whole_reply(), Ok(Some(reply)) if reply.status == 200)
        })
    };
    assert!((0..20).any(|_| reads_all()));
    drop(greedy);
}

#[test]
fn a_listener_that_does_not_read_is_closed_too() {
    let file = crate::policies::catalog();
    let config = "[limits]\nwrite_seconds = 1\nhead_seconds = 600\nlisteners = 1";
    let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
    crate::policies::upload(&server, server.key(), &crate::policies::failing("bad", "1.0.0"));
    let bound = serde_json::json!({ "module": "bad@1.0.0", "breaker": { "failures": 1_000_000, "restSeconds": 1 } });
    server.put("/v1/binding", &bound).expect(200);
    let deaf = Wire::with(&server, head(&server, "GET", "/v1/events", ""));
    let message = serde_json::json!({ "applicationId": "shop", "channel": "SMS", "to": crate::policies::TO });
    // Each message is an event, until the connection takes no more of them.
    server.until("its place is free", || {
        std::thread::scope(|scope| {
            let many = || (0..250).for_each(|_| drop(server.post("/v1/decisions", &message).expect(200)));
            (0..4).for_each(|_| drop(scope.spawn(many)));
        });
        let mut wire = Wire::with(&server, head(&server, "GET", "/v1/events", ""));
        wire.status() == Some(200)
    });
    drop(deaf);
}
