//! Time without end.

use std::time::Duration;

use callsign::PolicyError;

use super::{Attacked, BOUND, DEADLINE, LATE, TO, hostile, hurried, is_late, policy};
use callsign_tests::component::Component;
use callsign_tests::platform::sms;
use callsign_tests::work::Work;

const FOR_EVER: &str = "(loop $again (br $again)) unreachable";

#[test]
fn an_endless_loop_in_resolve_meets_the_deadline() {
    is_late(&hostile().resolve(FOR_EVER));
}

#[test]
fn an_endless_loop_in_resolve_batch_meets_the_deadline() {
    let component = hostile().resolve_batch(FOR_EVER);
    assert_eq!(Attacked::by(policy(&component)).decide(), "S0 POOL", "one message alone does not need it");
    let attacked = Attacked::by(hurried(&component));
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
    assert_eq!(attacked.decide(), "POLICY_FAILED", "it is left alone: all messages of the batch failed");
}

#[test]
fn an_endless_loop_in_check_settings_meets_the_deadline() {
    let work = Work::begin();
    let refused = hurried(&hostile().check_settings(FOR_EVER)).with_settings("{}").unwrap_err();
    work.is_within(BOUND, LATE);
    assert!(matches!(&refused, PolicyError::Start { reason } if reason == LATE), "{refused}");
}

#[test]
fn an_endless_loop_in_refusal_text_meets_the_deadline() {
    let component = hostile().resolve("(call $refuse (i32.const 7))").refusal_text(FOR_EVER);
    let refused = || {
        let attacked = Attacked::by(hurried(&component));
        let work = Work::begin();
        let decision = attacked.gateway.resolve(&sms("shop", TO));
        let refusal = decision.get().refusal().unwrap();
        assert!(refusal.to_string().contains(LATE), "{refusal}");
        work.is_within(BOUND, LATE);
        attacked.neighbours_are_well();
        refusal.code().to_owned()
    };
    // A busy machine may keep the decision itself from its core for longer than it has.
    let code = (0..10).map(|_| refused()).find(|code| code != "POLICY_FAILED");
    assert_eq!(code.as_deref(), Some("POLICY_REFUSED"));
}

#[test]
fn an_endless_loop_in_realloc_meets_the_deadline() {
    let component = hostile()
        .import("strategies", "strategies-of", "(param i32 i32 i32)")
        .realloc_of_lists(FOR_EVER)
        .resolve("(call $strategies-of (local.get $scope) (local.get $country) (i32.const 4096)) (i32.const 1024)");
    is_late(&component);
}

#[test]
fn an_endless_loop_in_post_return_meets_the_deadline() {
    is_late(&hostile().post_return(FOR_EVER));
}

#[test]
fn an_endless_loop_of_tail_calls_meets_the_deadline() {
    is_late(&hostile().item("(func $spin (return_call $spin))").resolve("(call $spin) unreachable"));
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
    is_late(&component);
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
    let attacked = Attacked::by(hurried(&works_while_it_returns(5_990)));
    attacked.fails(LATE);
    let refused = works_while_it_returns(6_010).load().unwrap_err();
    assert!(matches!(refused, PolicyError::Budget { .. }), "{refused}");
    assert!(refused.to_string().contains("instructions after a call without a loop or another call"), "{refused}");
}

#[test]
fn a_policy_that_fails_a_batch_at_once_and_then_hangs_on_each_message_holds_the_batch_up_once() {
    let attacked = Attacked::by(hurried(&hostile().resolve(FOR_EVER).resolve_batch("unreachable")));
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
}

#[test]
fn a_call_has_its_time() {
    let times = || -> Vec<Duration> {
        let mut took: Vec<Duration> = (0..20)
            .map(|_| {
                let attacked = Attacked::by(hurried(&hostile().resolve(FOR_EVER)));
                let begun = std::time::Instant::now();
                attacked.fails(LATE);
                begun.elapsed()
            })
            .collect();
        took.sort_unstable();
        took
    };
    // A clock that was late when a call began makes up for it, so on a busy machine some are shorter, and seldom most of them.
    let mut all = Vec::new();
    let is_given = (0..5).any(|_| {
        all.push(times());
        all.last().is_some_and(|took| took[10] > DEADLINE - Duration::from_millis(5))
    });
    assert!(is_given, "{all:?}");
}
