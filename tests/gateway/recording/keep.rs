//! A log that is to lose nothing: a decision is given once its record is kept, and refused if it is not.

use std::sync::Arc;

use callsign::log::Promise;
use callsign::{Channel, Channels, Gateway, MemoryStore, Message, StickyStore};
use callsign_tests::platform::sms;

use super::log::{Log, answer_of};
use super::{TO, WAYS, Way, gateway_on, gateways};

#[test]
fn what_was_answered_is_on_the_disk() {
    for way in WAYS {
        let log = Log::new(Promise::Keep);
        for gateway in gateways(&log) {
            let before = log.on_disk().len();
            for index in 0..3 {
                way.decide(&gateway, &[sms("shop", TO), sms("shop", "12")], &mut |_, decision| {
                    assert_ne!(answer_of(decision), "LOG_UNAVAILABLE");
                });
                let recorded = log.on_disk().len() - before;
                assert_eq!(recorded, 2 * (index + 1), "{way:?}: it is, without another wait");
            }
        }
    }
}

#[test]
fn a_batch_that_has_more_records_than_the_log_has_room_waits_for_room() {
    let log = Log::with(|options| (options.promise, options.ring_bytes) = (Promise::Keep, 128 << 10));
    let ids: Vec<String> = (0..3_000).map(|index| format!("{index:0>100}")).collect();
    let messages: Vec<Message<'_>> = ids.iter().map(|id| sms("shop", TO).id(id)).collect();
    for way in [Way::Batch, Way::BatchAsync, Way::Bulk] {
        let gateway = gateway_on(Arc::new(MemoryStore::new()), |_| {});
        gateway.record_to(Arc::clone(&log.recorder));
        let before = log.on_disk().len();
        way.decide(&gateway, &messages, &mut |_, decision| assert!(decision.refusal().is_none(), "{decision:?}"));
        assert_eq!(log.on_disk().len() - before, 3_000, "{way:?}");
    }
    assert_eq!(log.recorder.counters().dropped, 0);
}

#[test]
fn a_decision_that_cannot_be_recorded_is_refused() {
    let channels = Channels::new(&[Channel::Mms, Channel::Sms, Channel::Rcs]).unwrap();
    for way in WAYS {
        let log = Log::new(Promise::Keep);
        for gateway in gateways(&log) {
            log.recorder.close();
            let messages = [sms("shop", TO), sms("shop", "12"), sms("shop", TO).from("+14155550100")];
            let mut refused = 0;
            way.decide(&gateway, &messages, &mut |_, decision| {
                assert_eq!(answer_of(decision), "LOG_UNAVAILABLE", "{way:?}");
                assert!(
                    decision.refusal().unwrap().to_string().contains("the decision log was closed"),
                    "{decision:?}"
                );
                refused += 1;
            });
            assert_eq!(refused, 3);
            way.decide(&gateway, &[sms("shop", TO).channels(channels)], &mut |_, decision| {
                assert_eq!((decision.channel(), &*answer_of(decision)), (Some(Channel::Mms), "LOG_UNAVAILABLE"));
                let fallbacks: Vec<_> =
                    decision.fallbacks().map(|(channel, decision)| (channel, answer_of(decision))).collect();
                let refused = |channel| (channel, "LOG_UNAVAILABLE".to_owned());
                assert_eq!(fallbacks, [refused(Channel::Sms), refused(Channel::Rcs)]);
            });
            gateway.stop_recording();
            way.decide(&gateway, &messages[..1], &mut |_, decision| assert!(decision.refusal().is_none()));
        }
    }
}

#[test]
fn with_the_other_promise_a_closed_log_refuses_nobody() {
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        let [gateway, ..] = gateways(&log);
        log.recorder.close();
        way.decide(&gateway, &[sms("shop", TO)], &mut |_, decision| assert!(decision.refusal().is_none()));
    }
}

/// A gateway may be used on many threads, and its log by several gateways.
#[test]
fn gateways_can_share_a_log() {
    let log = Log::new(Promise::Keep);
    let gateways: Vec<Gateway> = (0..3)
        .map(|_| {
            let store: Arc<dyn StickyStore> = Arc::new(MemoryStore::new());
            gateway_on(store, |_| {})
        })
        .collect();
    std::thread::scope(|scope| {
        for gateway in &gateways {
            gateway.record_to(Arc::clone(&log.recorder));
            for _ in 0..2 {
                scope.spawn(|| (0..50).for_each(|_| drop(gateway.resolve(&sms("shop", TO)))));
            }
        }
    });
    assert_eq!(log.entries().len(), 300);
}
