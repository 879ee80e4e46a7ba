//! Two services on one PostgreSQL: what one is told the other does, and neither stops deciding, whatever the database does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};
use callsign_tests::stops::Stops;
use callsign_tests::work::median_is_within;

/// How soon a node does what another was told, in the median.
const SOON: Duration = Duration::from_millis(100);

const CHANGES: usize = 40;

/// Two services on a database; the first made the first key.
fn pair(database: &Database) -> (Server, Server, String) {
    let config = format!("[catalog]\nstore = \"{}\"", database.address());
    let first = Server::with(&config);
    let key = first.key().to_owned();
    let data = folder("second");
    // The platform has a key already, so this one prints none.
    std::fs::create_dir_all(&data).unwrap();
    (first, Server::at(&data, &config, &[]), key)
}

fn put_application(server: &Server, key: &str, id: &str) {
    let body = json!({ "applicationId": id });
    server.ask(key, "POST", "/provisioning/1/applications", Some(&body)).expect(201);
}

/// How long it takes until a service has an application.
fn seen_after(server: &Server, key: &str, id: &str, since: Instant) -> Duration {
    let path = format!("/provisioning/1/applications/{id}");
    server.until("the other node has seen the change", || server.ask(key, "GET", &path, None).status == 200);
    since.elapsed()
}

#[test]
fn changes_on_one_node_are_seen_by_the_other_while_both_decide_and_the_database_dies_in_the_middle() {
    let database = Database::start();
    let (first, second, key) = pair(&database);
    put_application(&first, &key, "shop");
    seen_after(&second, &key, "shop", Instant::now());
    let (end, decided) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let stops = Stops(&end);
        let deciding = [&first, &second].map(|server| {
            let (end, decided, key) = (&end, &decided, &key);
            scope.spawn(move || {
                let message = json!({ "channel": "SMS", "to": "+14155550123", "applicationId": "shop" });
                while !end.load(Ordering::Relaxed) {
                    // No request fails, with a database or without.
                    server.ask(key, "POST", "/v1/decisions", Some(&message)).expect(200);
                    decided.fetch_add(1, Ordering::Relaxed);
                }
            })
        });

        let plain = || drop(second.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200));
        median_is_within(SOON, CHANGES, "a change is seen by the other node", plain, |change| {
            let (here, there) = if change % 2 == 0 { (&first, &second) } else { (&second, &first) };
            let id = format!("app-{change}");
            put_application(here, &key, &id);
            seen_after(there, &key, &id, Instant::now())
        });

        let before = decided.load(Ordering::Relaxed);
        database.kill();
        for server in [&first, &second] {
            server.until("it reports that it cannot be changed", || {
                server.send(&[], "GET", "/readyz", None).status == 503
            });
            assert_eq!(server.send(&[], "GET", "/healthz", None).status, 200);
        }
        let refused = first.ask(&key, "POST", "/v1/decisions", Some(&json!({ "channel": "SMS", "to": "1" })));
        refused.expect(200);
        let change = first.ask(&key, "POST", "/provisioning/1/applications", Some(&json!({ "applicationId": "late" })));
        // As its contract has it; under /v1 it is 503.
        assert_eq!(change.status, 500, "{change:?}");
        assert!(change.header("retry-after").is_some());
        first.until("decisions go on without the database", || decided.load(Ordering::Relaxed) > before + 200);

        database.go_on();
        for server in [&first, &second] {
            server.until("it can be changed again", || server.send(&[], "GET", "/readyz", None).status == 200);
        }
        put_application(&second, &key, "after");
        seen_after(&first, &key, "after", Instant::now());
        drop(stops);
        for thread in deciding {
            thread.join().expect("no request failed");
        }
    });
}

#[test]
fn two_nodes_that_change_the_same_at_once_make_one_order() {
    let database = Database::start();
    let (first, second, key) = pair(&database);
    let created = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for server in [&first, &second, &first, &second] {
            let (created, key) = (&created, &key);
            scope.spawn(move || {
                for id in 0..20 {
                    let body = json!({ "applicationId": format!("app-{id}") });
                    let reply = server.ask(key, "POST", "/provisioning/1/applications", Some(&body));
                    match reply.status {
                        201 => _ = created.fetch_add(1, Ordering::Relaxed),
                        409 => {}
                        _ => panic!("{reply:?}"),
                    }
                }
            });
        }
    });
    // Each exists once, and exactly one of those who wanted it made it.
    assert_eq!(created.load(Ordering::Relaxed), 20);
    let list =
        |server: &Server| server.ask(&key, "GET", "/provisioning/1/applications?size=100", None).expect(200).json();
    let wanted = list(&first);
    assert_eq!(wanted["paging"]["totalResults"], 21);
    second.until("both have the same order", || list(&second) == wanted);
}

