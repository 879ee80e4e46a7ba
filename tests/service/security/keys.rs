//! Who is let in: a key that is good now, in one header, in one form.

use serde_json::{Value, json};

use crate::contract::{fault, rows, world};
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/applications";

fn status(server: &Server, key: &str) -> u16 {
    server.ask(key, "GET", PATH, None).status
}

fn made(server: &Server, arguments: &[&str]) -> (String, String) {
    let value: Value = serde_json::from_str(&server.key_command(&[arguments, &["--json"]].concat())).unwrap();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    (text("keyId"), text("key"))
}

#[test]
fn a_key_that_is_none_is_refused() {
    let server = world::shared();
    let key = server.key();
    let (id, secret) = key.strip_prefix("cs_").unwrap().split_once('_').unwrap();
    let mut changed = secret.to_owned();
    let last = if changed.pop() == Some('0') { '1' } else { '0' };
    changed.push(last);
    for wrong in [
        "".to_owned(),
        "x".to_owned(),
        "cs_".to_owned(),
        "cs__".to_owned(),
        format!("cs_{id}"),
        format!("cs_{id}_"),
        format!("cs_{id}_{changed}"),
        format!("cs_{id}_{secret}0"),
        format!("cs_{id}_{}", &secret[1..]),
        format!("cs_{id}_{}", secret.to_uppercase()),
        format!("cs_000000000000_{secret}"),
        format!("cs_{}_{secret}", id.to_uppercase()),
        format!("{key},{key}"),
        format!("{key} {key}"),
        format!("\"{key}\""),
    ] {
        assert_eq!(fault::check(PATH, &server.ask(&wrong, "GET", PATH, None), 401), [], "{wrong}");
    }
    assert_eq!(status(&server, key), 200);
}

#[test]
fn the_header_has_one_form() {
    let server = world::shared();
    let key = server.key();
    let authorized = |headers: &[(&str, &str)]| server.send(headers, "GET", PATH, None).status == 200;
    assert!(authorized(&[("authorization", &format!("App {key}"))]));
    // The word for the scheme has no case, and spaces around a value are not part of it.
    assert!(authorized(&[("Authorization", &format!("app {key}"))]));
    assert!(authorized(&[("AUTHORIZATION", &format!("APP  {key}  "))]));
    for form in [
        key.to_owned(),
        format!("App{key}"),
        format!("App:{key}"),
        format!("App={key}"),
        format!("App\t{key}"),
        format!("Bearer {key}"),
        format!("Basic {key}"),
        format!("IBSSO {key}"),
        format!("Apps {key}"),
        format!("App App {key}"),
        "App".to_owned(),
        "App ".to_owned(),
        String::new(),
        // Longer than any header that is looked at.
        format!("App {key}{}", " x".repeat(300)),
        format!("App {}", "x".repeat(60_000)),
    ] {
        let reply = server.send(&[("authorization", &form)], "GET", PATH, None);
        assert_eq!(fault::check(PATH, &reply, 401), [], "{form:?}");
        assert_eq!(reply.header("www-authenticate"), Some("App"));
    }
    for other in ["proxy-authorization", "x-authorization", "x-api-key", "cookie"] {
        assert!(!authorized(&[(other, &format!("App {key}"))]));
    }
    assert_eq!(server.send(&[], "GET", &format!("{PATH}?authorization=App%20{key}"), None).status, 401);
}

#[test]
fn of_two_headers_neither_counts() {
    let server = world::shared();
    let (right, wrong) = (format!("App {}", server.key()), "App x".to_owned());
    for (one, other) in [(&right, &wrong), (&wrong, &right), (&right, &right)] {
        let head =
            format!("GET {PATH} HTTP/1.1\r\nhost: test\r\nauthorization: {one}\r\nAuthorization: {other}\r\n\r\n");
        let reply = super::connection::Wire::with(&server, head).reply().unwrap();
        assert_eq!(fault::check(PATH, &reply, 401), []);
    }
}

#[test]
fn a_key_ends_when_it_expires() {
    let server = world::shared();
    let (_, key) = made(&server, &["create", "brief", "--expires-in", "1s"]);
    let (_, lasting) = made(&server, &["create", "lasting", "--expires-in", "1d"]);
    // Who knows of the second knows of the first. It may be over by then, so that it was good is not asked for.
    server.until("both are known", || status(&server, &lasting) == 200);
    server.until("it has expired", || status(&server, &key) == 401);
    assert!(server.key_command(&["list"]).contains("brief"));
    assert_eq!(fault::check(PATH, &server.ask(&key, "GET", PATH, None), 401), []);
    assert_eq!(status(&server, &lasting), 200);
}

