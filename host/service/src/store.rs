//! The catalog store: all elements of the platform, the revisions that made them, and the components of modules.
//!
//! Every change is a revision, and changes that were made together are one transaction. A writer says on which revision its changes
//! are based. If another writer was first, the commit fails with [`Committed::Behind`], and the writer plans them again on the
//! newer revision.

mod address;
pub(crate) mod log_part;
pub(crate) mod nodes;
mod postgres;
mod rows;
pub(crate) mod sender_health;
pub(crate) mod settings;
mod sqlite;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Notify;

pub use self::address::CatalogAddress;
use self::log_part::LogPart;
pub(crate) use self::postgres::Postgres;
pub(crate) use self::sqlite::{Sqlite, revision_of_copy};
use crate::change::{Draft, Entry, Kind, LoggedChange};

/// How many positions each revision has for its elements. 16 million is more than one change can have.
const PLACES: u64 = 1 << 24;

/// How often the platform is read while others change it.
const LOADS: u32 = 5;

/// How many revisions are removed from the log at once, so that a change does not wait long for it.
pub(crate) const FORGOTTEN: usize = 1_000;

/// How many components or settings are read at once.
const AT_ONCE: usize = 500;

/// How many bytes of a character a piece of text can lose at its end.
const MAX_CUT: u64 = 3;

/// A catalog store. A process has one, so its size does not matter.
#[allow(clippy::large_enum_variant, reason = "see above")]
pub(crate) enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Who opens a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// A service: the files are its own.
    Service,
    /// A person beside it, with `callsign key`: root may work on the files of the service's user. There must be a platform.
    Person,
    /// The same, who may make the platform: its first key can be made before a service starts.
    Maker,
}

/// An element as it is stored.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) body: String,
    /// Where it stands among those of its kind, which are in ascending order. Never [`NOWHERE`](crate::change::NOWHERE).
    pub(crate) position: u64,
}

impl Element {
    /// The revision that put it into its list.
    pub(crate) fn made_by(&self) -> u64 {
        self.position / PLACES
    }
}

/// The result of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// The last of the drafts became this revision.
    Done(u64),
    /// Another writer was first: the store is at this revision.
    Behind(u64),
}

/// Why an operation of the catalog store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It does not answer.
    #[error("the catalog store does not answer: {0}")]
    Unavailable(String),
    /// It does not take what it was given, and has taken none of it.
    #[error("the catalog store refuses it: {0}")]
    Refused(String),
    /// It cannot be opened.
    #[error("the catalog store {place} cannot be opened: {reason}")]
    Open {
        /// Its file, or its address without a password.
        place: String,
        /// Why.
        reason: String,
    },
    /// There is none, and a command beside the service makes none.
    #[error("there is no platform in {place}")]
    NoPlatform {
        /// Where it would be.
        place: String,
    },
    /// What is in it cannot be read.
    #[error("the catalog store is damaged: {0}")]
    Damaged(String),
}

impl Store {
    /// Opens a store by its address: a PostgreSQL database, or a SQLite file. A service makes one that is missing.
    pub(crate) async fn open(address: &CatalogAddress, operator: Operator) -> Result<Self, StoreError> {
        match address {
            CatalogAddress::Postgres(address) => Ok(Self::Postgres(Postgres::open(address, operator).await?)),
            CatalogAddress::Sqlite(path) => Ok(Self::Sqlite(Sqlite::open(path, operator).await?)),
        }
    }

    /// The newest revision and all elements, kind by kind, each kind in the order of creation.
    pub(crate) async fn load(&self) -> Result<(u64, Vec<Element>), StoreError> {
        for attempt in 1.. {
            let (revision, mut elements) = self.elements().await?;
            let bindings = elements.iter().filter(|element| element.kind == Kind::Binding);
            let texts = self.texts(bindings.map(|element| &*element.body)).await?;
            let mut missing = None;
            for element in elements.iter_mut().filter(|element| !settings::needed(&element.body).is_empty()) {
                match settings::together(&element.body, &texts) {
                    Ok(body) => element.body = Box::<str>::from(body).into(),
                    Err(error) => missing = Some(error),
                }
            }
            match missing {
                None => return Ok((revision, elements)),
                // Another node may have changed the binding since its element was read.
                Some(_) if attempt < LOADS => {}
                Some(error) => return Err(error),
            }
        }
        Err(StoreError::Damaged("the settings of a binding are missing".into()))
    }

