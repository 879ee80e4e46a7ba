//! More connections than there may be.

use super::connection::{Wire, head, is_well};
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/applications";

#[test]
fn connections_over_the_limit_wait_until_others_end() {
    let server = Server::with("[limits]\nconnections = 4\nhead_seconds = 600");
    let ask = head(&server, "GET", PATH, "connection: close\r\n");
    let held: Vec<Wire> = (0..4)
        .map(|_| {
            let mut wire = Wire::with(&server, head(&server, "GET", PATH, ""));
            assert_eq!(wire.reply().unwrap().status, 200);
            wire
        })
        .collect();
    // All four are taken: these wait in the system's queue, and are not lost.
    let mut waiting: Vec<Wire> = (0..16).map(|_| Wire::with(&server, &ask)).collect();
    drop(held);
    for wire in &mut waiting {
        assert_eq!(wire.reply().unwrap().status, 200);
    }
    is_well(&server);
}

#[test]
fn a_flood_of_idle_connections_passes() {
    let server = Server::with("[limits]\nconnections = 4\nhead_seconds = 3");
    let idle: Vec<Wire> = (0..8).map(|_| Wire::to(&server)).collect();
    // They are closed one after the other, and this has its turn.
    let mut wire = Wire::with(&server, head(&server, "GET", PATH, ""));
    assert_eq!(wire.reply().unwrap().status, 200);
    drop((idle, wire));
    is_well(&server);
}

#[test]
fn connections_that_come_and_go_leave_nothing() {
    let server = Server::with("[limits]\nconnections = 16");
    for round in 0..300 {
        let mut wire = Wire::to(&server);
        match round % 4 {
            0 => wire.write(head(&server, "GET", PATH, "")),
            1 => wire.write(head(&server, "POST", PATH, "content-length: 10\r\n")),
            2 => wire.write("GET / HT"),
            _ => {}
        }
    }
    is_well(&server);
    let open = || {
        let metrics = server.send(&[("connection", "close")], "GET", "/metrics", None).text;
        let line = metrics.lines().find(|line| line.starts_with("callsign_connections ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{metrics}")).split(' ').next_back().unwrap().parse::<f64>().unwrap()
    };
    server.until("they are gone", || open() <= 2.0);
}

#[test]
fn an_address_has_its_share_of_the_connections() {
    let server =
        Server::with("[limits]\nconnections_per_address = 4\nhead_seconds = 600\n[listen]\nprobes = \"127.0.0.1:0\"");
    let ask = head(&server, "GET", PATH, "");
    let mut held: Vec<Wire> = (0..4).map(|_| Wire::with(&server, &ask)).collect();
    for wire in &mut held {
        assert_eq!(wire.reply().unwrap().status, 200);
    }
    // More are closed at once. What was sent on one may have been lost with it.
    for _ in 0..20 {
        let mut more = Wire::to(&server);
        more.is_closed();
    }
    // Probes are not counted among them, and tell of it.
    let metrics = super::probes::get(&super::probes::address(&server), "/metrics");
    assert!(metrics.contains("callsign_connections_refused_total 20"), "{metrics}");
    drop(held);
    server.until("it may connect again", || {
        let mut wire = Wire::with(&server, &ask);
        wire.status() == Some(200)
    });
}

#[test]
fn no_share_is_any_number() {
    let server = Server::with("[limits]\nconnections_per_address = 0");
    let ask = head(&server, "GET", PATH, "");
    let mut held: Vec<Wire> = (0..50).map(|_| Wire::with(&server, &ask)).collect();
    for wire in &mut held {
        assert_eq!(wire.reply().unwrap().status, 200);
    }
}
