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
fn and_blanks_and_format_characters_of_any_kind_and_digits_of_any_script() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    for to in [
        "\u{202a}+14155550123\u{202c}",
        "+1\u{a0}415\u{202f}555\u{2009}0123",
        "\u{feff}+1\u{200e}4155550123\u{2069}",
        "+\u{ff11}\u{ff14}\u{ff11}\u{ff15}5550123",
        "+\u{661}\u{664}\u{661}\u{665}\u{665}\u{665}\u{665}\u{660}\u{661}\u{662}\u{663}",
    ] {
        assert_eq!(platform.decide(&sms("shop", to)), "S1 POOL", "{to:?}");
    }
}

#[test]
fn it_must_be_as_long_as_a_number_of_its_country_is() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    for short_code in ["45100", "12345", "24242", "+4930", "+336"] {
        assert_eq!(platform.decide(&sms("shop", short_code)), "INVALID_DESTINATION", "{short_code}");
    }
}

#[test]
fn an_exponent_a_decimal_fraction_or_letters_make_it_no_number() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    for to in ["1.41556E+10", "1,41556e+10", "49305550123.0", "+1415555O123", "tel:+14155550123", "1415555CALL"] {
        assert_eq!(platform.decide(&sms("shop", to)), "INVALID_DESTINATION", "{to}");
    }
}

#[test]
fn sender_and_from_are_read_the_same_way() {
    let texts =
        ["+14155550100", "1 (415) 555-0100", "\u{202a}+1\u{a0}415\u{a0}555\u{a0}0100\u{202c}", "+\u{ff11}4155550100"];
    for sender in texts {
        let platform = Platform::new().long("S1", sender);
        for from in texts {
            let message = sms("shop", "+14155550123").from(from);
            assert_eq!(platform.decide(&message), "S1 EXPLICIT", "{sender:?} {from:?}");
        }
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
