//! The console: its files and its sessions. What people do with it is tested in a browser, in `tests/console/`.

use serde_json::{Value, json};

use callsign_tests::service::{Reply, Server};

/// A session: its cookie and its token.
fn signed_in(server: &Server, key: &str) -> (String, String) {
    let reply = server.send(&[("authorization", &format!("App {key}"))], "POST", "/console/session", None).expect(200);
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(key.rsplit('_').next().unwrap()), "the cookie has the key's secret");
    (cookie.split(';').next().unwrap().to_owned(), reply.json()["token"].as_str().unwrap().to_owned())
}

fn within(server: &Server, cookie: &str, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
    let mut headers = vec![("cookie", cookie)];
    headers.extend(token.map(|token| ("x-callsign-token", token)));
    let text = body.map(Value::to_string);
    server.send(&headers, method, path, text.as_deref().map(str::as_bytes))
}

#[test]
fn the_files_are_served_with_a_strict_policy_and_a_tag() {
    let server = Server::start();
    for (path, kind) in [
        ("/console/", "text/html; charset=utf-8"),
        ("/console/main.js", "text/javascript; charset=utf-8"),
        ("/console/style.css", "text/css; charset=utf-8"),
        ("/console/vendor/LICENSES.txt", "text/plain; charset=utf-8"),
    ] {
        let reply = server.send(&[], "GET", path, None).expect(200);
        assert_eq!(reply.header("content-type"), Some(kind));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let tag = reply.header("etag").unwrap();
        let again = server.send(&[("if-none-match", tag)], "GET", path, None).expect(304);
        assert!(again.text.is_empty());
        server.send(&[("if-none-match", "\"other\"")], "GET", path, None).expect(200);
    }
    for path in ["/console/nothing.js", "/console/../Cargo.toml", "/console/%2e%2e/Cargo.toml", "/console//etc/passwd"]
    {
        assert!([401, 404].contains(&server.send(&[], "GET", path, None).status), "{path}");
    }
}

#[test]
fn the_whole_console_is_small_and_names_no_other_address() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/console");
    let (mut folders, mut bytes) = (vec![folder], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            bytes += text.len();
            if !path.to_str().unwrap().contains("vendor") {
                let foreign = text.split("http").skip(1).any(|rest| {
                    rest.trim_start_matches('s').starts_with("://") && !rest.starts_with("://www.w3.org/2000/svg")
                });
                assert!(!foreign, "{}", path.display());
            }
        }
    }
    // Not compressed, and so less than 250 kB compressed all the more.
    assert!(bytes < 250_000, "{bytes} bytes");
}

