//! Heads of requests that are too long, too many, or wrong.

use super::connection::{Wire, head, is_well};
use crate::contract::world;

const PATH: &str = "/provisioning/1/applications";

#[test]
fn a_head_that_is_too_long_is_431() {
    let server = world::shared();
    let fits = format!("x-long: {}\r\n", "x".repeat(50_000));
    assert_eq!(Wire::with(&server, head(&server, "GET", PATH, &fits)).reply().unwrap().status, 200);
    let long = format!("x-long: {}\r\n", "x".repeat(200_000));
    assert_eq!(Wire::with(&server, head(&server, "GET", PATH, &long)).reply().unwrap().status, 431);
    // One that never ends is not waited for.
    let mut wire = Wire::with(&server, format!("GET {PATH} HTTP/1.1\r\nx-long: "));
    for _ in 0..200 {
        wire.write("x".repeat(1_000));
    }
    let reply = wire.reply();
    assert!(reply.is_none_or(|reply| reply.status == 431));
    is_well(&server);
}

#[test]
fn too_many_headers_are_431() {
    let server = world::shared();
    let many = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    assert_eq!(Wire::with(&server, head(&server, "GET", PATH, &many(60))).reply().unwrap().status, 200);
    assert_eq!(Wire::with(&server, head(&server, "GET", PATH, &many(65))).reply().unwrap().status, 431);
    assert_eq!(Wire::with(&server, head(&server, "GET", PATH, &many(2_000))).reply().unwrap().status, 431);
    is_well(&server);
}

#[test]
fn a_target_that_is_too_long_is_refused() {
    let server = world::shared();
    let reply = Wire::with(&server, head(&server, "GET", &format!("{PATH}?x={}", "x".repeat(200_000)), "")).reply();
    assert!(reply.is_none_or(|reply| [400, 414, 431].contains(&reply.status)));
    is_well(&server);
}

#[test]
fn what_is_no_head_is_400_and_the_connection_ends() {
    let server = world::shared();
    let key = server.key();
    for wrong in [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "hello there\r\n\r\n".to_owned(),
        format!("GET {PATH} HTTP/9.9\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nx y: z\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nx: a\0b\r\nauthorization: App {key}\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nx : y\r\nauthorization: App {key}\r\n\r\n"),
        format!("GET {PATH}\0 HTTP/1.1\r\nauthorization: App {key}\r\n\r\n"),
        "GET /\u{e4} HTTP/1.1\r\n: \r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".to_owned() + &"x".repeat(600),
    ] {
        let mut wire = Wire::with(&server, &wrong);
        wire.finish();
        if let Some(reply) = wire.reply() {
            assert!([400, 505].contains(&reply.status), "{wrong:?}: {reply:?}");
            wire.is_closed();
        }
    }
    is_well(&server);
}

#[test]
fn requests_on_one_connection_stay_apart() {
    let server = world::shared();
    let ask = head(&server, "GET", PATH, "");
    let mut wire = Wire::with(&server, ask.repeat(20));
    for _ in 0..20 {
        assert_eq!(wire.reply().unwrap().status, 200);
    }
    // The key of one is not that of the next.
    wire.write(format!("GET {PATH} HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert_eq!(wire.reply().unwrap().status, 401);
    wire.write(&ask);
    assert_eq!(wire.reply().unwrap().status, 200);
    // Nor is what follows a body that was not read taken for a request.
    let hidden = head(&server, "DELETE", "/provisioning/1/applications/default", "");
    let length = format!("content-length: {}\r\n", hidden.len());
    wire.write(format!("POST {PATH} HTTP/1.1\r\nhost: x\r\n{length}\r\n{hidden}"));
    assert_eq!(wire.reply().unwrap().status, 401);
    wire.finish();
    assert!(wire.reply().is_none());
}

#[test]
fn lengths_that_disagree_are_refused_or_end_the_connection() {
    let server = world::shared();
    let body = r#"{"applicationId":"smuggled"}"#;
    let hidden = head(&server, "POST", PATH, &format!("content-length: {}\r\n", body.len())) + body;
    for lengths in [
        "content-length: 2\r\ncontent-length: 3\r\n".to_owned(),
        "content-length: 2, 3\r\n".to_owned(),
        "content-length: -2\r\n".to_owned(),
        "content-length: +2\r\n".to_owned(),
        "content-length: 0x2\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n".to_owned(),
        "transfer-encoding: gzip\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
    ] {
        let mut wire = Wire::with(&server, head(&server, "POST", PATH, &lengths) + "{}" + &hidden);
        let reply = wire.reply().unwrap();
        assert!([400, 413].contains(&reply.status), "{lengths}: {reply:?}");
        wire.is_closed();
    }
    // With both the chunks count, and what follows them is not a request.
    for both in
        ["content-length: 5\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 5\r\n"]
    {
        let mut wire = Wire::with(&server, head(&server, "POST", PATH, both) + "0\r\n\r\n" + &hidden);
        assert_eq!(wire.reply().unwrap().status, 400);
        wire.is_closed();
    }
    server.get(&format!("{PATH}/smuggled")).expect(404);
    is_well(&server);
}
