//! The contexts that a process has declared to its log.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::context::{CatalogContext, CatalogId, PolicyContext, PolicyId, SignalsContext, SignalsId};

/// How many states of the signals are kept for records that are still on their way: those that decisions read which began before
/// the newest were reported.
pub(crate) const SIGNALS_KEPT: usize = 16;

/// The contexts that a process has declared. Ids begin at 1: 0 is what a reader calls one that it does not know.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    catalogs: Vec<Arc<CatalogContext>>,
    policies: Vec<Arc<PolicyContext>>,
    signals: VecDeque<(SignalsId, Arc<SignalsContext>)>,
}

impl Declared {
    pub(crate) fn add_catalog(&mut self, catalog: CatalogContext) -> CatalogId {
        // The newest is the most likely.
        let found = self.catalogs.iter().rposition(|known| **known == catalog);
        let index = found.unwrap_or_else(|| {
            self.catalogs.push(Arc::new(catalog));
            self.catalogs.len() - 1
        });
        CatalogId(index as u32 + 1)
    }

    pub(crate) fn add_policy(&mut self, policy: PolicyContext) -> PolicyId {
        let found = self.policies.iter().rposition(|known| **known == policy);
        let index = found.unwrap_or_else(|| {
            self.policies.push(Arc::new(policy));
            self.policies.len() - 1
        });
        PolicyId(index as u32 + 1)
    }

    pub(crate) fn add_signals(&mut self, id: SignalsId, signals: SignalsContext) {
        self.signals.push_back((id, Arc::new(signals)));
        if self.signals.len() > SIGNALS_KEPT {
            self.signals.pop_front();
        }
    }

    pub(crate) fn has_signals(&self, id: SignalsId) -> bool {
        self.signals(id).is_some()
    }

    pub(crate) fn catalog(&self, id: CatalogId) -> Option<Arc<CatalogContext>> {
        self.catalogs.get((id.0 as usize).checked_sub(1)?).cloned()
    }

    pub(crate) fn policy(&self, id: PolicyId) -> Option<Arc<PolicyContext>> {
        self.policies.get((id.0 as usize).checked_sub(1)?).cloned()
    }

    pub(crate) fn signals(&self, id: SignalsId) -> Option<Arc<SignalsContext>> {
        self.signals.iter().rev().find(|(known, _)| *known == id).map(|(_, signals)| signals.clone())
    }
}