#[test]
fn a_node_that_was_away_catches_up_with_everything() {
    let database = Database::start();
    let (first, second, key) = pair(&database);
    let data = second.data.clone();
    assert_eq!(second.end(), Some(0));
    for id in 0..10 {
        put_application(&first, &key, &format!("app-{id}"));
    }
    let config = format!("[catalog]\nstore = \"{}\"", database.address());
    let second = Server::at(&data, &config, &[]);
    for id in 0..10 {
        second.ask(&key, "GET", &format!("/provisioning/1/applications/app-{id}"), None).expect(200);
    }
}

#[test]
fn a_swap_on_one_node_is_seen_by_the_other_while_both_decide() {
    let database = Database::start();
    let (first, second, key) = pair(&database);
    put_application(&first, &key, "shop");
    let header = format!("App {key}");
    // It takes any settings, and refuses every message in its own words.
    let module = Component::new("closed", "1.0.0").resolve("(call $refuse (i32.const 7))").build();
    let uploaded = first.send(&[("authorization", &header)], "POST", "/v1/modules", Some(&module)).expect(201).json();
    let binding = "/v1/binding?applicationId=shop";
    // Counted when a node's own gateway has swapped.
    let swaps = |server: &Server| -> u64 {
        let text = server.send(&[], "GET", "/metrics", None).expect(200).text;
        let line = text.lines().find_map(|line| line.strip_prefix("callsign_policy_events_total{event=\"swapped\"} "));
        line.unwrap().parse().unwrap()
    };
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stops = Stops(&end);
        let deciding = [&first, &second].map(|server| {
            let (end, key) = (&end, &key);
            scope.spawn(move || {
                let message = json!({ "channel": "SMS", "to": "+14155550123", "applicationId": "shop" });
                while !end.load(Ordering::Relaxed) {
                    server.ask(key, "POST", "/v1/decisions", Some(&message)).expect(200);
                }
            })
        });
        let plain = || drop(second.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200));
        // The first brings the module over, and compiles it.
        median_is_within(SOON, 12, "a swap is seen by the other node", plain, |swap| {
            let (here, there) = if swap % 4 < 2 { (&first, &second) } else { (&second, &first) };
            let body = match swap % 2 {
                0 => json!({ "module": uploaded["digest"], "settings": { "from": "21:00", "until": "08:00" } }),
                _ => json!({ "module": "standard" }),
            };
            let before = swaps(there);
            here.ask(&key, "PUT", binding, Some(&body)).expect(200);
            let since = Instant::now();
            there.until("the other node has swapped", || swaps(there) > before);
            since.elapsed()
        });
        drop(stops);
        for thread in deciding {
            thread.join().expect("no request failed");
        }
    });
}

#[test]
fn a_command_on_a_database_without_a_platform_says_so_and_makes_nothing() {
    let database = Database::start();
    let folder = folder("no-platform");
    let file = folder.join("callsign.toml");
    std::fs::write(&file, format!("[catalog]\nstore = \"{}\"", database.address())).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = callsign_tests::service::command();
        command.args(arguments).arg("--config").arg(&file).current_dir(&folder).output().unwrap()
    };
    let listed = run(&["key", "list"]);
    let text = String::from_utf8_lossy(&listed.stderr).into_owned();
    assert_eq!(listed.status.code(), Some(2), "{text}");
    assert!(text.contains("there is no platform in postgres://"), "{text}");
    assert_eq!(database.sql("SELECT to_regclass('callsign_head') IS NULL").trim(), "t");
    // A backup of it is the database's own.
    let backup = run(&["backup", "b"]);
    let text = String::from_utf8_lossy(&backup.stderr).into_owned();
    assert!(
        backup.status.code() == Some(2)
            && text.contains("pg_dump")
            && !text.contains(callsign_tests::servers::postgres::PASSWORD),
        "{text}"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    // The first key can be made before a service starts.
    assert!(run(&["key", "create", "first"]).status.success());
    assert!(run(&["key", "list"]).status.success());
    std::fs::remove_dir_all(folder).unwrap();
}
