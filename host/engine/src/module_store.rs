//! The module store: a folder of components, each addressed by its digest.
//!
//! ```text
//! modules/<digest>.wasm     a component
//! modules/<digest>.json     its record, written last: a module is in the store if its record is
//! names/<name>/<version>    a claim: the digest of the module with this name and version
//! compiled/                 compiled code, only for this user
//! lock                      locked by the process that changes the store
//! ```

mod compiled;
mod digest;
mod error;
mod files;
mod gc;
mod module;
mod private;
mod rfc3339;
mod sealed;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use semver::VersionReq;

pub use compiled::CompiledCache;
pub use digest::ModuleDigest;
pub use error::StoreError;
pub use gc::Collected;
pub use module::Module;
pub(crate) use sealed::{CodeKey, Secret, Verified};

use self::files::Durability;
use self::module::Identity;
use crate::compile::{Compiler, Source};
use crate::{Limits, Policy};

/// The largest record that is read, in bytes: ten times the largest one that is written.
const MAX_RECORD: u64 = 8 << 10;

/// A folder of modules: components that are policies, with a name and a version.
///
/// A module is addressed by the SHA-256 of its bytes. There is one module for a name and a version; versions that
/// differ only in their build metadata (`1.0.0+a`, `1.0.0+b`) count as the same. Several processes may use a store at
/// once. If adding a module is interrupted, the store is as before, except for files that [`ModuleStore::gc`] removes.
///
/// Everyone with write access to the folder can add modules, but cannot make this host run code outside the sandbox: a
/// module is checked against its digest whenever it is read, and compiled code against its seal (see
/// [`CompiledCache`]).
#[derive(Debug, Clone)]
pub struct ModuleStore {
    folder: PathBuf,
    compiled: CompiledCache,
}

