//! Bodies that are too long, too short, or lie about it.

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
