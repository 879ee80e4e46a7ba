//! What the hand-written examples are put together from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Destination, Expected, Health, Message, Pins, Reference, Report};

/// A long number for all channels and countries.
pub(super) fn long(sender_id: &str, digits: &str) -> Value {
    sender(sender_id, digits, "VIRTUAL_LONG_NUMBER", &json!("*"))
}

pub(super) fn sender(sender_id: &str, text: &str, sender_type: &str, countries: &Value) -> Value {
    let coverage: Vec<Value> =
        ["SMS", "MMS"].iter().map(|channel| json!({ "channel": channel, "countries": countries })).collect();
    json!({ "senderId": sender_id, "sender": text, "senderType": sender_type, "coverage": coverage })
}

pub(super) fn with(mut value: Value, name: &str, other: Value) -> Value {
    value[name] = other;
    value
}

pub(super) fn suspended(sender: Value) -> Value {
    with(sender, "status", json!("SUSPENDED"))
}

/// The platform of application `shop` or of an entity of it.
pub(super) fn platform(entity: Option<&str>) -> Value {
    match entity {
        Some(entity) => json!({ "applicationId": "shop", "entityId": entity }),
        None => json!({ "applicationId": "shop" }),
    }
}

pub(super) fn strategy(id: &str, entity: Option<&str>, options: Value) -> Value {
    let strategy = with(options, "sendingStrategyId", json!(id));
    with(strategy, "platform", platform(entity))
}

pub(super) fn default_sender(entity: Option<&str>, sender_id: &str) -> Value {
    json!({ "platform": platform(entity), "senderId": sender_id })
}

/// A catalog in which all senders are associated for SMS with `shop` itself and with its entity `acme`.
pub(super) fn catalog(senders: &[Value], strategies: &[Value]) -> Value {
    let mut associations = Vec::new();
    for sender in senders {
        for entity in [None, Some("acme")] {
            associations.push(json!({
                "resourceType": "NUMBER",
                "channel": "SMS",
                "applicationId": "shop",
                "entityId": entity,
                "resourceId": sender["senderId"],
            }));
        }
    }
    json!({
        "applications": [{ "applicationId": "shop" }],
        "entities": [{ "entityId": "acme" }],
        "senders": senders,
        "associations": associations,
        "sendingStrategies": strategies,
    })
}

/// An SMS of `shop` to New York.
pub(super) fn message() -> Message {
    to("12125550101", "US", Some(212))
}

pub(super) fn to(digits: &str, country: &str, area_code: Option<u16>) -> Message {
    Message {
        application_id: Some("shop".to_owned()),
        channel: "SMS".to_owned(),
        to: format!("+{digits}"),
        destination: Some(Destination { country: country.to_owned(), area_code }),
        recipient: digits.to_owned(),
        ..Message::default()
    }
}

pub(super) fn of_entity(entity: &str, message: Message) -> Message {
    Message { entity_id: Some(entity.to_owned()), ..message }
}

pub(super) fn on(channel: &str, message: Message) -> Message {
    Message { channel: channel.to_owned(), ..message }
}

pub(super) fn from(from: &str) -> Message {
    Message { from: Some(from.to_owned()), ..message() }
}

pub(super) fn expect(catalog: &Value, message: &Message) -> Expected {
    Reference::new(catalog).expect(message, &Pins::default())
}

/// A message of a type.
pub(super) fn typed(message_type: &str, message: Message) -> Message {
    Message { message_type: Some(message_type.to_owned()), ..message }
}

/// Senders that are unhealthy everywhere.
pub(super) fn unhealthy(ids: &[&str]) -> Health {
    let report = |id: &&str| Report { sender_id: (*id).to_owned(), channel: None, country: None, healthy: false };
    Health { reports: ids.iter().map(report).collect() }
}

pub(super) fn refused(code: &'static str) -> Expected {
    Expected::Refused { code, reasons: BTreeSet::new() }
}

pub(super) fn not_capable(reasons: &[&'static str]) -> Expected {
    Expected::Refused { code: "SENDER_NOT_CAPABLE", reasons: reasons.iter().copied().collect() }
}

/// Senders of weight 1.
pub(super) fn set(ids: &[&str]) -> BTreeMap<String, u64> {
    ids.iter().map(|id| ((*id).to_owned(), 1)).collect()
}

pub(super) fn decided(step: &'static str, strategy_id: &str, any_of: &[&str]) -> Expected {
    Expected::Decided { step, strategy_id: Some(strategy_id.to_owned()), any_of: set(any_of), pins: false }
}

pub(super) fn explicit(sender_id: &str) -> Expected {
    Expected::Decided { step: "EXPLICIT", strategy_id: None, any_of: set(&[sender_id]), pins: false }
}

pub(super) fn pinning(expected: Expected) -> Expected {
    match expected {
        Expected::Decided { step, strategy_id, any_of, .. } => {
            Expected::Decided { step, strategy_id, any_of, pins: true }
        }
        refused @ Expected::Refused { .. } => refused,
    }
}

pub(super) fn strategy_of(expected: &Expected) -> &str {
    match expected {
        Expected::Decided { strategy_id: Some(id), .. } => id,
        other => panic!("no strategy decided: {other:?}"),
    }
}
