//! The memory of a policy's idle instances, see [`Limits::idle_memory`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::Limits;

/// The memory of the large idle instances of a policy, in bytes.
#[derive(Debug, Default)]
pub(super) struct IdleMemory(Arc<AtomicUsize>);

/// The share of one large idle instance. Dropping it frees the share.
#[derive(Debug)]
pub(super) struct Reservation {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl IdleMemory {
    /// Whether an instance of this size is kept without counting its memory: [`Limits::IDLE`] of this size fit in one
    /// half of the limit. So calls of usual policies write no cache line that other threads write.
    #[inline]
    pub(super) fn is_small(bytes: usize, limit: usize) -> bool {
        bytes <= limit / (2 * Limits::IDLE)
    }

    /// Reserves memory for a larger instance in the other half of the limit; `None` if it does not fit.
    #[cold]
    pub(super) fn reserve(&self, bytes: usize, limit: usize) -> Option<Reservation> {
        let add = |all: usize| all.checked_add(bytes).filter(|&all| all <= limit / 2);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Reservation { all: Arc::clone(&self.0), bytes })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
