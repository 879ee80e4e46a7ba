//! Policies that start slowly.

use std::time::{Duration, Instant};

use serde_json::json;

use super::attacker::Attacker;
use super::components::slow_to_start;
use super::turns::{MIB, Turns};
use super::world::{ATTACKER, ATTACKERS, NEIGHBOUR, World, query};
use callsign_tests::service::{Server, folder};

#[test]
fn swaps_of_policies_that_start_slowly_let_others_change_the_platform_meanwhile() {
    let world = World::alone();
    let key = world.key(ATTACKER, &["modules:manage"]);
    let neighbour = world.key(NEIGHBOUR, &["application-entity:manage"]);
    let modules = [slow_to_start(Duration::from_millis(25)), slow_to_start(Duration::from_millis(25))]
        .map(|bytes| world.upload(&key, &bytes).json()["digest"].clone());
    let path = format!("/v1/binding?applicationId={ATTACKER}");
    Turns::of(&world, "12: swaps of policies that start slowly")
        .attacked_by(&key, 2, |attacker| {
            let number = Attacker::number();
            let module = &modules[usize::from(number.is_multiple_of(2))];
            let binding = json!({ "module": module, "settings": { "number": number } }).to_string();
            attacker.ask("PUT", &path, binding.as_bytes());
        })
        .beside("a change of another tenant", Duration::from_millis(250), || {
            let name = json!({ "applicationName": format!("name {}", Attacker::number()) });
            let path = format!("/provisioning/1/applications/{NEIGHBOUR}");
            world.server.ask(&neighbour, "PUT", &path, Some(&name)).expect(204);
        })
        .memory(64 * MIB)
        .run();
}

#[test]
fn a_restart_with_sixteen_policies_that_start_slowly_listens_as_soon_as_without() {
    let _alone = World::alone();
    // Each starts in time, also where it has hardly a core; that all of them are waited for is what would be seen.
    let config = "[policy]\ndeadline_milliseconds = 10000\n";
    let data = folder("starts").join("data");
    let file = data.with_file_name("catalog.json");
    std::fs::write(&file, super::world::catalog().to_string()).unwrap();
    let server = Server::at(&data, config, &["--catalog", file.to_str().unwrap()]);
    let first = server.key().to_owned();
    assert_eq!(server.end(), Some(0));
    let restarted = || {
        let began = Instant::now();
        let server = Server::at(&data, config, &[]);
        (began.elapsed(), server)
    };
    let (without, server) = restarted();
    let bytes = slow_to_start(Duration::from_millis(25));
    for at in 0..16 {
        let scope = if at < 12 { format!("{ATTACKER}/entity-{at}") } else { ATTACKERS[at - 11].to_owned() };
        let owner = scope.split('/').next().unwrap().to_owned();
        let key = json!({ "name": "of a test", "applicationId": owner, "scopes": ["modules:manage"] });
        let key =
            server.ask(&first, "POST", "/v1/keys", Some(&key)).expect(201).json()["key"].as_str().unwrap().to_owned();
        let sent = server.send(&[("authorization", &format!("App {key}"))], "POST", "/v1/modules", Some(&bytes));
        let digest = sent.json()["digest"].clone();
        let binding = json!({ "module": digest, "settings": { "number": at } });
        server.ask(&key, "PUT", &format!("/v1/binding?{}", query(&scope)), Some(&binding)).expect(200);
    }
    assert_eq!(server.end(), Some(0));
    let bound = without * 2 + Duration::from_secs(2);
    let (mut with, mut server) = restarted();
    // What all starts wait for is in each of them, and what else the machine does is not.
    for _ in 0..4 {
        if with < bound {
            break;
        }
        assert_eq!(server.end(), Some(0));
        (with, server) = restarted();
    }
    println!("12: a restart takes {without:?} without, and {with:?} with 16 policies that start slowly");
    assert!(with < bound, "{with:?}, without them {without:?}");
    // Others are decided at once; what is not ready yet is answered by its rule, and comes.
    let message = json!({ "applicationId": "victim", "channel": "SMS", "to": "+14155550123" });
    let decision = server.ask(&first, "POST", "/v1/decisions", Some(&message)).expect(200).json();
    assert!(decision["senderId"].is_string(), "{decision}");
    server.until("the slow ones serve", || {
        let message =
            json!({ "applicationId": ATTACKER, "entityId": "entity-3", "channel": "SMS", "to": "+14155550123" });
        let decision = server.ask(&first, "POST", "/v1/decisions", Some(&message)).expect(200).json();
        decision["policy"].as_str().is_some_and(|policy| policy.starts_with("slow-to-start"))
    });
    drop(server);
    std::fs::remove_dir_all(data.parent().unwrap()).unwrap();
}
