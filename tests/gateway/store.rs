//! The module store, a test for each of its rules.

mod add;
mod compile_limits;
mod compiled;
mod crash;
mod find;
mod threads;

use std::sync::Arc;

use callsign::Policy;
use callsign_tests::platform::{Platform, decide, patient, sms};
use serde_json::json;

/// That a policy decides.
fn assert_decides(policy: Policy) {
    let platform =
        Platform::new().long("S1", "+14155550100").strategy("A", "shop", json!({})).associate("shop", &["S1"]);
    let gateway = platform.gateway_with(Arc::new(patient(policy)));
    assert_eq!(decide(&gateway, &sms("shop", "+14155550123")), "S1 POOL");
}
