//! Modules: policies that tenants and the platform have uploaded.

use callsign_signature::{Signature, Statement, StatementError};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::change::key_of;
use crate::registry::ModuleSource;

/// The name of the built-in policy.
pub(crate) const STANDARD: &str = "standard";

/// A module, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModuleRecord {
    pub(crate) digest: String,
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) size: u64,
    pub(crate) interface: Version,
    /// Milliseconds since 1970.
    pub(crate) added_at: u64,
    /// The application that owns it; `None` is the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application_id: Option<String>,
    /// Whether tenants may bind it. Only modules of the platform are shared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shared: bool,
    /// The texts of its signatures, so that every node verifies them itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) signatures: Vec<String>,
    /// Where it was pulled from; `None` if it was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<ModuleSource>,
}

/// Whether a name is kept for modules of the platform: `callsign`, and whatever begins with it and a separator. The policies
/// that come with the service have such names, and decisions show them.
pub(crate) fn is_reserved(name: &str) -> bool {
    let (own, rest) = name.split_at_checked(RESERVED.len()).unwrap_or((name, ""));
    own.eq_ignore_ascii_case(RESERVED) && !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
}

const RESERVED: &str = "callsign";

impl ModuleRecord {
    pub(crate) fn key(&self) -> String {
        key_of(&[self.application_id.as_deref(), Some(&self.digest)])
    }

    /// The owner and the digest that a key has.
    pub(crate) fn parts(key: &str) -> Option<(Option<String>, String)> {
        let [owner, digest]: [Option<String>; 2] = serde_json::from_str(key).ok()?;
        Some((owner, digest?))
    }

    /// Whether both have the same owner, name and version. Build metadata after `+` is ignored.
    pub(crate) fn is_same_version(&self, other: &Self) -> bool {
        self.application_id == other.application_id
            && self.name == other.name
            && self.version.cmp_precedence(&other.version).is_eq()
    }

    /// Its signatures. Those that cannot be read, which no node has stored, are left out and so do not count.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = Signature> {
        self.signatures.iter().filter_map(|text| Signature::parse(text).ok())
    }

    /// What its signatures are over.
    ///
    /// # Errors
    /// The record is not of a module that a node has taken in.
    pub(crate) fn statement(&self) -> Result<Statement, StatementError> {
        Statement::new(&self.name, &self.version.to_string(), &self.digest)
    }

    pub(crate) fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_platform_are_reserved_and_others_are_not() {
        for name in ["callsign", "callsign-standard", "Callsign-Standard", "CALLSIGN_x", "callsign.v2"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["", "call", "callsigns", "callsign2", "acme-callsign", "acme"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
