//! Harm before the first call.

use callsign::{Binding, BindingTarget, Policy, SwapError};

use super::{Attacked, BOUND, LATE, hostile, hurried, policy};
use callsign_tests::component::Component;
use callsign_tests::work::Work;

/// A component that does not start is not put to use, and what served before serves on.
fn does_not_start(component: &Component, words: &str) {
    policy_does_not_start(|| policy(component), words);
}

fn policy_does_not_start(never_starts: impl Fn() -> Policy, words: &str) {
    let attacked = Attacked::by(policy(&Component::new("before", "1.0.0").deciding(1)));
    let work = Work::begin();
    let refused = attacked.gateway.swap(&BindingTarget::application("shop"), Binding::new(never_starts())).unwrap_err();
    work.is_within(BOUND, words);
    assert!(matches!(refused, SwapError::Start { .. }), "{refused}");
    assert!(refused.to_string().contains(words), "{refused}");
    assert_eq!(attacked.decide(), "S1 POOL");
    attacked.neighbours_are_well();
    let refused = never_starts().with_settings("{}").unwrap_err();
    assert!(refused.to_string().contains(words), "{refused}");
}

#[test]
fn an_endless_loop_in_the_start_function_meets_the_deadline() {
    policy_does_not_start(|| hurried(&hostile().start("(loop $again (br $again))")), LATE);
}

#[test]
fn endless_recursion_in_the_start_function_meets_the_limit_of_the_stack() {
    let component = hostile().item("(func $deeper (call $deeper))").start("(call $deeper)");
    does_not_start(&component, "more than 524288 bytes of stack");
}

#[test]
fn memory_growth_in_the_start_function_meets_the_limit_of_memory() {
    let component = hostile().start("(if (i32.eq (memory.grow (i32.const 9000)) (i32.const -1)) (then unreachable))");
    does_not_start(&component, "more than 134217728 bytes of memory");
}

#[test]
fn a_trap_in_the_start_function_is_told() {
    does_not_start(&hostile().start("unreachable"), "unreachable");
}

#[test]
fn data_beyond_the_end_of_memory_is_told() {
    does_not_start(&hostile().item(r#"(data (i32.const 131070) "too far")"#), "out of bounds memory access");
}

#[test]
fn elements_beyond_the_end_of_a_table_are_told() {
    let component = hostile().item("(table $t 1 funcref) (elem (table $t) (i32.const 9) func $post_return)");
    does_not_start(&component, "out of bounds table access");
}

#[test]
fn a_trap_in_check_settings_is_told() {
    let refused = policy(&hostile().check_settings("unreachable")).with_settings("{}").unwrap_err();
    assert!(refused.to_string().contains("unreachable"), "{refused}");
}

#[test]
fn a_trap_in_realloc_while_settings_are_handed_over_is_told() {
    let refused = policy(&hostile().realloc("unreachable")).with_settings(r#"{"a": 1}"#).unwrap_err();
    assert!(refused.to_string().contains("unreachable"), "{refused}");
}
