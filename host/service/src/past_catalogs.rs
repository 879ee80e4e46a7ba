//! The catalog as it was at an earlier revision, which the decision log names: from the present one and the changes since.
//!
//! The log of revisions says of each change what was before it, and where the element stood in its list. So the elements that
//! nobody touched since are as they are now, and each other one is as it was before it was first touched. From there on later
//! revisions are made as every node makes them: by their changes.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callsign::{Catalog, Numbering};
use hashbrown::HashMap;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::association::NamedAssociation;
use crate::change::{Change, Entry, Kind, NOWHERE, raw};
use crate::config::Config;
use crate::service::{edited, whole};
use crate::state::State;
use crate::store::{Element, Operator, Store, StoreError};

/// How many revisions are read at once.
const AT_ONCE: u64 = 50;

/// What the name of a revision's catalog begins with in the decision log.
const NAME: &str = "revision:";

/// The name of the catalog of a revision in the decision log, such as `revision:12`.
pub(crate) fn revision_name(revision: u64) -> String {
    format!("{NAME}{revision}")
}

/// Why there is no catalog of a revision.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PastCatalogError {
    /// The catalog store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The revision is yet to come.
    #[error("revision {revision} is not there yet: the newest is {newest}")]
    NotYet {
        /// The revision.
        revision: u64,
        /// The newest one.
        newest: u64,
    },
    /// The log of revisions does not go back so far.
    #[error(
        "revision {revision} is too old: the audit log goes back to revision {oldest}, \
         see catalog.audit_days and catalog.audit_revisions"
    )]
    Forgotten {
        /// The revision.
        revision: u64,
        /// The oldest revision whose catalog can be made.
        oldest: u64,
    },
    /// The log of revisions has what an earlier version wrote, which did not note enough.
    #[error(
        "revision {revision} is too old: revision {by} was written by a version that did not note what was before it"
    )]
    NotNoted {
        /// The revision.
        revision: u64,
        /// The revision that notes too little.
        by: u64,
    },
    /// The files of `[numbering]`.
    #[error("numbering: {0}")]
    Numbering(String),
}

/// The catalogs of a platform at its revisions. Those that are asked for in ascending order are made quickly: each from the
/// one before.
pub struct PastCatalogs {
    store: Arc<Store>,
    numbering: Arc<Numbering>,
    last: Option<(u64, Catalog)>,
}

impl PastCatalogs {
    /// Opens the platform of a configuration, beside the service or while none runs.
    ///
    /// # Errors
    /// There is no platform, or it cannot be opened; a file of `[numbering]` cannot be read.
    pub async fn open(config: &Config) -> Result<Self, PastCatalogError> {
        let numbering = config.numbering.load().map_err(PastCatalogError::Numbering)?;
        Ok(Self::of(Arc::new(Store::open(&config.catalog_store(), Operator::Person).await?), numbering))
    }

    /// Those of a store, with what is known of the world's numbers.
    pub(crate) fn of(store: Arc<Store>, numbering: Arc<Numbering>) -> Self {
        Self { store, numbering, last: None }
    }

    /// The number of the newest revision.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn newest(&self) -> Result<u64, PastCatalogError> {
        Ok(self.store.head().await?)
    }

    /// The revision whose catalog has a name in the decision log; `None` if it is the name of another catalog.
    pub fn revision_of(name: &str) -> Option<u64> {
        let number = name.strip_prefix(NAME)?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
    }

    /// The catalog as it was at a revision.
    ///
    /// # Errors
    /// See [`PastCatalogError`].
    pub async fn at(&mut self, revision: u64) -> Result<Catalog, PastCatalogError> {
        let catalog = match self.last.take() {
            Some((last, catalog)) if last <= revision => self.forward(last, catalog, revision).await?,
            _ => platform_at(&self.store, revision).await?.0.with_numbering(Arc::clone(&self.numbering)),
        };
        self.last = Some((revision, catalog.clone()));
        Ok(catalog)
    }

    /// The catalog of a later revision.
    async fn forward(&self, from: u64, mut catalog: Catalog, revision: u64) -> Result<Catalog, PastCatalogError> {
        let mut seen = from;
        while seen < revision {
            let most = (revision - seen).min(AT_ONCE);
            let entries = self.store.logged(seen, most as u32).await?;
            if entries.is_empty() {
                let newest = self.store.head().await?;
                return Err(match newest < revision {
                    true => PastCatalogError::NotYet { revision, newest },
                    false => PastCatalogError::Forgotten { revision, oldest: newest },
                });
            }
            (seen, catalog) = blocking(move || {
                for entry in &entries {
                    follows(seen, entry, revision)?;
                    seen = entry.revision;
                    let next = edited(&catalog, &entry.changes);
                    let next = next.map_err(|error| StoreError::Damaged(format!("revision {seen}: {error}")))?;
                    catalog = next.unwrap_or(catalog);
                }
                Ok((seen, catalog))
            })
            .await?;
        }
        Ok(catalog)
    }
}

