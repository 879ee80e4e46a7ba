//! A folder that only this user can write: who owns it and what others may do is checked before it is trusted.

use std::io;
use std::path::PathBuf;

/// Why a file or a folder is not trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum Distrust {
    #[error("cannot use {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not a {kind}", path.display())]
    Kind { path: PathBuf, kind: &'static str },
    #[error("{} belongs to another user", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no owners"))]
    Owner { path: PathBuf },
    #[error("others may change {} (mode {mode:o})", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no modes"))]
    Mode { path: PathBuf, mode: u32 },
    #[error("{} was not made by this host, or is damaged", path.display())]
    Seal { path: PathBuf },
    #[error("{} is not for this engine: {reason}", path.display())]
    Engine { path: PathBuf, reason: String },
}

impl Distrust {
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

    use super::Distrust;

    /// What only others than the owner may do.
    const OTHERS: u32 = 0o077;
    /// What of it changes something.
    const OTHERS_WRITE: u32 = 0o022;

    fn is_own(path: &Path, found: &Metadata) -> Result<(), Distrust> {
        match found.uid() == rustix::process::geteuid().as_raw() {
            true => Ok(()),
            false => Err(Distrust::Owner { path: path.to_owned() }),
        }
    }

    fn allows(path: &Path, found: &Metadata, what: u32) -> Result<(), Distrust> {
        match found.mode() & what {
            0 => Ok(()),
            _ => Err(Distrust::Mode { path: path.to_owned(), mode: found.mode() & 0o7777 }),
        }
    }

    /// Whether it is a folder of this user that nobody else can change. A link to one is not.
    pub(in super::super) fn check_folder(path: &Path) -> Result<(), Distrust> {
        let found = fs::symlink_metadata(path).map_err(Distrust::io(path))?;
        if !found.is_dir() {
            return Err(Distrust::Kind { path: path.to_owned(), kind: "folder" });
        }
        is_own(path, &found)?;
        allows(path, &found, OTHERS_WRITE)
    }

    /// Makes it such a folder, where it is not yet and can be; tells whether others could have changed it before.
    pub(in super::super) fn make_folder(path: &Path) -> Result<bool, Distrust> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Distrust::io(parent))?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(Distrust::io(path)(error)),
            _ => {}
        }
        match check_folder(path) {
            Ok(()) => Ok(false),
            Err(Distrust::Mode { .. }) => {
                fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(Distrust::io(path))?;
                Ok(true)
            }
            Err(distrust) => Err(distrust),
        }
    }

    /// Reads a file of this user that nobody else can change or, where it is `secret`, read; none if there is none.
    pub(in super::super) fn read(path: &Path, secret: bool) -> Result<Option<Vec<u8>>, Distrust> {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let mut file = match OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Distrust::io(path)(error)),
        };
        // Of the file that is open, whatever its name belongs to by now.
        let found = file.metadata().map_err(Distrust::io(path))?;
        if !found.is_file() {
            return Err(Distrust::Kind { path: path.to_owned(), kind: "file" });
        }
        is_own(path, &found)?;
        allows(path, &found, if secret { OTHERS } else { OTHERS_WRITE })?;
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
        file.read_to_end(&mut bytes).map_err(Distrust::io(path))?;
        Ok(Some(bytes))
    }
}

#[cfg(not(unix))]
pub(super) use other::{check_folder, make_folder, read};

/// Where owners and modes cannot be told nothing is trusted: every module is compiled.
#[cfg(not(unix))]
mod other {
    use std::path::Path;

    use super::Distrust;

    pub(in super::super) fn check_folder(path: &Path) -> Result<(), Distrust> {
        Err(Distrust::Kind { path: path.to_owned(), kind: "folder whose owner this system can tell" })
    }

    pub(in super::super) fn make_folder(path: &Path) -> Result<bool, Distrust> {
        check_folder(path).map(|()| false)
    }

    pub(in super::super) fn read(path: &Path, _secret: bool) -> Result<Option<Vec<u8>>, Distrust> {
        check_folder(path).map(|()| None)
    }
}
