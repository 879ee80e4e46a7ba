//! The data folder of this node: the catalog and the pins if they have no address of their own, and copies of modules.

use std::fs::{File, TryLockError};
use std::path::Path;

use callsign_private::{Access, FileError, PrivateFolder};

/// The file that is locked as long as a service uses the folder.
const LOCK: &str = "lock";

/// The pins, if they have no address of their own.
pub(crate) const PINS: &str = "pins";

/// The copies of modules.
pub(crate) const MODULES: &str = "modules";

/// The socket at which the service hands out its pins.
pub(crate) const PIN_SOCKET: &str = "pins.sock";

/// The key that sessions of the console are signed with.
pub(crate) const SESSION_KEY: &str = "session.key";

/// The file that is there while a backup is restored. A service does not start on what is there of it.
pub(crate) const RESTORING: &str = "restoring";

/// Why the folder cannot be locked.
pub(crate) enum LockError {
    /// Another service uses it.
    InUse,
    /// The file.
    File(FileError),
}

/// Opens the folder, and creates it if it is missing, with access for its owner only. What the service keeps in it is in
/// folders that others cannot enter.
pub(crate) fn open(path: &Path) -> Result<PrivateFolder, FileError> {
    let folder = PrivateFolder::create(path)?;
    for inner in [PINS, MODULES] {
        folder.folder(inner)?;
    }
    folder.sync()?;
    Ok(folder)
}

/// Locks the folder: only one service may use it at a time. The lock ends with the file that is returned.
pub(crate) fn lock(folder: &PrivateFolder) -> Result<File, LockError> {
    let file = folder.open_or_create(LOCK, Access::Readable).map_err(LockError::File)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::InUse),
        Err(TryLockError::Error(error)) => Err(LockError::File(FileError::io(&folder.path().join(LOCK))(error))),
    }
}
