//! Any bytes as a catalog file: one that is sound can be indexed for deciding.

#![no_main]

use callsign::{Catalog, Revision};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(catalog) = Catalog::from_slice(bytes) {
        drop(Revision::new(catalog));
    }
});
