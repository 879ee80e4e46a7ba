//! `[health]`: how the health of senders follows from delivery receipts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When a sender falls for a channel and a country, and when it is well again. All nodes of a fleet should have the same.
///
/// The failure rate is the part of the receipts that are not `delivered`, where each `blocked` counts as several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Health {
    /// How far back receipts count. It slides in six steps. 1 to 86,400.
    pub window_seconds: u64,
    /// How many receipts of the window it takes to say anything. At least 1.
    pub least_receipts: u64,
    /// The failure rate from which a sender is unhealthy, in hundredths. 1 to 100.
    pub fall_percent: u64,
    /// The failure rate up to which a sender that fell is healthy again, in hundredths. Less than `fall_percent`.
    pub recover_percent: u64,
    /// As how many receipts a `blocked` one counts. 1 to 100.
    pub blocked_weight: u64,
    /// After what time a sender that fell is tried again. If it falls at once, the next time is twice as long. 1 to 86,400.
    pub retry_seconds: u64,
    /// The longest such time. At least `retry_seconds`, at most 86,400.
    pub longest_retry_seconds: u64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            window_seconds: 300,
            least_receipts: 30,
            fall_percent: 50,
            recover_percent: 20,
            blocked_weight: 3,
            retry_seconds: 300,
            longest_retry_seconds: 3_600,
        }
    }
}

impl Health {
    /// Checks ranges, and values that depend on each other.
    pub(super) fn check(&self) -> Result<(), String> {
        let ranges = [
            ("window_seconds", self.window_seconds, 1, 86_400),
            ("least_receipts", self.least_receipts, 1, 1_000_000),
            ("fall_percent", self.fall_percent, 1, 100),
            ("recover_percent", self.recover_percent, 0, self.fall_percent.saturating_sub(1)),
            ("blocked_weight", self.blocked_weight, 1, 100),
            ("retry_seconds", self.retry_seconds, 1, 86_400),
            ("longest_retry_seconds", self.longest_retry_seconds, self.retry_seconds, 86_400),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((name, value, least, most)) => Err(format!("health.{name} is {value}, and not {least} to {most}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_never_fall_or_never_recover_is_refused_with_the_range() {
        let well = Health::default();
        assert_eq!(well.check(), Ok(()));
        for (wrong, reason) in [
            (Health { window_seconds: 0, ..well.clone() }, "health.window_seconds is 0, and not 1 to 86400"),
            (Health { least_receipts: 0, ..well.clone() }, "health.least_receipts is 0, and not 1 to 1000000"),
            (Health { fall_percent: 101, ..well.clone() }, "health.fall_percent is 101, and not 1 to 100"),
            (Health { recover_percent: 50, ..well.clone() }, "health.recover_percent is 50, and not 0 to 49"),
            (Health { blocked_weight: 0, ..well.clone() }, "health.blocked_weight is 0, and not 1 to 100"),
            (Health { retry_seconds: 86_401, ..well.clone() }, "health.retry_seconds is 86401, and not 1 to 86400"),
            (
                Health { longest_retry_seconds: 299, ..well.clone() },
                "health.longest_retry_seconds is 299, and not 300 to 86400",
            ),
        ] {
            assert_eq!(wrong.check(), Err(reason.to_owned()));
        }
    }
}
