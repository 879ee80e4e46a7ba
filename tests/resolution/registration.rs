//! Coverage and message types: what a sender can carry.

use serde_json::{Value, json};

use callsign_tests::platform::{Platform, of_type, sms};

const US: &str = "+14155550123";

/// A platform with one sender, which has these entries of coverage.
fn covering(coverage: &Value) -> Platform {
    Platform::new()
        .sender_as(json!({"senderId": "S1", "sender": "+12125550100", "senderType": "VIRTUAL_LONG_NUMBER",
                          "coverage": coverage}))
        .associate("shop", &["S1"])
        .strategy("A", "shop", json!({}))
}

#[test]
fn a_sender_covers_a_channel_and_country_where_an_active_entry_has_them() {
    for (status, decision, from) in [
        (Value::Null, "S1 POOL", "S1 EXPLICIT"),
        (json!("ACTIVE"), "S1 POOL", "S1 EXPLICIT"),
        (json!("PENDING"), "NO_ELIGIBLE_SENDER", "SENDER_NOT_CAPABLE"),
        (json!("REJECTED"), "NO_ELIGIBLE_SENDER", "SENDER_NOT_CAPABLE"),
        (json!("EXPIRED"), "NO_ELIGIBLE_SENDER", "SENDER_NOT_CAPABLE"),
    ] {
        for countries in [json!("*"), json!(["US"])] {
            let mut entry = json!({"channel": "SMS", "countries": countries});
            if !status.is_null() {
                entry["status"] = status.clone();
            }
            let platform = covering(&json!([entry]));
            assert_eq!(platform.decide(&sms("shop", US)), decision, "{entry}");
            assert_eq!(platform.decide(&sms("shop", US).from("+12125550100")), from, "{entry}");
        }
    }
}

#[test]
fn an_entry_that_names_the_country_counts_before_one_with_all() {
    let entry = |countries: Value, status: &str| json!({"channel": "SMS", "countries": countries, "status": status});
    for (entries, decision) in [
        ([entry(json!(["US", "CA"]), "PENDING"), entry(json!("*"), "ACTIVE")], "NO_ELIGIBLE_SENDER"),
        ([entry(json!("*"), "ACTIVE"), entry(json!(["US"]), "REJECTED")], "NO_ELIGIBLE_SENDER"),
        ([entry(json!("*"), "EXPIRED"), entry(json!(["US"]), "ACTIVE")], "S1 POOL"),
        ([entry(json!("*"), "ACTIVE"), entry(json!(["CA"]), "PENDING")], "S1 POOL"),
        ([entry(json!("*"), "PENDING"), entry(json!(["CA"]), "ACTIVE")], "NO_ELIGIBLE_SENDER"),
    ] {
        let platform = covering(&json!(entries));
        assert_eq!(platform.decide(&sms("shop", US)), decision, "{entries:?}");
    }
}

#[test]
fn an_entry_of_another_channel_says_nothing() {
    let platform = covering(&json!([{"channel": "MMS", "countries": ["US"], "status": "REJECTED"},
                                    {"channel": "SMS", "countries": "*"}]));
    assert_eq!(platform.decide(&sms("shop", US)), "S1 POOL");
}

/// Senders for transactional messages alone, and for all.
fn typed() -> Platform {
    Platform::new()
        .sender_as(json!({"senderId": "T", "sender": "+12125550100", "senderType": "VIRTUAL_LONG_NUMBER",
                          "coverage": [{"channel": "SMS", "countries": "*"}], "messageTypes": ["TRANSACTIONAL", "OTP"]}))
        .long("ALL", "+12125550101")
        .associate("shop", &["T"])
        .associate("care", &["T", "ALL"])
        .strategy("A", "shop", json!({}))
        .strategy("B", "care", json!({}))
}

#[test]
fn a_sender_with_message_types_may_carry_those_alone() {
    let platform = typed();
    for (message_type, decision) in [
        ("TRANSACTIONAL", "T POOL"),
        ("OTP", "T POOL"),
        ("PROMOTIONAL", "NO_ELIGIBLE_SENDER"),
        ("otp", "NO_ELIGIBLE_SENDER"),
    ] {
        assert_eq!(platform.decide(&of_type(sms("shop", US), message_type)), decision, "{message_type}");
    }
    assert_eq!(platform.decide(&of_type(sms("care", US), "PROMOTIONAL")), "ALL POOL");
}

#[test]
fn a_message_without_a_type_is_carried_by_every_sender() {
    assert_eq!(typed().decide(&sms("shop", US)), "T POOL");
}

#[test]
fn an_explicit_sender_is_for_this_message_type() {
    let platform = typed();
    let from = || sms("shop", US).from("+12125550100");
    assert_eq!(platform.decide(&of_type(from(), "OTP")), "T EXPLICIT");
    assert_eq!(platform.decide(&of_type(from(), "PROMOTIONAL")), "SENDER_NOT_CAPABLE");
}

#[test]
fn messages_of_different_types_to_one_recipient_are_decided_apart_whichever_comes_first() {
    let gateway = typed().gateway();
    for _ in 0..3 {
        let decide = |message_type| callsign_tests::platform::decide(&gateway, &of_type(sms("shop", US), message_type));
        assert_eq!((decide("OTP"), decide("PROMOTIONAL")), ("T POOL".into(), "NO_ELIGIBLE_SENDER".into()));
    }
}