    /// The same with bindings as they are stored, with digests of their settings.
    pub(crate) async fn elements(&self) -> Result<(u64, Vec<Element>), StoreError> {
        match self {
            Self::Sqlite(store) => store.load().await,
            Self::Postgres(store) => store.load().await,
        }
    }

    /// The settings that stored bindings name, by digest.
    async fn texts(&self, bodies: impl Iterator<Item = &str>) -> Result<HashMap<String, Vec<u8>>, StoreError> {
        let mut digests: Vec<String> = bodies.flat_map(settings::needed).collect();
        digests.sort_unstable();
        digests.dedup();
        let mut texts = HashMap::new();
        for some in digests.chunks(AT_ONCE) {
            texts.extend(match self {
                Self::Sqlite(store) => store.components(some).await,
                Self::Postgres(store) => store.components(some).await,
            }?);
        }
        Ok(texts)
    }

    /// Writes drafts as the revisions after `seen`, in one transaction: all or none.
    pub(crate) async fn commit(&self, seen: u64, drafts: &Arc<[Draft]>) -> Result<Committed, StoreError> {
        match self {
            Self::Sqlite(store) => store.commit(seen, drafts).await,
            Self::Postgres(store) => store.commit(seen, drafts).await,
        }
    }

    /// The same for a thread of a runtime that may block.
    pub(crate) fn commit_blocking(&self, seen: u64, drafts: &[Draft]) -> Result<Committed, StoreError> {
        match self {
            Self::Sqlite(store) => store.commit_blocking(seen, drafts),
            Self::Postgres(store) => Handle::current().block_on(store.commit(seen, drafts)),
        }
    }

