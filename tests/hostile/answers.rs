//! Answers that are not what the contract's types allow.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callsign::{Binding, BindingTarget, Breaker, EventKind, Refusal};

use super::{Attacked, LATE, TO, fails, hostile, hurried, policy, resolve_fails, started};
use callsign_tests::component::Component;
use callsign_tests::platform::sms;
use callsign_tests::work::Work;

const UNREACHABLE: &str = "the policy failed: wasm trap: wasm `unreachable` instruction executed";

/// Decides sender 0, and then writes over a byte of the answer.
fn with_byte(at: u32, byte: u32) -> String {
    format!(
        "(call $decide (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0))
         (i32.store8 (i32.const {at}) (i32.const {byte}))"
    )
}

/// Gives the list of answers at an address, with a length.
fn list(address: u32, length: &str) -> String {
    format!("(i32.store (i32.const 2048) (i32.const {address})) (i32.store (i32.const 2052) {length}) (i32.const 2048)")
}

/// A component whose batches fail for this cause, and whose messages are therefore decided one by one.
fn batch_fails(component: &Component, cause: &str) {
    let attacked = Attacked::by(policy(component));
    attacked.in_a_batch(|fate| fate == "S0");
    attacked.in_a_batch(|fate| fate == "S0");
    attacked.neighbours_are_well();
    let causes = attacked.causes.lock().unwrap();
    assert_eq!(causes[..], [cause, cause], "one event for each batch, which names the cause");
}

/// A component that refuses every message in words of its own.
fn refusing(component: Component) -> Attacked {
    Attacked::by(policy(&component.resolve("(call $refuse (i32.const 7))")))
}

/// The words of a refusal that a component gives.
fn wording(attacked: &Attacked) -> (String, String) {
    let decision = attacked.gateway.resolve(&sms("shop", TO));
    let refusal = decision.get().refusal().unwrap();
    attacked.neighbours_are_well();
    (refusal.code().to_owned(), refusal.to_string())
}

fn is_not_worded(component: Component, words: &str) {
    let attacked = refusing(component);
    let (code, message) = wording(&attacked);
    assert_eq!(code, "POLICY_REFUSED");
    assert!(message.contains(words), "{message}");
    assert!(message.len() < 2_000);
    let causes = attacked.causes.lock().unwrap();
    assert!(matches!(&causes[..], [cause] if cause.contains(words)), "one event, which names the cause: {causes:?}");
    assert_eq!(attacked.gateway.failures(&BindingTarget::application("shop")), Some(1), "and it is counted");
}

#[test]
fn an_answer_outside_memory_fails() {
    resolve_fails("(i32.const -16)", "the policy failed: pointer out of bounds of memory");
}

#[test]
fn an_answer_that_begins_in_memory_and_ends_outside_fails() {
    resolve_fails("(i32.const 131064)", "the policy failed: pointer out of bounds of memory");
}

#[test]
fn a_misaligned_answer_fails() {
    let attacked = Attacked::by(policy(&hostile().resolve("(i32.const 1027)")));
    attacked.fails("the policy failed: return pointer not aligned");
    attacked.fails("the policy failed: return pointer not aligned");
}

#[test]
fn an_answer_that_is_neither_decided_nor_refused_fails() {
    resolve_fails(&with_byte(1024, 2), "the policy failed: the answer has the unknown case 2");
}

#[test]
fn a_strategy_that_is_neither_there_nor_not_fails() {
    resolve_fails(&with_byte(1036, 7), "the policy failed: the answer has the unknown option 7");
}

#[test]
fn a_step_that_there_is_not_fails() {
    resolve_fails(&with_byte(1044, 6), "the policy's answer is not acceptable: there is no step 6");
    resolve_fails(&with_byte(1044, 255), "the policy's answer is not acceptable: there is no step 255");
}

#[test]
fn a_refusal_that_there_is_not_fails() {
    let body = "(drop (call $refuse (i32.const 7))) (i32.store8 (i32.const 1032) (i32.const 255)) (i32.const 1024)";
    resolve_fails(body, "the policy's answer is not acceptable: there is no reason 255 for a refusal");
    resolve_fails(
        &body.replace("255", "5"),
        "the policy's answer is not acceptable: there is no reason 5 for a refusal",
    );
}

#[test]
fn a_pin_that_is_neither_true_nor_false_is_true() {
    // As the canonical ABI has it: so it is a pin without a sticky strategy.
    resolve_fails(&with_byte(1045, 2), "it pins the recipient without a sticky strategy");
}

