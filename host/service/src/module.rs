//! Modules: policies that tenants and the platform have uploaded.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::change::key_of;

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
