//! Components that look plain, or are at its edge: either they are called as components, or it makes no difference.

use std::sync::Arc;

use callsign::{Inspection, MemoryStore, Policy};

use super::super::{Attacked, TO, hostile, limits, policy, sms};
use super::{given, hashing};
use callsign_tests::platform::decide;

/// A component with all of a text replaced by another of the same length.
fn replaced(component: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let (mut bytes, mut count) = (component.to_vec(), 0);
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            count += 1;
        }
    }
    assert!(count > 0, "{from} is there");
    bytes
}

fn load(bytes: &[u8]) -> Policy {
    Policy::from_bytes_within(bytes, limits()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_explanation_under_a_later_patch_version_is_the_same() {
    let component = replaced(&hostile().explaining(3).build(), "policy/explain@1.0.0", "policy/explain@1.0.1");
    let explain = |policy: Policy| {
        policy.check_settings().unwrap();
        let attacked = Attacked::with(policy, Arc::new(MemoryStore::new()));
        format!("{:?}", attacked.gateway.explain(&sms("shop", TO)))
    };
    assert_eq!(explain(load(&component)), explain(load(&component).without_core_lane()));
}

#[test]
fn imports_under_a_later_patch_version_are_served() {
    let plain = hostile().import("senders", "copy-up-to", "(result i32)");
    let plain = plain.resolve("(call $decide (i32.eqz (call $copy-up-to)) (i32.const -1) (i32.const 4) (i32.const 0))");
    assert!(Inspection::of(&plain.build()).unwrap().is_plain);
    let later = replaced(&plain.build(), "policy/senders@1.0.0", "policy/senders@1.0.1");
    assert!(!Inspection::of(&later).unwrap().is_plain, "what is inspected is what serves");
    let later = load(&later);
    later.check_settings().unwrap();
    assert!(!later.takes_core_lane());
    let decided = |policy: Policy| decide(&Attacked::by(policy).gateway, &sms("shop", TO));
    assert_eq!(decided(later), "S0 POOL");
    assert_eq!(decided(policy(&plain)), "S0 POOL");
}

#[test]
fn what_is_written_over_itself_is_written_in_the_same_order() {
    let pool = "(local.get $scope) (i32.const 0) (i32.const 0) (local.get $type) (local.get $country)
        (local.get $channel) (i32.const 0)";
    // All memory that is allocated is where the result is wanted, or 8 bytes after that, or new.
    for realloc in ["(i32.const 4096)", "(i32.const 4104)", "(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))"] {
        for (interface, function, signature, arguments) in [
            ("senders", "describe", "(param i32 i32 i32)", "(local.get $scope) (i32.const 1) (i32.const 4096)".into()),
            ("senders", "ids", "(param i32 i32 i32 i64 i32 i32 i32 i32)", format!("{pool} (i32.const 4096)")),
            ("senders", "candidates", "(param i32 i32 i32 i64 i32 i32 i32 i32)", format!("{pool} (i32.const 4096)")),
            ("messages", "text", "(param i32 i32 i32)", "(local.get $message) (i32.const 3) (i32.const 4096)".into()),
        ] {
            let component = hashing(interface, function, signature, &format!("call ${function} {arguments}"));
            let component = component.realloc(realloc);
            let program = policy(&component);
            program.check_settings().unwrap();
            assert!(program.takes_core_lane());
            assert_eq!(given(program), given(policy(&component).without_core_lane()), "{function} {realloc}");
        }
    }
}
