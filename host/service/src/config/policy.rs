//! `[policy]`: the limits of every policy.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The limits of every policy, the standard one included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicyLimits {
    /// How long a call may run, for one message or up to 256. 1 to 10,000.
    pub deadline_milliseconds: u64,
    /// The most linear memory of an instance, at least 1 MiB and at most 1 GiB.
    pub memory_bytes: usize,
    /// The most linear memory of all idle instances of a policy together. Instances of up to 1/128 of it are always kept.
    pub idle_memory_bytes: usize,
    /// How many imports a call may make for each of its messages.
    pub imports: u32,
    /// How many bytes of strings and lists a call may give back.
    pub returned_bytes: usize,
}

impl Default for PolicyLimits {
    fn default() -> Self {
        let limits = callsign::Limits::default();
        Self {
            deadline_milliseconds: limits.deadline.as_millis() as u64,
            memory_bytes: limits.memory,
            idle_memory_bytes: limits.idle_memory,
            imports: limits.imports,
            returned_bytes: limits.returned,
        }
    }
}

impl PolicyLimits {
    /// As the engine takes them.
    pub(crate) fn limits(&self) -> callsign::Limits {
        let mut limits = callsign::Limits::default();
        limits.deadline = Duration::from_millis(self.deadline_milliseconds);
        limits.memory = self.memory_bytes;
        limits.idle_memory = self.idle_memory_bytes;
        limits.imports = self.imports;
        limits.returned = self.returned_bytes;
        limits
    }

    /// Checks ranges.
    pub(super) fn check(&self) -> Result<(), String> {
        let ranges = [
            ("deadline_milliseconds", self.deadline_milliseconds, 1, 10_000),
            ("memory_bytes", self.memory_bytes as u64, 1 << 20, 1 << 30),
            ("idle_memory_bytes", self.idle_memory_bytes as u64, 1 << 20, 1 << 40),
            ("imports", self.imports.into(), 1, 1_000_000_000),
            ("returned_bytes", self.returned_bytes as u64, 1 << 10, 1 << 30),
        ];
        let wrong = ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value));
        wrong.map_or(Ok(()), |(name, value, least, most)| {
            Err(format!("policy.{name} is {value}, and not {least} to {most}"))
        })
    }
}
