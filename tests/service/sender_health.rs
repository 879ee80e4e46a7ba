//! The health of senders: reported with a key, shared by a fleet, kept over a restart, and no revision.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::{Server, folder};
use callsign_tests::work::median_is_within;

const S1: &str = "/v1/senders/S1/health";

/// A platform of three senders: `shop` has S1 and S2 with an entity each, S3 is of `shop` and `other`.
fn platform(server: &Server, key: &str) {
    let ask = |method: &str, path: &str, body: Value| server.ask(key, method, path, Some(&body));
    for application in ["shop", "other"] {
        ask("POST", "/provisioning/1/applications", json!({ "applicationId": application })).expect(201);
    }
    for (id, digits) in [("S1", "4155550100"), ("S2", "4155550101"), ("S3", "4155550102")] {
        let sender = json!({
            "senderId": id, "sender": format!("+1{digits}"), "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{ "channel": "SMS", "countries": ["US", "CA"] }, { "channel": "MMS", "countries": ["US"] }],
        });
        ask("POST", "/v1/senders", sender).expect(201);
    }
    for (application, sender) in [("shop", "S1"), ("shop", "S2"), ("shop", "S3"), ("other", "S3")] {
        let association = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": application,
                                  "entityId": null, "resourceId": sender });
        ask("POST", "/provisioning/1/associations", association).expect(201);
    }
}

fn started() -> Server {
    let server = Server::start();
    platform(&server, server.key());
    server
}

/// What is unhealthy, as `S1 SMS US`.
fn unhealthy(server: &Server, key: &str) -> Vec<String> {
    let all = server.ask(key, "GET", "/v1/health?size=1000", None).expect(200).json();
    let name = |report: &Value| {
        let parts = ["senderId", "channel", "country"].into_iter().filter_map(|part| report[part].as_str());
        parts.collect::<Vec<_>>().join(" ")
    };
    all["results"].as_array().unwrap().iter().map(name).collect()
}

fn head(server: &Server) -> u64 {
    server.get("/v1/audit?size=1").json()["results"][0]["revision"].as_u64().unwrap()
}

fn in_seconds(seconds: f64) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs_f64(seconds);
    at.to_string()
}

#[test]
fn what_is_reported_is_told_until_it_is_replaced_or_removed() {
    let server = started();
    let before = head(&server);
    assert_eq!(unhealthy(&server, server.key()), [] as [&str; 0]);
    let report = json!({ "status": "UNHEALTHY", "channel": "SMS", "reason": "complaints" });
    let answer = server.put(S1, &report).expect(200).json();
    assert_eq!((&answer["status"], &answer["channel"]), (&json!("UNHEALTHY"), &json!("SMS")));
    assert_eq!((&answer["origin"], &answer["reason"]), (&json!("HAND"), &json!("complaints")));
    assert!(answer["reportedBy"].as_str().unwrap().ends_with(" first"), "{answer}");
    assert!(answer.get("country").is_none() && answer.get("until").is_none(), "{answer}");
    assert_eq!(unhealthy(&server, server.key()), ["S1 SMS"]);
    let told = server.get(S1).expect(200).json();
    assert_eq!(told, json!({ "senderId": "S1", "reports": [answer] }));

    let again = server.put(S1, &report).expect(200).json();
    assert_eq!(again["since"], answer["since"], "repeating it does not begin it anew");
    server.put(S1, &json!({ "status": "UNHEALTHY", "country": "US" })).expect(200);
    server.put(S1, &json!({ "status": "HEALTHY", "channel": "SMS", "country": "US" })).expect(200);
    assert_eq!(unhealthy(&server, server.key()), ["S1 US", "S1 SMS"]);
    assert_eq!(server.get(S1).json()["reports"].as_array().unwrap().len(), 3);
    assert_eq!(server.get("/v1/health?channel=MMS").json()["paging"]["totalResults"], 1);
    assert_eq!(server.get("/v1/health?country=CA").json()["paging"]["totalResults"], 1);
    server.put(S1, &json!({ "status": "HEALTHY" })).expect(200);
    assert_eq!(unhealthy(&server, server.key()), [] as [&str; 0], "the newest report about a message counts");
    server.delete(&format!("{S1}?country=US")).expect(204);
    assert_eq!(server.get(S1).json()["reports"].as_array().unwrap().len(), 2);
    server.delete(S1).expect(204);
    server.delete(S1).expect(204);
    assert_eq!(server.get(S1).json()["reports"], json!([]));
    assert_eq!(head(&server), before, "health makes no revision");
}

