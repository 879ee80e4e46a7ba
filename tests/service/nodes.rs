//! Bindings on two nodes that share a catalog store, each with a data folder of its own.

use serde_json::json;

use crate::policies::{TO, always, catalog, decide, failing, upload};
use callsign_tests::service::{Server, folder};

const SHOP: &str = "/v1/binding?applicationId=shop";

fn step(what: &str) -> String {
    format!("/v1/binding/{what}?applicationId=shop")
}

/// Two nodes, and the first key of their platform.
fn two() -> (Server, Server, String) {
    let shared = folder("shared").join("catalog.sqlite");
    let config = format!("[catalog]\nstore = {:?}", shared.to_str().unwrap());
    let file = catalog();
    let first = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let key = first.key().to_owned();
    let second = folder("second");
    std::fs::write(second.join("no-first-key"), "").unwrap();
    let second = Server::at(&second, &config, &[]);
    (first, second, key)
}

#[test]
fn what_one_node_does_the_other_does_too() {
    let (first, second, key) = two();
    let both = |what: &str| {
        assert_eq!(decide(&first, &key, "shop", TO), what, "where it was done");
        second.until(what, || decide(&second, &key, "shop", TO) == what);
    };
    upload(&first, &key, &always("acme", "1.0.0", 1));
    let digest = upload(&first, &key, &always("acme", "2.0.0", 2));
    for (module, what) in [("acme@1.0.0", "S1 acme@1.0.0"), ("acme@2.0.0", "S2 acme@2.0.0")] {
        first.put(SHOP, &json!({ "module": module })).expect(200);
        both(what);
    }
    first.post(&step("rollback"), &json!({})).expect(200);
    both("S1 acme@1.0.0");
    second.until_logged("rolled back from acme@2.0.0 to acme@1.0.0");
    first.post(&step("shadow"), &json!({ "module": "acme@2.0.0" })).expect(200);
    second.until_logged("acme@2.0.0 decides in the shadow");
    first.post(&step("promote"), &json!({})).expect(200);
    both("S2 acme@2.0.0");
    first.post(&step("rollback"), &json!({})).expect(200);
    both("S1 acme@1.0.0");
    first.delete(SHOP).expect(204);
    let standard = |server: &Server| decide(server, &key, "shop", TO).ends_with("callsign-standard@1.0.0");
    assert!(standard(&first));
    second.until("unbound", || standard(&second));
    // A name that is free again is free on every node, whatever its folder has.
    first.delete(&format!("/v1/modules/{digest}")).expect(204);
    let other = upload(&first, &key, &always("acme", "2.0.0", 0));
    assert_ne!(other, digest);
    first.put(SHOP, &json!({ "module": "acme@2.0.0" })).expect(200);
    both("S0 acme@2.0.0");
}

#[test]
fn a_canary_that_one_node_recalls_is_gone_from_both() {
    let (first, second, key) = two();
    upload(&first, &key, &always("acme", "1.0.0", 1));
    upload(&first, &key, &failing("acme", "1.1.0"));
    first.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    let canary = json!({ "module": "acme@1.1.0", "perMille": 1000, "recall": { "answers": 5 } });
    first.post(&step("canary"), &canary).expect(200);
    second.until("the canary serves", || decide(&second, &key, "shop", TO) == "POLICY_FAILED");
    second.until("it is recalled", || decide(&second, &key, "shop", TO) == "S1 acme@1.0.0");
    // The other node has not decided anything.
    first.until("it is withdrawn", || first.get(SHOP).expect(200).json().get("canary").is_none());
    first.until("it does not serve there", || decide(&first, &key, "shop", TO) == "S1 acme@1.0.0");
}

#[test]
fn a_node_that_was_away_serves_what_it_missed() {
    let (first, second, key) = two();
    upload(&first, &key, &always("acme", "1.0.0", 1));
    first.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    second.until("bound", || decide(&second, &key, "shop", TO) == "S1 acme@1.0.0");
    let (data, config) = (second.data.clone(), std::fs::read_to_string(second.data.with_extension("toml")).unwrap());
    second.kill();
    upload(&first, &key, &always("acme", "2.0.0", 2));
    first.put(SHOP, &json!({ "module": "acme@2.0.0" })).expect(200);
    let second = Server::at(&data, &config, &[]);
    assert_eq!(decide(&second, &key, "shop", TO), "S2 acme@2.0.0");
    // Its gateway has no history; the record has.
    second.ask(&key, "POST", &step("rollback"), None).expect(200);
    assert_eq!(decide(&second, &key, "shop", TO), "S1 acme@1.0.0");
    first.until("rolled back", || decide(&first, &key, "shop", TO) == "S1 acme@1.0.0");
}
