//! The model by hand: what senders can carry, their health, their weights, and messages with several channels.

use serde_json::{Value, json};

use super::samples::{
    catalog, decided, expect, explicit, from, long, message, not_capable, on, pinning, platform, refused, sender, set,
    strategy, to, typed, unhealthy, with,
};
use super::{Expected, Health, Message, Outcome, Pins, Reference, Report, Spread};

/// A sender for SMS with these entries of coverage.
fn covering(entries: &[(Value, &str)]) -> Value {
    let entry = |(countries, status): &(Value, &str)| match *status {
        "" => json!({ "channel": "SMS", "countries": countries }),
        status => json!({ "channel": "SMS", "countries": countries, "status": status }),
    };
    with(long("a", "442079460010"), "coverage", entries.iter().map(entry).collect())
}

#[test]
fn a_sender_covers_where_an_active_entry_has_the_channel_and_the_country() {
    let everywhere = |status| covering(&[(json!("*"), status)]);
    let anywhere = [strategy("st", None, json!({}))];
    let pool = decided("POOL", "st", &["a"]);
    for status in ["", "ACTIVE"] {
        assert_eq!(expect(&catalog(&[everywhere(status)], &anywhere), &message()), pool, "{status}");
    }
    for status in ["PENDING", "REJECTED", "EXPIRED"] {
        let catalog = catalog(&[everywhere(status)], &anywhere);
        assert_eq!(expect(&catalog, &message()), refused("NO_ELIGIBLE_SENDER"), "{status}");
        assert_eq!(expect(&catalog, &from("442079460010")), not_capable(&["NOT_COVERED"]), "{status}");
    }
}

#[test]
fn an_entry_that_names_the_country_counts_before_one_with_all() {
    let anywhere = [strategy("st", None, json!({}))];
    let of = |entries: &[(Value, &str)]| expect(&catalog(&[covering(entries)], &anywhere), &message());
    let (pool, none) = (decided("POOL", "st", &["a"]), refused("NO_ELIGIBLE_SENDER"));
    assert_eq!(of(&[(json!(["US", "CA"]), "PENDING"), (json!("*"), "")]), none);
    assert_eq!(of(&[(json!("*"), ""), (json!(["US"]), "REJECTED")]), none);
    assert_eq!(of(&[(json!("*"), "EXPIRED"), (json!(["US"]), "ACTIVE")]), pool);
    // Another country's entry says nothing about this one.
    assert_eq!(of(&[(json!("*"), "ACTIVE"), (json!(["CA"]), "PENDING")]), pool);
    assert_eq!(of(&[(json!("*"), "PENDING"), (json!(["CA"]), "ACTIVE")]), none);
}

#[test]
fn a_sender_with_message_types_may_carry_those_alone() {
    let senders = [
        with(long("types", "442079460010"), "messageTypes", json!(["TRANSACTIONAL", "OTP"])),
        long("all", "442079460011"),
    ];
    let both = catalog(&senders, &[strategy("st", None, json!({}))]);
    let of = |message_type| expect(&both, &typed(message_type, message()));
    assert_eq!(of("OTP"), decided("POOL", "st", &["all", "types"]));
    assert_eq!(of("PROMOTIONAL"), decided("POOL", "st", &["all"]));
    assert_eq!(of("otp"), decided("POOL", "st", &["all"]));
    // A message without a type is carried by every sender.
    assert_eq!(expect(&both, &message()), decided("POOL", "st", &["all", "types"]));
    let alone = catalog(&senders[..1], &[strategy("st", None, json!({}))]);
    assert_eq!(expect(&alone, &typed("PROMOTIONAL", message())), refused("NO_ELIGIBLE_SENDER"));
    assert_eq!(expect(&alone, &typed("OTP", from("442079460010"))), explicit("types"));
    assert_eq!(expect(&alone, &typed("PROMOTIONAL", from("442079460010"))), not_capable(&["MESSAGE_TYPE"]));
}