#[test]
fn many_are_reported_at_once_or_none() {
    let server = started();
    let reports = json!([
        { "senderId": "S1", "status": "UNHEALTHY" },
        { "senderId": "S2", "status": "UNHEALTHY", "channel": "SMS", "country": "US" },
        { "senderId": "S2", "status": "UNHEALTHY", "channel": "SMS", "country": "CA" },
    ]);
    server.post("/v1/health", &json!({ "reports": reports })).expect(204);
    assert_eq!(unhealthy(&server, server.key()), ["S1", "S2 SMS US", "S2 SMS CA"]);
    let mut wrong = reports.as_array().unwrap().clone();
    wrong[0]["status"] = json!("HEALTHY");
    wrong.push(json!({ "senderId": "S4", "status": "HEALTHY" }));
    let refused = server.post("/v1/health", &json!({ "reports": wrong })).expect(400).json();
    assert_eq!(
        refused["violations"],
        json!([
            { "property": "reports[3].senderId", "violation": "the sender \"S4\" does not exist" }
        ])
    );
    assert_eq!(unhealthy(&server, server.key()).len(), 3, "none of them was taken");
    let many = vec![json!({ "senderId": "S1", "status": "HEALTHY" }); 1_001];
    let refused = server.post("/v1/health", &json!({ "reports": many })).expect(400).text;
    assert!(refused.contains("has 1001 reports, and may have 1 to 1000 (limits.messages)"), "{refused}");
    server.post("/v1/health", &json!({ "reports": [] })).expect(400);
    let twice = json!([{ "senderId": "S1", "status": "HEALTHY" }, { "senderId": "S1", "status": "UNHEALTHY" }]);
    let refused = server.post("/v1/health", &json!({ "reports": twice })).expect(400).json();
    assert_eq!(refused["violations"][0]["property"], "reports[1].senderId");
}

#[test]
fn a_wrong_report_is_refused_with_its_property() {
    let server = started();
    let long = "x".repeat(256);
    for (report, property) in [
        (json!({ "status": "SICK" }), "status"),
        (json!({}), "status"),
        (json!({ "status": "HEALTHY", "channel": "FAX" }), "channel"),
        (json!({ "status": "HEALTHY", "country": "us" }), "country"),
        (json!({ "status": "HEALTHY", "country": "ZZ" }), "country"),
        (json!({ "status": "HEALTHY", "until": "tomorrow" }), "until"),
        (json!({ "status": "HEALTHY", "until": "2020-01-01T00:00:00Z" }), "until"),
        (json!({ "status": "HEALTHY", "reason": long }), "reason"),
        (json!({ "status": "HEALTHY", "since": "2020-01-01T00:00:00Z" }), "since"),
    ] {
        let refused = server.put(S1, &report).expect(400).json();
        assert_eq!(refused["violations"][0]["property"], property, "{report}: {refused}");
    }
    server.put("/v1/senders/S4/health", &json!({ "status": "HEALTHY" })).expect(404);
    server.get("/v1/senders/S4/health").expect(404);
    server.delete("/v1/senders/S4/health").expect(404);
    assert_eq!(server.get(S1).json()["reports"], json!([]));
}

#[test]
fn a_report_ends_when_it_says() {
    let server = started();
    server.put("/v1/senders/S2/health", &json!({ "status": "UNHEALTHY" })).expect(200);
    // A slow machine gets more time to see it before it ends.
    let end = [3.0, 10.0, 40.0].into_iter().find_map(|seconds| {
        let until = in_seconds(seconds);
        let end: jiff::Timestamp = until.parse().unwrap();
        let reply = server.put(S1, &json!({ "status": "UNHEALTHY", "until": until }));
        let told = unhealthy(&server, server.key());
        let is_in_time = jiff::Timestamp::now() < end;
        assert!(!is_in_time || (reply.status == 200 && told == ["S1", "S2"]), "{reply:?}, {told:?}");
        is_in_time.then_some(end)
    });
    let end = end.expect("the report is told of before it ends");
    server.until("the report ends", || {
        let asked = jiff::Timestamp::now();
        let is_over = unhealthy(&server, server.key()) == ["S2"];
        // However long an answer takes: whoever asked a second later is not told of it.
        let late = asked.duration_since(end);
        assert!(is_over || late.as_secs_f64() < 1.0, "{late:?} after its end");
        is_over
    });
    let early = end.duration_since(jiff::Timestamp::now());
    assert!(early.as_secs_f64() < 0.01, "{early:?} before its end");
}