#[test]
fn fewer_answers_than_requests_fail() {
    batch_fails(&hostile().resolve_batch(&list(4096, "(i32.const 1)")), "the policy gave 1 answers to 20 requests");
}

#[test]
fn no_answers_fail() {
    batch_fails(&hostile().resolve_batch(&list(4096, "(i32.const 0)")), "the policy gave 0 answers to 20 requests");
}

#[test]
fn a_list_of_more_answers_than_memory_holds_fails() {
    batch_fails(
        &hostile().resolve_batch(&list(65536, "(i32.const 0x7fffffff)")),
        "the policy gave 2147483647 answers to 20 requests",
    );
}

#[test]
fn a_list_whose_size_does_not_fit_its_type_fails() {
    batch_fails(
        &hostile().resolve_batch(&list(65536, "(i32.const -1)")),
        "the policy gave 4294967295 answers to 20 requests",
    );
}

#[test]
fn a_list_of_more_bytes_than_may_be_returned_fails() {
    // 3,000,000 answers that are all there: 72 MB.
    let component = hostile().memory(r#"(memory (export "memory") 1800)"#);
    batch_fails(
        &component.resolve_batch(&list(65536, "(i32.const 3000000)")),
        "the policy gave 3000000 answers to 20 requests",
    );
}

#[test]
fn a_misaligned_list_fails() {
    batch_fails(
        &hostile().resolve_batch(&list(4097, "(local.get $count)")),
        "the policy failed: list pointer is not aligned",
    );
}

#[test]
fn a_list_that_is_said_to_be_outside_memory_fails() {
    batch_fails(&hostile().resolve_batch("(i32.const -8)"), "the policy failed: pointer out of bounds of memory");
}

#[test]
fn a_place_outside_memory_for_the_requests_of_a_batch_fails() {
    batch_fails(
        &hostile().realloc_of_lists("(i32.const -64)"),
        "the policy failed: realloc return: beyond end of memory",
    );
}

#[test]
fn a_misaligned_place_for_the_requests_of_a_batch_fails() {
    batch_fails(&hostile().realloc("(i32.const 65537)"), "the policy failed: realloc return: result not aligned");
}

#[test]
fn a_trap_in_realloc_fails() {
    batch_fails(&hostile().realloc_of_lists("unreachable"), UNREACHABLE);
    let component = hostile()
        .import("strategies", "strategies-of", "(param i32 i32 i32)")
        .realloc_of_lists("unreachable")
        .resolve("(call $strategies-of (local.get $scope) (local.get $country) (i32.const 4096)) (i32.const 1024)");
    fails(&component, UNREACHABLE);
}

#[test]
fn a_trap_in_post_return_fails() {
    fails(&hostile().post_return("unreachable"), UNREACHABLE);
}

#[test]
fn a_call_of_the_host_in_post_return_fails() {
    let component = hostile()
        .import("sticky", "pin-of", "(param i32 i32)")
        .post_return("(call $pin-of (i32.const 0) (i32.const 4096))");
    fails(&component, "the policy failed: wasm trap: cannot leave component instance");
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
    let (code, message) = wording(&refusing(hostile().memory(r#"(memory (export "memory") 4)"#).refusal_text(text)));
    assert_eq!(code, "CLOSED");
    assert!(message.len() < 20_000, "{}", message.len());
    assert!(!message.chars().any(char::is_control));
}

#[test]
fn a_refusal_that_passes_for_one_of_the_hosts_is_not_worded() {
    for code in ["POLICY_FAILED", "STICKY_UNAVAILABLE", "INVALID_MESSAGE", "NO_STRATEGY", "NO_ELIGIBLE_SENDER"] {
        let component = hostile().item(&format!(r#"(data (i32.const 300) "{code}")"#)).refusal_text(&format!(
            "(call $words (i32.const 300) (i32.const {}) (i32.const 112) (i32.const 12)) (i32.const 2048)",
            code.len()
        ));
        is_not_worded(component, "is one of the host's");
    }
}

#[test]
fn a_refusal_that_is_never_worded_is_a_failure_each_time_until_the_policy_is_left_alone() {
    // A busy machine may keep the batch itself from its core for longer than it has.
    assert!((0..10).any(|_| is_left_alone()), "no batch was refused");
}

/// A batch of a policy that never words what it refuses. False where the batch itself was late.
fn is_left_alone() -> bool {
    let attacked = refusing(hostile());
    let component = hostile().resolve("(call $refuse (i32.const 7))").refusal_text("(loop $on (br $on)) unreachable");
    let rest = Breaker::new(3, Duration::from_secs(3_600));
    let binding = Binding::new(started(hurried(&component))).breaker(rest);
    attacked.gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
    let rested = Arc::new(AtomicU32::new(0));
    let (seen, gateway) = (Arc::clone(&rested), &attacked.gateway);
    gateway.listen(move |event| {
        seen.fetch_add(u32::from(matches!(event.kind, EventKind::CircuitOpened { .. })), Ordering::Relaxed);
    });
    let decisions = gateway.resolve_batch(&[sms("shop", TO); 40]);
    // A refusal of its own is not looked at yet: that would word it.
    let is_late = |refusal: &Refusal| matches!(refusal, Refusal::PolicyFailed(_)) && refusal.to_string().contains(LATE);
    if decisions.get(0).is_some_and(|decision| decision.refusal().is_some_and(is_late)) {
        return false;
    }
    let work = Work::begin();
    for (at, decision) in decisions.iter().enumerate() {
        let refusal = decision.refusal().unwrap();
        assert_eq!(refusal.code(), "POLICY_REFUSED");
        let words = if at < 3 { LATE } else { "is left alone for a while" };
        assert!(refusal.to_string().contains(words), "{at}: {refusal}");
        // It is worded once.
        assert_eq!(refusal.to_string(), refusal.to_string());
    }
    work.is_within(super::BOUND * 3, "reading");
    assert_eq!(gateway.failures(&BindingTarget::application("shop")), Some(3));
    assert_eq!((attacked.causes.lock().unwrap().len(), rested.load(Ordering::Relaxed)), (3, 1));
    assert_eq!(attacked.decide(), "POLICY_FAILED", "it is not called for messages either");
    attacked.neighbours_are_well();
    true
}

#[test]
fn whoever_listens_may_read_the_refusal_that_could_not_be_worded() {
    let attacked = refusing(hostile().refusal_text("unreachable"));
    let decision = Arc::new(Mutex::new(None));
    let (shared, read) = (Arc::clone(&decision), Arc::new(Mutex::new(String::new())));
    let said = Arc::clone(&read);
    attacked.gateway.listen(move |_| {
        if let Some(Refusal::Own(own)) = &*shared.lock().unwrap() {
            *said.lock().unwrap() = callsign::OwnRefusal::message(own).to_owned();
        }
    });
    let refusal = attacked.gateway.resolve(&sms("shop", TO)).get().refusal().unwrap().clone();
    *decision.lock().unwrap() = Some(refusal.clone());
    assert!(refusal.to_string().contains("not worded"));
    assert_eq!(*read.lock().unwrap(), refusal.to_string());
}

#[test]
fn a_batch_that_fails_is_counted_though_its_messages_are_decided() {
    let attacked = Attacked::by(policy(&hostile().resolve_batch("unreachable")));
    attacked.in_a_batch(|fate| fate == "S0");
    assert_eq!(attacked.gateway.failures(&BindingTarget::application("shop")), Some(1));
    assert_eq!(attacked.causes.lock().unwrap()[..], [UNREACHABLE]);
}

#[test]
fn what_is_said_against_settings_is_cut() {
    let body = "(memory.fill (i32.const 65536) (i32.const 10) (i32.const 8000000))
        (i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const 65536))
        (i32.store (i32.const 2056) (i32.const 8000000)) (i32.const 2048)";
    let component = hostile().memory(r#"(memory (export "memory") 1800)"#).check_settings(body);
    let refused = policy(&component).with_settings("{}").unwrap_err().to_string();
    assert!(refused.starts_with("the policy does not accept its settings: ") && refused.len() < 5_000, "{refused}");
    let component = component.check_settings(&body.replace("8000000", "20000000"));
    let refused = policy(&component).with_settings("{}").unwrap_err().to_string();
    assert!(refused.contains("handed over more than 16777216 bytes at once"), "{refused}");
}

#[test]
fn a_result_of_check_settings_that_there_is_not_is_told() {
    let body = "(i32.store8 (i32.const 2048) (i32.const 3)) (i32.const 2048)";
    let refused = policy(&hostile().check_settings(body)).with_settings("{}").unwrap_err().to_string();
    assert_eq!(refused, "the policy does not start: the policy failed: invalid expected discriminant");
}
