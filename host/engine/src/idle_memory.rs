//! How much memory the instances of a policy keep while they wait for a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::limits::Limits;

/// What the large ones among the idle instances of a policy have, in bytes.
#[derive(Debug, Default)]
pub(super) struct IdleMemory(Arc<AtomicUsize>);

/// What one of them has. Given back when it is dropped, by whomever.
#[derive(Debug)]
pub(super) struct Reserved {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl IdleMemory {
    /// Whether an instance of so many bytes is kept without counting: so every call of usual policies writes no line that
    /// other threads write. There is room for as many of them as there are places, in one half of the limit.
    #[inline]
    pub(super) fn is_small(bytes: usize, limit: usize) -> bool {
        bytes <= limit / (2 * Limits::IDLE)
    }

    /// Makes room for a larger one in the other half; none where there is none.
    #[cold]
    pub(super) fn reserve(&self, bytes: usize, limit: usize) -> Option<Reserved> {
        let add = |all: usize| all.checked_add(bytes).filter(|&all| all <= limit / 2);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Reserved { all: Arc::clone(&self.0), bytes })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
