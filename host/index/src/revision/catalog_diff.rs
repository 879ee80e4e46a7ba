//! What differs between two catalogs, and which scopes that concerns.

use std::collections::{BTreeMap, BTreeSet};

use callsign_catalog::{Application, Catalog, DefaultSender, Entity, Sender, SlotVec};

/// The elements that differ between two catalogs in which applications, entities and senders have kept their indexes.
#[derive(Debug, Default)]
pub(super) struct CatalogDiff {
    /// The indexes of senders that both catalogs have and that differ, in order.
    pub(super) senders: Vec<u32>,
    /// The indexes of strategies that differ, in order.
    pub(super) strategies: Vec<u32>,
    /// Scopes of which something may differ, each with its senders that changed or whose association with it changed.
    pub(super) scopes: BTreeMap<(u32, Option<u32>), Vec<u32>>,
    /// Applications of which something that their entities inherit may differ.
    pub(super) inherited: BTreeSet<u32>,
    /// Applications whose attributes differ.
    pub(super) applications: BTreeSet<u32>,
    /// Entities whose attributes differ.
    pub(super) entities: BTreeSet<u32>,
    /// Applications that are not there any more.
    pub(super) removed_applications: Vec<u32>,
}

/// An element that others refer to by index.
trait Indexed: PartialEq {
    fn id(&self) -> &str;
    /// Whether a catalog has an element with this id.
    fn is_in(&self, catalog: &Catalog) -> bool;
}

/// Up to one element in 16 may differ, and 64 more; a catalog that differs in more is indexed from the start.
const SMALL_SHARE: usize = 16;

impl CatalogDiff {
    /// What differs; nothing if that is much, or if an element has another index.
    pub(super) fn between(before: &Catalog, after: &Catalog) -> Option<Self> {
        let most = 64 + (after.senders().len() + after.associations().len() + after.strategies().len()) / SMALL_SHARE;
        let mut diff = Self::default();
        for application in same_ids(before.applications(), after.applications(), after, most)? {
            match (before.applications().at(application), after.applications().at(application)) {
                // Each of its scopes has another hash.
                (Some(known), Some(is)) if known.generation != is.generation => return None,
                (Some(known), Some(is)) if known.attributes != is.attributes => {
                    diff.concerns(application, None);
                    diff.inherited.insert(application);
                    diff.applications.insert(application);
                }
                (Some(_), Some(_)) | (None, None) => {}
                (Some(_), None) => diff.removed_applications.push(application),
                (None, Some(_)) => {
                    diff.concerns(application, None);
                    diff.inherited.insert(application);
                }
            }
        }
        for entity in same_ids(before.entities(), after.entities(), after, most)? {
            if let (Some(known), Some(is)) = (before.entities().at(entity), after.entities().at(entity))
                && known.attributes != is.attributes
            {
                diff.entities.insert(entity);
            }
        }
        diff.senders = same_ids(before.senders(), after.senders(), after, most)?;
        diff.senders.retain(|&sender| before.senders().at(sender).is_some());
        for sender in diff.senders.clone() {
            for association in after.associations_of(sender) {
                diff.concerns(association.application, association.entity).push(sender);
            }
            after.defaults_of(sender).for_each(|default| diff.concerns_default(default));
        }
        let (old, new) = (before.associations(), after.associations());
        for slot in old.changes(new, most)? {
            for association in old.at(slot).into_iter().chain(new.at(slot)) {
                diff.concerns(association.application, association.entity).push(association.sender);
            }
        }
        diff.strategies = before.strategies().changes(after.strategies(), most)?;
        for index in diff.strategies.clone() {
            for strategy in before.strategies().at(index).into_iter().chain(after.strategies().at(index)) {
                diff.concerns(strategy.application, strategy.entity);
                if strategy.entity.is_none() {
                    diff.inherited.insert(strategy.application);
                }
            }
        }
        let (old, new) = (before.default_senders(), after.default_senders());
        for slot in old.changes(new, most)? {
            for default in old.at(slot).into_iter().chain(new.at(slot)) {
                diff.concerns_default(default);
            }
        }
        for &removed in &diff.removed_applications {
            diff.scopes.remove(&(removed, None));
            diff.inherited.remove(&removed);
        }
        Some(diff)
    }

    fn concerns(&mut self, application: u32, entity: Option<u32>) -> &mut Vec<u32> {
        self.scopes.entry((application, entity)).or_default()
    }

    fn concerns_default(&mut self, default: &DefaultSender) {
        self.concerns(default.application, default.entity);
        if default.entity.is_none() {
            self.inherited.insert(default.application);
        }
    }
}

/// The indexes at which the lists differ; nothing if they are more than `most`, or if an id has another index. An id that was
/// removed, and is not in `catalog` any more, has none.
fn same_ids<T: Indexed>(before: &SlotVec<T>, after: &SlotVec<T>, catalog: &Catalog, most: usize) -> Option<Vec<u32>> {
    let stays = |&slot: &u32| match (before.at(slot), after.at(slot)) {
        (Some(before), Some(after)) => before.id() == after.id(),
        (Some(removed), None) => !removed.is_in(catalog),
        (None, _) => slot as usize >= before.slots().len() || after.at(slot).is_none(),
    };
    // A shorter list has been numbered anew.
    let grows = after.slots().len() >= before.slots().len();
    before.changes(after, most).filter(|changes| grows && changes.iter().all(stays))
}

impl Indexed for Application {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_in(&self, catalog: &Catalog) -> bool {
        catalog.application(&self.id).is_some()
    }
}

impl Indexed for Entity {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_in(&self, catalog: &Catalog) -> bool {
        catalog.entity(&self.id).is_some()
    }
}

impl Indexed for Sender {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_in(&self, catalog: &Catalog) -> bool {
        catalog.sender(&self.id).is_some()
    }
}
