//! The room for bodies in memory: those of requests, and what is pulled from registries. It is taken as the bytes arrive.

use std::sync::Arc;
use std::time::Duration;

use super::Service;
use crate::config::Config;
use crate::fault::Fault;
use crate::tenant::{Budget, Full, Held, Room, Share, Tenant};

/// The room. The platform always has some for any body, and tenants together at least for one of theirs.
pub(crate) struct Bodies {
    all: Arc<Share>,
    /// What pulls of tenants together may have of it: half of the tenants' part, so that registries that send the most of a
    /// component and then nothing keep no request out.
    pulls: Arc<Room>,
}

/// The room of what is pulled for somebody, until it is dropped.
#[derive(Debug)]
pub(crate) struct PullRoom {
    body: Held,
    /// `None` for the platform.
    of_pulls: Option<Held>,
}

impl Bodies {
    pub(crate) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let (largest, of_tenants) = (limits.largest_body(), limits.largest_body_of_tenants());
        let tenants = config.tenant.together(limits.bodies_bytes).min(limits.bodies_bytes - largest).max(of_tenants);
        let pulls = (tenants / 2).max(of_tenants);
        Self { all: Share::new(limits.bodies_bytes, tenants), pulls: Arc::new(Room::new(pulls)) }
    }

    /// Nothing yet, for a body of a tenant or of the platform.
    fn body(&self, tenant: Option<&Arc<Tenant>>) -> Held {
        self.all.hold(tenant.map(|tenant| &tenant.bodies))
    }
}

impl PullRoom {
    /// Has exactly so much from here on.
    ///
    /// # Errors
    /// There is not so much.
    pub(crate) fn set(&mut self, bytes: usize) -> Result<(), Full> {
        self.body.set(bytes)?;
        self.of_pulls.as_mut().map_or(Ok(()), |pulls| pulls.set(bytes)).map_err(|_| Full::Process)
    }
}

impl Service {
    /// Nothing yet of the room for bodies, for a tenant or for the platform.
    pub(crate) fn room_for_body(&self, tenant: Option<&Arc<Tenant>>) -> Held {
        self.bodies.load().body(tenant)
    }

    /// The same for what is pulled from a registry.
    pub(crate) fn room_for_pull(&self, tenant: Option<&Arc<Tenant>>) -> PullRoom {
        let bodies = self.bodies.load();
        PullRoom { body: bodies.body(tenant), of_pulls: tenant.map(|_| Held::none_of(&bodies.pulls)) }
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
