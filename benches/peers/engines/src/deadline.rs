//! A deadline that costs a decision two loads: a thread counts milliseconds, as Callsign's does, so that no engine pays for reading
//! the clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

static MILLISECONDS: AtomicU64 = AtomicU64::new(0);

/// How long a decision may take, in milliseconds: what Callsign gives a call by default.
pub(crate) const DECISION: u64 = 200;

/// When the decision under way is to end.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    length: u64,
    ends: Arc<AtomicU64>,
}

impl Deadline {
    /// A deadline of so many milliseconds for each decision.
    pub(crate) fn new(length: u64) -> Self {
        static COUNTS: Once = Once::new();
        COUNTS.call_once(|| {
            thread::spawn(|| {
                loop {
                    thread::sleep(Duration::from_millis(1));
                    MILLISECONDS.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
        let deadline = Self { length, ends: Arc::default() };
        deadline.begin();
        deadline
    }

    /// A decision begins.
    #[inline]
    pub(crate) fn begin(&self) {
        self.ends.store(MILLISECONDS.load(Ordering::Relaxed) + self.length, Ordering::Relaxed);
    }

    /// Whether it has taken too long.
    #[inline]
    pub(crate) fn has_passed(&self) -> bool {
        MILLISECONDS.load(Ordering::Relaxed) > self.ends.load(Ordering::Relaxed)
    }
}
