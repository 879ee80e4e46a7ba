//! Rows as a whole: what each grants, and who is refused.

use serde_json::json;

use super::rows::{MANAGE, NUMBERS, STRATEGIES};
use super::{fault, rows, world};

#[test]
fn every_row_answers_its_success_with_the_body_that_it_has() {
    let server = world::server();
    for row in rows::all() {
        let reply = row.ask(&server, server.key()).expect(row.success);
        assert_eq!(reply.text.is_empty(), row.is_empty, "{} {}: {reply:?}", row.method, row.path);
        let kind = reply.header("content-type");
        assert_eq!(kind, (!row.is_empty).then_some("application/json"), "{} {}", row.method, row.path);
    }
}

#[test]
fn missing_or_wrong_is_401() {
    let server = world::shared();
    let wrong = server.key().replace("cs_", "cs_0");
    for row in rows::all() {
        let body = row.body.as_ref().map(|body| body.to_string().into_bytes());
        let missing = server.send(&[], row.method, row.path, body.as_deref());
        for reply in [missing, row.ask(&server, &wrong)] {
            assert_eq!(fault::check(row.path, &reply, 401), []);
            assert_eq!(reply.header("www-authenticate"), Some("App"));
        }
    }
}

#[test]
fn a_key_without_the_scope_is_403() {
    let server = world::server();
    let others = ["decisions:make", "modules:manage", "sticky:manage", "audit:read", "keys:manage"];
    for scope in [MANAGE, STRATEGIES, NUMBERS] {
        let other = [MANAGE, STRATEGIES, NUMBERS].into_iter().filter(|other| *other != scope);
        let without: Vec<&str> = other.chain(others).collect();
        let (without, with) = (server.new_key(None, &without), server.new_key(None, &[scope]));
        for row in rows::all().iter().filter(|row| row.scope == scope) {
            assert_eq!(fault::check(row.path, &row.ask(&server, &without), 403), []);
            row.ask(&server, &with).expect(row.success);
        }
    }
}

#[test]
fn what_is_not_there_is_404() {
    let server = world::shared();
    let association = |resource: &str| world::association(&json!(null), resource);
    let single = "/provisioning/1/associations/single?resourceType=NUMBER&channel=SMS";
    for (method, path, body) in [
        ("GET", "/provisioning/1/applications/none", None),
        ("PUT", "/provisioning/1/applications/none", Some(json!({}))),
        ("DELETE", "/provisioning/1/applications/none", None),
        ("GET", "/provisioning/1/entities/none", None),
        ("PUT", "/provisioning/1/entities/none", Some(json!({}))),
        ("DELETE", "/provisioning/1/entities/none", None),
        ("GET", &format!("{single}&applicationId=shop&resourceId=FREE"), None),
        ("GET", &format!("{single}&applicationId=none&resourceId=LONG"), None),
        ("GET", &format!("{single}&applicationId=shop&resourceId=LONG&entityId=globex"), None),
        ("POST", "/provisioning/1/associations", Some(association("none"))),
        ("DELETE", "/provisioning/1/associations", Some(association("none"))),
        ("DELETE", "/provisioning/1/associations", Some(association("FREE"))),
        ("DELETE", "/provisioning/2/sending-strategies/NONE", None),
        ("GET", "/provisioning/1/none", None),
        ("GET", "/provisioning/2/none", None),
        ("GET", "/provisioning", None),
        ("GET", "/numbers/2/numbers", None),
    ] {
        let reply = server.ask(server.key(), method, path, body.as_ref());
        assert_eq!(fault::check(path, &reply, 404), []);
    }
}

#[test]
fn there_is_no_put_and_no_get_by_path_of_strategies() {
    let server = world::shared();
    for method in ["GET", "PUT", "POST", "PATCH"] {
        let reply = server.ask(server.key(), method, "/provisioning/2/sending-strategies/SHOPS", Some(&json!({})));
        assert_eq!((reply.status, reply.header("allow")), (405, Some("DELETE")), "{reply:?}");
        assert_eq!(fault::keys(&reply.json()), ["action", "description", "errorCode", "resources", "violations"]);
    }
}
