//! Policies of one tenant that take much, beside another tenant: to compile, to start, and in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::policies::{TO, always, catalog, decide, server, starting, try_upload, until_started, upload};
use callsign_tests::component::{Component, labelled};
use callsign_tests::service::{Server, folder};
use callsign_tests::stops::Stops;

/// A field of the process's state, in KiB.
fn kib(server: &Server, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
}

/// The processes that compile for a service.
fn compilers(server: &Server) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.process())).into_iter().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists.map(|list| list.split_whitespace().count()).sum()
}

#[test]
fn a_module_that_compiles_slowly_holds_up_no_other_tenant_and_takes_no_memory_of_the_service() {
    let server = server();
    let (shop, care) =
        (server.new_key(Some("shop"), &["modules:manage"]), server.new_key(Some("care"), &["modules:manage"]));
    upload(&server, &care, &always("warm", "1.0.0", 0));
    let before = kib(&server, "VmRSS");
    std::thread::scope(|scope| {
        for version in ["1.0.0", "2.0.0", "3.0.0", "4.0.0"] {
            let component = Component::new("slow", version).slow_to_compile(2).build();
            let (server, shop) = (&server, &shop);
            // They end when the service does.
            scope.spawn(move || {
                let key = format!("App {shop}");
                let _ = server.try_send(&[("authorization", &key)], "POST", "/v1/modules", Some(&component));
            });
        }
        server.until("one compiles", || compilers(&server) == 1);
        for version in 1..=5 {
            upload(&server, &care, &always("acme", &format!("{version}.0.0"), 0));
            upload(&server, server.key(), &always("acme", &format!("{version}.0.0"), 0));
            assert!(compilers(&server) <= 1, "a tenant has one at a time");
        }
        let after = kib(&server, "VmRSS");
        assert!(after < before + (64 << 10), "{before} KiB -> {after} KiB");
        server.terminate();
        let process = rustix::process::Pid::from_raw(server.process().cast_signed()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    });
}

#[test]
fn components_that_keep_the_compiler_busy_are_refused_at_once() {
    let server = server();
    let shop = server.new_key(Some("shop"), &["modules:manage"]);
    let fills = "(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))".repeat(10_000);
    let fills = Component::new("fills", "1.0.0").item(&format!("(table $t 10 funcref) (func {fills})")).build();
    let lowers = "(core func (canon lower (func $f)))".repeat(5_000);
    let adapters = wat::parse_str(format!(
        r#"(component
            (component $callee
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))
            (component $user (import "f" (func $f)) {lowers})
            (instance $callee (instantiate $callee))
            (instance (instantiate $user (with "f" (func $callee "f")))))"#
    ))
    .unwrap();
    let adapters = labelled(&adapters, "adapters", "1.0.0");
    for (component, reason) in [(fills, "bulk operators in one function"), (adapters, "lifts and lowers of functions")]
    {
        // By words of what is checked before anything is compiled: that would take a minute.
        let refused = try_upload(&server, &shop, "", &component).expect(400).json();
        assert!(refused["detail"].as_str().unwrap().contains(reason), "{refused}");
    }
}

fn make_entity(server: &Server, key: &str, number: usize) {
    let entity = json!({ "entityId": format!("e{number}") });
    server.ask(key, "POST", "/provisioning/1/entities", Some(&entity)).expect(201);
}

