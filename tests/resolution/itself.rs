//! A message never comes from the number that it goes to; forms of one mobile number are one recipient.

use serde_json::json;

use callsign_tests::platform::{Platform, decide, sms};

const TO: &str = "+14155550123";

/// The two forms of a mobile number in Argentina, Mexico and Brazil.
const FORMS: [[&str; 2]; 3] =
    [["+5491123456789", "+541123456789"], ["+5215512345678", "+525512345678"], ["+5511961234567", "+551161234567"]];

#[test]
fn a_candidate_is_not_the_recipient_itself() {
    let alone = Platform::new().long("S1", TO).associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    for to in [TO, "1 (415) 555-0123", "\u{202a}+14155550123\u{202c}"] {
        assert_eq!(alone.decide(&sms("shop", to)), "NO_ELIGIBLE_SENDER", "{to}");
    }
    assert_eq!(alone.decide(&sms("shop", "+14155550124")), "S1 POOL");
    let both = alone.long("S2", "+14155550124").associate("shop", &["S2"]);
    assert_eq!(both.decide(&sms("shop", TO)), "S2 POOL");
    assert_eq!(both.decide(&sms("shop", "+14155550124")), "S1 POOL");
}

#[test]
fn nor_in_another_form_of_its_number() {
    for [one, other] in FORMS {
        let platform = Platform::new().long("S1", one).associate("shop", &["S1"]).strategy("A", "shop", json!({}));
        for to in [one, other] {
            assert_eq!(platform.decide(&sms("shop", to)), "NO_ELIGIBLE_SENDER", "{to}");
        }
    }
}

#[test]
fn nor_is_a_default_sender() {
    let platform = Platform::new()
        .long("ENT", TO)
        .long("APP", "+14155550124")
        .default_sender("shop", "APP")
        .default_sender("shop/acme", "ENT")
        .strategy("A", "shop", json!({}));
    assert_eq!(platform.decide(&sms("shop/acme", TO)), "APP DEFAULT_SENDER");
    assert_eq!(platform.decide(&sms("shop", "+14155550124")), "NO_ELIGIBLE_SENDER");
}

#[test]
fn a_message_that_names_the_recipient_as_its_sender_has_what_it_asks_for() {
    let platform = Platform::new().long("S1", TO);
    assert_eq!(platform.decide(&sms("shop", TO).from(TO)), "S1 EXPLICIT");
}

#[test]
fn among_many_senders_the_recipient_is_left_out_near_and_far() {
    // More than a policy copies at its first decision.
    let ids: Vec<String> = (0..100).map(|index| format!("S{index}")).collect();
    let number = |index: usize| format!("+1415555{:04}", 100 + index);
    let platform = ids.iter().enumerate().fold(Platform::new(), |platform, (index, id)| {
        platform.long(id, &number(index)).associate("shop", &[id]).associate("care", &[id])
    });
    let platform =
        platform.strategy("A", "shop", json!({})).strategy("B", "care", json!({"useGeolocatedSender": true}));
    let gateway = platform.gateway();
    for (index, id) in ids.iter().enumerate() {
        for (scope, step) in [("shop", "POOL"), ("care", "AREA_CODE")] {
            let decision = decide(&gateway, &sms(scope, &number(index)));
            assert!(decision.ends_with(step) && !decision.starts_with(&format!("{id} ")), "{id}: {decision}");
        }
    }
}

#[test]
fn a_pin_to_the_recipient_itself_is_replaced() {
    let options = json!({"useStickySender": true});
    let before =
        Platform::new().long("S1", "+14155550124").associate("shop", &["S1"]).strategy("A", "shop", options.clone());
    let gateway = before.gateway();
    assert_eq!(decide(&gateway, &sms("shop", TO)), "S1 POOL");
    let after = Platform::new()
        .long("S1", TO)
        .long("S2", "+14155550125")
        .associate("shop", &["S1", "S2"])
        .strategy("A", "shop", options);
    gateway.replace_catalog(after.catalog()).unwrap();
    assert_eq!(decide(&gateway, &sms("shop", TO)), "S2 POOL");
    assert_eq!(decide(&gateway, &sms("shop", TO)), "S2 STICKY");
}

#[test]
fn forms_of_one_mobile_number_are_one_recipient_with_one_pin() {
    let senders = (0..20).map(|index| format!("S{index}"));
    let platform = senders.enumerate().fold(Platform::new(), |platform, (index, id)| {
        platform.long(&id, &format!("+1212555{:04}", 100 + index)).associate("shop", &[&id]).associate("care", &[&id])
    });
    let platform = platform.strategy("A", "shop", json!({"useStickySender": true})).strategy("B", "care", json!({}));
    let gateway = platform.gateway();
    for [one, other] in FORMS {
        let first = decide(&gateway, &sms("shop", one));
        assert!(first.ends_with(" POOL"), "{first}");
        assert_eq!(decide(&gateway, &sms("shop", other)), first.replace("POOL", "STICKY"));
        assert_eq!(decide(&gateway, &sms("care", one)), decide(&gateway, &sms("care", other)), "spread alike");
    }
}
