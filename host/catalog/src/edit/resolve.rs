//! References after the last edit: the ids that elements name, as indexes.

use hashbrown::HashMap;

use super::{
    Edit, EditError,
    plan::Plan,
    slots::{Draft, Positions, Slots},
};
use crate::{
    Catalog,
    ids::KnownIds,
    lookup::Target,
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
        let mut indexes = NewIndexes {
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
        let kept = self.kept_references(catalog);
        if !complete || self.dangles(&kept) {
            return Err(self.dangling(catalog, edits, &known));
        }
        indexes.applications.keep_moved(|before| kept.has(Target::Application, before));
        indexes.entities.keep_moved(|before| kept.has(Target::Entity, before));
        indexes.senders.keep_moved(|before| kept.has(Target::Sender, before));
        Ok(Resolved { associations, other_associations, strategies, default_senders, indexes })
    }

    /// What the elements that no edit put refer to.
    fn kept_references<'c>(&self, catalog: &'c Catalog) -> KeptReferences<'c> {
        let mut kept = KeptReferences { catalog, not_kept: HashMap::new() };
        let lists = [&self.applications.slots, &self.entities.slots, &self.senders.slots];
        if lists.into_iter().any(|slots| slots.left().next().is_some()) {
            let mut note = |target, index| *kept.not_kept.entry((target, index)).or_default() += 1;
            self.associations.not_kept(&catalog.associations).for_each(|one| catalog.referred_by(one, &mut note));
            self.other_associations
                .not_kept(&catalog.other_associations)
                .for_each(|one| catalog.referred_by(one, &mut note));
            self.strategies.not_kept(&catalog.strategies).for_each(|one| catalog.referred_by(one, &mut note));
            self.default_senders.not_kept(&catalog.default_senders).for_each(|one| catalog.referred_by(one, &mut note));
        }
        kept
    }

    /// Whether an element that no edit put refers to one that was removed.
    fn dangles(&self, kept: &KeptReferences<'_>) -> bool {
        let dangles = |slots: &Slots, target| {
            slots.left().any(|(before, is_again_there)| !is_again_there && kept.has(target, before))
        };
        dangles(&self.applications.slots, Target::Application)
            || dangles(&self.entities.slots, Target::Entity)
            || dangles(&self.senders.slots, Target::Sender)
    }
}

/// What is referred to by the elements of a catalog that no edit replaced or removed.
struct KeptReferences<'c> {
    catalog: &'c Catalog,
    /// How often those that edits replaced or removed refer to an element.
    not_kept: HashMap<(Target, u32), u32>,
}

impl KeptReferences<'_> {
    /// Whether any refers to the element with an index.
    fn has(&self, target: Target, index: u32) -> bool {
        self.catalog.references_to(target, index) > self.not_kept.get(&(target, index)).copied().unwrap_or(0)
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
    /// Whether an element of the catalog that others refer to has another index now.
    pub(super) fn have_moved(&self) -> bool {
        self.applications.have_moved() || self.entities.have_moved() || self.senders.have_moved()
    }
}
