//! Step 7.

use serde_json::{Value, json};

use callsign_tests::platform::{Platform, sms};

/// Long numbers with these area codes, in one pool, under a strategy that is geolocated.
fn platform(area_codes: &[&str], options: Value) -> Platform {
    let mut platform = Platform::new();
    for code in area_codes {
        platform = platform.long(&format!("L{code}"), &format!("+1{code}5550100"));
        platform = platform.associate("shop", &[&format!("L{code}")]);
    }
    let mut strategy = json!({"useGeolocatedSender": true});
    for (name, value) in options.as_object().into_iter().flatten() {
        strategy[name] = value.clone();
    }
    platform.strategy("A", "shop", strategy)
}

fn decide(area_codes: &[&str], to: &str) -> String {
    platform(area_codes, json!({})).decide(&sms("shop", to))
}

#[test]
fn same_npa_area_code() {
    assert_eq!(decide(&["415", "212", "628"], "+14155550123"), "L415 AREA_CODE");
}

#[test]
fn npa_that_directly_overlays_it_overlay() {
    assert_eq!(decide(&["628", "213", "212"], "+14155550123"), "L628 OVERLAY");
}

#[test]
fn overlaying_is_not_transitive() {
    // 212 and 917 overlay, 917 and 718 overlay, 212 and 718 do not; they are of the same state.
    assert_eq!(decide(&["917", "305"], "+12125550123"), "L917 OVERLAY");
    assert_eq!(decide(&["718", "305"], "+19175550123"), "L718 OVERLAY");
    assert_eq!(decide(&["718", "305"], "+12125550123"), "L718 REGION");
}

#[test]
fn npa_in_the_same_state_or_province_region() {
    assert_eq!(decide(&["213", "212"], "+14155550123"), "L213 REGION", "California");
    assert_eq!(decide(&["613", "604"], "+14165550123"), "L613 REGION", "Ontario");
}

#[test]
fn an_area_code_of_two_provinces_is_in_both() {
    assert_eq!(decide(&["782", "416"], "+19025550123"), "L782 OVERLAY");
    assert_eq!(decide(&["867", "416"], "+18675550123"), "L867 AREA_CODE");
}

#[test]
fn all_empty_keep_all_that_remained() {
    assert_eq!(decide(&["212"], "+14155550123"), "L212 POOL");
}

#[test]
fn destination_us_or_ca() {
    assert_eq!(decide(&["787"], "+17875550123"), "L787 POOL", "Puerto Rico is neither");
    assert_eq!(decide(&["876"], "+18765550123"), "L876 POOL", "Jamaica is neither");
    assert_eq!(decide(&["604"], "+16045550123"), "L604 AREA_CODE");
}

#[test]
fn without_use_geolocated_sender_nothing_is_narrowed() {
    let platform = platform(&["415"], json!({"useGeolocatedSender": false}));
    assert_eq!(platform.decide(&sms("shop", "+14155550123")), "L415 POOL");
}

#[test]
fn of_the_remaining_long_numbers() {
    let both = |first: &str| {
        platform(&["415"], json!({"priorities": [{"senderType": first, "priority": 1}]}))
            .typed("SHORT", "24242", "SHORT_CODE")
            .typed("FREE", "+18005550100", "TOLL_FREE_NUMBER")
            .associate("shop", &["SHORT", "FREE"])
            .decide(&sms("shop", "+14155550123"))
    };
    assert_eq!(both("VIRTUAL_LONG_NUMBER"), "L415 AREA_CODE");
    assert_eq!(both("SHORT_CODE"), "SHORT POOL", "the long number did not remain");
    assert_eq!(both("TOLL_FREE_NUMBER"), "FREE POOL");
}

#[test]
fn among_types_that_remain_together_a_near_long_number_comes_before_the_others() {
    let platform = platform(&["415"], json!({})).typed("SHORT", "24242", "SHORT_CODE").associate("shop", &["SHORT"]);
    for to in ["+14155550123", "+14155550124", "+14155550125", "+14155550126"] {
        assert_eq!(platform.decide(&sms("shop", to)), "L415 AREA_CODE");
    }
}

#[test]
fn a_toll_free_destination_is_near_to_nothing() {
    assert_eq!(decide(&["212"], "+18005550123"), "L212 POOL");
}

#[test]
fn the_ten_newer_area_codes_are_known() {
    for code in ["357", "436", "457", "621", "624", "679", "729", "837", "861", "924"] {
        assert_eq!(decide(&[code], &format!("+1{code}5550123")), format!("L{code} AREA_CODE"));
    }
}
