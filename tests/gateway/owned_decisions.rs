//! Decisions that are kept: they hold no catalog and no policy, and say the same.

use std::collections::HashSet;
use std::sync::Arc;

use callsign::{Channel, Channels, Gateway, Message, OwnedDecision, Step};
use callsign_tests::platform::{Platform, sms};
use serde::Serialize;
use serde_json::json;

fn platform() -> Platform {
    Platform::new().long("S1", "+1 (415) 555-0100").associate("shop", &["S1"]).strategy(
        "A",
        "shop",
        json!({"useGeolocatedSender": true}),
    )
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// The owned decision of a message, which has the same JSON as the one that it was made of.
#[track_caller]
fn owned(gateway: &Gateway, message: &Message<'_>) -> OwnedDecision {
    let decision = gateway.resolve(message);
    let owned = decision.to_owned();
    for id in [None, Some("m-1")] {
        assert_eq!(text(&owned.to_json(id)), text(&decision.get().to_json(id)));
    }
    assert_eq!(text(&owned), text(&decision.get().to_json(None)));
    assert_eq!((owned.policy(), owned.channel()), (decision.get().policy(), decision.get().channel()));
    owned
}

#[test]
fn an_owned_decision_has_the_ids_the_step_the_strategy_and_the_policy() {
    let decision = owned(&platform().gateway(), &sms("shop", "+14155550123"));
    let sender = decision.sender().unwrap();
    assert_eq!((sender.id(), sender.shown(), sender.kind().as_str()), ("S1", "+14155550100", "VIRTUAL_LONG_NUMBER"));
    assert_eq!((sender.step(), sender.strategy(), sender.unpinned()), (Step::AreaCode, Some("A"), None));
    assert!(decision.policy().starts_with("callsign-standard@"), "{}", decision.policy());
    assert!(decision.refusal().is_none() && decision.fallbacks().is_empty());
}

#[test]
fn an_owned_refusal_has_its_code_and_its_sentence() {
    let decision = owned(&platform().gateway(), &sms("shop", "+442079460000").from("+15005550006"));
    let refusal = decision.refusal().unwrap();
    assert_eq!(refusal.code(), "SENDER_NOT_REGISTERED");
    assert_eq!(refusal.message(), "no sender of the catalog has the address in `from`");
    assert!(decision.sender().is_none());
}

#[test]
fn an_owned_decision_of_several_channels_has_their_fallbacks() {
    let gateway = platform().gateway();
    let channels = Channels::new(&[Channel::Sms, Channel::Mms]).unwrap();
    let decision = owned(&gateway, &sms("shop", "+14155550123").channels(channels));
    let [(Channel::Mms, fallback)] = decision.fallbacks() else { panic!("{decision:?}") };
    assert_eq!(fallback.refusal().map(|refusal| refusal.code()), Some("NO_ELIGIBLE_SENDER"));
    // Without a channel after the first, the JSON has an empty list.
    let last = owned(&gateway, &sms("shop", "+14155550123").channels(Channels::new(&[Channel::Sms]).unwrap()));
    assert!(last.fallbacks().is_empty() && text(&last).contains(r#""fallbacks":[]"#), "{}", text(&last));
}

#[test]
fn owned_decisions_are_compared_and_sent_and_keep_no_catalog_alive() {
    // With a policy of its own: idle instances keep the catalog of their last call.
    let gateway = Gateway::new(platform().catalog()).unwrap();
    let served = Arc::downgrade(&gateway.revision());
    let first = owned(&gateway, &sms("shop", "+14155550123"));
    let decisions = gateway.resolve_batch(&[sms("shop", "+14155550123"), sms("shop", "+493012345678")]);
    let batch: Vec<OwnedDecision> = decisions.iter().map(|decision| decision.to_owned()).collect();
    drop(decisions);
    assert_eq!(batch[0], first);
    assert_ne!(batch[1], first);
    drop(gateway);
    assert_eq!(served.strong_count(), 0);
    let distinct = std::thread::spawn(move || batch.into_iter().collect::<HashSet<_>>());
    assert!(distinct.join().unwrap().contains(&first));
}
