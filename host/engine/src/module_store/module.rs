//! A module of the store, and the name and version that it needs.

use std::sync::Arc;
use std::time::SystemTime;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::digest::ModuleDigest;
use super::error::StoreError;
use super::rfc3339;
use crate::metadata::Metadata;

/// The longest name of a module, in bytes. It is the name of a folder.
pub(super) const MAX_NAME: usize = 64;

/// A module of a store.
///
/// As JSON it is the store's record of it: `name`, `version`, `digest`, `size`, `interface`, `addedAt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) digest: ModuleDigest,
    pub(super) size: u64,
    pub(super) interface: Version,
    #[serde(with = "rfc3339")]
    pub(super) added_at: SystemTime,
}

impl Module {
    /// The name in the component's metadata.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version in the component's metadata.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// `name@version`, as policies are named.
    pub fn label(&self) -> Arc<str> {
        format!("{}@{}", self.name, self.version).into()
    }

    /// The digest that it is addressed by.
    pub fn digest(&self) -> &ModuleDigest {
        &self.digest
    }

    /// The size of the component, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The version of the contract `callsign:policy` that it uses.
    pub fn interface(&self) -> &Version {
        &self.interface
    }

    /// When it was added, to the second.
    pub fn added_at(&self) -> SystemTime {
        self.added_at
    }
}

/// The name and the version of a component, checked to be valid for a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: Version,
}

impl Identity {
    /// Checks the name and version in a component's metadata, which is untrusted: both become names of files.
    pub(super) fn of(metadata: &Metadata) -> Result<Self, StoreError> {
        let name = metadata.name.clone().ok_or(StoreError::NoName)?;
        if !is_name(&name) {
            return Err(StoreError::Name { name });
        }
        let Some(version) = &metadata.version else { return Err(StoreError::NoVersion { name }) };
        match Version::parse(version) {
            Ok(version) => Ok(Self { name, version }),
            Err(source) => Err(StoreError::Version { name, version: version.clone(), source }),
        }
    }

    /// The version without its build metadata (after `+`), which does not order versions. It is the name of the claim.
    pub(super) fn claim(&self) -> String {
        let Version { major, minor, patch, pre, .. } = &self.version;
        if pre.is_empty() { format!("{major}.{minor}.{patch}") } else { format!("{major}.{minor}.{patch}-{pre}") }
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn identity(name: &str, version: &str) -> Result<Identity, StoreError> {
        Identity::of(&Metadata { name: Some(name.into()), version: Some(version.into()) })
    }

    #[test]
    fn names_are_fit_for_a_file_system() {
        for name in ["a", "acme-quiet_hours.v2", "A9", &"x".repeat(64)] {
            assert!(identity(name, "1.0.0").is_ok(), "{name}");
        }
        for name in ["", ".", "..", "../x", ".hidden", "a/b", "a\\b", "a b", "naïve", "a\0", "a:b", &"x".repeat(65)] {
            assert!(matches!(identity(name, "1.0.0"), Err(StoreError::Name { .. })), "{name}");
        }
    }

    #[test]
    fn build_metadata_makes_no_other_version() {
        assert_eq!(identity("a", "1.0.0-rc.1+linux").unwrap().claim(), "1.0.0-rc.1");
        assert_eq!(identity("a", "1.0.0+b").unwrap().claim(), "1.0.0");
    }
}
