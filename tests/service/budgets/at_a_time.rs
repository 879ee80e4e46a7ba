//! So many at a time: 429 for the tenant, and a reserve for the platform that tenants together cannot take.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{DECISIONS, ENTITIES, decide, is_over, message, others_go_on, server, used};
use crate::contract::store_unavailable::lock;
use crate::contract::world;
use crate::events::Listener;
use crate::policies;
use crate::security::connection::Wire;
use callsign_tests::service::{Reply, Server};

/// A request of a key, of which so much of the body is sent.
fn send(server: &Server, key: &str, path: &str, length: usize, body: &str) -> Wire {
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: App {key}\r\ncontent-length: {length}\r\n\r\n");
    Wire::with(server, head + body)
}

/// A request that is in progress as long as the store is locked.
fn held(server: &Server, key: &str, entity: &str) -> Wire {
    let body = json!({ "entityId": entity }).to_string();
    send(server, key, ENTITIES, body.len(), &body)
}

/// How long a change waits for a store that is locked, before it is given up.
const GIVEN_UP: Duration = Duration::from_secs(5);

/// Whether so many requests come to be in progress before the store gives the first of them up.
fn are_in_progress(server: &Server, count: usize) -> bool {
    let (began, mut are) = (Instant::now(), false);
    server.until("they are in progress, or given up", || {
        are = in_progress(server) >= count as f64;
        are || began.elapsed() > GIVEN_UP
    });
    are
}

/// Tries something while requests are held up by the store: it is told how often it was tried before, and keeps the requests
/// with the others. All of it is tried again where a busy machine took so long that the store gave one of them up.
fn while_held<T>(server: &Server, work: impl Fn(usize, &mut Vec<Wire>) -> Option<T>) -> T {
    let one = |before: usize| {
        server.until("the store answers", || server.get("/readyz").status == 200);
        let (locked, mut requests) = (lock(server), Vec::new());
        let done = work(before, &mut requests);
        drop(locked);
        let statuses: Vec<u16> = requests.iter_mut().map(|wire| wire.reply().unwrap().status).collect();
        done.filter(|_| statuses.iter().all(|status| *status == 201))
    };
    (0..20).find_map(one).expect("the store held all of them as long as it took")
}

/// A message in a body of 700 bytes.
fn padded(server: &Server, key: &str) -> Reply {
    let body = format!("{:700}", message().to_string());
    server.send(&[("authorization", &format!("App {key}"))], "POST", DECISIONS, Some(body.as_bytes()))
}

