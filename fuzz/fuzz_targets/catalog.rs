//! Any bytes as a catalog file: it is refused with its faults in words, or it can be decided on.

#![no_main]

use callsign::{Catalog, Revision};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Catalog::from_slice(bytes) {
        Ok(catalog) => drop(Revision::new(catalog)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