/// The catalog as it was at a revision, and of the state whose the entities were.
pub(crate) async fn platform_at(store: &Store, revision: u64) -> Result<(Catalog, State), PastCatalogError> {
    let (newest, elements) = store.elements().await?;
    if revision > newest {
        return Err(PastCatalogError::NotYet { revision, newest });
    }
    let mut before: HashMap<(Kind, String), Option<Element>> = HashMap::new();
    let mut seen = revision;
    while seen < newest {
        let entries = store.logged(seen, (newest - seen).min(AT_ONCE) as u32).await?;
        if entries.is_empty() {
            return Err(PastCatalogError::Forgotten { revision, oldest: newest });
        }
        for entry in entries {
            follows(seen, &entry, revision)?;
            seen = entry.revision;
            note_before(entry, revision, &mut before)?;
        }
    }
    blocking(move || {
        let untouched = elements.into_iter().filter(|element| {
            is_kept(element.kind) && (before.is_empty() || !before.contains_key(&(element.kind, element.key.clone())))
        });
        let mut elements: Vec<Element> = untouched.collect();
        elements.extend(before.into_values().flatten());
        elements.sort_by_key(|element| (element.kind, element.position));
        Ok(whole(revision, &elements)?)
    })
    .await
}

/// Whether elements of a kind are of the catalog, or say whose its entities are.
fn is_kept(kind: Kind) -> bool {
    match kind {
        Kind::Application
        | Kind::Entity
        | Kind::Sender
        | Kind::Association
        | Kind::Strategy
        | Kind::DefaultSender
        | Kind::Owner => true,
        Kind::Module | Kind::ModuleKey | Kind::Binding | Kind::Key | Kind::Generation => false,
    }
}

/// Whether a revision of the log is the one after another.
fn follows(seen: u64, entry: &Entry, revision: u64) -> Result<(), PastCatalogError> {
    if entry.revision == seen + 1 {
        return Ok(());
    }
    Err(PastCatalogError::Forgotten { revision, oldest: entry.revision.saturating_sub(1) })
}

/// Notes of each element that a revision touches first what was before.
fn note_before(
    entry: Entry,
    revision: u64,
    noted: &mut HashMap<(Kind, String), Option<Element>>,
) -> Result<(), PastCatalogError> {
    let by = entry.revision;
    let changes = entry.changes.into_iter().zip(entry.before).zip(entry.stood);
    for ((Change { kind, key, .. }, before), stood) in changes.filter(|((change, _), _)| is_kept(change.kind)) {
        let element = (kind, key);
        if noted.contains_key(&element) {
            continue;
        }
        let position = stood.ok_or(PastCatalogError::NotNoted { revision, by })?;
        let there = (position != NOWHERE).then(|| body(kind, &element.1, before));
        let there = match there {
            None => None,
            Some(Some(body)) => {
                Some(Element { kind, key: element.1.clone(), body: Box::<str>::from(body).into(), position })
            }
            Some(None) => return Err(PastCatalogError::NotNoted { revision, by }),
        };
        noted.insert(element, there);
    }
    Ok(())
}

/// An element as it is stored, from its key and what the log says of it; `None` if that is not enough.
fn body(kind: Kind, key: &str, before: Option<Box<RawValue>>) -> Option<Box<RawValue>> {
    let parts = || serde_json::from_str::<Vec<Option<String>>>(key).ok();
    match kind {
        // Its key has all of it.
        Kind::Association => match &parts()?[..] {
            [Some(resource_type), Some(channel), Some(application), entity, Some(resource)] => {
                let entity = entity.as_deref();
                Some(raw(&NamedAssociation { resource_type, channel, application, entity, resource }.body()))
            }
            _ => None,
        },
        Kind::DefaultSender => {
            let mut element: Value = serde_json::from_str(before?.get()).ok()?;
            element["platform"] = match &parts()?[..] {
                [application, None] => json!({ "applicationId": application }),
                [application, entity] => json!({ "applicationId": application, "entityId": entity }),
                _ => return None,
            };
            Some(raw(&element))
        }
        _ => before,
    }
}

/// Work that takes a while with large platforms.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PastCatalogError> + Send + 'static,
) -> Result<T, PastCatalogError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Unavailable(error.to_string()))?
}
