//! Managing keys without the service: `callsign key`. A running service takes the change over like any other revision.

use std::sync::Arc;

use callsign_private::{PrivateFolder, Secret};
use serde::Serialize;
use utoipa::ToSchema;

use crate::change::{Change, Draft, Kind, now, time};
use crate::config::Config;
use crate::key::{Key, Scope};
use crate::state::State;
use crate::store::{Committed, Operator, Store, StoreError};

/// The keys of a platform.
pub struct Keys {
    store: Store,
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its id, which is the first part of the key itself.
    pub key_id: String,
    /// Its name, for people.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// The application that it belongs to; `None` is the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
    /// When it was created.
    pub created_at: String,
    /// When it expires; `None` is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A key to create.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name, for people.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// The application that it belongs to; `None` is the platform.
    pub application: Option<String>,
    /// After how many seconds it expires; `None` is never.
    pub lifetime: Option<u64>,
}

/// Why keys cannot be managed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such key.
    #[error("there is no key {id}; `callsign key list` shows those that there are")]
    NotFound {
        /// The id.
        id: String,
    },
    /// Its application is not in the catalog.
    #[error("there is no application {id}: make it first, a key would see nothing")]
    NoApplication {
        /// The id.
        id: String,
    },
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// Too many other changes were made at the same time.
    #[error("too many others change the platform at this moment; try again")]
    Busy,
}

impl Keys {
    /// Opens the platform of a configuration, and makes it if there is none.
    ///
    /// # Errors
    /// It cannot be opened or made.
    pub async fn open_or_make(config: &Config) -> Result<Self, KeysError> {
        PrivateFolder::make(&config.data).map_err(|error| StoreError::Open {
            place: config.data.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self { store: Store::open(&config.catalog_store(), Operator::Maker).await? })
    }

    /// Opens the platform of a configuration.
    ///
    /// # Errors
    /// There is none, or it cannot be opened.
    pub async fn open(config: &Config) -> Result<Self, KeysError> {
        Ok(Self { store: Store::open(&config.catalog_store(), Operator::Person).await? })
    }

    /// Every key, the oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list(&self) -> Result<Vec<KeyInfo>, KeysError> {
        let (state, _) = self.state().await?;
        let mut keys: Vec<&Arc<Key>> = state.keys.values().collect();
        keys.sort_by_key(|key| (key.created_at, key.key_id.clone()));
        Ok(keys.into_iter().map(|key| KeyInfo::of(key)).collect())
    }

    /// Creates a key. The secret is returned and not stored.
    ///
    /// # Errors
    /// There is no such application, or the store does not answer.
    pub async fn create(&self, new: &NewKey) -> Result<(KeyInfo, Secret), KeysError> {
        let (_, applications) = self.state().await?;
        if let Some(id) = new.application.as_ref().filter(|id| !applications.contains(id) && *id != "default") {
            return Err(KeysError::NoApplication { id: id.clone() });
        }
        let expires = new.lifetime.map(|seconds| now().saturating_add(seconds.saturating_mul(1_000)));
        let (key, secret) = Key::new(&new.name, &new.scopes, new.application.as_deref(), expires)?;
        self.put("key create", &key.key_id, Some(&key)).await?;
        Ok((KeyInfo::of(&key), secret))
    }

    /// Gives a key a new secret. The old one stays valid for `overlap` seconds.
    ///
    /// # Errors
    /// There is no such key, or the store does not answer.
    pub async fn rotate(&self, id: &str, overlap: u64) -> Result<(KeyInfo, Secret), KeysError> {
        let key = self.find(id).await?;
        let (key, secret) = key.rotate(overlap.saturating_mul(1_000))?;
        self.put("key rotate", id, Some(&key)).await?;
        Ok((KeyInfo::of(&key), secret))
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// There is no such key, or the store does not answer.
    pub async fn revoke(&self, id: &str) -> Result<(), KeysError> {
        self.find(id).await?;
        self.put("key revoke", id, None).await
    }

    async fn find(&self, id: &str) -> Result<Arc<Key>, KeysError> {
        let (state, _) = self.state().await?;
        state.keys.get(id).cloned().ok_or_else(|| KeysError::NotFound { id: id.to_owned() })
    }

    async fn state(&self) -> Result<(State, Vec<String>), KeysError> {
        let (revision, elements) = self.store.load().await?;
        let mut state = State { revision, ..State::default() };
        let mut applications = Vec::new();
        for element in elements {
            match element.kind {
                Kind::Key => state.apply(element.kind, &element.key, Some(&element.body))?,
                Kind::Application => applications.push(element.key),
                _ => {}
            }
        }
        Ok((state, applications))
    }

    async fn put(&self, action: &str, id: &str, key: Option<&Key>) -> Result<(), KeysError> {
        let change = key.map_or_else(|| Change::remove(Kind::Key, id), |key| Change::put(Kind::Key, id, key));
        let action = format!("{action} {id}");
        let draft = Draft { who: "console".into(), action, changes: vec![change], ..Draft::default() };
        let draft = Arc::from([draft]);
        for _ in 0..20 {
            // Keys depend on nothing else, so the draft stays valid whatever others change meanwhile.
            let seen = self.store.head().await?;
            if let Committed::Done(_) = self.store.commit(seen, &draft).await? {
                return Ok(());
            }
        }
        Err(KeysError::Busy)
    }
}

impl KeyInfo {
    pub(crate) fn of(key: &Key) -> Self {
        Self {
            key_id: key.key_id.clone(),
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            application_id: key.application_id.clone(),
            created_at: time(key.created_at),
            expires_at: key.expires_at.map(time),
        }
    }
}
