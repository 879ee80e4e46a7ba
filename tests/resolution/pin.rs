//! Step 9.

use std::collections::HashSet;
use std::sync::Barrier;

use callsign::{Channel, Message};
use serde_json::json;

use callsign_tests::platform::{Platform, decide, sms};

fn platform() -> Platform {
    let mut platform = Platform::new();
    for index in 0..20 {
        let id = format!("S{index}");
        platform = platform.long(&id, &format!("+1212555{:04}", 100 + index)).associate("shop", &[&id]);
    }
    platform.strategy("A", "shop", json!({"useStickySender": true}))
}

#[test]
fn use_sticky_sender_and_the_decision_was_not_the_pinned_sender_pin_it() {
    let gateway = platform().gateway();
    let to = "+14155550123";
    let explained = gateway.explain(&sms("shop", to));
    assert!(explained.pins());
    let first = decide(&gateway, &sms("shop", to));
    assert_eq!(decide(&gateway, &sms("shop", to)), first.replace("POOL", "STICKY"));
    assert!(!gateway.explain(&sms("shop", to)).pins(), "it is pinned already");
}

#[test]
fn explain_never_writes_a_pin() {
    let gateway = platform().gateway();
    for _ in 0..3 {
        let explained = gateway.explain(&sms("shop", "+14155550123"));
        assert_eq!(explained.decision().step().map(|step| step.as_str()), Some("POOL"));
    }
}

#[test]
fn without_use_sticky_sender_nothing_is_pinned() {
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    let gateway = platform.gateway();
    for _ in 0..2 {
        assert_eq!(decide(&gateway, &sms("shop", "+14155550123")), "S1 POOL");
    }
}

#[test]
fn of_two_messages_of_a_batch_the_second_sees_the_pin_of_the_first() {
    let gateway = platform().gateway();
    let message = Message::new(Channel::Sms, "+14155550123").application("shop");
    let decisions = gateway.resolve_batch(&[message, message, message]);
    let steps: Vec<&str> = decisions.iter().filter_map(|decision| decision.step()).map(|step| step.as_str()).collect();
    assert_eq!(steps, ["POOL", "STICKY", "STICKY"]);
}

#[test]
fn of_first_messages_to_one_recipient_that_race_all_get_the_sender_that_was_pinned_first() {
    let gateway = platform().gateway();
    let threads = 8;
    let barrier = Barrier::new(threads);
    let rounds = 300;
    let seen: Vec<Vec<String>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    (0..rounds)
                        .map(|round| {
                            barrier.wait();
                            decide(&gateway, &sms("shop", &format!("+1415555{round:04}")))
                        })
                        .collect()
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    for round in 0..rounds {
        let senders: HashSet<&str> = seen.iter().map(|decisions| decisions[round].split(' ').next().unwrap()).collect();
        assert_eq!(senders.len(), 1, "round {round}: {senders:?}");
        let first = seen.iter().filter(|decisions| decisions[round].ends_with("POOL")).count();
        assert_eq!(first, 1, "round {round}: one was first, the others found its pin");
    }
}
