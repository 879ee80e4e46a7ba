//! The end: what is under way is finished, within its time, and nothing else begins.

use std::net::TcpStream;

use serde_json::json;

use super::connection::{Wire, head};
use crate::contract::store_unavailable::lock;
use crate::contract::world;
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/applications";

/// A request of which the head is read, and five bytes of the body are sent: who asks whether to send it is told that it is
/// waited for. A connection on which nothing was read yet is closed at the end, whatever was sent.
pub(super) fn under_way(server: &Server, path: &str, body: &str) -> Wire {
    let more = format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    let mut wire = Wire::with(server, head(server, "POST", path, &more));
    assert_eq!(wire.status(), Some(100));
    wire.write(&body[..5]);
    wire
}

fn refuses_connections(server: &Server) -> bool {
    TcpStream::connect(server.address()).is_err()
}

#[test]
fn a_request_under_way_is_finished_and_no_connection_is_taken() {
    let server = Server::start();
    let body = r#"{"applicationId":"late"}"#;
    let mut slow = under_way(&server, PATH, body);
    let mut idle = Wire::with(&server, head(&server, "GET", PATH, ""));
    assert_eq!(idle.reply().unwrap().status, 200);
    server.terminate();
    server.until_logged("ending");
    server.until("no connection is taken", || refuses_connections(&server));
    // One that is idle is closed, so that its client goes elsewhere.
    idle.is_closed();
    slow.write(&body[5..]);
    let reply = slow.reply().unwrap();
    assert_eq!((reply.status, reply.header("connection")), (201, Some("close")), "{reply:?}");
    slow.is_closed();
    assert_eq!(server.end(), Some(0));
}

#[test]
fn what_was_finished_while_it_ended_is_there_after_a_start() {
    let data = callsign_tests::service::folder("ending");
    let server = Server::at(&data, "", &[]);
    let key = server.key().to_owned();
    let body = r#"{"applicationId":"late"}"#;
    let mut slow = under_way(&server, PATH, body);
    server.terminate();
    server.until_logged("ending");
    slow.write(&body[5..]);
    assert_eq!(slow.reply().unwrap().status, 201);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    server.ask(&key, "GET", &format!("{PATH}/late"), None).expect(200);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_client_that_never_finishes_is_broken_off() {
    // The body and the head may take far longer than the end is waited for.
    let server = Server::with("[limits]\ndrain_seconds = 1\nbody_seconds = 600\nhead_seconds = 600");
    let mut body = Wire::with(&server, head(&server, "POST", PATH, "content-length: 100\r\n"));
    body.write("{");
    let mut head = Wire::with(&server, "GET / HTTP/1.1\r\n");
    server.get(PATH).expect(200);
    server.terminate();
    assert_eq!(server.end(), Some(0));
    assert!(body.reply().is_none() && head.reply().is_none());
}

#[test]
fn an_idle_service_ends_at_once() {
    // It is waited for, and not for as long as this.
    let server = Server::with("[limits]\ndrain_seconds = 600");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn an_interrupt_is_an_orderly_end_too() {
    let server = Server::start();
    let process = rustix::process::Pid::from_raw(server.process().cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    server.until_logged("ended");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn entities_that_cannot_be_created_do_not_keep_it_from_ending() {
    let server = world::with("[limits]\ndrain_seconds = 1");
    let locked = lock(&server);
    let message = json!({ "applicationId": "shop", "entityId": "fresh", "channel": "SMS", "to": "+14155550123" });
    server.post("/v1/decisions", &message).expect(200);
    server.terminate();
    assert_eq!(server.end(), Some(0));
    drop(locked);
}
