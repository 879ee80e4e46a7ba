//! Registries that send the most of a component, and then nothing.

use std::time::Duration;

use callsign_registry::{Described, Digest, MANIFEST, Manifest};
use callsign_tests::servers::hostile_registry::{Answer, HostileRegistry};
use serde_json::json;

use super::attacker::Attacker;
use super::components::{large, quick};
use super::turns::{MIB, Turns};
use super::victim;
use super::world::{ATTACKERS, NEIGHBOUR, World, catalog};

/// A registry that has a component everywhere, or all of it but the last byte.
fn registry(component: Vec<u8>, is_slow: bool) -> HostileRegistry {
    HostileRegistry::start(move |request| {
        let (manifest, config) = Manifest::write(&component, &Described::default(), &[]).unwrap();
        match &*request.path {
            path if path.contains("/manifests/") => Answer::new(200, &[("Content-Type", MANIFEST)], manifest),
            path if path.ends_with(&Digest::of(&config).to_string()) => Answer::new(200, &[], config),
            _ if is_slow => Answer::Stalls {
                head: format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", component.len()),
                body: component[..component.len() - 1].to_vec(),
            },
            _ => Answer::new(200, &[], &*component),
        }
    })
}

#[test]
fn slow_registries_of_five_tenants_cost_the_others_nothing() {
    let slow = registry(large(3 << 20).next(), true);
    let neighbours = registry(quick("own").build(), false);
    let config = format!(
        "[registry]\nallow_tenants = \"{}, {}\"\nplain_http = true\nretries = 0\n",
        slow.host(),
        neighbours.host()
    );
    let world = World::alone_with(&catalog(), &config);
    let keys = ATTACKERS.map(|application| world.key(application, &["modules:manage"]));
    let neighbour = world.key(NEIGHBOUR, &["modules:manage"]);
    let of = |host: String| json!({ "reference": format!("{host}/policy:1.0.0") });
    let (from_slow, from_neighbours) = (of(slow.host()).to_string(), of(neighbours.host()));
    let turns = keys.iter().fold(Turns::of(&world, "own: five slow registries"), |turns, key| {
        turns.attacked_by(key, 2, |attacker| {
            attacker.ask("POST", "/v1/modules", from_slow.as_bytes());
        })
    });
    turns
        .beside("a pull of another tenant", Duration::from_secs(15), || {
            let pulled = world.server.ask(&neighbour, "POST", "/v1/modules", Some(&from_neighbours)).expect(201);
            // Its own budget of modules is not to be reached.
            let path = format!("/v1/modules/{}", pulled.json()["digest"].as_str().unwrap());
            world.server.ask(&neighbour, "DELETE", &path, None).expect(204);
        })
        .memory(5 * 8 * MIB)
        .run();
    // On a busy machine some of them may not have come so far: they ask once more, and wait.
    let until = || false;
    let asked = format!("content-type: application/json\r\ncontent-length: {}\r\n", from_slow.len());
    let asking = keys.each_ref().map(|key| {
        let mut attacker = Attacker::new(key, world.address(), victim::ADDRESS, &until);
        let mut wire = attacker.open().unwrap();
        let head = attacker.head("POST", "/v1/modules", &asked);
        wire.write(format!("{head}{from_slow}").as_bytes(), || true).unwrap();
        wire
    });
    let blobs = || slow.requests().iter().filter(|request| request.path.contains("/blobs/")).count();
    world.server.until("each of the attackers waits for its component", || blobs() >= 2 * ATTACKERS.len());
    drop(asking);
}
