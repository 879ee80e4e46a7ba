//! Retries: how long a call to a store over the network may take, how often it is tried, and when the store is left
//! alone.

use std::future::Future;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use callsign_breaker::CircuitBreaker;

use crate::error::StickyError;

/// Time-outs, retries and the circuit breaker of a store over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The time for one attempt, connecting included. Default 250 ms.
    pub attempt_timeout: Duration,
    /// The time for all attempts of a call together; no call takes longer. Default 1 s.
    pub total_timeout: Duration,
    /// How often a failed call is tried again. Default 3.
    pub retries: usize,
    /// The wait before the first retry. It doubles with each retry, and each wait is lengthened at random to at most
    /// twice its length. Default 10 ms.
    pub backoff: Duration,
    /// After this many failed calls in a row, calls fail at once without asking the store. Default 5.
    pub failures: u32,
    /// How long the store is not asked; then one call tries it. Default 1 s.
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

/// The outcome of one attempt.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    Done(T),
    /// Another attempt may succeed: the connection broke, or the server is away or no longer the primary.
    Retry(StickyError),
    /// Another attempt would fail the same way.
    Failed(StickyError),
}

/// Runs calls under a [`RetryPolicy`].
#[derive(Debug)]
pub(crate) struct Retrier {
    policy: RetryPolicy,
    breaker: CircuitBreaker,
}

impl Retrier {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, breaker: CircuitBreaker::new(policy.failures, policy.rest) }
    }

    /// Makes attempts until one is done or the policy allows no more. Each is given its number, from 0: an earlier
    /// attempt may have done its work without its answer reaching us. Call this inside the store's runtime.
    pub(crate) async fn call<T, F>(&self, mut attempt: impl FnMut(usize) -> F) -> Result<T, StickyError>
    where
        F: Future<Output = Attempt<T>>,
    {
        if !self.breaker.allows_call() {
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
                    self.breaker.succeeded();
                    return Ok(value);
                }
                Ok(Attempt::Failed(error)) => {
                    // An error is an answer too: the store is there.
                    self.breaker.succeeded();
                    return Err(error);
                }
                Ok(Attempt::Retry(error)) => error,
                Err(_) => StickyError::new(format!("no answer within {:?}", self.policy.attempt_timeout)),
            };
            number += 1;
            match waits.next() {
                Some(wait) if tokio::time::Instant::now() + wait < ends => tokio::time::sleep(wait).await,
                _ => {
                    self.breaker.failed();
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
        // The breaker's clock is the real one.
        let failed_often = |rest: Duration| {
            let policy = RetryPolicy { retries: 0, rest, ..RetryPolicy::default() };
            let retrier = Retrier::new(policy);
            for _ in 0..policy.failures {
                let failed = run(retrier.call(async |_| down()));
                assert!(failed.unwrap_err().to_string().contains("down"));
            }
            retrier
        };
        let left_alone = run(failed_often(Duration::from_secs(3_600)).call(async |_| Attempt::Done(())));
        assert!(left_alone.unwrap_err().to_string().contains("left alone"));
        // Where this thread waits for a core for another rest, one more call is allowed: not each time.
        let is_tried_by_one = (0..50).any(|_| {
            let breaker = failed_often(Duration::from_millis(20)).breaker;
            let begun = std::time::Instant::now();
            while !breaker.allows_call() {
                assert!(begun.elapsed() < Duration::from_secs(60), "it is never tried again");
                std::thread::yield_now();
            }
            let is_next_left_alone = !breaker.allows_call();
            breaker.succeeded();
            assert!(breaker.allows_call());
            is_next_left_alone
        });
        assert!(is_tried_by_one);
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
