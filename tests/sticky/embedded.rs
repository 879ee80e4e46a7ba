//! The embedded store: what it promises beyond what every store does.

mod disk_failure;
mod expiry;
mod kills;
mod opening;
mod privacy;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign_sticky::{EmbeddedOptions, EmbeddedStore, Recipients};

use crate::conformance;

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("callsign-sticky-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub fn open(&self) -> EmbeddedStore {
        EmbeddedStore::open(&self.0, EmbeddedOptions::default()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_embedded_store_does_what_every_store_does() {
    for recipients in [Recipients::AsTheyAre, Recipients::Plain] {
        let folder = Folder::new();
        let options = EmbeddedOptions::default().recipients(recipients);
        conformance::all(&EmbeddedStore::open(&folder.0, options).unwrap());
    }
}

#[test]
fn it_does_so_without_memory_for_hot_pins() {
    let folder = Folder::new();
    conformance::all(&EmbeddedStore::open(&folder.0, EmbeddedOptions::default().hot_pins(1)).unwrap());
}
