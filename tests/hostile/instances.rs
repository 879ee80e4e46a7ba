//! One tenant's policy and another's data.

use callsign::{Binding, BindingTarget, Isolation};

use super::{Attacked, TO, hostile, policy};
use callsign_tests::component::Component;
use callsign_tests::platform::{decide, sms};

/// Counts its calls, and decides sender 0 in the first and sender 1 later.
fn counts() -> Component {
    hostile().item("(global $calls (mut i32) (i32.const 0))").resolve(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (call $decide (i32.gt_u (global.get $calls) (i32.const 1)) (i32.const -1) (i32.const 4) (i32.const 0))",
    )
}

#[test]
fn state_is_kept_between_calls_of_a_warm_instance_only() {
    let warm = Attacked::by(policy(&counts()));
    let decisions: Vec<String> = (0..3).map(|_| warm.decide()).collect();
    assert_eq!(decisions, ["S0 POOL", "S1 POOL", "S1 POOL"]);
    let fresh = Attacked::by(policy(&counts()).with_isolation(Isolation::Fresh));
    assert!((0..20).all(|_| fresh.decide() == "S0 POOL"), "nothing is carried over");
    let recycled = Attacked::by(policy(&counts()).with_isolation(Isolation::Warm(3.try_into().unwrap())));
    let decisions: Vec<String> = (0..4).map(|_| recycled.decide()).collect();
    assert_eq!(decisions, ["S0 POOL", "S1 POOL", "S1 POOL", "S0 POOL"]);
}

#[test]
fn two_tenants_with_the_same_component_share_no_instance() {
    let attacked = Attacked::by(policy(&counts()));
    attacked.gateway.swap(&BindingTarget::application("care"), Binding::new(policy(&counts()))).unwrap();
    assert_eq!(attacked.decide(), "S0 POOL");
    assert_eq!(attacked.decide(), "S1 POOL");
    assert_eq!(decide(&attacked.gateway, &sms("care", TO)), "S0 POOL", "it has not seen the other's calls");
}

#[test]
fn the_state_of_a_call_that_failed_is_gone() {
    let component = hostile().item("(global $calls (mut i32) (i32.const 0))").resolve(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.eq (global.get $calls) (i32.const 2)) (then unreachable))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    let attacked = Attacked::by(policy(&component));
    let decisions: Vec<String> = (0..4).map(|_| attacked.decide()).collect();
    assert_eq!(decisions, ["S0 POOL", "POLICY_FAILED", "S0 POOL", "POLICY_FAILED"]);
}

