//! Policies of three languages that take turns under load. `make languages` builds them and names their components.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use callsign::{
    Binding, BindingTarget, Catalog, Channel, Gateway, Limits, MemoryStore, Message, MessageAttributes, Policy, Probe,
};
use callsign_tests::platform::patient;
use serde_json::Value;

const CASES: &str = include_str!("../../guest/examples/campaigns/cases.json");

/// How often another policy is put to use.
const SWAPS: usize = 300;

/// How many threads decide meanwhile.
const THREADS: usize = 3;

/// The policy of a component that a variable names. An interpreter takes its time to compile where other tests run too.
pub(crate) fn component(variable: &str) -> Policy {
    let path =
        std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names no component: run `make languages`"));
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{variable}: {error}"));
    let mut limits = Limits::default();
    limits.compile = Duration::from_secs(600);
    patient(Policy::from_bytes_within(&bytes, limits).unwrap_or_else(|error| panic!("{variable}: {error}")))
}

#[test]
#[ignore = "needs the components that `make languages` builds"]
fn policies_of_three_languages_take_turns_under_load_and_no_decision_fails() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let catalog = Catalog::from_json(&cases["catalog"].to_string()).unwrap();
    let policies = ["RUST", "JAVASCRIPT", "PYTHON"].map(|language| {
        let policy = component(&format!("CALLSIGN_CAMPAIGNS_{language}"));
        Arc::new(policy.with_settings(r#"{"maxPrice": 0.005}"#).unwrap())
    });
    let gateway = Gateway::with(catalog, Arc::clone(&policies[0]), Arc::new(MemoryStore::new())).unwrap();
    let attributes = [("campaign", "C1")];
    let message = Message::new(Channel::Sms, "+12125550101").application("shop");
    let message = message.attributes(MessageAttributes::new(&attributes).unwrap());
    let (done, decided) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let decision = gateway.resolve(&message);
                    // All three decide alike, so whichever serves: the cheapest sender of the campaign.
                    let decision = decision.get();
                    assert_eq!(decision.sender().map(|sender| &*sender.id), Some("B"), "{decision:?}");
                    decided.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for swap in 0..SWAPS {
            let binding = Binding::new(Arc::clone(&policies[swap % policies.len()])).probe(Probe::new(&message));
            gateway.swap(&BindingTarget::Platform, binding).unwrap();
            // Some decisions by each of them.
            let before = decided.load(Ordering::Relaxed);
            while decided.load(Ordering::Relaxed) < before + 2 * THREADS as u64 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    println!("{} decisions by three languages, {SWAPS} swaps, no failure", decided.load(Ordering::Relaxed));
}
