//! Explanations: bounded, whatever a policy says, and written one by one.

use serde_json::{Value, json};

use crate::policies::{TO, server, upload};
use callsign_tests::component::Component;
use callsign_tests::platform::Platform;
use callsign_tests::service::Server;

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
    for dry_run in [true, false] {
        let reply = server.post("/v1/decisions", &request("shop", 60, dry_run)).expect(200);
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
