//! Decisions that the policy may not make.

use std::sync::Arc;

use callsign::{
    AlphanumericCountries, Binding, BindingTarget, Channel, Gateway, MemoryStore, Message, MessageType, Numbering,
    Policy,
};
use serde_json::json;

use super::{Attacked, TO, hostile, policy, resolve_fails};
use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, decide, message, patient, sms};

fn decision(sender: i64, strategy: i64, pin: i32) -> String {
    format!("(call $decide (i32.const {sender}) (i32.const {strategy}) (i32.const 4) (i32.const {pin}))")
}

fn not_acceptable(body: &str, why: &str) {
    resolve_fails(body, &format!("the policy's answer is not acceptable: {why}"));
}

#[test]
fn a_sender_that_there_is_not() {
    not_acceptable(&decision(99, -1, 0), "the scope has no sender 99");
    not_acceptable(&decision(0xffff_ffff, -1, 0), "the scope has no sender 4294967295");
}

#[test]
fn a_sender_of_another_scope() {
    // `care` has two senders and `shop` has five: what only `care` may use has no number in `shop`.
    not_acceptable(&decision(5, -1, 0), "the scope has no sender 5");
}

#[test]
fn a_sender_for_another_channel() {
    not_acceptable(&decision(2, -1, 0), "sender S2 is not associated with the scope for SMS");
}

#[test]
fn a_suspended_sender() {
    not_acceptable(&decision(3, -1, 0), "sender S3 is suspended, does not cover SMS to US");
}

#[test]
fn a_sender_that_does_not_cover_the_country() {
    not_acceptable(&decision(4, -1, 0), "sender S4 is suspended, does not cover SMS to US");
}

