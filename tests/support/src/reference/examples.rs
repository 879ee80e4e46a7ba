//! The model by hand: small examples, at least one for each rule of section 3, in its order.

use serde_json::{Value, json};

use super::samples::{
    catalog, decided, default_sender, expect, explicit, from, long, message, not_capable, of_entity, on, pinning,
    refused, sender, set, strategy, strategy_of, suspended, to, typed, with,
};
use super::{Expected, Message, Pins, Reference, Spread};

#[test]
fn destination_comes_before_everything() {
    let catalog = catalog(&[long("a", "442079460018")], &[]);
    let nowhere = Message { destination: None, ..from("+442079460018") };
    assert_eq!(expect(&catalog, &nowhere), refused("INVALID_DESTINATION"));
}

#[test]
fn explicit_sender() {
    let us_only = json!(["US"]);
    let catalog = catalog(
        &[
            long("a", "442079460018"),
            suspended(long("b", "442079460019")),
            sender("c", "ACME", "ALPHANUMERIC", &json!(["FR"])),
            sender("d", "54321", "SHORT_CODE", &json!(["FR"])),
            suspended(sender("e", "54321", "SHORT_CODE", &us_only)),
            sender("f", "54321", "SHORT_CODE", &us_only),
            sender("g", "54321", "SHORT_CODE", &us_only),
        ],
        &[],
    );
    // There is no strategy at all, and none is needed.
    for text in ["+442079460018", "442079460018", "+44 (207) 946-0018"] {
        assert_eq!(expect(&catalog, &from(text)), explicit("a"), "{text}");
    }
    // The first of its text that can carry the message.
    assert_eq!(expect(&catalog, &from("54321")), explicit("f"));
    for text in ["acme", "AC-ME", "442079460010", "4420794600181", "ACME 54321"] {
        let refused = refused("SENDER_NOT_REGISTERED");
        assert_eq!(expect(&catalog, &from(text)), refused, "{text}");
    }
    for (incapable, reason) in [
        (from("442079460019"), "SUSPENDED"),
        (from("ACME"), "NOT_COVERED"),
        (on("RCS", from("442079460018")), "NOT_COVERED"),
    ] {
        assert_eq!(expect(&catalog, &incapable), not_capable(&[reason]));
    }
}

#[test]
fn strategy_of_the_entity_replaces_those_of_the_application_for_its_channel() {
    let catalog = catalog(
        &[long("a", "442079460018")],
        &[strategy("app", None, json!({})), strategy("ent", Some("acme"), json!({ "channel": "SMS" }))],
    );
    let app = decided("POOL", "app", &["a"]);
    assert_eq!(expect(&catalog, &message()), app);
    let ent = decided("POOL", "ent", &["a"]);
    assert_eq!(expect(&catalog, &of_entity("acme", message())), ent);
    // For another channel the entity has none, and the application's counts: it gets as far as having no candidate.
    let mms = on("MMS", of_entity("acme", message()));
    assert_eq!(expect(&catalog, &mms), refused("NO_ELIGIBLE_SENDER"));
}

#[test]
fn strategy_of_the_entity_keeps_a_client_inside() {
    let catalog = catalog(
        &[long("a", "442079460018")],
        &[strategy("app", None, json!({})), strategy("ent", Some("acme"), json!({ "destinationCountryCode": "FR" }))],
    );
    let outside = of_entity("acme", message());
    assert_eq!(expect(&catalog, &outside), refused("COUNTRY_NOT_ALLOWED"));
}

#[test]
fn strategy_none_for_the_channel_and_none_at_all() {
    let catalog = catalog(&[long("a", "442079460018")], &[strategy("ent", Some("acme"), json!({ "channel": "MMS" }))]);
    let of_acme = of_entity("acme", message());
    assert_eq!(expect(&catalog, &of_acme), refused("CHANNEL_NOT_ALLOWED"));
    // Not this entity's: the strategies of others are none of this message's.
    let no_strategy = refused("NO_STRATEGY");
    assert_eq!(expect(&catalog, &message()), no_strategy);
    let of_nobody = of_entity("unlisted", message());
    assert_eq!(expect(&catalog, &of_nobody), no_strategy);
    let of_default = Message { application_id: None, ..message() };
    assert_eq!(expect(&catalog, &of_default), no_strategy);
}

