//! Backups: `callsign backup` beside a running service, and `callsign restore` into an empty data folder.
//!
//! A backup is a folder of three files and a manifest with their digests, written last: a folder without it is a backup that
//! was interrupted. `catalog.sqlite` is the catalog store as it was at one moment, with modules, bindings, keys and the audit
//! log. `pins.jsonl` has every pin that was there when the backup began, and perhaps some of those that came meanwhile.
//! `recipients.key` is there if the pins are hashed with a key of their own folder.

mod manifest;
mod restore;
mod save;

use std::path::PathBuf;

use callsign::sticky::{OpenError, TransferError};
use callsign_private::FileError;

pub use self::restore::restore;
pub use self::save::back_up;
use crate::pins::KeyError;
use crate::store::StoreError;

/// The copy of the catalog store.
const CATALOG: &str = "catalog.sqlite";

/// The pins, one a line.
const PINS: &str = "pins.jsonl";

/// The key that a folder of pins hashes recipients with.
const KEY: &str = "recipients.key";

/// What a backup has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupSummary {
    /// The revision of the platform.
    pub revision: u64,
    /// How many pins.
    pub pins: u64,
}

/// Why a backup is not made or not restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The catalog store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store of pins.
    #[error(transparent)]
    Pins(#[from] OpenError),
    /// The pins cannot be read or written.
    #[error("the pins: {0}")]
    Transfer(#[from] TransferError),
    /// The running service does not hand out its pins.
    #[error("the service that uses {data} does not hand out its pins: {reason}")]
    Service {
        /// Its data folder.
        data: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file or a folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// The catalog is in a database that is not a file.
    #[error("the catalog is in {place}: back that database up with its own tools, such as pg_dump and pg_restore")]
    Database {
        /// Its address, without a password.
        place: String,
    },
    /// There is something already where the backup or the platform would be.
    #[error("{place} is there already: {right}")]
    Exists {
        /// Where.
        place: PathBuf,
        /// What would be right.
        right: &'static str,
    },
    /// A service uses the data folder.
    #[error("a service uses the data folder {data}: end it first")]
    InUse {
        /// The folder.
        data: PathBuf,
    },
    /// The backup has no manifest, or a damaged file.
    #[error("{place} is not a whole backup: {reason}")]
    Damaged {
        /// Its folder.
        place: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key of `sticky.recipient_key`.
    #[error("the key of recipients in {place} cannot be used: {reason}")]
    NotAKey {
        /// Its file.
        place: String,
        /// Why.
        reason: String,
    },
    /// The recipients of the pins were hashed with another key than that of the configuration.
    #[error(
        "the recipients of the backup's pins are hashed with the key {found}, and sticky.recipient_key is {given}: \
         give the key that the service had"
    )]
    RecipientKey {
        /// The fingerprint of the key that they are hashed with.
        found: String,
        /// The fingerprint of the key that is given.
        given: String,
    },
}

impl From<KeyError> for BackupError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::File(error) => error.into(),
            KeyError::NotAKey { place, reason } => Self::NotAKey { place, reason },
        }
    }
}

fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| FileError::Io { path, cause }.into()
}