    /// The number of the newest revision.
    pub(crate) async fn head(&self) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.head().await,
            Self::Postgres(store) => store.head().await,
        }
    }

    /// At most `most` revisions after `revision`, oldest first. Of a binding that they change several times they have the
    /// last state only: the settings of others may be deleted already.
    pub(crate) async fn since(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        for attempt in 1.. {
            let mut entries = self.logged(revision, most).await?;
            keep_last_bindings(&mut entries);
            let bindings = entries.iter().flat_map(|entry| &entry.changes);
            let bodies = bindings.filter(|change| change.kind == Kind::Binding);
            let texts = self.texts(bodies.filter_map(|change| Some(change.body.as_deref()?.get()))).await?;
            let mut missing = None;
            for change in entries.iter_mut().flat_map(|entry| &mut entry.changes) {
                if change.kind == Kind::Binding
                    && let Some(body) = &mut change.body
                    && !settings::needed(body.get()).is_empty()
                {
                    match settings::together(body.get(), &texts) {
                        Ok(whole) => *body = whole,
                        Err(error) => missing = Some(error),
                    }
                }
            }
            match missing {
                None => return Ok(entries),
                // A still later revision may have changed the binding.
                Some(_) if attempt < LOADS => {}
                Some(error) => return Err(error),
            }
        }
        Err(StoreError::Damaged("the settings of a binding are missing".into()))
    }

    /// At most `most` revisions after `revision`, oldest first, as they are in the log: with bindings as they are stored.
    pub(crate) async fn logged(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(store) => store.since(revision, most).await,
            Self::Postgres(store) => store.since(revision, most).await,
        }
    }

    /// At most `most` revisions before `revision`, newest first, each with at most `changes` of its changes from the beginning,
    /// and no more than are whole in [`LISTED`](log_part::LISTED): the audit log from its end. Bindings are as they are stored,
    /// with digests of their settings.
    pub(crate) async fn before(&self, revision: u64, most: u32, changes: usize) -> Result<Vec<LogPart>, StoreError> {
        match self {
            Self::Sqlite(store) => store.before(revision, most, changes).await,
            Self::Postgres(store) => store.before(revision, most, changes).await,
        }
    }

    /// The part of a revision's changes that begins at `from`: 0, or [`LogPart::next`]. It is read from `most` bytes or
    /// characters of the log, and from more if its first change is longer. `None` if the log does not have the revision.
    ///
    /// # Errors
    /// No change begins at `from`, or the store does not answer.
    pub(crate) async fn part(&self, revision: u64, from: u64, mut most: u64) -> Result<Option<LogPart>, StoreError> {
        loop {
            let (entry, piece, length): (_, _, fn(&str) -> usize) = match self {
                Self::Sqlite(store) => match store.piece(revision, from, most).await? {
                    Some((entry, piece)) => (entry, piece, str::len),
                    None => return Ok(None),
                },
                Self::Postgres(store) => match store.piece(revision, from, most).await? {
                    Some((entry, piece)) => (entry, piece, |text| text.chars().count()),
                    None => return Ok(None),
                },
            };
            let is_whole_piece = length(&piece) as u64 + MAX_CUT >= most;
            match LogPart::read(entry, from, &piece, usize::MAX, length)? {
                Some(part) => return Ok(Some(part)),
                // Its first change is longer.
                None if is_whole_piece => most = most.saturating_mul(8),
                None => return Err(StoreError::Damaged(format!("no change of revision {revision} begins at {from}"))),
            }
        }
    }

    /// Removes the oldest revisions from the log, at most [`FORGOTTEN`] of them: those that are older than a time, and those up
    /// to a revision. Returns how many. A node that has not seen them yet loads the platform anew.
    pub(crate) async fn forget(&self, before: u64, up_to: u64) -> Result<usize, StoreError> {
        let (before, up_to) = (i64::try_from(before).unwrap_or(i64::MAX), i64::try_from(up_to).unwrap_or(i64::MAX));
        match self {
            Self::Sqlite(store) => store.forget(before, up_to).await,
            Self::Postgres(store) => store.forget(before, up_to).await,
        }
    }

    /// At most `most` revisions after `revision`, oldest first, without their changes, which may be many.
    pub(crate) async fn actions(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(store) => store.actions(revision, most).await,
            Self::Postgres(store) => store.actions(revision, most).await,
        }
    }

    /// The digests of all components and settings.
    pub(crate) async fn digests(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.digests().await,
            Self::Postgres(store) => store.digests().await,
        }
    }

    /// The component of a module.
    pub(crate) async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Sqlite(store) => store.component(digest).await,
            Self::Postgres(store) => store.component(digest).await,
        }
    }

    /// Notes that the service ends in order.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Notified when there may be a new revision, perhaps from another process. Notifications can be missed, so
    /// followers also poll.
    pub(crate) fn changed(&self) -> &Arc<Notify> {
        match self {
            Self::Sqlite(store) => store.changed(),
            Self::Postgres(store) => store.changed(),
        }
    }

    /// The name for messages, without passwords.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Sqlite(store) => store.place(),
            Self::Postgres(store) => store.place(),
        }
    }
}

/// Drops all changes of each binding but the last.
fn keep_last_bindings(entries: &mut [Entry]) {
    let mut seen: HashSet<String> = HashSet::new();
    for entry in entries.iter_mut().rev() {
        let mut changes = std::mem::take(&mut entry.changes);
        changes.reverse();
        changes.retain(|change| change.kind != Kind::Binding || seen.insert(change.key.clone()));
        changes.reverse();
        entry.changes = changes;
        // Nobody who follows the log asks for it.
        (entry.before, entry.stood) = (Vec::new(), Vec::new());
    }
}

/// The position of an element in its list: elements of later revisions come later.
fn position(revision: u64, index: usize) -> i64 {
    (revision * PLACES + index as u64) as i64
}

fn entry(revision: i64, at: i64, who: String, action: String, changes: &str) -> Result<Entry, StoreError> {
    let logged: Vec<LoggedChange> = serde_json::from_str(changes)
        .map_err(|error| StoreError::Damaged(format!("the changes of revision {revision}: {error}")))?;
    Ok(Entry { revision: revision as u64, at: at as u64, who, action, ..Entry::default() }.with(logged))
}

fn kind(text: &str) -> Result<Kind, StoreError> {
    Kind::parse(text).ok_or_else(|| {
        StoreError::Damaged(format!("it has elements of the kind {text:?}, which this version does not know"))
    })
}
