//! Removes what no module of the store needs.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::digest::ModuleDigest;
use super::error::StoreError;
use super::{ModuleStore, files};

/// What [`ModuleStore::gc`] removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// The number of files.
    pub files: usize,
    /// Their size, in bytes.
    pub bytes: u64,
}

impl ModuleStore {
    /// Removes what no module of the store needs: files of interrupted additions and removals, and compiled code for
    /// modules that were removed, for another version of wasmtime, other settings or another processor.
    ///
    /// Modules are never removed, and neither are the files of the digests in `keep`, such as removed modules that a
    /// gateway may roll back to.
    ///
    /// If processes with different versions of Callsign use one store, each removes the compiled code of the others,
    /// which then compile again.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn gc(&self, keep: &HashSet<ModuleDigest>) -> Result<Collected, StoreError> {
        // With the lock no other process is adding or removing a module.
        let _lock = self.lock()?;
        let mut collected = Collected::default();
        let recorded: HashSet<ModuleDigest> = self.recorded()?.into_iter().collect();
        let modules = self.modules();
        for name in files::names(&modules).map_err(StoreError::io("read", &modules))? {
            let of = |ending| name.strip_suffix(ending).and_then(|digest| digest.parse::<ModuleDigest>().ok());
            let needless = match (of(".wasm"), of(".json")) {
                (Some(digest), _) => !recorded.contains(&digest) && !keep.contains(&digest),
                (_, Some(digest)) => !self.component_path(&digest).exists(),
                _ => name.starts_with(files::UNFINISHED),
            };
            if needless {
                self.collect(modules.join(&name), &mut collected)?;
            }
        }
        // Some records may have been removed above.
        let recorded: HashSet<ModuleDigest> = self.recorded()?.into_iter().collect();
        let claims = self.sweep_names(|holder| holder.is_none_or(|digest| !recorded.contains(&digest)))?;
        collected.files += claims.files;
        collected.bytes += claims.bytes;
        for path in self.compiled.unneeded(recorded.union(keep))? {
            self.collect(path, &mut collected)?;
        }
        Ok(collected)
    }

    /// Removes the claims whose holder is `free`, and unfinished claims.
    pub(super) fn sweep_names(&self, free: impl Fn(Option<ModuleDigest>) -> bool) -> Result<Collected, StoreError> {
        let mut collected = Collected::default();
        let names = self.names();
        for name in files::names(&names).map_err(StoreError::io("read", &names))? {
            let folder = names.join(&name);
            if !folder.is_dir() {
                continue;
            }
            for version in files::names(&folder).map_err(StoreError::io("read", &folder))? {
                let path = folder.join(&version);
                if version.starts_with(files::UNFINISHED) || free(self.holder(&path)?) {
                    self.collect(path, &mut collected)?;
                }
            }
            // This fails unless the folder is empty.
            let _ = fs::remove_dir(&folder);
        }
        files::sync(&names).map_err(StoreError::io("write", &names))?;
        Ok(collected)
    }

    fn collect(&self, path: PathBuf, collected: &mut Collected) -> Result<(), StoreError> {
        let size = fs::symlink_metadata(&path).map_or(0, |found| found.len());
        if files::remove(&path).map_err(StoreError::io("remove", &path))? {
            collected.files += 1;
            collected.bytes += size;
        }
        Ok(())
    }
}
