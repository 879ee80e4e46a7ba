//! What a revision shares with the one before it.

use callsign_catalog::{Edit, List};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::*;

mod large;
mod random;

const PLATFORM: &str = r#"{
    "applications": [{"applicationId": "shop"}, {"applicationId": "care"}],
    "entities": [{"entityId": "acme"}],
    "senders": [
        {"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
         "coverage": [{"channel": "SMS", "countries": ["US"]}]},
        {"senderId": "S2", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER",
         "coverage": [{"channel": "SMS", "countries": ["US"]}]}
    ],
    "associations": [
        {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S1"},
        {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "care", "entityId": null, "resourceId": "S2"}
    ],
    "sendingStrategies": [
        {"sendingStrategyId": "A", "platform": {"applicationId": "shop"}},
        {"sendingStrategyId": "B", "platform": {"applicationId": "care"}, "senderIds": ["S2"]}
    ]
}"#;

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}

fn edited(before: &Revision, list: List, put: &Value) -> Revision {
    let element = raw(put);
    let catalog = before.catalog().edit(&[Edit::put(list, &element)]).expect("a sound edit");
    Revision::after(before, catalog).expect("senders that differ")
}

/// Whether the scope of a name is the very one of the revision before.
fn is_shared(before: &Revision, after: &Revision, application: &str) -> bool {
    let handle = before.scope_of(Some(application), None);
    assert_eq!(after.scope_of(Some(application), None), handle, "a scope keeps its place");
    Arc::ptr_eq(&before.scopes[handle as usize], &after.scopes[handle as usize])
}

#[test]
fn a_change_of_one_scope_leaves_the_others_as_they_were() {
    let before = Revision::new(Catalog::from_json(PLATFORM).expect("sound")).expect("senders that differ");
    let strategy = json!({"sendingStrategyId": "A", "platform": {"applicationId": "shop"}, "useStickySender": true});
    let after = edited(&before, List::Strategies, &strategy);
    assert!(!is_shared(&before, &after, "shop"));
    assert!(is_shared(&before, &after, "care"));
    assert!(Arc::ptr_eq(&before.senders, &after.senders), "senders are not indexed again");

    let suspended = json!({"senderId": "S2", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER",
                           "coverage": [{"channel": "SMS", "countries": ["US"]}], "status": "SUSPENDED"});
    let last = edited(&after, List::Senders, &suspended);
    assert!(is_shared(&after, &last, "shop"));
    assert!(!is_shared(&after, &last, "care"));
}

#[test]
fn the_number_of_a_scope_grows_when_anything_in_it_changed() {
    let before = Revision::new(Catalog::from_json(PLATFORM).expect("sound")).expect("senders that differ");
    let number = |revision: &Revision, application| {
        revision.scope(revision.scope_of(Some(application), None)).expect("a scope").revision
    };
    let covers = json!({"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
                        "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]});
    let after = edited(&before, List::Senders, &covers);
    assert!(number(&after, "shop") > number(&before, "shop"));
    assert_eq!(number(&after, "care"), number(&before, "care"));
}

#[test]
fn a_scope_that_comes_back_is_in_no_place_that_another_had() {
    let before = Revision::new(Catalog::from_json(PLATFORM).expect("sound")).expect("senders that differ");
    let default = json!({"platform": {"applicationId": "shop", "entityId": "acme"}, "senderId": "S1"});
    let with = edited(&before, List::DefaultSenders, &default);
    let place = with.scope_of(Some("shop"), Some("acme"));
    let element = raw(&default);
    let catalog = with.catalog().edit(&[Edit::remove(List::DefaultSenders, &element)]).expect("a sound edit");
    let without = Revision::after(&with, catalog).expect("senders that differ");
    assert_ne!(without.scope_of(Some("shop"), Some("acme")), place, "it has nothing of its own any more");
    let again = edited(&without, List::DefaultSenders, &default);
    assert_ne!(again.scope_of(Some("shop"), Some("acme")), place);
    assert_eq!(without.removed_scopes(), 1);
}
