//! Delivery receipts as numbers.

use serde::{Deserialize, Serialize};

/// How many receipts of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// The handset has the message.
    #[serde(rename = "d")]
    pub(crate) delivered: u64,
    /// The message did not arrive, for whatever reason: the phone is off, or there is no such number.
    #[serde(rename = "u")]
    pub(crate) undelivered: u64,
    /// A carrier refused the message for its sender or its text.
    #[serde(rename = "b")]
    pub(crate) blocked: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, more: Self) {
        self.delivered = self.delivered.saturating_add(more.delivered);
        self.undelivered = self.undelivered.saturating_add(more.undelivered);
        self.blocked = self.blocked.saturating_add(more.blocked);
    }

    pub(crate) fn all(&self) -> u64 {
        self.delivered.saturating_add(self.undelivered).saturating_add(self.blocked)
    }

    /// Whether the failure rate is at least so many hundredths, where each blocked one counts as `weight`.
    pub(crate) fn fail_at_least(&self, percent: u64, weight: u64) -> bool {
        let (failed, all) = self.weighted(weight);
        failed * 100 >= all * u128::from(percent)
    }

    /// Whether the failure rate is at most so many hundredths.
    pub(crate) fn fail_at_most(&self, percent: u64, weight: u64) -> bool {
        let (failed, all) = self.weighted(weight);
        failed * 100 <= all * u128::from(percent)
    }

    fn weighted(&self, weight: u64) -> (u128, u128) {
        let failed = u128::from(self.undelivered) + u128::from(self.blocked) * u128::from(weight);
        (failed, failed + u128::from(self.delivered))
    }
}
