//! What decisions allocate.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use allocation_counter::measure;
use callsign::{Channel, Gateway, MemoryStore, Message, Policy};
use callsign_tests::decision_log::TemporaryLog;
use callsign_tests::platform::patient;
use callsign_tests::pool::{catalog, messages, recipients};
use callsign_tests::work::PATIENCE;

/// A gateway that has counted time of policies of `shop`: the account of an application is made when a tick of the clock first ends in
/// one of its calls, whenever that is.
fn gateway(senders: usize, sticky: bool) -> Gateway {
    let standard = patient(Policy::standard().unwrap());
    let gateway = Gateway::with(catalog(senders, sticky), standard, Arc::new(MemoryStore::new())).unwrap();
    let begun = Instant::now();
    while gateway.usage("shop").policy_time.is_zero() {
        assert!(begun.elapsed() < PATIENCE, "no time of policies is counted");
        drop(gateway.resolve(&Message::new(Channel::Mms, "+14155550123").application("shop")));
    }
    gateway
}

/// The allocations of the second half of many decisions of each of these messages.
fn allocations(gateway: &Gateway, messages: &[Message<'_>]) -> u64 {
    for _ in 0..100 {
        messages.iter().for_each(|message| drop(black_box(gateway.resolve(message))));
    }
    let counted = measure(|| {
        for _ in 0..10 {
            messages.iter().for_each(|message| drop(black_box(gateway.resolve(message))));
        }
    });
    counted.count_total
}

#[test]
fn a_warm_single_decision_allocates_nothing() {
    let recipients = recipients(256);
    for senders in [1, 10, 1_000] {
        let gateway = gateway(senders, false);
        let messages = messages(&recipients);
        assert!(gateway.resolve(&messages[0]).get().sender().is_some());
        assert_eq!(allocations(&gateway, &messages), 0, "{senders} senders");
    }
}

#[test]
fn a_warm_single_decision_by_a_pin_allocates_nothing() {
    let recipients = recipients(256);
    let gateway = gateway(100, true);
    let messages = messages(&recipients);
    assert_eq!(allocations(&gateway, &messages), 0);
    assert_eq!(gateway.resolve(&messages[0]).get().step().unwrap().as_str(), "STICKY");
}

#[test]
fn a_warm_single_refusal_allocates_nothing() {
    let gateway = gateway(10, false);
    let messages = [
        Message::new(Channel::Sms, "+442079460000").application("shop"),
        Message::new(Channel::Mms, "+14155550123").application("shop"),
        Message::new(Channel::Sms, "+14155550123").application("nobody"),
        Message::new(Channel::Sms, "not a number").application("shop"),
    ];
    assert_eq!(allocations(&gateway, &messages), 0);
}

#[test]
fn a_batch_allocates_as_often_whatever_its_size() {
    let recipients = recipients(256);
    let gateway = gateway(1_000, false);
    let messages = messages(&recipients);
    let counted = |size: usize| {
        for _ in 0..20 {
            drop(black_box(gateway.resolve_batch(&messages[..size])));
        }
        measure(|| drop(black_box(gateway.resolve_batch(&messages[..size])))).count_total
    };
    let (small, large) = (counted(2), counted(256));
    assert_eq!(small, large);
    assert!(small <= 8, "{small} allocations a batch");
}

#[test]
fn to_record_a_decision_allocates_nothing() {
    let recipients = recipients(256);
    let log = TemporaryLog::roomy();
    for sticky in [false, true] {
        let gateway = gateway(100, sticky);
        let messages = messages(&recipients);
        let singles = allocations(&gateway, &messages);
        let batch = || {
            (0..3).for_each(|_| drop(black_box(gateway.resolve_batch(&messages))));
            measure(|| drop(black_box(gateway.resolve_batch(&messages)))).count_total
        };
        let batched = batch();
        gateway.record_to(Arc::clone(&log.recorder));
        assert_eq!((allocations(&gateway, &messages), batch()), (singles, batched));
        assert_eq!((singles, log.recorder.counters().dropped), (0, 0));
    }
}
