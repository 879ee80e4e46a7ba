//! Bodies that are too long, too short, or lie about it.

use std::time::Duration;

use super::connection::{Wire, head, is_well};
use crate::contract::fault;
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/applications";
const LIMITS: &str = "[limits]\nbody_bytes = 1000\nmodule_bytes = 1000\nimport_bytes = 1000\nbodies_bytes = 100000";

fn named(id: &str, length: usize) -> String {
    let body = format!("{{\"applicationId\":\"{id}\"}}");
    format!("{body}{}", " ".repeat(length - body.len()))
}

#[test]
fn a_body_over_the_limit_is_refused_by_its_announced_length() {
    let server = Server::with(LIMITS);
    // Nothing of it is sent, nor waited for.
    for length in [1_001_u64, 1 << 40, u64::MAX >> 1] {
        let reply =
            Wire::with(&server, head(&server, "POST", PATH, &format!("content-length: {length}\r\n"))).reply().unwrap();
        fault::check(PATH, &reply, 400);
        assert!(reply.text.contains("1000 bytes"), "{reply:?}");
        let reply =
            Wire::with(&server, head(&server, "POST", "/v1/decisions", &format!("content-length: {length}\r\n")))
                .reply()
                .unwrap();
        assert_eq!((reply.status, &reply.json()["code"]), (413, &serde_json::json!("TOO_LARGE")));
        // The limit that an operator would change.
        assert!(reply.text.contains("1000 bytes that it may have: limits.body_bytes"), "{reply:?}");
    }
    let body = named("fits", 1_000);
    let reply = Wire::with(&server, head(&server, "POST", PATH, "content-length: 1000\r\n") + &body).reply().unwrap();
    assert_eq!(reply.status, 201);
    is_well(&server);
}

#[test]
fn a_body_over_the_limit_is_refused_in_chunks_too() {
    let server = Server::with(LIMITS);
    let chunked = |chunks: &[&str]| {
        let mut text = head(&server, "POST", PATH, "transfer-encoding: chunked\r\n");
        for chunk in chunks.iter().chain([&""]) {
            text += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
        }
        Wire::with(&server, text).reply().unwrap()
    };
    let (fits, longer) = (named("fits", 1_000), named("longer", 1_001));
    assert_eq!(chunked(&[&fits[..10], &fits[10..]]).status, 201);
    fault::check(PATH, &chunked(&[&longer[..500], &longer[500..]]), 400);
    fault::check(PATH, &chunked(&[&longer]), 400);
    // One that never ends is not read to its end.
    let mut wire = Wire::with(&server, head(&server, "POST", PATH, "transfer-encoding: chunked\r\n"));
    for _ in 0..10 {
        wire.write(format!("80\r\n{}\r\n", "x".repeat(128)));
    }
    fault::check(PATH, &wire.reply().unwrap(), 400);
    server.get(&format!("{PATH}/longer")).expect(404);
    is_well(&server);
}

#[test]
fn a_body_that_ends_early_changes_nothing() {
    let server = Server::start();
    let body = r#"{"applicationId":"early"}"#;
    for (announced, sent) in [
        (format!("content-length: {}\r\n", body.len() + 10), body.to_owned()),
        ("transfer-encoding: chunked\r\n".to_owned(), format!("{:x}\r\n{body}\r\n", body.len())),
        ("transfer-encoding: chunked\r\n".to_owned(), format!("{:x}\r\n{body}", body.len() + 5)),
    ] {
        let mut wire = Wire::with(&server, head(&server, "POST", PATH, &announced) + &sent);
        wire.finish();
        if let Some(reply) = wire.reply() {
            fault::check(PATH, &reply, 400);
        }
    }
    server.get(&format!("{PATH}/early")).expect(404);
    is_well(&server);
}

#[test]
fn a_connection_goes_on_after_a_request_in_chunks_that_was_answered_before_its_last_chunk_came() {
    let server = Server::with(LIMITS);
    let reader = server.new_key(None, &["audit:read"]);
    let head = |path: &str, more: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: App {reader}\r\n{more}\r\n")
    };
    // The last two have no use for a body, and do not ask who sends one.
    for (path, status) in [("/v1/senders", 403), ("/v1/nothing", 404), ("/console/session", 200), ("/healthz", 405)] {
        // The rest of a body has 2 s to come, which a busy machine may miss once.
        let goes_on = || {
            let mut wire = Wire::with(&server, head(path, "transfer-encoding: chunked\r\n"));
            if wire.speaks_within(Duration::from_millis(50)) {
                return false;
            }
            wire.write("0\r\n\r\n");
            assert_eq!(wire.reply().unwrap().status, status);
            wire.write(head(path, "content-length: 0\r\n"));
            wire.reply().is_some_and(|reply| reply.status == status)
        };
        assert!((0..10).any(|_| goes_on()), "{path}");
    }
    // Where the rest is not read, the client is told that the connection ends.
    for (head, status) in [
        (head("/v1/senders", "content-length: 67108864\r\n"), 403),
        (head("/console/session", "content-length: 67108864\r\n"), 200),
        (format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"), 401),
    ] {
        let mut wire = Wire::with(&server, head);
        let reply = wire.reply().unwrap();
        assert_eq!((reply.status, reply.header("connection")), (status, Some("close")));
        wire.is_closed();
    }
}

#[test]
fn chunks_that_are_none_are_400() {
    let server = Server::start();
    for chunks in [
        "x\r\n{}\r\n0\r\n\r\n",
        "-1\r\n",
        "ffffffffffffffffff\r\n{}",
        "2;\n{}\r\n0\r\n\r\n",
        "\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\0\r\n{}\r\n",
    ] {
        let mut wire = Wire::with(&server, head(&server, "POST", PATH, "transfer-encoding: chunked\r\n") + chunks);
        wire.finish();
        if let Some(reply) = wire.reply() {
            fault::check(PATH, &reply, 400);
        }
    }
    is_well(&server);
}

