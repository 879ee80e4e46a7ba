//! Clients that ask and never read.

use std::time::Duration;

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::victim;
use super::wire::Wire;
use super::world::World;

const CONNECTIONS: usize = 200;

/// Keeps 200 connections full of requests whose answers nobody reads.
pub fn never_reads(attacker: &mut Attacker<'_>) {
    let asked = b"GET /openapi.json HTTP/1.1\r\nhost: callsign\r\n\r\n".repeat(20);
    let mut wires: Vec<Wire> = Vec::new();
    while attacker.goes_on() {
        let before = wires.len();
        wires.retain_mut(|wire| wire.push(&asked));
        if wires.len() < before || wires.len() < CONNECTIONS {
            for _ in wires.len()..CONNECTIONS {
                let Some(wire) = attacker.open() else { break };
                wires.push(wire);
            }
        }
        attacker.wait(Duration::from_millis(50));
    }
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
        .attacked_by("", 1, |attacker| {
            let asked = b"GET /openapi.json HTTP/1.1\r\nhost: callsign\r\n\r\n".repeat(20);
            let mut wires: Vec<Wire> = Vec::new();
            while attacker.goes_on() {
                wires.retain_mut(|wire| wire.push(&asked) && wire.sip());
                while wires.len() < CONNECTIONS / 2 && attacker.goes_on() {
                    let Some(wire) = attacker.open() else { break };
                    wires.push(wire);
                }
                attacker.wait(Duration::from_millis(100));
            }
        })
        .beside("a health check", Duration::from_secs(1), || {
            let mut wire = Wire::open(world.address(), victim::ADDRESS).unwrap();
            wire.write(b"GET /healthz HTTP/1.1\r\nhost: callsign\r\n\r\n", || true).unwrap();
            assert_eq!(wire.answer(|| true).unwrap().status, 200);
        })
        .memory(64 * MIB)
        .run();
}
