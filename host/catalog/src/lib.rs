//! The catalog: what a platform has registered and how it wants messages sent.
//!
//! [`Catalog::from_json`] reads one JSON file that describes a platform. The file is checked as a whole: either it is valid,
//! or it is refused with the list of all its faults. What uses a [`Catalog`] never has to check a reference or a value again.
//! [`Catalog::edit`] changes single elements under the same rules, and [`Catalog::to_json`] writes a file. The collections
//! in [`persistent`] let a new catalog share what an edit did not change. There is no engine here.
//!
//! Where to look:
//!
//! - `schema` is the one description of the elements: their fields and the rules of their values. `reader` reads JSON by it
//!   and notes faults, `rule` has the rules of single values (`alphanumeric`, `attributes` and `message_types` those of theirs), and
//!   `unresolved` looks up the ids that elements refer to.
//! - `file` splits a text into its six lists. `fast_load` reads a valid file on several threads and stops at the first
//!   fault. `check` then reads the file again from the start for all faults, also those between elements: repeated ids,
//!   equal associations, two default senders of one platform, and strategies that tie (`conflicts`).
//! - `renumber` gives up the empty slots that removed elements leave.
//! - `numbering` is what the operator knows of the world's numbers, and `warning` what is sound and probably not meant.
//! - `input` says what bytes are that are no text, and `escape` makes text from outside fit for a terminal and a log.
//! - `edit` changes elements (`by_id` has those that refer to others as a program gives them), `lookup` finds them by id and by what they refer to, and `write` gives them back as JSON.

#![forbid(unsafe_code)]

mod alphanumeric;
mod attributes;
mod by_id;
mod check;
mod conflicts;
mod coverage;
mod edit;
pub mod escape;
mod fast_load;
mod fault;
mod file;
mod id;
mod ids;
pub mod input;
mod json_path;
mod kind;
mod lookup;
mod message_types;
mod model;
mod numbering;
pub mod parallel;
pub mod persistent;
mod reader;
mod renumber;
mod rule;
mod schema;
mod shared;
pub mod text;
mod unresolved;
mod warning;
mod write;

#[cfg(any(test, feature = "testing"))]
#[allow(missing_docs, clippy::expect_used, clippy::unwrap_used, reason = "for tests alone")]
pub mod testing;
#[cfg(test)]
mod tests;

use std::{fmt, fs::File, io::Read, path::Path, sync::Arc};

use callsign_destination::Numbering;

use self::{coverage::Interned, lookup::Lookup};
pub use attributes::{
    AttributeError, Attributes, MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTE_VALUE, MAX_ATTRIBUTES, check_attribute,
    check_attributes,
};
pub use by_id::{AssociationById, StrategyById};
pub use coverage::{Countries, Coverage};
pub use edit::{Edit, EditError, EditErrorKind, EditFault, List};
pub use fault::{CatalogError, Fault, Faults, MAX_FAULTS};
pub use id::{Id, IdError};
pub use kind::{Channel, Registration, ResourceType, SenderType};
pub use message_types::{
    MAX_MESSAGE_TYPES, MessageType, MessageTypeError, MessageTypes, PROMOTIONAL, TRANSACTIONAL, check_message_type,
};
pub use model::{Application, Association, DefaultSender, Entity, OtherAssociation, Sender, Strategy};
pub use persistent::{PVec, SlotVec};
pub use warning::{MAX_WARNINGS, Warning, Warnings};

/// The longest catalog text that is read: 4 GiB less one byte, so that every element has a 32-bit index.
///
/// A file of a million senders and a million associations has about 300 MB.
pub const MAX_CATALOG_BYTES: u64 = u32::MAX as u64;

/// Everything a platform has registered, checked and complete.
///
/// Elements refer to each other by index into these lists, and there is an element at every such index. An element keeps its index
/// through all edits; one that an edit removes leaves its slot empty, until [`Catalog::renumbered`]. Lists are in the order of
/// the file. The application `default` always exists; it comes first if the file does not list it.
///
/// A clone shares everything. A catalog made by [`Catalog::edit`] shares all that the edits did not change.
#[derive(Clone)]
pub struct Catalog {
    applications: SlotVec<Application>,
    entities: SlotVec<Entity>,
    senders: SlotVec<Sender>,
    associations: SlotVec<Association>,
    other_associations: SlotVec<OtherAssociation>,
    strategies: SlotVec<Strategy>,
    default_senders: SlotVec<DefaultSender>,
    interned: Interned,
    lookup: Lookup,
    numbering: Arc<Numbering>,
    name: Option<Arc<str>>,
}

impl Catalog {
    /// Reads and checks the catalog file at `path`.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Read`] when the file cannot be read, and every error of [`Catalog::from_slice`]. The errors of
    /// its content do not repeat `path`.
    pub fn load(path: impl AsRef<Path>) -> Result<Catalog, CatalogError> {
        Catalog::from_slice(&Catalog::read_file(path)?)
    }

