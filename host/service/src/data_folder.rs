//! The data folder of this node: the catalog and the pins if they have no address of their own, and copies of modules.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Creates the folder if it is missing, with access for its owner only.
pub(crate) fn create(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The file that is locked as long as a service uses the folder.
pub(crate) fn lock_file(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Locks the folder: only one service may use it at a time. The lock ends with the file that is returned.
pub(crate) fn lock(folder: &Path) -> Result<File, TryLockError> {
    let open = File::options().create(true).truncate(false).write(true).open(lock_file(folder));
    let file = open.map_err(TryLockError::Error)?;
    file.try_lock().map(|()| file)
}
