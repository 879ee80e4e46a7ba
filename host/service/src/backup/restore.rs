//! Restores a backup into a data folder without a platform. It can be interrupted at any point and made again: the catalog
//! comes last, and until it is there a service does not start.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use callsign::sticky::{self, EmbeddedOptions, StoreAddress};
use callsign_private::{Access, PrivateFolder};

use super::manifest::Manifest;
use super::{BackupError, BackupSummary, CATALOG, KEY, PINS};
use crate::config::Config;
use crate::data_folder::{self, LockError, RESTORING};
use crate::pins::{self, recipient_key};
use crate::store::{CatalogAddress, StoreError, revision_of_copy};

/// Restores a backup as the platform of a configuration. Blocks.
///
/// # Errors
/// The backup is not whole; there is a platform already, or a service that runs; the store of pins does not answer; a file
/// cannot be written.
pub fn restore(config: &Config, from: impl AsRef<Path>) -> Result<BackupSummary, BackupError> {
    let from = from.as_ref();
    let CatalogAddress::Sqlite(path) = config.catalog_store() else {
        return Err(BackupError::Database { place: config.catalog_store().to_string() });
    };
    let backup = PrivateFolder::open(from)?;
    let manifest = Manifest::read(&backup)?;
    let damaged = |reason: String| BackupError::Damaged { place: from.to_owned(), reason };
    let key = recipient_key(config)?;
    let given = key.as_ref().map(|key| key.fingerprint());
    let address = pins::address(config);
    let has_own = given.is_none() && manifest.has_key() && matches!(address, StoreAddress::Path(_));
    if !has_own && given != manifest.recipient_key {
        let name = |key: Option<String>| key.unwrap_or_else(|| "none".into());
        return Err(BackupError::RecipientKey { found: name(manifest.recipient_key), given: name(given) });
    }
    let data = data_folder::open(&config.data)?;
    let _lock = data_folder::lock(&data).map_err(|error| match error {
        LockError::InUse => BackupError::InUse { data: config.data.clone() },
        LockError::File(error) => error.into(),
    })?;
    let (folder, name) = place(&path)?;
    // One that was interrupted at its very end has put the catalog there already, and no service has used it.
    let again = data.has(RESTORING, Access::Readable)?;
    for ending in ["", "-wal", "-journal"] {
        if !again && folder.has(&format!("{name}{ending}"), Access::Readable)? {
            let right = "restore into a folder without a platform, or move the old one away first";
            return Err(BackupError::Exists { place: path, right });
        }
    }
    data.replace(RESTORING, b"a backup is being restored; run `callsign restore` again\n")?;

    // First what can still be wrong with it.
    let copied = folder.path().join(format!("{name}.restoring"));
    copy(&backup.path().join(CATALOG), &folder, &copied)?;
    let revision = revision_of_copy(&copied).map_err(|error| damaged(format!("{CATALOG}: {error}")))?;
    if revision != manifest.revision {
        return Err(damaged(format!("{CATALOG} has revision {revision}, and had {}", manifest.revision)));
    }
    if let (StoreAddress::Path(path), true) = (&address, manifest.has_key()) {
        let pins = PrivateFolder::create(path)?;
        let there = pins.read(KEY, Access::Secret)?;
        let key = backup.read(KEY, Access::Readable)?.unwrap_or_default();
        match there {
            Some(there) if there == key => {}
            Some(_) => {
                let right = "its pins are hashed with another key; move that folder away first";
                return Err(BackupError::Exists { place: path.clone(), right });
            }
            None => pins.replace(KEY, &key)?,
        }
    }
    let store = sticky::open(&address, key, EmbeddedOptions::default())?;
    let pins = File::open(backup.path().join(PINS)).map_err(super::io(&backup.path().join(PINS)))?;
    let imported = sticky::import(&*store, BufReader::with_capacity(1 << 16, pins), |_| {})?;
    let pins = imported.written + imported.known + imported.kept;
    if pins != manifest.pins {
        return Err(damaged(format!("{PINS} has {pins} pins, and had {}", manifest.pins)));
    }
    if imported.kept > 0 && !again {
        tracing::warn!("{} recipients keep the senders that the store of pins had for them", imported.kept);
    }
    drop(store);

    for ending in ["-wal", "-shm", "-journal"] {
        remove(&folder.path().join(format!("{name}{ending}")))?;
    }
    fs::rename(&copied, folder.path().join(&name)).map_err(super::io(&copied))?;
    folder.sync()?;
    let mark = data.path().join(RESTORING);
    fs::remove_file(&mark).map_err(super::io(&mark))?;
    data.sync()?;
    Ok(BackupSummary { revision, pins })
}

/// The folder of the catalog store, and its name there.
fn place(path: &Path) -> Result<(PrivateFolder, String), BackupError> {
    let open = |reason: &str| StoreError::Open { place: path.display().to_string(), reason: reason.into() };
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| open("its path does not end with the name of a file"))?;
    let parent = path.parent().unwrap_or(Path::new(""));
    Ok((PrivateFolder::open(parent)?, name.to_owned()))
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(super::io(path)(error)),
        _ => Ok(()),
    }
}

/// Copies a file into a private folder, and onto the disk.
fn copy(from: &Path, folder: &PrivateFolder, to: &Path) -> Result<(), BackupError> {
    remove(to)?;
    let name = to.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut made = folder.create_new(name)?;
    let mut file = File::open(from).map_err(super::io(from))?;
    io::copy(&mut file, &mut made).and_then(|_| made.sync_all()).map_err(super::io(to))
}
