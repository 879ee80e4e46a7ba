//! What nobody else may see or change: secrets in memory, and files and folders of one user.
//!
//! [`Secret`] is a text that is never printed. [`PrivateFolder`] is a folder that was checked: only its owner can put files
//! into it, so what is opened in it is what this program, or its user, put there. [`mod@file`] has the same checks for files that
//! are somewhere else, such as the key of a certificate.
//!
//! Owners and modes are those of Unix. On other systems nothing of them is checked, and [`CHECKED`] is `false`.
#![forbid(unsafe_code)]

mod error;
pub mod file;
mod folder;
mod secret;

pub use error::FileError;
pub use file::Access;
pub use folder::PrivateFolder;
pub use secret::Secret;

/// Whether this system has owners and modes that can be checked.
pub const CHECKED: bool = cfg!(unix);