    /// The bytes of the catalog file at `path`, unchecked.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Read`] when the file cannot be read, and [`CatalogError::TooLarge`].
    pub fn read_file(path: impl AsRef<Path>) -> Result<Vec<u8>, CatalogError> {
        let path = path.as_ref();
        let failed = |source| CatalogError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        // A file that is known to be too long is refused before gigabytes are read.
        fault::check_size(length)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).map_or(0, |length| length + 1));
        // At most one byte more than the limit: a pipe or a device does not tell its length.
        file.take(MAX_CATALOG_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// Reads and checks a catalog from bytes, as [`Catalog::from_json`] does from text.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Syntax`] also where the bytes are not UTF-8, and every error of [`Catalog::from_json`].
    pub fn from_slice(bytes: &[u8]) -> Result<Catalog, CatalogError> {
        // Before UTF-8 is checked: a text that is too long may have been cut inside a character.
        fault::check_size(bytes.len() as u64)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Catalog::from_json(text),
            Err(error) => Err(CatalogError::not_utf8(bytes, error)),
        }
    }

    /// Reads and checks a catalog from JSON text. A byte order mark in front is skipped.
    ///
    /// ```
    /// use callsign_catalog::{Catalog, CatalogError};
    ///
    /// let catalog = Catalog::from_json(r#"{"applications": [{"applicationId": "shop"}]}"#)?;
    /// assert_eq!(&*catalog.applications()[0].id, "default");
    /// assert_eq!(&*catalog.applications()[1].id, "shop");
    ///
    /// let refused = Catalog::from_json(r#"{"entities": [{"entityID": "acme"}, {"entityId": ""}]}"#);
    /// let Err(CatalogError::Faults(faults)) = refused else { unreachable!() };
    /// assert_eq!(faults.as_slice()[0].path, "$.entities[0].entityID");
    /// assert_eq!(faults.as_slice()[1].path, "$.entities[1].entityId");
    /// # Ok::<(), CatalogError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`CatalogError::TooLarge`]: the text is longer than [`MAX_CATALOG_BYTES`].
    /// - [`CatalogError::Syntax`]: the text is not JSON. Nothing else is reported then, since what follows a syntax error
    ///   cannot be read.
    /// - [`CatalogError::Faults`]: the text is JSON but not a valid catalog; all faults, in the order of the file.
    pub fn from_json(text: &str) -> Result<Catalog, CatalogError> {
        fault::check_size(text.len() as u64)?;
        check::catalog(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// The same under a name that finds it again, such as `revision:1234` or `sha256:` and the digest of its file: a decision
    /// log names the catalog of each decision so. Catalogs that [`Catalog::edit`] makes of it have no name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Catalog {
        self.name = Some(name.into());
        self
    }

    /// The name of [`Catalog::named`].
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The applications; `default` is always among them.
    #[inline]
    pub fn applications(&self) -> &SlotVec<Application> {
        &self.applications
    }

    /// The entities.
    #[inline]
    pub fn entities(&self) -> &SlotVec<Entity> {
        &self.entities
    }

    /// The senders, suspended ones too.
    #[inline]
    pub fn senders(&self) -> &SlotVec<Sender> {
        &self.senders
    }

    /// The associations that strategies act on: resource type `NUMBER` or `ALPHA` over `SMS`, `MMS` or `RCS`, and
    /// `RCS_RESOURCE` over `RCS`.
    ///
    /// One sender may be here several times for one channel and scope, when the file associates it both as `NUMBER` and
    /// as `ALPHA`.
    pub fn associations(&self) -> &SlotVec<Association> {
        &self.associations
    }

    /// The associations of any other resource type or channel. They are kept, but no strategy acts on them.
    pub fn other_associations(&self) -> &SlotVec<OtherAssociation> {
        &self.other_associations
    }

    /// The number of associations that no strategy acts on.
    pub fn ignored_associations(&self) -> usize {
        self.other_associations.len()
    }

    /// The sending strategies. No two of one scope tie for any message: one is always more specific.
    #[inline]
    pub fn strategies(&self) -> &SlotVec<Strategy> {
        &self.strategies
    }

    /// The default senders, at most one for each platform.
    pub fn default_senders(&self) -> &SlotVec<DefaultSender> {
        &self.default_senders
    }
}

/// Whether both have equal elements in the same order. Which slots are empty is no part of that.
impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        if !self.has_no_empty_slots() || !other.has_no_empty_slots() {
            // Elements refer to others by slot, so slots have to mean the same.
            return self.without_empty_slots() == other.without_empty_slots();
        }
        self.applications == other.applications
            && self.entities == other.entities
            && self.senders == other.senders
            && self.associations == other.associations
            && self.other_associations == other.other_associations
            && self.strategies == other.strategies
            && self.default_senders == other.default_senders
    }
}

impl Eq for Catalog {}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("applications", &self.applications)
            .field("entities", &self.entities)
            .field("senders", &self.senders)
            .field("associations", &self.associations)
            .field("other_associations", &self.other_associations)
            .field("strategies", &self.strategies)
            .field("default_senders", &self.default_senders)
            .finish_non_exhaustive()
    }
}