#[test]
fn strategy_the_most_specific() {
    let all = [
        strategy("neither", None, json!({})),
        strategy("channel", None, json!({ "channel": "SMS" })),
        strategy("country", None, json!({ "destinationCountryCodes": ["CA", "US"] })),
        strategy("both", None, json!({ "channel": "SMS", "destinationCountryCode": "US" })),
    ];
    let senders = [long("a", "442079460018")];
    let best_of = |count: usize| {
        let decided = expect(&catalog(&senders, &all[..count]), &message());
        strategy_of(&decided).to_owned()
    };
    assert_eq!(best_of(4), "both");
    assert_eq!(best_of(3), "country");
    assert_eq!(best_of(2), "channel");
    assert_eq!(best_of(1), "neither");
}

#[test]
fn candidates_are_associated_active_and_capable_and_listed() {
    let mut catalog = catalog(
        &[
            long("good", "442079460010"),
            suspended(long("suspended", "442079460011")),
            sender("uncovered", "54321", "SHORT_CODE", &json!(["GB"])),
            long("unlisted", "442079460012"),
            long("ignored", "442079460013"),
            long("unassociated", "442079460014"),
        ],
        &[strategy("st", None, json!({ "senderIds": ["ignored", "unassociated", "uncovered", "suspended", "good"] }))],
    );
    let associations = catalog["associations"].as_array_mut().expect("a list");
    associations.retain(|association| association["resourceId"] != "unassociated");
    for association in associations.iter_mut() {
        if association["resourceId"] == "ignored" {
            association["resourceType"] = json!("DOMAIN");
        }
    }
    let good = decided("POOL", "st", &["good"]);
    assert_eq!(expect(&catalog, &message()), good);
    // With the strategy of the application, but associated with exactly this entity.
    let of_acme = of_entity("acme", message());
    assert_eq!(expect(&catalog, &of_acme), good);
    let of_nobody = of_entity("unlisted", message());
    assert_eq!(expect(&catalog, &of_nobody), refused("NO_ELIGIBLE_SENDER"));
}

#[test]
fn default_senders_of_the_entity_and_of_the_application_the_first_that_is_usable() {
    let base = catalog(
        &[
            suspended(long("a", "442079460010")),
            sender("gb", "54321", "SHORT_CODE", &json!(["GB"])),
            sender("us", "54322", "SHORT_CODE", &json!(["US"])),
        ],
        &[strategy("st", None, json!({ "useStickySender": true, "senderIds": ["a"] }))],
    );
    let defaults = |of_application: &str, of_entity: Option<&str>| {
        let mut defaults = vec![default_sender(None, of_application)];
        defaults.extend(of_entity.map(|sender_id| default_sender(Some("acme"), sender_id)));
        with(base.clone(), "defaultSenders", Value::from(defaults))
    };
    let of_acme = of_entity("acme", message());
    let by_us = decided("DEFAULT_SENDER", "st", &["us"]);
    assert_eq!(expect(&defaults("us", None), &message()), by_us);
    assert_eq!(expect(&defaults("us", None), &of_acme), by_us);
    assert_eq!(expect(&defaults("gb", Some("us")), &of_acme), by_us);
    // The entity's being unusable does not keep the application's from carrying the message.
    for unusable in ["gb", "a"] {
        assert_eq!(expect(&defaults("us", Some(unusable)), &of_acme), by_us);
        assert_eq!(expect(&defaults(unusable, Some("us")), &of_acme), by_us);
        assert_eq!(expect(&defaults(unusable, Some("gb")), &of_acme), refused("NO_ELIGIBLE_SENDER"));
    }
    // Nor may a default sender be of other types than the message, or the recipient itself.
    let typed_default = with(
        with(
            base.clone(),
            "senders",
            json!([
                suspended(long("a", "442079460010")),
                with(long("promo", "442079460011"), "messageTypes", json!(["PROMOTIONAL"])),
                long("self", "12125550101"),
                long("us", "442079460012"),
            ]),
        ),
        "defaultSenders",
        json!([default_sender(Some("acme"), "promo"), default_sender(None, "us")]),
    );
    assert_eq!(expect(&typed_default, &of_acme), decided("DEFAULT_SENDER", "st", &["promo"]));
    assert_eq!(expect(&typed_default, &typed("OTP", of_acme.clone())), by_us);
    let to_itself = json!([default_sender(Some("acme"), "self"), default_sender(None, "us")]);
    assert_eq!(expect(&with(typed_default, "defaultSenders", to_itself), &of_acme), by_us);
}

