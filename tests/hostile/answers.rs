//! Answers that are not what the contract's types allow.

use super::{Attacked, TO, fails, hostile, policy, resolve_fails};
use crate::component::Component;
use crate::resolution::platform::sms;

const FAILED: &str = "the policy failed: ";

/// Decides sender 0, and then writes over a byte of the answer.
fn with_byte(at: u32, byte: u32) -> String {
    format!(
        "(call $decide (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0))
         (i32.store8 (i32.const {at}) (i32.const {byte}))"
    )
}

/// A component whose batches fail, and whose messages are therefore decided one by one.
fn batch_fails(component: &Component) {
    let attacked = Attacked::by(policy(component));
    attacked.in_a_batch(|fate| fate == "S0");
    attacked.in_a_batch(|fate| fate == "S0");
    attacked.neighbours_are_well();
}

/// The words of a refusal that a component gives.
fn wording(component: Component) -> (String, String) {
    let attacked = Attacked::by(policy(&component.resolve("(call $refuse (i32.const 7))")));
    let decision = attacked.gateway.resolve(&sms("shop", TO));
    let refusal = decision.get().refusal().unwrap();
    attacked.neighbours_are_well();
    (refusal.code().to_owned(), refusal.to_string())
}

fn is_not_worded(component: Component, words: &str) {
    let (code, message) = wording(component);
    assert_eq!(code, "POLICY_REFUSED");
    assert!(message.contains(words), "{message}");
    assert!(message.len() < 2_000);
}

#[test]
fn an_answer_outside_memory_fails() {
    resolve_fails("(i32.const -16)", FAILED);
}

#[test]
fn an_answer_that_begins_in_memory_and_ends_outside_fails() {
    resolve_fails("(i32.const 131064)", FAILED);
}

#[test]
fn a_misaligned_answer_fails() {
    let attacked = Attacked::by(policy(&hostile().resolve("(i32.const 1027)")));
    attacked.fails(FAILED);
    attacked.fails(FAILED);
}

#[test]
fn an_answer_that_is_neither_decided_nor_refused_fails() {
    resolve_fails(&with_byte(1024, 2), FAILED);
}

#[test]
fn a_strategy_that_is_neither_there_nor_not_fails() {
    resolve_fails(&with_byte(1036, 7), FAILED);
}

#[test]
fn a_step_that_there_is_not_fails() {
    resolve_fails(&with_byte(1044, 6), FAILED);
}

#[test]
fn a_refusal_that_there_is_not_fails() {
    let body = "(drop (call $refuse (i32.const 7))) (i32.store8 (i32.const 1032) (i32.const 255)) (i32.const 1024)";
    resolve_fails(body, FAILED);
}

#[test]
fn a_pin_that_is_neither_true_nor_false_is_true() {
    // As the canonical ABI has it: so it is a pin without a sticky strategy.
    resolve_fails(&with_byte(1045, 2), "it pins the recipient without a sticky strategy");
}

#[test]
fn fewer_answers_than_requests_fail() {
    batch_fails(&hostile().resolve_batch(
        "(i32.store (i32.const 2048) (i32.const 4096)) (i32.store (i32.const 2052) (i32.const 1)) (i32.const 2048)",
    ));
}

#[test]
fn no_answers_fail() {
    batch_fails(&hostile().resolve_batch(
        "(i32.store (i32.const 2048) (i32.const 4096)) (i32.store (i32.const 2052) (i32.const 0)) (i32.const 2048)",
    ));
}

#[test]
fn a_list_of_more_answers_than_memory_holds_fails() {
    batch_fails(&hostile().resolve_batch(
        "(i32.store (i32.const 2048) (i32.const 65536)) (i32.store (i32.const 2052) (i32.const 0x7fffffff))
         (i32.const 2048)",
    ));
}

#[test]
fn a_list_whose_size_does_not_fit_its_type_fails() {
    batch_fails(&hostile().resolve_batch(
        "(i32.store (i32.const 2048) (i32.const 65536)) (i32.store (i32.const 2052) (i32.const -1)) (i32.const 2048)",
    ));
}

#[test]
fn a_list_of_more_bytes_than_may_be_returned_fails() {
    // 3,000,000 answers that are all there: 96 MB.
    batch_fails(&hostile().memory(r#"(memory (export "memory") 1800)"#).resolve_batch(
        "(i32.store (i32.const 2048) (i32.const 65536)) (i32.store (i32.const 2052) (i32.const 3000000))
         (i32.const 2048)",
    ));
}

#[test]
fn a_misaligned_list_fails() {
    batch_fails(&hostile().resolve_batch(
        "(i32.store (i32.const 2048) (i32.const 4097)) (i32.store (i32.const 2052) (local.get $count))
         (i32.const 2048)",
    ));
}

#[test]
fn a_list_that_is_said_to_be_outside_memory_fails() {
    batch_fails(&hostile().resolve_batch("(i32.const -8)"));
}

#[test]
fn a_place_outside_memory_for_the_requests_of_a_batch_fails() {
    batch_fails(&hostile().realloc("(i32.const -64)"));
}