#[test]
fn a_candidate_is_not_the_recipient_itself() {
    let any = [strategy("st", None, json!({}))];
    let own = long("own", "+1 (212) 555-0101");
    let alone = catalog(std::slice::from_ref(&own), &any);
    assert_eq!(expect(&alone, &message()), refused("NO_ELIGIBLE_SENDER"));
    // What names its sender overrides that too.
    assert_eq!(expect(&alone, &from("12125550101")), explicit("own"));
    let both = catalog(&[own, long("other", "12125550102")], &any);
    assert_eq!(expect(&both, &message()), decided("POOL", "st", &["other"]));
    // In whichever form: the recipient of both is the same.
    for form in ["541123456789", "+54 9 11 2345-6789"] {
        let catalog = catalog(&[long("own", form)], &any);
        for to_form in ["5491123456789", "541123456789"] {
            let message = Message { recipient: "5491123456789".to_owned(), ..to(to_form, "AR", None) };
            assert_eq!(expect(&catalog, &message), refused("NO_ELIGIBLE_SENDER"), "{form} to {to_form}");
        }
    }
    // A name of digits is no number.
    let name = sender("name", "442079460018", "ALPHANUMERIC", &json!("*"));
    let to_london = to("442079460018", "GB", None);
    assert_eq!(expect(&catalog(&[name], &any), &to_london), decided("POOL", "st", &["name"]));
}

#[test]
fn an_agent_is_associated_as_an_rcs_resource_for_rcs() {
    let agent = json!({ "senderId": "agent", "sender": "acme_agent", "senderType": "RCS_AGENT",
                        "coverage": [{ "channel": "RCS", "countries": "*" }] });
    let associated = |resource_type: &str, channel: &str| {
        let association = json!({ "resourceType": resource_type, "channel": channel, "applicationId": "shop",
                                  "entityId": null, "resourceId": "agent" });
        with(
            catalog(std::slice::from_ref(&agent), &[strategy("st", None, json!({}))]),
            "associations",
            json!([association]),
        )
    };
    let rcs = on("RCS", message());
    assert_eq!(expect(&associated("RCS_RESOURCE", "RCS"), &rcs), decided("POOL", "st", &["agent"]));
    for (resource_type, channel) in [("RCS_RESOURCE", "SMS"), ("DOMAIN", "RCS")] {
        let catalog = associated(resource_type, channel);
        assert_eq!(expect(&catalog, &rcs), refused("NO_ELIGIBLE_SENDER"), "{resource_type} {channel}");
    }
    let by_hand = Message { from: Some("acme_agent".to_owned()), ..rcs };
    assert_eq!(expect(&associated("RCS_RESOURCE", "RCS"), &by_hand), explicit("agent"));
    assert_eq!(expect(&associated("RCS_RESOURCE", "RCS"), &on("SMS", by_hand)), not_capable(&["NOT_COVERED"]));
}

/// Two senders under a sticky strategy that skips unhealthy ones.
fn skipping() -> Value {
    let senders = [long("a", "442079460010"), long("b", "442079460011")];
    catalog(&senders, &[strategy("st", None, json!({ "skipUnhealthySenders": true, "useStickySender": true }))])
}

#[test]
fn unhealthy_senders_are_skipped_where_the_strategy_says_so_and_others_are_left() {
    let by = |health: &Health, message: &Message| {
        Reference::new(&skipping()).with_health(health).expect(message, &Pins::default())
    };
    let (a, b, both) = (["a"], ["b"], ["a", "b"]);
    let pool = |any_of: &[&str]| pinning(decided("POOL", "st", any_of));
    assert_eq!(by(&Health::default(), &message()), pool(&both));
    assert_eq!(by(&unhealthy(&a), &message()), pool(&b));
    // All, where every one is.
    assert_eq!(by(&unhealthy(&both), &message()), pool(&both));
    // For this channel and country.
    let of_a = |channel: Option<&str>, country: Option<&str>, healthy| Report {
        sender_id: "a".to_owned(),
        channel: channel.map(str::to_owned),
        country: country.map(str::to_owned),
        healthy,
    };
    for (channel, country, left) in [
        (Some("SMS"), Some("US"), &b[..]),
        (Some("SMS"), None, &b),
        (None, Some("US"), &b),
        (Some("MMS"), None, &both),
        (None, Some("CA"), &both),
        (Some("MMS"), Some("US"), &both),
    ] {
        let health = Health { reports: vec![of_a(channel, country, false)] };
        assert_eq!(by(&health, &message()), pool(left), "{channel:?} {country:?}");
    }
    // What was last reported.
    for (last, left) in [
        (of_a(None, None, true), &both[..]),
        (of_a(Some("SMS"), Some("US"), true), &both),
        (of_a(Some("MMS"), None, true), &b),
    ] {
        let health = Health { reports: vec![of_a(None, None, false), last] };
        assert_eq!(by(&health, &message()), pool(left), "{health:?}");
    }
    // A strategy that does not say so does not ask.
    let senders = [long("a", "442079460010"), long("b", "442079460011")];
    let plain = Reference::new(&catalog(&senders, &[strategy("st", None, json!({}))])).with_health(&unhealthy(&a));
    assert_eq!(plain.expect(&message(), &Pins::default()), decided("POOL", "st", &both));
    // Nor is it asked of a sender that a message names.
    let named = Reference::new(&skipping()).with_health(&unhealthy(&a));
    assert_eq!(named.expect(&from("442079460010"), &Pins::default()), explicit("a"));
}

