//! Policies that are uploaded.

use serde_json::json;

use crate::policies::{TO, always, decide, demanding, server, try_upload, upload};

#[test]
fn a_module_is_uploaded_looked_at_and_removed() {
    let server = server();
    let component = always("acme", "1.0.0", 1);
    let reply = try_upload(&server, server.key(), "", &component).expect(201);
    let module = reply.json();
    let place = reply.header("location").unwrap().to_owned();
    assert_eq!(
        (&module["name"], &module["version"], &module["interface"]),
        (&json!("acme"), &json!("1.0.0"), &json!("1.0.0"))
    );
    assert_eq!(module["size"], component.len());
    assert!(module["addedAt"].as_str().unwrap().ends_with('Z'), "{module}");
    assert_eq!(place, format!("/v1/modules/{}", module["digest"].as_str().unwrap()));
    assert_eq!(module.get("applicationId"), None);

    assert_eq!(try_upload(&server, server.key(), "", &component).expect(200).json(), module, "the same again");
    let other = always("acme", "1.0.0", 2);
    let taken = try_upload(&server, server.key(), "", &other).expect(409).json();
    assert!(taken["detail"].as_str().unwrap().contains("other bytes"), "{taken}");

    let inspected = server.get(&place).expect(200).json();
    assert_eq!(inspected["digest"], module["digest"]);
    assert!(
        inspected["exports"]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name.as_str().unwrap().starts_with("callsign:policy"))
    );
    assert_eq!(inspected["imports"], json!([{ "name": "callsign:policy/types@1.0.0", "functions": [] }]));
    let authorization = format!("App {}", server.key());
    let mut bytes = Vec::new();
    let answer = ureq::get(format!("{}{place}/component", server.url)).header("authorization", &authorization).call();
    std::io::Read::read_to_end(&mut answer.unwrap().body_mut().as_reader(), &mut bytes).unwrap();
    assert_eq!(bytes, component);

    upload(&server, server.key(), &always("acme", "1.1.0", 1));
    upload(&server, server.key(), &always("other", "1.0.0", 1));
    let listed = server.get("/v1/modules?name=acme").expect(200).json();
    let versions: Vec<&str> =
        listed["results"].as_array().unwrap().iter().map(|module| module["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    assert_eq!(listed["paging"]["totalResults"], 2);

    server.delete(&place).expect(204);
    server.delete(&place).expect(404);
    server.get(&place).expect(404);
    // Its name and version are free, in the folder of this node too.
    upload(&server, server.key(), &other);
}

#[test]
fn what_is_no_policy_is_refused_with_the_reason() {
    let server = server();
    for (bytes, reason) in
        [(&b"hello"[..], "not a WebAssembly component"), (b"", "empty"), (b"\0asm\x01\0\0\0", "not a")]
    {
        let refused = try_upload(&server, server.key(), "", bytes).expect(400).json();
        assert!(refused["detail"].as_str().unwrap().contains(reason), "{refused}");
    }
    assert_eq!(server.get("/v1/modules").expect(200).json()["results"], json!([]));
}

#[test]
fn a_module_that_a_binding_uses_stays() {
    let server = server();
    let digest = upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let place = format!("/v1/modules/{digest}");
    server.put("/v1/binding?applicationId=shop", &json!({ "module": "acme@1.0.0" })).expect(200);
    server.delete(&place).expect(409);
    server.put("/v1/binding?applicationId=shop", &json!({ "module": "standard" })).expect(200);
    server.delete(&place).expect(409);
    server.delete("/v1/binding?applicationId=shop").expect(204);
    server.delete(&place).expect(204);
}

#[test]
fn tenants_do_not_meet_in_the_names_of_modules() {
    let server = server();
    let (shop, care) =
        (server.new_key(Some("shop"), &["modules:manage"]), server.new_key(Some("care"), &["modules:manage"]));
    let of_shop = try_upload(&server, &shop, "", &always("acme", "1.0.0", 1)).expect(201).json();
    assert_eq!(of_shop["applicationId"], "shop");
    // The same name and version with other bytes, and the same bytes again.
    upload(&server, &care, &always("acme", "1.0.0", 2));
    let digest = of_shop["digest"].as_str().unwrap();
    let place = format!("/v1/modules/{digest}");
    assert_eq!(
        try_upload(&server, server.key(), "", &always("acme", "1.0.0", 1)).expect(201).json().get("applicationId"),
        None
    );

    server.ask(&shop, "GET", &place, None).expect(200);
    for (method, path) in [("GET", place.clone()), ("GET", format!("{place}/component")), ("DELETE", place.clone())] {
        server.ask(&care, method, &path, None).expect(404);
    }
    server.ask(&care, "GET", "/v1/modules?applicationId=shop", None).expect(404);
    let seen = server.ask(&care, "GET", "/v1/modules", None).expect(200).json();
    assert_eq!(seen["paging"]["totalResults"], 1);
    assert_eq!(server.get("/v1/modules").expect(200).json()["paging"]["totalResults"], 3);
    try_upload(&server, &care, "?applicationId=shop", &always("acme", "2.0.0", 1)).expect(404);
    // The platform may upload for an application.
    let reply = try_upload(&server, server.key(), "?applicationId=shop", &always("acme", "2.0.0", 1)).expect(201);
    let place = reply.header("location").unwrap().to_owned();
    assert!(place.ends_with("?applicationId=shop"), "{place}");
    server.get(&place).expect(200);
    server.ask(&shop, "GET", place.split('?').next().unwrap(), None).expect(200);
    try_upload(&server, server.key(), "?applicationId=none", &always("acme", "2.0.0", 1)).expect(404);
    let decides = server.new_key(None, &["decisions:make"]);
    server.ask(&decides, "GET", "/v1/modules", None).expect(403);
}

#[test]
fn a_binding_with_a_range_moves_to_what_is_uploaded() {
    let server = server();
    upload(&server, server.key(), &always("acme", "1.0.0", 0));
    let bound = json!({ "module": "acme@1.0.0", "versions": "^1" });
    server.put("/v1/binding?applicationId=shop", &bound).expect(200);
    server.put("/v1/binding?applicationId=care", &json!({ "module": "acme@1.0.0" })).expect(200);
    let serves = |application: &str| {
        let binding = server.get(&format!("/v1/binding?applicationId={application}")).expect(200).json();
        binding["active"]["policy"].as_str().unwrap().to_owned()
    };
    upload(&server, server.key(), &always("acme", "1.1.0", 1));
    assert_eq!((&*serves("shop"), &*serves("care")), ("acme@1.1.0", "acme@1.0.0"));
    // One that is not accepted, one that is out of range, and one that is older.
    upload(&server, server.key(), &demanding("acme", "1.2.0"));
    upload(&server, server.key(), &always("acme", "2.0.0", 1));
    upload(&server, server.key(), &always("acme", "1.0.5", 1));
    assert_eq!(serves("shop"), "acme@1.1.0");
    // What was rolled back from is passed over until something newer comes.
    let binding = server.post("/v1/binding/rollback?applicationId=shop", &json!({})).expect(200).json();
    assert_eq!(binding["passedOver"], "1.1.0");
    upload(&server, server.key(), &always("acme", "1.0.9", 1));
    assert_eq!(serves("shop"), "acme@1.0.0");
    upload(&server, server.key(), &always("acme", "1.3.0", 2));
    assert_eq!(serves("shop"), "acme@1.3.0");
    let audit = server.get("/v1/audit?size=1").expect(200).json();
    assert_eq!(audit["results"][0]["action"], "follows acme@1.3.0");
    assert_eq!(audit["results"][0]["who"], "callsign");
}

#[test]
fn a_tenant_binds_a_module_that_the_platform_shares_and_no_other_of_it() {
    let server = server();
    let key = server.key().to_owned();
    let tenant = server.new_key(Some("shop"), &["modules:manage", "decisions:make"]);
    let digest = upload(&server, &key, &always("acme", "1.0.0", 1));
    let other = upload(&server, &key, &always("other", "1.0.0", 2));
    let bind = |module: &str| {
        let body = json!({ "module": module });
        server.ask(&tenant, "PUT", "/v1/binding?applicationId=shop", Some(&body))
    };
    bind("acme@1.0.0").expect(404);
    server.ask(&tenant, "POST", &format!("/v1/modules/{digest}/share"), None).expect(403);
    let shared = server.ask(&key, "POST", &format!("/v1/modules/{digest}/share"), None).expect(200).json();
    assert_eq!(shared["shared"], true);
    server.ask(&key, "POST", "/v1/modules/none/share", None).expect(404);

    let listed = server.ask(&tenant, "GET", "/v1/modules", None).expect(200).json();
    assert_eq!((listed["results"].as_array().unwrap().len(), &listed["results"][0]["digest"]), (1, &json!(digest)));
    server.ask(&tenant, "GET", &format!("/v1/modules/{digest}"), None).expect(200);
    server.ask(&tenant, "GET", &format!("/v1/modules/{digest}/component"), None).expect(404);
    server.ask(&tenant, "GET", &format!("/v1/modules/{other}"), None).expect(404);
    bind("acme@1.0.0").expect(200);
    assert_eq!(decide(&server, &tenant, "shop", TO), "S1 acme@1.0.0");
    bind(&digest).expect(200);
    bind("other@1.0.0").expect(404);
    // What is bound stays; it is not bound anew.
    server.ask(&key, "POST", &format!("/v1/modules/{digest}/unshare"), None).expect(200);
    assert_eq!(decide(&server, &tenant, "shop", TO), "S1 acme@1.0.0");
    bind("acme@1.0.0").expect(404);
    server.delete(&format!("/v1/modules/{digest}")).expect(409);
}

#[test]
fn a_tenant_follows_the_versions_of_a_module_once_the_platform_shares_them() {
    let server = server();
    let key = server.key().to_owned();
    let tenant = server.new_key(Some("shop"), &["modules:manage", "decisions:make"]);
    let share = |digest: &str, verb: &str| {
        server.ask(&key, "POST", &format!("/v1/modules/{digest}/{verb}"), None).expect(200);
    };
    let bind = |key: &str, application: &str, module: &str| {
        let body = json!({ "module": module, "versions": "^1" });
        server.ask(key, "PUT", &format!("/v1/binding?applicationId={application}"), Some(&body))
    };
    let serves = |application: &str| decide(&server, &key, application, TO);
    share(&upload(&server, &key, &always("acme", "1.0.0", 1)), "share");
    bind(&tenant, "shop", "acme@1.0.0").expect(200);
    // The operator's own binding follows every version.
    bind(&key, "care", "acme@1.0.0").expect(200);

    let newer = upload(&server, &key, &always("acme", "1.1.0", 2));
    assert_eq!((&*serves("shop"), &*serves("care")), ("S1 acme@1.0.0", "S2 acme@1.1.0"));
    share(&newer, "share");
    assert_eq!(serves("shop"), "S2 acme@1.1.0");
    let audit = server.get("/v1/audit").expect(200).text;
    assert!(audit.contains("follows acme@1.1.0"), "{audit}");

    // A version outside of the range, and one that was rolled back from.
    share(&upload(&server, &key, &always("acme", "2.0.0", 1)), "share");
    assert_eq!(serves("shop"), "S2 acme@1.1.0");
    server.ask(&tenant, "POST", "/v1/binding/rollback?applicationId=shop", None).expect(200);
    share(&newer, "unshare");
    share(&newer, "share");
    assert_eq!(serves("shop"), "S1 acme@1.0.0");
    // A module of the tenant's own with the same name is not a version of the platform's.
    upload(&server, &tenant, &always("acme", "1.3.0", 2));
    assert_eq!(serves("shop"), "S1 acme@1.0.0");
    bind(&tenant, "shop", "acme@1.1.0").expect(200);
    share(&upload(&server, &key, &always("acme", "1.2.0", 1)), "share");
    assert_eq!(serves("shop"), "S1 acme@1.2.0");
}
