//! Errors of stores.

use std::sync::Arc;

use callsign_private::FileError;
use callsign_store_address::AddressError;

/// The store could not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[error("sticky state is not available: {reason}")]
pub struct StickyError {
    /// Why.
    pub reason: Arc<str>,
}

impl StickyError {
    /// An error with this reason.
    pub fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Why a store could not be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no store, and the caller asked not to create one.
    #[error("there is no sticky store in {place}; the first pin that is written creates one")]
    Missing {
        /// Where the store would be.
        place: String,
    },
    /// Another process has the store open.
    #[error("the sticky store {place} is open in another process; stop that process, or give this one another store")]
    Locked {
        /// Where the store is.
        place: String,
    },
    /// This is not a store, or it is damaged.
    #[error("the sticky store {place} cannot be read: {reason}; nothing was changed")]
    Damaged {
        /// Where the store is.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A newer version of this software wrote it.
    #[error(
        "the sticky store {place} has format {found}, and this version knows formats up to {known}; use the version that \
         wrote it, or a newer one"
    )]
    Newer {
        /// Where the store is.
        place: String,
        /// The format of the store.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// The given recipient key does not match the store: its recipients are hashed with another key, or are numbers.
    #[error("the sticky store {place}: {reason}")]
    Key {
        /// Where the store is.
        place: String,
        /// What does not match.
        reason: String,
    },
    /// The address is malformed.
    #[error("not the address of a sticky store: {reason}")]
    Address {
        /// What is wrong.
        reason: String,
    },
    /// A folder or a file that others may use, or that somebody else made.
    #[error("the sticky store is not opened: {0}")]
    NotPrivate(FileError),
    /// TLS cannot be spoken as the address asks: a file of certificates is missing, say.
    #[error("the sticky store {place} cannot be reached with TLS: {reason}")]
    Tls {
        /// Where the store is, without its password.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The store cannot be reached, or refuses the login.
    #[error("the sticky store {place} cannot be reached: {reason}")]
    Unreachable {
        /// Where the store is, without its password.
        place: String,
        /// What happened.
        reason: String,
    },
    /// The store answers, but its configuration does not allow pins to be kept in it.
    #[error("the sticky store {place} cannot be used: {reason}")]
    Unfit {
        /// Where the store is, without its password.
        place: String,
        /// What must be changed.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("the sticky store {place}: {source}")]
    File {
        /// The file or folder.
        place: String,
        /// Why.
        source: std::io::Error,
    },
}

impl From<AddressError> for OpenError {
    fn from(error: AddressError) -> Self {
        Self::Address { reason: error.to_string() }
    }
}

impl From<FileError> for OpenError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { path, cause } => Self::File { place: path.display().to_string(), source: cause },
            error => Self::NotPrivate(error),
        }
    }
}
