//! Checks for tests: that everything is found where it is, and what two catalogs share.

#[cfg(test)]
use super::{code_of, scope_of_strategy};
use crate::Catalog;

impl Catalog {
    /// How many chunks of this catalog the other one does not share.
    pub fn unshared_chunks(&self, other: &Self) -> usize {
        let (own, others) = (&self.lookup, &other.lookup);
        self.applications.slots().unshared_chunks(other.applications.slots())
            + self.entities.slots().unshared_chunks(other.entities.slots())
            + self.senders.slots().unshared_chunks(other.senders.slots())
            + self.associations.slots().unshared_chunks(other.associations.slots())
            + self.strategies.slots().unshared_chunks(other.strategies.slots())
            + self.default_senders.slots().unshared_chunks(other.default_senders.slots())
            + own.applications.unshared_chunks(&others.applications)
            + own.entities.unshared_chunks(&others.entities)
            + own.senders.unshared_chunks(&others.senders)
            + own.strategies.unshared_chunks(&others.strategies)
            + own.associations.unshared_chunks(&others.associations)
            + own.default_senders.unshared_chunks(&others.default_senders)
            + own.associations_of.unshared_chunks(&others.associations_of)
            + own.defaults_of.unshared_chunks(&others.defaults_of)
            + own.strategies_of.unshared_chunks(&others.strategies_of)
            + own.associations_in.unshared_chunks(&others.associations_in)
            + own.strategies_in.unshared_chunks(&others.strategies_in)
            + own.defaults_in.unshared_chunks(&others.defaults_in)
            + own.uses.unshared_chunks(&others.uses)
            + own.reference_counts.unshared_chunks(&others.reference_counts)
    }
}

#[cfg(test)]
impl Catalog {
    /// Asserts that all ids are found where they are.
    pub(crate) fn assert_ids_found(&self) {
        for (index, element) in self.applications.indexed() {
            assert_eq!(self.application(&element.id), Some((index, element)));
        }
        for (index, element) in self.entities.indexed() {
            assert_eq!(self.entity(&element.id), Some((index, element)));
        }
        for (index, element) in self.senders.indexed() {
            assert_eq!(self.sender(&element.id), Some((index, element)));
        }
        for (index, element) in self.strategies.indexed() {
            assert_eq!(self.strategy(&element.id), Some((index, element)));
        }
    }

    /// Asserts that everything is found where it is, and nothing that is not there.
    pub(crate) fn assert_found(&self) {
        self.assert_ids_found();
        for index in 0..self.senders.slots().len() as u32 {
            let own = self.associations.iter().filter(|association| association.sender == index);
            assert_eq!(self.associations_of(index).count(), own.count());
            assert!(self.associations_of(index).all(|association| association.sender == index));
            let own = self.default_senders.iter().filter(|default| default.sender == index);
            assert_eq!(self.defaults_of(index).count(), own.count());
            assert!(self.defaults_of(index).all(|default| default.sender == index));
        }
        for element in &self.strategies {
            let scope = scope_of_strategy(element);
            let own = self.strategies.indexed().filter(|(_, other)| scope_of_strategy(other) == scope);
            assert!(self.strategies_of(scope.0, scope.1).into_iter().eq(own.map(|(index, _)| index)));
        }
        for association in &self.associations {
            let slot = self.association_slot(code_of(association)).expect("it is there");
            assert_eq!(self.associations.at(slot), Some(association));
        }
        for other in &self.other_associations {
            assert_eq!(self.other_slot(other).and_then(|slot| self.other_associations.at(slot)), Some(other));
        }
        for default in &self.default_senders {
            assert_eq!(self.default_of(default.application, default.entity), Some(default.sender));
        }
        self.assert_found_in_applications();
        assert_eq!(self.lookup.reference_counts, super::ReferenceCounts::of(self));
        let lookup = &self.lookup;
        assert_eq!(lookup.applications.len(), self.applications.len());
        assert_eq!(lookup.entities.len(), self.entities.len());
        assert_eq!(lookup.senders.len(), self.senders.len());
        assert_eq!(lookup.strategies.len(), self.strategies.len());
        assert_eq!(lookup.associations.len(), self.associations.len());
        assert_eq!(lookup.other_associations.len(), self.other_associations.len());
        assert_eq!(lookup.default_senders.len(), self.default_senders.len());
    }
}
