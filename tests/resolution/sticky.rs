//! Step 5.

use callsign::Channel;
use serde_json::json;

use callsign_tests::platform::{Platform, decide, message, sms};

const TO: &str = "+14155550123";

fn platform() -> Platform {
    platform_with(json!({"useStickySender": true}))
}

/// Twenty senders under a strategy with these options.
fn platform_with(options: serde_json::Value) -> Platform {
    let ids: Vec<String> = (0..20).map(|index| format!("S{index}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let senders = ids
        .iter()
        .enumerate()
        .fold(Platform::new(), |platform, (index, id)| platform.long(id, &format!("+1212555{:04}", 100 + index)));
    ids.iter()
        .fold(senders, |platform, id| platform.associate_for("MMS", "shop", id))
        .associate("shop", &ids)
        .associate("shop/acme", &ids)
        .strategy("A", "shop", options)
}

fn sender(decision: &str) -> &str {
    decision.split(' ').next().unwrap()
}

#[test]
fn the_recipient_is_pinned_to_a_candidate_decide_that_candidate() {
    let gateway = platform().gateway();
    let first = decide(&gateway, &sms("shop", TO));
    assert!(first.ends_with(" POOL"), "{first}");
    for _ in 0..3 {
        assert_eq!(decide(&gateway, &sms("shop", TO)), format!("{} STICKY", sender(&first)));
    }
}

#[test]
fn pinned_for_application_entity_and_channel() {
    let gateway = platform().gateway();
    decide(&gateway, &sms("shop", TO));
    for other in [sms("shop/acme", TO), message(Channel::Mms, "shop", TO), sms("shop", "+14155550124")] {
        let decision = decide(&gateway, &other);
        assert!(decision.ends_with(" POOL"), "nothing is pinned for {other:?}: {decision}");
    }
}

#[test]
fn the_recipient_is_the_number_however_it_is_written() {
    let gateway = platform().gateway();
    decide(&gateway, &sms("shop", TO));
    assert!(decide(&gateway, &sms("shop", "1 (415) 555-0123")).ends_with(" STICKY"));
}

#[test]
fn a_pin_to_a_sender_that_is_no_longer_a_candidate_is_replaced_by_what_follows() {
    let gateway = platform().gateway();
    let first = decide(&gateway, &sms("shop", TO));
    gateway.replace_catalog(platform().suspended(sender(&first)).catalog()).unwrap();
    let second = decide(&gateway, &sms("shop", TO));
    assert!(second.ends_with(" POOL") && sender(&second) != sender(&first), "{first}, then {second}");
    // The old sender is back, but the pin is the new one's.
    gateway.replace_catalog(platform().catalog()).unwrap();
    assert_eq!(decide(&gateway, &sms("shop", TO)), format!("{} STICKY", sender(&second)));
}

#[test]
fn a_candidate_of_a_worse_type_or_farther_away_is_still_a_candidate() {
    let before = Platform::new().long("FAR", "+12125550100").associate("shop", &["FAR"]).strategy(
        "A",
        "shop",
        json!({"useStickySender": true}),
    );
    let gateway = before.gateway();
    assert_eq!(decide(&gateway, &sms("shop", TO)), "FAR POOL");
    let after = Platform::new()
        .long("FAR", "+12125550100")
        .long("NEAR", "+14155550100")
        .typed("SHORT", "24242", "SHORT_CODE")
        .associate("shop", &["FAR", "NEAR", "SHORT"])
        .strategy(
            "A",
            "shop",
            json!({"useStickySender": true, "useGeolocatedSender": true,
                   "priorities": [{"senderType": "SHORT_CODE", "priority": 1}]}),
        );
    gateway.replace_catalog(after.catalog()).unwrap();
    assert_eq!(decide(&gateway, &sms("shop", TO)), "FAR STICKY");
}

#[test]
fn turning_the_feature_off_keeps_pins_and_ignores_them_turning_it_on_again_uses_them() {
    let gateway = platform().gateway();
    let first = decide(&gateway, &sms("shop", TO));
    let others = (0..20).map(|index| format!("S{index}")).filter(|id| id != sender(&first));
    let without = others.fold(platform_with(json!({})), |platform, id| platform.suspended(&id));
    gateway.replace_catalog(without.catalog()).unwrap();
    assert_eq!(decide(&gateway, &sms("shop", TO)), format!("{} POOL", sender(&first)), "ignored");
    gateway.replace_catalog(platform().catalog()).unwrap();
    assert_eq!(decide(&gateway, &sms("shop", TO)), format!("{} STICKY", sender(&first)), "kept");
}
