//! Memory of instances: a tenant's together, running and idle, not each binding's by itself.

use serde_json::json;

use super::attacker::Attacker;
use super::components::hoarding;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World, configured};

#[test]
fn twelve_bindings_of_a_policy_of_124_mib_take_no_more_than_a_tenant_may() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["decisions:make", "modules:manage"]);
    let module = world.upload(&key, &hoarding()).json();
    for at in 0..12 {
        let path = format!("/v1/binding?applicationId={ATTACKER}&entityId=entity-{at}");
        world.server.ask(&key, "PUT", &path, Some(&json!({ "module": module["digest"] }))).expect(200);
    }
    Turns::of(&world, "5: twelve bindings of a policy of 124 MiB")
        .attacked_by(&key, 4, |attacker| {
            let entity = format!("entity-{}", Attacker::number() % 12);
            let body = json!({ "entityId": entity, "channel": "SMS", "to": "+14155550123" }).to_string();
            attacker.ask("POST", "/v1/decisions", body.as_bytes());
        })
        .memory(configured("tenant", "instance_bytes") + 32 * MIB)
        .run();
}
