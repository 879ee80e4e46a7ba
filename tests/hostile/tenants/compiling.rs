//! Components that are slow to compile.

use std::time::Duration;

use super::components::{adapters, quick, table_fills};
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, NEIGHBOUR, World};

fn four_uploads(name: &str, component: impl Fn() -> Vec<u8> + Sync) {
    let world = World::alone();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let neighbour = world.key(NEIGHBOUR, &["modules:manage"]);
    Turns::of(&world, name)
        .attacked_by(&key, 4, |attacker| {
            let body = component();
            attacker.ask("POST", "/v1/modules", &body);
        })
        .beside("an upload of another tenant", Duration::from_secs(15), || {
            world.upload(&neighbour, &quick("own").build());
        })
        .memory(128 * MIB)
        .run();
}

#[test]
fn ten_thousand_fills_of_a_table_cost_the_others_nothing() {
    four_uploads("6: 10,000 table.fill in a function, four at once", || table_fills(10_000));
}

#[test]
fn fused_adapters_cost_the_others_nothing() {
    four_uploads("6: fused adapters, four at once", || adapters(24));
}
