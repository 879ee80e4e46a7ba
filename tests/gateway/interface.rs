//! Versions of the contract: what is served, and what is said of the others.
//!
//! Nothing but 1.0.0 exists. Other versions are made up here; `host/engine/src/contract_check/tests.rs` has a host that
//! serves a later minor version.

use callsign::{Policy, PolicyError};
use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, decide, sms};

const TO: &str = "+14155550123";

/// The standard policy as it was built for a draft of the contract 1.0.0, before the first release.
const DRAFT: &[u8] = include_bytes!("../artifacts/draft.wasm");

fn platform() -> Platform {
    Platform::new().long("S0", "+12125550100").long("S1", "+14155550101").associate("shop", &["S0", "S1"]).strategy(
        "A",
        "shop",
        json!({"useGeolocatedSender": true}),
    )
}

/// Asks the made-up interface that versions after 1.0.0 have, and decides the sender with that number.
fn later() -> Component {
    Component::new("later", "1.0.0")
        .import("later", "answer", "(result i32)")
        .resolve("(call $decide (i32.and (i32.const 1) (call $answer)) (i32.const -1) (i32.const 4) (i32.const 0))")
}

/// The words about a component that is refused for its version.
fn refused(component: &[u8]) -> String {
    match Policy::from_bytes(component) {
        Err(error @ PolicyError::Version { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_component_of_1_0_0_is_served() {
    let policy = Component::new("first", "1.0.0").deciding(1).policy();
    assert_eq!(policy.interface().to_string(), "1.0.0");
    assert_eq!(decide(&platform().gateway_with(policy), &sms("shop", TO)), "S1 POOL");
}

#[test]
fn a_component_of_a_later_minor_version_is_refused_with_both_versions_named() {
    let text = refused(&later().contract("1.1.0").build());
    assert!(text.contains("@1.1.0") && text.contains("this host serves callsign:policy@1.0.0"), "{text}");
    // Though it uses nothing that is new there.
    let text = refused(&Component::new("plain", "1.0.0").contract("1.1.0").build());
    assert!(text.contains("@1.1.0") && text.contains("this host serves callsign:policy@1.0.0"), "{text}");
}

#[test]
fn a_component_of_the_next_major_version_is_refused_by_name() {
    for component in [later(), Component::new("plain", "1.0.0")] {
        let text = refused(&component.contract("2.0.0").build());
        assert!(text.contains("@2.0.0") && text.contains("this host serves callsign:policy@1.0.0"), "{text}");
    }
}

#[test]
fn a_component_of_an_earlier_major_version_or_of_a_candidate_for_one_is_refused_by_name() {
    for version in ["0.9.0", "1.0.0-rc.1"] {
        let text = refused(&Component::new("plain", "1.0.0").contract(version).build());
        assert!(text.contains(version) && text.contains("this host serves callsign:policy@1.0.0"), "{text}");
    }
}

#[test]
fn a_later_patch_of_a_served_version_is_served() {
    let policy = Component::new("plain", "1.0.0").contract("1.0.7").deciding(0).policy();
    assert_eq!(decide(&platform().gateway_with(policy), &sms("shop", TO)), "S0 POOL");
}

#[test]
fn an_interface_that_a_served_version_does_not_have_is_refused_by_name() {
    let mut component = later().contract("1.1.0").build();
    // The same component, but everything in it says 1.0.0, which has no `later`.
    let (from, to) = (b"@1.1.0", b"@1.0.0");
    for at in 0..component.len() - from.len() {
        if &component[at..at + from.len()] == from {
            component[at..at + to.len()].copy_from_slice(to);
        }
    }
    match Policy::from_bytes(&component) {
        Err(PolicyError::Imports { excess }) => assert_eq!(excess, ["callsign:policy/later@1.0.0"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_component_of_the_draft_is_refused_with_what_changed_and_how_to_build_it_again() {
    match Policy::from_bytes(DRAFT) {
        Err(error @ PolicyError::Draft) => {
            let text = error.to_string();
            for words in ["draft of callsign:policy@1.0.0", "a refusal is a record", "`callsign policy build`"] {
                assert!(text.contains(words), "{text}");
            }
        }
        other => panic!("{other:?}"),
    }
}
