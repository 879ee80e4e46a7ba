//! Modules: components that tenants and the platform have uploaded. The catalog store has the bytes; this node keeps a
//! copy with its compiled code.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use callsign::{ModuleStore, Policy, StoreError as ModuleError};
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::change::key_of;
use crate::store::{Store, StoreError};

/// The name of the policy that is always there.
pub(crate) const STANDARD: &str = "standard";

/// A module, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModuleRecord {
    pub(crate) digest: String,
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) size: u64,
    pub(crate) interface: Version,
    /// Milliseconds since 1970.
    pub(crate) added_at: u64,
    /// Whose it is; none is the platform's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application_id: Option<String>,
}

impl ModuleRecord {
    pub(crate) fn key(&self) -> String {
        key_of(&[self.application_id.as_deref(), Some(&self.digest)])
    }

    pub(crate) fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// The copies of this node: a module store for the platform and one for each application, so that tenants do not meet
/// each other's names.
pub(crate) struct Modules {
    folder: PathBuf,
    stores: Mutex<HashMap<Option<String>, Arc<ModuleStore>>>,
}

/// Why a module is not at hand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Missing {
    #[error(transparent)]
    Module(#[from] ModuleError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the catalog store has no component {0}")]
    Component(String),
}

impl Modules {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, stores: Mutex::default() }
    }

    /// The copies for an application, or for the platform.
    pub(crate) fn of(&self, application: Option<&str>) -> Result<Arc<ModuleStore>, ModuleError> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(&application.map(str::to_owned)) {
            return Ok(Arc::clone(store));
        }
        // Ids may have any characters, so none of them is part of a path.
        let name = match application {
            None => "platform".to_owned(),
            Some(application) => {
                let digest = Sha256::digest(application.as_bytes());
                let digits: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
                format!("application-{digits}")
            }
        };
        let store = Arc::new(ModuleStore::open(self.folder.join(name))?);
        stores.insert(application.map(str::to_owned), Arc::clone(&store));
        Ok(store)
    }

    /// The standard policy, its code compiled once for this folder.
    pub(crate) fn standard(&self) -> Result<Policy, ModuleError> {
        self.of(None)?.standard()
    }

    /// Brings a module's component to this node, if it is not here already.
    pub(crate) async fn fetch(&self, from: &Store, owner: Option<&str>, digest: &str) -> Result<(), Missing> {
        let store = self.of(owner)?;
        if store.get(digest).is_ok() {
            return Ok(());
        }
        let component = from.component(digest).await?.ok_or_else(|| Missing::Component(digest.to_owned()))?;
        // Compiled here, which takes as long as it takes.
        let added = tokio::task::spawn_blocking(move || store.add(&component)).await;
        added.map_err(|error| Missing::Component(error.to_string()))??;
        Ok(())
    }

    /// A module of this node as a policy; blocks while it is loaded.
    pub(crate) fn policy(&self, owner: Option<&str>, digest: &str) -> Result<Policy, ModuleError> {
        if digest == STANDARD {
            return self.standard();
        }
        let store = self.of(owner)?;
        store.load(&store.get(digest)?)
    }
}