#[test]
fn sticky_keeps_the_pinned_candidate_and_replaces_any_other() {
    let sticky = json!({
        "useStickySender": true,
        "priorities": [{ "senderType": "SHORT_CODE", "priority": 1 }],
    });
    let senders = [
        long("a", "442079460010"),
        sender("s", "54321", "SHORT_CODE", &json!("*")),
        suspended(long("gone", "442079460011")),
    ];
    let catalog = catalog(&senders, &[strategy("st", None, sticky)]);
    let reference = Reference::new(&catalog);
    let mut pins = Pins::default();
    let first = reference.expect(&message(), &pins);
    assert_eq!(first, pinning(decided("POOL", "st", &["s"])));

    // The pin wins over a better type.
    pins.observe(&message(), &first, "a");
    let kept = reference.expect(&message(), &pins);
    assert_eq!(kept, decided("STICKY", "st", &["a"]));
    // However the recipient is written; but not for another recipient or entity.
    let spaced = Message { to: "1 212 555 0101".to_owned(), ..message() };
    assert_eq!(reference.expect(&spaced, &pins), kept);
    let another = to("12125550102", "US", Some(212));
    assert_eq!(reference.expect(&another, &pins), first);
    let of_acme = of_entity("acme", message());
    assert_eq!(reference.expect(&of_acme, &pins), first);

    // An explicit sender neither reads the pin nor writes it.
    let by_hand = reference.expect(&from("54321"), &pins);
    assert_eq!(by_hand, explicit("s"));
    pins.observe(&from("54321"), &by_hand, "s");
    assert_eq!(reference.expect(&message(), &pins), kept);

    pins.observe(&message(), &first, "gone");
    assert_eq!(reference.expect(&message(), &pins), first);
    pins.observe(&message(), &first, "s");
    let again = reference.expect(&message(), &pins);
    assert_eq!(again, decided("STICKY", "st", &["s"]));
}

#[test]
fn sticky_turned_off_ignores_the_pin() {
    let senders = [long("a", "442079460010"), long("b", "442079460011")];
    let catalog = catalog(&senders, &[strategy("st", None, json!({}))]);
    let mut pins = Pins::default();
    let pin = pinning(decided("POOL", "st", &["a", "b"]));
    pins.observe(&message(), &pin, "a");
    let decision = Reference::new(&catalog).expect(&message(), &pins);
    assert_eq!(decision, decided("POOL", "st", &["a", "b"]));
    pins.observe(&message(), &decision, "b");
    assert_eq!(pins.pinned(&message()), Some("a"));
}

#[test]
fn type_priority_keeps_the_best_that_any_candidate_has() {
    let senders = [
        long("long", "442079460010"),
        sender("alpha", "ACME", "ALPHANUMERIC", &json!("*")),
        sender("short", "54321", "SHORT_CODE", &json!("*")),
        sender("free", "18005550199", "TOLL_FREE_NUMBER", &json!("*")),
    ];
    let among = |count: usize, priorities: &[(&str, u64)]| {
        let priorities: Vec<Value> =
            priorities.iter().map(|(name, number)| json!({ "senderType": name, "priority": number })).collect();
        let strategy = strategy("st", None, json!({ "priorities": priorities }));
        expect(&catalog(&senders[..count], &[strategy]), &to("442079460018", "GB", None))
    };
    let pool = |any_of: &[&str]| decided("POOL", "st", any_of);
    let by_number = [("TOLL_FREE_NUMBER", 3), ("SHORT_CODE", 2)];
    assert_eq!(among(4, &by_number), pool(&["short"]));
    // No short code among the candidates, and none of a type that is named: all others together.
    assert_eq!(among(2, &by_number), pool(&["alpha", "long"]));
    let equal = [("SHORT_CODE", 2), ("ALPHANUMERIC", 2), ("TOLL_FREE_NUMBER", 4)];
    assert_eq!(among(4, &equal), pool(&["alpha", "short"]));
}

/// What a geolocated strategy makes of these senders, numbered from the first.
fn geolocated(senders: &[Value], message: &Message) -> Expected {
    let options = json!({ "useGeolocatedSender": true });
    expect(&catalog(senders, &[strategy("st", None, options)]), message)
}

