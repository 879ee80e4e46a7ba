//! Which ids the catalog lists.

use std::borrow::Cow;

use hashbrown::{HashMap, hash_map::Entry};

use super::{Catalog, build::Indexes, file::List};

/// The ids of one list, with the element that has each.
#[derive(Default)]
pub(super) struct Ids<'a> {
    by_id: HashMap<Cow<'a, str>, u32>,
    /// Whether some element's id could not be read. A reference to an id that is not here may then be to that one, and
    /// is no fault of its own.
    incomplete: bool,
    /// A catalog whose ids these are too, and the question whether it has one.
    of_catalog: Option<(&'a Catalog, Has)>,
}

/// Whether a catalog has an id in a list.
type Has = fn(&Catalog, &str) -> bool;

/// The ids of the three lists that others refer to.
#[derive(Default)]
pub(super) struct Known<'a> {
    pub(super) applications: Ids<'a>,
    pub(super) entities: Ids<'a>,
    pub(super) senders: Ids<'a>,
}

/// The application that always exists.
pub(super) const DEFAULT_APPLICATION: &str = "default";

// === impl Known ===

impl<'a> Known<'a> {
    /// The ids of a catalog, for who asks only whether there is one.
    pub(super) fn of_catalog(catalog: &'a Catalog) -> Self {
        Known {
            applications: Ids::of_catalog(catalog, |catalog, id| catalog.application(id).is_some()),
            entities: Ids::of_catalog(catalog, |catalog, id| catalog.entity(id).is_some()),
            senders: Ids::of_catalog(catalog, |catalog, id| catalog.sender(id).is_some()),
        }
    }

    /// No ids, of lists that were not read: any reference may be to something.
    pub(super) fn unread() -> Self {
        let unread = || Ids { incomplete: true, ..Ids::default() };
        Known { applications: unread(), entities: unread(), senders: unread() }
    }
}

impl Indexes for Known<'_> {
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
    /// Room for the ids of a list, none of them in it yet.
    pub(super) fn of(list: &List<'a>) -> Self {
        let by_id = HashMap::with_capacity(list.elements.len() + 1);
        Ids { by_id, incomplete: !list.complete, of_catalog: None }
    }

    /// The ids of a list of a catalog, which are asked for where they are.
    fn of_catalog(catalog: &'a Catalog, has: Has) -> Self {
        Ids { of_catalog: Some((catalog, has)), ..Ids::default() }
    }

    /// Takes note that the id of an element could not be read.
    pub(super) fn unreadable(&mut self) {
        self.incomplete = true;
    }

    /// Takes note of the id of an element; gives it back with the earlier element that has it, if there is one.
    pub(super) fn insert(&mut self, id: Cow<'a, str>, element: u32) -> Option<(Cow<'a, str>, u32)> {
        match self.by_id.entry(id) {
            Entry::Occupied(earlier) => Some((earlier.key().clone(), *earlier.get())),
            Entry::Vacant(free) => {
                free.insert(element);
                None
            }
        }
    }

    /// The element that has this id.
    pub(super) fn get(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Whether no element can have this id.
    pub(super) fn lacks(&self, id: &str) -> bool {
        let has = |(catalog, has): (&Catalog, Has)| has(catalog, id);
        !self.incomplete && !self.by_id.contains_key(id) && !self.of_catalog.is_some_and(has)
    }

    /// Makes room for an element in front of all others.
    pub(super) fn shift(&mut self) {
        self.by_id.values_mut().for_each(|element| *element += 1);
    }
}