pub(super) fn in_progress(server: &Server) -> f64 {
    let metrics = server.send(&[], "GET", "/metrics", None).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("callsign_requests_in_progress "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[test]
fn requests_of_a_tenant_are_so_many_at_a_time() {
    let server = server("requests = 1\nwaiting = 0");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let (read, decided, now, refused) = while_held(&server, |before, requests| {
        requests.push(held(&server, &shop, &format!("slow{before}")));
        // It has the only place.
        are_in_progress(&server, 1).then(|| {
            let refused = used(&server, "shop", "requests").1;
            let (read, decided) = (server.ask(&shop, "GET", ENTITIES, None), decide(&server, &shop, &message()));
            others_go_on(&server, &bank);
            let (now, all) = used(&server, "shop", "requests");
            (read, decided, now, all - refused)
        })
    });
    is_over(ENTITIES, &read, 429, "requests");
    is_over(DECISIONS, &decided, 429, "requests");
    assert_eq!((now, refused), (1, 2));
    server.ask(&shop, "GET", ENTITIES, None).expect(200);
}

#[test]
fn tenants_together_leave_places_for_the_platform() {
    let server = world::with("[limits]\nrequests = 5\nwaiting = 0\n[tenant]\nrequests = 0");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let reply = while_held(&server, |before, requests| {
        requests.extend((0..4).map(|n| held(&server, &shop, &format!("slow{before}-{n}"))));
        // They have four places of five.
        are_in_progress(&server, 4).then(|| {
            let reply = decide(&server, &bank, &message());
            decide(&server, server.key(), &message()).expect(200);
            server.get(ENTITIES).expect(200);
            reply
        })
    });
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{reply:?}");
    decide(&server, &bank, &message()).expect(200);
}

#[test]
fn the_changes_of_a_tenant_do_not_hold_up_those_of_another() {
    let server = server("requests = 0\nwaiting = 0\nmanagement_per_second = 0\nchanges_per_second = 0");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    // How many changes of the shop were made before that of the bank, which came after all of them.
    let made_before = |turn: usize| {
        let name = while_held(&server, |before, requests| {
            let name = format!("{turn}-{before}");
            requests.extend((0..50).map(|n| held(&server, &shop, &format!("slow{name}-{n}"))));
            let are_first = are_in_progress(&server, 50);
            requests.push(held(&server, &bank, &format!("other{name}")));
            (are_first && are_in_progress(&server, 51)).then_some(name)
        });
        let audit = server.get("/v1/audit?size=1000").expect(200).json();
        // The newest first.
        let entries = audit["results"].as_array().unwrap().iter();
        let made: Vec<&str> = entries.filter_map(|entry| entry["changes"][0]["key"].as_str()).collect();
        let of_the_bank = made.iter().position(|key| *key == format!("other{name}")).unwrap();
        made[of_the_bank..].iter().filter(|key| key.starts_with(&format!("slow{name}-"))).count()
    };
    // At most a few. One that is in progress may be kept from its core before it waits for the writer, so there are several
    // turns: if who comes first were served first, all 50 would be before it in each of them.
    let mut turns = Vec::new();
    let is_early = (0..3).any(|turn| {
        turns.push(made_before(turn));
        turns[turn] <= 5
    });
    assert!(is_early, "{turns:?} changes of the shop were first");
}

#[test]
fn bytes_of_bodies_count_as_they_arrive_for_each_tenant() {
    let server = world::with(
        "[limits]\nbody_bytes = 1000\nmodule_bytes = 1000\nimport_bytes = 1000\nbodies_bytes = 4000\nbody_seconds = 600\n\
         [tenant]\nbodies_bytes = 1500",
    );
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    // Who announces and sends nothing has nothing.
    let idle: Vec<Wire> = (0..20).map(|_| send(&server, &shop, DECISIONS, 1_000, "")).collect();
    padded(&server, &shop).expect(200);
    let mut slow = send(&server, &shop, DECISIONS, 1_000, &" ".repeat(999));
    server.until("the bytes are there", || used(&server, "shop", "bodies_bytes").0 >= 999);
    is_over(DECISIONS, &padded(&server, &shop), 429, "bodies_bytes");
    decide(&server, &shop, &message()).expect(200);
    padded(&server, &bank).expect(200);
    padded(&server, server.key()).expect(200);
    slow.write("x");
    assert_eq!(slow.reply().unwrap().status, 400);
    padded(&server, &shop).expect(200);
    drop(idle);
}

#[test]
fn tenants_together_leave_room_for_bodies_of_the_platform() {
    let server = world::with(
        "[limits]\nbody_bytes = 1000\nmodule_bytes = 1000\nimport_bytes = 1000\nbodies_bytes = 5000\nbody_seconds = 600",
    );
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let slow: Vec<Wire> = (0..4).map(|_| send(&server, &shop, DECISIONS, 1_000, &" ".repeat(999))).collect();
    server.until("the bytes are there", || used(&server, "shop", "bodies_bytes").0 >= 3_996);
    assert_eq!(padded(&server, &bank).status, 503);
    padded(&server, server.key()).expect(200);
    drop(slow);
    server.until("there is room again", || padded(&server, &bank).status == 200);
}

#[test]
fn listeners_of_a_tenant_are_so_many_and_leave_places_for_the_platform() {
    let server = world::with("[limits]\nlisteners = 3\n[tenant]\nlisteners = 1");
    let key = |application| server.new_key(application, &["audit:read"]);
    let (shop, second, bank) = (key(Some("shop")), key(Some("shop")), key(Some("bank")));
    let third = key(Some("default"));
    let _listening = (Listener::of(&server, &shop), Listener::of(&server, &bank));
    is_over("/v1/events", &server.ask(&second, "GET", "/v1/events", None), 429, "listeners");
    assert_eq!(server.ask(&third, "GET", "/v1/events", None).status, 503);
    let _platform = Listener::of(&server, server.key());
    assert_eq!(used(&server, "shop", "listeners"), (1, 1));
}

#[test]
fn failures_of_a_tenants_policy_do_not_drown_what_others_listen_to() {
    let file = policies::catalog();
    let config = "[tenant]\nevents_per_second = 5";
    let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
    policies::upload(&server, server.key(), &policies::failing("bad", "1.0.0"));
    let bound = json!({ "module": "bad@1.0.0", "breaker": { "failures": 1_000_000, "restSeconds": 1 } });
    server.put("/v1/binding?applicationId=shop", &bound).expect(200);
    let mut platform = Listener::of(&server, server.key());
    let shop = server.new_key(Some("shop"), &[]);
    let began = Instant::now();
    for _ in 0..300 {
        decide(&server, &shop, &message()).expect(200);
    }
    server.post("/provisioning/1/applications", &json!({ "applicationId": "last" })).expect(201);
    let mut failures = 0;
    loop {
        let (event, data) = platform.next().unwrap();
        assert_ne!(event, "missed", "{data}");
        failures += u32::from(event == "failed");
        if event == "revision" && data["action"] == "POST /provisioning/1/applications" {
            break;
        }
    }
    // Those of two seconds at once, and then five a second.
    let seconds = began.elapsed().as_secs() + 3;
    assert!((1..=5 * seconds).contains(&u64::from(failures)), "{failures} in {seconds} s");
    assert_eq!(used(&server, "shop", "events_per_second").1, 300 - u64::from(failures));
}

#[test]
fn modules_of_a_tenant_are_compiled_one_at_a_time() {
    let server = policies::server();
    let (shop, care) = (server.new_key(Some("shop"), &[]), server.new_key(Some("care"), &[]));
    // Large enough that its compilation takes a moment.
    let bodies = |name: &str| {
        let function = "(func (param i32) (result i32) local.get 0".to_owned()
            + &" i32.const 3 i32.mul local.get 0 i32.xor".repeat(20_000)
            + ")";
        callsign_tests::component::Component::new(name, "1.0.0").deciding(0).item(&function.repeat(3)).build()
    };
    // A busy machine may compile the first before the second is asked for: then both are tried again.
    let refused = (0..10).find_map(|turn| {
        let (first, second) = (bodies(&format!("first{turn}")), bodies(&format!("second{turn}")));
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| policies::try_upload(&server, &shop, "", &first));
            server.until("it compiles", || used(&server, "shop", "compiles").0 == 1 || slow.is_finished());
            let refused = policies::try_upload(&server, &shop, "", &second);
            policies::try_upload(&server, &care, "", &policies::always("small", &format!("{turn}.0.0"), 1)).expect(201);
            slow.join().unwrap().expect(201);
            (refused.status != 201).then_some(refused)
        })
    });
    is_over("/v1/modules", &refused.expect("the second came while the first was compiled"), 429, "compiles");
    policies::try_upload(&server, &shop, "", &policies::always("small", "1.0.0", 1)).expect(201);
}
