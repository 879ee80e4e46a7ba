//! The contexts that a segment has named, for its reader.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use crate::context::{CatalogContext, CatalogId, PolicyContext, PolicyId, SignalsContext, SignalsId};
use crate::context_frame::{self, ContextEntry};
use crate::declared::{Declared, SIGNALS_KEPT};

/// What all readers of a log share, so that a context has the same id in each segment.
#[derive(Debug, Default)]
pub(crate) struct SharedContexts {
    declared: Mutex<Declared>,
    signals: AtomicU64,
}

impl SharedContexts {
    fn with<T>(&self, work: impl FnOnce(&mut Declared) -> T) -> T {
        work(&mut self.declared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn catalog(&self, id: CatalogId) -> Option<Arc<CatalogContext>> {
        self.with(|declared| declared.catalog(id))
    }

    pub(crate) fn policy(&self, id: PolicyId) -> Option<Arc<PolicyContext>> {
        self.with(|declared| declared.policy(id))
    }
}

/// The contexts that a segment has named so far. Ids are those of the reader, 0 for what the segment did not name.
#[derive(Debug, Clone)]
pub(crate) struct SegmentContexts {
    shared: Arc<SharedContexts>,
    catalogs: HashMap<u32, CatalogId>,
    policies: HashMap<u32, PolicyId>,
    /// The last ones, with their id in the segment. What is older is named again before it is used again.
    signals: VecDeque<(u64, SignalsId, Arc<SignalsContext>)>,
}

impl SegmentContexts {
    pub(crate) fn new(shared: Arc<SharedContexts>) -> Self {
        Self { shared, catalogs: HashMap::new(), policies: HashMap::new(), signals: VecDeque::new() }
    }

    pub(crate) fn shared(&self) -> &SharedContexts {
        &self.shared
    }

    /// Takes in a frame of contexts.
    pub(crate) fn read(&mut self, payload: &[u8]) -> Result<(), &'static str> {
        // One at a time: signals may differ from others of the same frame, and not all of them are kept.
        let this = RefCell::new(self);
        context_frame::read(payload, |id| this.borrow().base(id), |entry| this.borrow_mut().put(entry))
    }

    fn base(&self, id: u64) -> Option<Arc<SignalsContext>> {
        self.signals.iter().rev().find(|(known, ..)| *known == id).map(|(.., signals)| signals.clone())
    }

    fn put(&mut self, entry: ContextEntry) {
        match entry {
            ContextEntry::Catalog(id, catalog) => {
                self.catalogs.insert(id, self.shared.with(|declared| declared.add_catalog(catalog)));
            }
            ContextEntry::Policy(id, policy) => {
                self.policies.insert(id, self.shared.with(|declared| declared.add_policy(policy)));
            }
            ContextEntry::Signals(id, signals) => {
                let reader_id = SignalsId(self.shared.signals.fetch_add(1, Ordering::Relaxed) + 1);
                self.signals.push_back((id, reader_id, Arc::new(signals)));
                if self.signals.len() > SIGNALS_KEPT {
                    self.signals.pop_front();
                }
            }
        }
    }

    pub(crate) fn catalog_id(&self, id: u32) -> CatalogId {
        self.catalogs.get(&id).copied().unwrap_or(CatalogId(0))
    }

    pub(crate) fn policy_id(&self, id: u32) -> PolicyId {
        self.policies.get(&id).copied().unwrap_or(PolicyId(0))
    }

    pub(crate) fn signals_id(&self, id: u64) -> SignalsId {
        self.signals.iter().rev().find(|(known, ..)| *known == id).map_or(SignalsId(0), |(_, id, _)| *id)
    }

    pub(crate) fn signals(&self, id: SignalsId) -> Option<Arc<SignalsContext>> {
        self.signals.iter().rev().find(|(_, known, _)| *known == id).map(|(.., signals)| signals.clone())
    }
}
