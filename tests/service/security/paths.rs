//! Paths and parameters that try to be something else.

use serde_json::json;

use super::connection::{Wire, head, is_well};
use crate::contract::{fault, world};

#[test]
fn an_id_leads_to_nothing_but_itself() {
    let server = world::shared();
    for id in [
        "..%2f",
        "..%2fentities",
        "%2e%2e",
        "%2e%2e%2fentities%2facme",
        "..",
        "../entities/acme",
        "%00",
        "shop%00",
        "%00shop",
        "%0d%0aset-cookie:%20x",
        "%0a",
        "%252e%252e",
        "%c0%ae",
        "%ff",
        "%e2%82",
        "%ed%a0%80",
        "%",
        "%zz",
        "%2",
        "shop%20",
        "%20shop",
        "Shop",
        "shop;x",
        "shop%3f",
        "*",
        "%2a",
        "%25",
        "\\",
        "%5c..%5c",
        "shop%2f",
        "shop/",
        ";",
        "'",
        "%27%20OR%201=1--",
    ] {
        for path in ["/provisioning/1/applications", "/provisioning/1/entities", "/provisioning/2/sending-strategies"] {
            for (method, body) in [("GET", ""), ("PUT", "{}"), ("DELETE", "")] {
                let path = format!("{path}/{id}");
                let length = format!("content-length: {}\r\n", body.len());
                let mut wire = Wire::with(&server, head(&server, method, &path, &length) + body);
                let Some(reply) = wire.reply() else { panic!("{method} {path}: no answer") };
                // 400: no text at all. 405: strategies have no other method, `..` and `/` make it another path.
                assert!([400, 404, 405].contains(&reply.status), "{method} {path}: {reply:?}");
                assert!(reply.header("set-cookie").is_none());
            }
        }
    }
    for (path, list) in [
        ("/provisioning/1/applications", 3),
        ("/provisioning/1/entities", 2),
        ("/provisioning/2/sending-strategies", 2),
    ] {
        assert_eq!(server.get(path).expect(200).json()["paging"]["totalResults"], list);
    }
    is_well(&server);
}

#[test]
fn a_path_is_not_put_right() {
    let server = world::shared();
    for path in [
        "//provisioning/1/applications",
        "/provisioning//1/applications",
        "/provisioning/1/applications/",
        "/provisioning/./1/applications",
        "/x/../provisioning/1/applications",
        "/Provisioning/1/applications",
        "/provisioning/1/applications%2F",
        "/provisioning%2f1%2fapplications",
        "/provisioning/01/applications",
    ] {
        let reply = Wire::with(&server, head(&server, "GET", path, "")).reply().unwrap();
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
    }
}

#[test]
fn other_forms_of_a_target_are_answered() {
    let server = world::shared();
    let path = "/provisioning/1/applications";
    // A proxy's form: the path counts, and the key with it.
    let reply =
        Wire::with(&server, head(&server, "GET", &format!("http://elsewhere.example{path}"), "")).reply().unwrap();
    assert_eq!(reply.status, 200);
    let without = format!("GET http://elsewhere.example{path} HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(Wire::with(&server, without).reply().unwrap().status, 401);
    for (method, target) in
        [("OPTIONS", "*"), ("CONNECT", "localhost:22"), ("GET", "*"), ("TRACE", path), ("PRI", path), ("X-Y", path)]
    {
        let reply = Wire::with(&server, head(&server, method, target, "")).reply().unwrap();
        assert!([400, 404, 405].contains(&reply.status), "{method} {target}: {reply:?}");
    }
    // What is asked without a body to answer has none, and the connection goes on.
    let mut wire = Wire::with(&server, head(&server, "HEAD", path, ""));
    wire.write(head(&server, "GET", "/none", ""));
    wire.finish();
    is_well(&server);
}

#[test]
fn parameters_are_bounded_and_mean_one_thing() {
    let server = world::shared();
    let path = "/provisioning/1/associations";
    let get = |query: &str| server.get(&format!("{path}?{query}"));
    fault::names(path, &get(&format!("resourceId={}", "x".repeat(1_025))), 400, "resourceId");
    get(&format!("resourceId={}", "x".repeat(1_024))).expect(200);
    // Of several the first counts.
    assert_eq!(get("applicationId=bank&applicationId=shop").expect(200).json()["paging"]["totalResults"], 1);
    for odd in [
        "&&&",
        "=",
        "=x",
        "a",
        "a=b=c",
        "%00=%00",
        "resourceId=%00",
        "resourceId=%ff",
        "resourceId=%",
        "page%00=1",
        "page[]=1",
        "page[a]=1",
        "applicationId[]=shop",
    ] {
        let reply = get(odd);
        assert!([200, 400].contains(&reply.status), "{odd}: {reply:?}");
    }
    let many: Vec<String> = (0..5_000).map(|n| format!("p{n}=1")).collect();
    assert_eq!(get(&many.join("&")).expect(200).json()["paging"]["totalResults"], 4);
    is_well(&server);
}

#[test]
fn what_is_repeated_in_a_fault_is_short_and_escaped() {
    let server = world::shared();
    let id = format!("<script>\u{202e}\u{7}{}", "x".repeat(10_000));
    let reply = server.get(&format!("/provisioning/1/applications/{}", world::escaped(&id)));
    fault::check("/provisioning/1", &reply, 404);
    assert!(reply.text.len() < 500 && !reply.text.contains('\u{202e}'), "{reply:?}");
    let reply = server.post("/provisioning/1/applications", &json!({ "applicationId": "x".repeat(10_000) }));
    fault::check("/provisioning/1", &reply, 400);
    assert!(reply.text.len() < 500, "{reply:?}");
}
