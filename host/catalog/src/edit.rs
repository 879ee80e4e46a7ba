//! Edits of single elements: a catalog, some edits, and the catalog that they make of it.
//!
//! What an element is, is in `schema`. Here is what only edits add to that:
//!
//! 1. `plan` reads the edits, finds the elements that they name in the catalog, and applies them in order to the `slots`
//!    of each list. These say where every element is without moving any.
//! 2. `resolve` looks up what the new elements refer to. If something is missing, `dangling` says which edit is at fault.
//! 3. `finish` makes the lists that differ, with the new indexes, and finds strategies that tie.
//!
//! `typed` makes edits of elements that a program has as values. They are written as JSON and go the same way, so that there is one
//! description of an element and one check of it.
//!
//! The time of all this depends on the number of edits alone. A removed element leaves an empty slot, so no other element gets
//! another index, and how often an element is referred to is counted, so nothing is gone through to see that nothing dangles.
//! There are two exceptions: if an element is removed and put again while others refer to it, all of them are gone through; and
//! once two thirds of a list are empty slots, all lists are numbered anew. `error` says what was wrong, with the faults that the
//! file would have.

mod dangling;
mod error;
mod finish;
mod plan;
mod resolve;
mod slots;
mod typed;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub use self::error::{EditError, EditErrorKind, EditFault};
use self::plan::Plan;
pub(super) use self::plan::ids_of;
use super::Catalog;

/// A list of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// `applications`, told apart by `applicationId`.
    Applications,
    /// `entities`, told apart by `entityId`.
    Entities,
    /// `senders`, told apart by `senderId`.
    Senders,
    /// `associations`, told apart by all their fields.
    Associations,
    /// `sendingStrategies`, told apart by `sendingStrategyId`.
    Strategies,
    /// `defaultSenders`, told apart by `platform`.
    DefaultSenders,
}

/// One change of one element, for [`Catalog::edit`].
///
/// There is a constructor for each kind of element, such as [`Edit::put_sender`] and [`Edit::remove_sender`]. [`Edit::put`] takes
/// any of them as JSON.
#[derive(Debug, Clone)]
pub struct Edit<'a> {
    list: List,
    change: Change,
    element: Cow<'a, RawValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Put,
    Remove,
}

// === impl List ===

impl List {
    /// All lists, in the order of the file.
    pub const ALL: [List; 6] =
        [List::Applications, List::Entities, List::Senders, List::Associations, List::Strategies, List::DefaultSenders];

    /// The list's field in the file, such as `sendingStrategies`.
    pub const fn as_str(self) -> &'static str {
        match self {
            List::Applications => "applications",
            List::Entities => "entities",
            List::Senders => "senders",
            List::Associations => "associations",
            List::Strategies => "sendingStrategies",
            List::DefaultSenders => "defaultSenders",
        }
    }
}

impl std::fmt::Display for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

// === impl Edit ===

impl<'a> Edit<'a> {
    /// Puts an element: it replaces the one with the same id (or platform), or is added at the end of its list.
    ///
    /// It is written as in the file and keeps the same rules. Putting an association that is there already changes nothing.
    pub fn put(list: List, element: &'a RawValue) -> Self {
        Edit { list, change: Change::Put, element: Cow::Borrowed(element) }
    }

    /// As [`Edit::put`], for an owned element.
    pub fn put_owned(list: List, element: Box<RawValue>) -> Self {
        Edit { list, change: Change::Put, element: Cow::Owned(element) }
    }

    /// Removes the element with the same id (or platform, or all fields of an association).
    ///
    /// `element` needs only these fields, such as `{"senderId":"S1"}`. The values of others are ignored.
    pub fn remove(list: List, element: &'a RawValue) -> Self {
        Edit { list, change: Change::Remove, element: Cow::Borrowed(element) }
    }

    /// As [`Edit::remove`], for an owned element.
    pub fn remove_owned(list: List, element: Box<RawValue>) -> Self {
        Edit { list, change: Change::Remove, element: Cow::Owned(element) }
    }

    /// The list that the edit changes.
    pub fn list(&self) -> List {
        self.list
    }

    /// The element to put, or the fields of the one to remove.
    pub fn element(&self) -> &RawValue {
        &self.element
    }
}

// === impl Catalog ===

impl Catalog {
    /// Applies edits: all of them, in order, or none.
    ///
    /// Every element that is put must be valid by itself. References are looked up once, after the last edit: an association
    /// may come before its sender, and a sender may be removed and put again. Elements that no edit names keep their order,
    /// and so does one that is replaced. One that is removed and put again comes last.
    ///
    /// The result is what [`Catalog::from_json`] would read from the file with these changes. It shares with this catalog
    /// what did not change. The time depends on the number of edits and not on the size of the catalog. What is removed leaves an
    /// empty slot in its list; [`Catalog::renumbered`] gives these up.
    ///
    /// ```
    /// use callsign_catalog::{Application, Catalog, Edit, EditErrorKind, List};
    ///
    /// let catalog = Catalog::from_json(r#"{"entities": [{"entityId": "acme"}]}"#)?;
    /// let shop = Application::new("shop");
    /// let edited = catalog.edit(&[Edit::put_application(shop), Edit::remove_entity("acme")])?;
    /// assert!(edited.application("shop").is_some() && edited.entities().is_empty());
    ///
    /// let error = catalog.edit(&[Edit::remove_entity("globex")]).expect_err("there is none");
    /// assert_eq!((error.edit, error.list, error.kind), (0, List::Entities, EditErrorKind::NotFound));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EditError`] for one edit: the first that is wrong by itself (an element with a fault, or nothing to remove); else
    /// the first that leaves a reference dangling; else the first that puts a strategy that ties.
    pub fn edit(&self, edits: &[Edit<'_>]) -> Result<Catalog, EditError> {
        let plan = Plan::new(self, edits)?;
        let resolved = plan.resolve(self, edits)?;
        finish::catalog(self, plan, resolved, edits)
    }
}