#[test]
fn the_memory_of_one_tenant_is_never_seen_by_another() {
    // One fills a mebibyte with a mark; the other looks for anything in memory that it did not write.
    let marks = hostile().memory(r#"(memory (export "memory") 20)"#).resolve(
        "(memory.fill (i32.const 65536) (i32.const 0x5a) (i32.const 1048576))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    let looks = hostile().memory(r#"(memory (export "memory") 20)"#).resolve(
        "(local $at i32)
         (local.set $at (i32.const 65536))
         (loop $next
           (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
           (local.set $at (i32.add (local.get $at) (i32.const 8)))
           (br_if $next (i32.lt_u (local.get $at) (i32.const 1310720))))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    let attacked = Attacked::by(policy(&marks).with_isolation(Isolation::Fresh));
    let looks = policy(&looks).with_isolation(Isolation::Fresh);
    attacked.gateway.swap(&BindingTarget::application("care"), Binding::new(looks)).unwrap();
    for _ in 0..50 {
        assert_eq!(attacked.decide(), "S0 POOL");
        assert_eq!(decide(&attacked.gateway, &sms("care", TO)), "S0 POOL");
    }
}

/// Asks about every scope but its own, in a way that gives a number; decides sender 1 if there was anything.
fn looks_around(interface: &str, function: &str, signature: &str, ask: &str) -> Component {
    hostile().import(interface, function, signature).resolve(&format!(
        "(local $other i32) (local $found i32)
         (loop $next
           (if (i32.ne (local.get $other) (local.get $scope)) (then
             (local.set $found (i32.or (local.get $found) {ask}))))
           (local.set $other (i32.add (local.get $other) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $other) (i32.const 200))))
         (call $decide (i32.ne (local.get $found) (i32.const 0)) (i32.const -1) (i32.const 4) (i32.const 0))"
    ))
}

#[test]
fn the_senders_and_strategies_of_another_scope_are_not_there() {
    // Scope, strategy, message type, country, channel, healthy.
    let pool = "(local.get $other) (i32.const 0) (i32.const 0) (local.get $type) (local.get $country)
        (local.get $channel) (i32.const 0)";
    let of_pool = "(param i32 i32 i32 i64 i32 i32 i32)";
    let length = "(i32.load (i32.const 4100))";
    let count = format!("(call $count {pool} (i32.const 31) (i32.const 0) (i32.const 0))");
    let candidates = format!("(block (result i32) (call $candidates {pool} (i32.const 4096)) {length})");
    let considered = format!("(block (result i32) (call $all-considered {pool} (i32.const 4096)) {length})");
    let strategies = format!(
        "(block (result i32) (call $strategies-of (local.get $other) (local.get $country) (i32.const 4096)) {length})"
    );
    let describe = "(block (result i32)
        (call $describe (local.get $other) (i32.const 0) (i32.const 4096)) (i32.load8_u (i32.const 4096)))";
    let ids = format!("(block (result i32) (call $ids {pool} (i32.const 4096)) {length})");
    let keys = format!("(block (result i32) (call $sender-keys {pool} (i64.const 7) (i32.const 4096)) {length})");
    let to_memory = format!("{of_pool} (param i32)");
    let of_group = format!("{of_pool} (param i32 i32 i32) (result i32)");
    let named = format!("{of_pool} (param i64 i32)");
    for (component, what) in [
        (looks_around("senders", "count", &of_group, &count), "count"),
        (looks_around("senders", "candidates", &to_memory, &candidates), "candidates"),
        (looks_around("senders", "all-considered", &to_memory, &considered), "all-considered"),
        (looks_around("senders", "ids", &to_memory, &ids), "ids"),
        (looks_around("attributes", "sender-keys", &named, &keys), "sender-keys"),
        (looks_around("strategies", "strategies-of", "(param i32 i32 i32)", &strategies), "strategies-of"),
        (looks_around("senders", "describe", "(param i32 i32 i32)", describe), "describe"),
    ] {
        let attacked = Attacked::by(policy(&component));
        assert_eq!(attacked.decide(), "S0 POOL", "{what}");
        // The same question about its own scope is answered: there was something to find.
        let own = Attacked::by(policy(&component.clone().resolve(&component_body(&component))));
        assert_eq!(own.decide(), "S1 POOL", "{what}");
    }
}

/// The body of `resolve` with the scope itself not left out.
fn component_body(component: &Component) -> String {
    component.resolve_body().replace("(i32.ne (local.get $other) (local.get $scope))", "(i32.const 1)")
}

#[test]
fn a_message_of_the_call_before_is_not_there_when_a_refusal_is_worded() {
    let component = hostile()
        .import("messages", "text", "(param i32 i32 i32)")
        .resolve("(call $refuse (i32.const 7))")
        .refusal_text(
            "(call $text (i32.const 0) (i32.const 3) (i32.const 4096))
             (if (i32.load8_u (i32.const 4096)) (then unreachable))
             (call $words (i32.const 96) (i32.const 6) (i32.const 112) (i32.const 12)) (i32.const 2048)",
        );
    let attacked = Attacked::by(policy(&component));
    let decision = attacked.gateway.resolve(&sms("shop", TO));
    assert_eq!(decision.get().refusal().unwrap().code(), "CLOSED");
}
