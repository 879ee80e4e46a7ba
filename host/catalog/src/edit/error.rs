//! Why edits were refused.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::{Change, Edit, List};
use crate::{
    Catalog,
    diagnose::Walker,
    fault::FaultLog,
    ids::{Ids, Known},
    json_path::{self, Path, Spot},
    rule::quoted,
};

/// Why [`Catalog::edit`] refused some edits. None of them took effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("edit {edit}, of \"{list}\": {}", Sentence(faults))]
#[non_exhaustive]
pub struct EditError {
    /// Which edit cannot be, by its index.
    pub edit: usize,
    /// The list that it is of.
    pub list: List,
    /// What is the matter, for programs.
    pub kind: EditErrorKind,
    /// What is the matter, for people, in the order of the element's text; never empty.
    pub faults: Vec<EditFault>,
}

/// What is the matter with an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditErrorKind {
    /// The element is not sound by itself, or lacks what tells it apart. Ids that it names and the catalog lacks are
    /// among the faults too.
    Unsound,
    /// The element names something that the catalog does not have after the edits; the path says in which field.
    UnknownReference,
    /// The strategy ties with another one.
    Ties {
        /// The id of that one; where there are several, of the first.
        first: Box<str>,
    },
    /// There is nothing to remove.
    NotFound,
    /// It cannot be removed, since something that stays refers to it.
    InUse,
    /// It cannot be removed, since it always exists: the application `default`.
    Permanent,
}

/// One fault of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditFault {
    /// The path of the value that is wrong inside the element, such as `coverage[1].countries[0]`; empty for the
    /// element itself.
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

    /// The error of an element that is not sound by itself.
    pub(super) fn unsound(edit: u32, edits: &[Edit<'_>], catalog: &Catalog) -> Self {
        let own = &edits[edit as usize];
        let mut faults = faults(own, &everything(catalog, edits));
        if faults.is_empty() {
            // Should the two ways through an element ever disagree, the edit must not be refused without a word.
            let message = "is not a sound element of this list".to_owned();
            faults.push(EditFault::of_element(message));
        }
        EditError::new(edit, edits, EditErrorKind::Unsound, faults)
    }

    /// The error of an element that names what is not among `known`.
    pub(super) fn unknown(edit: u32, edits: &[Edit<'_>], known: &Known<'_>) -> Self {
        let faults = faults(&edits[edit as usize], known);
        EditError::new(edit, edits, EditErrorKind::UnknownReference, faults)
    }

    /// The error of a removal that finds nothing.
    pub(super) fn not_found(edit: u32, edits: &[Edit<'_>]) -> Self {
        let Edit { list, element, .. } = &edits[edit as usize];
        let id = |key: &str| {
            json_path::member(element, key).and_then(json_path::text).map_or_else(String::new, |id| quoted(&id))
        };
        let what = match list {
            List::Applications => format!("application {}", id("applicationId")),
            List::Entities => format!("entity {}", id("entityId")),
            List::Senders => format!("sender {}", id("senderId")),
            List::Strategies => format!("strategy {}", id("sendingStrategyId")),
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

/// The faults of an edit's element where these ids are known.
fn faults(edit: &Edit<'_>, known: &Known<'_>) -> Vec<EditFault> {
    let mut log = FaultLog::new(edit.element.get());
    walk(edit, known, &mut log);
    let faults = log.finish().into_iter().flatten();
    let faults = faults.map(|fault| {
        // Paths begin at the element here.
        let path = fault.path.strip_prefix('$').unwrap_or(&fault.path);
        EditFault {
            path: path.strip_prefix('.').unwrap_or(path).to_owned(),
            message: fault.message,
            missing: fault.missing,
        }
    });
    faults.collect()
}

fn walk<'e>(edit: &'e Edit<'_>, known: &Known<'e>, log: &mut FaultLog<'e>) {
    let spot = Spot { raw: &edit.element, path: Path::Root };
    let mut walker = Walker::new(log);
    match (edit.change, edit.list) {
        (Change::Put, List::Applications) => drop(walker.application(&spot)),
        (Change::Put, List::Entities) => drop(walker.entity(&spot)),
        (Change::Put, List::Senders) => drop(walker.sender(&spot)),
        (Change::Put, List::Associations) => drop(walker.association(&spot, known)),
        (Change::Put, List::Strategies) => drop(walker.strategy(&spot, known)),
        (Change::Put, List::DefaultSenders) => drop(walker.default_sender(&spot, known)),
        // What is removed is not there afterwards: its references do not matter.
        (Change::Remove, List::Applications) => drop(walker.named_application(&spot)),
        (Change::Remove, List::Entities) => drop(walker.named_entity(&spot)),
        (Change::Remove, List::Senders) => drop(walker.named_sender(&spot)),
        (Change::Remove, List::Associations) => drop(walker.association(&spot, &Known::unread())),
        (Change::Remove, List::Strategies) => drop(walker.named_strategy(&spot)),
        (Change::Remove, List::DefaultSenders) => drop(walker.named_default_sender(&spot)),
    }
}

/// Every id that an element can have meant: those of the catalog, and those that any edit puts.
fn everything<'e>(catalog: &'e Catalog, edits: &'e [Edit<'_>]) -> Known<'e> {
    let mut known = Known::of_catalog(catalog);
    for edit in edits.iter().filter(|edit| edit.change == Change::Put) {
        match edit.list {
            List::Applications => add(&mut known.applications, &edit.element, "applicationId"),
            List::Entities => add(&mut known.entities, &edit.element, "entityId"),
            List::Senders => add(&mut known.senders, &edit.element, "senderId"),
            List::Associations | List::Strategies | List::DefaultSenders => {}
        }
    }
    known
}

fn add<'e>(ids: &mut Ids<'e>, element: &'e RawValue, key: &str) {
    let id: Option<Cow<'e, str>> = json_path::member(element, key).and_then(json_path::text);
    match id {
        Some(id) => drop(ids.insert(id, 0)),
        None => ids.unreadable(),
    }
}
