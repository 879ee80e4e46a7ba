//! Components that are slow to compile.

use std::time::Duration;

use super::components::{Template, adapters_between_memories, quick, table_fills, wide_adapters};
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, NEIGHBOUR, World};

fn four_uploads(name: &str, component: &Template) {
    let world = World::alone();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let neighbour = world.key(NEIGHBOUR, &["modules:manage"]);
    Turns::of(&world, name)
        .attacked_by(&key, 4, |attacker| {
            let body = component.next();
            attacker.ask("POST", "/v1/modules", &body);
        })
        .beside("an upload of another tenant", Duration::from_secs(15), || {
            let digest = world.upload(&neighbour, &quick("own").build()).json()["digest"].clone();
            // Its own budget of modules is not to be reached.
            let path = format!("/v1/modules/{}", digest.as_str().unwrap());
            world.server.ask(&neighbour, "DELETE", &path, None).expect(204);
        })
        .memory(128 * MIB)
        .run();
}

#[test]
fn ten_thousand_fills_of_a_table_cost_the_others_nothing() {
    four_uploads("6: 10,000 table.fill in a function, four at once", &table_fills(10_000));
}

#[test]
fn fused_adapters_cost_the_others_nothing() {
    four_uploads("6: fused adapters, four at once", &wide_adapters(200));
}

#[test]
fn adapters_that_make_the_compiler_panic_cost_the_others_nothing() {
    four_uploads("own: adapters between two memories, four at once", &adapters_between_memories());
}
