//! What can be wrong with a module, or with the store.

use std::io;
use std::path::{Path, PathBuf};

use semver::Version;

use super::digest::ModuleDigest;
use super::module::LONGEST_NAME;
use crate::PolicyError;

/// Why the store does not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system does not let it.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried: `read`, `write`, ...
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bytes are no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The component does not say its name.
    #[error(
        "the component has no name; a module's name is the `component-name` of its metadata, as `wasm-tools metadata add \
         --name NAME` writes it"
    )]
    NoName,
    /// Its name is not one for a module.
    #[error(
        "the name {name:?} is not 1 to {LONGEST_NAME} letters, digits, `-`, `_` or `.`, the first of them not a dot"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The component does not say its version.
    #[error("the component {name} has no version; it is the custom section `version` of a component, such as 1.2.0")]
    NoVersion {
        /// Its name.
        name: String,
    },
    /// Its version is not a semantic one.
    #[error("the version {version:?} of the component {name} is not a semantic one such as 1.2.0 or 2.0.0-rc.1")]
    Version {
        /// Its name.
        name: String,
        /// The version.
        version: String,
        /// What is wrong with it.
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
    /// A text that should be a digest.
    #[error(
        "{text:?} is not a digest: give its {} hexadecimal digits, or at least the first {} of them",
        ModuleDigest::DIGITS,
        ModuleDigest::LEAST_DIGITS
    )]
    Digest {
        /// The text.
        text: String,
    },
    /// There is no such module.
    #[error("the store {} has no module {wanted}", store.display())]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// The store.
        store: PathBuf,
    },
    /// Several modules have the prefix.
    #[error("several modules begin with {prefix}: {}", list(matches))]
    Ambiguous {
        /// The prefix.
        prefix: String,
        /// The modules.
        matches: Vec<ModuleDigest>,
    },
    /// A file of the store is not what it was when it was written.
    #[error("{} is damaged: {reason}; add the module again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// For `map_err`.
    pub(super) fn io<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

fn list(digests: &[ModuleDigest]) -> String {
    digests.iter().map(ModuleDigest::to_string).collect::<Vec<_>>().join(", ")
}
