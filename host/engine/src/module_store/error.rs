//! The errors of the module store.

use std::io;
use std::path::{Path, PathBuf};

use semver::Version;

use super::digest::ModuleDigest;
use super::module::MAX_NAME;
use crate::PolicyError;

/// Why an operation on the module store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder of the store cannot be used.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// The operation: `read`, `write`, ...
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The component is not a policy that runs here.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The component has no name.
    #[error(
        "the component has no name, which a module needs; set one in its metadata with `wasm-tools metadata add \
         --name NAME`"
    )]
    NoName,
    /// The component's name is not valid for a module.
    #[error(
        "the component's name is {name:?}; it must be 1 to {MAX_NAME} letters, digits, `-`, `_` or `.`, and must not \
         begin with a dot"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The component has no version.
    #[error(
        "the component {name} has no version, which a module needs; put one such as 1.2.0 into its custom section \
         `version`"
    )]
    NoVersion {
        /// The component's name.
        name: String,
    },
    /// The component's version is not a semantic version.
    #[error("the version {version:?} of the component {name} is not a semantic version, such as 1.2.0 or 2.0.0-rc.1")]
    Version {
        /// The component's name.
        name: String,
        /// Its version.
        version: String,
        /// What is wrong with the version.
        source: semver::Error,
    },
    /// Another module has the name and the version.
    #[error(
        "{name}@{version} is in the store already, with other bytes: {digest}; give the component another version, or \
         remove that module first"
    )]
    Taken {
        /// The name.
        name: String,
        /// The version.
        version: Version,
        /// The module that has them.
        digest: ModuleDigest,
    },
    /// A text is not a digest or a prefix of one.
    #[error(
        "{text:?} is not a digest: give its {} hexadecimal digits, or at least the first {} of them",
        ModuleDigest::DIGITS,
        ModuleDigest::MIN_PREFIX_DIGITS
    )]
    Digest {
        /// The text.
        text: String,
    },
    /// The store has no such module.
    #[error("the store {} has no module {wanted}", store.display())]
    NotFound {
        /// The digest, name or version that was asked for.
        wanted: String,
        /// The store's folder.
        store: PathBuf,
    },
    /// The digests of several modules begin with the prefix.
    #[error("several digests begin with {prefix}: {}; give more digits", list(matches))]
    Ambiguous {
        /// The prefix.
        prefix: String,
        /// The digests of the modules.
        matches: Vec<ModuleDigest>,
    },
    /// A file of the store has changed since it was written.
    #[error("{} is damaged: {reason}; add the module again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// A [`StoreError::Io`] for `map_err`.
    pub(super) fn io<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

fn list(digests: &[ModuleDigest]) -> String {
    digests.iter().map(ModuleDigest::to_string).collect::<Vec<_>>().join(", ")
}
