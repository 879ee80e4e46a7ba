//! A store of pins that does something when it is asked.

use callsign::sticky::{Filter, Page, Position, Release, StickyError, Touch, Write};
use callsign::{MemoryStore, Pin, PinKey, StickyStore};

/// Answers reads by a function, and does the rest as the store in memory.
pub(crate) struct HookedStore<F> {
    read: F,
    store: MemoryStore,
}

impl<F: Fn() -> Result<Option<Pin>, StickyError> + Send + Sync> HookedStore<F> {
    pub(crate) fn new(read: F) -> Self {
        Self { read, store: MemoryStore::new() }
    }
}

impl<F: Fn() -> Result<Option<Pin>, StickyError> + Send + Sync> StickyStore for HookedStore<F> {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        keys.iter().map(|_| (self.read)()).collect()
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.store.write(writes)
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.store.release(releases)
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.store.touch(touches)
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        self.store.list(filter, after, most)
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        self.store.count(filter)
    }
}