#[test]
fn geolocated_from_the_same_area_code_to_the_same_state() {
    let senders = [
        long("585", "15855550110"),
        long("718", "+17185550110"),
        long("917", "19175550110"),
        long("212", "12125550110"),
        // What looks like 212 and is not: another calling code, another type.
        long("de", "49212550123"),
        sender("short", "21255", "SHORT_CODE", &json!("*")),
        sender("free", "12125550111", "TOLL_FREE_NUMBER", &json!("*")),
        long("415", "14155550110"),
    ];
    let message = message();
    let same = decided("AREA_CODE", "st", &["212"]);
    assert_eq!(geolocated(&senders, &message), same);
    let others = [&senders[..3], &senders[4..]].concat();
    let overlay = decided("OVERLAY", "st", &["917"]);
    assert_eq!(geolocated(&others, &message), overlay);
    // 718 overlays 917, which overlays 212; 718 itself does not.
    let others = [&senders[..2], &senders[4..]].concat();
    let region = decided("REGION", "st", &["585", "718"]);
    assert_eq!(geolocated(&others, &message), region);
    let all_that_remained = decided("POOL", "st", &["415", "de", "free", "short"]);
    assert_eq!(geolocated(&senders[4..], &message), all_that_remained);
}

#[test]
fn geolocated_for_the_us_and_canada_only() {
    let puerto_rico = to("17875550101", "PR", Some(787));
    let senders = [long("787", "17875550110"), long("939", "19395550110")];
    let pool = decided("POOL", "st", &["787", "939"]);
    assert_eq!(geolocated(&senders, &puerto_rico), pool);
    let solingen = to("49212550123", "DE", None);
    let senders = [long("212", "12125550110"), long("de", "49212550124")];
    let pool = decided("POOL", "st", &["212", "de"]);
    assert_eq!(geolocated(&senders, &solingen), pool);
    // 800 is of the US, but of no state, and so is the area code of the sender.
    let toll_free = to("18005550101", "US", Some(800));
    let senders = [long("787", "17875550110"), long("212", "12125550110")];
    let pool = decided("POOL", "st", &["212", "787"]);
    assert_eq!(geolocated(&senders, &toll_free), pool);
}

#[test]
fn geolocated_where_an_area_code_serves_two_provinces() {
    let halifax = to("19025550101", "CA", Some(902));
    let overlay = decided("OVERLAY", "st", &["782"]);
    let senders = [long("782", "17825550110"), long("604", "16045550110")];
    assert_eq!(geolocated(&senders, &halifax), overlay);
    let alberta = to("14035550101", "CA", Some(403));
    let region = decided("REGION", "st", &["780"]);
    let senders = [long("780", "17805550110"), long("604", "16045550110")];
    assert_eq!(geolocated(&senders, &alberta), region);
}

#[test]
fn geolocated_after_the_type_priority() {
    let options = json!({
        "useGeolocatedSender": true,
        "priorities": [{ "senderType": "SHORT_CODE", "priority": 1 }],
    });
    let senders = [long("212", "12125550110"), sender("short", "54321", "SHORT_CODE", &json!("*"))];
    let catalog = catalog(&senders, &[strategy("st", None, options)]);
    let pool = decided("POOL", "st", &["short"]);
    assert_eq!(expect(&catalog, &message()), pool);
}

#[test]
fn spread_notices_a_second_choice() {
    let mut spread = Spread::default();
    let remaining = set(&["a", "b"]);
    assert!(spread.record("shop", "1", &remaining, "a").is_ok());
    assert!(spread.record("shop", "1", &remaining, "a").is_ok());
    assert!(spread.record("shop", "2", &remaining, "b").is_ok());
    assert!(spread.record("other", "1", &remaining, "b").is_ok());
    assert!(spread.record("shop", "1", &set(&["a", "b", "c"]), "c").is_ok());
    assert!(spread.record("shop", "1", &remaining, "b").is_err());
    assert!(spread.record("shop", "3", &remaining, "c").is_err());
}

#[test]
#[should_panic(expected = "tie")]
fn an_invalid_catalog_is_noticed() {
    let ties = ["one", "two"].map(|id| strategy(id, None, json!({ "channel": "SMS" })));
    expect(&catalog(&[], &ties), &message());
}
