//! Versions of the contract, side by side.

use std::sync::Arc;

use callsign::{Binding, BindingTarget, Gateway, MemoryStore, Policy, PolicyError};
use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, decide, sms};

const TO: &str = "+14155550123";

/// The standard policy as it was built for the contract 1.0.0.
const STANDARD_1_0: &[u8] = include_bytes!("../artifacts/standard-1.0.0.wasm");

/// The quiet hours as they were built for the contract 1.1.0.
const QUIET_HOURS_1_1: &[u8] = include_bytes!("../artifacts/quiet-hours-1.0.0.wasm");

fn platform() -> Platform {
    Platform::new()
        .long("S0", "+12125550100")
        .long("S1", "+14155550101")
        .associate("shop", &["S0", "S1"])
        .associate("care", &["S0", "S1"])
        .strategy("A", "shop", json!({"useGeolocatedSender": true}))
        .strategy("B", "care", json!({}))
}

/// Decides sender 1 for messages that go out at an odd second, sender 0 for all others.
fn by_time() -> Component {
    Component::new("by-time", "1.0.0").contract_1_1().import("times", "sent-at", "(param i32 i32)").resolve(
        "(call $sent-at (local.get $message) (i32.const 2048))
             (call $decide
               (i32.and (i32.load8_u (i32.const 2048)) (i32.and (i32.const 1) (i32.load (i32.const 2056))))
               (i32.const -1) (i32.const 4) (i32.const 0))",
    )
}

#[test]
fn a_component_of_1_0_0_runs_on_every_later_host() {
    let policy = Policy::from_bytes(STANDARD_1_0).unwrap();
    assert_eq!(policy.interface().to_string(), "1.0.0");
    assert!(policy.explains());
    let gateway = Gateway::with(platform().catalog(), policy, Arc::new(MemoryStore::new())).unwrap();
    assert_eq!(decide(&gateway, &sms("shop", TO)), "S1 AREA_CODE");
    assert_eq!(gateway.explain(&sms("shop", TO)).decision().step().map(|step| step.as_str()), Some("AREA_CODE"));
}

#[test]
fn a_component_of_1_1_0_runs_on_every_later_host() {
    let policy = Policy::from_bytes(QUIET_HOURS_1_1).unwrap().with_settings(r#"{"until": "09:00"}"#).unwrap();
    assert_eq!(policy.interface().to_string(), "1.1.0");
    let gateway = Gateway::with(platform().catalog(), policy, Arc::new(MemoryStore::new())).unwrap();
    // 10:30 and 23:30 in California.
    assert_eq!(decide(&gateway, &sms("shop", TO).sent_at(1_772_389_800)), "S1 AREA_CODE");
    assert_eq!(decide(&gateway, &sms("shop", TO).sent_at(1_772_436_600)), "QUIET_HOURS");
    assert_eq!(decide(&gateway, &sms("shop", TO)), "TIME_UNKNOWN");
}

#[test]
fn a_1_0_and_a_1_1_module_serve_at_once() {
    let old = Policy::from_bytes(STANDARD_1_0).unwrap();
    let gateway = Gateway::with(platform().catalog(), old, Arc::new(MemoryStore::new())).unwrap();
    let new = by_time().policy();
    assert_eq!(new.interface().to_string(), "1.1.0");
    gateway.swap(&BindingTarget::application("care"), Binding::new(new)).unwrap();
    let messages = [
        sms("shop", TO),
        sms("care", TO).sent_at(1_800_000_001),
        sms("care", TO).sent_at(1_800_000_002),
        sms("care", TO),
    ];
    let senders = ["S1", "S1", "S0", "S0"];
    for (message, sender) in messages.iter().zip(senders) {
        assert_eq!(&*gateway.resolve(message).get().sender().unwrap().id, sender);
    }
    let batch = gateway.resolve_batch(&messages);
    let batch: Vec<&str> = batch.iter().map(|decision| &*decision.sender().unwrap().id).collect();
    assert_eq!(batch, senders);
}

#[test]
fn an_import_that_came_later_than_the_version_it_is_asked_of_is_refused() {
    let component = by_time().build();
    // The same component, but everything in it says 1.0.0, which has no `times`.
    let mut earlier = component;
    let (from, to) = (b"@1.1.0", b"@1.0.0");
    for at in 0..earlier.len() - from.len() {
        if &earlier[at..at + from.len()] == from {
            earlier[at..at + to.len()].copy_from_slice(to);
        }
    }
    match Policy::from_bytes(&earlier) {
        Err(PolicyError::Imports { excess }) => assert_eq!(excess, ["callsign:policy/times@1.0.0"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_that_the_host_does_not_serve_is_named_with_those_it_serves() {
    for (version, replaced) in [("@2.0.0", "another major"), ("@1.2.0", "a later minor"), ("@0.9.0", "a draft")] {
        let mut bytes = Component::new("text", "1.0.0").build();
        for at in 0..bytes.len() - 6 {
            if &bytes[at..at + 6] == b"@1.0.0" {
                bytes[at..at + 6].copy_from_slice(version.as_bytes());
            }
        }
        let error = Policy::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, PolicyError::Version { .. }), "{replaced}: {error}");
        let text = error.to_string();
        assert!(text.contains(version) && text.contains("callsign:policy@1.1.0"), "{text}");
    }
}
