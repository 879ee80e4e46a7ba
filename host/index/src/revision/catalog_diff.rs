//! What differs between two catalogs, and which scopes that concerns.

use std::collections::{BTreeMap, BTreeSet};

use callsign_catalog::{Catalog, DefaultSender, persistent::PVec};

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
}

/// Up to one element in 16 may differ, and 64 more; a catalog that differs in more is indexed from the start.
const SMALL_SHARE: usize = 16;

impl CatalogDiff {
    /// What differs; nothing if that is much, or if an element has another index.
    pub(super) fn between(before: &Catalog, after: &Catalog) -> Option<Self> {
        let most = 64 + (after.senders().len() + after.associations().len() + after.strategies().len()) / SMALL_SHARE;
        let mut diff = Self::default();
        for application in same_ids(before.applications(), after.applications(), most, |element| &element.id)? {
            match before.applications().get(application as usize) {
                // Each of its scopes has another hash.
                Some(known) if known.generation != after.applications()[application as usize].generation => {
                    return None;
                }
                Some(known) if known.attributes != after.applications()[application as usize].attributes => {
                    diff.concerns(application, None);
                    diff.inherited.insert(application);
                    diff.applications.insert(application);
                }
                Some(_) => {}
                None => {
                    diff.concerns(application, None);
                    diff.inherited.insert(application);
                }
            }
        }
        for entity in same_ids(before.entities(), after.entities(), most, |element| &element.id)? {
            let known = before.entities().get(entity as usize);
            if known.is_some_and(|known| known.attributes != after.entities()[entity as usize].attributes) {
                diff.entities.insert(entity);
            }
        }
        diff.senders = same_ids(before.senders(), after.senders(), most, |element| &element.id)?;
        diff.senders.retain(|&sender| (sender as usize) < before.senders().len());
        for sender in diff.senders.clone() {
            for association in after.associations_of(sender) {
                diff.concerns(association.application, association.entity).push(sender);
            }
            after.defaults_of(sender).for_each(|default| diff.concerns_default(default));
        }
        let (old, new) = (before.associations(), after.associations());
        for slot in old.slots().changes(new.slots(), most)? {
            for association in old.at(slot).into_iter().chain(new.at(slot)) {
                diff.concerns(association.application, association.entity).push(association.sender);
            }
        }
        diff.strategies = before.strategies().changes(after.strategies(), most)?;
        for index in diff.strategies.clone() {
            let index = index as usize;
            for strategy in before.strategies().get(index).into_iter().chain(after.strategies().get(index)) {
                diff.concerns(strategy.application, strategy.entity);
                if strategy.entity.is_none() {
                    diff.inherited.insert(strategy.application);
                }
            }
        }
        let (old, new) = (before.default_senders(), after.default_senders());
        for slot in old.slots().changes(new.slots(), most)? {
            for default in old.at(slot).into_iter().chain(new.at(slot)) {
                diff.concerns_default(default);
            }
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

/// The indexes at which the lists differ; nothing if they are more than `most`, or if an id has another index.
fn same_ids<T: PartialEq>(
    before: &PVec<T>,
    after: &PVec<T>,
    most: usize,
    id: impl Fn(&T) -> &Box<str>,
) -> Option<Vec<u32>> {
    let stays = |&position: &u32| {
        let (before, after) = (before.get(position as usize), after.get(position as usize));
        before.is_none_or(|before| after.is_some_and(|after| id(before) == id(after)))
    };
    before.changes(after, most).filter(|changes| changes.iter().all(stays))
}
