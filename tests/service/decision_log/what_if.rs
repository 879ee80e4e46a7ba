//! Recorded messages are decided on something else, in the background, by those who may.

use serde_json::{Value, json};

use callsign_tests::service::{Server, folder};

use super::{decide, message, recording, until_recorded};
use crate::policies::{always, upload};

/// Begins a comparison; its id.
#[track_caller]
fn begin(server: &Server, key: &str, body: &Value) -> String {
    let job = server.ask(key, "POST", "/v1/what-if", Some(body)).expect(202).json();
    job["whatIfId"].as_str().unwrap().to_owned()
}

/// The report of a comparison, once it is done.
#[track_caller]
fn report(server: &Server, key: &str, body: &Value) -> Value {
    let id = begin(server, key, body);
    server.until("the comparison is done", || {
        let job = server.ask(key, "GET", &format!("/v1/what-if/{id}"), None).expect(200).json();
        assert_ne!(job["state"], "FAILED", "{job}");
        job["state"] == "DONE"
    });
    server.ask(key, "GET", &format!("/v1/what-if/{id}/report"), None).expect(200).json()
}

/// A service that has decided a hundred messages of `shop` and of `care`, and the decisions of each.
fn decided(data: &std::path::Path) -> (Server, Vec<Value>, Vec<Value>) {
    let server = recording(data, "");
    let key = server.key().to_owned();
    let of = |application: &str| {
        let messages: Vec<Value> =
            (0..100).map(|number| message(application, &format!("{application}-{number}"))).collect();
        decide(&server, &key, &messages)
    };
    let (shop, care) = (of("shop"), of("care"));
    until_recorded(&server, 200);
    (server, shop, care)
}

fn not_from(decisions: &[Value], sender: &str) -> u64 {
    decisions.iter().filter(|decision| decision["senderId"] != sender).count() as u64
}