#[test]
fn a_tenant_reports_the_senders_that_it_alone_uses_and_sees_its_own() {
    let server = started();
    let key = json!({ "name": "shop", "scopes": ["numbers:manage"], "applicationId": "shop" });
    let shop = server.post("/v1/keys", &key).expect(201).json()["key"].as_str().unwrap().to_owned();
    let key = json!({ "name": "other", "scopes": ["numbers:manage"], "applicationId": "other" });
    let other = server.post("/v1/keys", &key).expect(201).json()["key"].as_str().unwrap().to_owned();
    let report = json!({ "status": "UNHEALTHY", "reason": "r" });
    let told = server.ask(&shop, "PUT", S1, Some(&report)).expect(200).json();
    assert!(told.get("reportedBy").is_none(), "{told}");
    let refused = server.ask(&shop, "PUT", "/v1/senders/S3/health", Some(&report)).expect(403).text;
    assert!(refused.contains("not this application alone uses the sender \\\"S3\\\""), "{refused}");
    server.ask(&shop, "DELETE", "/v1/senders/S3/health", None).expect(403);
    server.ask(&other, "PUT", S1, Some(&report)).expect(404);
    server.ask(&other, "GET", S1, None).expect(404);
    let receipts = |sender: &str| {
        json!({ "receipts": [
        { "senderId": sender, "channel": "SMS", "country": "US", "delivered": 1 }
    ] })
    };
    server.ask(&shop, "POST", "/v1/receipts", Some(&receipts("S1"))).expect(202);
    server.ask(&shop, "POST", "/v1/receipts", Some(&receipts("S3"))).expect(403);
    server.ask(&other, "POST", "/v1/receipts", Some(&receipts("S1"))).expect(400);
    let bulk = json!({ "reports": [{ "senderId": "S3", "status": "UNHEALTHY" }] });
    server.ask(&shop, "POST", "/v1/health", Some(&bulk)).expect(403);
    server.post("/v1/health", &bulk).expect(204);
    assert_eq!(unhealthy(&server, &shop), ["S1", "S3"]);
    assert_eq!(unhealthy(&server, &other), ["S3"]);
    // A key without the scope of senders neither reads nor writes it.
    let key = json!({ "name": "d", "scopes": ["decisions:make"], "applicationId": "shop" });
    let deciding = server.post("/v1/keys", &key).expect(201).json()["key"].as_str().unwrap().to_owned();
    for (method, path, body) in [
        ("GET", S1, None),
        ("PUT", S1, Some(&report)),
        ("DELETE", S1, None),
        ("GET", "/v1/health", None),
        ("POST", "/v1/health", Some(&bulk)),
        ("POST", "/v1/receipts", Some(&bulk)),
    ] {
        server.ask(&deciding, method, path, body).expect(403);
    }
}

#[test]
fn health_goes_with_its_sender() {
    let server = started();
    server.put(S1, &json!({ "status": "UNHEALTHY" })).expect(200);
    server.put("/v1/senders/S2/health", &json!({ "status": "UNHEALTHY" })).expect(200);
    server.delete("/v1/senders/S1?force=true").expect(204);
    server.until("its report is gone", || unhealthy(&server, server.key()) == ["S2"]);
    let sender = json!({ "senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
                         "coverage": [{ "channel": "SMS", "countries": ["US"] }] });
    server.post("/v1/senders", &sender).expect(201);
    assert_eq!(server.get(S1).json()["reports"], json!([]), "a new sender has no past");
}

