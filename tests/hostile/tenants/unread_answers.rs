//! Clients that ask and never read.

use std::time::Duration;

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::victim;
use super::wire::Wire;
use super::world::World;

/// Keeps so many connections with a hundred requests each. `reads` is done to each from time to time; whether it still is
/// there.
fn pipelines(attacker: &mut Attacker<'_>, connections: usize, reads: impl Fn(&mut Wire) -> bool) {
    let asked = b"GET /openapi.json HTTP/1.1\r\nhost: callsign\r\n\r\n".repeat(100);
    let mut wires: Vec<Wire> = Vec::new();
    while attacker.goes_on() {
        // An empty line between requests means nothing, and finds out whether the other side is still there.
        wires.retain_mut(|wire| wire.push(b"\r\n") && reads(wire));
        while wires.len() < connections && attacker.goes_on() {
            let Some(mut wire) = attacker.open() else { break };
            wire.push(&asked);
            wires.push(wire);
        }
        attacker.wait(Duration::from_millis(200));
    }
}

/// Keeps 200 connections full of requests whose answers nobody reads.
pub fn never_reads(attacker: &mut Attacker<'_>) {
    pipelines(attacker, 200, |wire| !wire.is_over());
}

#[test]
fn two_hundred_connections_that_never_read_cost_the_others_nothing() {
    let world = World::alone();
    Turns::of(&world, "7: 200 connections that pipeline and never read")
        .attacked_by("", 1, never_reads)
        .beside("a health check", Duration::from_secs(1), || {
            let mut wire = Wire::open(world.address(), victim::ADDRESS).unwrap();
            wire.write(b"GET /healthz HTTP/1.1\r\nhost: callsign\r\n\r\n", || true).unwrap();
            assert_eq!(wire.answer(|| true).unwrap().status, 200);
        })
        // 200 connections with an answer each under way.
        .memory(64 * MIB)
        .run();
}

#[test]
fn connections_that_read_a_byte_now_and_then_cost_the_others_nothing() {
    let world = World::alone();
    Turns::of(&world, "own: 100 connections that read a byte at a time")
        .attacked_by("", 1, |attacker| pipelines(attacker, 100, Wire::sip))
        .beside("a health check", Duration::from_secs(1), || {
            let mut wire = Wire::open(world.address(), victim::ADDRESS).unwrap();
            wire.write(b"GET /healthz HTTP/1.1\r\nhost: callsign\r\n\r\n", || true).unwrap();
            assert_eq!(wire.answer(|| true).unwrap().status, 200);
        })
        .memory(64 * MIB)
        .run();
}
