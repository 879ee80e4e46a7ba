//! Any bytes as a catalog file: it is refused with its faults in words, or written and read again it is the same.

#![no_main]

use callsign_catalog::Catalog;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Catalog::from_slice(bytes) {
        Ok(catalog) => {
            let text = serde_json::to_vec(&catalog.to_json()).expect("a catalog is written");
            assert_eq!(Catalog::from_slice(&text).expect("what was written is sound"), catalog);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