/// The sender of a message to a recipient, or why it has none.
fn decide(server: &Server, key: &str) -> String {
    let message = json!({ "applicationId": "shop", "channel": "SMS", "to": "+12125550123" });
    let decision = server.ask(key, "POST", "/v1/decisions", Some(&message)).expect(200).json();
    let id = decision["sender"]["senderId"].as_str().or(decision["senderId"].as_str());
    id.map_or_else(|| decision.to_string(), str::to_owned)
}

/// A strategy of `shop`.
fn strategy(server: &Server, key: &str, skips: bool) {
    let body =
        json!({ "sendingStrategyId": "G", "platform": { "applicationId": "shop" }, "skipUnhealthySenders": skips });
    server.ask(key, "POST", "/v1/strategies", Some(&body)).expect(201);
}

#[test]
fn health_steers_decisions_of_strategies_that_skip_unhealthy_senders_and_an_explanation_says_since_when() {
    let server = started();
    strategy(&server, server.key(), true);
    let (key, chosen) = (server.key(), decide(&server, server.key()));
    let path = format!("/v1/senders/{chosen}/health");
    let before = head(&server);
    server.put(&path, &json!({ "status": "UNHEALTHY", "channel": "SMS", "country": "CA" })).expect(200);
    assert_eq!(decide(&server, key), chosen, "it is unhealthy elsewhere");
    let report = server.put(&path, &json!({ "status": "UNHEALTHY", "country": "US" })).expect(200).json();
    let other = decide(&server, key);
    assert!(other != chosen && other.starts_with('S'), "the answer came once decisions follow: {other}");
    let message = json!({ "applicationId": "shop", "channel": "SMS", "to": "+12125550123", "explain": true });
    let explained = server.post("/v1/decisions", &message).expect(200).text;
    let since = report["since"].as_str().unwrap().split('.').next().unwrap().to_owned();
    assert!(explained.contains(&format!("unhealthy since {since}")), "{since} in {explained}");
    // Where every one is unhealthy, all go on.
    for sender in ["S1", "S2", "S3"] {
        server.put(&format!("/v1/senders/{sender}/health"), &json!({ "status": "UNHEALTHY" })).expect(200);
    }
    assert_eq!(decide(&server, key), chosen);
    server.delete(&path).expect(204);
    assert_eq!(decide(&server, key), chosen, "it alone is healthy");
    assert_eq!(head(&server), before, "nothing of this made a revision");
}

#[test]
fn a_strategy_that_does_not_skip_unhealthy_senders_uses_them() {
    let server = started();
    strategy(&server, server.key(), false);
    let chosen = decide(&server, server.key());
    server.put(&format!("/v1/senders/{chosen}/health"), &json!({ "status": "UNHEALTHY" })).expect(200);
    assert_eq!(decide(&server, server.key()), chosen);
}

#[test]
fn messages_leave_a_sender_that_falls_by_its_receipts_and_come_back() {
    let server = started();
    strategy(&server, server.key(), true);
    let chosen = decide(&server, server.key());
    let receipts = json!({ "receipts": [
        { "senderId": chosen, "channel": "SMS", "country": "US", "delivered": 5, "undelivered": 25 }
    ] });
    server.post("/v1/receipts", &receipts).expect(202);
    server.until("messages go elsewhere", || decide(&server, server.key()) != chosen);
    let receipts = json!({ "receipts": [{ "senderId": chosen, "channel": "SMS", "country": "US", "delivered": 30 }] });
    server.post("/v1/receipts", &receipts).expect(202);
    server.until("and come back", || decide(&server, server.key()) == chosen);
}

/// Two nodes on a database; the first made the first key.
fn pair(config: &str) -> (Server, Server, String) {
    let first = Server::with(config);
    let key = first.key().to_owned();
    let data = folder("second");
    (first, Server::at(&data, config, &[]), key)
}