#[test]
fn a_pin_that_only_its_health_kept_out_stays_as_it_is() {
    let catalog = skipping();
    let healthy = Reference::new(&catalog);
    let mut pins = Pins::default();
    pins.observe(&message(), &healthy.expect(&message(), &pins), "a");
    let sick = Reference::new(&catalog).with_health(&unhealthy(&["a"]));
    let meanwhile = sick.expect(&message(), &pins);
    assert_eq!(meanwhile, decided("POOL", "st", &["b"]), "and is not pinned");
    pins.observe(&message(), &meanwhile, "b");
    assert_eq!(healthy.expect(&message(), &pins), decided("STICKY", "st", &["a"]), "the recipient comes back");
    // Where every candidate is unhealthy, none is passed over.
    let all = Reference::new(&catalog).with_health(&unhealthy(&["a", "b"]));
    assert_eq!(all.expect(&message(), &pins), decided("STICKY", "st", &["a"]));
    // A pinned sender that something else keeps out too is no candidate: its pin is replaced.
    let suspended = with(catalog["senders"][0].clone(), "status", json!("SUSPENDED"));
    let mut gone = catalog.clone();
    gone["senders"][0] = suspended;
    let gone = Reference::new(&gone).with_health(&unhealthy(&["a"]));
    assert_eq!(gone.expect(&message(), &pins), pinning(decided("POOL", "st", &["b"])));
}

#[test]
fn the_weights_of_the_remaining_set_are_part_of_it() {
    let senders = [with(long("a", "442079460010"), "weight", json!(3)), long("b", "442079460011")];
    let weighted = expect(&catalog(&senders, &[strategy("st", None, json!({}))]), &message());
    let Expected::Decided { any_of, .. } = &weighted else { panic!("{weighted:?}") };
    assert_eq!(any_of.iter().map(|(id, weight)| (&**id, *weight)).collect::<Vec<_>>(), [("a", 3), ("b", 1)]);
    // Another weight is another set, which may give another sender.
    let mut spread = Spread::default();
    assert!(spread.record("shop", "1", any_of, "a").is_ok());
    assert!(spread.record("shop", "1", &set(&["a", "b"]), "b").is_ok());
    assert!(spread.record("shop", "1", any_of, "b").is_err());
}

#[test]
fn of_several_channels_the_first_that_has_a_sender_is_the_answer_and_those_after_it_are_fallbacks() {
    let mut catalog = skipping();
    catalog["sendingStrategies"] = json!([
        strategy("sms", None, json!({ "channel": "SMS" })),
        strategy("mms", None, json!({ "channel": "MMS", "useStickySender": true })),
    ]);
    let mms = json!({ "resourceType": "NUMBER", "channel": "MMS", "applicationId": "shop", "entityId": null,
                      "resourceId": "a" });
    catalog["associations"].as_array_mut().expect("a list").push(mms);
    let reference = Reference::new(&catalog);
    let each = |channels: &[&str]| {
        let channels = channels.iter().map(|channel| (*channel).to_owned()).collect();
        reference.expect_each(&Message { channels, channel: String::new(), ..message() }, &Pins::default())
    };
    let outcome = |channel: &str, expected| Outcome { channel: channel.to_owned(), expected };
    let sms = outcome("SMS", decided("POOL", "sms", &["a", "b"]));
    let mms = outcome("MMS", pinning(decided("POOL", "mms", &["a"])));
    let rcs = outcome("RCS", refused("CHANNEL_NOT_ALLOWED"));
    assert_eq!(each(&["RCS", "SMS", "MMS"]), [sms.clone(), mms.clone()]);
    assert_eq!(each(&["MMS", "RCS", "SMS"]), [mms, rcs.clone(), sms]);
    // None has one: what the preferred channel says.
    assert_eq!(each(&["RCS"]), [rcs]);
    assert_eq!(reference.expect_each(&message(), &Pins::default()).len(), 1);
    assert_eq!(platform(None), json!({ "applicationId": "shop" }));
}
