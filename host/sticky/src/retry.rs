//! RetryPolicy with a store that is a network away: how long to wait, when to try again, when to stop asking.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::error::StickyError;

/// How long a remote store is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// For one attempt, connecting included. Default 250 ms.
    pub attempt_timeout: Duration,
    /// For all attempts of a call together; a call never takes longer. Default 1 s.
    pub total_timeout: Duration,
    /// How often a call that failed is tried again. Default 3.
    pub retries: usize,
    /// The wait before the first retry; it doubles each time, and each wait is up to twice as long by chance. Default 10 ms.
    pub backoff: Duration,
    /// After this many calls in a row that failed for good, the store is not asked for a while: calls fail at once.
    /// Default 5.
    pub failures: u32,
    /// How long it is not asked; then one call tries. Default 1 s.
    pub rest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_millis(250),
            total_timeout: Duration::from_secs(1),
            retries: 3,
            backoff: Duration::from_millis(10),
            failures: 5,
            rest: Duration::from_secs(1),
        }
    }
}

/// What one attempt came to.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    Done(T),
    /// Worth another try: the connection broke, a server is not there, or is no primary any more.
    Retry(StickyError),
    /// Another try would fail the same way.
    Failed(StickyError),
}

/// Counts failures in a row and keeps calls away from a store that is down.
#[derive(Debug)]
pub(crate) struct Retrier {
    policy: RetryPolicy,
    began: Instant,
    failures: AtomicU32,
    /// When it may be asked again, in milliseconds since `began`; 0 while it may.
    rests_until: AtomicU64,
}

impl Retrier {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, began: Instant::now(), failures: AtomicU32::new(0), rests_until: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    fn may_ask(&self) -> bool {
        let until = self.rests_until.load(Ordering::Relaxed);
        let now = self.now();
        // Of the calls that find the rest over, one tries; the others wait for what it finds.
        until == 0
            || now >= until
                && self
                    .rests_until
                    .compare_exchange(until, now + self.rest(), Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
    }

    fn rest(&self) -> u64 {
        (self.policy.rest.as_millis() as u64).max(1)
    }

    fn ended(&self, well: bool) {
        if well {
            // Read first: every thread writes this only after a failure.
            if self.failures.load(Ordering::Relaxed) != 0 {
                self.failures.store(0, Ordering::Relaxed);
                self.rests_until.store(0, Ordering::Relaxed);
            }
        } else if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.policy.failures {
            self.rests_until.store(self.now() + self.rest(), Ordering::Relaxed);
        }
    }

    /// Tries until an attempt is done, or policy is over. An attempt is told its number, from 0: what was tried before
    /// may have been done without an answer. Call it inside the store's runtime.
    pub(crate) async fn call<T, F>(&self, mut attempt: impl FnMut(usize) -> F) -> Result<T, StickyError>
    where
        F: Future<Output = Attempt<T>>,
    {
        if !self.may_ask() {
            return Err(StickyError::new("the store keeps failing and is left alone for a while"));
        }
        let ends = tokio::time::Instant::now() + self.policy.total_timeout;
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.policy.backoff)
            .with_max_times(self.policy.retries)
            .with_jitter();
        let mut waits = waits.build();
        let mut number = 0;
        loop {
            let attempt_ends = ends.min(tokio::time::Instant::now() + self.policy.attempt_timeout);
            let error = match tokio::time::timeout_at(attempt_ends, attempt(number)).await {
                Ok(Attempt::Done(value)) => {
                    self.ended(true);
                    return Ok(value);
                }
                Ok(Attempt::Failed(error)) => {
                    // It answered, if with an error: the store is there.
                    self.ended(true);
                    return Err(error);
                }
                Ok(Attempt::Retry(error)) => error,
                Err(_) => StickyError::new(format!("no answer within {:?}", self.policy.attempt_timeout)),
            };
            number += 1;
            match waits.next() {
                Some(wait) if tokio::time::Instant::now() + wait < ends => tokio::time::sleep(wait).await,
                _ => {
                    self.ended(false);
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails here says where")]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    fn down() -> Attempt<()> {
        Attempt::Retry(StickyError::new("down"))
    }

    #[test]
    fn a_call_is_tried_again_until_it_is_done() {
        let retrier = Retrier::new(RetryPolicy::default());
        let tried = run(retrier.call(async |number| {
            if number < 3 { Attempt::Retry(StickyError::new("down")) } else { Attempt::Done(number) }
        }));
        assert_eq!(tried.unwrap(), 3);
    }

    #[test]
    fn a_call_ends_after_its_retries_or_its_time() {
        let mut attempts = 0;
        let retrier = Retrier::new(RetryPolicy::default());
        let failed = run(retrier.call(|_| {
            attempts += 1;
            async { down() }
        }));
        assert!(failed.unwrap_err().to_string().contains("down"));
        assert_eq!(attempts, 4);
        run(async {
            let began = tokio::time::Instant::now();
            let retrier = Retrier::new(RetryPolicy { retries: 1_000, ..RetryPolicy::default() });
            let failed = retrier.call(|_| std::future::pending::<Attempt<()>>()).await;
            assert!(failed.unwrap_err().to_string().contains("no answer within 250ms"));
            assert!(began.elapsed() <= Duration::from_secs(1));
        });
    }

    #[test]
    fn a_store_that_keeps_failing_is_left_alone_and_tried_by_one_call_after_its_rest() {
        let policy = RetryPolicy { retries: 0, rest: Duration::from_millis(20), ..RetryPolicy::default() };
        let retrier = Retrier::new(policy);
        run(async {
            for _ in 0..policy.failures {
                assert!(retrier.call(async |_| down()).await.unwrap_err().to_string().contains("down"));
            }
            let left_alone = retrier.call(async |_| Attempt::Done(())).await;
            assert!(left_alone.unwrap_err().to_string().contains("left alone"));
        });
        // The retrier's clock is the real one.
        while !retrier.may_ask() {
            std::thread::yield_now();
        }
        assert!(!retrier.may_ask());
        retrier.ended(true);
        assert!(retrier.may_ask());
    }

    #[test]
    fn an_error_that_a_retry_would_not_mend_is_not_tried_again() {
        let retrier = Retrier::new(RetryPolicy::default());
        let mut attempts = 0;
        let failed = run(retrier.call(|_| {
            attempts += 1;
            async { Attempt::<()>::Failed(StickyError::new("no such table")) }
        }));
        assert!(failed.unwrap_err().to_string().contains("no such table"));
        assert_eq!(attempts, 1);
    }
}
