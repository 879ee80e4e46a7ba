//! Policies that are one thing when they are tried and another when they serve.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callsign::{Binding, BindingTarget, Breaker, Probe};

use serde_json::json;

use super::hooked_store::HookedStore;
use super::{Attacked, TO, hostile, platform_with, policy};
use callsign_tests::component::Component;
use callsign_tests::platform::{decide, sms};
use callsign_tests::reference::Rng;

#[test]
fn a_policy_that_answers_its_probe_and_then_fails_is_left_alone() {
    // The message of the probe has no id.
    let component = hostile().import("messages", "text", "(param i32 i32 i32)").resolve(
        "(call $text (local.get $message) (i32.const 0) (i32.const 4096))
         (if (i32.load8_u (i32.const 4096)) (then unreachable))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    let attacked = Attacked::by(policy(&Component::new("before", "1.0.0")));
    let binding = Binding::new(policy(&component))
        .probe(Probe::new(&sms("shop", TO)))
        .breaker(Breaker::new(3, Duration::from_secs(600)));
    attacked.gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
    let refusal = || {
        let decision = attacked.gateway.resolve(&sms("shop", TO).id("M1"));
        decision.get().refusal().unwrap().to_string()
    };
    assert!((0..3).all(|_| refusal().contains("unreachable")));
    assert!(refusal().contains("keeps failing and is left alone"), "{}", refusal());
    attacked.neighbours_are_well();
}

#[test]
fn a_panic_of_the_host_in_a_call_is_a_failure_of_that_call() {
    let component = hostile()
        .import("sticky", "pin-of", "(param i32 i32)")
        .resolve("(call $pin-of (local.get $message) (i32.const 4096)) unreachable");
    let attacked = Attacked::with(policy(&component), Arc::new(HookedStore::new(|| panic!("a fault of the host's"))));
    attacked.gateway.replace_catalog(platform_with(json!({"useStickySender": true})).catalog()).unwrap();
    attacked.fails("the host failed while it ran the policy: a fault of the host's");
    attacked.fails("the host failed while it ran the policy: a fault of the host's");
}

/// An answer of any bytes, those that matter most often near what they may be.
fn any_answer(rng: &mut Rng) -> [u8; 24] {
    let mut answer = [0; 24];
    answer.fill_with(|| rng.next_u64() as u8);
    for (at, bound) in [(0, 3), (8, 6), (12, 3), (16, 4), (20, 8), (21, 3)] {
        if !rng.percent(2) {
            answer[at] = rng.below(bound) as u8;
        }
    }
    for high in [9..12, 17..20] {
        if !rng.percent(2) {
            answer[high].fill(0);
        }
    }
    answer
}

/// What may come of an answer, from the contract alone.
fn expected(answer: &[u8; 24]) -> String {
    let number = |at: usize| u32::from_le_bytes(answer[at..at + 4].try_into().unwrap());
    let steps = ["STICKY", "AREA_CODE", "OVERLAY", "REGION", "POOL", "DEFAULT_SENDER"];
    let refusals = ["CLOSED", "NO_STRATEGY", "CHANNEL_NOT_ALLOWED", "COUNTRY_NOT_ALLOWED", "NO_ELIGIBLE_SENDER"];
    let good = match answer[0] {
        0 => {
            let strategy = match answer[12] {
                0 => Some(None),
                1 if number(16) < 2 => Some(Some(number(16))),
                _ => None,
            };
            let may_pin = answer[21] == 0 || strategy == Some(Some(1));
            let step = steps.get(usize::from(answer[20]));
            step.filter(|_| number(8) < 2 && strategy.is_some() && may_pin).map(|step| format!("S{} {step}", number(8)))
        }
        1 => refusals.get(usize::from(answer[8])).map(|&code| code.to_owned()),
        _ => None,
    };
    good.unwrap_or_else(|| "POLICY_FAILED".into())
}

#[test]
fn of_answers_at_random_those_count_that_the_contract_and_the_catalog_allow_and_no_other() {
    let attacked = Attacked::by(policy(&Component::new("before", "1.0.0")));
    let echoes = Binding::new(policy(&Component::new("echo", "1.0.0").echoing()))
        .breaker(Breaker::new(u32::MAX, Duration::from_secs(1)));
    attacked.gateway.swap(&BindingTarget::application("shop"), echoes).unwrap();
    // Strategy 1 is sticky for every channel, so that it allows a pin.
    attacked.gateway.replace_catalog(platform_with(json!({"useStickySender": true})).catalog()).unwrap();
    let mut seen = BTreeMap::new();
    for seed in 0..8_000 {
        let answer = any_answer(&mut Rng::new(seed));
        let to = format!("+1415555{seed:04}");
        let decided = decide(&attacked.gateway, &sms("shop", &to).id(&Component::spell(&answer)));
        assert_eq!(decided, expected(&answer), "seed {seed}: {answer:?}");
        *seen.entry(decided).or_insert(0) += 1;
    }
    println!("{seen:?}");
    assert!(seen.len() == 18 && seen.values().all(|&times| times > 4), "every kind of answer was there: {seen:?}");
    attacked.neighbours_are_well();
}
