//! Budgets of instructions.

use callsign::{Binding, BindingTarget, Isolation, Policy, SwapError};

use super::{Attacked, DEADLINE, LATE, hostile, limits, policy};
use callsign_tests::component::Component;

fn within(component: &Component, fuel: u64) -> Policy {
    let mut limits = limits();
    limits.fuel = Some(fuel);
    Policy::from_bytes_within(&component.build(), limits).unwrap()
}

/// Goes round a loop so often.
fn rounds(rounds: u32) -> Component {
    hostile().resolve(&format!(
        "(local $left i32)
         (local.set $left (i32.const {rounds}))
         (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
         (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))"
    ))
}

#[test]
fn a_policy_without_end_runs_out_of_its_instructions() {
    let attacked = Attacked::by(within(&hostile().resolve("(loop $again (br $again)) unreachable"), 1_000_000));
    attacked.fails("the policy ran out of its 1000000 instructions");
    attacked.fails("the policy ran out of its 1000000 instructions");
}

#[test]
fn a_budget_is_for_each_call_anew() {
    let attacked = Attacked::by(within(&rounds(1_000), 10_000));
    assert!((0..50).all(|_| attacked.decide() == "S0 POOL"));
    attacked.in_a_batch(|fate| fate == "S0");
}

#[test]
fn a_policy_fails_at_the_same_instruction_every_time() {
    let enough = |fuel| {
        let attacked = Attacked::by(within(&rounds(100), fuel).with_isolation(Isolation::Fresh));
        attacked.decide() == "S0 POOL"
    };
    let (mut low, mut high) = (0, 10_000);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    assert!((0..5).all(|_| enough(high) && !enough(low)), "between {low} and {high}");
}

#[test]
fn the_deadline_holds_with_a_budget_too() {
    let policy = within(&hostile().resolve("(loop $again (br $again)) unreachable"), u64::MAX);
    let mut limits = policy.limits().clone();
    limits.deadline = DEADLINE;
    Attacked::by(policy.with_limits(limits)).fails(LATE);
}

#[test]
fn a_budget_that_comes_after_the_compiler_keeps_the_policy_from_starting() {
    let mut limits = limits();
    limits.fuel = Some(1_000_000);
    let attacked = Attacked::by(policy(&Component::new("before", "1.0.0").deciding(1)));
    let late = policy(&Component::new("late", "1.0.0")).with_limits(limits);
    let refused = attacked.gateway.swap(&BindingTarget::application("shop"), Binding::new(late)).unwrap_err();
    assert!(matches!(refused, SwapError::Start { .. }), "{refused}");
    assert!(refused.to_string().contains("must be given when the policy is compiled"), "{refused}");
    assert_eq!(attacked.decide(), "S1 POOL");
    // The other way round there is no budget any more.
    let without = within(&rounds(100_000), 10).with_limits(super::limits());
    attacked.gateway.swap(&BindingTarget::application("shop"), Binding::new(without)).unwrap();
    assert_eq!(attacked.decide(), "S0 POOL");
}