/// Health reported to one of two nodes is known to the other within a second, and to both after both were killed.
fn fleet(config: &str) {
    let (first, second, key) = pair(config);
    platform(&first, &key);
    second.until("the platform", || second.ask(&key, "GET", "/v1/senders/S3", None).status == 200);
    let report = |server: &Server, status: &str, country: &str| {
        let body = json!({ "status": status, "channel": "SMS", "country": country });
        server.ask(&key, "PUT", S1, Some(&body)).expect(200);
    };
    let plain = || drop(second.ask(&key, "GET", "/v1/senders/S3", None).expect(200));
    let within = Duration::from_millis(500);
    median_is_within(within, 20, "the health of a sender is known to the other node", plain, |turn| {
        let (here, there) = if turn % 2 == 0 { (&first, &second) } else { (&second, &first) };
        let (status, expected) = if turn % 4 < 2 { ("UNHEALTHY", &["S1 SMS US"][..]) } else { ("HEALTHY", &[][..]) };
        report(here, status, "US");
        let began = Instant::now();
        assert_eq!(unhealthy(here, &key), expected, "where it was reported it is known at once");
        there.until("the other node knows it", || unhealthy(there, &key) == expected);
        began.elapsed()
    });

    strategy(&first, &key, true);
    second.until("the strategy", || decide(&second, &key).starts_with('S'));
    let chosen = decide(&first, &key);
    let path = format!("/v1/senders/{chosen}/health");
    first.ask(&key, "PUT", &path, Some(&json!({ "status": "UNHEALTHY" }))).expect(200);
    second.until("the other node decides otherwise", || decide(&second, &key) != chosen);

    report(&first, "UNHEALTHY", "US");
    report(&second, "UNHEALTHY", "CA");
    let nodes = [(first.data.clone(), first), (second.data.clone(), second)].map(|(data, server)| {
        server.kill();
        Server::at(&data, config, &[])
    });
    for node in &nodes {
        let all = unhealthy(node, &key);
        assert!(["S1 SMS CA", "S1 SMS US"].iter().all(|report| all.contains(&(*report).into())), "{all:?}");
        assert_ne!(decide(node, &key), chosen, "as soon as it listens");
    }

    let [first, second] = nodes;
    let path = "/v1/senders/S2/health";
    first.ask(&key, "PUT", path, Some(&json!({ "status": "UNHEALTHY" }))).expect(200);
    second.until("the other node knows it", || unhealthy(&second, &key).contains(&"S2".into()));
    second.ask(&key, "DELETE", "/v1/senders/S2?force=true", None).expect(204);
    let sender = json!({ "senderId": "S2", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER",
                         "coverage": [{ "channel": "SMS", "countries": ["US"] }] });
    second.ask(&key, "POST", "/v1/senders", Some(&sender)).expect(201);
    for node in [&first, &second] {
        let reports = || node.ask(&key, "GET", path, None);
        node.until("its health went with it", || reports().status == 200 && reports().json()["reports"] == json!([]));
    }
}

#[test]
fn a_fleet_on_postgresql_shares_health_within_a_second_and_keeps_it() {
    let database = Database::start();
    fleet(&format!("[catalog]\nstore = \"{}\"", database.address()));
}

#[test]
fn two_nodes_on_one_file_share_health_within_a_second_and_keep_it() {
    let shared = folder("shared").join("catalog.sqlite");
    fleet(&format!("[catalog]\nstore = {:?}", shared.to_str().unwrap()));
}

#[test]
fn health_cannot_be_reported_while_the_database_is_away_and_what_was_goes_on() {
    let database = Database::start();
    let server = Server::with(&format!("[catalog]\nstore = \"{}\"", database.address()));
    platform(&server, server.key());
    server.put(S1, &json!({ "status": "UNHEALTHY" })).expect(200);
    server.put("/v1/senders/S2/health", &json!({ "status": "UNHEALTHY", "until": in_seconds(4.0) })).expect(200);
    database.kill();
    server.until("it is away", || server.send(&[], "GET", "/readyz", None).status == 503);
    let refused = server.put(S1, &json!({ "status": "HEALTHY" })).expect(503);
    assert!(refused.header("retry-after").is_some());
    server.until("the other report ends all the same", || unhealthy(&server, server.key()) == ["S1"]);
    let receipts = json!({ "receipts": [
        { "senderId": "S2", "channel": "SMS", "country": "US", "undelivered": 40 }
    ] });
    server.post("/v1/receipts", &receipts).expect(202);
    database.go_on();
    server.until("receipts are counted afterwards", || unhealthy(&server, server.key()) == ["S1", "S2 SMS US"]);
    server.put(S1, &json!({ "status": "HEALTHY" })).expect(200);
}
