//! Idle instances, a place for each thread: taking one and putting it back touches no line that other threads write.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

/// How many idle instances a policy keeps. Threads past this number share places, and may find theirs empty.
const PLACES: usize = 64;

/// The idle ones.
pub(super) struct Slots<T> {
    places: Box<[CachePadded<AtomicCell<Option<Box<T>>>>]>,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PLACE: usize = NEXT_THREAD.fetch_add(1, Ordering::Relaxed) % PLACES;
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| CachePadded::new(AtomicCell::new(None))).collect() }
    }

    /// The instance that this thread put back last, if it is still there.
    #[inline]
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.places[PLACE.with(|place| *place)].take()
    }

    /// Drops all of them.
    pub(super) fn clear(&self) {
        for place in &self.places {
            drop(place.take());
        }
    }

    /// Puts an instance back for the next call of this thread.
    #[inline]
    pub(super) fn put(&self, instance: Box<T>) {
        let evicted = self.places[PLACE.with(|place| *place)].swap(Some(instance));
        drop(evicted);
    }
}
