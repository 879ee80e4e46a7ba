//! A circuit breaker without locks.
//!
//! ```
//! use std::time::Duration;
//! use callsign_breaker::CircuitBreaker;
//!
//! let breaker = CircuitBreaker::new(2, Duration::from_secs(5));
//! assert!(breaker.allows_call());
//! assert!(!breaker.failed());
//! assert!(breaker.failed(), "the second failure in a row opens it");
//! assert!(!breaker.allows_call(), "for 5 seconds");
//! assert!(breaker.succeeded(), "a success closes it");
//! assert!(breaker.allows_call());
//! ```
#![forbid(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Opens after a number of failures in a row. While it is open, calls are not allowed; once its rest is over, one
/// caller is allowed to try, and the others wait for what it finds, at most for another rest.
///
/// A call that is allowed while the breaker is closed costs one relaxed load, and a success another; nothing is written
/// unless something failed, so threads do not take the cache line from each other.
#[derive(Debug)]
pub struct CircuitBreaker {
    max_failures: u32,
    rest: u64,
    /// Failures since the last success.
    failures: AtomicU32,
    /// The time of the next try, in milliseconds of [`now`]; 0 while the breaker is closed.
    next_try: AtomicU64,
}

/// The permission to make one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// For a try: when the next one would be. 0 for a call that was allowed while the breaker was closed.
    next_try: u64,
}

impl CircuitBreaker {
    /// A closed breaker that opens after `max_failures` in a row, at least 1, and rests for `rest`, at least 1 ms.
    pub fn new(max_failures: u32, rest: Duration) -> Self {
        Self {
            max_failures,
            rest: (rest.as_millis() as u64).max(1),
            failures: AtomicU32::new(0),
            next_try: AtomicU64::new(0),
        }
    }

    /// Whether the caller may call, see [`CircuitBreaker::permit`].
    #[inline]
    pub fn allows_call(&self) -> bool {
        self.permit().is_some()
    }

    /// Lets the caller call, or not. Of the callers that come after the rest, one is let: it must report how its call went, or
    /// [give the permit back](CircuitBreaker::give_back); else the next one is let after another rest.
    #[inline]
    pub fn permit(&self) -> Option<Permit> {
        match self.next_try.load(Ordering::Relaxed) {
            0 => Some(Permit { next_try: 0 }),
            next_try => self.take_try(next_try, now()),
        }
    }

