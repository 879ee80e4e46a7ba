//! The ids that a catalog lists, for checking references.

use std::borrow::Cow;

use hashbrown::{HashMap, hash_map::Entry};

use super::{Catalog, file::List, unresolved::IdLookup};

/// The ids of one list, each with its element.
#[derive(Default)]
pub(super) struct Ids<'a> {
    by_id: HashMap<Cow<'a, str>, u32>,
    /// Whether the id of some element could not be read. A reference to an id that is missing here may then be to that
    /// element, and is not reported.
    incomplete: bool,
    /// A catalog whose ids count too, and the function that asks it for one.
    of_catalog: Option<(&'a Catalog, Has)>,
}

/// Whether a catalog has an id in a list.
type Has = fn(&Catalog, &str) -> bool;

/// The ids of the three lists that others refer to.
#[derive(Default)]
pub(super) struct KnownIds<'a> {
    pub(super) applications: Ids<'a>,
    pub(super) entities: Ids<'a>,
    pub(super) senders: Ids<'a>,
}

/// The application that always exists.
pub(super) const DEFAULT_APPLICATION: &str = "default";

// === impl KnownIds ===

impl<'a> KnownIds<'a> {
    /// The ids of a catalog. These are not copied, so [`IdLookup`] does not find them; [`Ids::lacks`] does.
    pub(super) fn of_catalog(catalog: &'a Catalog) -> Self {
        KnownIds {
            applications: Ids::of_catalog(catalog, |catalog, id| catalog.application(id).is_some()),
            entities: Ids::of_catalog(catalog, |catalog, id| catalog.entity(id).is_some()),
            senders: Ids::of_catalog(catalog, |catalog, id| catalog.sender(id).is_some()),
        }
    }

    /// Ids for a reader that does not check references: every id may be there.
    pub(super) fn unchecked() -> Self {
        let unchecked = || Ids { incomplete: true, ..Ids::default() };
        KnownIds { applications: unchecked(), entities: unchecked(), senders: unchecked() }
    }
}

impl IdLookup for KnownIds<'_> {
    fn application(&self, id: &str) -> Option<u32> {
        self.applications.get(id)
    }

    fn entity(&self, id: &str) -> Option<u32> {
        self.entities.get(id)
    }

    fn sender(&self, id: &str) -> Option<u32> {
        self.senders.get(id)
    }
}

// === impl Ids ===

impl<'a> Ids<'a> {
    /// An empty table with room for the ids of a list.
    pub(super) fn of(list: &List<'a>) -> Self {
        let by_id = HashMap::with_capacity(list.elements.len() + 1);
        Ids { by_id, incomplete: !list.complete, of_catalog: None }
    }

    /// The ids of a list of a catalog.
    fn of_catalog(catalog: &'a Catalog, has: Has) -> Self {
        Ids { of_catalog: Some((catalog, has)), ..Ids::default() }
    }

    /// Notes that the id of an element could not be read.
    pub(super) fn add_unreadable(&mut self) {
        self.incomplete = true;
    }

    /// Adds the id of an element. If an earlier element has it, gives the id back with that element.
    pub(super) fn insert(&mut self, id: Cow<'a, str>, element: u32) -> Option<(Cow<'a, str>, u32)> {
        match self.by_id.entry(id) {
            Entry::Occupied(earlier) => Some((earlier.key().clone(), *earlier.get())),
            Entry::Vacant(free) => {
                free.insert(element);
                None
            }
        }
    }

    /// The element with an id.
    pub(super) fn get(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Whether certainly no element has an id.
    pub(super) fn lacks(&self, id: &str) -> bool {
        let has = |(catalog, has): (&Catalog, Has)| has(catalog, id);
        !self.incomplete && !self.by_id.contains_key(id) && !self.of_catalog.is_some_and(has)
    }

    /// Moves all elements up by one, for an element in front of them.
    pub(super) fn shift(&mut self) {
        self.by_id.values_mut().for_each(|element| *element += 1);
    }
}
