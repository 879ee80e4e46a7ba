//! Step 4.

use std::sync::Arc;

use callsign::{AlphanumericCountries, Channel, Gateway, MemoryStore, Numbering, Policy};
use serde_json::json;

use callsign_tests::platform::{Platform, decide, message, of_type, patient, sms, strategy_of};

const US: &str = "+14155550123";
const GB: &str = "+442071838750";

fn british(id: &str) -> serde_json::Value {
    json!({"senderId": id, "sender": "ACME", "senderType": "ALPHANUMERIC",
           "coverage": [{"channel": "SMS", "countries": ["GB"]}]})
}

#[test]
fn senders_associated_with_exactly_this_application_and_entity_or_null() {
    let platform = Platform::new()
        .long("APP", "+12125550100")
        .long("ENT", "+12125550101")
        .associate("shop", &["APP"])
        .associate("shop/acme", &["ENT"])
        .strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&sms("shop", US)), "APP POOL");
    assert_eq!(platform.decide(&sms("shop/acme", US)), "ENT POOL");
    assert_eq!(platform.decide(&sms("shop/zeta", US)), "NO_ELIGIBLE_SENDER");
}

#[test]
fn for_this_channel() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate_for("MMS", "shop", "S1").strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&message(Channel::Mms, "shop", US)), "S1 POOL");
    assert_eq!(platform.decide(&sms("shop", US)), "NO_ELIGIBLE_SENDER");
}

#[test]
fn that_are_active() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&sms("shop", US)), "S1 POOL");
    assert_eq!(platform.suspended("S1").decide(&sms("shop", US)), "NO_ELIGIBLE_SENDER");
}

#[test]
fn that_cover_the_channel_and_the_country() {
    let platform = Platform::new()
        .sender_as(british("S1"))
        .associate("shop", &["S1"])
        .associate_for("MMS", "shop", "S1")
        .strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&sms("shop", GB)), "S1 POOL");
    assert_eq!(platform.decide(&sms("shop", US)), "NO_ELIGIBLE_SENDER", "the country");
    assert_eq!(platform.decide(&message(Channel::Mms, "shop", GB)), "NO_ELIGIBLE_SENDER", "the channel");
}

#[test]
fn where_the_strategy_lists_sender_ids_that_are_on_the_list() {
    let platform = Platform::new()
        .long("S1", "+12125550100")
        .long("S2", "+12125550101")
        .long("S3", "+12125550102")
        .associate("shop", &["S1", "S2"])
        .strategy("A", "shop", json!({"senderIds": ["S2", "S3"]}));
    for to in ["+14155550123", "+14155550124", "+14155550125", "+14155550126", "+14155550127"] {
        assert_eq!(platform.decide(&sms("shop", to)), "S2 POOL", "S1 is not listed, S3 not associated");
    }
}

#[test]
fn none_the_default_senders_of_the_entity_and_of_the_application_in_this_order() {
    let platform = Platform::new()
        .long("APP", "+12125550100")
        .long("ENT", "+12125550101")
        .default_sender("shop", "APP")
        .default_sender("shop/acme", "ENT")
        .strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&sms("shop/acme", US)), "ENT DEFAULT_SENDER");
    assert_eq!(platform.decide(&sms("shop/zeta", US)), "APP DEFAULT_SENDER");
    assert_eq!(platform.decide(&sms("shop/unlisted", US)), "APP DEFAULT_SENDER");
    assert_eq!(platform.decide(&sms("shop", US)), "APP DEFAULT_SENDER");
    assert_eq!(strategy_of(&platform.gateway(), &sms("shop", US)).as_deref(), Some("A"));
}

#[test]
fn the_first_that_is_active_covers_the_channel_and_country_and_may_carry_the_type() {
    let typed = json!({"senderId": "APP", "sender": "+12125550100", "senderType": "VIRTUAL_LONG_NUMBER",
                       "coverage": [{"channel": "SMS", "countries": "*"}], "messageTypes": ["OTP"]});
    let platform = Platform::new()
        .sender_as(british("S1"))
        .sender_as(typed)
        .default_sender("shop", "APP")
        .default_sender("shop/acme", "S1")
        .strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&sms("shop/acme", GB)), "S1 DEFAULT_SENDER");
    let suspended = platform.clone().suspended("S1");
    // The entity's being unusable does not keep the application's from carrying the message.
    for (to, platform) in [(US, &platform), (GB, &suspended)] {
        assert_eq!(platform.decide(&sms("shop/acme", to)), "APP DEFAULT_SENDER", "{to}");
        assert_eq!(platform.decide(&of_type(sms("shop/acme", to), "OTP")), "APP DEFAULT_SENDER", "{to}");
        assert_eq!(platform.decide(&of_type(sms("shop/acme", to), "PROMOTIONAL")), "NO_ELIGIBLE_SENDER", "{to}");
    }
    assert_eq!(platform.clone().suspended("APP").decide(&sms("shop/acme", US)), "NO_ELIGIBLE_SENDER");
    assert_eq!(platform.suspended("APP").decide(&sms("shop/acme", GB)), "S1 DEFAULT_SENDER");
}

#[test]
fn a_default_sender_is_not_pinned() {
    let gateway = Platform::new()
        .long("APP", "+12125550100")
        .default_sender("shop", "APP")
        .strategy("A", "shop", json!({"useStickySender": true}))
        .gateway();
    for _ in 0..2 {
        assert_eq!(decide(&gateway, &sms("shop", US)), "APP DEFAULT_SENDER");
    }
}

#[test]
fn no_such_default_refuse_no_eligible_sender() {
    assert_eq!(Platform::new().strategy("A", "shop", json!({})).decide(&sms("shop", US)), "NO_ELIGIBLE_SENDER");
}

#[test]
fn an_alphanumeric_sender_is_no_candidate_where_networks_take_none_if_decisions_follow_the_table() {
    let name = |id: &str| {
        json!({"senderId": id, "sender": "ACME", "senderType": "ALPHANUMERIC",
               "coverage": [{"channel": "SMS", "countries": "*"}, {"channel": "RCS", "countries": "*"}]})
    };
    let platform = Platform::new()
        .sender_as(name("NAME"))
        .associate("shop", &["NAME"])
        .associate_for("RCS", "shop", "NAME")
        .strategy("A", "shop", json!({}));
    let countries = AlphanumericCountries::standard().with_csv(b"country,alphanumeric\n").unwrap();
    let numbering = Numbering::standard().with_alphanumeric(countries);
    let catalog = platform.catalog().with_numbering(Arc::new(numbering));
    let standard = patient(Policy::standard().unwrap());
    let following = Gateway::with(catalog, standard, Arc::new(MemoryStore::new())).unwrap();
    assert_eq!(decide(&following, &sms("shop", GB)), "NAME POOL");
    for to in [US, "+16045550123", "+17875550123", "+5511987654321"] {
        assert_eq!(decide(&following, &sms("shop", to)), "NO_ELIGIBLE_SENDER", "{to}");
        assert_eq!(decide(&following, &message(Channel::Rcs, "shop", to)), "NAME POOL", "a name over RCS: {to}");
        // By default a sender covers what its coverage says.
        assert_eq!(platform.decide(&sms("shop", to)), "NAME POOL", "{to}");
    }
    assert_eq!(decide(&following, &sms("shop", US).from("ACME")), "SENDER_NOT_CAPABLE");
}
