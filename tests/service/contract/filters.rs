//! Filters, one by one and together.

use serde_json::{Value, json};

use super::{fault, world};
use callsign_tests::service::Server;

fn found(server: &Server, path: &str, query: &str) -> Vec<Value> {
    let list = server.get(&format!("{path}?{query}")).expect(200).json();
    let results = list["results"].as_array().unwrap().clone();
    assert_eq!(list["paging"]["totalResults"], results.len(), "{query}");
    results
}

#[test]
fn associations_by_each_filter_and_by_all() {
    let server = world::server();
    let path = "/provisioning/1/associations";
    let mut domain = world::association(&json!("acme"), "shop.example");
    (domain["resourceType"], domain["channel"]) = (json!("DOMAIN"), json!("EMAIL"));
    server.post(path, &domain).expect(201);
    let all = found(&server, path, "");
    assert_eq!(all.len(), 5);
    let names = ["resourceType", "channel", "applicationId", "entityId", "resourceId"];
    // Every set of filters, with the values of every association there is.
    for wanted in &all {
        for set in 1..1 << names.len() {
            let chosen: Vec<&str> =
                (0..names.len()).filter(|index| set & (1 << index) != 0).map(|index| names[index]).collect();
            if chosen.iter().any(|name| wanted[name].is_null()) {
                continue;
            }
            let pairs: Vec<String> =
                chosen.iter().map(|name| format!("{name}={}", wanted[name].as_str().unwrap())).collect();
            let right: Vec<Value> =
                all.iter().filter(|other| chosen.iter().all(|name| other[name] == wanted[name])).cloned().collect();
            assert_eq!(found(&server, path, &pairs.join("&")), right, "{pairs:?}");
        }
    }
    for nothing in
        ["resourceType=RCS_RESOURCE", "channel=APPLE", "applicationId=none", "entityId=null", "resourceId=LON"]
    {
        assert!(found(&server, path, nothing).is_empty(), "{nothing}");
    }
    // One without a value is none, and one that is not known is passed over.
    assert_eq!(found(&server, path, "entityId=&channel=&other=5").len(), 5);
    for (name, query) in [("resourceType", "resourceType=PHONE"), ("channel", "channel=sms")] {
        fault::names(path, &server.get(&format!("{path}?{query}")), 400, name);
    }
}

#[test]
fn strategies_by_each_filter_and_by_all() {
    let server = world::server();
    let path = "/provisioning/2/sending-strategies";
    let made =
        server.post(path, &json!({ "platform": { "applicationId": "shop", "entityId": "acme" } })).expect(201).json();
    let made = made["sendingStrategyId"].as_str().unwrap();
    let ids = |query: &str| {
        let found = found(&server, path, query).into_iter();
        found.map(|strategy| strategy["sendingStrategyId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), ["SHOPS", "BANKS", made]);
    assert_eq!(ids("applicationId=shop"), ["SHOPS", made]);
    assert_eq!(ids("entityId=acme"), [made]);
    assert_eq!(ids("sendingStrategyId=SHOPS"), ["SHOPS"]);
    assert_eq!(ids("applicationId=shop&entityId=acme"), [made]);
    assert_eq!(ids(&format!("applicationId=shop&entityId=acme&sendingStrategyId={made}")), [made]);
    assert!(ids("applicationId=shop&entityId=globex").is_empty());
    assert!(ids("applicationId=bank&sendingStrategyId=SHOPS").is_empty());
    assert!(ids("sendingStrategyId=shops").is_empty());
}
