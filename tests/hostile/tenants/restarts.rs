//! What is promised holds after the end of a process too, however it ended, and for all nodes of a fleet together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::attacker::Attacker;
use super::components::{large, messages, slow};
use super::new_entities::names_new_entities;
use super::victim;
use super::world::{ATTACKER, NEIGHBOUR, VICTIM, beside_others, catalog};
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Reply, Server, folder};

const SCOPES: [&str; 4] = ["decisions:make", "application-entity:manage", "modules:manage", "sending-strategy:manage"];

fn key(server: &Server, first: &str, application: &str) -> String {
    let wanted = json!({ "name": "of a test", "applicationId": application, "scopes": SCOPES });
    let made = server.ask(first, "POST", "/v1/keys", Some(&wanted)).expect(201).json();
    made["key"].as_str().unwrap().to_owned()
}

/// The configuration, and the platform as a file.
fn platform(around: &std::path::Path) -> std::path::PathBuf {
    let file = around.join("catalog.json");
    std::fs::write(&file, catalog().to_string()).unwrap();
    file
}

fn makes_entity(server: &Server, key: &str, id: &str) -> Reply {
    server.ask(key, "POST", "/provisioning/1/entities", Some(&json!({ "entityId": id })))
}

/// Makes entities until it is refused; how many it made.
fn fills(server: &Server, key: &str, name: &str) -> usize {
    for at in 0..60 {
        let reply = makes_entity(server, key, &format!("{name}-{at}"));
        if reply.status != 201 {
            assert!(matches!(reply.status, 400 | 413 | 429), "{reply:?}");
            assert!(reply.text.contains("entities"), "the name of the budget: {reply:?}");
            return at;
        }
    }
    panic!("60 entities, and the budget is 40");
}

