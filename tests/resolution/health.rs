//! `skipUnhealthySenders`: the end of step 4, and pins that are passed over.

use std::sync::Arc;

use callsign::{Channel, Country, Gateway, Health, SignalBoard, Signals};
use serde_json::{Value, json};

use callsign_tests::platform::{Platform, decide, message, sms};

const TO: &str = "+14155550123";

/// A gateway that is told the health of its senders.
struct Told {
    gateway: Gateway,
    board: Arc<SignalBoard>,
}

impl Told {
    fn of(platform: &Platform) -> Self {
        let (gateway, board) = (platform.gateway(), Arc::new(SignalBoard::new()));
        gateway.use_signals(board.clone());
        Self { gateway, board }
    }

    /// These senders are unhealthy, and no others.
    fn unhealthy(&self, senders: &[(&str, Option<Channel>, Option<&str>)]) {
        let mut signals = Signals::builder();
        for &(id, channel, country) in senders {
            let country = country.map(|country| Country::parse(country).unwrap());
            signals.health(id, channel, country, Health::Unhealthy { since: 1_767_225_600 });
        }
        self.board.set(signals);
    }

    fn everywhere(&self, senders: &[&str]) {
        let reports: Vec<_> = senders.iter().map(|&id| (id, None, None)).collect();
        self.unhealthy(&reports);
    }

    fn decide(&self, to: &str) -> String {
        decide(&self.gateway, &sms("shop", to))
    }
}

fn platform(senders: usize, options: Value) -> Platform {
    let ids: Vec<String> = (0..senders).map(|index| format!("S{index}")).collect();
    let platform = ids.iter().enumerate().fold(Platform::new(), |platform, (index, id)| {
        let number = format!("+1212555{:04}", 100 + index);
        platform.long(id, &number).associate("shop", &[id]).associate_for("MMS", "shop", id)
    });
    platform.strategy("A", "shop", options)
}

fn skipping(senders: usize) -> Told {
    Told::of(&platform(senders, json!({"skipUnhealthySenders": true})))
}

#[test]
fn those_not_reported_unhealthy_go_on() {
    // More than a policy copies at its first decision, too.
    for senders in [2, 10, 100] {
        let told = skipping(senders);
        let ids: Vec<String> = (0..senders).map(|index| format!("S{index}")).collect();
        for left in [1, senders - 1] {
            let unhealthy: Vec<&str> = ids[left..].iter().map(String::as_str).collect();
            told.everywhere(&unhealthy);
            for index in 0..50 {
                let decision = told.decide(&format!("+1415555{index:04}"));
                let id = decision.split(' ').next().unwrap();
                assert!(ids[..left].iter().any(|healthy| healthy == id), "{decision} of {left}");
            }
        }
    }
}

#[test]
fn all_where_every_one_is() {
    let told = skipping(3);
    let before = told.decide(TO);
    told.everywhere(&["S0", "S1", "S2"]);
    assert_eq!(told.decide(TO), before);
}

#[test]
fn a_strategy_that_does_not_skip_them_does_not_ask() {
    let told = Told::of(&platform(2, json!({})));
    let before = told.decide(TO);
    told.everywhere(&[before.split(' ').next().unwrap()]);
    assert_eq!(told.decide(TO), before);
}

#[test]
fn for_this_channel_and_country() {
    let told = skipping(2);
    let before = told.decide(TO);
    let id = before.split(' ').next().unwrap();
    for (channel, country, is_skipped) in [
        (None, None, true),
        (Some(Channel::Sms), None, true),
        (Some(Channel::Sms), Some("US"), true),
        (None, Some("US"), true),
        (Some(Channel::Mms), None, false),
        (None, Some("CA"), false),
        (Some(Channel::Sms), Some("CA"), false),
    ] {
        told.unhealthy(&[(id, channel, country)]);
        assert_eq!(told.decide(TO) != before, is_skipped, "{channel:?} {country:?}");
    }
    told.unhealthy(&[(id, Some(Channel::Mms), None)]);
    let mms = decide(&told.gateway, &message(Channel::Mms, "shop", TO));
    assert!(!mms.starts_with(&format!("{id} ")), "{mms}");
}

#[test]
fn a_sender_is_chosen_again_as_before_when_it_is_healthy_again() {
    let told = skipping(20);
    let before: Vec<String> = (0..100).map(|index| told.decide(&format!("+1415555{index:04}"))).collect();
    told.everywhere(&["S1", "S2", "S3"]);
    let meanwhile: Vec<String> = (0..100).map(|index| told.decide(&format!("+1415555{index:04}"))).collect();
    assert_ne!(before, meanwhile);
    told.everywhere(&[]);
    let after: Vec<String> = (0..100).map(|index| told.decide(&format!("+1415555{index:04}"))).collect();
    assert_eq!(before, after);
}

#[test]
fn a_pin_to_one_that_only_its_health_kept_out_stays_as_it_is() {
    let told = Told::of(&platform(20, json!({"skipUnhealthySenders": true, "useStickySender": true})));
    let first = told.decide(TO);
    let id = first.split(' ').next().unwrap();
    told.everywhere(&[id]);
    let explained = told.gateway.explain(&sms("shop", TO));
    assert!(!explained.pins(), "what follows decides this message alone");
    let meanwhile = told.decide(TO);
    assert!(meanwhile.ends_with(" POOL") && !meanwhile.starts_with(&format!("{id} ")), "{meanwhile}");
    assert_eq!(told.decide(TO), meanwhile, "it was not pinned");
    told.everywhere(&[]);
    assert_eq!(told.decide(TO), format!("{id} STICKY"), "the recipient comes back when the sender does");
}

#[test]
fn where_every_candidate_is_unhealthy_the_pin_is_used() {
    let told = Told::of(&platform(3, json!({"skipUnhealthySenders": true, "useStickySender": true})));
    let first = told.decide(TO);
    told.everywhere(&["S0", "S1", "S2"]);
    assert_eq!(told.decide(TO), first.replace("POOL", "STICKY"));
}

#[test]
fn a_pin_to_one_that_something_else_kept_out_too_is_replaced() {
    let options = json!({"skipUnhealthySenders": true, "useStickySender": true});
    let told = Told::of(&platform(20, options.clone()));
    let first = told.decide(TO);
    let id = first.split(' ').next().unwrap();
    told.everywhere(&[id]);
    told.gateway.replace_catalog(platform(20, options.clone()).suspended(id).catalog()).unwrap();
    let second = told.decide(TO);
    assert!(second.ends_with(" POOL"), "{second}");
    told.everywhere(&[]);
    told.gateway.replace_catalog(platform(20, options).catalog()).unwrap();
    assert_eq!(told.decide(TO), second.replace("POOL", "STICKY"));
}

#[test]
fn a_default_sender_and_an_explicit_one_are_not_asked_for_their_health() {
    let platform = Platform::new().long("S1", "+12125550100").default_sender("shop", "S1").strategy(
        "A",
        "shop",
        json!({"skipUnhealthySenders": true}),
    );
    let told = Told::of(&platform);
    told.everywhere(&["S1"]);
    assert_eq!(told.decide(TO), "S1 DEFAULT_SENDER");
    assert_eq!(decide(&told.gateway, &sms("shop", TO).from("+12125550100")), "S1 EXPLICIT");
}
