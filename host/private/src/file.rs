//! Files that are checked when they are opened: what they are, whose they are, and who else may use them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::error::FileError;

/// The most bytes of a file that is read as a whole: far more than a chain of certificates needs.
const MOST: u64 = 1 << 20;

/// Who else may use a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Others may read it, but not write it.
    Readable,
    /// Nobody else may read or write it.
    Secret,
    /// As `Secret`, and a file of root may also be readable for its group. That is the rule of libpq for its `sslkey`, and how
    /// systems share the key of a certificate among services.
    SharedSecret,
}

impl Access {
    /// The bits of the mode that a file of this user must not have.
    #[cfg(unix)]
    fn forbidden(self, owner: u32) -> u32 {
        match (self, owner) {
            (Self::Readable, _) => 0o022,
            (Self::SharedSecret, 0) => 0o037,
            (Self::Secret | Self::SharedSecret, _) => 0o077,
        }
    }

    /// A mode that passes.
    #[cfg(unix)]
    fn wanted(self) -> u32 {
        match self {
            Self::Readable => 0o644,
            Self::Secret | Self::SharedSecret => 0o600,
        }
    }
}

/// This process's user; 0 where there are none.
pub(crate) fn this_user() -> u32 {
    #[cfg(unix)]
    return rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    0
}

/// The user of a file; 0 where there are none.
pub(crate) fn owner_of(found: &Metadata) -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::uid(found);
    #[cfg(not(unix))]
    {
        let _ = found;
        0
    }
}

/// The mode of a file; 0 where there are none.
pub(crate) fn mode_of(found: &Metadata) -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(found) & 0o7777;
    #[cfg(not(unix))]
    {
        let _ = found;
        0
    }
}

/// Options that follow no symbolic link, do not wait for a pipe, and make files for this user alone.
pub(crate) fn no_follow() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed()).mode(0o600);
    }
    options
}

/// Checks that it is a file and whose it is.
pub(crate) fn check_owner(path: &Path, found: &Metadata, owners: &[u32]) -> Result<(), FileError> {
    if !found.is_file() {
        return Err(FileError::Kind { path: path.to_owned(), kind: "file" });
    }
    let owner = owner_of(found);
    match owners {
        [wanted, ..] if !owners.contains(&owner) => {
            Err(FileError::Owner { path: path.to_owned(), owner, wanted: *wanted })
        }
        _ => Ok(()),
    }
}

/// Checks who else may use it.
pub(crate) fn check_mode(path: &Path, found: &Metadata, access: Access) -> Result<(), FileError> {
    #[cfg(unix)]
    if mode_of(found) & access.forbidden(owner_of(found)) != 0 {
        return Err(FileError::Mode { path: path.to_owned(), mode: mode_of(found), wanted: access.wanted() });
    }
    #[cfg(not(unix))]
    let _ = (path, found, access);
    Ok(())
}

pub(crate) fn read_all(mut file: impl Read, path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(FileError::io(path))?;
    Ok(bytes)
}

/// Reads a file of this user that nobody else can write or, by `access`, read. `None` if there is none. A symbolic link is
/// not followed.
///
/// # Errors
/// It cannot be read, is no file, belongs to another user, or is too open.
pub fn read_own(path: impl AsRef<Path>, access: Access) -> Result<Option<Vec<u8>>, FileError> {
    let path = path.as_ref();
    let file = match no_follow().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::io(path)(error)),
    };
    // Of the open file: the path may be another file by now.
    let found = file.metadata().map_err(FileError::io(path))?;
    check_owner(path, &found, &[this_user()])?;
    check_mode(path, &found, access)?;
    read_all(file, path).map(Some)
}

/// Reads a file that says what is trusted, such as public keys: at most 1 MiB. It belongs to this user or to root, and nobody else
/// can write it; everybody may read it. A symbolic link is followed: the path is the operator's own.
///
/// # Errors
/// It cannot be read, is larger, belongs to another user, or others can write it.
pub fn read_trusted(path: impl AsRef<Path>) -> Result<Vec<u8>, FileError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::io(path))?;
    let found = file.metadata().map_err(FileError::io(path))?;
    check_owner(path, &found, &[this_user(), 0])?;
    check_mode(path, &found, Access::Readable)?;
    read_bounded(file, path)
}

/// Reads a secret that an operator put somewhere, such as the key of a certificate: at most 1 MiB. It belongs to this user or
/// to root, and passes [`Access::SharedSecret`]. A symbolic link is followed: the path is the operator's own, and systems
/// mount secrets that way.
///
/// # Errors
/// It cannot be read, is larger, belongs to another user, or is too open.
pub fn read_secret(path: impl AsRef<Path>) -> Result<Vec<u8>, FileError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::io(path))?;
    check_secret(path, &file)?;
    read_bounded(file, path)
}

fn read_bounded(file: File, path: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = read_all(file.take(MOST + 1), path)?;
    if bytes.len() as u64 > MOST {
        let cause = io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB, which no key is");
        return Err(FileError::Io { path: path.to_owned(), cause });
    }
    Ok(bytes)
}

/// Checks an open file as [`read_secret`] does. A pipe, such as `<(...)` of a shell, passes: only who has it can read it.
///
/// # Errors
/// It belongs to another user, or is too open.
pub fn check_secret(path: impl AsRef<Path>, file: &File) -> Result<(), FileError> {
    let path = path.as_ref();
    let found = file.metadata().map_err(FileError::io(path))?;
    if !found.is_file() && !found.is_dir() {
        return Ok(());
    }
    check_owner(path, &found, &[this_user(), 0])?;
    check_mode(path, &found, Access::SharedSecret)
}