#[test]
fn the_instances_of_a_tenant_have_one_budget_of_memory_together() {
    let file = catalog();
    let config = "[tenant]\ninstance_bytes = 67108864\npolicy_milliseconds_per_second = 0\n\
                  [policy]\ndeadline_milliseconds = 5000";
    let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
    let shop = server.new_key(Some("shop"), &[]);
    // Each instance touches all of its 30 MiB.
    let fill = "(memory.fill (i32.const 65536) (i32.const 1) (i32.const 31391744)) (call $refuse (i32.const 7))";
    let large = Component::new("large", "1.0.0").memory(r#"(memory (export "memory") 480)"#).resolve(fill).build();
    upload(&server, &shop, &large);
    let before = kib(&server, "VmRSS");
    let ask = |entity: &str| {
        let message = json!({ "applicationId": "shop", "entityId": entity, "channel": "SMS", "to": TO });
        let decision = server.ask(&shop, "POST", "/v1/decisions", Some(&message)).expect(200).json();
        decision["refusal"].to_string()
    };
    for entity in 0..12 {
        make_entity(&server, &shop, entity);
        let place = format!("/v1/binding?applicationId=shop&entityId=e{entity}");
        server.ask(&shop, "PUT", &place, Some(&json!({ "module": "large@1.0.0" }))).expect(200);
    }
    for round in 0..3 {
        for entity in 0..12 {
            let refusal = ask(&format!("e{entity}"));
            assert!(refusal.contains("\"CLOSED\""), "{round} {entity}: {refusal}");
        }
    }
    let after = kib(&server, "VmRSS");
    assert!(after < before + (128 << 10), "{before} KiB -> {after} KiB");
}

/// A policy that takes its time to check its settings: so many rounds of a loop.
fn slow_to_start(version: &str, rounds: u64) -> Vec<u8> {
    let check = format!(
        "(local $at i64)
         (loop $on (br_if $on (i64.lt_u (local.tee $at (i64.add (local.get $at) (i64.const 1))) (i64.const {rounds}))))
         (i32.store (i32.const 2048) (i32.const 0)) (i32.const 2048)"
    );
    Component::new("slow", version).check_settings(&check).deciding(1).build()
}

#[test]
fn policies_that_start_slowly_hold_up_no_changes_of_others() {
    let file = catalog();
    let config = "[tenant]\nchanges_per_second = 0";
    let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
    let (shop, care) = (server.new_key(Some("shop"), &[]), server.new_key(Some("care"), &[]));
    // A third of a second each time, where a loop takes a nanosecond a round: far more than a change waits for a busy disk.
    upload(&server, &shop, &slow_to_start("1.0.0", 300_000_000));
    (0..4).for_each(|entity| make_entity(&server, &shop, entity));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stops = Stops(&is_over);
        let swaps = scope.spawn(|| {
            let mut swaps = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let place = format!("/v1/binding?applicationId=shop&entityId=e{}", swaps.len() % 4);
                let body = json!({ "module": "slow@1.0.0", "settings": {} });
                let swapped = server.ask(&shop, "PUT", &place, Some(&body));
                assert!(matches!(swapped.status, 200 | 400 | 503), "{swapped:?}");
                swaps.push(began.elapsed());
            }
            swaps
        });
        let mut changes = Vec::new();
        let (mut default, mut other) = (json!({ "senderId": "S0" }), json!({ "senderId": "S1" }));
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(4) {
            let began = Instant::now();
            server.ask(&care, "PUT", "/v1/default-senders?applicationId=care", Some(&default)).expect(204);
            std::mem::swap(&mut default, &mut other);
            changes.push(began.elapsed());
        }
        drop(stops);
        let mut swaps = swaps.join().unwrap();
        swaps.sort();
        changes.sort();
        let (swap, change) = (swaps[swaps.len() / 2], changes[changes.len() / 2]);
        assert!(change < swap / 2, "a swap takes {swap:?}, and a change of another tenant {change:?}");
    });
}

