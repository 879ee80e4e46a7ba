//! The catalog: what a platform has registered and how it wants messages sent.
//!
//! One JSON file describes a platform. It is read and checked as a whole: either every part of it is sound, or it is
//! refused with the list of all its faults. Nothing that uses a [`Catalog`] has to doubt a reference or a value in it.
//!
//! How the file is read, in the order of the private modules:
//!
//! 1. `file` splits the text into the elements of its six lists without copying them.
//! 2. `element` reads one element into borrowed, typed fields, and `build` makes the model of it: the fast way, which
//!    only says whether it is sound.
//! 3. `walk` goes through an element that is not, field by field, and notes each fault with its place.
//! 4. `sound` reads a whole file the fast way, on several threads. Where it gives up, `check` takes every element through
//!    these one by one, and finds also what only shows between elements: ids given twice, duplicate associations, two
//!    default senders, and, with `ties`, strategies that tie.
//!
//! `edit` changes single elements of a catalog, which is then as sound as one that was read; `write` gives elements
//! back as the file writes them; `lookup` finds them by what tells them apart and by what they refer to.

mod build;
mod check;
mod conflicts;
mod coverage;
mod diagnose;
mod edit;
mod element;
mod fast_load;
mod fault;
mod file;
mod ids;
mod json_path;
mod kind;
mod lookup;
mod model;
pub mod parallel;
pub mod persistent;
mod rule;
mod write;

#[cfg(any(test, feature = "testing"))]
#[allow(missing_docs, clippy::expect_used, clippy::unwrap_used, reason = "for tests alone")]
pub mod testing;
#[cfg(test)]
mod tests;

use std::{fmt, fs::File, io::Read, path::Path};

use self::{coverage::Interned, lookup::Lookup};
pub use coverage::{Countries, Coverage};
pub use edit::{Edit, EditError, EditErrorKind, EditFault, List};
pub use fault::{CatalogError, Fault, Faults, MAX_FAULTS};
pub use kind::{Channel, ResourceType, SenderType};
pub use model::{Application, Association, DefaultSender, Entity, OtherAssociation, Sender, Strategy};
pub use persistent::{PVec, SlotVec};

/// The longest catalog text that is read: 4 GiB less one byte, so that every element has a 32-bit index.
///
/// A million senders with a million associations take about 300 MB.
pub const MAX_CATALOG_BYTES: u64 = u32::MAX as u64;

/// Everything a platform has registered, sound and complete.
///
/// Elements refer to each other by index into these lists, and every index is in range. Lists are in the order of the
/// file; the application `default`, which always exists, comes first where the file does not list it.
///
/// A clone shares everything, and a catalog that [`Catalog::edit`] gives shares all but what was changed.
#[derive(Clone)]
pub struct Catalog {
    applications: PVec<Application>,
    entities: PVec<Entity>,
    senders: PVec<Sender>,
    associations: SlotVec<Association>,
    other_associations: SlotVec<OtherAssociation>,
    strategies: PVec<Strategy>,
    default_senders: SlotVec<DefaultSender>,
    interned: Interned,
    lookup: Lookup,
}

impl Catalog {
    /// Reads and checks the catalog file at `path`.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Read`] when the file cannot be read, and every error of [`Catalog::from_slice`]. The errors of
    /// its content do not repeat `path`.
    pub fn load(path: &Path) -> Result<Catalog, CatalogError> {
        Catalog::from_slice(&read(path)?)
    }

    /// Reads and checks a catalog from bytes, as [`Catalog::from_json`] does from text.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Syntax`] also where the bytes are not UTF-8, and every error of [`Catalog::from_json`].
    pub fn from_slice(bytes: &[u8]) -> Result<Catalog, CatalogError> {
        // Before the text is looked at: what is too long may be cut anywhere, also inside a character.
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
    /// - [`CatalogError::Syntax`]: the text is not JSON. Nothing else is reported then, since what follows such a place
    ///   cannot be told apart.
    /// - [`CatalogError::Faults`]: it is JSON but not a sound catalog; all faults, in the order of the file.
    pub fn from_json(text: &str) -> Result<Catalog, CatalogError> {
        fault::check_size(text.len() as u64)?;
        check::catalog(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// The applications; `default` is always among them.
    #[inline]
    pub fn applications(&self) -> &PVec<Application> {
        &self.applications
    }

    /// The entities.
    #[inline]
    pub fn entities(&self) -> &PVec<Entity> {
        &self.entities
    }

    /// The senders, suspended ones too.
    #[inline]
    pub fn senders(&self) -> &PVec<Sender> {
        &self.senders
    }

    /// The associations that strategies act on: resource type `NUMBER` or `ALPHA` over `SMS`, `MMS` or `RCS`.
    ///
    /// One sender may be here twice for one channel and scope, when the file associates it both as `NUMBER` and as
    /// `ALPHA`.
    pub fn associations(&self) -> &SlotVec<Association> {
        &self.associations
    }

    /// The associations of any other resource type or channel: kept, never acted on.
    pub fn other_associations(&self) -> &SlotVec<OtherAssociation> {
        &self.other_associations
    }

    /// How many associations of the file no strategy acts on.
    pub fn ignored_associations(&self) -> usize {
        self.other_associations.len()
    }

    /// The sending strategies. No two of one scope tie for any message.
    #[inline]
    pub fn strategies(&self) -> &PVec<Strategy> {
        &self.strategies
    }

    /// The default senders, at most one for a platform.
    pub fn default_senders(&self) -> &SlotVec<DefaultSender> {
        &self.default_senders
    }
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
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

/// Reads the whole file, but never more than one byte over the limit: a pipe or a device has no length to ask for.
fn read(path: &Path) -> Result<Vec<u8>, CatalogError> {
    let failed = |source| CatalogError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    // Known to be too long: say so before reading gigabytes.
    fault::check_size(length)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_or(0, |length| length + 1));
    file.take(MAX_CATALOG_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
