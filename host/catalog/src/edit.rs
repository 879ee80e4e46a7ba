//! Changes of single elements: a catalog, some edits, and the catalog that they make of it.
//!
//! What an element may be has its one place in `build` and `walk`; here is what only an edit adds to that:
//!
//! 1. `plan` reads the edits, finds what they name in the catalog, and applies them in order to the `slots` of each
//!    list, which say where every element is without moving any.
//! 2. `relate` looks up what the new elements refer to; `dangling` says whose fault it is where something is missing.
//! 3. `finish` makes the lists anew that differ, with every index as it is then, and finds strategies that tie.
//!
//! All of that takes time with the edits alone, unless an element is taken out of a list to which others refer by index:
//! then what is behind it moves up, and everything is gone through once. `error` says what was wrong, with the faults
//! that the file would have.

mod dangling;
mod error;
mod finish;
mod plan;
mod relate;
mod slots;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub use self::error::{EditError, EditErrorKind, EditFault};
use self::plan::Plan;
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
    /// `associations`, told apart by all that they say.
    Associations,
    /// `sendingStrategies`, told apart by `sendingStrategyId`.
    Strategies,
    /// `defaultSenders`, told apart by `platform`.
    DefaultSenders,
}

/// One change of one element, for [`Catalog::edit`].
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
    /// The element takes the place of the one that is told apart by the same values, or comes last in its list.
    ///
    /// It is written as in the file and keeps the same rules. An association that is there already stays as it is.
    pub fn put(list: List, element: &'a RawValue) -> Self {
        Edit { list, change: Change::Put, element: Cow::Borrowed(element) }
    }

    /// As [`Edit::put`], of an element that the edit keeps.
    pub fn put_owned(list: List, element: Box<RawValue>) -> Self {
        Edit { list, change: Change::Put, element: Cow::Owned(element) }
    }

    /// The element that is told apart by the same values is taken out.
    ///
    /// `element` has these values at least, such as `{"senderId":"S1"}`; what else it has is not looked at.
    pub fn remove(list: List, element: &'a RawValue) -> Self {
        Edit { list, change: Change::Remove, element: Cow::Borrowed(element) }
    }

    /// As [`Edit::remove`], of an element that the edit keeps.
    pub fn remove_owned(list: List, element: Box<RawValue>) -> Self {
        Edit { list, change: Change::Remove, element: Cow::Owned(element) }
    }

    /// The application with this id is taken out.
    pub fn remove_application(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            application_id: &'i str,
        }
        Edit::remove_owned(List::Applications, json(&Named { application_id: id }))
    }

    /// The entity with this id is taken out.
    pub fn remove_entity(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            entity_id: &'i str,
        }
        Edit::remove_owned(List::Entities, json(&Named { entity_id: id }))
    }

    /// The sender with this id is taken out.
    pub fn remove_sender(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            sender_id: &'i str,
        }
        Edit::remove_owned(List::Senders, json(&Named { sender_id: id }))
    }

    /// The association that says this is taken out; `resource_type` and `channel` are the words of the file.
    pub fn remove_association(
        resource_type: &str,
        channel: &str,
        application: &str,
        entity: Option<&str>,
        resource: &str,
    ) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            resource_type: &'i str,
            channel: &'i str,
            application_id: &'i str,
            entity_id: Option<&'i str>,
            resource_id: &'i str,
        }
        let named =
            Named { resource_type, channel, application_id: application, entity_id: entity, resource_id: resource };
        Edit::remove_owned(List::Associations, json(&named))
    }

    /// The strategy with this id is taken out.
    pub fn remove_strategy(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            sending_strategy_id: &'i str,
        }
        Edit::remove_owned(List::Strategies, json(&Named { sending_strategy_id: id }))
    }

    /// The default sender of an application, or of an entity of it, is taken out; the sender itself stays.
    pub fn remove_default_sender(application: &str, entity: Option<&str>) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Platform<'i> {
            application_id: &'i str,
            entity_id: Option<&'i str>,
        }
        #[derive(Serialize)]
        struct Named<'i> {
            platform: Platform<'i>,
        }
        let platform = Platform { application_id: application, entity_id: entity };
        Edit::remove_owned(List::DefaultSenders, json(&Named { platform }))
    }

    /// The list of the element.
    pub fn list(&self) -> List {
        self.list
    }

    /// The element, or what tells it apart.
    pub fn element(&self) -> &RawValue {
        &self.element
    }
}

/// Strings and nothing are always JSON; should they ever not be, null is an edit that is refused.
fn json(named: &impl Serialize) -> Box<RawValue> {
    to_raw_value(named).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

// === impl Catalog ===

impl Catalog {
    /// The catalog that these edits make of this one: all of them, in order, or none.
    ///
    /// Every element that is put is sound by itself. What elements refer to is looked up once, after the last edit: an
    /// association may come before its sender, and a sender may be taken out and put again. Elements that no edit names
    /// keep their order, and so does one that is replaced; one that is taken out and put again comes last.
    ///
    /// The result is what [`Catalog::from_json`] would read from the file with these changes. It takes time with the
    /// number of edits, whatever the size of the catalog, and shares with this one what did not change. Only where an
    /// application, an entity, a sender or a strategy is taken out, it takes time with the whole.
    ///
    /// ```
    /// use callsign_catalog::{Catalog, Edit, EditErrorKind, List};
    /// use serde_json::value::to_raw_value;
    ///
    /// let catalog = Catalog::from_json(r#"{"entities": [{"entityId": "acme"}]}"#)?;
    /// let shop = to_raw_value(&serde_json::json!({"applicationId": "shop"}))?;
    /// let edited = catalog.edit(&[Edit::put(List::Applications, &shop), Edit::remove_entity("acme")])?;
    /// assert!(edited.application("shop").is_some() && edited.entities().is_empty());
    ///
    /// let error = catalog.edit(&[Edit::remove_entity("globex")]).expect_err("there is none");
    /// assert_eq!((error.edit, error.list, error.kind), (0, List::Entities, EditErrorKind::NotFound));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EditError`] for one edit that cannot be. Those that are wrong whatever the others are come first: an element
    /// that is not sound, or nothing to remove. Then come those that leave a reference dangling, and then those that put
    /// a strategy which ties; of each, the first.
    pub fn edit(&self, edits: &[Edit<'_>]) -> Result<Catalog, EditError> {
        let plan = Plan::new(self, edits)?;
        let placed = plan.relate(self, edits)?;
        finish::catalog(self, plan, placed, edits)
    }
}
