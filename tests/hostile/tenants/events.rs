//! Streams of events.

use std::time::Duration;

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::victim;
use super::wire::Wire;
use super::world::{ATTACKER, World};

const STREAMS: usize = 258;

/// Holds as many streams as it gets, and reads none of them.
fn listens(attacker: &mut Attacker<'_>) {
    let asked = attacker.head("GET", "/v1/events", "");
    let mut wires: Vec<Wire> = Vec::new();
    while attacker.goes_on() {
        wires.retain(|wire| !wire.is_over());
        while wires.len() < STREAMS && attacker.goes_on() {
            let Some(mut wire) = attacker.open() else { break };
            wire.push(asked.as_bytes());
            wires.push(wire);
        }
        attacker.wait(Duration::from_millis(50));
    }
}

#[test]
fn a_tenant_that_listens_258_times_keeps_the_platform_from_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["audit:read"]);
    let asked =
        format!("GET /v1/events HTTP/1.1\r\nhost: callsign\r\nauthorization: App {}\r\n\r\n", world.server.key());
    Turns::of(&world, "16: 258 streams of events")
        .attacked_by(&key, 1, listens)
        .beside("a stream of events of the platform", Duration::from_secs(1), || {
            let mut wire = Wire::open(world.address(), victim::ADDRESS).unwrap();
            wire.write(asked.as_bytes(), || true).unwrap();
            assert_eq!(wire.status(|| true).unwrap(), 200);
        })
        .memory(32 * MIB)
        .run();
}
