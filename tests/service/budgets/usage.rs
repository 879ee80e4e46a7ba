//! `/v1/usage`: a tenant sees its own, the platform any.

use serde_json::json;

use super::{ENTITIES, server, used};
use crate::contract::{fault, world};
use callsign_tests::service::{Server, folder};

#[test]
fn a_tenant_sees_its_own_budgets_and_the_platform_any() {
    let server = server("entities = 0");
    let (shop, reading) = (server.new_key(Some("shop"), &[]), server.new_key(Some("shop"), &["decisions:make"]));
    let own = server.ask(&shop, "GET", "/v1/usage", None).expect(200).json();
    assert_eq!(own["applicationId"], "shop");
    let budgets = own["budgets"].as_array().unwrap();
    let named = |name: &str| budgets.iter().find(|used| used["name"] == name).unwrap_or_else(|| panic!("{own}"));
    assert_eq!(fault::keys(named("strategies")), ["limit", "name", "refused", "used"]);
    assert_eq!((&named("strategies")["used"], &named("strategies")["limit"]), (&json!(1), &json!(10_000)));
    // Without a limit.
    assert_eq!(fault::keys(named("entities")), ["name", "refused", "used"]);
    // Every key of `[tenant]` but what is of all together, and who waits.
    let printed = server.log();
    assert!(budgets.len() == 18, "{own} {printed}");
    assert_eq!(server.get("/v1/usage?applicationId=shop").expect(200).json()["applicationId"], "shop");
    server.get("/v1/usage").expect(400);
    server.get("/v1/usage?applicationId=none").expect(404);
    server.ask(&shop, "GET", "/v1/usage?applicationId=bank", None).expect(404);
    server.ask(&reading, "GET", "/v1/usage", None).expect(403);
}

#[test]
fn what_is_stored_is_counted_alike_after_a_start_and_forgotten_with_the_application() {
    let data = folder("usage");
    let catalog = data.join("catalog.json");
    std::fs::write(&catalog, world::catalog().to_string()).unwrap();
    let server = Server::at(&data, "", &["--catalog", catalog.to_str().unwrap()]);
    let key = server.key().to_owned();
    let shop = server.new_key(Some("shop"), &[]);
    for entity in ["one", "two", "three"] {
        server.ask(&shop, "POST", ENTITIES, Some(&json!({ "entityId": entity }))).expect(201);
    }
    server.ask(&shop, "DELETE", &format!("{ENTITIES}/two"), None).expect(200);
    let own = json!({ "platform": { "applicationId": "shop" }, "destinationCountryCodes": ["CA", "MX"], "senderIds": ["LONG"] });
    server.ask(&shop, "POST", "/v1/strategies", Some(&own)).expect(201);
    server.put("/v1/binding?applicationId=shop", &json!({ "module": "standard" })).expect(200);
    let stored = |server: &Server| {
        let usage = server.ask(&key, "GET", "/v1/usage?applicationId=shop", None).expect(200).json();
        let used = |name: &str| {
            let all = usage["budgets"].as_array().unwrap().iter();
            all.clone().find(|used| used["name"] == name).unwrap()["used"].as_u64().unwrap()
        };
        ["entities", "strategies", "associations", "bindings", "modules", "store_bytes"].map(used)
    };
    let before = stored(&server);
    assert_eq!(before[..5], [2, 2, 3, 1, 0]);
    assert!(before[5] > 8 * 256, "{before:?}");
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    assert_eq!(stored(&server), before);
    // Its associations move to the application `default`.
    server.ask(&key, "DELETE", "/provisioning/1/applications/shop", None).expect(200);
    server.ask(&key, "POST", "/provisioning/1/applications", Some(&json!({ "applicationId": "shop" }))).expect(201);
    assert_eq!(stored(&server)[1..5], [0, 0, 0, 0]);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_metrics_tell_how_much_is_used_at_most_without_the_names_of_tenants() {
    let server = server("strategies = 4");
    let shop = server.new_key(Some("shop"), &[]);
    server.ask(&shop, "GET", ENTITIES, None).expect(200);
    let metrics = server.send(&[], "GET", "/metrics", None).text;
    assert!(metrics.contains("callsign_tenant_budget_highest_ratio{budget=\"strategies\"} 0.25"), "{metrics}");
    assert!(!metrics.contains("shop"), "{metrics}");
    assert_eq!(used(&server, "shop", "strategies"), (1, 0));
}
