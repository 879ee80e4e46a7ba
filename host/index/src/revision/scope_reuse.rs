//! Which scopes of the revision before can be kept: those of which nothing changed, with the pools that they have indexed
//! and the number that policies know them by.

use std::sync::Arc;

use callsign_catalog::{Catalog, SlotVec};

use super::Revision;
use crate::scope::Scope;

/// The revision before, and which of its elements a new catalog did not change.
pub(super) struct ScopeReuse<'a> {
    pub(super) revision: &'a Revision,
    catalog: &'a Catalog,
    /// By index, whether a sender is unchanged; none if all are.
    senders: Option<Vec<bool>>,
    /// The same for strategies.
    strategies: Option<Vec<bool>>,
}

impl<'a> ScopeReuse<'a> {
    pub(super) fn new(revision: &'a Revision, catalog: &'a Catalog) -> Self {
        let before = &revision.catalog;
        let senders = unchanged(before.senders(), catalog.senders());
        let mut strategies = unchanged(before.strategies(), catalog.strategies());
        // Strategies name senders by index, so an equal list can mean other senders.
        if let Some(senders) = &senders {
            let means_the_same = |listed: &Option<Arc<[u32]>>| {
                listed.iter().flat_map(|listed| listed.iter()).all(|&sender| is_unchanged(Some(senders), sender))
            };
            let strategies =
                strategies.get_or_insert_with(|| vec![true; shorter(before.strategies(), catalog.strategies())]);
            for (unchanged, strategy) in strategies.iter_mut().zip(catalog.strategies().slots()) {
                *unchanged &= strategy.as_ref().is_some_and(|strategy| means_the_same(&strategy.senders));
            }
        }
        Self { revision, catalog, senders, strategies }
    }

    /// The scope that had a handle, if a new one is the same in everything that a decision can depend on.
    pub(super) fn unchanged_scope(&self, handle: u32, scope: &Scope) -> Option<Arc<Scope>> {
        let known = &self.revision.scopes[handle as usize];
        let is_same = known.is_like(scope)
            && self.has_same_attributes(scope)
            && scope.members.iter().all(|member| is_unchanged(self.senders.as_ref(), member.sender))
            && scope.strategies.iter().all(|&strategy| is_unchanged(self.strategies.as_ref(), strategy));
        is_same.then(|| Arc::clone(known))
    }

    /// Whether the application and the entity of a scope, which have kept their indexes, have the attributes that they had.
    fn has_same_attributes(&self, scope: &Scope) -> bool {
        let (before, after) = (&self.revision.catalog, self.catalog);
        let application = |index: u32| {
            before.applications()[index as usize].attributes == after.applications()[index as usize].attributes
        };
        let entity =
            |index: u32| before.entities()[index as usize].attributes == after.entities()[index as usize].attributes;
        scope.application.is_none_or(application) && scope.entity.is_none_or(entity)
    }
}

fn is_unchanged(unchanged: Option<&Vec<bool>>, index: u32) -> bool {
    unchanged.is_none_or(|unchanged| unchanged.get(index as usize).copied().unwrap_or(false))
}

fn unchanged<T: PartialEq>(before: &SlotVec<T>, after: &SlotVec<T>) -> Option<Vec<bool>> {
    if before.is_same(after) {
        return None;
    }
    let mut unchanged = vec![true; shorter(before, after)];
    before.slots().differences(after.slots()).for_each(|changed| unchanged[changed] = false);
    Some(unchanged)
}

/// How many slots both lists have.
fn shorter<T>(before: &SlotVec<T>, after: &SlotVec<T>) -> usize {
    before.slots().len().min(after.slots().len())
}
