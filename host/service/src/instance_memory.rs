//! The memory that instances of policies may have: a budget for each tenant, one for all tenants together, and one for the
//! process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use callsign::MemoryBudget;

use crate::config::Config;

/// The budgets, made when a policy of a tenant is loaded.
pub(crate) struct InstanceMemory {
    process: Arc<MemoryBudget>,
    tenants: Arc<MemoryBudget>,
    of_each: usize,
    budgets: Mutex<HashMap<String, Weak<MemoryBudget>>>,
}

impl InstanceMemory {
    pub(crate) fn new(config: &Config) -> Self {
        let process = Arc::clone(MemoryBudget::process());
        process.set_limit(config.limits.instance_bytes);
        // The platform's policies always have room that no tenant can take.
        let tenants = MemoryBudget::within(&process, config.limits.instance_bytes / 4 * 3);
        let of_each = match config.tenant.instance_bytes {
            0 => usize::MAX,
            bytes => bytes,
        };
        Self { process, tenants, of_each, budgets: Mutex::default() }
    }

    /// The budget of the policies that are bound for an application and its entities, or for the platform (`None`).
    pub(crate) fn of(&self, application: Option<&str>) -> Arc<MemoryBudget> {
        let Some(application) = application else { return Arc::clone(&self.process) };
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = budgets.get(application).and_then(Weak::upgrade) {
            return budget;
        }
        // Policies keep their budget, so these have none.
        budgets.retain(|_, budget| budget.strong_count() > 0);
        let budget = MemoryBudget::within(&self.tenants, self.of_each);
        budgets.insert(application.to_owned(), Arc::downgrade(&budget));
        budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_of_a_tenant_share_a_budget_and_others_have_another() {
        let memory = InstanceMemory::new(&Config::default());
        let shop = memory.of(Some("shop"));
        assert!(Arc::ptr_eq(&shop, &memory.of(Some("shop"))));
        assert!(!Arc::ptr_eq(&shop, &memory.of(Some("care"))));
        assert_eq!((shop.limit(), memory.of(None).limit()), (256 << 20, 2 << 30));
    }
}
