//! What a catalog changed that came after another one.

use std::collections::{BTreeMap, BTreeSet};

use callsign_catalog::persistent::PVec;
use callsign_catalog::{Catalog, DefaultSender};

/// The elements that differ between two catalogs, and the scopes that this concerns. Applications, entities and senders have
/// the indexes that they had.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Senders that were there and differ, in order.
    pub(super) senders: Vec<u32>,
    /// Positions of strategies that differ, in order.
    pub(super) strategies: Vec<u32>,
    /// Scopes of which something may differ, with the senders that may be associated otherwise or have changed.
    pub(super) scopes: BTreeMap<(u32, Option<u32>), Vec<u32>>,
    /// Applications of which something may differ that their entities inherit.
    pub(super) inherited: BTreeSet<u32>,
}

/// A change is small that concerns no more than one of so many elements.
const FEW: usize = 16;

impl Changes {
    /// What is different; nothing where that is much, or something has another index.
    pub(super) fn between(before: &Catalog, after: &Catalog) -> Option<Self> {
        let most = 64 + (after.senders().len() + after.associations().len() + after.strategies().len()) / FEW;
        let mut changes = Self::default();
        for application in same_ids(before.applications(), after.applications(), most, |element| &element.id)? {
            if application as usize >= before.applications().len() {
                changes.concerns(application, None);
                changes.inherited.insert(application);
            }
        }
        same_ids(before.entities(), after.entities(), most, |element| &element.id)?;
        changes.senders = same_ids(before.senders(), after.senders(), most, |element| &element.id)?;
        changes.senders.retain(|&sender| (sender as usize) < before.senders().len());
        for sender in changes.senders.clone() {
            for association in after.associations_of(sender) {
                changes.concerns(association.application, association.entity).push(sender);
            }
            after.defaults_of(sender).for_each(|default| changes.concerns_default(default));
        }
        let (old, new) = (before.associations(), after.associations());
        for slot in old.slots().changes(new.slots(), most)? {
            for association in old.at(slot).into_iter().chain(new.at(slot)) {
                changes.concerns(association.application, association.entity).push(association.sender);
            }
        }
        changes.strategies = before.strategies().changes(after.strategies(), most)?;
        for index in changes.strategies.clone() {
            let index = index as usize;
            for strategy in before.strategies().get(index).into_iter().chain(after.strategies().get(index)) {
                changes.concerns(strategy.application, strategy.entity);
                if strategy.entity.is_none() {
                    changes.inherited.insert(strategy.application);
                }
            }
        }
        let (old, new) = (before.default_senders(), after.default_senders());
        for slot in old.slots().changes(new.slots(), most)? {
            for default in old.at(slot).into_iter().chain(new.at(slot)) {
                changes.concerns_default(default);
            }
        }
        Some(changes)
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

/// The positions that differ; nothing where they are many, or an id is not where it was.
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
