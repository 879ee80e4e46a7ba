//! Policies that are one thing when they are tried and another when they serve.

use std::sync::Arc;
use std::time::Duration;

use callsign::{Binding, Bound, Breaker, MemoryStore, Pin, PinKey, PinnedSender, Probe, SenderKey, StickyError, StickyStore};
use serde_json::json;

use super::{Attacked, TO, hostile, policy};
use crate::component::Component;
use crate::resolution::platform::{decide, sms};

#[test]
fn a_policy_that_answers_its_probe_and_then_never_again_is_left_alone() {
    let component = hostile().item("(global $calls (mut i32) (i32.const 0))").resolve(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.gt_u (global.get $calls) (i32.const 1)) (then unreachable))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    let attacked = Attacked::by(policy(&Component::new("before", "1.0.0")));
    let binding = Binding::new(policy(&component))
        .probe(Probe::new(&sms("shop", TO)))
        .breaker(Breaker::new(3, Duration::from_secs(600)));
    attacked.gateway.swap(&Bound::application("shop"), binding).unwrap();
    // Alone, an instance answers once and then fails; fresh ones answer again: three in a row do not come about, so
    // let each begin with a failure.
    let begins = hostile().resolve("unreachable");
    let binding = Binding::new(policy(&begins)).breaker(Breaker::new(3, Duration::from_secs(600)));
    attacked.gateway.swap(&Bound::application("shop"), binding).unwrap();
    for _ in 0..3 {
        attacked.fails("unreachable");
    }
    let decision = attacked.gateway.resolve(&sms("shop", TO));
    let refusal = decision.get().refusal().unwrap().to_string();
    assert!(refusal.contains("keeps failing and is left alone"), "{refusal}");
    attacked.neighbours_are_well();
}

/// A store that panics where it is asked, and one that does not.
struct Panics(MemoryStore);

impl StickyStore for Panics {
    fn get(&self, _: &PinKey<'_>) -> Result<Option<Pin>, StickyError> {
        panic!("a fault of the host's")
    }

    fn insert(&self, key: &PinKey<'_>, sender: &PinnedSender<'_>) -> Result<Option<Pin>, StickyError> {
        self.0.insert(key, sender)
    }

    fn replace(
        &self,
        key: &PinKey<'_>,
        expected: SenderKey,
        sender: &PinnedSender<'_>,
    ) -> Result<Option<Pin>, StickyError> {
        self.0.replace(key, expected, sender)
    }
}

#[test]
fn a_panic_of_the_host_in_a_call_is_a_failure_of_that_call() {
    let component = hostile()
        .import("sticky", "pin-of", "(param i32 i32)")
        .resolve("(call $pin-of (local.get $message) (i32.const 4096)) unreachable");
    let attacked = Attacked::with(policy(&component), Arc::new(Panics(MemoryStore::new())));
    attacked.fails("the host failed while it ran the policy: a fault of the host's");
    attacked.fails("the host failed while it ran the policy: a fault of the host's");
}

#[test]
fn a_policy_that_answers_at_random_decides_nothing_that_it_may_not() {
    // A generator in the component itself: every byte of its answers is any byte.
    let component = Component::new("random", "1.0.0")
        .item("(global $seed (mut i64) (i64.const 88172645463325252))
               (func $random (result i64)
                 (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
                 (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
                 (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
                 (global.get $seed))")
        .resolve(
            "(i64.store (i32.const 1024) (i64.and (call $random) (i64.const 0x1)))
             (i64.store (i32.const 1032) (i64.and (call $random) (i64.const 0x100000007)))
             (i64.store (i32.const 1040) (i64.and (call $random) (i64.const 0x10700000003)))
             (i64.store (i32.const 1048) (call $random))
             (i32.const 1024)",
        );
    let attacked = Attacked::by(policy(&component));
    let generous = Binding::new(policy(&component)).breaker(Breaker::new(u32::MAX, Duration::from_secs(1)));
    attacked.gateway.swap(&Bound::application("shop"), generous).unwrap();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..5_000 {
        *seen.entry(attacked.decide().split(' ').next().unwrap().to_owned()).or_insert(0) += 1;
    }
    let allowed = ["CHANNEL_NOT_ALLOWED", "CLOSED", "COUNTRY_NOT_ALLOWED", "NO_ELIGIBLE_SENDER", "NO_STRATEGY",
        "POLICY_FAILED", "S0", "S1"];
    assert!(seen.keys().all(|key| allowed.contains(&key.as_str())), "{seen:?}");
    assert!(seen.contains_key("S0") && seen.contains_key("S1") && seen.contains_key("POLICY_FAILED"), "{}", json!(seen));
    assert_eq!(decide(&attacked.gateway, &sms("care", TO)), "S5 POOL");
}
