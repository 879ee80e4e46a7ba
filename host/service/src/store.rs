//! Where the platform is kept: all elements, the revisions that made them, and the components of modules.
//!
//! Every change is one transaction and one revision. A writer says which revision it saw; where another was first it is
//! told so, looks again and decides anew, so that no change is made on a state that nobody saw.

mod postgres;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Notify;

pub(crate) use self::postgres::Postgres;
pub(crate) use self::sqlite::Sqlite;
use crate::change::{Draft, Entry, Kind};

/// Elements of a revision get places in the order of their kind below this many; 16 million are more than one change has.
const PLACES: u64 = 1 << 24;

/// A store. There is one in a process, so its size does not matter.
#[allow(clippy::large_enum_variant, reason = "see above")]
pub(crate) enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// An element as it is kept.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) body: String,
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is this revision.
    Done(u64),
    /// Another was first: the store is at this revision.
    Behind(u64),
}

/// Why a store does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It does not answer.
    #[error("the catalog store does not answer: {0}")]
    Unavailable(String),
    /// It cannot be opened.
    #[error("the catalog store {place} cannot be opened: {reason}")]
    Open {
        /// Its file, or its address without a password.
        place: String,
        /// Why.
        reason: String,
    },
    /// What is in it cannot be read.
    #[error("the catalog store is damaged: {0}")]
    Damaged(String),
}

impl Store {
    /// Opens a store by its address: `postgres://...`, or the path of a SQLite file, made where there is none.
    pub(crate) async fn open(address: &str) -> Result<Self, StoreError> {
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return Ok(Self::Postgres(Postgres::open(address).await?));
        }
        Ok(Self::Sqlite(Sqlite::open(Path::new(address)).await?))
    }

    /// The newest revision and all of its elements, kind by kind, each in the order in which it was made.
    pub(crate) async fn load(&self) -> Result<(u64, Vec<Element>), StoreError> {
        match self {
            Self::Sqlite(store) => store.load().await,
            Self::Postgres(store) => store.load().await,
        }
    }

    /// Makes a draft the revision after `seen`, in one transaction.
    pub(crate) async fn commit(&self, seen: u64, draft: &Arc<Draft>) -> Result<Committed, StoreError> {
        match self {
            Self::Sqlite(store) => store.commit(seen, draft).await,
            Self::Postgres(store) => store.commit(seen, draft).await,
        }
    }

    /// The number of the newest revision.
    pub(crate) async fn head(&self) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.head().await,
            Self::Postgres(store) => store.head().await,
        }
    }

    /// Revisions after one, oldest first, at most so many.
    pub(crate) async fn since(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(store) => store.since(revision, most).await,
            Self::Postgres(store) => store.since(revision, most).await,
        }
    }

    /// Revisions before one, newest first, at most so many: the audit log from its end.
    pub(crate) async fn before(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(store) => store.before(revision, most).await,
            Self::Postgres(store) => store.before(revision, most).await,
        }
    }

    /// The component of a module.
    pub(crate) async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Sqlite(store) => store.component(digest).await,
            Self::Postgres(store) => store.component(digest).await,
        }
    }

    /// Notified when somebody, perhaps in another process, may have made a revision. Missed notices are made up for by a
    /// look now and then.
    pub(crate) fn changed(&self) -> &Arc<Notify> {
        match self {
            Self::Sqlite(store) => store.changed(),
            Self::Postgres(store) => store.changed(),
        }
    }

    /// How it is called in messages: without passwords.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Sqlite(store) => store.place(),
            Self::Postgres(store) => store.place(),
        }
    }
}

/// The place of an element in the lists: elements of later revisions come later.
fn position(revision: u64, index: usize) -> i64 {
    (revision * PLACES + index as u64) as i64
}

fn entry(revision: i64, at: i64, who: String, action: String, changes: &str) -> Result<Entry, StoreError> {
    let changes = serde_json::from_str(changes)
        .map_err(|error| StoreError::Damaged(format!("the changes of revision {revision}: {error}")))?;
    Ok(Entry { revision: revision as u64, at: at as u64, who, action, changes })
}

fn kind(text: &str) -> Result<Kind, StoreError> {
    Kind::parse(text).ok_or_else(|| {
        StoreError::Damaged(format!("it has elements of the kind {text:?}, which this version does not know"))
    })
}
