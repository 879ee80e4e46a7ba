//! References after the last edit: the ids that elements name, as indexes.

use super::{
    Edit, EditError,
    plan::Plan,
    slots::{Draft, Positions},
};
use crate::{
    Catalog,
    ids::KnownIds,
    model::{Association, DefaultSender, OtherAssociation, Strategy},
};

/// The elements that edits put, by number, with their references as indexes after the last edit.
pub(super) struct Resolved {
    pub(super) associations: Vec<Option<Association>>,
    pub(super) other_associations: Vec<Option<OtherAssociation>>,
    pub(super) strategies: Vec<Option<Strategy>>,
    pub(super) default_senders: Vec<Option<DefaultSender>>,
    pub(super) indexes: NewIndexes,
}

/// The new indexes of the elements that others refer to.
pub(super) struct NewIndexes {
    pub(super) applications: Positions,
    pub(super) entities: Positions,
    pub(super) senders: Positions,
}

impl<'e> Plan<'e> {
    /// Looks up the references of all elements that edits put.
    pub(super) fn resolve(&self, catalog: &Catalog, edits: &[Edit<'_>]) -> Result<Resolved, EditError> {
        let indexes = NewIndexes {
            applications: self.applications.slots.positions(),
            entities: self.entities.slots.positions(),
            senders: self.senders.slots.positions(),
        };
        let known = KnownIds {
            applications: self.applications.ids(&indexes.applications),
            entities: self.entities.ids(&indexes.entities),
            senders: self.senders.ids(&indexes.senders),
        };
        let mut complete = true;
        let associations = resolve(&self.associations, &mut complete, |ids, ()| ids.acted_on(ids.resolve(&known)?));
        let other_associations =
            resolve(&self.other_associations, &mut complete, |ids, ()| ids.resolve(&known).map(|_| ids.not_acted_on()));
        let strategies = resolve(&self.strategies, &mut complete, |_, strategy| strategy.resolve(&known));
        let default_senders = resolve(&self.default_senders, &mut complete, |_, default| default.resolve(&known));
        if !complete || self.dangles(catalog, &indexes) {
            return Err(self.dangling(catalog, edits, &known));
        }
        Ok(Resolved { associations, other_associations, strategies, default_senders, indexes })
    }

    /// Whether an element that no edit put refers to one that was removed.
    fn dangles(&self, catalog: &Catalog, indexes: &NewIndexes) -> bool {
        if !indexes.have_moved() {
            return false;
        }
        let is_removed = |application: u32, entity: Option<u32>, senders: &[u32]| {
            indexes.applications.of(application).is_none()
                || entity.is_some_and(|entity| indexes.entities.of(entity).is_none())
                || senders.iter().any(|&sender| indexes.senders.of(sender).is_none())
        };
        let mut associations = self.associations.kept_slots(&catalog.associations);
        let mut others = self.other_associations.kept_slots(&catalog.other_associations);
        let mut strategies = self.strategies.kept(&catalog.strategies);
        let mut defaults = self.default_senders.kept_slots(&catalog.default_senders);
        associations.any(|one| is_removed(one.application, one.entity, &[one.sender]))
            || others.any(|other| self.references(other).any(|reference| self.lacks(reference)))
            || strategies.any(|strategy| {
                is_removed(strategy.application, strategy.entity, strategy.senders.as_deref().unwrap_or_default())
            })
            || defaults.any(|default| is_removed(default.application, default.entity, &[default.sender]))
    }
}

/// Looks up the references of what was put and is there after the last edit. `complete` becomes false if any is missing.
fn resolve<K: std::hash::Hash + Eq + Clone, T, E>(
    draft: &Draft<K, T>,
    complete: &mut bool,
    mut resolve: impl FnMut(&K, &T) -> Option<E>,
) -> Vec<Option<E>> {
    let mut resolved: Vec<Option<E>> = Vec::new();
    resolved.resize_with(draft.puts.len(), || None);
    for (number, put) in draft.present() {
        let element = resolve(&draft.keys[put.key as usize], &put.element);
        *complete &= element.is_some();
        resolved[number as usize] = element;
    }
    resolved
}

// === impl NewIndexes ===

impl NewIndexes {
    /// Whether an element of the catalog may have another index now, or none.
    pub(super) fn have_moved(&self) -> bool {
        self.applications.have_moved() || self.entities.have_moved() || self.senders.have_moved()
    }
}
