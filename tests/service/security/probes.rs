//! Probes on an address of their own: whatever happens on the main one, they are answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::connection::{Wire, head};
use super::shutdown::under_way;
use callsign_tests::service::Server;

const PROBES: &str = "[listen]\nprobes = \"127.0.0.1:0\"\n";

/// Where a service answers probes, as it says.
pub(super) fn address(server: &Server) -> String {
    let log = server.log();
    let at = log.split("probes are answered at http://").nth(1).unwrap_or_else(|| panic!("{log}"));
    at.split_whitespace().next().unwrap().to_owned()
}

/// The answer to a probe, with its head.
#[track_caller]
pub(super) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn probes_have_a_listener_of_their_own_and_nothing_else_is_there() {
    let server = Server::with(PROBES);
    let probes = address(&server);
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = get(&probes, path);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    for path in ["/v1/decisions", "/openapi.json", "/docs", "/provisioning/1/applications", "/"] {
        let answer = get(&probes, path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    // The main one has them still.
    server.send(&[], "GET", "/healthz", None).expect(200);
}

#[test]
fn the_load_of_the_main_listener_does_not_block_probes() {
    let server = Server::with(&format!("{PROBES}[limits]\nconnections = 2\nhead_seconds = 600"));
    let probes = address(&server);
    let held: Vec<Wire> = (0..2).map(|_| Wire::with(&server, head(&server, "GET", "/healthz", ""))).collect();
    // All places of the main one are taken, and more wait.
    let waiting: Vec<Wire> = (0..50).map(|_| Wire::with(&server, head(&server, "GET", "/healthz", ""))).collect();
    for _ in 0..20 {
        assert!(get(&probes, "/healthz").starts_with("HTTP/1.1 200 "));
    }
    drop((held, waiting));
}

#[test]
fn probes_are_answered_while_the_service_ends_and_the_process_ends_with_it() {
    let server = Server::with(PROBES);
    let probes = address(&server);
    let body = r#"{"applicationId":"late"}"#;
    let mut slow = under_way(&server, "/provisioning/1/applications", body);
    server.terminate();
    server.until_logged("ending");
    assert!(get(&probes, "/readyz").starts_with("HTTP/1.1 503 "));
    assert!(get(&probes, "/healthz").starts_with("HTTP/1.1 200 "));
    slow.write(&body[5..]);
    assert_eq!(slow.reply().unwrap().status, 201);
    assert_eq!(server.end(), Some(0));
}
