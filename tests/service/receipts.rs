//! Delivery receipts: senders fall and recover by them, in a fleet as in one process.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};

const S1: &str = "/v1/senders/S1/health";

fn platform(server: &Server, key: &str) {
    for (id, digits) in [("S1", "4155550100"), ("S2", "4155550101")] {
        let sender = json!({
            "senderId": id, "sender": format!("+1{digits}"), "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{ "channel": "SMS", "countries": ["US", "CA"] }],
        });
        server.ask(key, "POST", "/v1/senders", Some(&sender)).expect(201);
    }
}

fn started(config: &str) -> Server {
    let server = Server::with(config);
    platform(&server, server.key());
    server
}

fn tell(server: &Server, key: &str, sender: &str, counts: (u64, u64, u64)) {
    let receipts = json!({ "receipts": [{ "senderId": sender, "channel": "SMS", "country": "US",
        "delivered": counts.0, "undelivered": counts.1, "blocked": counts.2 }] });
    server.ask(key, "POST", "/v1/receipts", Some(&receipts)).expect(202);
}

/// The reports about S1, as `UNHEALTHY RECEIPTS`.
fn reports(server: &Server, key: &str) -> Vec<String> {
    let told = server.ask(key, "GET", S1, None).expect(200).json();
    let words = |report: &Value| format!("{} {}", report["status"], report["origin"]).replace('"', "");
    told["reports"].as_array().unwrap().iter().map(words).collect()
}

#[test]
fn a_sender_falls_by_its_receipts_and_recovers_by_them() {
    let server = started("");
    let key = server.key();
    tell(&server, key, "S2", (95, 5, 0));
    tell(&server, key, "S1", (10, 19, 0));
    tell(&server, key, "S1", (0, 1, 0));
    server.until("it falls", || reports(&server, key) == ["UNHEALTHY RECEIPTS"]);
    let all = server.get("/v1/health").json();
    assert_eq!(all["paging"]["totalResults"], 1);
    let report = &all["results"][0];
    assert_eq!(
        (&report["senderId"], &report["channel"], &report["country"]),
        (&json!("S1"), &json!("SMS"), &json!("US"))
    );
    let (since, until): (jiff::Timestamp, jiff::Timestamp) =
        (report["since"].as_str().unwrap().parse().unwrap(), report["until"].as_str().unwrap().parse().unwrap());
    assert_eq!((until - since).as_secs_f64(), 300.0, "it is tried again after five minutes");
    tell(&server, key, "S1", (29, 0, 0));
    tell(&server, key, "S1", (1, 0, 0));
    server.until("it recovers", || reports(&server, key).is_empty());
}

#[test]
fn a_report_by_hand_wins_over_receipts_until_it_ends_or_is_removed() {
    let server = started("");
    let key = server.key();
    server.put(S1, &json!({ "status": "HEALTHY", "channel": "SMS" })).expect(200);
    tell(&server, key, "S1", (0, 0, 30));
    server.until("receipts say so", || reports(&server, key) == ["HEALTHY HAND", "UNHEALTHY RECEIPTS"]);
    assert_eq!(server.get("/v1/health").json()["paging"]["totalResults"], 0);
    server.delete(S1).expect(204);
    assert_eq!(reports(&server, key), ["UNHEALTHY RECEIPTS"]);
    assert_eq!(server.get("/v1/health").json()["paging"]["totalResults"], 1);
}

#[test]
fn a_sender_without_traffic_is_tried_again_after_a_time_and_falls_again_for_twice_as_long() {
    // A slow machine may not look before a short time is over.
    assert!([3, 20].into_iter().any(falls_twice), "it does not fall");
}

