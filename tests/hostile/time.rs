//! Time without end.

use std::time::{Duration, Instant};

use callsign::PolicyError;

use super::{Attacked, BOUND, TO, fails, hostile, policy, resolve_fails};
use callsign_tests::component::Component;
use callsign_tests::platform::sms;

const LATE: &str = "the policy ran for longer than 50ms";

const FOR_EVER: &str = "(loop $again (br $again)) unreachable";

#[test]
fn an_endless_loop_in_resolve_meets_the_deadline() {
    resolve_fails(FOR_EVER, LATE);
}

#[test]
fn an_endless_loop_in_resolve_batch_meets_the_deadline() {
    let attacked = Attacked::by(policy(&hostile().resolve_batch(FOR_EVER)));
    assert_eq!(attacked.decide(), "S0 POOL", "one message alone does not need it");
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
    assert_eq!(attacked.decide(), "POLICY_FAILED", "it is left alone: all messages of the batch failed");
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
        .realloc_of_lists(FOR_EVER)
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
        fill.repeat(900)
    ));
    fails(&component, LATE);
}

/// A stack of functions that work on, without a loop, once those that they called return. The deadline is looked at
/// where functions begin and where they loop, so not here any more.
fn works_while_it_returns(instructions: usize) -> Component {
    let work = "f64.sqrt ".repeat(instructions);
    hostile()
        .item(&format!(
            "(func $deep (param i32) (result f64)
               (if (i32.eqz (local.get 0)) (then (return (f64.const 3))))
               (call $deep (i32.sub (local.get 0) (i32.const 1)))
               {work})"
        ))
        .resolve("(drop (call $deep (i32.const 8000))) (loop $again (br $again)) unreachable")
}

#[test]
fn a_deep_stack_of_functions_that_work_while_they_return_ends_soon_after_the_deadline() {
    let attacked = Attacked::by(policy(&works_while_it_returns(5_990)));
    attacked.fails(LATE);
    let refused = works_while_it_returns(6_010).load().unwrap_err();
    assert!(matches!(refused, PolicyError::Budget { .. }), "{refused}");
    assert!(refused.to_string().contains("instructions after a call without a loop or another call"), "{refused}");
}

#[test]
fn a_policy_that_fails_a_batch_at_once_and_then_hangs_on_each_message_holds_the_batch_up_once() {
    let attacked = Attacked::by(policy(&hostile().resolve(FOR_EVER).resolve_batch("unreachable")));
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
}

#[test]
fn a_call_has_its_time() {
    for _ in 0..20 {
        let attacked = Attacked::by(policy(&hostile().resolve(FOR_EVER)));
        let begun = Instant::now();
        attacked.fails(LATE);
        // A clock that was late when the call began makes up for it.
        assert!(begun.elapsed() > Duration::from_millis(35), "after {:?}", begun.elapsed());
    }
}
