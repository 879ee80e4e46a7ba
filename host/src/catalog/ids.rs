//! Which ids the catalog lists.

use std::borrow::Cow;

use hashbrown::{HashMap, hash_map::Entry};

use super::file::List;

/// The ids of one list, with the element that has each.
#[derive(Default)]
pub(super) struct Ids<'a> {
    by_id: HashMap<Cow<'a, str>, u32>,
    /// Whether some element's id could not be read. A reference to an id that is not here may then be to that one, and
    /// is no fault of its own.
    incomplete: bool,
}

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

impl Known<'_> {
    /// No ids, of lists that were not read: any reference may be to something.
    pub(super) fn unread() -> Self {
        let unread = || Ids { by_id: HashMap::new(), incomplete: true };
        Known { applications: unread(), entities: unread(), senders: unread() }
    }
}

// === impl Ids ===

impl<'a> Ids<'a> {
    /// Room for the ids of a list, none of them in it yet.
    pub(super) fn of(list: &List<'a>) -> Self {
        Ids { by_id: HashMap::with_capacity(list.elements.len() + 1), incomplete: !list.complete }
    }

    /// These ids, each by its place among them.
    pub(super) fn from_iter(ids: impl Iterator<Item = &'a str>) -> Self {
        Ids { by_id: ids.map(Cow::Borrowed).zip(0..).collect(), incomplete: false }
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
        !self.incomplete && !self.by_id.contains_key(id)
    }

    /// Makes room for an element in front of all others.
    pub(super) fn shift(&mut self) {
        self.by_id.values_mut().for_each(|element| *element += 1);
    }
}
