//! Heads of requests: floods of fields, fields without end, conditions by the thousand.

use std::time::Duration;

use serde_json::json;

use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World};

#[test]
fn heads_without_end_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["decisions:make"]);
    let fields: Vec<String> = (0..64).map(|at| format!("x-{at}: {}\r\n", "y".repeat(1_000))).collect();
    Turns::of(&world, "own: 64 connections with heads that do not end")
        .attacked_by(&key, 64, |attacker| {
            let Some(mut wire) = attacker.open() else { return };
            let until = attacker.until;
            let begun = wire.write(b"GET /v1/senders HTTP/1.1\r\nhost: callsign\r\n", || !until());
            if begun.is_err() {
                return attacker.ended();
            }
            for field in fields.iter().cycle() {
                if !attacker.goes_on() {
                    return;
                }
                if wire.write(field.as_bytes(), || !until()).is_err() || wire.is_over() {
                    return attacker.ended();
                }
                attacker.wait(Duration::from_millis(20));
            }
        })
        .memory(64 * MIB)
        .run();
}

#[test]
fn conditions_by_the_thousand_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["sending-strategy:manage", "numbers:manage"]);
    let tags = (0..4_000).map(|at| format!("\"{at:08x}\"")).collect::<Vec<_>>().join(", ");
    Turns::of(&world, "own: requests with 4,000 tags")
        .attacked_by(&key, 2, |attacker| {
            let Some(mut wire) = attacker.open() else { return };
            let until = attacker.until;
            let asked = attacker.head("GET", "/v1/senders/S0", &format!("if-none-match: {tags}\r\n"));
            while attacker.goes_on() {
                let answer = wire.write(asked.as_bytes(), || !until()).and_then(|()| wire.answer(|| !until()));
                match answer {
                    Ok(answer) => {
                        *attacker.answers.entry(answer.status).or_default() += 1;
                        if answer.is_last {
                            return;
                        }
                    }
                    Err(_) => return attacker.ended(),
                }
                attacker.wait(Duration::from_millis(4));
            }
        })
        .run();
}

#[test]
fn json_without_a_bottom_costs_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["decisions:make", "modules:manage"]);
    let deep = "[".repeat(1_000_000);
    let path = format!("/v1/binding?applicationId={ATTACKER}");
    let settings = format!(r#"{{"module":"standard","settings":{}{}}}"#, "[".repeat(400_000), "]".repeat(400_000));
    Turns::of(&world, "own: a megabyte of brackets")
        .attacked_by(&key, 1, |attacker| {
            attacker.ask("POST", "/v1/decisions", deep.as_bytes());
            attacker.ask("PUT", &path, settings.as_bytes());
        })
        .memory(32 * MIB)
        .run();
    let refused = world.server.send(
        &[("authorization", &format!("App {key}"))],
        "POST",
        "/v1/decisions",
        Some(json!({ "messages": [[[[[]]]]] }).to_string().as_bytes()),
    );
    refused.expect(400);
}