/// A sender that is tried again after so many seconds falls twice, and is well at last. False if it was not seen to be down.
fn falls_twice(seconds: u32) -> bool {
    let server = started(&format!("[health]\nretry_seconds = {seconds}\nleast_receipts = 5\n"));
    let key = server.key();
    // The first report, once there is one: it is looked for, for half a minute.
    let first_report = |path: &str, list: &str| {
        let began = Instant::now();
        loop {
            let report = server.get(path).expect(200).json()[list][0].clone();
            if !report.is_null() || began.elapsed() > Duration::from_secs(30) {
                return Some(report).filter(|report| !report.is_null());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let mut waits = Vec::new();
    for turn in 0..2 {
        // On trial 40 % is too much, which is not enough to fall the first time.
        tell(&server, key, "S1", if turn == 0 { (0, 5, 0) } else { (6, 4, 0) });
        let Some(report) = first_report(S1, "reports") else { return false };
        let time = |name: &str| report[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        waits.push((time("until") - time("since")).as_secs_f64());
        let began = Instant::now();
        server.until("it is tried again", || reports(&server, key).is_empty());
        println!("tried again after {} ms", began.elapsed().as_millis());
    }
    assert_eq!(waits, [1, 2].map(|times| f64::from(times * seconds)));
    tell(&server, key, "S1", (10, 0, 0));
    tell(&server, key, "S2", (0, 10, 0));
    // By then those of S1 are counted.
    let Some(report) = first_report("/v1/health", "results") else { return false };
    assert_eq!(report["senderId"], "S2", "{report}");
    assert!(reports(&server, key).is_empty());
    true
}

#[test]
fn wrong_receipts_are_refused_with_their_property_and_none_is_counted() {
    let server = started("");
    let good = json!({ "senderId": "S1", "channel": "SMS", "country": "US", "undelivered": 40 });
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    for (receipt, property) in [
        (with("senderId", json!("S3")), "receipts[1].senderId"),
        (with("channel", json!("FAX")), "receipts[1].channel"),
        (with("country", json!("USA")), "receipts[1].country"),
        (with("country", json!("DE")), "receipts[1].country"),
        (with("channel", json!("MMS")), "receipts[1].country"),
        (with("undelivered", json!(0)), "receipts[1].delivered"),
        (with("blocked", json!(1_000_001)), "receipts[1].blocked"),
        (with("blocked", json!(-1)), "receipts[1].blocked"),
        (with("lost", json!(1)), "receipts[1].lost"),
    ] {
        let refused = server.post("/v1/receipts", &json!({ "receipts": [good, receipt] })).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{refused}");
    }
    server.post("/v1/receipts", &json!({ "receipts": [] })).expect(400);
    server.post("/v1/receipts", &json!({ "receipts": vec![good; 1_001] })).expect(400);
    tell(&server, server.key(), "S2", (0, 30, 0));
    server.until("S2 falls", || server.get("/v1/health").json()["paging"]["totalResults"] == 1);
    assert!(reports(&server, server.key()).is_empty());
}

#[test]
fn a_tenants_receipts_count_as_messages() {
    // What is taken beyond a second or two comes back after a minute and a half.
    let server = started("[tenant]\nmessages_per_second = 1\n");
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    let association = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
                              "resourceId": "S1" });
    server.post("/provisioning/1/associations", &association).expect(201);
    let key = json!({ "name": "shop", "scopes": ["numbers:manage"], "applicationId": "shop" });
    let shop = server.post("/v1/keys", &key).expect(201).json()["key"].as_str().unwrap().to_owned();
    let receipt = json!({ "senderId": "S1", "channel": "SMS", "country": "US", "delivered": 1 });
    let many = json!({ "receipts": vec![receipt; 100] });
    server.ask(&shop, "POST", "/v1/receipts", Some(&many)).expect(202);
    let refused = server.ask(&shop, "POST", "/v1/receipts", Some(&many)).expect(429);
    assert!(refused.text.contains("tenant.messages_per_second") && refused.header("retry-after").is_some());
}

#[test]
fn the_receipts_of_a_fleet_add_up_and_both_nodes_follow() {
    let database = Database::start();
    let config = format!("[catalog]\nstore = \"{}\"", database.address());
    let first = Server::with(&config);
    let key = first.key().to_owned();
    let data = folder("second");
    let second = Server::at(&data, &config, &[]);
    platform(&first, &key);
    second.until("the platform", || second.ask(&key, "GET", "/v1/senders/S2", None).status == 200);
    // Neither has enough of them.
    tell(&first, &key, "S1", (0, 20, 0));
    tell(&second, &key, "S1", (0, 20, 0));
    let began = Instant::now();
    for node in [&first, &second] {
        node.until("both know that it fell", || reports(node, &key) == ["UNHEALTHY RECEIPTS"]);
    }
    println!("known to both after {} ms", began.elapsed().as_millis());
    // The counts are kept: what one node was told goes on counting on the other.
    second.kill();
    tell(&first, &key, "S1", (25, 0, 0));
    let second = Server::at(&data, &config, &[]);
    assert_eq!(reports(&second, &key), ["UNHEALTHY RECEIPTS"], "and the fall is known after a restart");
    tell(&second, &key, "S1", (25, 0, 0));
    for node in [&first, &second] {
        node.until("it recovers", || reports(node, &key).is_empty());
    }
}
