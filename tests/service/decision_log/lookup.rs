//! Every decision is found again, by those who may see it.

use serde_json::{Value, json};

use callsign_tests::service::{Server, folder};

use super::{decide, found, ids, message, recording, until_recorded};

#[test]
fn every_decision_over_http_is_in_the_log_with_what_it_said() {
    let data = folder("recorded");
    let server = recording(&data, "");
    let key = server.key().to_owned();
    let single = message("shop", "single");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("authorization", &*format!("App {key}")), ("traceparent", trace)];
    let decided =
        server.send(&headers, "POST", "/v1/decisions", Some(single.to_string().as_bytes())).expect(200).json();
    let mut batch: Vec<Value> = (0..100).map(|number| message("care", &format!("batch-{number}"))).collect();
    batch[7]["applicationId"] = json!("nowhere");
    batch[8]["to"] = json!("no number");
    batch[9]["from"] = json!("+12125550101");
    batch[10]["messageType"] = json!("PROMOTIONAL");
    let decisions = decide(&server, &key, &batch);
    // Neither of these is a decision.
    let mut asked = message("shop", "asked");
    asked["dryRun"] = json!(true);
    server.post("/v1/decisions", &asked).expect(200);
    server.post("/v1/decisions", &json!({ "channel": "SMS" })).expect(400);
    until_recorded(&server, 101);

    let revision = server.get("/healthz").expect(200).json()["revision"].as_u64().unwrap();
    let logged = &found(&server, &key, "&messageId=single", 10)[0];
    assert_eq!(logged["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(logged["catalog"], format!("revision:{}", revision_of_catalog(&server, revision)));
    assert_eq!((logged.get("to"), logged["country"].as_str()), (None, Some("US")));
    assert_eq!(logged["recipientHash"].as_str().unwrap().len(), 32);
    let all = found(&server, &key, "", 1_000);
    assert_eq!(all.len(), 101);
    for (message, decision) in batch.iter().zip(&decisions).chain([(&single, &decided)]) {
        let logged = all.iter().find(|logged| logged["messageId"] == message["messageId"]).unwrap();
        for (field, of_decision) in [("senderId", "senderId"), ("step", "step"), ("sendingStrategyId", "strategyId")] {
            assert_eq!(logged.get(field), decision.get(of_decision), "{field} of {logged} and {decision}");
        }
        assert_eq!(logged["refusal"]["code"], decision["refusal"]["code"], "{logged} and {decision}");
        for field in ["applicationId", "channel", "from", "messageType"] {
            assert_eq!(logged.get(field), message.get(field), "{field} of {logged}");
        }
        assert!(logged["time"].as_str().unwrap().ends_with('Z'), "{logged}");
    }
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}

/// The newest revision up to one that changed the catalog: keys and bindings do not.
fn revision_of_catalog(server: &Server, newest: u64) -> u64 {
    let of_catalog = ["application", "entity", "sender", "association", "strategy", "defaultSender"];
    let log = server.get("/v1/audit?size=1000").expect(200).json();
    let changes_catalog = |entry: &&Value| {
        let mut changes = entry["changes"].as_array().unwrap().iter();
        changes.any(|change| of_catalog.contains(&change["kind"].as_str().unwrap()))
    };
    let found = log["results"].as_array().unwrap().iter().find(changes_catalog).unwrap();
    found["revision"].as_u64().filter(|revision| *revision <= newest).unwrap()
}

#[test]
fn a_decision_names_the_revision_that_it_was_made_on_and_its_catalog_can_be_read() {
    let data = folder("revisions");
    let server = recording(&data, "");
    let key = server.key().to_owned();
    let mut catalogs = Vec::new();
    for number in 0..5 {
        let application = json!({ "applicationId": format!("more-{number}") });
        server.post("/provisioning/1/applications", &application).expect(201);
        decide(&server, &key, &[message("shop", &format!("m{number}"))]);
        catalogs.push(server.get("/v1/catalog").expect(200).text);
    }
    until_recorded(&server, 5);
    for (number, catalog) in catalogs.iter().enumerate() {
        let logged = &found(&server, &key, &format!("&messageId=m{number}"), 10)[0];
        let revision = logged["catalog"].as_str().unwrap().strip_prefix("revision:").unwrap();
        assert_eq!(server.get(&format!("/v1/catalog?revision={revision}")).expect(200).text, *catalog);
    }
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn decisions_are_found_by_each_filter_and_in_pages_the_newest_first() {
    let data = folder("filters");
    let server = recording(&data, "");
    let key = server.key().to_owned();
    let mut messages: Vec<Value> = (0..50).map(|number| message("shop", &format!("m{number}"))).collect();
    messages[3]["entityId"] = json!("acme");
    messages[4]["applicationId"] = json!("nowhere");
    messages[5]["to"] = json!("+1 (415) 777-1234");
    let mut decisions = Vec::new();
    // What is recorded within 50 ms by several threads is in any order.
    for (number, messages) in messages.chunks(10).enumerate() {
        decisions.extend(messages.iter().flat_map(|one| decide(&server, &key, std::slice::from_ref(one))));
        until_recorded(&server, 10 * (number as u64 + 1));
    }
    let find = |query: &str| found(&server, &key, query, 1_000);
    let all = find("");
    let tens: Vec<Vec<&str>> = ids(&all).chunks(10).map(|ten| sorted(ten.to_vec())).collect();
    let newest_first = (0..5).rev().map(|ten| (0..10).map(|one| format!("m{}", 10 * ten + one)).collect::<Vec<_>>());
    assert_eq!(tens, newest_first.map(sorted).collect::<Vec<_>>());
    for size in [1, 7, 50] {
        assert_eq!(found(&server, &key, "", size), all, "pages of {size}");
    }
    assert_eq!(ids(&find("&messageId=m7")), ["m7"]);
    assert_eq!(ids(&find("&entityId=acme")), ["m3"]);
    assert_eq!(ids(&find("&refusal=NO_STRATEGY")), ["m4"]);
    assert_eq!(ids(&find("&applicationId=nowhere")), ["m4"]);
    // In any form, or under the key of the log.
    let of = |id: &str| all.iter().find(|logged| logged["messageId"] == id).unwrap();
    let hash = of("m5")["recipientHash"].as_str().unwrap();
    for to in ["%2B14157771234", "14157771234", "%2B1%20415%20777%201234", hash] {
        assert_eq!(ids(&find(&format!("&to={to}"))), ["m5"], "{to}");
    }
    let by_sender = ids(&find("&senderId=S1")).len();
    assert_eq!(by_sender, decisions.iter().filter(|decision| decision["senderId"] == "S1").count());
    assert_eq!(ids(&find("&senderId=S1&messageId=m4")), [""; 0]);
    // Times are those of the decisions.
    let time = |id: &str| of(id)["time"].as_str().unwrap().to_owned();
    let between = find(&format!("&since={}&until={}", time("m20"), time("m23")));
    assert_eq!(sorted(ids(&between)), ["m20", "m21", "m22"]);

    for (query, property) in [
        ("since=yesterday", "since"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("after=42-1234", "after"),
        ("size=0", "size"),
        ("size=1001", "size"),
        ("entityId=", ""),
        (&format!("to={}", "1".repeat(256)), "to"),
    ] {
        let reply = server.get(&format!("/v1/decisions?{query}"));
        if property.is_empty() {
            reply.expect(200);
        } else {
            assert_eq!(reply.expect(400).json()["violations"][0]["property"], property, "{query}");
        }
    }
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_tenant_finds_its_own_decisions_alone_and_learns_nothing_of_how_many_others_make() {
    let data = folder("tenants");
    let server = recording(&data, "");
    let (shop, care) = (server.new_key(Some("shop"), &[]), server.new_key(Some("care"), &[]));
    for number in 0..20 {
        let own = json!({ "messageId": format!("s{number}"), "channel": "SMS", "to": "+14155550123" });
        decide(&server, &shop, &[own]);
        decide(&server, &care, &[message("care", &format!("c{number}"))]);
    }
    until_recorded(&server, 40);
    decide(&server, server.key(), &[message("shop", "of the platform")]);
    until_recorded(&server, 41);
    let seen = found(&server, &shop, "", 6);
    assert_eq!(seen.len(), 21);
    assert_eq!(ids(&seen)[0], "of the platform", "it is a message of this application");
    assert!(ids(&seen)[1..].iter().all(|id| id.starts_with('s')), "{seen:?}");
    assert!(seen.iter().all(|decision| decision.get("position").is_none()), "{seen:?}");
    for query in ["&messageId=c3", "&applicationId=care", "&applicationId=nowhere"] {
        assert_eq!(found(&server, &shop, query, 100), Vec::<Value>::new(), "{query}");
    }
    assert_eq!(found(&server, server.key(), "", 1_000).len(), 41);
    let only_decides = server.new_key(Some("shop"), &["decisions:make"]);
    server.ask(&only_decides, "GET", "/v1/decisions", None).expect(403);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_next_owner_of_an_applications_id_finds_and_compares_nothing_of_the_one_before() {
    let data = folder("next-owner");
    let server = recording(&data, "");
    let platform = server.key().to_owned();
    let before = server.new_key(Some("shop"), &[]);
    decide(&server, &before, &[message("shop", "of the first")]);
    until_recorded(&server, 1);
    server.delete("/provisioning/1/applications/shop").expect(200);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    let next = server.new_key(Some("shop"), &[]);
    decide(&server, &next, &[message("shop", "of the next")]);
    until_recorded(&server, 2);
    let check = |server: &Server| {
        assert_eq!(ids(&found(server, &next, "", 10)), ["of the next"]);
        assert_eq!(
            found(server, &next, "&since=2000-01-01T00:00:00Z&until=2001-01-01T00:00:00Z", 10),
            Vec::<Value>::new()
        );
        assert_eq!(found(server, &platform, "&applicationId=shop", 10).len(), 2);
        let body = json!({ "module": "standard", "since": "2000-01-01T00:00:00Z" });
        let job = server.ask(&next, "POST", "/v1/what-if", Some(&body)).expect(202).json();
        let path = format!("/v1/what-if/{}", job["whatIfId"].as_str().unwrap());
        let now = || server.ask(&next, "GET", &path, None).expect(200).json();
        server.until("it is compared", || now()["state"] == "DONE");
        assert_eq!(now()["records"], 1);
    };
    check(&server);
    assert_eq!(server.end(), Some(0));
    check(&recording(&data, ""));
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_service_that_records_nothing_says_so_and_an_empty_log_has_nothing() {
    let server = Server::start();
    let fault = server.get("/v1/decisions").expect(404).text;
    assert!(fault.contains("log.directory"), "{fault}");
    server.post("/v1/what-if", &json!({ "module": "standard" })).expect(404);
    let data = folder("empty");
    let server = recording(&data, "");
    assert_eq!(server.get("/v1/decisions").expect(200).json(), json!({ "results": [] }));
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn recipients_are_plain_and_attributes_left_out_where_the_configuration_says_so() {
    let data = folder("plain");
    let server = recording(&data, "recipients = \"plain\"\nattributes = \"campaign\"");
    let mut of_campaign = message("shop", "m");
    of_campaign["attributes"] = json!({ "campaign": "spring", "name": "Ada" });
    decide(&server, server.key(), &[of_campaign.clone()]);
    until_recorded(&server, 1);
    let logged = &found(&server, server.key(), "&to=%2B14155559999", 1);
    assert!(logged.is_empty(), "{logged:?}");
    let to = of_campaign["to"].as_str().unwrap().replace('+', "%2B");
    let logged = &found(&server, server.key(), &format!("&to={to}"), 1)[0];
    assert_eq!((&logged["to"], logged.get("recipientHash")), (&of_campaign["to"], None));
    assert_eq!(logged["attributes"], json!({ "campaign": "spring" }));
    assert_eq!(logged["hasOtherAttributes"], true);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}
