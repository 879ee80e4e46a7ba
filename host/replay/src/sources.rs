//! Where a replay finds what the records of a log name: catalogs and modules.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::{fs, io};

use callsign::{
    Catalog, CatalogError, CompiledCache, Limits, ModuleDigest, ModuleStore, Numbering, Policy, PolicyError,
    standard_component,
};
use callsign_log::PolicyContext;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};

/// Finds catalogs and modules by the names that a log has for them.
pub trait Sources: Send + Sync {
    /// The catalog with a name, such as `revision:12` or `sha256:` and the digest of its file.
    ///
    /// # Errors
    /// It is not there, or cannot be used: why.
    fn catalog(&self, name: &str) -> Result<Catalog, Gone>;

    /// A policy with its settings.
    ///
    /// # Errors
    /// Its module is not there, or cannot be used: why.
    fn policy(&self, policy: &PolicyContext) -> Result<Policy, Gone>;
}

/// Why a source does not have what a log names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Gone {
    reason: Box<str>,
}

impl Gone {
    /// For a reason, as a sentence without its full stop.
    pub fn new(reason: impl Into<Box<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Catalogs and components in files, and modules in stores. The standard policy of this release is always there.
#[derive(Debug)]
pub struct FileSources {
    catalogs: HashMap<Box<str>, PathBuf>,
    components: HashMap<[u8; 32], PathBuf>,
    stores: Vec<ModuleStore>,
    compiled: CompiledCache,
    numbering: Option<Arc<Numbering>>,
}

/// Why a file is no source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The name of a catalog by the bytes of its file: `sha256:` and 64 hexadecimal digits.
pub fn catalog_name(bytes: &[u8]) -> Box<str> {
    let mut name = String::from("sha256:");
    Sha256::digest(bytes).iter().for_each(|byte| name.push_str(&format!("{byte:02x}")));
    name.into()
}

impl FileSources {
    /// Nothing but the standard policy. Components are compiled through a cache.
    pub fn new(compiled: CompiledCache) -> Self {
        Self { catalogs: HashMap::new(), components: HashMap::new(), stores: Vec::new(), compiled, numbering: None }
    }

    /// With area codes and countries that an operator corrected, for every catalog.
    #[must_use]
    pub fn numbering(mut self, numbering: Arc<Numbering>) -> Self {
        self.numbering = Some(numbering);
        self
    }

    /// Adds a catalog file, which the log names by its digest. It is read when a record names it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn add_catalog(&mut self, path: &Path) -> Result<(), SourceError> {
        let bytes = read(path)?;
        self.catalogs.insert(catalog_name(&bytes), path.to_owned());
        Ok(())
    }

    /// Adds a component, which the log names by its digest.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn add_component(&mut self, path: &Path) -> Result<(), SourceError> {
        let bytes = read(path)?;
        self.components.insert(Sha256::digest(&bytes).into(), path.to_owned());
        Ok(())
    }

    /// Adds a module store.
    pub fn add_store(&mut self, store: ModuleStore) {
        self.stores.push(store);
    }

    /// The bytes of a module.
    fn component(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Gone> {
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = match self.components.get(digest) {
            Some(path) => fs::read(path).map_err(|error| Gone::new(format!("{}: {error}", path.display())))?,
            None => {
                let found = self.stores.iter().find_map(|store| {
                    let module = store.get(&text).ok()?;
                    store.read(&module).ok()
                });
                found.ok_or_else(|| Gone::new(format!("no module {text}")))?
            }
        };
        if ModuleDigest::of(&bytes).to_string() == text {
            Ok(bytes)
        } else {
            Err(Gone::new(format!("the file of module {text} has changed")))
        }
    }
}

/// Whether a module is the standard policy of this release.
fn is_standard(digest: &[u8; 32]) -> bool {
    static STANDARD: LazyLock<[u8; 32]> = LazyLock::new(|| Sha256::digest(standard_component()).into());
    *STANDARD == *digest
}

fn read(path: &Path) -> Result<Vec<u8>, SourceError> {
    fs::read(path).map_err(|source| SourceError::Read { path: path.to_owned(), source })
}

impl Sources for FileSources {
    fn catalog(&self, name: &str) -> Result<Catalog, Gone> {
        let path = self.catalogs.get(name).ok_or_else(|| Gone::new(format!("no file with the catalog {name}")))?;
        let bytes = read(path).map_err(|error| Gone::new(error.to_string()))?;
        if *catalog_name(&bytes) != *name {
            return Err(Gone::new(format!("{} has changed", path.display())));
        }
        let catalog =
            Catalog::from_slice(&bytes).map_err(|error: CatalogError| Gone::new(format!("{name}: {error}")))?;
        Ok(match &self.numbering {
            Some(numbering) => catalog.with_numbering(Arc::clone(numbering)),
            None => catalog,
        })
    }

    fn policy(&self, policy: &PolicyContext) -> Result<Policy, Gone> {
        let gone = |error: PolicyError| Gone::new(format!("{}: {error}", policy.label));
        let loaded = match is_standard(&policy.module) {
            true => self.compiled.standard(),
            false => self.compiled.policy(&self.component(&policy.module)?, Limits::default()),
        };
        let loaded = loaded.map_err(gone)?;
        loaded.with_settings(&policy.settings).map_err(gone)
    }
}