#[test]
fn a_misaligned_place_for_the_requests_of_a_batch_fails() {
    batch_fails(&hostile().realloc("(i32.const 65537)"));
}

#[test]
fn a_trap_in_realloc_fails() {
    batch_fails(&hostile().realloc("unreachable"));
    let component = hostile()
        .import("strategies", "strategies-of", "(param i32 i32 i32)")
        .realloc("unreachable")
        .resolve("(call $strategies-of (local.get $scope) (local.get $country) (i32.const 4096)) (i32.const 1024)");
    fails(&component, "unreachable");
}

#[test]
fn a_trap_in_post_return_fails() {
    fails(&hostile().post_return("unreachable"), "unreachable");
}

#[test]
fn a_call_of_the_host_in_post_return_fails() {
    let component = hostile()
        .import("sticky", "pin-of", "(param i32 i32)")
        .post_return("(call $pin-of (i32.const 0) (i32.const 4096))");
    fails(&component, FAILED);
}

#[test]
fn a_refusal_in_bytes_that_are_no_text_is_not_worded() {
    let text = "(i32.store (i32.const 4096) (i32.const -1))
        (call $words (i32.const 96) (i32.const 6) (i32.const 4096) (i32.const 4)) (i32.const 2048)";
    is_not_worded(hostile().refusal_text(text), "utf-8");
}

#[test]
fn a_refusal_with_half_a_character_in_utf_16_is_not_worded() {
    let text = "(i32.store (i32.const 4096) (i32.const 0xd800))
        (call $words (i32.const 4096) (i32.const 1) (i32.const 4096) (i32.const 1)) (i32.const 2048)";
    is_not_worded(hostile().utf16().refusal_text(text), "surrogate");
}

#[test]
fn a_refusal_outside_memory_is_not_worded() {
    let text = "(call $words (i32.const 96) (i32.const 6) (i32.const 131000) (i32.const 4000)) (i32.const 2048)";
    is_not_worded(hostile().refusal_text(text), "out of bounds");
}

#[test]
fn a_refusal_of_more_bytes_than_may_be_returned_is_not_worded() {
    let text = "(call $words (i32.const 96) (i32.const 6) (i32.const 65536) (i32.const 20000000)) (i32.const 2048)";
    let component = hostile().memory(r#"(memory (export "memory") 320)"#).refusal_text(text);
    is_not_worded(component, "handed over more than 16777216 bytes at once");
}

#[test]
fn a_long_refusal_is_cut_and_has_no_control_characters() {
    let text = "(memory.fill (i32.const 65536) (i32.const 27) (i32.const 100000))
        (call $words (i32.const 96) (i32.const 6) (i32.const 65536) (i32.const 60000)) (i32.const 2048)";
    let (code, message) = wording(hostile().memory(r#"(memory (export "memory") 4)"#).refusal_text(text));
    assert_eq!(code, "CLOSED");
    assert!(message.len() < 20_000, "{}", message.len());
    assert!(!message.chars().any(char::is_control));
}

#[test]
fn a_refusal_that_passes_for_one_of_the_hosts_is_not_worded() {
    for code in ["POLICY_FAILED", "STICKY_UNAVAILABLE"] {
        let component = hostile().item(&format!(r#"(data (i32.const 300) "{code}")"#)).refusal_text(&format!(
            "(call $words (i32.const 300) (i32.const {}) (i32.const 112) (i32.const 12)) (i32.const 2048)",
            code.len()
        ));
        assert_eq!(wording(component).0, "POLICY_REFUSED");
    }
}

/// A policy with time to fill its memory on a busy machine.
fn patient(component: &Component) -> callsign::Policy {
    let mut limits = callsign::Limits::default();
    limits.deadline = std::time::Duration::from_secs(10);
    callsign::Policy::from_bytes(&component.build()).unwrap().with_limits(limits)
}

#[test]
fn what_is_said_against_settings_is_cut() {
    let body = "(memory.fill (i32.const 65536) (i32.const 10) (i32.const 8000000))
        (i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const 65536))
        (i32.store (i32.const 2056) (i32.const 8000000)) (i32.const 2048)";
    let component = hostile().memory(r#"(memory (export "memory") 1800)"#).check_settings(body);
    let refused = patient(&component).with_settings("{}").unwrap_err().to_string();
    assert!(refused.starts_with("the policy does not accept its settings: ") && refused.len() < 5_000, "{refused}");
    let component = component.check_settings(&body.replace("8000000", "20000000"));
    let refused = patient(&component).with_settings("{}").unwrap_err().to_string();
    assert!(refused.contains("handed over more than 16777216 bytes at once"), "{refused}");
}

#[test]
fn a_result_of_check_settings_that_there_is_not_is_told() {
    let body = "(i32.store8 (i32.const 2048) (i32.const 3)) (i32.const 2048)";
    let refused = policy(&hostile().check_settings(body)).with_settings("{}").unwrap_err().to_string();
    assert!(refused.contains("does not start"), "{refused}");
}
