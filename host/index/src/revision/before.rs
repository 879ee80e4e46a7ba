//! What of the revision before still holds: a scope of which nothing changed is kept, with the pools that it has indexed and
//! the number that policies know it by.

use std::sync::Arc;

use super::Revision;
use crate::scope::Scope;
use callsign_catalog::Catalog;
use callsign_catalog::persistent::PVec;

/// The revision before, and what a new catalog changed.
pub(super) struct Before<'a> {
    pub(super) revision: &'a Revision,
    /// By index, whether an element is what it was; none where all are.
    senders: Option<Vec<bool>>,
    strategies: Option<Vec<bool>>,
}

impl<'a> Before<'a> {
    pub(super) fn new(revision: &'a Revision, catalog: &Catalog) -> Self {
        let before = &revision.catalog;
        // Strategies name senders by their index, so a list that is equal may mean others.
        let senders = unchanged(before.senders(), catalog.senders());
        let mut strategies = unchanged(before.strategies(), catalog.strategies());
        if let Some(senders) = &senders {
            let means_the_same = |listed: &Option<Arc<[u32]>>| {
                listed.iter().flat_map(|listed| listed.iter()).all(|&sender| holds(Some(senders), sender))
            };
            let strategies =
                strategies.get_or_insert_with(|| vec![true; before.strategies().len().min(catalog.strategies().len())]);
            for (unchanged, strategy) in strategies.iter_mut().zip(catalog.strategies()) {
                *unchanged &= means_the_same(&strategy.senders);
            }
        }
        Self { revision, senders, strategies }
    }

    /// The scope that was in a place, if a new one is the same in everything that a decision can depend on.
    pub(super) fn same(&self, place: u32, scope: &Scope) -> Option<Arc<Scope>> {
        let known = &self.revision.scopes[place as usize];
        let is_same = known.is_like(scope)
            && scope.members.iter().all(|member| holds(self.senders.as_ref(), member.sender))
            && scope.strategies.iter().all(|&strategy| holds(self.strategies.as_ref(), strategy));
        is_same.then(|| Arc::clone(known))
    }
}

fn holds(unchanged: Option<&Vec<bool>>, index: u32) -> bool {
    unchanged.is_none_or(|unchanged| unchanged.get(index as usize).copied().unwrap_or(false))
}

fn unchanged<T: PartialEq>(before: &PVec<T>, after: &PVec<T>) -> Option<Vec<bool>> {
    if before.is_same(after) {
        return None;
    }
    let mut unchanged = vec![true; before.len().min(after.len())];
    before.differences(after).for_each(|changed| unchanged[changed] = false);
    Some(unchanged)
}
