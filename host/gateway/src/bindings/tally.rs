//! A counter that many threads add to without sharing a cache line.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

/// Places to count in. Threads past this number share places.
const PLACES: usize = 16;

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PLACE: usize = NEXT_THREAD.fetch_add(1, Ordering::Relaxed) % PLACES;
}

/// A count.
#[derive(Debug, Default)]
pub(crate) struct Tally([CachePadded<AtomicU64>; PLACES]);

impl Tally {
    /// Adds one, after everything that this thread has done before.
    #[inline]
    pub(crate) fn add(&self) {
        self.0[PLACE.with(|place| *place)].fetch_add(1, Ordering::Release);
    }

    /// What was added so far. What was done before it was added is seen.
    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().map(|place| place.load(Ordering::Acquire)).sum()
    }
}