#[test]
fn a_service_that_is_killed_in_an_attack_comes_back_with_what_it_had() {
    let _turn = beside_others();
    let around = folder("killed");
    let (data, file) = (around.join("data"), platform(&around));
    let config = "[tenant]\nentities = 40\n";
    let server = Server::at(&data, config, &["--catalog", file.to_str().unwrap()]);
    let first = server.key().to_owned();
    let (attacker, victim) = (key(&server, &first, ATTACKER), key(&server, &first, VICTIM));
    let component = slow(Duration::from_millis(100));
    let sent = server.send(&[("authorization", &format!("App {attacker}"))], "POST", "/v1/modules", Some(&component));
    let binding = json!({ "module": sent.json()["digest"] });
    server.ask(&attacker, "PUT", &format!("/v1/binding?applicationId={ATTACKER}"), Some(&binding)).expect(200);
    let ends = AtomicBool::new(false);
    let until = || ends.load(Ordering::Relaxed);
    let address = server.address().parse().unwrap();
    let (modules, many) = (large(300_000), messages(250, json!({})));
    let uploads = |attacker: &mut Attacker<'_>| drop(attacker.ask("POST", "/v1/modules", &modules.next()));
    let decides = |attacker: &mut Attacker<'_>| drop(attacker.ask("POST", "/v1/decisions", &many));
    let steps: [&(dyn Fn(&mut Attacker<'_>) + Sync); 3] = [&names_new_entities, &uploads, &decides];
    std::thread::scope(|scope| {
        for step in steps {
            let mut attacking = Attacker::new(&attacker, address, victim::ADDRESS, &until);
            scope.spawn(move || {
                while attacking.goes_on() {
                    step(&mut attacking);
                }
            });
        }
        std::thread::sleep(Duration::from_secs(1));
        let killed = rustix::process::Pid::from_raw(server.process().cast_signed()).unwrap();
        rustix::process::kill_process(killed, rustix::process::Signal::KILL).unwrap();
        ends.store(true, Ordering::Relaxed);
    });
    server.until_logged("(end of the log)");
    drop(server);
    let server = Server::at(&data, config, &[]);
    let message = json!({ "channel": "SMS", "to": "+14155550123" });
    let decision = server.ask(&victim, "POST", "/v1/decisions", Some(&message)).expect(200).json();
    assert!(decision["senderId"].is_string(), "{decision}");
    // The budget is what it was, and is reached.
    fills(&server, &attacker, "after");
    let own = server.ask(&attacker, "GET", "/provisioning/1/entities?size=1", None).expect(200).json();
    assert!(own["paging"]["totalResults"].as_u64().unwrap() <= 40 + 12, "{own}");
    makes_entity(&server, &victim, "mine").expect(201);
    // A second restart finds the same.
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, config, &[]);
    assert_eq!(fills(&server, &attacker, "again"), 0);
    let again = server.ask(&attacker, "GET", "/provisioning/1/entities?size=1", None).expect(200).json();
    assert_eq!(again["paging"], own["paging"]);
    server.ask(&victim, "GET", "/provisioning/1/entities/mine", None).expect(200);
    drop(server);
    std::fs::remove_dir_all(around).unwrap();
}

#[test]
fn what_a_tenant_stores_counts_once_for_a_fleet_and_both_nodes_know_whose_an_entity_is() {
    let _turn = beside_others();
    let database = Database::start();
    let around = folder("fleet");
    let file = platform(&around);
    let config = format!("[catalog]\nstore = \"{}\"\n[tenant]\nentities = 40\n", database.address());
    let one = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let first = one.key().to_owned();
    let data = around.join("second");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    // The platform has a key already, so this one prints none.
    std::fs::write(data.join("no-first-key"), "").unwrap();
    let two = Server::at(&data, &config, &[]);
    let (attacker, neighbour) = (key(&one, &first, ATTACKER), key(&one, &first, NEIGHBOUR));
    let sees = |server: &Server, key: &str, id: &str| {
        server.ask(key, "GET", &format!("/provisioning/1/entities/{id}"), None).status
    };
    makes_entity(&one, &attacker, "acme").expect(201);
    two.until("the second node knows it", || sees(&two, &attacker, "acme") == 200);
    assert_eq!(sees(&two, &neighbour, "acme"), 404);
    makes_entity(&two, &neighbour, "acme").expect(201);
    let made = fills(&one, &attacker, "one");
    assert!(made < 40, "{made}");
    two.until("the second node knows the last one", || sees(&two, &attacker, &format!("one-{}", made - 1)) == 200);
    assert_eq!(fills(&two, &attacker, "two"), 0);
    // What one removes the other may make again.
    one.ask(&attacker, "DELETE", "/provisioning/1/entities/one-0", None).expect(200);
    two.until("there is room on the second node", || makes_entity(&two, &attacker, "two-0").status == 201);
    assert_eq!(sees(&one, &neighbour, "acme"), 200);
    drop((one, two));
    std::fs::remove_dir_all(around).unwrap();
}

#[test]
fn an_application_that_is_made_again_on_the_other_node_has_nothing_of_the_old_one() {
    let _turn = beside_others();
    let database = Database::start();
    let around = folder("generations");
    let file = platform(&around);
    let config = format!("[catalog]\nstore = \"{0}\"\n[sticky]\nstore = \"{0}\"\n", database.address());
    let one = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let first = one.key().to_owned();
    let data = around.join("second");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(data.join("no-first-key"), "").unwrap();
    let two = Server::at(&data, &config, &[]);
    let pin = json!({ "applicationId": "third", "channel": "SMS", "to": "+14155550123", "senderId": "S0" });
    let path = "/v1/pins?applicationId=third&channel=SMS&to=%2B14155550123";
    let ask = |server: &Server, method: &str, path: &str, body: Option<&Value>| server.ask(&first, method, path, body);
    ask(&one, "PUT", "/v1/pins", Some(&pin)).expect(200);
    two.until("the other node finds the pin", || ask(&two, "GET", path, None).status == 200);
    ask(&one, "DELETE", "/provisioning/1/applications/third", None).expect(200);
    let is_soon_gone = |id: &str| {
        let began = Instant::now();
        two.until("the other node knows that it is gone", || {
            ask(&two, "GET", &format!("/provisioning/1/applications/{id}"), None).status == 404
        });
        began.elapsed() < Duration::from_secs(5)
    };
    // A busy machine may be late once.
    let is_soon = is_soon_gone("third")
        || [NEIGHBOUR, VICTIM].into_iter().any(|id| {
            ask(&one, "DELETE", &format!("/provisioning/1/applications/{id}"), None).expect(200);
            is_soon_gone(id)
        });
    assert!(is_soon, "within 5 s");
    let again = json!({ "applicationId": "third" });
    ask(&two, "POST", "/provisioning/1/applications", Some(&again)).expect(201);
    one.until("the first node knows that it is there", || {
        ask(&one, "GET", "/provisioning/1/applications/third", None).status == 200
    });
    for server in [&one, &two] {
        ask(server, "GET", path, None).expect(404);
    }
    drop((one, two));
    std::fs::remove_dir_all(around).unwrap();
}
