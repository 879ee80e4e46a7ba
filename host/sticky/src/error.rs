//! Why a store does not answer.

use std::sync::Arc;

/// A store that cannot answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[error("sticky state is not available: {reason}")]
pub struct StickyError {
    /// What happened.
    pub reason: Arc<str>,
}

impl StickyError {
    /// An error with its reason.
    pub fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Why a store cannot be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is none, and none shall be made.
    #[error("there is no sticky store in {place}; the first pin that is written makes one")]
    Missing {
        /// Where it would be.
        place: String,
    },
    /// Another process has it.
    #[error("the sticky store {place} is open in another process; stop that one, or give this one another store")]
    Locked {
        /// Where the store is.
        place: String,
    },
    /// It is not a store, or a damaged one.
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
    /// Its recipients were hashed with another key, or not hashed.
    #[error("the sticky store {place}: {reason}")]
    Key {
        /// Where the store is.
        place: String,
        /// What does not fit.
        reason: String,
    },
    /// Its address cannot be read.
    #[error("not the address of a sticky store: {reason}")]
    Address {
        /// What is wrong.
        reason: String,
    },
    /// It cannot be reached, or does not let us in.
    #[error("the sticky store {place} cannot be reached: {reason}")]
    Unreachable {
        /// Where the store is, without its password.
        place: String,
        /// What happened.
        reason: String,
    },
    /// It is there, but not such that pins can be kept in it.
    #[error("the sticky store {place} cannot be used: {reason}")]
    Unfit {
        /// Where the store is, without its password.
        place: String,
        /// What would have to change.
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
