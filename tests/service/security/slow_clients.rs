//! Clients that take their time: others are served meanwhile.

use super::connection::{Wire, head, is_well};
use crate::contract::fault;
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/applications";

#[test]
fn a_slow_head_is_closed_while_others_are_served() {
    let server = Server::with("[limits]\nhead_seconds = 1\n[rate]\nmanagement_per_second = 0");
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
    let server = Server::with("[limits]\nhead_seconds = 1");
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
