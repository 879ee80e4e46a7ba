//! Time without end.

use std::time::{Duration, Instant};

use callsign::PolicyError;

use super::{Attacked, BOUND, TO, fails, hostile, policy, resolve_fails};
use crate::resolution::platform::sms;

const LATE: &str = "the policy ran for longer than 50ms";

const FOR_EVER: &str = "(loop $again (br $again)) unreachable";

#[test]
fn an_endless_loop_in_resolve_meets_the_deadline() {
    resolve_fails(FOR_EVER, LATE);
}

#[test]
fn an_endless_loop_in_resolve_batch_meets_the_deadline() {
    let attacked = Attacked::by(policy(&hostile().resolve_batch(FOR_EVER)));
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
    assert_eq!(attacked.decide(), "S0 POOL", "one message alone does not need it");
}

#[test]
fn an_endless_loop_in_check_settings_meets_the_deadline() {
    let begun = Instant::now();
    let refused = policy(&hostile().check_settings(FOR_EVER)).with_settings("{}").unwrap_err();
    assert!(begun.elapsed() < BOUND);
    assert!(matches!(&refused, PolicyError::Start { reason } if reason == LATE), "{refused}");
}

#[test]
fn an_endless_loop_in_refusal_text_meets_the_deadline() {
    let component = hostile().resolve("(call $refuse (i32.const 7))").refusal_text(FOR_EVER);
    let attacked = Attacked::by(policy(&component));
    let begun = Instant::now();
    let decision = attacked.gateway.resolve(&sms("shop", TO));
    let refusal = decision.get().refusal().unwrap();
    assert_eq!(refusal.code(), "POLICY_REFUSED");
    assert!(refusal.to_string().contains(LATE), "{refusal}");
    assert!(begun.elapsed() < BOUND);
    attacked.neighbours_are_well();
}

#[test]
fn an_endless_loop_in_realloc_meets_the_deadline() {
    let component = hostile()
        .import("strategies", "strategies-of", "(param i32 i32 i32)")
        .realloc(FOR_EVER)
        .resolve("(call $strategies-of (local.get $scope) (local.get $country) (i32.const 4096)) (i32.const 1024)");
    fails(&component, LATE);
}

#[test]
fn an_endless_loop_in_post_return_meets_the_deadline() {
    fails(&hostile().post_return(FOR_EVER), LATE);
}

#[test]
fn an_endless_loop_of_tail_calls_meets_the_deadline() {
    fails(&hostile().item("(func $spin (return_call $spin))").resolve("(call $spin) unreachable"), LATE);
}

#[test]
fn endless_fills_of_memory_without_a_loop_meet_the_deadline() {
    // A gigabyte each, in a function that neither loops nor calls.
    let fill = "(memory.fill (i32.const 65536) (local.get $scope) (local.get $size))";
    let component = hostile().resolve(&format!(
        "(local $size i32) (drop (memory.grow (i32.const 1800))) (local.set $size (i32.const 117964800)) {} \
         unreachable",
        fill.repeat(2_000)
    ));
    fails(&component, LATE);
}

/// The deadline is looked at where functions begin and where they loop. Functions that have begun, and work on without a
/// loop once those that they called return, are not looked at any more: it is the stack and the length of a function
/// that bound this.
#[test]
fn a_deep_stack_of_functions_that_work_while_they_return_ends_soon_after_the_deadline() {
    let work = "(local.set 1 (i64.div_u (i64.const -1) (i64.or (local.get 1) (i64.const 1))))".repeat(9_000);
    let component = hostile()
        .item(&format!(
            "(func $deep (param i32 i64) (result i64)
               (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
               (local.set 1 (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
               {work} (local.get 1))"
        ))
        .resolve("(drop (call $deep (i32.const 4000) (i64.const 3))) (loop $again (br $again)) unreachable");
    let attacked = Attacked::by(policy(&component));
    attacked.fails(LATE);
}

#[test]
fn a_policy_that_fails_a_batch_at_once_and_then_hangs_on_each_message_holds_the_batch_up_once() {
    let attacked = Attacked::by(policy(&hostile().resolve(FOR_EVER).resolve_batch("unreachable")));
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
}

#[test]
fn a_call_is_never_stopped_before_its_deadline() {
    for _ in 0..20 {
        let attacked = Attacked::by(policy(&hostile().resolve(FOR_EVER)));
        let begun = Instant::now();
        attacked.fails(LATE);
        assert!(begun.elapsed() >= Duration::from_millis(50), "after {:?}", begun.elapsed());
    }
}
