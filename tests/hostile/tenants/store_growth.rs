//! What is removed is gone from the store too.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::attacker::Attacker;
use super::components::{large, quick};
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, World};

/// The bytes of the catalog store.
fn size(data: &Path) -> u64 {
    let entries = std::fs::read_dir(data).unwrap().map(Result::unwrap);
    let store = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("catalog.sqlite"));
    store.map(|entry| entry.metadata().unwrap().len()).sum()
}

#[test]
fn twenty_modules_that_are_uploaded_and_removed_leave_nothing_in_the_store() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let modules = large(1_990_000);
    let before = size(&world.server.data);
    for _ in 0..20 {
        let module = world.upload(&key, &modules.next()).json();
        world
            .server
            .ask(&key, "DELETE", &format!("/v1/modules/{}", module["digest"].as_str().unwrap()), None)
            .expect(204);
    }
    let listed = world.server.ask(&key, "GET", "/v1/modules", None).expect(200).json();
    assert_eq!(listed["results"], json!([]));
    // Room for some that are free again, and for the log of the last changes.
    let grown = size(&world.server.data) - before;
    assert!(grown < 12 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn swaps_with_settings_of_a_megabyte_keep_no_more_than_can_be_rolled_back_to() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let module = world.upload(&key, &quick("swapped").build()).json();
    let path = format!("/v1/binding?applicationId={ATTACKER}");
    let before = size(&world.server.data);
    for at in 0..24 {
        let settings = json!({ "number": at, "padding": "x".repeat(1_000_000) });
        let binding = json!({ "module": module["digest"], "settings": settings });
        let reply = world.server.ask(&key, "PUT", &path, Some(&binding));
        assert!(matches!(reply.status, 200 | 413 | 429), "{} {:.300}", reply.status, reply.text);
    }
    let grown = size(&world.server.data) - before;
    assert!(grown < 48 * MIB, "{} MiB", grown / MIB);
    // The last one can be gone back from.
    let path = format!("/v1/binding/rollback?applicationId={ATTACKER}");
    world.server.ask(&key, "POST", &path, None).expect(200);
}

#[test]
fn uploads_and_removals_without_end_cost_the_others_nothing() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let modules = large(1_990_000);
    let before = size(&world.server.data);
    Turns::of(&world, "11: modules of 1.9 MiB, uploaded and removed")
        .attacked_by(&key, 2, |attacker| {
            let body = modules.next();
            let Some(made) = attacker.ask("POST", "/v1/modules", &body) else { return };
            let made: serde_json::Value = serde_json::from_slice(&made.body).unwrap_or_default();
            if let Some(digest) = made["digest"].as_str() {
                attacker.ask("DELETE", &format!("/v1/modules/{digest}"), b"");
            }
        })
        .beside("a change of the platform", Duration::from_secs(2), || {
            let name = json!({ "applicationName": format!("name {}", Attacker::number()) });
            world.server.put("/provisioning/1/applications/third", &name).expect(204);
        })
        .memory(96 * MIB)
        .run();
    // Uploads and removals of the last turn may still be under way, and the budget of changes used up.
    world.server.until("all modules are removed", || {
        let listed = world.server.ask(&key, "GET", "/v1/modules", None).expect(200).json();
        let modules = listed["results"].as_array().unwrap();
        for module in modules {
            let path = format!("/v1/modules/{}", module["digest"].as_str().unwrap());
            let removed = world.server.ask(&key, "DELETE", &path, None);
            assert!(matches!(removed.status, 204 | 404 | 429), "{removed:?}");
        }
        modules.is_empty()
    });
    let grown = size(&world.server.data) - before;
    assert!(grown < 24 * MIB, "{} MiB", grown / MIB);
}
