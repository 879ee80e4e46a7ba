//! Memory, tables and stack without end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use callsign::{Limits, MemoryBudget, Policy, PolicyError};
use callsign_engine::Failure;

use super::{Attacked, TO, fails, hostile, is_late, limits, policy, resolve_fails};
use callsign_tests::platform::{decide, sms};

#[test]
fn memory_growth_without_end_meets_the_limit_of_memory() {
    let grow = "(loop $again
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
        (br $again)) unreachable";
    resolve_fails(grow, "the policy wanted more than 134217728 bytes of memory");
}

#[test]
fn a_policy_that_grows_memory_on_and_on_though_it_gets_none_meets_the_deadline() {
    let grow = "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) unreachable";
    is_late(&hostile().resolve(grow));
}

#[test]
fn a_policy_that_can_do_without_the_memory_that_it_is_refused_does_not_fail() {
    let body = "(drop (memory.grow (i32.const 60000)))
        (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))";
    let attacked = Attacked::by(policy(&hostile().resolve(body)));
    assert_eq!(attacked.decide(), "S0 POOL");
}

#[test]
fn memory_that_is_wanted_from_the_start_meets_the_limit_of_memory() {
    let policy = policy(&hostile().memory(r#"(memory (export "memory") 4000)"#));
    let refused = policy.with_settings("{}").unwrap_err();
    assert!(refused.to_string().contains("more than 134217728 bytes of memory"), "{refused}");
}

#[test]
fn more_memory_than_any_instance_may_have_is_refused_when_the_component_is_loaded() {
    let refused = hostile().memory(r#"(memory (export "memory") 20000)"#).load().unwrap_err();
    let PolicyError::Instance { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains("1310720000") && reason.contains("0x40000000"), "{refused}");
}

#[test]
fn a_second_memory_is_refused_when_the_component_is_loaded() {
    let refused = hostile().item("(memory 1)").load().unwrap_err();
    assert!(matches!(refused, PolicyError::Compile { .. }), "{refused}");
    assert!(refused.to_string().contains("multiple memories"), "{refused}");
}

#[test]
fn memory_of_64_bits_is_refused_when_the_component_is_loaded() {
    let refused = Policy::from_bytes(&wat::parse_str("(component (core module (memory i64 1)))").unwrap()).unwrap_err();
    assert!(refused.to_string().contains("memory64"), "{refused}");
}

#[test]
fn table_growth_without_end_meets_the_limit_of_tables() {
    let grow = "(loop $again
        (if (i32.eq (table.grow $table (ref.null func) (i32.const 500)) (i32.const -1)) (then unreachable))
        (br $again)) unreachable";
    let component = hostile().item("(table $table 1 funcref)").resolve(grow);
    fails(&component, "the policy wanted a table of more than 20000 elements");
}

#[test]
fn a_table_larger_than_any_may_be_is_refused_when_the_component_is_loaded() {
    let refused = hostile().item("(table 30000 funcref)").load().unwrap_err();
    let PolicyError::Instance { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains("30000") && reason.contains("20000"), "{refused}");
}

#[test]
fn more_tables_than_an_instance_may_have_are_refused_when_the_component_is_loaded() {
    assert!(hostile().item(&"(table 1 funcref)".repeat(3)).load().is_ok());
    let refused = hostile().item(&"(table 1 funcref)".repeat(9)).load().unwrap_err();
    let PolicyError::Instance { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains("tables count of 9 exceeds the per-instance limit of 4"), "{refused}");
}

#[test]
fn more_core_modules_than_an_instance_may_have_are_refused_when_the_component_is_loaded() {
    let text = format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(100));
    let refused = Policy::from_bytes(&wat::parse_str(text).unwrap()).unwrap_err();
    let PolicyError::Instance { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains("core module instances") && reason.contains("64"), "{refused}");
}

#[test]
fn endless_recursion_meets_the_limit_of_the_stack() {
    let component = hostile()
        .item("(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))")
        .resolve("(call $deeper (i32.const 0))");
    fails(&component, "the policy used more than 524288 bytes of stack");
}

#[test]
fn endless_recursion_in_check_settings_meets_the_limit_of_the_stack() {
    let component = hostile()
        .item("(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))")
        .check_settings("(call $deeper (i32.const 0))");
    let refused = policy(&component).with_settings("{}").unwrap_err();
    assert!(refused.to_string().contains("more than 524288 bytes of stack"), "{refused}");
}

#[test]
fn waiting_for_another_thread_is_refused_when_the_component_is_loaded() {
    let wait = "(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))";
    let text = format!("(component (core module (memory 1 1 shared) (func (drop {wait}))))");
    let refused = Policy::from_bytes(&wat::parse_str(text).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("thread"), "{refused}");
}

/// A policy whose instances grow to 1 MiB in their first call, which decides S0; later ones decide S1.
fn hoarding(idle_memory: usize) -> Attacked {
    let component = hostile().item("(global $called (mut i32) (i32.const 0))").resolve(
        "(if (i32.eqz (global.get $called)) (then (drop (memory.grow (i32.const 14)))))
         (call $decide (global.get $called) (i32.const -1) (i32.const 4) (i32.const 0))
         (global.set $called (i32.const 1))",
    );
    let mut limits = limits();
    limits.idle_memory = idle_memory;
    Attacked::by(policy(&component).with_limits(limits))
}

/// How many of so many threads find the instance again that they used before, when all of them wait in between.
fn kept(attacked: &Attacked, threads: usize) -> usize {
    let (all_wait, kept) = (Barrier::new(threads), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                decide(&attacked.gateway, &sms("shop", TO));
                all_wait.wait();
                let again = decide(&attacked.gateway, &sms("shop", TO));
                kept.fetch_add(usize::from(again == "S1 POOL"), Ordering::Relaxed);
                // Nobody takes a place that another gives free.
                all_wait.wait();
            });
        }
    });
    kept.into_inner()
}