#[test]
fn a_session_may_what_its_key_may() {
    let server = Server::start();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    let (cookie, token) = signed_in(&server, server.key());
    let session = within(&server, &cookie, "GET", "/console/session", None, None).expect(200).json();
    assert_eq!((&session["name"], &session["token"]), (&json!("first"), &json!(token)));
    within(&server, &cookie, "GET", "/v1/applications", None, None).expect(200);
    let tenant = server.new_key(Some("shop"), &["numbers:manage", "decisions:make"]);
    let (cookie, token) = signed_in(&server, &tenant);
    within(&server, &cookie, "GET", "/v1/senders", None, None).expect(200);
    within(&server, &cookie, "GET", "/v1/keys", None, None).expect(403);
    let sender = json!({ "senderId": "S", "sender": "+14155550123", "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{ "channel": "SMS", "countries": "*" }] });
    within(&server, &cookie, "POST", "/v1/senders", Some(&token), Some(&sender)).expect(403);
}

#[test]
fn a_change_in_a_session_needs_its_token() {
    let server = Server::start();
    let (cookie, token) = signed_in(&server, server.key());
    let other = signed_in(&server, &server.new_key(None, &["application-entity:manage"])).1;
    let body = json!({ "applicationId": "shop" });
    let make = |token: Option<&str>| {
        within(&server, &cookie, "POST", "/provisioning/1/applications", token, Some(&body)).status
    };
    assert_eq!([make(None), make(Some("")), make(Some("x")), make(Some(&other))], [403; 4]);
    server.get("/provisioning/1/applications/shop").expect(404);
    assert_eq!(make(Some(&token)), 201);
    // The audit log has the key.
    let log = server.get("/v1/audit?size=1").expect(200).json();
    assert!(log["results"][0]["who"].as_str().unwrap().ends_with(" first"), "{log}");
}

#[test]
fn a_session_ends_with_its_key_and_outlives_a_restart() {
    let data = callsign_tests::service::folder("console");
    let server = Server::at(&data, "", &[]);
    let key = server.key().to_owned();
    let (cookie, _) = signed_in(&server, &key);
    let made = server.post("/v1/keys", &json!({ "name": "short", "scopes": ["audit:read"] })).expect(201).json();
    let (short, _) = signed_in(&server, made["key"].as_str().unwrap());
    server.delete(&format!("/v1/keys/{}", made["keyId"].as_str().unwrap())).expect(204);
    within(&server, &short, "GET", "/console/session", None, None).expect(401);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    within(&server, &cookie, "GET", "/v1/audit", None, None).expect(200);
    let out = within(&server, &cookie, "DELETE", "/console/session", None, None).expect(204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"), "{out:?}");
    // Another service does not know it.
    let other = Server::start();
    within(&other, &cookie, "GET", "/console/session", None, None).expect(401);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_key_that_is_not_valid_begins_no_session() {
    let server = Server::start();
    for key in ["", "x", "cs_0123456789ab_0000", &"x".repeat(10_000)] {
        let reply = server.send(&[("authorization", &format!("App {key}"))], "POST", "/console/session", None);
        assert!([401, 431].contains(&reply.status) && reply.header("set-cookie").is_none(), "{reply:?}");
    }
    server.send(&[], "POST", "/console/session", None).expect(401);
    server.send(&[("cookie", "callsign_session=a.b.c")], "GET", "/v1/applications", None).expect(401);
}

#[test]
fn a_dry_run_of_an_import_says_what_would_change_and_changes_nothing() {
    let server = Server::start();
    let import = |query: &str, text: &str| {
        let headers = [("authorization", &*format!("App {}", server.key())), ("content-type", "application/x-ndjson")];
        server.send(&headers, "POST", &format!("/v1/senders/import{query}"), Some(text.as_bytes()))
    };
    let line = |id: &str, weight: u32| {
        let coverage = json!([{ "channel": "SMS", "countries": ["US"] }]);
        json!({ "senderId": id, "sender": id, "senderType": "ALPHANUMERIC", "coverage": coverage, "weight": weight })
            .to_string()
    };
    import("", &line("A", 1)).expect(200);
    let before = server.get("/v1/audit?size=1").expect(200).text;
    let found = import("?dryRun=true", &format!("{}\n{}", line("A", 2), line("B", 1))).expect(200).json();
    assert_eq!((&found["created"], &found["replaced"]), (&json!(1), &json!(1)));
    assert_eq!(found["changed"], json!({ "weight": 1 }));
    let preview =
        json!([{ "senderId": "A", "line": 1, "fields": ["weight"] }, { "senderId": "B", "line": 2, "fields": [] }]);
    assert_eq!(found["preview"], preview);
    assert_eq!(server.get("/v1/audit?size=1").expect(200).text, before);
    // What is the same is not listed, and of what is, the first 1,000.
    assert!(import("?dryRun=true", &line("A", 1)).expect(200).json().get("preview").is_none());
    let many: Vec<String> = (0..1_001).map(|index| line(&format!("N{index}"), 1)).collect();
    let found = import("?dryRun=true", &many.join("\n")).expect(200).json();
    assert_eq!((&found["created"], found["preview"].as_array().unwrap().len()), (&json!(1_001), 1_000));
    import("?dryRun=maybe", &line("A", 1)).expect(400);
}

#[test]
fn the_grid_says_who_is_covered_by_whom() {
    let server = Server::start();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    server.post("/provisioning/1/entities", &json!({ "entityId": "acme" })).expect(201);
    for (id, countries) in [("OWN", json!(["US"])), ("REST", json!(["CA", "GB"]))] {
        let coverage = json!([{ "channel": "SMS", "countries": countries }]);
        let sender = json!({ "senderId": id, "sender": id, "senderType": "ALPHANUMERIC", "coverage": coverage });
        // Names are taken in neither the US nor Canada.
        let sender = match id {
            "OWN" => {
                json!({ "senderType": "VIRTUAL_LONG_NUMBER", "sender": "+14155550100", "senderId": id, "coverage": coverage })
            }
            _ => sender,
        };
        server.post("/v1/senders", &sender).expect(201);
    }
    let association = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": "acme", "resourceId": "OWN" });
    server.post("/provisioning/1/associations", &association).expect(201);
    server.put("/v1/default-senders?applicationId=shop", &json!({ "senderId": "REST" })).expect(204);
    let strategy = json!({ "platform": { "applicationId": "shop" }, "channel": "SMS",
        "destinationCountryCodes": ["US", "GB", "DE"] });
    server.post("/v1/strategies", &strategy).expect(201);
    let grid = server.get("/v1/coverage/grid?entityId=acme&channel=SMS").expect(200).json();
    assert_eq!(grid["paging"]["totalResults"], json!(1));
    let row = &grid["results"][0];
    assert_eq!((&row["applicationId"], &row["entityId"]), (&json!("shop"), &json!("acme")));
    let cells: Vec<(&str, &str)> = row["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| (cell["country"].as_str().unwrap(), cell["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(cells, [("DE", "COUNTRY_NOT_COVERED"), ("GB", "DEFAULT_SENDER"), ("US", "COVERED")]);
    assert_eq!(row["cells"][1]["defaultSenderId"], json!("REST"));
    // A tenant sees its own alone.
    server.post("/provisioning/1/applications", &json!({ "applicationId": "other" })).expect(201);
    let other = server.new_key(Some("other"), &["audit:read"]);
    for query in ["", "?applicationId=shop"] {
        let seen = server.ask(&other, "GET", &format!("/v1/coverage/grid{query}"), None).expect(200).json();
        assert_eq!(seen["paging"]["totalResults"], json!(0), "{query}");
    }
    server.get("/v1/coverage/grid?channel=FAX").expect(400);
}