/// What the decision of sender 0 comes to, which has these fields, for a message that `change` changes.
fn of_sender_0(fields: serde_json::Value, change: impl FnOnce(Message<'static>) -> Message<'static>) -> String {
    let mut sender = json!({
        "senderId": "S0", "sender": "+12125550100", "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{"channel": "SMS", "countries": ["US"]}],
    });
    for (name, value) in fields.as_object().unwrap() {
        sender[name] = value.clone();
    }
    let platform = Platform::new().sender_as(sender).associate("shop", &["S0"]).strategy("A", "shop", json!({}));
    // With a table of the operator decisions follow it.
    let countries = AlphanumericCountries::standard().with_csv(b"country,alphanumeric\n").unwrap();
    let catalog = platform.catalog().with_numbering(Arc::new(Numbering::standard().with_alphanumeric(countries)));
    let policy = Component::new("first", "1.0.0").deciding(0).policy();
    let gateway = Gateway::with(catalog, policy, Arc::new(MemoryStore::new())).unwrap();
    let message = change(sms("shop", TO));
    let decision = gateway.resolve(&message);
    let decision = decision.get();
    // Alone and in a batch.
    assert_eq!(gateway.resolve_batch(&[message; 3]).iter().filter(|one| one.sender() == decision.sender()).count(), 3);
    decision.refusal().map_or_else(|| "decided".to_owned(), |refusal| refusal.to_string())
}

#[test]
fn a_sender_that_may_not_carry_messages_of_the_type() {
    let limited = || json!({"messageTypes": ["TRANSACTIONAL"]});
    let of_type =
        |word: &'static str| move |message: Message<'static>| message.message_type(MessageType::parse(word).unwrap());
    let refused = of_sender_0(limited(), of_type("PROMOTIONAL"));
    assert!(refused.contains("not acceptable: sender S0 may not carry messages of this type"), "{refused}");
    assert_eq!(of_sender_0(limited(), of_type("TRANSACTIONAL")), "decided");
    assert_eq!(of_sender_0(limited(), |message| message), "decided", "a message without a type is carried by all");
    assert_eq!(of_sender_0(json!({}), of_type("PROMOTIONAL")), "decided");
}

#[test]
fn a_sender_that_is_the_recipient() {
    for number in [TO, "+1 (415) 555-0123"] {
        let refused = of_sender_0(json!({"sender": number}), |message| message);
        assert!(refused.contains("not acceptable: sender S0 is the recipient"), "{refused}");
    }
}

#[test]
fn a_sender_whose_registration_is_not_active() {
    for status in ["PENDING", "REJECTED", "EXPIRED"] {
        let coverage = json!({"coverage": [{"channel": "SMS", "countries": ["US"], "status": status}]});
        let refused = of_sender_0(coverage, |message| message);
        assert!(refused.contains("sender S0 is suspended, does not cover SMS to US"), "{status}: {refused}");
    }
}

#[test]
fn a_sender_of_a_type_that_the_country_does_not_take() {
    let fields = json!({"sender": "Callsign", "senderType": "ALPHANUMERIC"});
    let refused = of_sender_0(fields, |message| message);
    assert!(refused.contains("or is of a type not taken there"), "{refused}");
}

#[test]
fn a_strategy_that_there_is_not() {
    not_acceptable(&decision(0, 2, 0), "the scope has no strategy 2");
}

#[test]
fn a_pin_without_a_strategy() {
    not_acceptable(&decision(0, -1, 1), "it pins the recipient without a sticky strategy");
}

#[test]
fn a_pin_with_a_strategy_that_is_not_sticky() {
    not_acceptable(&decision(0, 0, 1), "it pins the recipient without a sticky strategy");
}

#[test]
fn a_pin_with_a_sticky_strategy_of_another_channel() {
    // Strategy 1 is sticky, but for MMS.
    not_acceptable(&decision(0, 1, 1), "it pins the recipient without a sticky strategy for its channel and country");
}

#[test]
fn a_pin_with_a_sticky_strategy_of_another_country() {
    let platform = sticky_for("GB");
    let gateway = platform.gateway_with(pins(0));
    assert_eq!(decide(&gateway, &sms("shop", TO)), "POLICY_FAILED");
    assert_eq!(decide(&gateway, &sms("shop", "+442071838750")), "S0 POOL");
}

/// Senders 0 and 1 and a sticky strategy for one country.
fn sticky_for(country: &str) -> Platform {
    Platform::new().long("S0", "+12125550100").long("S1", "+12125550101").associate("shop", &["S0", "S1"]).strategy(
        "STICKY",
        "shop",
        json!({"useStickySender": true, "destinationCountryCode": country}),
    )
}

/// Senders 0 and 1 and a sticky strategy.
fn sticky() -> Platform {
    Platform::new().long("S0", "+12125550100").long("S1", "+12125550101").associate("shop", &["S0", "S1"]).strategy(
        "STICKY",
        "shop",
        json!({"useStickySender": true}),
    )
}

fn pins(sender: u32) -> Arc<Policy> {
    Component::new("pins", "1.0.0").resolve(&decision(i64::from(sender), 0, 1)).policy()
}

#[test]
fn a_pin_of_a_recipient_that_is_pinned_to_another_sender_is_refused_and_changes_nothing() {
    let gateway = sticky().gateway_with(pins(0));
    let to = sms("shop", TO);
    assert_eq!(decide(&gateway, &to), "S0 POOL");
    gateway.swap(&BindingTarget::Platform, Binding::new(pins(1))).unwrap();
    for _ in 0..3 {
        let decision = gateway.resolve(&to);
        let refusal = decision.get().refusal().unwrap().to_string();
        assert!(refusal.contains("it pins the recipient to another sender than the one it is pinned to"), "{refusal}");
    }
    assert!(gateway.resolve_batch(&[to; 10]).iter().all(|decision| decision.sender().is_none()));
    gateway.swap(&BindingTarget::Platform, Binding::new(patient(Policy::standard().unwrap()))).unwrap();
    assert_eq!(decide(&gateway, &to), "S0 STICKY", "the pin is what it was");
}

#[test]
fn a_policy_pins_the_recipient_of_the_message_and_no_other() {
    // It looks at the pins of all messages there are, and of some that there are not, and then wants one.
    let look = "(local $at i32)
        (loop $next
          (call $pin-of (local.get $at) (i32.const 4096))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 300))))";
    let component = Component::new("looks", "1.0.0")
        .import("sticky", "pin-of", "(param i32 i32)")
        .resolve(&format!("{look} {}", decision(1, 0, 1)));
    let gateway = sticky().gateway_with(component.policy());
    let (to, other) = (sms("shop", TO), sms("shop", "+14155550124"));
    assert_eq!(decide(&gateway, &to), "S1 POOL");
    gateway.swap(&BindingTarget::Platform, Binding::new(patient(Policy::standard().unwrap()))).unwrap();
    assert_eq!(decide(&gateway, &to), "S1 STICKY");
    assert!(decide(&gateway, &other).ends_with("POOL"), "nobody pinned the other");
}

#[test]
fn an_answer_is_held_against_the_channel_of_its_own_message() {
    let attacked = Attacked::by(policy(&hostile().deciding(2)));
    let mms = message(Channel::Mms, "shop", TO);
    assert_eq!(decide(&attacked.gateway, &mms), "S2 POOL");
    let messages = [mms, sms("shop", TO), mms];
    let decisions = attacked.gateway.resolve_batch(&messages);
    let senders: Vec<bool> = decisions.iter().map(|decision| decision.sender().is_some()).collect();
    assert_eq!(senders, [true, false, true]);
}
