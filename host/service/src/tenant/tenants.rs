//! All tenants of this node.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use callsign::{Catalog, MemoryBudget};
use hashbrown::HashMap;

use super::usage::{Counts, everything};
use super::{Budget, Tenant};
use crate::change::{Change, Kind};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::state::State;

type ByApplication = HashMap<Box<str>, Arc<Tenant>>;

/// The tenants, by application. Looking one up takes no lock.
pub(crate) struct Tenants {
    by_application: ArcSwap<ByApplication>,
    /// Held while one is added or removed.
    changing: Mutex<()>,
    limits: crate::config::Tenant,
    metrics: Arc<Metrics>,
    /// The memory of all policies' instances.
    memory: Arc<MemoryBudget>,
    /// What tenants together may have of it.
    memory_together: Arc<MemoryBudget>,
}

impl Tenants {
    pub(crate) fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        let memory = Arc::clone(MemoryBudget::process());
        memory.set_limit(config.limits.instance_bytes);
        // The platform's policies always have room that no tenant can take.
        let memory_together = MemoryBudget::within(&memory, config.tenant.together(config.limits.instance_bytes));
        Self {
            by_application: ArcSwap::default(),
            changing: Mutex::default(),
            limits: config.tenant.clone(),
            metrics,
            memory,
            memory_together,
        }
    }

    /// Sets the most memory of all policies' instances, of tenants' and the platform's.
    pub(crate) fn set_process_memory(&self, bytes: usize) {
        self.memory.set_limit(bytes);
        self.memory_together.set_limit(self.limits.together(bytes));
    }

    /// The tenant of an application. What it uses is counted from now on if this is the first time.
    pub(crate) fn of(&self, application: &str) -> Arc<Tenant> {
        if let Some(tenant) = self.by_application.load().get(application) {
            return Arc::clone(tenant);
        }
        self.change(|all| {
            let new = || self.new_tenant(application);
            Arc::clone(all.entry(application.into()).or_insert_with(new))
        })
    }

    fn new_tenant(&self, application: &str) -> Arc<Tenant> {
        let bytes = if self.limits.instance_bytes == 0 { usize::MAX } else { self.limits.instance_bytes };
        let memory = MemoryBudget::within(&self.memory_together, bytes);
        Arc::new(Tenant::new(application, &self.limits, Arc::clone(&self.metrics), memory))
    }

    /// The memory for policies that are bound for an application and its entities, or for the platform.
    pub(crate) fn memory(&self, application: Option<&str>) -> Arc<MemoryBudget> {
        application.map_or_else(|| Arc::clone(&self.memory), |application| Arc::clone(&self.of(application).memory))
    }

    fn change<T>(&self, change: impl FnOnce(&mut ByApplication) -> T) -> T {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = ByApplication::clone(&self.by_application.load());
        let changed = change(&mut all);
        self.by_application.store(Arc::new(all));
        changed
    }

    /// Counts everything that is stored. Tenants that are there keep their places and rates.
    pub(crate) fn count_all(&self, catalog: &Catalog, state: &State) {
        let mut counts = everything(catalog, state);
        self.change(|all| {
            all.retain(|application, _| catalog.application(application).is_some());
            for application in counts.keys() {
                all.entry((&**application).into()).or_insert_with(|| self.new_tenant(application));
            }
            all.iter().for_each(|(application, tenant)| {
                tenant.set_stored(&counts.remove(&**application).unwrap_or_default());
            });
        });
    }

    /// Counts what a revision changed. Applications that it removed are forgotten.
    pub(crate) fn count(&self, more: &HashMap<String, Counts>, changes: &[Change]) {
        for (application, more) in more {
            self.of(application).add_stored(more);
        }
        let is_removal = |change: &&Change| change.kind == Kind::Application && change.body.is_none();
        if changes.iter().any(|change| is_removal(&change)) {
            self.change(|all| changes.iter().filter(is_removal).for_each(|change| drop(all.remove(&*change.key))));
        }
    }

    /// Tells the log how many lines of policies were dropped.
    pub(crate) fn tell_dropped_lines(&self) {
        self.by_application.load().values().for_each(|tenant| tenant.log.tell_dropped());
    }

    /// The largest part of each budget that any tenant uses: 1 is all of it. Budgets without a limit are left out.
    pub(crate) fn highest(&self) -> [Option<f64>; Budget::ALL.len()] {
        let mut highest = [None; Budget::ALL.len()];
        for tenant in self.by_application.load().values() {
            for (highest, used) in highest.iter_mut().zip(tenant.usage()) {
                let part = used.limit.map(|limit| used.used as f64 / limit as f64);
                *highest = [*highest, part].into_iter().flatten().reduce(f64::max);
            }
        }
        highest
    }
}
