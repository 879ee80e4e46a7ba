//! What decisions allocate.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

use std::hint::black_box;
use std::sync::Arc;

use allocation_counter::measure;
use callsign::{Catalog, Channel, Gateway, MemoryStore, Message, Policy};
use serde_json::{Value, json};

/// A platform of one application, with so many senders and a strategy.
fn gateway(senders: usize, strategy: &Value) -> Gateway {
    let number = |index: usize| format!("+1{}{:07}", [212, 415, 617][index % 3], 2_000_000 + index);
    let list = (0..senders).map(|index| {
        json!({"senderId": format!("S{index}"), "sender": number(index), "senderType": "VIRTUAL_LONG_NUMBER",
               "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]})
    });
    let associations = (0..senders).map(|index| {
        json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
               "resourceId": format!("S{index}")})
    });
    let catalog = json!({"applications": [{"applicationId": "shop"}], "senders": list.collect::<Vec<_>>(),
        "associations": associations.collect::<Vec<_>>(), "sendingStrategies": [strategy]});
    let catalog = Catalog::from_json(&catalog.to_string()).unwrap();
    Gateway::with(catalog, Policy::standard().unwrap(), Arc::new(MemoryStore::new())).unwrap()
}

fn strategy(sticky: bool) -> Value {
    json!({"sendingStrategyId": "GENERAL", "platform": {"applicationId": "shop"}, "useGeolocatedSender": true,
           "useStickySender": sticky})
}

fn recipients() -> Vec<String> {
    (0..256).map(|index| format!("+1{}{:07}", [212, 415, 718, 303][index % 4], 2_345_678 + index)).collect()
}

/// The allocations of the second half of many decisions of each of these messages.
fn allocations(gateway: &Gateway, messages: &[Message<'_>]) -> u64 {
    for _ in 0..100 {
        messages.iter().for_each(|message| drop(black_box(gateway.resolve(message))));
    }
    let counted = measure(|| {
        for _ in 0..10 {
            messages.iter().for_each(|message| drop(black_box(gateway.resolve(message))));
        }
    });
    counted.count_total
}

#[test]
fn a_warm_single_decision_allocates_nothing() {
    let recipients = recipients();
    for senders in [1, 10, 1_000] {
        let gateway = gateway(senders, &strategy(false));
        let messages: Vec<_> = recipients.iter().map(|to| Message::new(Channel::Sms, to).application("shop")).collect();
        assert!(gateway.resolve(&messages[0]).get().sender().is_some());
        assert_eq!(allocations(&gateway, &messages), 0, "{senders} senders");
    }
}

#[test]
fn a_warm_single_decision_by_a_pin_allocates_nothing() {
    let recipients = recipients();
    let gateway = gateway(100, &strategy(true));
    let messages: Vec<_> = recipients.iter().map(|to| Message::new(Channel::Sms, to).application("shop")).collect();
    assert_eq!(allocations(&gateway, &messages), 0);
    assert_eq!(gateway.resolve(&messages[0]).get().step().unwrap().as_str(), "STICKY");
}

#[test]
fn a_warm_single_refusal_allocates_nothing() {
    let gateway = gateway(10, &strategy(false));
    let messages = [
        Message::new(Channel::Sms, "+442079460000").application("shop"),
        Message::new(Channel::Mms, "+14155550123").application("shop"),
        Message::new(Channel::Sms, "+14155550123").application("nobody"),
        Message::new(Channel::Sms, "not a number").application("shop"),
    ];
    assert_eq!(allocations(&gateway, &messages), 0);
}

#[test]
fn a_batch_allocates_as_often_whatever_its_size() {
    let recipients = recipients();
    let gateway = gateway(1_000, &strategy(false));
    let messages: Vec<_> = recipients.iter().map(|to| Message::new(Channel::Sms, to).application("shop")).collect();
    let counted = |size: usize| {
        for _ in 0..20 {
            drop(black_box(gateway.resolve_batch(&messages[..size])));
        }
        measure(|| drop(black_box(gateway.resolve_batch(&messages[..size])))).count_total
    };
    let (small, large) = (counted(2), counted(256));
    assert_eq!(small, large);
    assert!(small <= 8, "{small} allocations a batch");
}
