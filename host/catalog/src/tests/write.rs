//! Elements as the file writes them.

use serde_json::{Value, json};

use super::{SOUND, load};
use crate::Catalog;

fn written(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

#[test]
fn a_catalog_that_is_written_and_read_is_the_same() {
    let catalog = load(SOUND);
    let text = serde_json::to_string(&catalog.to_json()).expect("JSON");
    assert_eq!(Catalog::from_json(&text).expect("sound"), catalog);
    let again = Catalog::from_json(&text).expect("sound");
    assert_eq!(serde_json::to_string(&again.to_json()).expect("JSON"), text);
}

#[test]
fn what_is_absent_is_left_out_and_what_has_a_default_is_written() {
    let catalog = load(SOUND);
    assert_eq!(written(catalog.application_json(&catalog.applications()[0])), json!({"applicationId": "default"}));
    let acme = json!({"entityId": "acme", "entityName": "Acme Ltd."});
    assert_eq!(written(catalog.entity_json(&catalog.entities()[0])), acme);
    assert_eq!(
        written(catalog.sender_json(&catalog.senders()[0])),
        json!({
            "senderId": "us-1", "sender": "+1 (415) 555-0123", "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [
                {"channel": "SMS", "countries": ["CA", "US"]},
                {"channel": "MMS", "countries": ["CA", "US"]},
            ],
            "status": "ACTIVE",
        }),
    );
    assert_eq!(
        written(catalog.sender_json(&catalog.senders()[3]))["coverage"],
        json!([{"channel": "RCS", "countries": "*"}]),
    );
    assert_eq!(
        written(catalog.sender_json(&catalog.senders()[4])),
        json!({
            "senderId": "agent", "sender": "acme_support", "senderType": "RCS_AGENT",
            "coverage": [
                {"channel": "RCS", "countries": ["CA", "US"]},
                {"channel": "RCS", "countries": "*", "status": "PENDING"},
                {"channel": "RCS", "countries": ["DE"], "status": "REJECTED"},
                {"channel": "RCS", "countries": ["FR"], "status": "EXPIRED"},
            ],
            "status": "ACTIVE", "messageTypes": ["OTP", "TRANSACTIONAL"], "weight": 250,
            "attributes": {"brand": "", "campaign": "C1", "price": "0.0075"},
        }),
    );
    let alerts = json!({"applicationId": "alerts", "attributes": {"team": "on-call"}});
    assert_eq!(written(catalog.application_json(&catalog.applications()[2])), alerts);
}

#[test]
fn the_entity_of_an_association_is_always_written() {
    let catalog = load(SOUND);
    assert_eq!(
        written(catalog.association_json(&catalog.associations()[0])),
        json!({
            "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
            "resourceId": "us-1",
        }),
    );
    assert_eq!(
        written(catalog.other_association_json(&catalog.other_associations()[1])),
        json!({
            "resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": "shop", "entityId": "acme",
            "resourceId": "acme.example",
        }),
    );
}

#[test]
fn strategies_and_default_senders_name_ids() {
    let catalog = load(SOUND);
    assert_eq!(
        written(catalog.strategy_json(&catalog.strategies()[0])),
        json!({
            "sendingStrategyId": "A", "platform": {"applicationId": "shop", "entityId": "acme"}, "channel": "SMS",
            "destinationCountryCodes": ["CA", "US"], "useStickySender": true, "useGeolocatedSender": true,
            "priorities": [{"senderType": "ALPHANUMERIC", "priority": 1}, {"senderType": "SHORT_CODE", "priority": 4}],
            "senderIds": ["us-1", "name"],
        }),
    );
    assert_eq!(
        written(catalog.strategy_json(&catalog.strategies()[1])),
        json!({
            "sendingStrategyId": "B", "platform": {"applicationId": "shop"}, "destinationCountryCode": "DE",
            "useStickySender": false, "useGeolocatedSender": false, "skipUnhealthySenders": true,
        }),
    );
    assert_eq!(
        written(catalog.default_sender_json(&catalog.default_senders()[1])),
        json!({"platform": {"applicationId": "shop", "entityId": "acme"}, "senderId": "code"}),
    );
}

#[test]
fn the_generation_of_an_application_is_written_if_it_is_not_the_first() {
    let text = r#"{"applications":[{"applicationId":"default"},{"applicationId":"a","generation":0},
        {"applicationId":"b","generation":4294967295}]}"#;
    let catalog = load(text);
    let generations: Vec<u32> = catalog.applications().iter().map(|application| application.generation).collect();
    assert_eq!(generations, [0, 0, u32::MAX]);
    let written = serde_json::to_string(&catalog.to_json()).expect("it is written");
    assert!(written.contains(r#"{"applicationId":"a"},{"applicationId":"b","generation":4294967295}"#), "{written}");
    for wrong in ["-1", "4294967296", "1.5", "\"1\""] {
        let text = format!(r#"{{"applications":[{{"applicationId":"a","generation":{wrong}}}]}}"#);
        assert_eq!(crate::tests::faults(&text).as_slice()[0].path, "$.applications[0].generation", "{wrong}");
    }
}
