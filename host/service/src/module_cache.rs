//! This node's copies of modules, with their compiled code. The catalog store has the original bytes.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use callsign::escape::quoted;
use callsign::{Compiler, Inspection, Module, ModuleStore, Policy, StoreError as ModuleError};
use sha2::{Digest, Sha256};

use crate::module::{ModuleRecord, STANDARD, is_reserved};
use crate::module_trust::Untrusted;
use crate::state::State;
use crate::store::{Store, StoreError};
use crate::tenant_turns::TenantTurns;

/// The copies on this node: a module store for the platform and one for each application, so that names of one tenant
/// do not collide with those of another.
pub(crate) struct ModuleCache {
    folder: PathBuf,
    stores: Mutex<HashMap<Option<String>, Arc<ModuleStore>>>,
    compiler: Compiler,
    compiles: TenantTurns,
    loaded: Mutex<VecDeque<Loaded>>,
}

/// The policy of a module that was loaded lately, to make others of. It has no instance.
struct Loaded {
    owner: Option<String>,
    /// The digest, or [`STANDARD`].
    module: String,
    policy: Policy,
}

/// How many of them are kept. A swap tries a module and then serves it, and a rollback serves the one before: neither reads and
/// checks compiled code again. Code that is kept takes memory that no tenant's budget counts, some MiB each.
const LOADED: usize = 8;

/// How many modules of tenants are compiled at a time. With one of the platform these are all that the process has compilers
/// for.
const COMPILES: usize = 3;

/// Why a module cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Module(#[from] ModuleError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the catalog store has no component {0}")]
    Component(String),
    #[error(
        "the component's name is {}, and names that begin with `callsign` are the platform's; give it another with \
         `wasm-tools metadata add --name NAME`",
        quoted(.0)
    )]
    Reserved(String),
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    #[error("{0}")]
    Broken(String),
}

impl ModuleCache {
    pub(crate) fn new(folder: PathBuf, compiler: Compiler) -> Self {
        Self {
            folder,
            stores: Mutex::default(),
            compiler,
            compiles: TenantTurns::new(COMPILES),
            loaded: Mutex::default(),
        }
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
        let store = ModuleStore::open(self.folder.join(name))?.with_compiler(self.compiler.clone());
        let store = Arc::new(store);
        stores.insert(application.map(str::to_owned), Arc::clone(&store));
        Ok(store)
    }

    /// The standard policy. Its compiled code is cached in the folder.
    pub(crate) fn standard(&self) -> Result<Policy, ModuleError> {
        self.of(None)?.standard()
    }

    /// Adds a component that its owner has uploaded.
    ///
    /// # Errors
    /// It is not a module, `state` has another one with its name and version, or an application gives it a name of the
    /// platform's.
    pub(crate) async fn upload(
        self: &Arc<Self>,
        owner: Option<&str>,
        component: Bytes,
        state: Arc<State>,
    ) -> Result<Module, FetchError> {
        let bytes = component.clone();
        let name = blocking(move || Ok(Inspection::name_of(&bytes)?)).await?;
        match name.filter(|name| owner.is_some() && is_reserved(name)) {
            Some(name) => Err(FetchError::Reserved(name)),
            None => self.add(owner, component, state).await,
        }
    }

    /// Adds a component to the copies of an owner, once it is the owner's turn to have one compiled.
    ///
    /// # Errors
    /// It is not a module, or `state` has another one with its name and version.
    async fn add(
        self: &Arc<Self>,
        owner: Option<&str>,
        component: impl AsRef<[u8]> + Send + 'static,
        state: Arc<State>,
    ) -> Result<Module, FetchError> {
        let turn = self.compiles.turn(owner).await;
        let (modules, owner) = (Arc::clone(self), owner.map(str::to_owned));
        let work = move || {
            // Held here, since the work goes on if the caller goes away.
            let _turn = turn;
            modules.compile(owner.as_deref(), component.as_ref(), &state)
        };
        blocking(work).await
    }

    /// Blocks while the component is checked and compiled.
    fn compile(&self, owner: Option<&str>, component: &[u8], state: &State) -> Result<Module, ModuleError> {
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
        self.add(owner, component, state).await.map(drop)
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
        self.loaded().retain(|loaded| loaded.owner.as_deref() != owner || loaded.module != digest);
        let Ok(digest) = digest.parse() else { return };
        match self.of(owner).and_then(|store| store.remove(&digest)) {
            Ok(()) | Err(ModuleError::NotFound { .. }) => {}
            Err(error) => tracing::warn!("the copy of the module {digest} stays: {error}"),
        }
    }

    /// Loads the policy of a module that is on this node. Blocks.
    pub(crate) fn policy(&self, owner: Option<&str>, digest: &str) -> Result<Policy, ModuleError> {
        let is_it =
            |loaded: &Loaded| loaded.module == digest && (digest == STANDARD || loaded.owner.as_deref() == owner);
        if let Some(loaded) = self.loaded().iter().find(|loaded| is_it(loaded)) {
            return Ok(loaded.policy.again());
        }
        let policy = match digest {
            STANDARD => self.standard()?,
            _ => {
                let store = self.of(owner)?;
                store.load(&store.get(digest)?)?
            }
        };
        let made = policy.again();
        let mut loaded = self.loaded();
        loaded.retain(|other| !is_it(other));
        loaded.push_front(Loaded { owner: owner.map(str::to_owned), module: digest.to_owned(), policy });
        loaded.truncate(LOADED);
        Ok(made)
    }

    fn loaded(&self) -> MutexGuard<'_, VecDeque<Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
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
