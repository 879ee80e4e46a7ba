//! What a policy copies of a large pool, through the sandbox.

use std::time::Duration;

use callsign::{Catalog, Isolation, MemoryStore, Policy};
use serde_json::{Value, json};

use callsign_tests::component::Component;
use callsign_tests::platform::{patient, sms};
use callsign_tests::work::Work;

const SENDERS: usize = 100_000;

/// Copies the pool of the message and the column of the attribute `campaign`, and decides the number of the message's
/// handle; it traps unless both have all senders.
fn copies() -> Component {
    let pool =
        "(local.get $scope) (i32.const 0) (i32.const 0) (local.get $type) (local.get $country) (local.get $channel)
        (i32.const 0)";
    let of_pool = "(param i32 i32 i32 i64 i32 i32 i32)";
    Component::new("copies", "1.0.0")
        .import("senders", "candidates", &format!("{of_pool} (param i32)"))
        .import("attributes", "key-of", "(param i32 i32) (result i64)")
        .import("attributes", "sender-keys", &format!("{of_pool} (param i64 i32)"))
        .item(r#"(data (i32.const 300) "campaign")"#)
        .resolve(&format!(
            "(call $candidates {pool} (i32.const 4096))
             (if (i32.ne (i32.load (i32.const 4100)) (i32.const {SENDERS})) (then unreachable))
             (call $sender-keys {pool} (call $key-of (i32.const 300) (i32.const 8)) (i32.const 4096))
             (if (i32.ne (i32.load (i32.const 4100)) (i32.const {SENDERS})) (then unreachable))
             (if (i64.eqz (i64.load (i32.load (i32.const 4096)))) (then unreachable))
             (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))"
        ))
}

#[test]
fn a_pool_of_100_000_senders_and_a_column_of_attributes_are_copied_in_few_milliseconds() {
    let sender = |index: usize| {
        json!({"senderId": format!("S{index}"), "sender": format!("+1415{:07}", 2_000_000 + index),
               "senderType": "VIRTUAL_LONG_NUMBER", "coverage": [{"channel": "SMS", "countries": ["US"]}],
               "attributes": {"brand": "x", "campaign": format!("C{}", index % 1_000), "price": "0.25"}})
    };
    let associated = |index: usize| {
        json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
               "resourceId": format!("S{index}")})
    };
    let catalog = json!({
        "applications": [{"applicationId": "shop"}],
        "senders": (0..SENDERS).map(sender).collect::<Vec<Value>>(),
        "associations": (0..SENDERS).map(associated).collect::<Vec<Value>>(),
        "sendingStrategies": [{"sendingStrategyId": "A", "platform": {"applicationId": "shop"}}],
    });
    let catalog = Catalog::from_json(&catalog.to_string()).unwrap();
    let policy = patient(Policy::from_bytes(&copies().build()).unwrap()).with_isolation(Isolation::Fresh);
    let gateway = callsign::Gateway::with(catalog, policy, std::sync::Arc::new(MemoryStore::new())).unwrap();
    let mut took = Vec::new();
    for _ in 0..7 {
        let work = Work::begin();
        let decision = gateway.resolve(&sms("shop", "+12125550123"));
        took.push(work.took());
        assert!(decision.get().sender().is_some(), "{:?}", decision.get());
    }
    println!("the first, which makes the pool: {:?}", took[0]);
    took.sort_unstable();
    println!("the median: {:?}", took[3]);
    // It is a bound for what is built without all optimisations, on a machine whose cores others use too.
    assert!(took[0] < Duration::from_millis(20) * 10, "{took:?}");
}
