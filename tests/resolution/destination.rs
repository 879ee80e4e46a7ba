//! Step 1.

use callsign::{Channel, Message};
use serde_json::json;

use callsign_tests::platform::{Platform, sms};

#[test]
fn to_does_not_parse_refuse_invalid_destination() {
    let platform = Platform::new().strategy("A", "shop", json!({}));
    for to in ["", "hello", "+", "+1", "+999123456789", "+1 415 555 0123 ext 5", "00441234567890"] {
        assert_eq!(platform.decide(&sms("shop", to)), "INVALID_DESTINATION", "{to}");
    }
}

#[test]
fn to_has_no_country_refuse_invalid_destination() {
    let platform = Platform::new().strategy("A", "shop", json!({}));
    for to in ["+88312345678", "+870773111632", "+80012345678"] {
        assert_eq!(platform.decide(&sms("shop", to)), "INVALID_DESTINATION", "{to}");
    }
}

#[test]
fn an_invalid_destination_is_refused_before_an_explicit_sender_is_looked_at() {
    let platform = Platform::new().long("S1", "+14155550100");
    assert_eq!(platform.decide(&sms("shop", "junk").from("+14155550100")), "INVALID_DESTINATION");
}

#[test]
fn to_is_e164_with_or_without_the_plus_and_may_carry_separators() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    for to in ["+14155550123", "14155550123", "+1 (415) 555-0123", "1.415.555.0123", "+1-415-555-0123"] {
        assert_eq!(platform.decide(&sms("shop", to)), "S1 POOL", "{to}");
    }
}

#[test]
fn the_country_is_what_libphonenumber_calls_the_region() {
    for (to, country) in
        [("+17875550123", "PR"), ("+16045550123", "CA"), ("+77011234567", "KZ"), ("+18375550123", "US")]
    {
        let platform = Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy(
            "A",
            "shop",
            json!({"destinationCountryCode": country}),
        );
        assert_eq!(platform.decide(&sms("shop", to)), "S1 POOL", "{to} is in {country}");
    }
}

#[test]
fn a_message_that_names_no_application_is_of_default() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("default", &["S1"]).strategy("A", "default", json!({}));
    assert_eq!(platform.decide(&Message::new(Channel::Sms, "+14155550123")), "S1 POOL");
    assert_eq!(platform.decide(&sms("shop", "+14155550123")), "NO_STRATEGY");
}
