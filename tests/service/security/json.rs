//! JSON that is meant to hurt whoever reads it.

use super::connection::is_well;
use crate::contract::{fault, world};
use callsign_tests::service::{Reply, Server};
use serde_json::{Value, json};

const BODIES: [(&str, &str); 6] = [
    ("POST", "/provisioning/1/applications"),
    ("PUT", "/provisioning/1/entities/acme"),
    ("POST", "/provisioning/1/associations"),
    ("DELETE", "/provisioning/1/associations"),
    ("POST", "/provisioning/2/sending-strategies"),
    ("POST", "/v1/decisions"),
];

fn send(server: &Server, method: &str, path: &str, body: &[u8]) -> Reply {
    server.send(&[("authorization", &format!("App {}", server.key()))], method, path, Some(body))
}

#[track_caller]
fn is_400(server: &Server, body: &[u8]) {
    for (method, path) in BODIES {
        let reply = send(server, method, path, body);
        if path.starts_with("/v1") {
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (400, Some("application/problem+json")),
                "{reply:?}"
            );
        } else {
            fault::check(path, &reply, 400);
        }
        assert!(reply.text.len() < 2_000, "{} bytes", reply.text.len());
    }
}

#[test]
fn deep_nesting_is_400() {
    let server = world::shared();
    for open in ["[", "{\"a\":", "{\"platform\":", "[{\"messages\":"] {
        is_400(&server, open.repeat(1_000_000 / open.len()).as_bytes());
    }
    for name in ["applicationId", "platform", "priorities", "messages", "to"] {
        is_400(&server, format!("{{\"{name}\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes());
    }
    is_well(&server);
}

#[test]
fn what_is_no_text_is_400() {
    let server = world::shared();
    for body in [
        &b"{\"applicationId\":\"\xff\"}"[..],
        b"{\"applicationId\":\"\xed\xa0\x80\"}",
        b"{\"\xc0\xaf\":1}",
        b"{\"applicationId\":\"a\0b\"}",
        b"\0{}",
        b"{}\0",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\"applicationId\":\"\\ud800\",\"to\":\"\\ud800\"}",
        b"{\"applicationId\":\"\\uZZZZ\"}",
        b"{\"applicationId\":\"a\nb\"}",
        b"{\"applicationId\":\"open",
        b"{\"applicationId\":'x'}",
        b"{\"a\":1,}",
        b"{\"a\":NaN}",
        b"{\"a\":Infinity}",
        b"{/**/}",
    ] {
        is_400(&server, body);
    }
    is_well(&server);
}

#[test]
fn nul_is_no_part_of_a_text() {
    let server = world::shared();
    for (path, body) in [
        ("/provisioning/1/applications", r#"{"applicationId":"a\u0000b"}"#),
        ("/provisioning/1/applications", r#"{"applicationId":"a","applicationName":"\u0000"}"#),
        ("/provisioning/1/entities", r#"{"entityId":"\u0000"}"#),
    ] {
        fault::check(path, &send(&server, "POST", path, body.as_bytes()), 400);
    }
    for body in [
        r#"{"channel":"SMS","to":"\u0000"}"#,
        r#"{"channel":"SMS","to":"+14155550123","entityId":"a\u0000"}"#,
        r#"{"channel":"SMS","to":"+14155550123","applicationId":"a\u0000"}"#,
        r#"{"channel":"S\u0000MS","to":"+14155550123"}"#,
    ] {
        send(&server, "POST", "/v1/decisions", body.as_bytes()).expect(400);
    }
}

#[test]
fn huge_numbers_are_numbers_and_nothing_worse() {
    let server = world::shared();
    let digits = "9".repeat(100_000);
    for number in [
        "1e999",
        "-1e999",
        "1e-999",
        "1E+400",
        &digits,
        &format!("0.{digits}"),
        "18446744073709551616",
        "-9223372036854775809",
    ] {
        is_400(
            &server,
            format!("{{\"applicationId\":{number},\"entityName\":{number},\"channel\":{number},\"to\":{number}}}")
                .as_bytes(),
        );
        let priority = format!("{{\"priorities\":[{{\"senderType\":\"SHORT_CODE\",\"priority\":{number}}}]}}");
        let path = "/provisioning/2/sending-strategies";
        fault::check(path, &send(&server, "POST", path, priority.as_bytes()), 400);
        let message = format!("{{\"channel\":\"SMS\",\"to\":\"+14155550123\",\"sentAt\":{number}}}");
        send(&server, "POST", "/v1/decisions", message.as_bytes()).expect(400);
    }
    for (time, status) in [
        ("\"1970-01-01T00:00:00Z\"", 200),
        ("\"9999-12-30T22:00:00Z\"", 200),
        ("\"9999999-12-30T22:00:00Z\"", 400),
        ("18446744073709551615", 400),
        ("9223372036854775808", 400),
    ] {
        let message = format!("{{\"channel\":\"SMS\",\"to\":\"+14155550123\",\"sentAt\":{time}}}");
        send(&server, "POST", "/v1/decisions", message.as_bytes()).expect(status);
    }
    is_well(&server);
}

#[test]
fn a_property_that_is_given_twice_is_400() {
    let server = world::shared();
    for (method, path, body) in [
        ("POST", "/provisioning/1/applications", r#"{"applicationId":"one","applicationId":"two"}"#),
        ("POST", "/provisioning/1/applications", r#"{"applicationId":"one","applicationId":"one"}"#),
        ("POST", "/provisioning/1/applications", r#"{"applicationId":"one","\u0061pplicationId":"two"}"#),
        ("PUT", "/provisioning/1/entities/acme", r#"{"entityName":"one","entityName":"two"}"#),
        (
            "POST",
            "/provisioning/2/sending-strategies",
            r#"{"platform":{"applicationId":"shop","applicationId":"bank"}}"#,
        ),
        ("POST", "/provisioning/2/sending-strategies", r#"{"platform":{"applicationId":"bank"},"platform":{}}"#),
    ] {
        let violations = fault::check(path, &send(&server, method, path, body.as_bytes()), 400);
        assert!(violations[0].1.contains("twice"), "{violations:?}");
    }
    for body in [
        r#"{"channel":"SMS","to":"+14155550123","to":"+14155550124"}"#,
        r#"{"channel":"SMS","to":"+14155550123","dryRun":true,"dryRun":false}"#,
        r#"{"messages":[{"channel":"SMS","to":"+14155550123","applicationId":"shop","applicationId":"bank"}]}"#,
        r#"{"messages":[],"messages":[{"channel":"SMS","to":"+14155550123"}]}"#,
    ] {
        send(&server, "POST", "/v1/decisions", body.as_bytes()).expect(400);
    }
    server.get("/provisioning/1/applications/one").expect(404);
    server.get("/provisioning/1/applications/two").expect(404);
}

#[test]
fn many_properties_and_elements_are_read_once() {
    let server = world::server();
    let many: Vec<String> = (0..50_000).map(|n| format!("\"p{n}\":{n}")).collect();
    let body = format!("{{\"applicationId\":\"many\",{}}}", many.join(","));
    send(&server, "POST", "/provisioning/1/applications", body.as_bytes()).expect(201);
    let faults = send(&server, "POST", "/v1/decisions", format!("{{{}}}", many.join(",")).as_bytes()).expect(400);
    assert!(faults.text.len() < 1 << 20, "{} bytes", faults.text.len());
    let list = vec!["{\"senderType\":\"FAX\",\"priority\":9}"; 20_000].join(",");
    let reply =
        send(&server, "POST", "/provisioning/2/sending-strategies", format!("{{\"priorities\":[{list}]}}").as_bytes())
            .expect(400);
    assert!(reply.text.len() < 1 << 20, "{} bytes", reply.text.len());
    is_well(&server);
}

/// The strings of a value, the names of properties among them.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|one| strings(one, found)),
        Value::Object(properties) => {
            for (name, value) in properties {
                found.push(name.clone());
                strings(value, found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_fault_repeats_no_control_or_hidden_character_of_the_request() {
    // Some of the requests are granted: they make an application and a strategy, and take the name of an entity away.
    let server = world::server();
    for (escaped, sign) in [("%C2%9B", "\u{9b}"), ("%0A", "\n"), ("%E2%80%AE", "\u{202e}"), ("%1B", "\u{1b}")] {
        let mut replies: Vec<Reply> = [
            format!("/v1/senders?a{escaped}b=1"),
            format!("/v1/senders?country=a{escaped}b"),
            format!("/v1/senders?page=a{escaped}b&type=a{escaped}b"),
            format!("/v1/decisions?id=a{escaped}b&to=a{escaped}b"),
            format!("/v1/senders/a{escaped}b"),
            format!("/provisioning/1/applications/a{escaped}b"),
            format!("/provisioning/1/associations?applicationId=a{escaped}b&page=a{escaped}b"),
            format!("/numbers/1/numbers?number=a{escaped}b&limit=a{escaped}b"),
        ]
        .iter()
        .map(|path| server.get(path))
        .collect();
        let text = format!("a{sign}b");
        for (method, path) in BODIES {
            for body in [
                json!({ &text: 1 }),
                json!({ "applicationId": text, "entityId": text, "name": text, "to": text, "channel": text }),
                json!({ "applicationId": "app", "platform": { &text: text }, "attributes": { &text: [text] } }),
                json!({ "messages": [{ "applicationId": text, "attributes": { &text: text } }] }),
                json!([{ &text: text }]),
            ] {
                replies.push(send(&server, method, path, body.to_string().as_bytes()));
            }
        }
        assert!(replies.iter().filter(|reply| reply.status >= 400).count() > replies.len() / 2);
        for reply in replies.iter().filter(|reply| reply.status >= 400) {
            let mut found = Vec::new();
            strings(&reply.json(), &mut found);
            assert!(!found.iter().any(|text| text.contains(callsign::escape::is_escaped)), "{found:?}");
        }
    }
    is_well(&server);
}
