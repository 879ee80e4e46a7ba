//! `[tenant]`: what each tenant may use.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Limits;

/// The budget of each tenant: of all keys of an application together. 0 means no limit, except for `together_percent`.
///
/// Rates and what counts at a time are of this node; what is stored counts once for a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Tenant {
    /// What part of `limits.requests`, `waiting`, `bodies_bytes` and `listeners` all tenants together may take. The
    /// rest is kept for the keys of the platform. 1 to 100, in hundredths.
    pub together_percent: usize,
    /// Requests in progress at a time.
    pub requests: usize,
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// Requests that manage, a second.
    pub management_per_second: u64,
    /// Those of them that may change the platform, a second: all but GET and pins.
    pub changes_per_second: u64,
    /// How many of these may come at once, at least 1.
    pub changes_at_once: u64,
    /// Messages to decide, a second.
    pub messages_per_second: u64,
    /// Time that policies take for its messages, in thousandths of a second a second: 1,000 is one core.
    pub policy_milliseconds_per_second: u64,
    /// Memory of its policies' instances, running and idle together.
    pub instance_bytes: usize,
    /// Bytes of its bodies in memory, and of what is pulled for it from registries.
    pub bodies_bytes: usize,
    /// Modules that are compiled at a time.
    pub compiles: usize,
    /// Lines that its policies log, a second.
    pub log_lines_per_second: u32,
    /// Listeners for events at a time.
    pub listeners: usize,
    /// Failures of its policies that listeners are told of, a second.
    pub events_per_second: u64,
    /// Entities that it made, or that its messages named first.
    pub entities: u64,
    /// Entities that are made because its messages name them, a second.
    pub new_entities_per_second: u64,
    /// Strategies.
    pub strategies: u64,
    /// Associations.
    pub associations: u64,
    /// Bindings.
    pub bindings: u64,
    /// Modules.
    pub modules: u64,
    /// Bytes in the catalog store: modules, bindings, strategies and everything else that is its own.
    pub store_bytes: u64,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            together_percent: 80,
            requests: 32,
            waiting: 128,
            management_per_second: 1_000,
            changes_per_second: 50,
            changes_at_once: 250,
            messages_per_second: 100_000,
            policy_milliseconds_per_second: 500,
            instance_bytes: 256 << 20,
            bodies_bytes: 32 << 20,
            compiles: 1,
            log_lines_per_second: 20,
            listeners: 8,
            events_per_second: 50,
            entities: 100_000,
            new_entities_per_second: 50,
            strategies: 10_000,
            associations: 200_000,
            bindings: 200,
            modules: 50,
            store_bytes: 256 << 20,
        }
    }
}

impl Tenant {
    /// The part of a limit that all tenants together may take; at least 1 of what is not 0.
    pub(crate) fn together(&self, limit: usize) -> usize {
        // Divided first, so that it cannot overflow.
        let part = limit / 100 * self.together_percent + limit % 100 * self.together_percent / 100;
        part.max(limit.min(1))
    }

    /// Checks ranges, and what depends on other limits.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), String> {
        if !(1..=100).contains(&self.together_percent) {
            return Err(format!("tenant.together_percent is {}, and not 1 to 100", self.together_percent));
        }
        let largest = limits.largest_body_of_tenants();
        if self.bodies_bytes > 0 && self.bodies_bytes < largest {
            return Err(format!("tenant.bodies_bytes is less than the largest body that a tenant may send, {largest}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_together_have_a_part_and_always_something_of_what_there_is() {
        let tenant = Tenant::default();
        assert_eq!([0, 1, 2, 256, 1_024].map(|limit| tenant.together(limit)), [0, 1, 1, 204, 819]);
        assert_eq!(Tenant { together_percent: 100, ..tenant }.together(usize::MAX), usize::MAX);
    }
}
