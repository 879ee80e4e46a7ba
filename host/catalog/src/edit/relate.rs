//! What elements refer to after the last edit.

use super::{
    Edit, EditError,
    plan::Plan,
    slots::{Draft, Positions},
};
use crate::{
    Catalog, build,
    ids::Known,
    model::{Association, DefaultSender, OtherAssociation, Strategy},
};

/// What edits put, with its references as the indexes that they are after the last edit; each by its number.
pub(super) struct Placed {
    pub(super) links: Vec<Option<Association>>,
    pub(super) others: Vec<Option<OtherAssociation>>,
    pub(super) strategies: Vec<Option<Strategy>>,
    pub(super) defaults: Vec<Option<DefaultSender>>,
    pub(super) indexes: Indexes,
}

/// Where the elements are that others refer to.
pub(super) struct Indexes {
    pub(super) applications: Positions,
    pub(super) entities: Positions,
    pub(super) senders: Positions,
}

impl<'e> Plan<'e> {
    /// Looks up what every element refers to.
    pub(super) fn relate(&self, catalog: &Catalog, edits: &[Edit<'_>]) -> Result<Placed, EditError> {
        let indexes = Indexes {
            applications: self.applications.slots.positions(),
            entities: self.entities.slots.positions(),
            senders: self.senders.slots.positions(),
        };
        let known = Known {
            applications: self.applications.ids(&indexes.applications),
            entities: self.entities.ids(&indexes.entities),
            senders: self.senders.ids(&indexes.senders),
        };
        let mut complete = true;
        let links = place(&self.links, &mut complete, |link, ()| link.acted_on(build::ends(link, &known)?));
        let others = place(&self.others, &mut complete, |link, ()| build::ends(link, &known).map(|_| link.kept()));
        let strategies = place(&self.strategies, &mut complete, |_, written| written.place(&known));
        let defaults = place(&self.defaults, &mut complete, |_, written| written.place(&known));
        if !complete || self.dangles(catalog, &indexes) {
            return Err(self.dangling(catalog, edits, &known));
        }
        Ok(Placed { links, others, strategies, defaults, indexes })
    }

    /// Whether an element that no edit put refers to one that is gone.
    fn dangles(&self, catalog: &Catalog, indexes: &Indexes) -> bool {
        if !indexes.have_moved() {
            return false;
        }
        let gone = |application: u32, entity: Option<u32>, senders: &[u32]| {
            indexes.applications.of(application).is_none()
                || entity.is_some_and(|entity| indexes.entities.of(entity).is_none())
                || senders.iter().any(|&sender| indexes.senders.of(sender).is_none())
        };
        let mut links = self.links.kept_slots(&catalog.associations);
        let mut others = self.others.kept_slots(&catalog.other_associations);
        let mut strategies = self.strategies.kept(&catalog.strategies);
        let mut defaults = self.defaults.kept_slots(&catalog.default_senders);
        links.any(|link| gone(link.application, link.entity, &[link.sender]))
            || others.any(|other| self.references(other).any(|reference| self.lacks(reference)))
            || strategies.any(|strategy| {
                gone(strategy.application, strategy.entity, strategy.senders.as_deref().unwrap_or_default())
            })
            || defaults.any(|default| gone(default.application, default.entity, &[default.sender]))
    }
}

/// Places what was put and is there after the last edit. Where something cannot be placed, it is not `complete`.
fn place<K: std::hash::Hash + Eq + Clone, T, E>(
    draft: &Draft<K, T>,
    complete: &mut bool,
    mut place: impl FnMut(&K, &T) -> Option<E>,
) -> Vec<Option<E>> {
    let mut placed: Vec<Option<E>> = Vec::new();
    placed.resize_with(draft.puts.len(), || None);
    for (number, put) in draft.present() {
        let element = place(&draft.keys[put.key as usize], &put.element);
        *complete &= element.is_some();
        placed[number as usize] = element;
    }
    placed
}

// === impl Indexes ===

impl Indexes {
    /// Whether an element of the catalog may have another index now, or none.
    pub(super) fn have_moved(&self) -> bool {
        self.applications.have_moved() || self.entities.have_moved() || self.senders.have_moved()
    }
}
