//! Gives up the empty slots of removed elements.

use std::sync::Arc;

use crate::{
    Catalog,
    model::{Association, DefaultSender, Strategy},
    persistent::SlotVec,
};

impl Catalog {
    /// Whether a list has more empty slots than elements, so that [`Catalog::renumbered`] is worth its time.
    pub fn has_many_empty_slots(&self) -> bool {
        self.is_sparse(1)
    }

    /// Whether a list has more empty slots than `times` its elements.
    pub(crate) fn is_sparse(&self, times: usize) -> bool {
        self.applications.is_sparse(times)
            || self.entities.is_sparse(times)
            || self.senders.is_sparse(times)
            || self.associations.is_sparse(times)
            || self.other_associations.is_sparse(times)
            || self.strategies.is_sparse(times)
            || self.default_senders.is_sparse(times)
    }

    /// Whether no list that others refer to has an empty slot, so that equal indexes mean elements in the same place.
    pub(crate) fn has_no_empty_slots(&self) -> bool {
        self.applications.is_dense() && self.entities.is_dense() && self.senders.is_dense()
    }

    /// The same catalog without empty slots: its elements are equal, in the same order, and have other indexes.
    ///
    /// It takes time with the size of the catalog, about as much as indexing it: a second for a million senders. So a program
    /// that edits a large catalog does this beside its work, once [`Catalog::has_many_empty_slots`], and serves the result if
    /// no edit came between. [`Catalog::edit`] does it by itself when twice as many slots are empty as full.
    #[must_use]
    pub fn renumbered(&self) -> Catalog {
        self.without_empty_slots().indexed(&Catalog::empty(), true)
    }

    /// The same without indexes.
    pub(crate) fn without_empty_slots(&self) -> Catalog {
        let (applications, application) = dense(&self.applications);
        let (entities, entity) = dense(&self.entities);
        let (senders, sender) = dense(&self.senders);
        let entity = |before: Option<u32>| before.map(|before| entity[before as usize]);
        let application = |before: u32| application[before as usize];
        let sender = |before: u32| sender[before as usize];
        let associations = self.associations.iter().map(|one| Association {
            application: application(one.application),
            entity: entity(one.entity),
            sender: sender(one.sender),
            ..*one
        });
        let strategies = self.strategies.iter().map(|one| Strategy {
            application: application(one.application),
            entity: entity(one.entity),
            // In their order still.
            senders: one.senders.as_ref().map(|all| all.iter().map(|&before| sender(before)).collect::<Arc<[u32]>>()),
            ..one.clone()
        });
        let default_senders = self.default_senders.iter().map(|one| DefaultSender {
            application: application(one.application),
            entity: entity(one.entity),
            sender: sender(one.sender),
        });
        Catalog {
            associations: associations.collect(),
            other_associations: self.other_associations.iter().cloned().collect(),
            strategies: strategies.collect(),
            default_senders: default_senders.collect(),
            applications,
            entities,
            senders,
            interned: self.interned.clone(),
            numbering: Arc::clone(&self.numbering),
            name: self.name.clone(),
            ..Catalog::empty()
        }
    }
}

/// A list without empty slots, and the new slot of each element by its old one.
fn dense<T: Clone>(list: &SlotVec<T>) -> (SlotVec<T>, Vec<u32>) {
    let slots = list.slots().iter().scan(0, |next, element| {
        let slot = *next;
        *next += u32::from(element.is_some());
        Some(slot)
    });
    let slots = slots.collect();
    match list.is_dense() {
        true => (list.clone(), slots),
        false => (list.iter().cloned().collect(), slots),
    }
}
