//! Step 3.

use callsign::{Catalog, Channel};
use serde_json::json;

use callsign_tests::platform::{Platform, message, sms, strategy_of};

const US: &str = "+14155550123";
const GB: &str = "+442071838750";

fn platform() -> Platform {
    Platform::new()
        .long("S1", "+12125550100")
        .associate("shop", &["S1"])
        .associate("shop/acme", &["S1"])
        .associate_for("MMS", "shop", "S1")
        .associate_for("MMS", "shop/acme", "S1")
}

fn chosen(platform: &Platform, channel: Channel, scope: &str, to: &str) -> String {
    let gateway = platform.gateway();
    let asked = message(channel, scope, to);
    strategy_of(&gateway, &asked).unwrap_or_else(|| callsign_tests::platform::decide(&gateway, &asked))
}

#[test]
fn no_strategies_at_all_refuse_no_strategy() {
    assert_eq!(platform().decide(&sms("shop", US)), "NO_STRATEGY");
    assert_eq!(platform().decide(&sms("shop/acme", US)), "NO_STRATEGY");
    assert_eq!(platform().decide(&sms("nowhere", US)), "NO_STRATEGY");
    let other = platform().strategy("A", "care", json!({}));
    assert_eq!(other.decide(&sms("shop", US)), "NO_STRATEGY", "the strategies of other applications do not count");
}

#[test]
fn where_the_entity_level_has_at_least_one_only_the_entity_level_counts() {
    let platform = platform().strategy("APP", "shop", json!({})).strategy("ENT", "shop/acme", json!({}));
    assert_eq!(chosen(&platform, Channel::Sms, "shop/acme", US), "ENT");
    assert_eq!(chosen(&platform, Channel::Sms, "shop", US), "APP");
    assert_eq!(chosen(&platform, Channel::Sms, "shop/zeta", US), "NO_ELIGIBLE_SENDER", "zeta has the application's");
}

#[test]
fn the_entity_level_replaces_the_application_level_for_that_channel() {
    let platform =
        platform().strategy("APP", "shop", json!({})).strategy("ENT", "shop/acme", json!({"channel": "MMS"}));
    assert_eq!(chosen(&platform, Channel::Mms, "shop/acme", US), "ENT");
    assert_eq!(chosen(&platform, Channel::Sms, "shop/acme", US), "APP", "it has none for SMS");
}

#[test]
fn a_client_is_kept_inside_a_defined_scope() {
    let platform = platform().strategy("APP", "shop", json!({})).strategy(
        "ENT",
        "shop/acme",
        json!({"destinationCountryCode": "GB"}),
    );
    assert_eq!(chosen(&platform, Channel::Sms, "shop/acme", GB), "ENT");
    assert_eq!(chosen(&platform, Channel::Sms, "shop/acme", US), "COUNTRY_NOT_ALLOWED");
}

#[test]
fn otherwise_only_the_application_level_counts() {
    let platform = platform().strategy("ENT", "shop/acme", json!({}));
    assert_eq!(
        chosen(&platform, Channel::Sms, "shop", US),
        "NO_STRATEGY",
        "an entity's strategy is not its application's"
    );
}

#[test]
fn none_whose_countries_contain_the_destination_or_are_unset_refuse_country_not_allowed() {
    let platform = platform().strategy("A", "shop", json!({"destinationCountryCodes": ["GB", "FR"]}));
    assert_eq!(chosen(&platform, Channel::Sms, "shop", US), "COUNTRY_NOT_ALLOWED");
    assert_eq!(chosen(&platform, Channel::Sms, "shop", GB), "A");
}

#[test]
fn the_level_that_counts_has_none_for_this_channel_refuse_channel_not_allowed() {
    let only_mms = platform().strategy("A", "shop", json!({"channel": "MMS"}));
    assert_eq!(chosen(&only_mms, Channel::Sms, "shop", US), "CHANNEL_NOT_ALLOWED");
    let entity_only = platform().strategy("A", "shop/acme", json!({"channel": "MMS"}));
    assert_eq!(chosen(&entity_only, Channel::Sms, "shop/acme", US), "CHANNEL_NOT_ALLOWED");
    assert_eq!(chosen(&only_mms, Channel::Rcs, "shop/acme", US), "CHANNEL_NOT_ALLOWED");
}

#[test]
fn country_and_channel_both_set_then_country_then_channel_then_neither() {
    let neither = platform().strategy("NEITHER", "shop", json!({}));
    assert_eq!(chosen(&neither, Channel::Sms, "shop", US), "NEITHER");
    let channel = neither.strategy("CHANNEL", "shop", json!({"channel": "SMS"}));
    assert_eq!(chosen(&channel, Channel::Sms, "shop", US), "CHANNEL");
    let country = channel.strategy("COUNTRY", "shop", json!({"destinationCountryCode": "US"}));
    assert_eq!(chosen(&country, Channel::Sms, "shop", US), "COUNTRY");
    let both = country.strategy("BOTH", "shop", json!({"destinationCountryCode": "US", "channel": "SMS"}));
    assert_eq!(chosen(&both, Channel::Sms, "shop", US), "BOTH");
    assert_eq!(chosen(&both, Channel::Mms, "shop", US), "COUNTRY");
    assert_eq!(chosen(&both, Channel::Sms, "shop", GB), "CHANNEL");
    assert_eq!(chosen(&both, Channel::Mms, "shop", GB), "NEITHER");
}

#[test]
fn two_strategies_of_one_scope_may_not_tie_and_the_error_names_the_first() {
    let text = r#"{"sendingStrategies":[
        {"sendingStrategyId":"FIRST","platform":{"applicationId":"default"},"destinationCountryCodes":["US","GB"]},
        {"sendingStrategyId":"SECOND","platform":{"applicationId":"default"},"destinationCountryCode":"GB"}]}"#;
    let error = Catalog::from_json(text).unwrap_err().to_string();
    assert!(error.contains("$.sendingStrategies[1]") && error.contains("FIRST") && error.contains("GB"), "{error}");
}
