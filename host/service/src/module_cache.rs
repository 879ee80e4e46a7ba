//! This node's copies of modules, with their compiled code. The catalog store has the original bytes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use callsign::{Module, ModuleStore, Policy, StoreError as ModuleError};
use sha2::{Digest, Sha256};

use crate::module::{ModuleRecord, STANDARD};
use crate::state::State;
use crate::store::{Store, StoreError};

/// The copies on this node: a module store for the platform and one for each application, so that names of one tenant
/// do not collide with those of another.
pub(crate) struct ModuleCache {
    folder: PathBuf,
    stores: Mutex<HashMap<Option<String>, Arc<ModuleStore>>>,
}

/// Why a module cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Module(#[from] ModuleError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the catalog store has no component {0}")]
    Component(String),
    #[error("{0}")]
    Broken(String),
}

impl ModuleCache {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, stores: Mutex::default() }
    }

    /// The copies of an application, or of the platform.
    pub(crate) fn of(&self, application: Option<&str>) -> Result<Arc<ModuleStore>, ModuleError> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(&application.map(str::to_owned)) {
            return Ok(Arc::clone(store));
        }
        // An id may have any character, so it is hashed for the path.
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

    /// The standard policy. Its compiled code is cached in the folder.
    pub(crate) fn standard(&self) -> Result<Policy, ModuleError> {
        self.of(None)?.standard()
    }

    /// Adds a component to the copies of an owner. Blocks while it is checked and compiled.
    ///
    /// # Errors
    /// It is not a module, or `state` has another one with its name and version.
    pub(crate) fn add(&self, owner: Option<&str>, component: &[u8], state: &State) -> Result<Module, ModuleError> {
        let store = self.of(owner)?;
        match store.add(component) {
            // The copy with this name is of a module that was removed, or that was never committed.
            Err(ModuleError::Taken { digest, .. }) if !state.has_module(owner, &digest.to_string()) => {
                store.remove(&digest)?;
                store.add(component)
            }
            added => added,
        }
    }

    /// Copies a module to this node, if it is not here already.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        from: &Store,
        state: Arc<State>,
        owner: Option<&str>,
        digest: &str,
    ) -> Result<(), FetchError> {
        let (modules, owned) = (Arc::clone(self), (owner.map(str::to_owned), digest.to_owned()));
        let is_here = blocking(move || Ok(modules.of(owned.0.as_deref())?.get(&owned.1).is_ok())).await?;
        if is_here {
            return Ok(());
        }
        let component = from.component(digest).await?.ok_or_else(|| FetchError::Component(digest.to_owned()))?;
        // Adding compiles the component.
        let (modules, owner) = (Arc::clone(self), owner.map(str::to_owned));
        blocking(move || modules.add(owner.as_deref(), &component, &state)).await?;
        Ok(())
    }

    /// The component of a module.
    pub(crate) async fn component(
        self: &Arc<Self>,
        from: &Store,
        module: &ModuleRecord,
    ) -> Result<Vec<u8>, FetchError> {
        let (modules, wanted) = (Arc::clone(self), module.clone());
        let here = blocking(move || {
            let store = modules.of(wanted.application_id.as_deref())?;
            store.read(&store.get(&wanted.digest)?)
        });
        match here.await {
            Ok(component) => Ok(component),
            Err(_) => from.component(&module.digest).await?.ok_or_else(|| FetchError::Component(module.digest.clone())),
        }
    }

    /// Removes the copy of a module, so that its name and version are free on this node too. Loaded instances go on.
    pub(crate) fn forget(&self, owner: Option<&str>, digest: &str) {
        let Ok(digest) = digest.parse() else { return };
        match self.of(owner).and_then(|store| store.remove(&digest)) {
            Ok(()) | Err(ModuleError::NotFound { .. }) => {}
            Err(error) => tracing::warn!("the copy of the module {digest} stays: {error}"),
        }
    }

    /// Loads the policy of a module that is on this node. Blocks.
    pub(crate) fn policy(&self, owner: Option<&str>, digest: &str) -> Result<Policy, ModuleError> {
        if digest == STANDARD {
            return self.standard();
        }
        let store = self.of(owner)?;
        store.load(&store.get(digest)?)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ModuleError> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(FetchError::Broken(error.to_string())),
    }
}
