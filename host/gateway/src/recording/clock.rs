//! The time of records: two readings of the processor's counter a decision, of some 10 ns each, where the clock of the
//! system takes several times as long.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use quanta::Clock;

/// After how many nanoseconds the counter is held against the clock of the system again: 1 s. A counter may drift by some
/// 100 µs in that time, and the system's clock may be set.
const ANCHORED_FOR: u64 = 1_000_000_000;

/// When something began, as the counter says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun(u64);

/// A counter, and what the clock of the system said at a moment.
#[derive(Debug)]
pub(super) struct RecordClock {
    counter: Clock,
    /// The counter when this was made.
    origin: u64,
    /// The nanoseconds since then at which the clock of the system was read last.
    anchored_at: AtomicU64,
    /// What that clock is ahead of the counter, in microseconds.
    ahead: AtomicI64,
}

impl RecordClock {
    /// May take 0.2 s, once in a process: the speed of the counter is measured.
    pub(super) fn new() -> Self {
        Self::of(Clock::new())
    }

    fn of(counter: Clock) -> Self {
        let origin = counter.raw();
        let clock = Self { counter, origin, anchored_at: AtomicU64::new(0), ahead: AtomicI64::new(0) };
        clock.anchor();
        clock
    }

    #[inline]
    pub(super) fn now(&self) -> Begun {
        Begun(self.counter.raw())
    }

    /// When something began, in microseconds since 1970-01-01 UTC.
    #[inline]
    pub(super) fn time(&self, begun: Begun) -> u64 {
        let since = self.counter.delta_as_nanos(self.origin, begun.0);
        if since.saturating_sub(self.anchored_at.load(Ordering::Relaxed)) > ANCHORED_FOR {
            self.anchor();
        }
        (since / 1_000).saturating_add_signed(self.ahead.load(Ordering::Relaxed))
    }

    /// How long ago it began, in nanoseconds.
    #[inline]
    pub(super) fn since(&self, begun: Begun) -> u64 {
        self.counter.delta_as_nanos(begun.0, self.counter.raw())
    }

    #[cold]
    fn anchor(&self) {
        let since = self.counter.delta_as_nanos(self.origin, self.counter.raw());
        self.ahead.store(system_time() as i64 - (since / 1_000) as i64, Ordering::Relaxed);
        self.anchored_at.store(since, Ordering::Relaxed);
    }
}

/// Microseconds since 1970-01-01 UTC.
fn system_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_time_of_the_system_and_follows_it_once_a_second() {
        let (counter, hand) = Clock::mock();
        let before = system_time();
        let clock = RecordClock::of(counter);
        let first = clock.time(clock.now());
        assert!((before..=system_time()).contains(&first));
        hand.increment(ANCHORED_FOR / 2);
        assert_eq!(clock.time(clock.now()), first + ANCHORED_FOR / 2_000, "the counter says it in between");
        hand.increment(ANCHORED_FOR);
        let before = system_time();
        let again = clock.time(clock.now());
        assert!((before..=system_time()).contains(&again), "not what the counter says, which is ahead of it here");
    }

    #[test]
    fn how_long_a_decision_took_is_what_the_counter_says() {
        let (counter, hand) = Clock::mock();
        let clock = RecordClock::of(counter);
        let begun = clock.now();
        hand.increment(1_234_u64);
        assert_eq!(clock.since(begun), 1_234);
    }
}
