//! The room for bodies in memory: those of requests, and what is pulled from registries. It is taken as the bytes arrive.

use std::sync::Arc;
use std::time::Duration;

use super::Service;
use crate::config::Config;
use crate::fault::Fault;
use crate::tenant::{Budget, Full, Held, Share, Tenant};

/// The room of a configuration. The platform always has room for any body, and tenants together at least for one of theirs.
pub(crate) fn room_for_bodies(config: &Config) -> Arc<Share> {
    let limits = &config.limits;
    let (largest, of_tenants) = (limits.largest_body(), limits.largest_body_of_tenants());
    let bodies = config.tenant.together(limits.bodies_bytes).min(limits.bodies_bytes - largest).max(of_tenants);
    Share::new(limits.bodies_bytes, bodies)
}

impl Service {
    /// Nothing yet of the room for bodies, for a tenant or for the platform.
    pub(crate) fn room_for_body(&self, tenant: Option<&Arc<Tenant>>) -> Held {
        self.bodies.load().hold(tenant.map(|tenant| &tenant.bodies))
    }

    /// 429: a tenant has all the room that it may have. 503: there is no more.
    pub(crate) fn no_room(&self, full: Full, tenant: Option<&Arc<Tenant>>) -> Fault {
        match (full, tenant) {
            (Full::Tenant, Some(tenant)) => tenant.over(Budget::BodiesBytes, None),
            _ => self.shed("there is no room for the body"),
        }
    }

    /// 503: too much is going on.
    pub(crate) fn shed(&self, why: &str) -> Fault {
        self.metrics.shed.inc();
        Fault::unavailable(format!("too much is going on: {why}"), Duration::from_secs(1))
    }
}
