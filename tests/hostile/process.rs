//! What many failures, and many policies, take of the process. Each in a process of its own, where nothing else counts.

use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use std::{env, fs, thread};

use callsign::{Binding, BindingTarget, Breaker, Gateway, Limits, MemoryStore};

use serde_json::json;

use super::hooked_store::HookedStore;
use super::{Attacked, TO, hostile, limits, platform, platform_with, policy};
use callsign_tests::component::Component;
use callsign_tests::platform::{decide, sms};

/// Runs a test in a process of its own: true in there, false once it has passed.
fn alone(test: &str) -> bool {
    const ALONE: &str = "CALLSIGN_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut process = Command::new(env::current_exe().unwrap());
    let name = format!("process::{test}");
    let output = process.args(["--exact", &name, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{text}");
    false
}

/// What the process has in memory, in bytes.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

const MIB: usize = 1 << 20;

#[test]
fn thousands_of_failures_leave_nothing_behind() {
    if !alone("thousands_of_failures_leave_nothing_behind") {
        return;
    }
    let fill = "(memory.fill (i32.const 65536) (i32.const 90) (i32.const 4194304)) unreachable";
    let list =
        "(i32.store (i32.const 2048) (i32.const -8)) (i32.store (i32.const 2052) (i32.const 9)) (i32.const 2048)";
    let kinds = [
        ("traps", hostile().resolve("unreachable")),
        ("fills memory and traps", hostile().memory(r#"(memory (export "memory") 80)"#).resolve(fill)),
        ("answers out of bounds", hostile().resolve("(i32.const -16)").resolve_batch(list)),
        (
            "asks too much",
            hostile()
                .import("sticky", "pin-of", "(param i32 i32)")
                .resolve("(loop $again (call $pin-of (i32.const 0) (i32.const 4096)) (br $again)) unreachable"),
        ),
        ("may not decide this", hostile().deciding(99)),
    ];
    for (kind, component) in kinds {
        let attacked = Attacked::by(policy(&Component::new("before", "1.0.0")));
        let binding = Binding::new(policy(&component)).breaker(Breaker::new(u32::MAX, Duration::from_secs(1)));
        attacked.gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
        let message = sms("shop", TO);
        let attack = |times: usize| {
            for _ in 0..times {
                assert_eq!(attacked.decide(), "POLICY_FAILED", "{kind}");
            }
            attacked.causes.lock().unwrap().clear();
        };
        attack(200);
        let before = resident();
        attack(2_000);
        for _ in 0..20 {
            assert!(attacked.gateway.resolve_batch(&[message; 100]).iter().all(|decision| decision.sender().is_none()));
            attacked.causes.lock().unwrap().clear();
        }
        let grown = resident().saturating_sub(before);
        println!("{kind}: {grown} bytes more after 4,000 failures");
        assert!(grown < 24 * MIB, "{kind}: {grown} bytes");
        attacked.neighbours_are_well();
    }
}

#[test]
fn policies_that_come_and_go_leave_nothing_behind() {
    if !alone("policies_that_come_and_go_leave_nothing_behind") {
        return;
    }
    let component = hostile().memory(r#"(memory (export "memory") 80)"#).resolve("unreachable").build();
    let attacked = Attacked::by(policy(&hostile().deciding(1)));
    let come_and_go = |times: usize| {
        for _ in 0..times {
            let policy = callsign::Policy::from_bytes_within(&component, limits()).unwrap();
            attacked.gateway.swap(&BindingTarget::application("shop"), Binding::new(policy)).unwrap();
            assert_eq!(attacked.decide(), "POLICY_FAILED");
        }
        attacked.causes.lock().unwrap().clear();
    };
    // The history of a binding is full by then.
    come_and_go(50);
    let before = resident();
    come_and_go(300);
    let grown = resident().saturating_sub(before);
    println!("{grown} bytes more after 300 policies");
    assert!(grown < 32 * MIB, "{grown} bytes");
}

#[test]
fn instances_that_wait_make_room_for_those_that_are_needed() {
    if !alone("instances_that_wait_make_room_for_those_that_are_needed") {
        return;
    }
    let attacked = Attacked::by(policy(&hostile()));
    let component = Component::new("tenant", "1.0.0").deciding(1).build();
    // More tenants than there may be instances, each with one that waits.
    let tenants: Vec<Gateway> = (0..Limits::INSTANCES + 20)
        .map(|_| {
            let policy = callsign::Policy::from_bytes_within(&component, limits()).unwrap();
            let gateway = Gateway::with(platform().catalog(), policy, Arc::new(MemoryStore::new())).unwrap();
            assert_eq!(decide(&gateway, &sms("shop", TO)), "S1 POOL");
            gateway
        })
        .collect();
    for _ in 0..2 {
        assert!(tenants.iter().all(|tenant| decide(tenant, &sms("shop", TO)) == "S1 POOL"));
        assert_eq!(attacked.decide(), "S0 POOL");
        attacked.neighbours_are_well();
    }
}

/// What a store waits for before it answers: how many ask, and whether they may go on.
#[derive(Default)]
struct Waits {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Waits {
    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |(_, open)| !*open).unwrap());
    }
}

#[test]
fn a_message_that_finds_all_instances_in_a_call_is_told_so_and_the_next_is_decided() {
    if !alone("a_message_that_finds_all_instances_in_a_call_is_told_so_and_the_next_is_decided") {
        return;
    }
    let waits = Component::new("waits", "1.0.0").import("sticky", "pin-of", "(param i32 i32)").resolve(
        "(call $pin-of (i32.const 0) (i32.const 4096))
             (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    let mut generous = Limits::default();
    generous.deadline = Duration::from_secs(600);
    let waits = callsign::Policy::from_bytes_within(&waits.build(), generous).unwrap();
    let store = Arc::new(Waits::default());
    let asked = Arc::clone(&store);
    let asked = HookedStore::new(move || {
        asked.wait();
        Ok(None)
    });
    let attacked = Attacked::with(waits, Arc::new(asked));
    attacked.gateway.replace_catalog(platform_with(json!({"useStickySender": true})).catalog()).unwrap();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..Limits::INSTANCES)
            .map(|_| {
                let caller = thread::Builder::new().stack_size(1 << 20);
                caller.spawn_scoped(scope, || attacked.decide()).unwrap()
            })
            .collect();
        let state = store.state.lock().unwrap();
        drop(store.changed.wait_while(state, |(waiting, _)| *waiting < Limits::INSTANCES).unwrap());
        // More often than a breaker bears failures: it is not held against the policy, and what follows is decided.
        for _ in 0..30 {
            let decision = attacked.gateway.resolve(&sms("care", TO));
            let refusal = decision.get().refusal().unwrap();
            assert_eq!(refusal.code(), "POLICY_FAILED");
            assert!(refusal.to_string().contains("all instances are busy (512 run at once"), "{refusal}");
        }
        store.state.lock().unwrap().1 = true;
        store.changed.notify_all();
        assert!(callers.into_iter().all(|caller| caller.join().unwrap() == "S0 POOL"));
    });
    attacked.neighbours_are_well();
}
