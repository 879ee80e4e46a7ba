//! Step 2.

use callsign::{Channel, Message};
use serde_json::json;

use callsign_tests::platform::{Platform, decide, message, of_type, sms};

fn platform() -> Platform {
    Platform::new()
        .long("S1", "+14155550100")
        .typed("S2", "ACME", "ALPHANUMERIC")
        .typed("S3", "24242", "SHORT_CODE")
        .sender_as(json!({"senderId": "S4", "sender": "+442071838750", "senderType": "VIRTUAL_LONG_NUMBER",
                          "coverage": [{"channel": "SMS", "countries": ["GB"]}]}))
        .long("S5", "+14155550105")
        .suspended("S5")
}

#[test]
fn the_message_has_from_and_it_overrides_every_strategy() {
    // There is no strategy and no association at all.
    for (from, id) in [("+14155550100", "S1"), ("14155550100", "S1"), ("ACME", "S2"), ("24242", "S3")] {
        assert_eq!(platform().decide(&sms("shop", "+14155550123").from(from)), format!("{id} EXPLICIT"), "{from}");
    }
}

#[test]
fn an_explicit_decision_has_no_strategy() {
    let gateway = platform().strategy("A", "shop", json!({})).gateway();
    let decision = gateway.resolve(&sms("shop", "+14155550123").from("ACME"));
    assert!(decision.get().strategy().is_none());
    let json = serde_json::to_value(decision.get().to_json(Some("m1"))).unwrap();
    assert_eq!(json["step"], "EXPLICIT");
    assert!(json.get("strategyId").is_none());
}

#[test]
fn not_registered_refuse_sender_not_registered() {
    for from in ["+14155559999", "NOBODY", "acme", "S1"] {
        assert_eq!(platform().decide(&sms("shop", "+14155550123").from(from)), "SENDER_NOT_REGISTERED", "{from}");
    }
}

#[test]
fn not_active_or_not_covering_refuse_sender_not_capable() {
    let platform = platform();
    assert_eq!(platform.decide(&sms("shop", "+14155550123").from("+14155550105")), "SENDER_NOT_CAPABLE", "suspended");
    assert_eq!(platform.decide(&sms("shop", "+14155550123").from("+442071838750")), "SENDER_NOT_CAPABLE", "country");
    let mms = message(Channel::Mms, "shop", "+442071838700").from("+442071838750");
    assert_eq!(platform.decide(&mms), "SENDER_NOT_CAPABLE", "channel");
    assert_eq!(platform.decide(&sms("shop", "+442071838700").from("+442071838750")), "S4 EXPLICIT");
}

#[test]
fn no_pin_is_read_or_written() {
    let gateway =
        platform().associate("shop", &["S1", "S2"]).strategy("A", "shop", json!({"useStickySender": true})).gateway();
    let to = "+14155550123";
    assert_eq!(decide(&gateway, &sms("shop", to).from("ACME")), "S2 EXPLICIT");
    let first = decide(&gateway, &sms("shop", to));
    assert!(first.ends_with("POOL"), "nothing was pinned before: {first}");
    assert_eq!(decide(&gateway, &sms("shop", to).from("24242")), "S3 EXPLICIT", "the pin is not read");
    let again = decide(&gateway, &sms("shop", to));
    assert_eq!(again, first.replace("POOL", "STICKY"), "and not replaced");
}

#[test]
fn else_refuse_sender_not_capable_and_say_which_of_the_three() {
    let typed = json!({"senderId": "S6", "sender": "+14155550106", "senderType": "VIRTUAL_LONG_NUMBER",
                       "coverage": [{"channel": "SMS", "countries": "*"}], "messageTypes": ["TRANSACTIONAL", "OTP"]});
    let gateway = platform().sender_as(typed).gateway();
    let words = |message: &Message<'_>| {
        let decision = gateway.resolve(message);
        let refusal = decision.get().refusal().map(|refusal| (refusal.code().to_owned(), refusal.to_string()));
        let (code, words) = refusal.expect("a refusal");
        assert_eq!(code, "SENDER_NOT_CAPABLE");
        words
    };
    let suspended = words(&sms("shop", "+14155550123").from("+14155550105"));
    assert!(suspended.contains("suspended"), "{suspended}");
    let country = words(&sms("shop", "+14155550123").from("+442071838750"));
    assert!(country.contains("does not cover SMS to US"), "{country}");
    let other_type = words(&of_type(sms("shop", "+14155550123").from("+14155550106"), "PROMOTIONAL"));
    assert!(other_type.contains("not for messages of type PROMOTIONAL"), "{other_type}");
}