#[test]
fn a_binding_that_is_not_ready_after_a_start_is_answered_by_its_failure_rule() {
    let data = folder("starting");
    let file = catalog();
    let server = Server::at(&data, "", &["--catalog", file.to_str().unwrap()]);
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 1));
    let bind = |place: &str, body: Value| server.put(&format!("/v1/binding{place}"), &body).expect(200);
    bind("", json!({ "module": "acme@1.0.0" }));
    bind("?applicationId=shop", json!({ "module": "acme@1.0.0" }));
    bind("?applicationId=care", json!({ "module": "acme@1.0.0", "onFailure": "STANDARD" }));
    assert_eq!(starting(&server), 0);
    assert_eq!(server.end(), Some(0));

    // Where a tenant has no memory for an instance, its policies do not start; the platform's does.
    let server = Server::at(&data, "[tenant]\ninstance_bytes = 1000", &[]);
    server.until("the platform's policy is in use, and it alone", || starting(&server) == 2);
    let decide = |server: &Server, application: &str| {
        let message = json!({ "applicationId": application, "channel": "SMS", "to": TO });
        server.ask(&key, "POST", "/v1/decisions", Some(&message)).expect(200).json()
    };
    let refused = decide(&server, "shop");
    assert_eq!(refused["refusal"]["code"], "POLICY_FAILED");
    assert!(refused.to_string().contains("is being started"), "{refused}");
    let decided = decide(&server, "care");
    assert!(decided["policy"].as_str().unwrap().starts_with("callsign-standard@"), "{decided}");
    let body = json!({ "applicationId": "shop", "channel": "SMS", "to": TO, "explain": true, "dryRun": true });
    let explained = server.ask(&key, "POST", "/v1/decisions", Some(&body)).expect(200);
    assert!(explained.text.contains("is being started"), "{explained:?}");
    // What only holds a place can be taken off, and then the platform's decides.
    server.ask(&key, "DELETE", "/v1/binding?applicationId=care", None).expect(204);
    assert_eq!(decide(&server, "care")["policy"], "acme@1.0.0");
    assert_eq!(starting(&server), 1);
    assert_eq!(server.end(), Some(0));

    let server = Server::at(&data, "", &[]);
    until_started(&server);
    assert_eq!(decide(&server, "shop")["policy"], "acme@1.0.0");
    // And it is nothing to go back to.
    server.ask(&key, "POST", "/v1/binding/rollback?applicationId=shop", Some(&json!({}))).expect(409);
}

#[test]
fn names_of_the_platforms_own_policies_are_not_given_to_modules_of_tenants() {
    let server = server();
    let shop = server.new_key(Some("shop"), &["modules:manage"]);
    for name in ["callsign-standard", "Callsign-standard", "callsign"] {
        let component = always(name, "1.0.0", 0);
        for (key, query) in [(&*shop, ""), (server.key(), "?applicationId=shop")] {
            let refused = try_upload(&server, key, query, &component).expect(400).json();
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains("are the platform's; give it another"), "{refused}");
        }
    }
    // The platform may, and everybody may have a name that only looks alike.
    upload(&server, server.key(), &always("callsign-standard", "1.0.0", 0));
    upload(&server, &shop, &always("callsigns", "1.0.0", 0));
}

#[test]
fn what_a_policy_logs_and_says_is_one_line_of_what_is_seen() {
    for format in ["text", "json"] {
        let file = catalog();
        let server =
            Server::with_arguments(&format!("[log]\nformat = \"{format}\""), &["--catalog", file.to_str().unwrap()]);
        let shop = server.new_key(Some("shop"), &[]);
        // ESC, a right-to-left override, a zero-width space, a tag, and a line that looks like one of the log.
        let line = r"before\1b[2J\e2\80\ae\e2\80\8b\f3\a0\81\81\0a2026-01-01T00:00:00Z ERROR forged";
        let component = Component::new("acme", "1.0.0")
            .import("log", "write", "(param i32 i32 i32)")
            .item(&format!("(data (i32.const 300) \"{line}\")"))
            .resolve(
                "(call $write (i32.const 3) (i32.const 300) (i32.const 54))
                 (call $decide (i32.const 1) (i32.const -1) (i32.const 4) (i32.const 0))",
            );
        upload(&server, &shop, &component.build());
        server
            .ask(&shop, "PUT", "/v1/binding?applicationId=shop", Some(&json!({ "module": "acme@1.0.0" })))
            .expect(200);
        assert_eq!(decide(&server, &shop, "shop", TO), "S1 acme@1.0.0");
        server.until_logged("before");
        let log = server.log();
        let hidden = log.lines().find(|line| line.contains(callsign::escape::is_escaped));
        assert_eq!(hidden, None, "{log}");
        assert!(!log.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z")), "{log}");
    }
}
