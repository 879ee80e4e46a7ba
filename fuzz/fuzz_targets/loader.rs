//! Any bytes as a component, and a sound component with some bytes changed: it is refused in words, or it starts or not.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use callsign::{Limits, Policy};
use callsign_tests::component::Component;
use libfuzzer_sys::fuzz_target;

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| Component::new("sound", "1.0.0").echoing().build());

fuzz_target!(|input: &[u8]| {
    let Some((&form, rest)) = input.split_first() else { return };
    let mut bytes = Vec::new();
    if form.is_multiple_of(2) {
        bytes.extend_from_slice(rest);
    } else {
        // Where, and what: three bytes a change.
        bytes.extend_from_slice(&SOUND);
        for change in rest.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[at] = change[2];
        }
    }
    let mut limits = Limits::default();
    limits.compile = Duration::from_secs(5);
    limits.deadline = Duration::from_millis(20);
    match Policy::from_bytes_within(&bytes, limits) {
        Ok(policy) => drop(policy.with_settings("{}")),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
