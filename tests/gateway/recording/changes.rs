//! Decisions while everything changes that they read: what each record names is what its decision was made of.

use std::collections::HashMap;
use std::sync::{Arc, Barrier};
use std::thread;

use callsign::log::Promise;
use callsign::{Binding, BindingTarget, Country, Health, SignalBoard, Signals};
use callsign_tests::platform::{Platform, sms};
use serde_json::json;

use super::log::{Entry, Log, answer_of};
use super::{WAYS, Way, always, gateway_on, standard};

/// How many states of each kind there are, and changes in a round.
const STATES: u64 = 4;

const ROUNDS: u64 = 30;

/// The catalog of a number: the only sender of `care` has it in its id, and `shop` has two of which one is unhealthy now and then.
fn catalog(number: u64) -> callsign::Catalog {
    let own = format!("C{number}");
    Platform::new()
        .long(&own, "+12125550100")
        .long("S1", "+14155550100")
        .long("S2", "+14155550101")
        .associate("care", &[&own])
        .associate("shop", &["S1", "S2"])
        .strategy("A", "shop", json!({"skipUnhealthySenders": true}))
        .strategy("B", "care", json!({}))
        .catalog()
        .named(format!("catalog:{number}"))
}

#[test]
fn nothing_is_recorded_twice_or_missed_and_each_record_names_what_its_decision_was_made_of() {
    let log = Log::new(Promise::Keep);
    let gateway = gateway_on(Arc::new(callsign::MemoryStore::new()), |_| {});
    let board = Arc::new(SignalBoard::new());
    gateway.use_signals(board.clone());
    gateway.replace_catalog(catalog(0)).unwrap();
    gateway.record_to(Arc::clone(&log.recorder));
    let policies: Vec<_> = (0..STATES).map(|number| always(0, &format!("{number}.0.0"))).collect();
    // A log keeps the signals of a few moments, so a round of decisions sees a few changes.
    let rounds = Barrier::new(WAYS.len() + 1);
    let mut said = HashMap::new();
    thread::scope(|scope| {
        let (gateway, board, rounds) = (&gateway, &board, &rounds);
        scope.spawn(move || {
            let care = BindingTarget::application("care");
            for number in 0..ROUNDS * STATES {
                if number % STATES == 0 {
                    rounds.wait();
                }
                gateway.replace_catalog(catalog(number % STATES)).unwrap();
                let mut signals = Signals::builder();
                if number % 2 == 0 {
                    signals.health("S1", None, Some(Country::US), Health::Unhealthy { since: number });
                }
                board.set(signals);
                gateway.swap(&care, Binding::new(Arc::clone(&policies[(number % STATES) as usize]))).unwrap();
            }
        });
        let decide = move |way: Way| {
            let numbers: Vec<String> = (0..20).map(|index| format!("+1415{:07}", 5_550_200 + index)).collect();
            let mut said = Vec::new();
            for round in 0..ROUNDS {
                rounds.wait();
                let ids: Vec<String> = (0..20).map(|index| format!("{way:?}-{round}-{index}")).collect();
                let pairs = ids.iter().zip(&numbers).enumerate();
                let messages: Vec<_> = pairs
                    .map(|(index, (id, to))| sms(if index % 2 == 0 { "shop" } else { "care" }, to).id(id))
                    .collect();
                way.decide(gateway, &messages, &mut |index, decision| {
                    said.push((ids[index].clone(), (answer_of(decision), decision.policy().to_owned())));
                });
            }
            said
        };
        let decided: Vec<_> = WAYS.into_iter().map(|way| scope.spawn(move || decide(way))).collect();
        for decisions in decided {
            said.extend(decisions.join().unwrap());
        }
    });
    let entries = log.entries();
    assert_eq!(entries.len(), said.len());
    for entry in entries {
        let (answer, policy) = said.remove(&entry.id).unwrap_or_else(|| panic!("recorded twice: {entry:?}"));
        assert_eq!((&answer, &policy), (&entry.answer, &entry.policy.as_ref().unwrap().0), "{entry:?}");
        is_made_of_what_it_names(&entry);
    }
    assert!(said.is_empty());
}

fn is_made_of_what_it_names(entry: &Entry) {
    let number = entry.catalog.strip_prefix("catalog:").unwrap();
    if entry.application.as_deref() == Some("care") {
        assert!(entry.answer.starts_with(&format!("C{number} ")), "{entry:?}");
        return;
    }
    assert_eq!(entry.policy.as_ref().unwrap().0, standard().label());
    // The policy looks at the signals where it is told that a sender is unhealthy.
    let unhealthy = entry.signals.as_ref().is_some_and(|signals| !signals.health.is_empty());
    if entry.told_unhealthy && unhealthy {
        assert!(entry.answer.starts_with("S2 "), "{entry:?}");
    }
}
