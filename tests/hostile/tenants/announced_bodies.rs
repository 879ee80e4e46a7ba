//! Bodies that are announced and do not come, or come slowly.

use std::time::Duration;

use super::attacker::Attacker;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World, configured};

/// Announces a body, sends the beginning of it, and then a byte now and then until the connection is ended.
fn announces(attacker: &mut Attacker<'_>, path: &str, length: usize, beginning: &[u8]) {
    let Some(mut wire) = attacker.open() else { return };
    let head = attacker.head("POST", path, &format!("content-length: {length}\r\n"));
    let until = attacker.until;
    let mut is_there = wire.write(head.as_bytes(), || !until()).is_ok();
    // 16 MB a second: as fast as this machine can send, it would measure its clients.
    for part in beginning.chunks(64 << 10) {
        is_there = is_there && attacker.goes_on() && wire.write(part, || !until()).is_ok();
        attacker.wait(Duration::from_millis(4));
    }
    while attacker.goes_on() {
        if !is_there || wire.is_over() {
            return attacker.ended();
        }
        attacker.wait(Duration::from_millis(50));
        if !beginning.is_empty() {
            is_there = wire.push(b"x");
        }
    }
}

#[test]
fn imports_that_announce_64_mib_and_send_nothing_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["audit:read"]);
    Turns::of(&world, "1: four idle imports of 64 MiB")
        .attacked_by(&key, 4, |attacker| announces(attacker, "/v1/senders/import", 64 << 20, b""))
        .run();
}

#[test]
fn uploads_that_announce_16_mib_and_send_nothing_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["modules:manage"]);
    Turns::of(&world, "1: 64 idle uploads of 16 MiB, with the scope for it")
        .attacked_by(&key, 64, |attacker| announces(attacker, "/v1/modules", 16 << 20, b""))
        .run();
}

#[test]
fn uploads_that_all_but_arrive_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let beginning = vec![b'x'; (16 << 20) - 100_000];
    Turns::of(&world, "1: eight uploads of 16 MiB that stop before their end")
        .attacked_by(&key, 8, |attacker| announces(attacker, "/v1/modules", 16 << 20, &beginning))
        .memory(configured("tenant", "bodies_bytes") + 32 * MIB)
        .run();
}
