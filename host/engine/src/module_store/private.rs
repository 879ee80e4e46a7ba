//! Folders and files that only this user can write. Their owner and mode are checked before they are used.

use std::io;
use std::path::PathBuf;

/// Why a file or folder of compiled code is not trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrustError {
    #[error("cannot use {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not a {kind}", path.display())]
    Kind { path: PathBuf, kind: &'static str },
    #[error("{} belongs to another user; it must belong to this one", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no owners"))]
    Owner { path: PathBuf },
    #[error("{} is open to other users (mode {mode:o}); it must be open to this user alone", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no modes"))]
    Mode { path: PathBuf, mode: u32 },
    #[error("{} was not written by this user's Callsign, or is damaged", path.display())]
    Seal { path: PathBuf },
    #[error("{} is not code for this engine: {reason}", path.display())]
    Engine { path: PathBuf, reason: String },
}

impl TrustError {
    pub(super) fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

#[cfg(unix)]
pub(super) use unix::{check_folder, make_folder, read};

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder, Metadata, OpenOptions, Permissions};
    use std::io::{self, Read};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    use super::TrustError;

    /// The bits of a mode for everyone but the owner.
    const OTHERS: u32 = 0o077;
    /// Those of them that allow writing.
    const OTHERS_WRITE: u32 = 0o022;

    fn is_own(path: &Path, found: &Metadata) -> Result<(), TrustError> {
        match found.uid() == rustix::process::geteuid().as_raw() {
            true => Ok(()),
            false => Err(TrustError::Owner { path: path.to_owned() }),
        }
    }

    fn allows(path: &Path, found: &Metadata, what: u32) -> Result<(), TrustError> {
        match found.mode() & what {
            0 => Ok(()),
            _ => Err(TrustError::Mode { path: path.to_owned(), mode: found.mode() & 0o7777 }),
        }
    }

    /// Checks that a path is a folder of this user that nobody else can write, and not a symbolic link.
    pub(in super::super) fn check_folder(path: &Path) -> Result<(), TrustError> {
        let found = fs::symlink_metadata(path).map_err(TrustError::io(path))?;
        if !found.is_dir() {
            return Err(TrustError::Kind { path: path.to_owned(), kind: "folder" });
        }
        is_own(path, &found)?;
        allows(path, &found, OTHERS_WRITE)
    }

    /// Creates such a folder, or corrects the mode of one. Returns whether others could have written it before.
    pub(in super::super) fn make_folder(path: &Path) -> Result<bool, TrustError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(TrustError::io(parent))?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(TrustError::io(path)(error)),
            _ => {}
        }
        match check_folder(path) {
            Ok(()) => Ok(false),
            Err(TrustError::Mode { .. }) => {
                fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(TrustError::io(path))?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a file that belongs to this user and that nobody else can write or, if it is `secret`, read. `None` if
    /// there is no file.
    pub(in super::super) fn read(path: &Path, secret: bool) -> Result<Option<Vec<u8>>, TrustError> {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let mut file = match OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrustError::io(path)(error)),
        };
        // Of the open file: the path may be another file by now.
        let found = file.metadata().map_err(TrustError::io(path))?;
        if !found.is_file() {
            return Err(TrustError::Kind { path: path.to_owned(), kind: "file" });
        }
        is_own(path, &found)?;
        allows(path, &found, if secret { OTHERS } else { OTHERS_WRITE })?;
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
        file.read_to_end(&mut bytes).map_err(TrustError::io(path))?;
        Ok(Some(bytes))
    }
}

#[cfg(not(unix))]
pub(super) use other::{check_folder, make_folder, read};

/// On systems without owners and modes nothing is trusted, so every module is compiled.
#[cfg(not(unix))]
mod other {
    use std::path::Path;

    use super::TrustError;

    pub(in super::super) fn check_folder(path: &Path) -> Result<(), TrustError> {
        Err(TrustError::Kind { path: path.to_owned(), kind: "folder whose owner this system can tell" })
    }

    pub(in super::super) fn make_folder(path: &Path) -> Result<bool, TrustError> {
        check_folder(path).map(|()| false)
    }

    pub(in super::super) fn read(path: &Path, _secret: bool) -> Result<Option<Vec<u8>>, TrustError> {
        check_folder(path).map(|()| None)
    }
}
