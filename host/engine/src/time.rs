//! The time that a call may take: what is left of its request, or a first deadline that only quick calls meet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;
use crate::failure::Failure;
use crate::limits::Limits;

/// How long a call may run, where that is less than the deadline of its policy. A call that runs longer is stopped, and
/// fails as [`Failure::Stopped`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTime(pub(super) u64);

impl CallTime {
    /// The policy's own deadline.
    pub const FULL: Self = Self(u64::MAX);

    /// The first deadline of a call: 0.5 to 1 ms, and 0.5 ms more for 256 messages. Warm decisions take a thousandth of
    /// that. It is short enough for a thread that others wait for.
    #[inline]
    pub fn first(messages: usize) -> Self {
        Self(2 + messages as u64 / Limits::BATCH as u64)
    }

    /// This many times as long.
    #[inline]
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// How long a request may take, for all calls of policies that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLength {
    ticks: u64,
    length: Duration,
}

impl RequestLength {
    /// A request of this length.
    pub fn new(length: Duration) -> Self {
        Self { ticks: clock::ticks(length), length }
    }

    /// This many times as long.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let length = self.length.saturating_mul(times);
        Self { ticks: self.ticks.saturating_mul(u64::from(times)), length }
    }
}

/// The time of a request that is under way.
#[derive(Debug, Clone, Copy)]
pub struct RequestTime {
    began: u64,
    length: RequestLength,
}

impl RequestTime {
    /// A request that begins now.
    #[inline]
    pub fn begin(length: RequestLength) -> Self {
        Self { began: clock::begin(), length }
    }

    /// How long the next call of a policy with these limits may take; `None` if the request's time is used up. A request
    /// has at least the time of one call.
    #[inline]
    pub fn left(&self, limits: &Limits) -> Option<CallTime> {
        let all = if limits.deadline > self.length.length { clock::ticks(limits.deadline) } else { self.length.ticks };
        // The last tick is a part of one.
        all.checked_sub(self.spent()).filter(|&left| left > 1).map(CallTime)
    }

    /// The ticks of [`Limits::TICK`] since it began.
    #[inline]
    pub fn spent(&self) -> u64 {
        clock::now() - self.began
    }

    /// Why a message of the request fails that is left when its time is used up.
    pub fn used_up(&self) -> Failure {
        Failure::RequestTime(self.length.length)
    }
}

/// The time that the wordings of one request share when they are asked for after the request is over.
#[derive(Debug)]
pub struct WordingTime {
    left: AtomicU64,
    length: Duration,
}

impl WordingTime {
    /// As much as a request may take.
    pub fn new(length: RequestLength) -> Self {
        Self { left: AtomicU64::new(length.ticks), length: length.length }
    }

    /// Makes a call within what is left, and takes what it took.
    pub(super) fn spend<T>(&self, call: impl FnOnce(CallTime) -> Result<T, Failure>) -> Result<T, Failure> {
        let used_up = || Failure::RequestTime(self.length);
        let left = self.left.load(Ordering::Relaxed);
        if left <= 1 {
            return Err(used_up());
        }
        let began = clock::begin();
        let result = call(CallTime(left));
        let spent = clock::now() - began;
        // The sum of the calls' times counts, also if they overlap.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(spent)));
        result.map_err(|failure| if failure == Failure::Stopped { used_up() } else { failure })
    }
}
