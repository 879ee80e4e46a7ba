//! Why a file or a folder is not used.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file or a folder is not used. The text names it, and says what makes it usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system cannot do it.
    #[error("{path}: {cause}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A symbolic link, where somebody could have put it to lead this program elsewhere.
    #[error("{path} is a symbolic link, which is not followed here; put the file itself there", path = path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something else than a file or a folder.
    #[error("{path} is not a {kind}", path = path.display())]
    Kind {
        /// The path.
        path: PathBuf,
        /// `file` or `folder`.
        kind: &'static str,
    },
    /// It belongs to another user, who may have written it.
    #[error(
        "{path} belongs to another user ({owner}); if what is in it is yours, take it with `chown {wanted} {path}`, or \
         else remove it",
        path = path.display()
    )]
    Owner {
        /// The file or folder.
        path: PathBuf,
        /// The number of its user.
        owner: u32,
        /// The number of the user that it should belong to.
        wanted: u32,
    },
    /// Others may write it or, if it is secret, read it.
    #[error(
        "{path} is open to other users (mode {mode:04o}); close it with `chmod {wanted:o} {path}`",
        path = path.display()
    )]
    Mode {
        /// The file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// A mode that it may have.
        wanted: u32,
    },
}

impl FileError {
    /// A [`FileError::Io`] for `map_err`.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |cause| match is_link(&cause) {
            true => Self::Link { path: path.to_owned() },
            false => Self::Io { path: path.to_owned(), cause },
        }
    }
}

/// Whether a file was not opened because it is a symbolic link.
#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_link(_: &io::Error) -> bool {
    false
}