#[test]
fn a_module_strategies_or_a_catalog_change_exactly_the_decisions_that_they_would() {
    let data = folder("what-if");
    let (server, shop, care) = decided(&data);
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 1));
    let by_module = report(&server, &key, &json!({ "module": "acme@1.0.0" }));
    assert_eq!(
        (&by_module["records"], &by_module["compared"], &by_module["isComplete"]),
        (&json!(200), &json!(200), &json!(true))
    );
    assert_eq!(by_module["changed"], not_from(&shop, "S1") + not_from(&care, "S1"), "{by_module}");
    // The standard policy decides as it did.
    let same = report(&server, &key, &json!({ "module": "standard" }));
    assert_eq!((&same["compared"], &same["changed"]), (&json!(200), &json!(0)), "{same}");
    // A strategy of one application leaves the other as it is. The catalog has changed since.
    server.post("/provisioning/1/applications", &json!({ "applicationId": "later" })).expect(201);
    let strategy = json!({ "sendingStrategyId": "shop", "platform": { "applicationId": "shop" }, "senderIds": ["S2"] });
    let by_strategy = report(&server, &key, &json!({ "strategies": [strategy] }));
    assert_eq!(by_strategy["changed"], not_from(&shop, "S2"), "{by_strategy}");
    let of_care = report(&server, &key, &json!({ "applicationId": "care", "strategies": [strategy] }));
    assert_eq!((&of_care["compared"], &of_care["changed"]), (&json!(100), &json!(0)), "{of_care}");
    // In another catalog one has no sender any more.
    let mut catalog = server.get("/v1/catalog").expect(200).json();
    for sender in catalog["senders"].as_array_mut().unwrap() {
        sender["status"] = json!("SUSPENDED");
    }
    let by_catalog = report(&server, &key, &json!({ "catalog": catalog }));
    let refusal = &by_catalog["refusals"][0];
    assert_eq!((&refusal["code"], &refusal["new"]), (&json!("NO_ELIGIBLE_SENDER"), &json!(200)), "{by_catalog}");
    // What was decided before has no part in it, and nothing of the platform has changed by all this.
    let later = report(&server, &key, &json!({ "module": "acme@1.0.0", "since": "2100-01-01T00:00:00Z" }));
    assert_eq!(later["records"], 0, "{later}");
    assert_eq!(decide(&server, &key, &[message("shop", "shop-7")])[0]["senderId"], shop[7]["senderId"]);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_report_is_fetched_as_json_and_as_a_page_and_goes_when_it_is_removed() {
    let data = folder("reports");
    let (server, ..) = decided(&data);
    let key = server.key().to_owned();
    upload(&server, &key, &always("acme", "1.0.0", 1));
    report(&server, &key, &json!({ "module": "acme@1.0.0" }));
    let jobs = server.get("/v1/what-if").expect(200).json();
    let job = &jobs["results"][0];
    assert_eq!((&job["state"], &job["records"], &job["readBytes"]), (&json!("DONE"), &json!(200), &job["allBytes"]));
    let path = format!("/v1/what-if/{}", job["whatIfId"].as_str().unwrap());
    let page = server.get(&format!("{path}/report.html")).expect(200);
    assert!(page.text.contains("acme@1.0.0") && page.text.contains("<svg"), "{}", page.text);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    server.delete(&path).expect(204);
    for gone in [path.clone(), format!("{path}/report"), format!("{path}/report.html")] {
        server.get(&gone).expect(404);
    }
    server.delete(&path).expect(404);
    // Four are kept: the oldest that is over makes room.
    let ids: Vec<String> = (0..5)
        .map(|_| {
            let body = json!({ "module": "standard" });
            report(&server, &key, &body);
            let jobs = server.get("/v1/what-if").expect(200).json();
            jobs["results"].as_array().unwrap().last().unwrap()["whatIfId"].as_str().unwrap().to_owned()
        })
        .collect();
    let jobs = server.get("/v1/what-if").expect(200).json();
    let kept: Vec<&str> =
        jobs["results"].as_array().unwrap().iter().map(|job| job["whatIfId"].as_str().unwrap()).collect();
    assert_eq!(kept, ids[1..]);
    assert_eq!(server.end(), Some(0));
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_tenant_compares_its_own_messages_on_what_it_may_use_and_sees_its_own_reports_alone() {
    let data = folder("tenant-what-if");
    let (server, shop, _) = decided(&data);
    let (of_shop, of_care) = (server.new_key(Some("shop"), &[]), server.new_key(Some("care"), &[]));
    let mine = json!({ "strategies": [{ "sendingStrategyId": "shop", "senderIds": ["S2"] }] });
    let report = report(&server, &of_shop, &mine);
    assert_eq!((&report["records"], &report["changed"]), (&json!(100), &json!(not_from(&shop, "S2"))), "{report}");
    let id = server.ask(&of_shop, "GET", "/v1/what-if", None).expect(200).json()["results"][0]["whatIfId"].clone();
    let path = format!("/v1/what-if/{}", id.as_str().unwrap());
    for other in [&of_care, &server.key().to_owned()] {
        assert_eq!(server.ask(other, "GET", "/v1/what-if", None).expect(200).json(), json!({ "results": [] }));
        for (method, path) in [("GET", path.clone()), ("GET", format!("{path}/report")), ("DELETE", path.clone())] {
            server.ask(other, method, &path, None).expect(404);
        }
    }
    upload(&server, server.key(), &always("platforms", "1.0.0", 1));
    upload(&server, &of_care, &always("cares", "1.0.0", 1));
    let strategy = |fields: Value| json!({ "strategies": [fields] });
    server.ask(&of_shop, "POST", "/v1/what-if", Some(&json!({ "modul": "standard" }))).expect(400);
    for (body, status, property) in [
        (json!({ "applicationId": "care", "module": "standard" }), 404, ""),
        (json!({ "module": "platforms@1.0.0" }), 404, ""),
        (json!({ "module": "cares@1.0.0" }), 404, ""),
        (json!({ "catalog": {} }), 403, ""),
        (strategy(json!({ "platform": { "applicationId": "care" } })), 400, "strategies[0].platform.applicationId"),
        (strategy(json!({ "platform": {} })), 400, "strategies[0].platform.applicationId"),
        (strategy(json!({ "sendingStrategyId": "care" })), 400, "strategies[0]"),
        (strategy(json!({ "senderIds": ["S9"] })), 400, "strategies[0].senderIds[0]"),
        (strategy(json!({ "channel": "FAX" })), 400, "strategies[0].channel"),
        (json!({}), 400, ""),
        (json!({ "module": "standard", "since": "now" }), 400, "since"),
        (json!({ "module": "standard", "until": "2000-01-01T00:00:00Z" }), 400, "until"),
    ] {
        let reply = server.ask(&of_shop, "POST", "/v1/what-if", Some(&body)).expect(status);
        if status == 400 {
            assert_eq!(reply.json()["violations"][0]["property"], property, "{body}: {}", reply.text);
        }
    }
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}
