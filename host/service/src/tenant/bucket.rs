//! A rate: so much a second. Asking and taking are atomic operations, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// For how long a rate may be used ahead: what was not used for two seconds can be used at once.
const AHEAD: u64 = 2;

/// A bucket that leaks at a rate. It lets in whatever comes while it is not full, however much that is, and nobody
/// until it has leaked afterwards. So a request that is larger than the rate is not impossible, and what is only known
/// afterwards, such as time, can be charged.
#[derive(Debug)]
pub(crate) struct Bucket {
    began: Instant,
    /// How long one unit takes to leak, in nanoseconds; 0 is no limit.
    a_unit: u64,
    /// How long all of it takes, in nanoseconds: what was not used for so long can be used at once.
    ahead: u64,
    /// When it is empty, in nanoseconds since `began`.
    empty_at: AtomicU64,
}

impl Bucket {
    /// A bucket for so many units a second; 0 is no limit. Those of two seconds can be used at once.
    pub(crate) fn new(per_second: u64) -> Self {
        Self::with_burst(per_second, per_second.saturating_mul(AHEAD))
    }

    /// A bucket for so many units a second, of which so many can be used at once, and at least one.
    pub(crate) fn with_burst(per_second: u64, at_once: u64) -> Self {
        let a_unit = 1_000_000_000_u64.checked_div(per_second).unwrap_or(0);
        let ahead = a_unit.saturating_mul(at_once.max(1));
        Self { began: Instant::now(), a_unit, ahead, empty_at: AtomicU64::new(0) }
    }

    /// # Errors
    /// It is full; the time after which it is not.
    pub(crate) fn is_open(&self) -> Result<(), Duration> {
        self.take(0)
    }

    /// Takes units, all or none.
    ///
    /// # Errors
    /// It is full; the time after which it is not.
    pub(crate) fn take(&self, units: u64) -> Result<(), Duration> {
        self.take_at(units, self.now())
    }

    fn take_at(&self, units: u64, now: u64) -> Result<(), Duration> {
        if self.a_unit == 0 {
            return Ok(());
        }
        let full_at = now.saturating_add(self.ahead);
        let take = |empty_at: u64| {
            (empty_at < full_at).then(|| empty_at.max(now).saturating_add(units.saturating_mul(self.a_unit)))
        };
        match self.empty_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(empty_at) => Err(Duration::from_nanos(empty_at - full_at + 1)),
        }
    }

    /// Takes a thousandth of a unit for each of `thousandths`, whether it is full or not.
    pub(crate) fn charge(&self, thousandths: u64) {
        if self.a_unit == 0 {
            return;
        }
        let (now, cost) = (self.now(), thousandths.saturating_mul(self.a_unit) / 1_000);
        let charge = |empty_at: u64| Some(empty_at.max(now).saturating_add(cost));
        // A charge always succeeds.
        let _ = self.empty_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, charge);
    }

    /// How many units are in it.
    pub(crate) fn used(&self) -> u64 {
        let left = self.empty_at.load(Ordering::Relaxed).saturating_sub(self.now());
        left.checked_div(self.a_unit).unwrap_or(0)
    }

    fn now(&self) -> u64 {
        // 584 years.
        self.began.elapsed().as_nanos() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn two_seconds_can_be_used_at_once_and_then_the_rate() {
        let bucket = Bucket::new(10);
        assert_eq!((0..100).filter(|_| bucket.take_at(1, 0).is_ok()).count(), 20);
        assert_eq!(bucket.take_at(1, 0), Err(Duration::from_nanos(1)));
        assert_eq!((0..100).filter(|_| bucket.take_at(1, SECOND).is_ok()).count(), 10);
        assert_eq!((0..100).filter(|_| bucket.take_at(1, 100 * SECOND).is_ok()).count(), 20);
    }

    #[test]
    fn what_is_larger_than_the_rate_is_let_in_once_and_paid_for() {
        let bucket = Bucket::new(10);
        assert_eq!(bucket.take_at(100, 0), Ok(()));
        assert_eq!(bucket.take_at(1, 0), Err(Duration::from_nanos(8 * SECOND + 1)));
        assert_eq!(bucket.take_at(1, 8 * SECOND), Err(Duration::from_nanos(1)));
        assert_eq!(bucket.take_at(1, 8 * SECOND + 1), Ok(()));
    }

    #[test]
    fn a_burst_of_its_own_is_let_in_at_once_and_comes_back_at_the_rate() {
        let bucket = Bucket::with_burst(10, 50);
        assert_eq!((0..100).filter(|_| bucket.take_at(1, 0).is_ok()).count(), 50);
        assert_eq!((0..100).filter(|_| bucket.take_at(1, SECOND).is_ok()).count(), 10);
        assert_eq!((0..100).filter(|_| bucket.take_at(1, 100 * SECOND).is_ok()).count(), 50);
        assert_eq!(Bucket::with_burst(1, 0).take_at(1, 0), Ok(()));
        assert!((0..100).all(|_| Bucket::with_burst(0, 1).take_at(1, 0).is_ok()), "no limit");
    }

    #[test]
    fn a_charge_fills_it_and_no_limit_never_is_full() {
        let bucket = Bucket::new(1_000);
        let begun = Instant::now();
        bucket.charge(10_000_000_000);
        let (is_full, used) = (bucket.is_open().is_err(), bucket.used());
        // A unit comes back in each millisecond.
        let back = 1 + begun.elapsed().as_millis() as u64;
        assert!(is_full && used <= 10_000_000 && used >= 10_000_000 - back, "{bucket:?}");
        let free = Bucket::new(0);
        free.charge(u64::MAX);
        assert_eq!((free.take(u64::MAX), free.used()), (Ok(()), 0));
    }
}