#[test]
fn idle_instances_together_keep_no_more_memory_than_the_limit() {
    // Half of it is for those of more than 128 KiB: eight of 1 MiB.
    let attacked = hoarding(16 << 20);
    let first = kept(&attacked, 24);
    assert!((1..=8).contains(&first), "{first} of 24");
    // What they had is free again when they go, which is at the second change of the catalog that they sleep through.
    for _ in 0..2 {
        attacked.gateway.replace_catalog(super::platform().catalog()).unwrap();
    }
    let second = kept(&attacked, 24);
    assert!((1..=8).contains(&second), "{second} of 24");
    attacked.neighbours_are_well();
}

#[test]
fn instances_that_the_limit_has_room_for_are_kept() {
    let attacked = hoarding(Limits::default().idle_memory);
    let kept = kept(&attacked, 24);
    assert!(kept > 8, "{kept} of 24");
}

#[test]
fn an_instance_larger_than_half_of_what_idle_ones_may_have_is_used_once() {
    let attacked = hoarding(1 << 20);
    for _ in 0..3 {
        assert_eq!(attacked.decide(), "S0 POOL");
    }
}

/// A policy whose instances have so many bytes of memory from their start.
fn large(bytes: usize, budget: &Arc<MemoryBudget>) -> Policy {
    let component = hostile().memory(&format!(r#"(memory (export "memory") {})"#, bytes >> 16));
    policy(&component).with_memory_budget(Arc::clone(budget))
}

#[test]
fn the_policies_of_an_owner_have_one_budget_of_memory_together() {
    let budget = MemoryBudget::new(64 << 20);
    let policies: Vec<Policy> = (0..12).map(|_| large(30 << 20, &budget)).collect();
    for policy in &policies {
        // Room is made by dropping what is idle.
        policy.warm().unwrap();
        assert!(budget.used() <= 64 << 20, "{}", budget.used());
    }
    // Two run, and a third does not, whatever is idle.
    let running: Vec<_> = policies.iter().take(2).map(|policy| policy.instance().unwrap()).collect();
    assert_eq!(policies[2].instance().err(), Some(Failure::MemoryBudget(64 << 20)));
    assert!(budget.used() > 60 << 20, "{}", budget.used());
    drop(running);
    policies[2].instance().unwrap();
    drop(policies);
    assert_eq!(budget.used(), 0);
}

#[test]
fn memory_that_the_budget_has_not_is_refused_and_the_policy_goes_on() {
    let body = "(if (i32.ne (memory.grow (i32.const 800)) (i32.const -1)) (then unreachable))
        (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))";
    let budget = MemoryBudget::new(32 << 20);
    let attacked = Attacked::by(policy(&hostile().resolve(body)).with_memory_budget(Arc::clone(&budget)));
    assert_eq!(attacked.decide(), "S0 POOL");
    assert!(budget.used() < 32 << 20, "{}", budget.used());
}

#[test]
fn a_policy_that_cannot_go_on_without_memory_fails_with_the_budget_in_words() {
    let grow = "(loop $again
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
        (br $again)) unreachable";
    let budget = MemoryBudget::new(32 << 20);
    let attacked = Attacked::by(policy(&hostile().resolve(grow)).with_memory_budget(Arc::clone(&budget)));
    attacked.fails("the instances of this owner's policies may have 33554432 bytes together");
    assert!(budget.used() < 1 << 20, "what failed is dropped: {}", budget.used());
}

#[test]
fn tables_count_as_memory() {
    let budget = MemoryBudget::new(1 << 20);
    let component = hostile().item(&"(table 20000 funcref)".repeat(3));
    let policy = policy(&component).with_memory_budget(Arc::clone(&budget));
    let instance = policy.instance().unwrap();
    assert!(budget.used() > 3 * 20_000 * 8, "{}", budget.used());
    drop(instance);
}

#[test]
fn an_owner_within_its_budget_keeps_its_idle_instances_when_another_is_over() {
    let all = MemoryBudget::new(128 << 20);
    let (one, other) = (MemoryBudget::within(&all, 64 << 20), MemoryBudget::within(&all, 64 << 20));
    let victim = large(30 << 20, &one);
    victim.put_back(victim.instance().unwrap());
    let before = one.used();
    for _ in 0..12 {
        large(30 << 20, &other).warm().unwrap();
    }
    assert_eq!(one.used(), before);
}