impl ModuleStore {
    /// Opens the store in a folder, and creates the folder if there is none.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = folder.into();
        let compiled = CompiledCache::at(folder.join("compiled"));
        let store = Self { folder, compiled };
        for folder in [store.modules(), store.names()] {
            fs::create_dir_all(&folder).map_err(StoreError::io("create the folder", &folder))?;
        }
        Ok(store)
    }

    /// Sets where components are compiled. Default [`Compiler::in_process`](crate::Compiler::in_process).
    #[must_use]
    pub fn with_compiler(mut self, compiler: Compiler) -> Self {
        self.compiled = self.compiled.with_compiler(compiler);
        self
    }

    /// The store's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds a component, unless the store has it already. The component is checked as by [`Policy::from_bytes`].
    ///
    /// # Errors
    /// The component is not a policy, its name or version is missing, not valid, or taken by another module, or the
    /// store cannot be written. The store is then as before.
    pub fn add(&self, component: &[u8]) -> Result<Module, StoreError> {
        let limits = Limits::default();
        let source = Source::check(component, &limits)?;
        let identity = Identity::of(source.metadata())?;
        let digest = ModuleDigest::of(component);
        // Checked before compiling, which is slow. `commit` checks both again, with the lock.
        if let Some(module) = self.find_stored(&digest, component)? {
            return Ok(module);
        }
        self.check_free(&identity, &digest)?;

        let compiled = match self.compiled.find(&digest, &limits)? {
            Some(compiled) => compiled,
            None => self.compiled.compile(&source, &limits)?,
        };
        let policy = Policy::link(&source, digest, &compiled, limits)?;
        let module = self.commit(
            component,
            Module {
                name: identity.name.clone(),
                version: identity.version.clone(),
                digest,
                size: component.len() as u64,
                interface: policy.interface().clone(),
                added_at: rfc3339::now(),
            },
            &identity,
        )?;
        self.compiled.keep(&digest, &compiled);
        Ok(module)
    }

    /// Writes the component, claims its name and version, and writes its record, in this order.
    fn commit(&self, component: &[u8], module: Module, identity: &Identity) -> Result<Module, StoreError> {
        let _lock = self.lock()?;
        let digest = &module.digest;
        if let Some(module) = self.find_stored(digest, component)? {
            return Ok(module);
        }
        self.check_free(identity, digest)?;
        let modules = self.modules();
        let path = self.component_path(digest);
        files::write(&modules, &file_name(&path), Durability::Durable, &[component])
            .map_err(StoreError::io("write", &path))?;
        self.claim(identity, digest)?;
        let record = serde_json::to_vec(&module).map_err(io::Error::from);
        let path = self.record_path(digest);
        record
            .and_then(|record| files::write(&modules, &file_name(&path), Durability::Durable, &[&record, b"\n"]))
            .map_err(StoreError::io("write", &path))?;
        Ok(module)
    }

    /// The module with these bytes, if the store has both its record and its component.
    fn find_stored(&self, digest: &ModuleDigest, component: &[u8]) -> Result<Option<Module>, StoreError> {
        let module = match self.record(digest) {
            Ok(Some(module)) => module,
            // A damaged record is written again.
            Ok(None) | Err(StoreError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let path = self.component_path(digest);
        match fs::read(&path) {
            Ok(bytes) if bytes == component => Ok(Some(module)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }

    /// Fails if another module has the name and version.
    fn check_free(&self, identity: &Identity, digest: &ModuleDigest) -> Result<(), StoreError> {
        match self.holder(&self.claim_path(identity))? {
            Some(holder) if holder != *digest && self.is_recorded(&holder) => Err(StoreError::Taken {
                name: identity.name.clone(),
                version: identity.version.clone(),
                digest: holder,
            }),
            _ => Ok(()),
        }
    }

    /// Claims a name and version. The file is created only if there is none, so only one of two processes gets it, even
    /// on a file system without locks.
    fn claim(&self, identity: &Identity, digest: &ModuleDigest) -> Result<(), StoreError> {
        let path = self.claim_path(identity);
        let folder = self.names().join(&identity.name);
        let failed = |source| StoreError::io("write", &path)(source);
        fs::create_dir_all(&folder).map_err(failed)?;
        files::sync(&self.names()).map_err(failed)?;
        let content = format!("{digest}\n");
        while !files::create(&folder, &file_name(&path), Durability::Durable, content.as_bytes()).map_err(failed)? {
            if self.holder(&path)? == Some(*digest) {
                break;
            }
            self.check_free(identity, digest)?;
            // The claim of a module whose addition or removal was interrupted.
            files::remove(&path).map_err(failed)?;
        }
        Ok(())
    }

    /// The module that has claimed a name and version; `None` if there is none or the claim is not a digest.
    fn holder(&self, claim: &Path) -> Result<Option<ModuleDigest>, StoreError> {
        match read_at_most(claim, ModuleDigest::DIGITS as u64 + 1) {
            Ok(content) => Ok(String::from_utf8(content).ok().and_then(|content| content.trim_end().parse().ok())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", claim)(error)),
        }
    }

    /// All modules, by name and then by version, the oldest first. A module whose record or component is damaged is
    /// left out and logged.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<Module>, StoreError> {
        let mut modules = Vec::new();
        for digest in self.recorded()? {
            match self.module(&digest) {
                Ok(Some(module)) => modules.push(module),
                Ok(None) => {}
                Err(StoreError::Damaged { path, reason }) => {
                    log::warn!("a module is left out: {} is damaged: {reason}", path.display());
                }
                Err(error) => return Err(error),
            }
        }
        modules.sort_unstable_by(|a, b| (&a.name, &a.version, &a.digest).cmp(&(&b.name, &b.version, &b.digest)));
        Ok(modules)
    }

    /// The module with this digest. A prefix of at least 4 digits is enough if only one digest begins with it.
    ///
    /// # Errors
    /// The text is not a digest, there is no such module, several match, or the module is damaged.
    pub fn get(&self, digest: &str) -> Result<Module, StoreError> {
        let prefix = ModuleDigest::prefix(digest)?;
        let mut matches = self.recorded()?;
        matches.retain(|digest| digest.to_string().starts_with(&prefix));
        match matches[..] {
            [digest] => self.module(&digest)?.ok_or_else(|| self.not_found(&prefix)),
            [] => Err(self.not_found(&prefix)),
            _ => Err(StoreError::Ambiguous { prefix, matches }),
        }
    }

    /// The newest module with this name that meets a version requirement. A pre-release meets only a requirement that
    /// names a pre-release of the same version.
    ///
    /// # Errors
    /// There is no such module.
    pub fn find(&self, name: &str, requirement: &VersionReq) -> Result<Module, StoreError> {
        let mut found = self.list()?;
        found.retain(|module| module.name == name && requirement.matches(&module.version));
        found.pop().ok_or_else(|| match requirement.comparators[..] {
            [] => self.not_found(name),
            _ => self.not_found(&format!("{name}@{requirement}")),
        })
    }

    /// Reads the component of a module and checks it against its digest.
    ///
    /// # Errors
    /// The component was removed, or it is damaged.
    pub fn read(&self, module: &Module) -> Result<Vec<u8>, StoreError> {
        let path = self.component_path(&module.digest);
        let bytes = match read_at_most(&path, module.size) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.not_found(&module.digest.to_string()));
            }
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        let found = ModuleDigest::of(&bytes);
        if found == module.digest {
            Ok(bytes)
        } else {
            Err(StoreError::Damaged { path, reason: format!("its digest is {found}") })
        }
    }

    /// Loads a module as a policy. Its compiled code is taken from the store, or compiled and kept there.
    ///
    /// # Errors
    /// As [`ModuleStore::read`] and [`Policy::from_bytes`].
    pub fn load(&self, module: &Module) -> Result<Policy, StoreError> {
        self.load_within(module, Limits::default())
    }

    /// As [`ModuleStore::load`], within these limits, which also bound the component's size and the time to compile it.
    ///
    /// # Errors
    /// As [`ModuleStore::load`].
    pub fn load_within(&self, module: &Module, limits: Limits) -> Result<Policy, StoreError> {
        Ok(self.compiled.policy(&self.read(module)?, limits)?)
    }

    /// [`Policy::standard`], with its compiled code kept in the store.
    ///
    /// # Errors
    /// As [`Policy::standard`].
    pub fn standard(&self) -> Result<Policy, StoreError> {
        Ok(self.compiled.standard()?)
    }

    /// Removes a module, and frees its name and version. Policies that were loaded from it keep working.
    ///
    /// # Errors
    /// There is no module with this digest, or the store cannot be written.
    pub fn remove(&self, digest: &ModuleDigest) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        // Without its record it is not a module any more. If this is interrupted here, `gc` removes the rest.
        let path = self.record_path(digest);
        if !files::remove(&path).map_err(StoreError::io("remove", &path))? {
            return Err(self.not_found(&digest.to_string()));
        }
        files::sync(&self.modules()).map_err(StoreError::io("remove", &path))?;
        self.sweep_names(|holder| holder == Some(*digest))?;
        let path = self.component_path(digest);
        files::remove(&path).map_err(StoreError::io("remove", &path))?;
        Ok(())
    }

    /// The record of a digest; `None` if there is none. Its component must be there and have the right size.
    fn module(&self, digest: &ModuleDigest) -> Result<Option<Module>, StoreError> {
        let Some(module) = self.record(digest)? else { return Ok(None) };
        let path = self.component_path(digest);
        let reason = match fs::metadata(&path) {
            Ok(found) if found.len() == module.size => return Ok(Some(module)),
            Ok(found) => format!("it has {} bytes, but its record says {}", found.len(), module.size),
            // Removed by another process meanwhile.
            Err(_) if !self.is_recorded(digest) => return Ok(None),
            Err(error) => error.to_string(),
        };
        Err(StoreError::Damaged { path, reason })
    }

    fn record(&self, digest: &ModuleDigest) -> Result<Option<Module>, StoreError> {
        let path = self.record_path(digest);
        let bytes = match read_at_most(&path, MAX_RECORD) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        let module: Result<Module, _> = serde_json::from_slice(&bytes);
        match module {
            Ok(module) if module.digest == *digest => Ok(Some(module)),
            Ok(module) => Err(StoreError::Damaged { path, reason: format!("it is the record of {}", module.digest) }),
            Err(error) => Err(StoreError::Damaged { path, reason: error.to_string() }),
        }
    }

    fn is_recorded(&self, digest: &ModuleDigest) -> bool {
        self.record_path(digest).exists()
    }

    /// The digests that have a record.
    fn recorded(&self) -> Result<Vec<ModuleDigest>, StoreError> {
        let modules = self.modules();
        let names = files::names(&modules).map_err(StoreError::io("read", &modules))?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect())
    }

    fn not_found(&self, wanted: &str) -> StoreError {
        StoreError::NotFound { wanted: wanted.to_owned(), store: self.folder.clone() }
    }

    /// Waits for the lock of the store. Closing the file releases it, also when the process crashes.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.folder.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        file.and_then(|file| file.lock().map(|()| file)).map_err(StoreError::io("lock", &path))
    }

    fn modules(&self) -> PathBuf {
        self.folder.join("modules")
    }

    fn names(&self) -> PathBuf {
        self.folder.join("names")
    }

    fn component_path(&self, digest: &ModuleDigest) -> PathBuf {
        self.modules().join(format!("{digest}.wasm"))
    }

    fn record_path(&self, digest: &ModuleDigest) -> PathBuf {
        self.modules().join(format!("{digest}.json"))
    }

    fn claim_path(&self, identity: &Identity) -> PathBuf {
        self.names().join(&identity.name).join(identity.claim())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads at most `limit + 1` bytes of a file: one too many shows the caller that the file is too large.
fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