#[test]
fn a_key_ends_when_it_is_revoked() {
    let server = world::shared();
    let (id, key) = made(&server, &["create", "short"]);
    server.until("it is known", || status(&server, &key) == 200);
    assert_eq!(server.key_command(&["revoke", &id]), format!("revoked {id}\n"));
    server.until("it is refused", || status(&server, &key) == 401);
    assert_eq!(status(&server, server.key()), 200);
}

#[test]
fn a_rotated_key_has_another_secret_at_once() {
    let server = world::shared();
    let (id, old) = made(&server, &["create", "turned"]);
    server.until("it is known", || status(&server, &old) == 200);
    let (same, new) = made(&server, &["rotate", &id]);
    assert_eq!((&same, old == new), (&id, false));
    server.until("the new one is known", || status(&server, &new) == 200);
    assert_eq!(status(&server, &old), 401);
}

#[test]
fn with_an_overlap_the_secret_before_is_good_for_so_long() {
    let server = world::shared();
    let (id, old) = made(&server, &["create", "turned"]);
    let (_, new) = made(&server, &["rotate", &id, "--overlap", "1h"]);
    server.until("both are known", || status(&server, &new) == 200 && status(&server, &old) == 200);
    let (_, newest) = made(&server, &["rotate", &id, "--overlap", "1s"]);
    server.until("the one before has ended", || status(&server, &newest) == 200 && status(&server, &new) == 401);
    // There is one secret before, not a row of them.
    assert_eq!(status(&server, &old), 401);
}

#[test]
fn nothing_but_what_watches_the_service_is_open() {
    let server = world::shared();
    for path in ["/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
        assert_eq!(server.send(&[], "GET", path, None).status, 200, "{path}");
    }
    for path in [
        "/provisioning",
        "/v1",
        "/v1/decisions",
        "/v1/keys",
        "/v1/events",
        "/healthz/",
        "/healthz/x",
        "//healthz",
        "/healthz%2F..%2Fv1",
        "/doc",
        "/docsx",
        "/nothing",
    ] {
        assert_eq!(server.send(&[], "GET", path, None).status, 401, "{path}");
    }
    // What is open leads nowhere else.
    for path in [
        "/docs/../provisioning/1/applications",
        "/docs/%2e%2e/provisioning/1/applications",
        "/docs/..%2f..%2f..%2fetc%2fpasswd",
        "/docs//etc/passwd",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        let reply = super::connection::Wire::with(&server, head).reply().unwrap();
        assert!(reply.status == 404 && !reply.text.contains("root:"), "{path}: {reply:?}");
    }
}

#[test]
fn a_key_that_only_decides_manages_nothing() {
    let server = world::shared();
    let key = server.new_key(None, &["decisions:make"]);
    for row in rows::all() {
        assert_eq!(fault::check(row.path, &row.ask(&server, &key), 403), []);
    }
    let message = json!({ "channel": "SMS", "to": "+14155550123" });
    server.ask(&key, "POST", "/v1/decisions", Some(&message)).expect(200);
    let manages = server.new_key(None, &["application-entity:manage", "sending-strategy:manage", "numbers:manage"]);
    let refused = server.ask(&manages, "POST", "/v1/decisions", Some(&message)).expect(403);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.json()["code"], "FORBIDDEN");
}

#[test]
fn secrets_are_in_no_log_and_in_no_store() {
    let server = Server::with(
        "[log]\nlevel = \"info,callsign=trace,callsign_service=trace,hyper=trace,hyper_util=trace,axum=trace\"",
    );
    let (id, old) = made(&server, &["create", "kept", "--application", "default"]);
    server.until("it is known", || status(&server, &old) == 200);
    let (_, new) = made(&server, &["rotate", &id, "--overlap", "1h"]);
    server.until("it is known", || status(&server, &new) == 200);
    server.ask(&new, "POST", PATH, Some(&json!({ "applicationId": "x" })));
    server.ask(&format!("{new}0"), "GET", PATH, None).expect(401);
    let secrets: Vec<String> =
        [server.key(), &old, &new].iter().map(|key| key.rsplit('_').next().unwrap().to_owned()).collect();
    let is_in =
        |bytes: &[u8]| secrets.iter().any(|secret| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    assert!(is_in(format!("x{new}").as_bytes()));
    assert!(!is_in(server.log().as_bytes()), "{}", server.log());
    assert!(!is_in(server.send(&[], "GET", "/metrics", None).text.as_bytes()));
    let mut files = 0;
    let mut folders = vec![server.data.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.file_type().unwrap().is_file() {
                files += 1;
                assert!(!is_in(&std::fs::read(entry.path()).unwrap()), "{}", entry.path().display());
            }
        }
    }
    assert!(files >= 3, "the store is somewhere else");
    assert!(!is_in(server.key_command(&["list", "--json"]).as_bytes()));
}
