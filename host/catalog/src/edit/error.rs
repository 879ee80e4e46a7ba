//! Why edits were refused.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::{Change, Edit, List};
use crate::{
    Catalog,
    coverage::Coverages,
    fault::FaultLog,
    ids::{Ids, KnownIds},
    json_path::{Json, Path, ValueAt},
    reader::Reader,
    rule::quoted,
    schema,
};

/// Why [`Catalog::edit`] refused edits. None of them took effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("edit {edit}, of \"{list}\": {}", Sentence(faults))]
#[non_exhaustive]
pub struct EditError {
    /// The index of the edit that is wrong.
    pub edit: usize,
    /// The list that it changes.
    pub list: List,
    /// What is wrong, for programs.
    pub kind: EditErrorKind,
    /// What is wrong, for people, in the order of the element's text; never empty.
    pub faults: Vec<EditFault>,
}

/// What is wrong with an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditErrorKind {
    /// The element has faults of its own, or lacks what tells it apart. The faults also list ids that it names and that the
    /// catalog does not have.
    Unsound,
    /// The element refers to something that the catalog does not have after the edits. The path says in which field.
    UnknownReference,
    /// The strategy ties with another one.
    Ties {
        /// The id of that one, or of the first if there are several.
        first: Box<str>,
    },
    /// There is nothing to remove.
    NotFound,
    /// The element cannot be removed, since something that stays refers to it.
    InUse,
    /// The element cannot be removed, since it always exists: the application `default`.
    Permanent,
}

/// One fault of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditFault {
    /// The path of the wrong value inside the element, such as `coverage[1].countries[0]`; empty for the element itself.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The name of the field, if a field is missing.
    pub missing: Option<&'static str>,
}

/// Faults as one line.
struct Sentence<'f>(&'f [EditFault]);

// === impl EditError ===

impl EditError {
    /// An error about the element as a whole.
    pub(super) fn whole(edit: u32, edits: &[Edit<'_>], kind: EditErrorKind, message: String) -> Self {
        EditError::new(edit, edits, kind, vec![EditFault::of_element(message)])
    }

    pub(super) fn new(edit: u32, edits: &[Edit<'_>], kind: EditErrorKind, faults: Vec<EditFault>) -> Self {
        let edit = edit as usize;
        EditError { edit, list: edits[edit].list, kind, faults }
    }

    /// The error of an element that has faults of its own.
    pub(super) fn unsound(edit: u32, edits: &[Edit<'_>], catalog: &Catalog) -> Self {
        let own = &edits[edit as usize];
        let faults = faults(own, &all_ids(catalog, edits));
        EditError::new(edit, edits, EditErrorKind::Unsound, faults)
    }

    /// The error of an element that refers to what is not among `known`.
    pub(super) fn unknown(edit: u32, edits: &[Edit<'_>], known: &KnownIds<'_>) -> Self {
        let faults = faults(&edits[edit as usize], known);
        EditError::new(edit, edits, EditErrorKind::UnknownReference, faults)
    }

    /// The error of a removal of something that is not there.
    pub(super) fn not_found(edit: u32, edits: &[Edit<'_>]) -> Self {
        let Edit { list, element, .. } = &edits[edit as usize];
        let id = |key: &str| {
            Json::from(&**element).member(key).and_then(Json::text).map_or_else(String::new, |id| quoted(&id))
        };
        let what = match list {
            List::Applications => format!("application {}", id(schema::APPLICATION_ID)),
            List::Entities => format!("entity {}", id(schema::ENTITY_ID)),
            List::Senders => format!("sender {}", id(schema::SENDER_ID)),
            List::Strategies => format!("strategy {}", id(schema::STRATEGY_ID)),
            List::Associations => "this association".to_owned(),
            List::DefaultSenders => "a default sender of this platform".to_owned(),
        };
        let message = format!("{what} is not in \"{list}\"; name one that is");
        EditError::whole(edit, edits, EditErrorKind::NotFound, message)
    }
}

// === impl EditFault ===

impl EditFault {
    /// A fault of the element itself.
    pub(super) fn of_element(message: String) -> Self {
        Self { path: String::new(), message, missing: None }
    }
}

impl fmt::Display for EditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

// === impl Sentence ===

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            write!(f, "{comma}{fault}")?;
        }
        Ok(())
    }
}

/// The faults of an edit's element if these ids are known.
fn faults(edit: &Edit<'_>, known: &KnownIds<'_>) -> Vec<EditFault> {
    let mut log = FaultLog::new(edit.element.get());
    read(edit, known, &mut log);
    let faults = log.finish().into_iter().flatten();
    let faults = faults.map(|fault| {
        // Here, paths start at the element.
        let path = fault.path.strip_prefix('$').unwrap_or(&fault.path);
        EditFault {
            path: path.strip_prefix('.').unwrap_or(path).to_owned(),
            message: fault.message,
            missing: fault.missing,
        }
    });
    faults.collect()
}

/// Reads the element of an edit for the sake of its faults.
fn read<'e>(edit: &'e Edit<'_>, known: &KnownIds<'e>, log: &mut FaultLog<'e>) {
    let at = ValueAt { json: Json::from(&*edit.element), path: Path::Root };
    let mut reader = Reader::new(log);
    let coverages = &mut Coverages::default();
    match (edit.change, edit.list) {
        (Change::Put, List::Applications) => drop(reader.application(&at)),
        (Change::Put, List::Entities) => drop(reader.entity(&at)),
        (Change::Put, List::Senders) => drop(reader.sender(&at, coverages)),
        (Change::Put, List::Associations) => drop(reader.association(&at, known)),
        (Change::Put, List::Strategies) => drop(reader.strategy(&at, known, coverages)),
        (Change::Put, List::DefaultSenders) => drop(reader.default_sender(&at, known)),
        // What is removed is not there afterwards: its references do not matter.
        (Change::Remove, List::Associations) => drop(reader.association(&at, &KnownIds::unchecked())),
        (Change::Remove, List::DefaultSenders) => drop(reader.platform_of(&at)),
        (Change::Remove, list) => drop(reader.id_of(list, &at)),
    }
}

/// Every id that an element may refer to: those of the catalog, and those that any edit puts.
fn all_ids<'e>(catalog: &'e Catalog, edits: &'e [Edit<'_>]) -> KnownIds<'e> {
    let mut known = KnownIds::of_catalog(catalog);
    for edit in edits.iter().filter(|edit| edit.change == Change::Put) {
        match edit.list {
            List::Applications => add(&mut known.applications, &edit.element, schema::APPLICATION_ID),
            List::Entities => add(&mut known.entities, &edit.element, schema::ENTITY_ID),
            List::Senders => add(&mut known.senders, &edit.element, schema::SENDER_ID),
            List::Associations | List::Strategies | List::DefaultSenders => {}
        }
    }
    known
}

fn add<'e>(ids: &mut Ids<'e>, element: &'e RawValue, key: &str) {
    let id: Option<Cow<'e, str>> = Json::from(element).member(key).and_then(Json::text);
    match id {
        Some(id) => drop(ids.insert(id, 0)),
        None => ids.add_unreadable(),
    }
}
