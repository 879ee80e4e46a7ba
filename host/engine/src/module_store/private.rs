//! Whether compiled code is trusted: its folder and its files are of this user alone, and its seal is right.

use std::fs;
use std::path::{Path, PathBuf};

use callsign_private::{Access, CHECKED, FileError, PrivateFolder, file};

/// Why a file or folder of compiled code is not trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrustError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} was not written by this user's Callsign, or is damaged", path.display())]
    Seal { path: PathBuf },
    #[error("{} is not code for this engine: {reason}", path.display())]
    Engine { path: PathBuf, reason: String },
}

impl TrustError {
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::File(FileError::io(path)(error))
    }
}

/// Checks that a path is a folder of this user that nobody else can write, and not a symbolic link. On systems without
/// owners and modes nothing is trusted, so every module is compiled.
pub(super) fn check_folder(path: &Path) -> Result<(), TrustError> {
    if !CHECKED {
        return Err(FileError::Kind { path: path.to_owned(), kind: "folder whose owner this system can tell" }.into());
    }
    if fs::symlink_metadata(path).map_err(TrustError::io(path))?.is_symlink() {
        return Err(FileError::Link { path: path.to_owned() }.into());
    }
    let folder = PrivateFolder::open(path)?;
    if folder.is_own() {
        Ok(())
    } else {
        Err(FileError::Kind { path: path.to_owned(), kind: "folder of this user" }.into())
    }
}

/// Creates such a folder, or corrects the mode of one. Returns whether others could have written it before.
pub(super) fn make_folder(path: &Path) -> Result<bool, TrustError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(TrustError::io(parent))?;
    }
    if !path.is_symlink() {
        PrivateFolder::make(path)?;
    }
    match check_folder(path) {
        Ok(()) => Ok(false),
        Err(TrustError::File(FileError::Mode { .. })) => PrivateFolder::close(path).map(|()| true).map_err(Into::into),
        Err(error) => Err(error),
    }
}

/// Reads a file that belongs to this user and that nobody else can write or, if it is `secret`, read. `None` if there is no
/// file.
pub(super) fn read(path: &Path, secret: bool) -> Result<Option<Vec<u8>>, TrustError> {
    Ok(file::read_own(path, if secret { Access::Secret } else { Access::Readable })?)
}
