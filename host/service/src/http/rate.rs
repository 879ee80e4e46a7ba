//! Rate limits of keys.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use http::StatusCode;

use crate::config::Rate;
use crate::fault::Fault;

/// The token buckets of all keys.
pub(crate) struct Rates {
    management: Option<DefaultKeyedRateLimiter<String>>,
    messages: Option<DefaultKeyedRateLimiter<String>>,
    clock: DefaultClock,
}

impl Rates {
    pub(crate) fn new(rate: &Rate) -> Self {
        Self {
            management: limiter(rate.management_per_second, rate.management_burst),
            messages: limiter(rate.messages_per_second, rate.messages_burst),
            clock: DefaultClock::default(),
        }
    }

    /// # Errors
    /// 429, with the time after which to try again.
    pub(crate) fn manage(&self, key: &str) -> Result<(), Fault> {
        let Some(limiter) = &self.management else { return Ok(()) };
        limiter.check_key(&key.to_owned()).map_err(|not_until| too_many(not_until.wait_time_from(self.clock.now())))
    }

    /// # Errors
    /// 429, with the time after which to try again. Without it if there are more messages than the burst allows.
    pub(crate) fn decide(&self, key: &str, messages: usize) -> Result<(), Fault> {
        let Some(limiter) = &self.messages else { return Ok(()) };
        let Some(messages) = u32::try_from(messages).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        match limiter.check_key_n(&key.to_owned(), messages) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(too_many(not_until.wait_time_from(self.clock.now()))),
            Err(_) => Err(Fault::new(
                StatusCode::TOO_MANY_REQUESTS,
                "the request has more messages than may come at once: rate.messages_burst",
            )),
        }
    }
}

fn limiter(per_second: u32, burst: u32) -> Option<DefaultKeyedRateLimiter<String>> {
    let quota = Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(NonZeroU32::new(burst)?);
    Some(DefaultKeyedRateLimiter::keyed(quota))
}

fn too_many(wait: Duration) -> Fault {
    Fault { retry_after: Some(wait), ..Fault::new(StatusCode::TOO_MANY_REQUESTS, "too many requests for this key") }
}
