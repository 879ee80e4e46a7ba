//! Several threads that call a store.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Callers that go on where they stopped: every call has a number of its own.
pub(crate) struct Callers<'a> {
    count: usize,
    /// How long they call for one sample.
    sample: Duration,
    call: &'a (dyn Fn(u64) + Sync),
    next: AtomicU64,
}

impl<'a> Callers<'a> {
    pub(crate) fn new(count: usize, sample: Duration, call: &'a (dyn Fn(u64) + Sync)) -> Self {
        Self { count, sample, call, next: AtomicU64::new(0) }
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// How long so many calls take, as long as all callers are busy: a given count of calls would end with some of them idle.
    pub(crate) fn time(&self, calls: u64) -> Duration {
        let (before, stop, began) = (self.calls(), AtomicBool::new(false), Instant::now());
        std::thread::scope(|scope| {
            for _ in 0..self.count {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        (self.call)(self.next.fetch_add(1, Ordering::Relaxed));
                    }
                });
            }
            std::thread::sleep(self.sample);
            stop.store(true, Ordering::Relaxed);
        });
        began.elapsed().mul_f64(calls as f64 / (self.calls() - before) as f64)
    }
}
