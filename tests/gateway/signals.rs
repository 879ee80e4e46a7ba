//! Signals that the owner of a gateway gives it: decisions follow, and nothing is indexed again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign::{
    Catalog, Channel, Country, CurrentSignals, Gateway, Health, MemoryStore, Message, Policy, SignalBoard,
    SignalSource, Signals,
};
use callsign_tests::platform::patient;

const RECIPIENTS: u64 = 300;

fn gateway() -> Gateway {
    let catalog = Catalog::from_json(
        r#"{
        "applications": [{"applicationId": "shop"}],
        "senders": [
            {"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
             "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]},
            {"senderId": "S2", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER",
             "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]},
            {"senderId": "S3", "sender": "+14155550102", "senderType": "VIRTUAL_LONG_NUMBER",
             "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]}
        ],
        "associations": [
            {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S1"},
            {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S2"},
            {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S3"}
        ],
        "sendingStrategies": [
            {"sendingStrategyId": "G", "platform": {"applicationId": "shop"}, "skipUnhealthySenders": true}
        ]
    }"#,
    );
    let standard = patient(Policy::standard().unwrap());
    Gateway::with(catalog.unwrap(), standard, Arc::new(MemoryStore::new())).unwrap()
}

/// How many recipients each sender has, of those in an area.
fn shares(gateway: &Gateway, area: &str) -> HashMap<String, usize> {
    let mut shares = HashMap::new();
    for recipient in 0..RECIPIENTS {
        let to = format!("+1{area}555{recipient:04}");
        let decision = gateway.resolve(&Message::new(Channel::Sms, &to).application("shop"));
        *shares.entry(decision.get().sender().unwrap().id.to_string()).or_default() += 1;
    }
    shares
}

/// A board that counts who reads it.
#[derive(Default)]
struct Counted {
    board: SignalBoard,
    read: AtomicU64,
}

impl SignalSource for Counted {
    fn current(&self) -> CurrentSignals {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.board.current()
    }

    fn health_epoch(&self) -> u64 {
        self.board.health_epoch()
    }
}

fn unhealthy(sender: &str, country: Option<Country>) -> callsign::SignalsBuilder {
    let mut signals = Signals::builder();
    signals.health(sender, None, country, Health::Unhealthy { since: 1_767_225_600 });
    signals
}

#[test]
fn an_unhealthy_sender_is_passed_over_where_it_is_unhealthy_and_no_revision_is_made() {
    let (gateway, source) = (gateway(), Arc::new(Counted::default()));
    gateway.use_signals(source.clone());
    let (before, revision) = (shares(&gateway, "212"), gateway.revision().number());
    assert_eq!(before.len(), 3);
    assert_eq!(source.read.load(Ordering::Relaxed), 0, "while all are healthy no signals are read");

    source.board.set(unhealthy("S1", Some(Country::US)));
    let during = shares(&gateway, "212");
    assert_eq!((during.len(), during.get("S1")), (2, None));
    assert!(shares(&gateway, "604").contains_key("S1"), "it is healthy in Canada");
    assert!(source.read.load(Ordering::Relaxed) > 0);

    source.board.set(Signals::builder());
    let read = source.read.load(Ordering::Relaxed);
    assert_eq!(shares(&gateway, "212"), before, "its recipients come back");
    assert_eq!(source.read.load(Ordering::Relaxed), read);
    assert_eq!(gateway.revision().number(), revision);
}

#[test]
fn signals_stay_when_the_catalog_or_a_policy_changes() {
    let (gateway, board) = (gateway(), Arc::new(SignalBoard::new()));
    gateway.use_signals(board.clone());
    board.set(unhealthy("S1", None));
    gateway.replace_catalog(gateway.revision().catalog().clone()).unwrap();
    assert!(!shares(&gateway, "212").contains_key("S1"));
    let standard = patient(Policy::standard().unwrap());
    gateway.swap(&callsign::BindingTarget::Platform, callsign::Binding::new(standard)).unwrap();
    assert!(!shares(&gateway, "212").contains_key("S1"));
}

#[test]
fn an_explanation_says_since_when_a_sender_is_unhealthy() {
    let (gateway, board) = (gateway(), Arc::new(SignalBoard::new()));
    gateway.use_signals(board.clone());
    board.set(unhealthy("S1", None));
    let explained = gateway.explain(&Message::new(Channel::Sms, "+12125550123").application("shop")).to_string();
    assert!(explained.contains("unhealthy since 2026-01-01T00:00:00Z"), "{explained}");
}
