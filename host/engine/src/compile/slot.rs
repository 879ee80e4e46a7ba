//! The right to compile. There are few, so that components that compile slowly cannot take the whole machine.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many compiles run at once in the process, including those whose time is over. Further ones wait.
pub(super) const MAX_COMPILES: usize = 4;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// The right to compile, held while a compile runs. There are [`MAX_COMPILES`].
pub(super) struct CompileSlot;

impl CompileSlot {
    fn running() -> MutexGuard<'static, usize> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a slot; `None` if none is free within `limit`.
    pub(super) fn take(limit: Duration) -> Option<Self> {
        let waited = ENDED.wait_timeout_while(Self::running(), limit, |running| *running >= MAX_COMPILES);
        let (mut running, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return None;
        }
        *running += 1;
        Some(Self)
    }
}

impl Drop for CompileSlot {
    fn drop(&mut self) {
        *Self::running() -= 1;
        ENDED.notify_one();
    }
}
