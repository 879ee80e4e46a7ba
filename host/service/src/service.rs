//! The service: a gateway, the catalog store, and what keeps the gateway up to date with the store.

mod apply;
mod audit_retention;
mod auto_update;
mod bodies;
mod build_binding;
mod catch_up;
mod commit;
mod distrust;
mod entity_autocreate;
mod fleet;
mod follow_repositories;
mod gateway_events;
mod load;
mod log_events;
mod plan;
mod receipts;
mod reconcile;
mod renumber;
mod seed_module_keys;
mod signals;
mod take_module;
mod upgrade;
mod validate;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use arc_swap::ArcSwap;
use callsign::{Gateway, Numbering, Policy, Revision, StickyStore};
use tokio::sync::{Mutex, watch};

pub(crate) use self::bodies::{Bodies, PullRoom};
use self::commit::WaitingChanges;
use self::distrust::Distrust;
use self::entity_autocreate::EntityAutocreate;
use self::fleet::Node;
pub(crate) use self::fleet::{AWAY, Serving};
use self::follow_repositories::FollowedRepositories;
pub use self::load::StartError;
pub(crate) use self::load::whole;
pub(crate) use self::plan::{Author, Plan, View, edited, fault_of};
use self::reconcile::AppliedBindings;
pub(crate) use self::signals::SenderHealth;
pub(crate) use self::take_module::{NewModule, SIGNATURE_HEADER, TakenModule};
use crate::bulk_lane::BulkLane;
use crate::config::{Config, Limits};
use crate::decision_log::DecisionLog;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::module_cache::ModuleCache;
use crate::outage::Outage;
use crate::refused_traffic::RefusedTraffic;
use crate::registry::Registry;
use crate::reused_ids::ReusedIds;
use crate::session::SessionKey;
use crate::state::State;
use crate::store::{Store, StoreError};
use crate::tenant::Tenants;
use crate::tenant_turns::TenantTurns;
use crate::what_if_jobs::WhatIfJobs;

/// Everything that handlers need.
pub(crate) struct Service {
    /// Which node of its fleet it is.
    pub(crate) node: Node,
    /// As it was at the start.
    pub(crate) config: Config,
    /// `[limits]` as they are now.
    pub(crate) limits: ArcSwap<Limits>,
    /// Bytes of bodies in memory. What came before a reload keeps what it has of the room of that time.
    pub(crate) bodies: ArcSwap<Bodies>,
    pub(crate) gateway: Gateway,
    pub(crate) sticky: Arc<dyn StickyStore>,
    pub(crate) store: Arc<Store>,
    pub(crate) modules: Arc<ModuleCache>,
    /// Where everything is done but short decisions.
    pub(crate) bulk: BulkLane,
    pub(crate) events: Events,
    pub(crate) tenants: Tenants,
    pub(crate) metrics: Arc<Metrics>,
    /// Entities to create because a message named them.
    pub(crate) entity_autocreate: EntityAutocreate,
    /// The OCI registries that modules come from.
    pub(crate) registry: Registry,
    /// What is known of the repositories that bindings follow.
    followed_repositories: FollowedRepositories,
    /// What was applied to the gateway.
    applied: AppliedBindings,
    /// What the bindings were last looked at with, for modules that may not run any more.
    distrust: Distrust,
    /// The policy that stands in for those that may not run.
    standard: Arc<Policy>,
    /// Turns to try and to start policies.
    starts: TenantTurns,
    /// Turns to audit the coverage, and to read an earlier catalog.
    pub(crate) audits: TenantTurns,
    /// Turns to look decisions up.
    pub(crate) lookups: TenantTurns,
    /// Comparisons of recorded traffic.
    pub(crate) what_ifs: WhatIfJobs,
    /// What is known of the world's numbers, for every catalog.
    pub(crate) numbering: Arc<Numbering>,
    /// Which messages were refused.
    pub(crate) refused_traffic: RefusedTraffic,
    /// Where decisions are recorded; `None` if they are not.
    pub(crate) decision_log: Option<DecisionLog>,
    /// What sessions of the console are signed with.
    pub(crate) session_key: SessionKey,
    /// Which decisions of the log are not of the application that has their id now.
    pub(crate) reused_ids: ReusedIds,
    /// What is known of the health of senders.
    pub(crate) sender_health: SenderHealth,
    state: ArcSwap<State>,
    /// Held while revisions are made here, or taken over from another node.
    writer: Mutex<()>,
    waiting: WaitingChanges,
    /// Whether the catalog is being numbered anew.
    renumbering: AtomicBool,
    /// Whether the catalog store answers, and the store of pins.
    pub(crate) catalog_outage: Outage,
    pub(crate) pin_outage: Arc<Outage>,
    /// Set to `true` when the service shuts down; background tasks watch it.
    pub(crate) ending: watch::Sender<bool>,
}

impl Service {
    /// The current state: everything besides the catalog.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// The catalog that decides now.
    pub(crate) fn revision(&self) -> Arc<Revision> {
        self.gateway.revision()
    }

    /// The current catalog and state.
    pub(crate) fn view(&self) -> View {
        View { revision: self.revision(), state: self.state() }
    }

    /// Whether changes can be made, as far as this node knows.
    pub(crate) fn is_changeable(&self) -> bool {
        !self.catalog_outage.is_away()
    }

    /// Waits until the service shuts down.
    pub(crate) async fn ended(&self) {
        // The sender lives as long as the service, so waiting cannot fail.
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// Measures an operation of the catalog store.
    pub(crate) async fn stored<T>(&self, operation: &'static str, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let answer = work.await;
        self.metrics.stored("catalog", operation, began.elapsed());
        answer
    }

    /// Notes how an operation of the catalog store went.
    fn note<T>(&self, result: &Result<T, StoreError>) {
        match result {
            Err(StoreError::Unavailable(reason)) => self.catalog_outage.failed(1, reason),
            _ => self.catalog_outage.works(),
        }
    }
}