    #[cold]
    fn take_try(&self, next_try: u64, now: u64) -> Option<Permit> {
        let taken = Permit { next_try: now + self.rest };
        let is_mine = now >= next_try
            && self.next_try.compare_exchange(next_try, taken.next_try, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        is_mine.then_some(taken)
    }

    /// Takes back the permit of a call that was given up before it showed anything: if it was a try, the next caller may
    /// try at once. Does nothing if a failure or a success was noted since, or another rest is over. Times are in milliseconds: a
    /// failure in the same one as the try is not told apart from it.
    #[cold]
    pub fn give_back(&self, permit: Permit) {
        if permit.next_try != 0 {
            let _ = self.next_try.compare_exchange(permit.next_try, now(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Notes a success; whether it closed the breaker.
    #[inline]
    pub fn succeeded(&self) -> bool {
        self.failures.load(Ordering::Relaxed) != 0 && self.close()
    }

    #[cold]
    fn close(&self) -> bool {
        self.failures.store(0, Ordering::Relaxed);
        self.next_try.swap(0, Ordering::Relaxed) != 0
    }

    /// Notes a failure; whether it opened the breaker.
    #[cold]
    pub fn failed(&self) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.max_failures
            && self.next_try.swap(now() + self.rest, Ordering::Relaxed) == 0
    }

    /// Whether the breaker is open. Unlike [`CircuitBreaker::allows_call`] this does not take the turn to try.
    pub fn is_open(&self) -> bool {
        self.next_try.load(Ordering::Relaxed) != 0
    }
}

/// Milliseconds since this was first asked, plus 1: never 0, which stands for a closed breaker.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64 + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// An open breaker, and the time of its next try.
    fn open() -> (CircuitBreaker, u64) {
        let breaker = CircuitBreaker::new(1, HOUR);
        assert!(breaker.failed());
        let next_try = breaker.next_try.load(Ordering::Relaxed);
        (breaker, next_try)
    }

    #[test]
    fn it_opens_after_the_failures_in_a_row_and_says_so_once() {
        let breaker = CircuitBreaker::new(3, HOUR);
        assert!(!breaker.failed());
        assert!(!breaker.failed());
        assert!(!breaker.succeeded(), "it was not open");
        assert!(!breaker.failed());
        assert!(!breaker.failed());
        assert!(breaker.allows_call() && !breaker.is_open());
        assert!(breaker.failed());
        assert!(!breaker.failed(), "it is open already");
        assert!(!breaker.allows_call() && breaker.is_open());
    }

    #[test]
    fn a_success_closes_it_and_begins_the_count_anew() {
        let breaker = CircuitBreaker::new(2, HOUR);
        breaker.failed();
        breaker.failed();
        assert!(breaker.succeeded());
        assert!(breaker.allows_call() && !breaker.is_open());
        assert!(!breaker.succeeded(), "it is closed already");
        assert!(!breaker.failed());
        assert!(breaker.failed());
    }

    #[test]
    fn of_many_callers_after_the_rest_exactly_one_tries() {
        let (breaker, next_try) = open();
        assert!(breaker.take_try(next_try, next_try - 1).is_none(), "a millisecond too early");
        let tried = std::thread::scope(|scope| {
            let callers: Vec<_> =
                (0..16).map(|_| scope.spawn(|| breaker.take_try(next_try, next_try).is_some())).collect();
            callers.into_iter().map(|caller| usize::from(caller.join().expect("a caller"))).sum::<usize>()
        });
        assert_eq!(tried, 1);
        assert!(breaker.is_open());
        assert_eq!(breaker.next_try.load(Ordering::Relaxed), next_try + 3_600_000);
    }

    #[test]
    fn asking_whether_it_is_open_does_not_take_the_turn() {
        let (breaker, next_try) = open();
        assert!(breaker.is_open());
        assert!(breaker.take_try(next_try, next_try).is_some());
        assert!(breaker.take_try(next_try, next_try).is_none());
    }

    #[test]
    fn a_try_that_is_given_back_lets_the_next_caller_try_at_once() {
        let (breaker, next_try) = open();
        let given_up = breaker.take_try(next_try, next_try).unwrap();
        assert!(breaker.permit().is_none(), "it has the turn");
        breaker.give_back(given_up);
        assert!(breaker.is_open());
        let again = breaker.next_try.load(Ordering::Relaxed);
        let later = breaker.take_try(again, again + 60_000).unwrap();
        breaker.give_back(given_up);
        assert!(breaker.permit().is_none(), "it is given back once");
        breaker.failed();
        breaker.give_back(later);
        assert!(breaker.permit().is_none(), "one that failed rests");
    }

    #[test]
    fn the_permit_of_a_closed_breaker_opens_nothing_when_it_is_given_back() {
        let breaker = CircuitBreaker::new(1, HOUR);
        let permit = breaker.permit().unwrap();
        breaker.give_back(permit);
        assert!(!breaker.is_open());
        breaker.failed();
        breaker.give_back(permit);
        assert!(breaker.permit().is_none(), "it was no try");
    }

    #[test]
    fn a_try_that_fails_makes_it_rest_again() {
        let (breaker, next_try) = open();
        assert!(breaker.take_try(next_try, next_try).is_some());
        assert!(!breaker.failed(), "it was open all the time");
        assert!(!breaker.allows_call());
        assert!(breaker.succeeded());
        assert!(breaker.allows_call());
    }

    #[test]
    fn after_its_rest_a_caller_is_allowed_and_a_rest_of_nothing_is_a_millisecond() {
        let breaker = CircuitBreaker::new(1, Duration::ZERO);
        assert_eq!(breaker.rest, 1);
        assert!(breaker.failed());
        while !breaker.allows_call() {
            std::thread::yield_now();
        }
        assert!(breaker.is_open());
        assert!(breaker.succeeded());
    }
}
