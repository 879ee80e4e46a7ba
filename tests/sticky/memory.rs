use callsign_sticky::MemoryStore;

use crate::conformance;

#[test]
fn the_memory_store_does_what_every_store_does() {
    conformance::all(&MemoryStore::new());
}