#[test]
fn a_body_is_not_read_for_one_without_a_key() {
    let server = Server::start();
    for body in ["content-length: 1000000\r\n", "transfer-encoding: chunked\r\n"] {
        let mut wire = Wire::with(&server, format!("POST {PATH} HTTP/1.1\r\nhost: x\r\n{body}\r\n"));
        fault::check(PATH, &wire.reply().unwrap(), 401);
    }
    // Who asks first whether to send it is told before that.
    let mut wire = Wire::with(
        &server,
        format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"),
    );
    fault::check(PATH, &wire.reply().unwrap(), 401);
    let body = r#"{"applicationId":"asked"}"#;
    let more = format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    let mut wire = Wire::with(&server, head(&server, "POST", PATH, &more));
    wire.write(body);
    assert_eq!(wire.reply().unwrap().status, 201);
}

#[test]
fn a_scope_is_checked_before_a_body_is_read() {
    let server = crate::contract::world::with("[limits]\nbody_seconds = 600");
    let reading = server.new_key(Some("shop"), &["audit:read"]);
    let tenant = server.new_key(Some("shop"), &["numbers:manage"]);
    let ask = |key: &str, path: &str| {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: App {key}\r\ncontent-length: 67108864\r\n\r\n");
        Wire::with(&server, head)
    };
    for path in ["/v1/senders/import", "/v1/modules", "/v1/decisions", "/v1/senders"] {
        let reply = ask(&reading, path).reply().unwrap();
        assert_eq!((reply.status, &reply.json()["code"]), (403, &serde_json::json!("FORBIDDEN")), "{path}");
    }
    fault::check(PATH, &ask(&reading, PATH).reply().unwrap(), 403);
    fault::check("/provisioning/2", &ask(&reading, "/provisioning/2/sending-strategies").reply().unwrap(), 403);
    // Imports are the platform's, whatever the scope.
    assert_eq!(ask(&tenant, "/v1/senders/import").reply().unwrap().status, 403);
    // Nor is one read for a path or a method that is not there.
    assert_eq!(ask(&tenant, "/v1/none").reply().unwrap().status, 404);
    assert_eq!(ask(&tenant, "/v1/senders/export").reply().unwrap().status, 405);
}

#[test]
fn who_announces_much_and_sends_nothing_takes_no_room() {
    let server = crate::contract::world::with("[limits]\nbody_seconds = 600");
    let import = || Wire::with(&server, head(&server, "POST", "/v1/senders/import", "content-length: 67108864\r\n"));
    let idle: Vec<Wire> = (0..20).map(|_| import()).collect();
    is_well(&server);
    let message = serde_json::json!({ "channel": "SMS", "to": "+14155550123" });
    let shop = server.new_key(Some("shop"), &[]);
    for key in [&*shop, server.key()] {
        for _ in 0..50 {
            server.ask(key, "POST", "/v1/decisions", Some(&message)).expect(200);
        }
    }
    drop(idle);
    is_well(&server);
}

#[test]
fn a_body_in_many_pieces_is_whole() {
    let server = Server::start();
    let body = named("pieces", 900);
    let mut wire = Wire::with(&server, head(&server, "POST", PATH, "content-length: 900\r\n"));
    for piece in body.as_bytes().chunks(7) {
        wire.write(piece);
    }
    assert_eq!(wire.reply().unwrap().status, 201);
    server.get(&format!("{PATH}/pieces")).expect(200);
}

#[test]
fn uploads_and_imports_have_limits_of_their_own() {
    let server = Server::with("[limits]\nmodule_bytes = 4000000\nimport_bytes = 6000000");
    let authorization = format!("App {}", server.key());
    let send = |path: &str, kind: &str, body: &[u8]| {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let request = agent.post(format!("{}{path}", server.url)).header("authorization", &authorization);
        request.header("content-type", kind).send(body).unwrap().status().as_u16()
    };
    // A component of 3 MiB: a section that nobody reads.
    let mut component = crate::policies::always("large", "1.0.0", 1);
    let padding = 3 << 20;
    component.push(0);
    let mut length = padding + 2;
    while length >= 0x80 {
        component.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    component.extend([length as u8, 1, b'x']);
    component.resize(component.len() + padding, 0);
    assert_eq!(send("/v1/modules", "application/wasm", &component), 201);
    component.resize(4_000_001, 0);
    assert_eq!(send("/v1/modules", "application/wasm", &component), 413);
    let line = |index: usize| {
        format!(
            "{{\"senderId\":\"S{index}\",\"sender\":\"+1415{index:07}\",\"senderType\":\"VIRTUAL_LONG_NUMBER\",\
             \"coverage\":[{{\"channel\":\"SMS\",\"countries\":[\"US\"]}}]}}{}\n",
            " ".repeat(3_200)
        )
    };
    let lines: String = (2_000_000..2_001_000).map(line).collect();
    assert!(lines.len() > 3 << 20);
    assert_eq!(send("/v1/senders/import", "application/x-ndjson", lines.as_bytes()), 200);
    server.get("/v1/senders/S2000999").expect(200);
    assert_eq!(send("/v1/senders/import", "application/x-ndjson", lines.repeat(2).as_bytes()), 413);
    // Elsewhere the limit is that of any body.
    assert_eq!(send("/v1/decisions", "application/json", lines.as_bytes()), 413);
    is_well(&server);
}
