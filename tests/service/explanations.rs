//! Explanations: bounded, whatever a policy says, and written one by one.

use serde_json::{Value, json};

use crate::policies::{TO, always, server, told, try_upload, upload};
use callsign_tests::component::Component;
use callsign_tests::platform::Platform;
use callsign_tests::service::{Reply, Server};

/// So many messages of an application, to be explained.
fn request(application: &str, messages: usize, dry_run: bool) -> Value {
    let message = json!({ "applicationId": application, "channel": "SMS", "to": TO });
    json!({ "messages": vec![message; messages], "dryRun": dry_run, "explain": true })
}

#[test]
fn a_policy_that_explains_without_end_costs_a_few_bytes_a_message() {
    let server = server();
    let key = server.key().to_owned();
    for (name, notes) in [("cut", 100), ("refused", 2_000_000)] {
        let memory = format!(r#"(memory (export "memory") {})"#, 2 + notes * 8 / 65_536);
        upload(&server, &key, &Component::new(name, "1.0.0").memory(&memory).explaining(notes).build());
        server.put("/v1/binding?applicationId=shop", &json!({ "module": format!("{name}@1.0.0") })).expect(200);
        let reply = server.post("/v1/decisions", &request("shop", 150, true)).expect(200);
        assert!(reply.text.len() < 150 * 1_000, "{} bytes", reply.text.len());
        let decisions = reply.json();
        assert_eq!(decisions["decisions"].as_array().unwrap().len(), 150);
        let first = &decisions["decisions"][0];
        match notes {
            100 => {
                assert_eq!(first["senderId"], "S0");
                assert_eq!(first["explanation"]["senders"].as_array().unwrap().len(), 3);
                assert!(first["explanation"]["cut"].as_str().unwrap().contains("more than the scope has"), "{first}");
            }
            _ => assert_eq!(first["refusal"]["code"], "POLICY_FAILED", "{first}"),
        }
    }
}

#[test]
fn explanations_that_do_not_fit_into_an_answer_are_left_out_and_the_decisions_are_not() {
    let platform = (0..2_000).fold(Platform::new(), |platform, index| {
        let id = format!("S{index}");
        platform.long(&id, &format!("+1212555{index:04}")).associate("shop", &[&id])
    });
    let file = callsign_tests::service::folder("explained").join("catalog.json");
    std::fs::write(&file, platform.strategy("shop", "shop", json!({})).file()).unwrap();
    let server = Server::with_arguments("", &["--catalog", file.to_str().unwrap()]);
    // A busy machine may take longer than a request has for its policies, which are refused then: it is asked again.
    let is_in_time = |reply: &Reply| reply.json()["decisions"][59]["refusal"]["code"] != "POLICY_FAILED";
    for dry_run in [true, false] {
        let mut replies = (0..10).map(|_| server.post("/v1/decisions", &request("shop", 60, dry_run)).expect(200));
        let reply = replies.find(is_in_time).expect("an answer in time");
        assert!(reply.text.len() < 9 << 20, "{} bytes", reply.text.len());
        let decisions = reply.json();
        let decisions = decisions["decisions"].as_array().unwrap();
        let explained = |decision: &&Value| decision["explanation"]["decision"] != Value::Null;
        let count = decisions.iter().filter(explained).count();
        assert!((10..59).contains(&count), "{count} of 60 are explained");
        assert_eq!(decisions[0]["explanation"]["senders"].as_array().unwrap().len(), 2_000);
        let last = &decisions[59];
        assert!(last["explanation"]["cut"].as_str().unwrap().contains("fewer messages at a time"), "{last}");
        assert_eq!(last["senderId"], decisions[0]["senderId"], "it is decided all the same");
    }
    let alone = server.post("/v1/decisions", &json!({ "applicationId": "shop", "channel": "SMS", "to": TO }));
    assert_eq!(alone.expect(200).json().get("explanation"), None);
}

#[test]
fn what_if_decides_one_message_on_something_else_and_changes_nothing() {
    let server = server();
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let message = json!({ "applicationId": "shop", "channel": "SMS", "to": TO });
    let ask = |instead: Value| {
        let mut body = json!({ "message": message });
        body.as_object_mut().unwrap().extend(instead.as_object().unwrap().clone());
        server.post("/v1/decisions/what-if", &body)
    };
    let serving = || {
        let mut dry = message.clone();
        dry["dryRun"] = json!(true);
        server.post("/v1/decisions", &dry).expect(200).text
    };
    let audit = || server.get("/v1/audit?size=1").expect(200).text;
    let (before, revision) = (serving(), audit());

    // Another policy.
    let answer = ask(json!({ "module": "acme@1.0.0" })).expect(200).json();
    assert_eq!(told(&answer), "S1 acme@1.0.0");
    // Other strategies, each taken as the catalog would take it: one that takes the place of that which counts, and one that
    // counts before it.
    for (id, sender) in [("shop", "S0"), ("for-sms", "S2")] {
        let strategy = json!({ "sendingStrategyId": id, "channel": "SMS", "platform": { "applicationId": "shop" },
                               "senderIds": [sender] });
        let answer = ask(json!({ "strategies": [strategy] })).expect(200).json();
        assert_eq!((&answer["senderId"], &answer["strategyId"]), (&json!(sender), &json!(id)), "{answer}");
        let explained = &answer["explanation"];
        assert_eq!(explained["decision"]["senderId"], sender, "{explained}");
        assert_eq!(explained["senders"].as_array().unwrap().len(), 3);
    }
    // Both, and several channels.
    let both = json!({ "applicationId": "shop", "channels": ["RCS", "SMS"], "to": TO });
    let strategy = json!({ "platform": { "applicationId": "shop" }, "sendingStrategyId": "shop", "senderIds": ["S2"] });
    let body = json!({ "message": both, "module": "standard", "strategies": [strategy] });
    let answer = server.post("/v1/decisions/what-if", &body).expect(200).json();
    assert_eq!((&answer["channel"], &answer["senderId"]), (&json!("SMS"), &json!("S2")), "{answer}");
    // Nothing is changed by any of it.
    assert_eq!((serving(), audit()), (before, revision));

    for (instead, property) in [
        (json!({}), ""),
        (
            json!({ "strategies": [{ "platform": { "applicationId": "shop" }, "channel": "PIGEON" }] }),
            "strategies[0].channel",
        ),
        (json!({ "settings": { "surely": "not" } }), "settings"),
        (json!({ "module": "acme@1.0.0", "message": { "channel": "PIGEON", "to": TO } }), "message.channel"),
        (json!({ "module": "acme@1.0.0", "message": { "messages": [message] } }), "message"),
    ] {
        let refused = ask(instead).expect(400);
        assert!(refused.text.contains(&format!("\"{property}\"")), "{property}: {}", refused.text);
    }
    ask(json!({ "module": "acme@9.9.9" })).expect(404);
}

#[test]
fn what_if_of_a_tenant_is_about_its_own_application_strategies_and_modules() {
    let server = server();
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let tenant = server.new_key(Some("shop"), &["decisions:make", "modules:manage"]);
    try_upload(&server, &tenant, "", &always("own", "1.0.0", 2)).expect(201);
    let ask = |message: Value, instead: Value| {
        let mut body = json!({ "message": message });
        body.as_object_mut().unwrap().extend(instead.as_object().unwrap().clone());
        server.ask(&tenant, "POST", "/v1/decisions/what-if", Some(&body))
    };
    let own = json!({ "channel": "SMS", "to": TO });
    let answer = ask(own.clone(), json!({ "module": "own@1.0.0" })).expect(200).json();
    assert_eq!(told(&answer), "S2 own@1.0.0");
    let strategy = |application: &str| json!([{ "platform": { "applicationId": application }, "senderIds": ["S1"] }]);
    let answer =
        ask(own.clone(), json!({ "strategies": [{ "channel": "SMS", "senderIds": ["S1"] }] })).expect(200).json();
    assert_eq!(answer["senderId"], "S1", "{answer}");
    // Of others nothing.
    ask(own.clone(), json!({ "module": "acme@1.0.0" })).expect(404);
    assert_ne!(ask(own, json!({ "strategies": strategy("care") })).status, 200);
    let of_care = json!({ "applicationId": "care", "channel": "SMS", "to": TO });
    assert_ne!(ask(of_care, json!({ "module": "standard" })).status, 200);
    let reads = server.new_key(Some("shop"), &["audit:read"]);
    let body = json!({ "message": { "channel": "SMS", "to": TO }, "module": "standard" });
    server.ask(&reads, "POST", "/v1/decisions/what-if", Some(&body)).expect(403);
}
